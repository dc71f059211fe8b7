//! Landing: bringing a run's branch into the user's own. The only thing that ever changes their checkout,
//! and only when it is asked for; done by `git` itself, which refuses what would lose anything.

use anyhow::{Context as _, Result, bail};

use crate::git::{Git, Identity, Merge, NewCommit, Oid, Repo};
use crate::journal::Clock;

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

/// What landing `tip` would do, before anything is done.
pub fn plan(repo: &Repo, tip: Oid, means: Means) -> Result<String> {
    let (branch, from) = target(repo)?;
    let branch = branch.trim_start_matches("refs/heads/");
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

/// Lands `tip`, the run's branch `name`, with `message` for the commit if one is made. Done again after
/// a crash, it finds what it did and leaves it at that.
pub fn land(repo: &Repo, tip: Oid, means: Means, message: &str) -> Result<Landing> {
    let (branch, from) = target(repo)?;
    let (what, merge) = match means {
        Means::Either => (tip, "--ff"),
        Means::FastForwardOnly => (tip, "--ff-only"),
        Means::Merge => (tip, "--no-ff"),
        // Made before the branch moves, so that a crash leaves no half of it in the user's index.
        Means::Squash => (squashed(repo, from, tip, message)?, "--ff-only"),
    };
    let output = Git::here(repo)?
        .args(["merge", "--no-edit", "--no-stat", merge, "-m", message])
        .run([what.to_string()])?;
    if output.status != 0 {
        // A merge that stopped half-way is taken back; git keeps what the user had uncommitted.
        if Git::here(repo)?
            .run(["rev-parse", "--verify", "--quiet", "MERGE_HEAD"])?
            .status
            == 0
        {
            Git::here(repo)?.check(["merge", "--abort"])?;
        }
        bail!("nothing was landed: {}", said(&output));
    }
    let to = repo
        .head()?
        .commit
        .context("HEAD has a commit after landing")?;
    Ok(Landing { branch, from, to })
}

/// One commit on `from` with all of `tip`; `from` itself when it has all of it.
fn squashed(repo: &Repo, from: Oid, tip: Oid, message: &str) -> Result<Oid> {
    let tree = match repo.merge(repo.merge_base(from, tip)?, from, tip)? {
        Merge::Clean(tree) => tree,
        Merge::Conflict(paths) => bail!(
            "nothing was landed: your branch conflicts with the run in {}",
            paths.join(", ")
        ),
    };
    if tree == repo.tree_of(from)? {
        return Ok(from);
    }
    repo.write_commit(&NewCommit {
        tree,
        parents: &[from],
        message,
        author: &Identity::of(repo)?,
        time: Clock::from_env()?.now(),
    })
}

fn said(output: &crate::process::Output) -> String {
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
