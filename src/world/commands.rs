//! Running the commands that prove a task or the whole: each supervised as an attempt is, one after the
//! other, with the same environment.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use anyhow::Result;

use super::base::Base;
use super::fence::Fence;
use super::known::{self, Known};
use super::live::Live;
use crate::attempt::{self, output};
use crate::git::{Oid, Repo, Worktree};
use crate::process::supervise::{self, Order, Supervisors};
use crate::run::evidence::Outcome;
use crate::run::proof::Proof;
use crate::verify::checks::{Planned, Purpose};
use crate::verify::facts::CheckRun;
use crate::verify::results::{self, Printed};

/// Where and how commands are run.
#[derive(Clone)]
pub(super) struct Bench {
    pub(super) supervisors: Supervisors,
    /// How the names of their files begin.
    pub(super) stem: PathBuf,
    /// The environment, in full.
    pub(super) env: Vec<(OsString, OsString)>,
    /// The wall-clock limit of each command.
    pub(super) timeout_ms: Option<u64>,
    /// Between INT, TERM and KILL.
    pub(super) grace_ms: u64,
    /// What runs now, and whether somebody asked for an end.
    pub(super) live: Live,
    /// What makes a new worktree usable.
    pub(super) setup: Option<String>,
    /// What need not run again.
    pub(super) known: Known,
    /// What is open to them, where they are confined.
    pub(super) fence: Option<Fence>,
}

impl Bench {
    /// The same for commands in `worktree`.
    pub(super) fn around(&self, worktree: &Worktree) -> Self {
        let fence = self.fence.as_ref().map(|fence| fence.around(worktree));
        Self {
            fence,
            ..self.clone()
        }
    }

    /// The same for a command that is the user's own and not confined.
    pub(super) fn outside(&self) -> Self {
        Self {
            fence: None,
            ..self.clone()
        }
    }
}

/// A worktree in which commands are run.
pub(super) struct Site<'a> {
    pub(super) repo: &'a Repo,
    pub(super) dir: &'a Path,
    /// Whose files lie there.
    pub(super) commit: Oid,
    pub(super) purity: Purity,
}

/// What else may lie in a worktree than the files of its commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purity {
    /// Nothing but what sets it up: it was made for this.
    Fresh,
    /// Nothing, though others were in it.
    Clean,
    /// Ignored files, whoever left them.
    Mixed,
}

/// How much of a command's output is kept at either end: what its tests did is read of it.
const KEPT: u64 = 1 << 20;

/// Runs `commands` until one that verifies fails in a way in which it did not fail on `base`. What is known to pass is
/// not run again.
pub(super) fn run_all(
    bench: &Bench,
    site: &Site<'_>,
    commands: &[Planned],
    base: Option<&Base>,
) -> Result<Vec<CheckRun>> {
    let tree = site.repo.commit(site.commit)?.tree.to_string();
    let keys = known::keys(
        bench,
        &tree,
        commands.iter().map(|planned| planned.text.as_str()),
    )?;
    let turn = keys.last().map(|key| bench.known.turn(key));
    let _held = turn
        .as_ref()
        .map(|turn| turn.lock().unwrap_or_else(PoisonError::into_inner));
    if let Some(proofs) = bench.known.passed(&keys, site.purity == Purity::Fresh) {
        let known = proofs.into_iter().zip(commands);
        return Ok(known
            .map(|(proof, planned)| CheckRun::known(proof, planned.purpose))
            .collect());
    }
    let mut runs = Vec::with_capacity(commands.len());
    for (nth, (Planned { text, purpose }, key)) in commands.iter().zip(keys).enumerate() {
        let mut run = run(bench, site.dir, text, &format!("check-{nth}"));
        run.purpose = *purpose;
        // Others that name no test are taken at their word.
        let may_be_old = matches!(purpose, Purpose::Quality | Purpose::Red);
        let is_compared = run.names_failures() || may_be_old && !run.passed;
        if let Some(base) = base.filter(|_| is_compared) {
            let since = base.compare(site.repo, bench, &run, &format!("base-{nth}"));
            run.since = Some(Box::new(since));
        }
        if run.passed && site.purity != Purity::Mixed {
            let proof = Proof {
                command: text.clone(),
                key,
                is_fresh: site.purity == Purity::Fresh,
                tested: run.tested(),
            };
            bench.known.keep(&proof);
            run.proof = Some(proof);
        }
        let verifies = matches!(purpose, Purpose::Verify | Purpose::Red);
        let ends = verifies && !run.holds();
        runs.push(run);
        if ends {
            break;
        }
    }
    Ok(runs)
}

/// Runs `command` in `place`; its files are known by `name`.
pub(super) fn run(bench: &Bench, place: &Path, command: &str, name: &str) -> CheckRun {
    let file = |end: &str| attempt::ending(&bench.stem, &format!("{name}.{end}"));
    let mut order = ordered(bench, place, command, file("output"));
    let ended = std::fs::create_dir_all(bench.stem.parent().unwrap_or(place))
        .map_err(anyhow::Error::from)
        .and_then(|()| (bench.fence.iter()).try_for_each(|fence| fence.confine(&mut order, &[])))
        .and_then(|()| bench.supervisors.start(&order, &file(supervise::MARK)));
    let secrets = output::secrets(&bench.env);
    // What it says becomes a reason: stored, shown, and told to the next attempt.
    let clean = |bytes: &[u8]| {
        let bytes = output::redact(bytes, &secrets);
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let ended = match ended {
        Ok(supervised) => {
            let _entry = bench.live.enter(supervised.canceller());
            supervised.wait()
        }
        Err(error) => {
            return CheckRun {
                command: command.to_owned(),
                purpose: Purpose::Verify,
                passed: false,
                ended: "could not be started".to_owned(),
                output: clean(format!("{error:#}").as_bytes()),
                results: None,
                since: None,
                proof: None,
            };
        }
    };
    let bytes = ended.output.read().unwrap_or_default();
    // It was read; what is kept of it is without secrets.
    std::fs::remove_file(file("output")).unwrap_or_default();
    let is_cut = ended.output.dropped > 0;
    let head = usize::try_from(ended.output.head).unwrap_or(usize::MAX);
    let (head, tail) = bytes.split_at(if is_cut {
        head.min(bytes.len())
    } else {
        bytes.len()
    });
    let (head, tail) = (clean(head), clean(tail));
    // Programs name themselves by where they really are.
    let dir = place.canonicalize().unwrap_or_else(|_| place.to_owned());
    let results = results::read(&Printed {
        head: &head,
        tail: is_cut.then_some(&tail),
        dir: &dir.to_string_lossy(),
    });
    CheckRun {
        command: command.to_owned(),
        purpose: Purpose::Verify,
        passed: ended.outcome == Outcome::Exited(0),
        ended: ended.outcome.to_string(),
        since: None,
        proof: None,
        results,
        output: head + &tail,
    }
}

/// What a supervisor is told to run for `command`; not yet confined.
fn ordered(bench: &Bench, place: &Path, command: &str, output: PathBuf) -> Order {
    Order {
        argv: ["sh", "-e", "-c", command].map(OsString::from).to_vec(),
        dir: place.to_owned(),
        env: bench.env.clone(),
        stdin: None,
        timeout_ms: bench.timeout_ms,
        stall_timeout_ms: None,
        grace_ms: bench.grace_ms,
        output,
        head: KEPT,
        tail: KEPT,
        token: supervise::token(),
        sandbox: None,
    }
}
