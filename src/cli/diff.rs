//! `git enact diff`.

use anyhow::{Context as _, Result, bail};

use super::{Context, Exit, require_task, tampering};
use crate::git::{Git, Merge, Oid, Repo};
use crate::journal;
use crate::report::{self, diff};
use crate::run::state::{AttemptState, State};

/// Show what a task changed, against the commit that it started from
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The task
    task: String,
    /// Of one attempt, or between two: `2`, `1..2`
    #[arg(long, value_name = "N[..M]")]
    attempt: Option<String>,
    /// Say only how much changed where
    #[arg(long, conflicts_with = "word")]
    stat: bool,
    /// Mark what changed within lines
    #[arg(long)]
    word: bool,
    /// The run, by id or unique prefix; else the active or newest one
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
}

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    let repo = context.repo()?;
    let run = context.find_run(&repo, args.run.as_deref())?;
    let state = journal::load(&repo, &run)?.state;
    let (from, to) = ends(args, &repo, &state)?;
    if args.word {
        let mut text = String::new();
        for change in repo.changed(from, to)? {
            let side = |side: Option<(i32, Oid)>| repo.content(side);
            text.push_str(&diff::words(
                &change.path,
                side(change.old)?,
                side(change.new)?,
            ));
        }
        report::text(&text);
        return Ok(Exit::Done);
    }
    // What an attempt may have planted in attributes and configuration is not run.
    let mut options = Vec::new();
    // Nor is the pager, which may be planted as well.
    options.extend(tampering::standing(&repo)?.map(|_| "--no-pager"));
    options.extend(["diff", "--no-ext-diff", "--no-textconv"]);
    options.extend(args.stat.then_some("--stat"));
    options.extend(match anstream::ColorChoice::global() {
        anstream::ColorChoice::Always | anstream::ColorChoice::AlwaysAnsi => Some("--color=always"),
        anstream::ColorChoice::Never => Some("--color=never"),
        anstream::ColorChoice::Auto => None,
    });
    let ends = [from.to_string(), to.to_string()];
    let status = Git::here(&repo)?.args(options).show(&ends)?;
    // A pager that was left early is no failure.
    if status != 0 && status != 128 + 13 {
        bail!("`git diff` ended with status {status}");
    }
    Ok(Exit::Done)
}

/// The two commits to compare.
fn ends(args: &Args, repo: &Repo, state: &State) -> Result<(Oid, Oid)> {
    let id = require_task(state, &args.task)?;
    let at = state.task(&id).context("the run has the task")?;
    let number = |text: &str| -> Result<&AttemptState> {
        let found = text.parse().ok().and_then(|number: u32| {
            let mut history = at.history.iter();
            history.find(|attempt| attempt.number == number)
        });
        found.with_context(|| format!("task `{id}` has no attempt `{}`", text.escape_debug()))
    };
    let left = |attempt: &AttemptState| {
        let result = attempt
            .verdict
            .as_ref()
            .and_then(|verdict| verdict.accepted.as_deref());
        repo.oid(result.or(attempt.left()).unwrap_or(&attempt.base))
    };
    let wanted = args.attempt.as_deref();
    if let Some((first, second)) = wanted.and_then(|wanted| wanted.split_once("..")) {
        let (first, second) = (number(first)?, number(second)?);
        let (one, other) = (left(first)?, left(second)?);
        return Ok((moved_to(repo, first, one, &second.base)?, other));
    }
    let attempt = match wanted {
        Some(one) => number(one)?,
        None => {
            let accepted = |attempt: &&AttemptState| {
                let verdict = attempt.verdict.as_ref();
                let accepted = verdict.and_then(|verdict| verdict.accepted.as_ref());
                at.commit.is_some() && accepted == at.commit.as_ref()
            };
            let history = at.history.iter().rev();
            match history
                .clone()
                .find(accepted)
                .or(at.leftovers())
                .or(at.last())
            {
                Some(attempt) => attempt,
                None => match &at.commit {
                    Some(commit) => {
                        bail!("task `{id}` was done before this run: see `git show {commit}`")
                    }
                    None => bail!("task `{id}` was not attempted yet"),
                },
            }
        }
    };
    Ok((repo.oid(&attempt.base)?, left(attempt)?))
}

/// What `left` would have been on `base`: two attempts that started from different commits differ by what
/// others did between as well, which is not asked. Where it does not fit there, it is compared as it is.
fn moved_to(repo: &Repo, attempt: &AttemptState, left: Oid, base: &str) -> Result<Oid> {
    if attempt.base == base {
        return Ok(left);
    }
    let tree = |commit: Oid| repo.tree_of(commit);
    let (from, to) = (repo.oid(&attempt.base)?, repo.oid(base)?);
    match repo.merge_trees(tree(from)?, tree(to)?, tree(left)?)? {
        Merge::Clean(tree) => Ok(tree),
        Merge::Conflict(_) => {
            report::notice(
                "note: the attempts started from different commits, and what others did between shows as well",
            );
            Ok(left)
        }
    }
}
