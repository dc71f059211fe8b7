//! Landing: bringing a run's branch into the user's own. The only thing that ever changes their checkout,
//! and only when it is asked for; done by `git` itself, which refuses what would lose anything.

mod aside;
mod disk;
mod in_the_way;
mod index;

use anyhow::{Context as _, Result, bail};

pub use in_the_way::IsOurs;

use aside::{Aside, Beside};
use in_the_way::InTheWay;

use crate::crash;
use crate::git::{Git, Merge, Message, NewCommit, Oid, Repo};
use crate::journal::layout;
use crate::process::Output;
use crate::run::names;

/// How to land.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// Fast-forward if possible, else merge.
    Either,
    /// Fast-forward or nothing.
    FastForwardOnly,
    /// A merge commit in any case.
    Merge,
    /// One commit of all, on top of the user's branch.
    Squash,
}

/// Where the user's branch was and is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landing {
    /// The user's branch, in full.
    pub branch: String,
    /// Its commit before.
    pub from: Oid,
    /// Its commit now.
    pub to: Oid,
}

/// What is to land.
#[derive(Debug, Clone, Copy)]
pub struct Cargo<'a> {
    /// The run.
    pub run: &'a str,
    /// The tip of the run's branch.
    pub tip: Oid,
    /// What of it landed before, as one commit without its history: git does not know that it is there.
    pub squashed: Option<Oid>,
}

/// What landing `tip` would do, before anything is done.
pub fn plan(repo: &Repo, tip: Oid, means: Means) -> Result<String> {
    let (branch, from) = target(repo)?;
    repo.have_files_of(from)?;
    let branch = names::branch(&branch);
    if repo.is_ancestor(tip, from)? {
        return Ok(format!("{branch} already has everything"));
    }
    let is_ahead = repo.is_ancestor(from, tip)?;
    Ok(match means {
        Means::Either | Means::FastForwardOnly if is_ahead => {
            format!("fast-forward {branch} to {tip}")
        }
        Means::FastForwardOnly => {
            format!("{branch} has moved on since the run started: no fast-forward is possible")
        }
        Means::Squash => format!("squash the run into one commit on {branch}"),
        Means::Either | Means::Merge => format!("merge {tip} into {branch}"),
    })
}

/// Lands `cargo` with `message` for the commit if one is made.
///
/// Whatever is to land is made first, where nobody sees it; then the user's branch is fast-forwarded to it.
/// So a conflict is met before anything was touched, and what the user has staged never gets into it.
/// Files in the way that `is_ours` knows, or that hold what lands, lose nothing and are replaced.
pub fn land(
    repo: &Repo,
    cargo: Cargo<'_>,
    means: Means,
    message: Message<'_>,
    is_ours: &IsOurs<'_>,
) -> Result<Landing> {
    let (branch, from) = target(repo)?;
    if let Some(lock) = repo.locks_on_checkout().first() {
        bail!("nothing was landed: {lock}; {}", lock.remedy());
    }
    let to = landed(repo, from, cargo, means, message)?;
    repo.refuse_forged(to).context("nothing was landed")?;
    let in_the_way = InTheWay::of(repo, from, to, is_ours)?;
    if !in_the_way.theirs.is_empty() {
        bail!(
            "nothing was landed: {} changed in your checkout, and would be overwritten; \
             commit, `git stash -u` or move that away, then land again",
            shown(&in_the_way.theirs)
        );
    }
    let kept = layout::aside_dir(repo.common_dir(), cargo.run);
    let top = repo.checkout().unwrap_or(repo.common_dir());
    let aside = Aside::new(kept, top, to, in_the_way.ours);
    aside.take().context("nothing was landed")?;
    crash::step("marks-set-aside");
    let output = fast_forward(repo, &branch, to);
    if output.as_ref().is_ok_and(|output| output.status == 0) {
        aside.forget();
        return Ok(Landing { branch, from, to });
    }
    let beside = aside.put_back()?;
    bail!("nothing was landed: {}{}", said(&output?), told(&beside))
}

