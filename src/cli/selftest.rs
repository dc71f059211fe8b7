//! `git enact selftest`.

mod lives;
mod machine;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::json;

use super::{Context, Exit};
use crate::git;
use crate::report::{self, clean::visible_line};
use crate::world::Interrupts;

use lives::{Calm, Stand};

/// How long all of it may take; what is left undone then is left out, and said.
const PATIENCE: Duration = Duration::from_secs(100);

/// Try here what a run relies on: files, locks, refs, and runs that are killed and resumed
///
/// Makes a repository in a temporary directory beside this one, runs a plan in it, kills its driver at moments that
/// differ each time, resumes, kills again, and compares the end with that of a calm run. Takes two minutes at most and
/// leaves nothing. Say it where a run is to be trusted: on this machine and this file system.
///
/// Exit status: 0 every check holds, 1 one does not.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where the temporary directory is made, instead of beside the repository
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// How many runs are killed
    #[arg(long, value_name = "N", default_value_t = 20)]
    lives: u32,
}

/// What one check came to.
struct Check {
    name: &'static str,
    /// What was tried, or why it does not hold.
    outcome: Result<String, String>,
    millis: u128,
}

/// The checks so far, each told as soon as it is made.
struct Checks<'a> {
    context: &'a Context,
    all: Vec<Check>,
}

impl Checks<'_> {
    /// Makes a check; what it came to if it holds.
    fn make<T>(
        &mut self,
        name: &'static str,
        check: impl FnOnce() -> Result<(T, String)>,
    ) -> Option<T> {
        let begun = Instant::now();
        let (made, outcome) = match check() {
            Ok((made, tried)) => (Some(made), Ok(tried)),
            Err(why) => (None, Err(format!("{why:#}"))),
        };
        let check = Check {
            name,
            outcome,
            millis: begun.elapsed().as_millis(),
        };
        let is_news = !self.context.quiet || check.outcome.is_err();
        if !self.context.json && is_news {
            report::line(&visible_line(&match &check.outcome {
                Ok(tried) => format!("ok    {name} ({tried})"),
                Err(why) => format!("FAIL  {name}: {why}"),
            }));
        }
        self.all.push(check);
        made
    }

    fn failed(&self) -> usize {
        let failed = self.all.iter().filter(|check| check.outcome.is_err());
        failed.count()
    }
}

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    let (major, minor) = git::require_version()?;
    let place = place(args, context)?;
    let begun = Instant::now();
    let root = tempfile::Builder::new()
        .prefix("git-enact-selftest-")
        .tempdir_in(&place)
        .with_context(|| {
            let place = place.display();
            format!("no directory can be made in `{place}`; `--dir DIR` tries another")
        })?;
    // Whoever presses Ctrl-C wants an end, and nothing left behind.
    let interrupts = Interrupts::install(Arc::new(|_: &str| ()))?;
    let mut checks = Checks {
        context,
        all: Vec::new(),
    };
    machine_holds(&mut checks, root.path());
    runs_hold(&mut checks, root.path(), args.lives, begun, &interrupts);
    let (failed, total) = (checks.failed(), checks.all.len());
    if context.json {
        report::line(&in_json(&checks, &place).to_string());
    } else {
        let (took, place) = (begun.elapsed().as_secs(), place.display());
        report::line(&match failed {
            0 => format!(
                "all {total} checks hold in `{place}`, with git {major}.{minor}, in {took}s"
            ),
            _ => format!(
                "{failed} of {total} checks do not hold in `{place}`: do not trust a run to it"
            ),
        });
    }
    root.close()
        .context("the temporary directory cannot be removed")?;
    Ok(match failed {
        _ if interrupts.came() => Exit::Interrupted,
        0 => Exit::Done,
        _ => Exit::Incomplete,
    })
}

/// Where the user wants to know: beside the repository, as its worktrees are, or where they say.
fn place(args: &Args, context: &Context) -> Result<PathBuf> {
    let named = args.dir.as_deref().map(|dir| context.path(dir));
    let place = named.unwrap_or_else(|| {
        let repo = context.repo().ok();
        let beside = repo.as_ref().and_then(|repo| repo.workdir()?.parent());
        beside.unwrap_or(&context.dir).to_path_buf()
    });
    let found = place.canonicalize();
    found.with_context(|| format!("`{}` cannot be read", place.display()))
}

/// What a run asks of the file system, each by itself.
fn machine_holds(checks: &mut Checks<'_>, root: &Path) {
    checks.make("there is room", || machine::has_room(root));
    checks.make("a file is replaced whole or not at all", || {
        machine::replaces(root)
    });
    checks.make("a lock is one process's, and free when it ends", || {
        machine::locks(root)
    });
    checks.make("the disk confirms what was written", || {
        machine::confirms(root)
    });
    checks.make("of those who move a ref at once one wins", || {
        machine::moves_refs(root)
    });
}

/// A run, and runs that are killed.
fn runs_hold(
    checks: &mut Checks<'_>,
    root: &Path,
    lives: u32,
    begun: Instant,
    interrupts: &Interrupts,
) {
    let calm = checks.make("a run does all of a plan", || {
        let stand = Stand::new(root, "calm")?;
        let calm = stand.calm()?;
        let tried = format!("{} tasks on {} slots", calm.tasks, lives::SLOTS);
        Ok((calm, tried))
    });
    let Some(calm) = calm else { return };
    checks.make(
        "a run that is killed goes on and ends as the calm one",
        || {
            let told = survive(root, &calm, lives, begun, interrupts)?;
            Ok(((), told))
        },
    );
    checks.make("its work can be landed, and the run removed", || {
        Stand::new(root, "land")?.lands(&calm)
    });
}

/// Has so many runs killed, as far as time allows; how many deaths there were.
fn survive(
    root: &Path,
    calm: &Calm,
    lives: u32,
    begun: Instant,
    interrupts: &Interrupts,
) -> Result<String> {
    let (mut lived, mut deaths) = (0, 0);
    while lived < lives && begun.elapsed() < PATIENCE && !interrupts.came() {
        let stand = Stand::new(root, &format!("life-{lived}"))?;
        deaths += stand
            .live(calm, interrupts)
            .with_context(|| format!("run {} of {lives}", lived + 1))?;
        lived += 1;
    }
    Ok(format!("{lived} runs, {deaths} kills"))
}

fn in_json(checks: &Checks<'_>, place: &Path) -> serde_json::Value {
    let all = checks.all.iter().map(|check| {
        let detail = match &check.outcome {
            Ok(detail) | Err(detail) => detail,
        };
        json!({
            "name": check.name, "passed": check.outcome.is_ok(), "detail": detail, "millis": check.millis,
        })
    });
    json!({
        "schema": 1,
        "dir": place.display().to_string(),
        "passed": checks.failed() == 0,
        "checks": all.collect::<Vec<_>>(),
    })
}
