//! Finding out which task broke the whole: the command that fails is run on commits of the run's branch, each in a
//! worktree made for it, until it is known with which integration it began to fail.
//!
//! The history is that of the journal and not of git: an executor may merge as it likes, and only the journal knows
//! what the run's branch was before and after each task. What was verified on the way is not run again.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use super::Local;
use super::attempts::Whole;
use super::commands::Bench;
use crate::crash;
use crate::git::{Oid, Repo};
use crate::journal;
use crate::run::engine::Arrived;
use crate::run::event::{Event, Recorded};
use crate::run::names::short;
use crate::run::state::State;
use crate::run::whole::{Blame, Blamed, Failure, FinalVerdict};
use crate::verify::bisect::{Look, Search, failed, look, newer};
use crate::verify::checks::Planned;
use crate::verify::facts::CheckRun;

/// The run's branch as one task left it.
struct Point {
    tip: String,
    /// Whose doing it was.
    by: Option<Blamed>,
}

/// What looks at commits.
struct Prober {
    repo: Repo,
    /// Where each worktree is made.
    place: PathBuf,
    /// What it is for, as git lists it.
    purpose: String,
    /// The commands up to the one that fails.
    commands: Vec<Planned>,
    bench: Bench,
    verdict: FinalVerdict,
    /// What is looked for.
    failure: Failure,
    runs: u32,
}

impl Local {
    /// Begins to look for the task that broke the whole, which fails on `commit`.
    pub(super) fn bisect(&mut self, commit: &str, state: &State) -> Result<()> {
        let verdict = state.run.verified.clone();
        let verdict = verdict.filter(|verdict| verdict.commit == commit);
        let verdict = verdict.context("the whole was verified")?;
        let failure = verdict.failures.first().context("a command failed")?;
        let place = self.site.worktrees.join("bisect");
        let policy = self.approved.policy();
        let mut commands: Vec<Planned> = policy.final_verify.iter().map(Planned::verify).collect();
        let nth = (commands.iter()).position(|planned| planned.text == failure.command);
        commands.truncate(nth.map_or(0, |nth| nth + 1));
        (self.site.tell)(&format!(
            "looking for the task that broke `{}`",
            failure.command
        ));
        let events = journal::checkpoints(&self.site.repo, &self.site.run)?;
        let events: Vec<Recorded> = events
            .map(|checkpoint| checkpoint.map(|checkpoint| checkpoint.recorded))
            .collect::<Result<_>>()?;
        let points = points(&self.site.repo, state, &events);
        let prober = Prober {
            bench: self.whole_bench("bisect", &place, state),
            repo: self.site.repo.reopen()?,
            place,
            purpose: format!("run {}: looking for what broke it", state.run.id),
            commands,
            failure: failure.clone(),
            verdict,
            runs: 0,
        };
        self.begin_apart(move || Ok(prober.find(&points, &events)));
        Ok(())
    }
}

/// What the run's branch was, the oldest first: the run's base, and then what each task made of it.
fn points(repo: &Repo, state: &State, events: &[Recorded]) -> Vec<Point> {
    let mut points = Vec::new();
    let mut at = state.run.tip.clone();
    for recorded in events {
        let (tip, onto, by) = match &recorded.event {
            Event::Integrated {
                task,
                commit,
                onto,
                tip,
                ..
            } => (tip, onto.clone(), Some((task, commit, false))),
            Event::Reverted {
                task, onto, tip, ..
            } => (tip, onto.clone(), Some((task, tip, true))),
            // It says how far the run came, and changes nothing else.
            Event::Finished {
                progress: Some(progress),
            } => (progress, before(repo, progress).unwrap_or_default(), None),
            _ => continue,
        };
        // What a rollback took away leads nowhere from here.
        if *tip == at {
            let by = by.map(|(task, commit, undone)| Blamed {
                task: task.clone(),
                commit: commit.clone(),
                undone,
            });
            points.push(Point { tip: at, by });
            at = onto;
        }
    }
    points.push(Point { tip: at, by: None });
    points.reverse();
    points
}

fn before(repo: &Repo, commit: &str) -> Option<String> {
    let commit = repo.commit(repo.oid(commit).ok()?).ok()?;
    commit.parents.first().map(Oid::to_string)
}

/// What final verifications on the way said of `failure`, by place.
fn known(points: &[Point], events: &[Recorded], failure: &Failure) -> Vec<Option<Look>> {
    let mut known = vec![None; points.len()];
    // The newest first: what was said last counts.
    for recorded in events {
        let Event::Verified {
            commit,
            passed,
            failures,
            ..
        } = &recorded.event
        else {
            continue;
        };
        let fails = failures.iter().any(|other| is_same(failure, other));
        let said = match (passed, fails) {
            (true, _) => Look::Holds,
            (false, true) => Look::Fails,
            (false, false) => continue,
        };
        let at = points.iter().position(|point| point.tip == *commit);
        if let Some(at) = at {
            known[at].get_or_insert(said);
        }
    }
    known
}