/// Puts back what an earlier landing of `run` set aside and then died; what that was, if there is any.
pub fn recover(repo: &Repo, run: &str) -> Result<Option<String>> {
    let kept = layout::aside_dir(repo.common_dir(), run);
    let left = repo.checkout().and_then(|top| Aside::left(kept, top));
    let Some(left) = left else {
        return Ok(None);
    };
    let has_landed = match (repo.oid(left.to()), repo.head()?.commit) {
        (Ok(to), Some(head)) => repo.is_ancestor(to, head).unwrap_or(false),
        _ => false,
    };
    if has_landed {
        left.forget();
        return Ok(None);
    }
    let beside = left.put_back()?;
    let paths: Vec<String> = left.paths().map(str::to_owned).collect();
    Ok(Some(format!(
        "{} back, which a landing that was cut off had set aside{}",
        shown(&paths),
        told(&beside)
    )))
}

/// Moves the user's branch and checkout to `to`, or neither. Nothing that their configuration says about merging
/// makes it anything else.
fn fast_forward(repo: &Repo, branch: &str, to: Oid) -> Result<Output> {
    // Options that a branch has of its own may name a strategy, and one of those never fast-forwards.
    const NOTHING: &str = "ENACT_NOTHING";
    let options = format!("branch.{}.mergeOptions={NOTHING}", names::branch(branch));
    Git::here(repo)?
        .env(NOTHING, "")
        .args([format!("--config-env={options}")])
        .args(["-c", "merge.autoStash=false", "merge", "--ff-only"])
        .args(["--no-autostash", "--no-overwrite-ignore", "--no-squash"])
        .args(["--commit", "--no-verify-signatures", "--no-stat"])
        .run([to.to_string()])
}

/// Where those files are that could not be put back.
fn told(beside: &[Beside]) -> String {
    let one = |file: &Beside| {
        format!(
            "; `{}` was changed meanwhile, and what it was lies in `{}`",
            file.path,
            file.kept.display()
        )
    };
    beside.iter().map(one).collect()
}

/// Files as the subject of a sentence.
fn shown(paths: &[String]) -> String {
    const NAMED: usize = 5;
    let named: Vec<String> = paths
        .iter()
        .take(NAMED)
        .map(|path| format!("`{path}`"))
        .collect();
    let named = named.join(", ");
    match paths.len() {
        1 => format!("{named} is"),
        count if count > NAMED => format!("{named} and {} more are", count - NAMED),
        _ => format!("{named} are"),
    }
}

/// The commit that the user's branch, at `from`, is to be moved to.
fn landed(
    repo: &Repo,
    from: Oid,
    cargo: Cargo<'_>,
    means: Means,
    message: Message<'_>,
) -> Result<Oid> {
    let tip = cargo.tip;
    if repo.is_ancestor(tip, from)? {
        return Ok(from);
    }
    let is_ahead = repo.is_ancestor(from, tip)?;
    let parents = match means {
        Means::Either | Means::FastForwardOnly if is_ahead => return Ok(tip),
        Means::FastForwardOnly => {
            bail!(
                "nothing was landed: the branch has moved on since the run started; \
                 without `--ff-only` it is merged"
            )
        }
        Means::Either | Means::Merge => vec![from, tip],
        Means::Squash => vec![from],
    };
    let merged = match cargo.squashed {
        Some(before) => {
            let (ours, theirs) = (repo.tree_of(from)?, repo.tree_of(tip)?);
            repo.merge_trees(repo.tree_of(before)?, ours, theirs)?
        }
        None => repo.merge_heads(from, tip)?,
    };
    let tree = match merged {
        Merge::Clean(tree) => tree,
        Merge::Conflict(paths) => bail!(
            "nothing was landed: the branch and the run both changed {}; \
             `git merge {tip}`, resolve them, commit, then land again",
            paths.join(", ")
        ),
    };
    // A landing that died before it was recorded has made the commit already.
    if means == Means::Squash && tree == repo.tree_of(from)? {
        return Ok(from);
    }
    repo.write_commit(&NewCommit {
        tree,
        parents: &parents,
        message: message.text,
        author: message.author,
        time: message.time,
    })
}

fn said(output: &Output) -> String {
    let text = format!(
        "{}\n{}",
        output.text(),
        String::from_utf8_lossy(&output.stderr)
    );
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    lines.join("; ")
}

/// The user's branch and its commit.
fn target(repo: &Repo) -> Result<(String, Oid)> {
    if repo.checkout().is_none() {
        bail!(
            "a bare repository has no branch checked out to land on: push or merge the run's branch yourself"
        );
    }
    let head = repo.head()?;
    let branch = head
        .branch
        .context("HEAD is detached: check out the branch to land on first")?;
    let commit = head
        .commit
        .context("the current branch has no commit yet")?;
    Ok((branch, commit))
}