/// How `command` failed on `commit`, as the newest verification there has it.
fn said_of<'a>(commit: &str, events: &'a [Recorded], command: &str) -> Option<&'a Failure> {
    let mut said = events.iter().filter_map(|recorded| match &recorded.event {
        Event::Verified {
            commit: of,
            failures,
            ..
        } if of == commit => Some(failures),
        _ => None,
    });
    let mut failures = said.next()?.iter();
    failures.find(|failure| failure.command == command)
}

/// Whether the two are one: the same command may have failed for other tests.
fn is_same(one: &Failure, other: &Failure) -> bool {
    let (tests, others) = (&one.tests.first, &other.tests.first);
    let is_shared = tests.iter().any(|test| others.contains(test));
    one.command == other.command && (tests.is_empty() || others.is_empty() || is_shared)
}

impl Prober {
    /// The verdict again, with who broke the whole.
    fn find(mut self, points: &[Point], events: &[Recorded]) -> Arrived {
        let mut blame = Blame {
            command: self.failure.command.clone(),
            ..Blame::default()
        };
        if let Err(error) = self.search(points, events, &mut blame) {
            blame.obstacle = format!("{error:#}");
        }
        blame.runs = self.runs;
        let event = Event::Verified {
            commit: self.verdict.commit,
            passed: false,
            reasons: self.verdict.reasons,
            warnings: self.verdict.warnings,
            tests: self.verdict.tests,
            proofs: self.verdict.proofs,
            failures: self.verdict.failures,
            blame: Some(blame),
        };
        Arrived {
            event,
            attachments: Vec::new(),
        }
    }

    fn search(&mut self, points: &[Point], events: &[Recorded], blame: &mut Blame) -> Result<()> {
        let is = |look: Look| move |known: &Option<Look>| *known == Some(look);
        let last = points.len() - 1;
        // It may have been broken and mended before: what counts is what came after it held last. Where it never did,
        // the run's base is asked.
        let before = &known(points, events, &self.failure)[..last];
        let holds = match before.iter().rposition(is(Look::Holds)) {
            Some(holds) => holds,
            None if last == 0 || self.is_old(&points[0], events)? => {
                blame.on_base = true;
                return Ok(());
            }
            None => 0,
        };
        let behind = &known(points, events, &self.failure)[holds + 1..];
        let fails = behind.iter().position(is(Look::Fails));
        let fails = fails.map_or(last, |fails| holds + 1 + fails);
        let mut search = Search::between(holds, fails);
        while let Some(at) = search.next() {
            let runs = self.run(&points[at])?;
            search.learn(at, look(&runs, &self.failure));
        }
        // A command that fails only at times would have anybody named.
        let broken = &points[*search.found().end()];
        if look(&self.run(broken)?, &self.failure) == Look::Holds {
            bail!("run again on {}, it passes", short(&broken.tip));
        }
        let found = points[search.found()].iter();
        blame.tasks = found.filter_map(|point| point.by.clone()).collect();
        Ok(())
    }

    /// Whether all of it failed on `base` already; what did is looked for no more.
    fn is_old(&mut self, base: &Point, events: &[Recorded]) -> Result<bool> {
        // The base may have been proven before the run began.
        let before = match said_of(&base.tip, events, &self.failure.command) {
            Some(before) => before.clone(),
            None => {
                let runs = self.run(base)?;
                match runs.last() {
                    Some(last) if look(&runs, &self.failure) == Look::Fails => failed(last),
                    _ => return Ok(false),
                }
            }
        };
        match newer(&self.failure, &before) {
            Some(newer) => self.failure = newer,
            None => return Ok(true),
        }
        Ok(false)
    }

    /// Runs the commands on what the run's branch was there.
    fn run(&mut self, point: &Point) -> Result<Vec<CheckRun>> {
        let at = self.repo.oid(&point.tip)?;
        let whole = Whole {
            repo: &self.repo,
            place: &self.place,
            purpose: &self.purpose,
            commands: &self.commands,
            bench: &self.bench,
        };
        let runs = whole.run(at, None)?;
        crash::step("commit-probed");
        self.repo.remove_worktree(&self.place)?;
        if self.bench.live.is_cancelled() {
            bail!("it was interrupted");
        }
        self.runs += 1;
        Ok(runs)
    }
}
