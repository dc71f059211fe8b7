//! What follows when the whole fails: rounds in which it is mended, and in the end the question who broke it.
//!
//! A round is a task that the run gives itself. It is no part of the author's plan: that one stays what was approved,
//! what the run's hash names and what progress is written into. So these tasks are kept apart, in
//! [`RunState::fixes`](super::state::RunState::fixes), and every state puts them behind the plan's own. From there
//! on they are tasks like others, but for three things: they wait until everything else is settled, nobody is asked
//! about one that failed (the next round is the answer), and the run may be complete without them.
//!
//! That there are no more rounds than the policy allows is held by the fold, not by whoever decides on one: whatever
//! crashes or is resumed, one too many is no legal event.

use std::fmt::Write as _;
use std::sync::Arc;

use super::event::{Event, Recorded};
use super::names::short;
use super::schedule::Action;
use super::state::{Drive, Illegal, Phase, Standing, State, TaskState};
use super::whole::{Blame, FinalVerdict, Fix};
use crate::graph::Graph;
use crate::plan::TaskId;

/// How many failing tests a round is told by name.
const TESTS: usize = 30;
/// How many integrated tasks, the newest.
const TASKS: usize = 100;
/// How many characters of a command stand in a title.
const TITLE: usize = 60;

/// `plan` with the run's own tasks behind it. One whose id the plan has would be two tasks, and is left out.
pub(super) fn extended(plan: &Arc<Graph>, fixes: &[Fix]) -> Arc<Graph> {
    fixes.iter().fold(plan.clone(), |graph, fix| {
        graph.with(fix.task()).map_or(graph, Arc::new)
    })
}

/// What is done about a whole that has failed.
pub(super) fn after_failure(state: &State, verdict: &FinalVerdict) -> Action {
    if has_rounds_left(state) {
        return Action::Record(Box::new(next_round(state, verdict)));
    }
    // A verdict of an older program does not say which command failed.
    match verdict.blame.is_none() && !verdict.failures.is_empty() {
        true => Action::Bisect {
            commit: verdict.commit.clone(),
        },
        false => Action::Finish,
    }
}

/// Where nothing was integrated there is nothing to mend.
fn has_rounds_left(state: &State) -> bool {
    let mut tasks = 0..state.graph().len();
    let is_anything_integrated = tasks.any(|task| !state.at(task).merged.is_empty());
    is_anything_integrated && state.run.fixes.len() < state.run.policy.fix_rounds as usize
}

fn next_round(state: &State, verdict: &FinalVerdict) -> Event {
    let number = state.run.fixes.len() + 1;
    let of = state.run.policy.fix_rounds;
    let mut ids = (1..).map(|nth| format!("fix-{nth}"));
    let free = ids.find(|id| state.graph.is_free(id));
    let task = TaskId::new(free.unwrap_or_default());
    let failed = verdict.failures.first();
    let what = failed.map_or("the whole".to_owned(), |failure| {
        format!("`{}`", cut(&failure.command))
    });
    Event::Replanned {
        plan_hash: state.run.plan_hash.clone(),
        plan_path: state.run.plan_path.clone(),
        drift: vec![format!("added {task}, fix round {number} of {of}")],
        fix: Some(Fix {
            title: format!("Mend {what} (fix round {number} of {of})"),
            body: body(state, verdict),
            task,
        }),
    }
}

/// What whoever is to mend it is told.
fn body(state: &State, verdict: &FinalVerdict) -> String {
    let policy = &state.run.policy;
    let mut text = format!(
        "Each task of this plan was verified by itself. Together, on commit {}, they do not hold: find out why, and \
         mend it.\nChange whatever must be changed, and nothing else; do not make it pass by asking for less.\n\n\
         ## What fails\n",
        verdict.commit
    );
    for reason in &verdict.reasons {
        let _ = writeln!(text, "\n- {reason}");
    }
    for failure in &verdict.failures {
        if !failure.tests.is_empty() {
            let names = failure.tests.listed(TESTS);
            let _ = writeln!(text, "\nFailing tests of `{}`: {names}", failure.command);
        }
        if !failure.tail.is_empty() {
            let _ = writeln!(text, "\nThe end of what `{}` printed:\n", failure.command);
            for line in failure.tail.lines() {
                let _ = writeln!(text, "    {line}");
            }
        }
    }
    text.push_str(
        "\nThe whole is verified in a new worktree, by these commands in this order:\n\n",
    );
    for command in policy.setup.iter().chain(&policy.final_verify) {
        let _ = writeln!(text, "- `{command}`");
    }
    text.push_str(&earlier_rounds(state));
    text.push_str(&integrated(state));
    text
}

/// What was tried before, and why that did not do.
fn earlier_rounds(state: &State) -> String {
    let mut text = String::new();
    for fix in &state.run.fixes {
        let Some(index) = state.graph.index(&fix.task) else {
            continue;
        };
        let at = state.at(index);
        let last = at.last();
        let became = match (&at.phase, &at.commit) {
            (Phase::Done, Some(commit)) => {
                let claim = last.and_then(|last| last.claim.as_ref());
                let said = claim.map(|claim| claim.notes.trim()).unwrap_or_default();
                let said = if said.is_empty() {
                    ""
                } else {
                    &format!(" ({said})")
                };
                format!(
                    "integrated as {}{said}; the whole failed all the same",
                    short(commit)
                )
            }
            _ => {
                let why = at.reason.as_ref().map(|reason| format!(": {reason}"));
                let left = at.leftovers().and_then(|left| left.left());
                let left = left.map(|left| format!("; what it left is in commit {left}"));
                format!(
                    "{}{}{}",
                    state.standing(index).name(),
                    why.unwrap_or_default(),
                    left.unwrap_or_default()
                )
            }
        };
        let _ = writeln!(text, "- {} ({}): {became}", fix.task, fix.title);
    }
    section("What earlier rounds did", &text)
}

/// The tasks whose work stands on the run's branch, in that order, and those that came to nothing.
fn integrated(state: &State) -> String {
    let mut done: Vec<(u64, String)> = Vec::new();
    let mut fallen = String::new();
    for (index, task) in state.authored.tasks().iter().enumerate() {
        let at = state.at(index);
        if let Some(merged) = at.merged.last() {
            let commit = short(&merged.commit);
            done.push((
                merged.seq,
                format!("- {} ({}): {commit}\n", task.id, task.title),
            ));
        } else if state.standing(index) != Standing::Done {
            let standing = state.standing(index).name();
            let _ = writeln!(fallen, "- {} ({}): {standing}", task.id, task.title);
        }
    }
    done.sort();
    let omitted = done.len().saturating_sub(TASKS);
    let mut text: String = done.drain(omitted..).map(|(_, line)| line).collect();
    if omitted > 0 {
        let _ = writeln!(text, "- and {omitted} before them");
    }
    section("What was integrated, the last one last", &text)
        + &section("What is not there", &fallen)
}

fn section(title: &str, text: &str) -> String {
    match text.is_empty() {
        true => String::new(),
        false => format!("\n## {title}\n\n{text}"),
    }
}

fn cut(command: &str) -> String {
    let line = command.lines().next().unwrap_or_default();
    match line.char_indices().nth(TITLE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

impl State {
    /// The plan as its author wrote it, without the tasks that the run gave itself.
    pub fn authored(&self) -> &Arc<Graph> {
        &self.authored
    }

    /// Whether the run gave itself this task, to mend the whole.
    pub fn is_fix(&self, task: usize) -> bool {
        task >= self.authored.len()
    }

    /// Whether nothing but tasks of the run's own is left to be done: until then those wait.
    pub(super) fn may_mend(&self) -> bool {
        let mut ready = self.ready();
        self.active().next().is_none() && ready.all(|task| self.is_fix(task))
    }

    /// Takes up a task of the run's own, if a round may begin here.
    pub(super) fn begin_round(&mut self, recorded: &Recorded, fix: &Fix) -> Result<(), Illegal> {
        let refusal = |standing: &str| Illegal {
            event: recorded.event.name(),
            standing: standing.to_owned(),
        };
        let verdict = self.run.verified.as_ref();
        let verdict = verdict.filter(|verdict| verdict.commit == self.run.tip && !verdict.passed);
        if self.run.drive != Drive::Running || verdict.is_none() {
            return Err(refusal("nothing is to be mended"));
        }
        if !has_rounds_left(self) {
            return Err(refusal("no fix round is left"));
        }
        let graph = self.graph.with(fix.task());
        let graph = graph.map_err(|_| refusal("the plan has a task of this id"))?;
        let mut run = self.run.clone();
        run.fixes.push(fix.clone());
        // One of this id may have been there before the run went back.
        let used = run.retired.remove(&fix.task).unwrap_or(0);
        self.graph = Arc::new(graph);
        self.run = run;
        self.tasks.push(TaskState::returned(used));
        self.refresh();
        Ok(())
    }

    /// Whether what was found out about who broke it still answers the question for what `verdict` says.
    pub(super) fn still_blames(&self, blame: &Blame, verdict: &FinalVerdict) -> bool {
        let mut failures = verdict.failures.iter();
        let stands = |task: &TaskId, commit: &str| {
            let merged = self.task(task).map_or(&[][..], |at| &at.merged);
            merged.iter().any(|merged| merged.commit == commit)
        };
        let mut blamed = blame.tasks.iter();
        !blame.tasks.is_empty()
            && failures.any(|failure| failure.command == blame.command)
            && blamed.all(|one| !one.undone && stands(&one.task, &one.commit))
    }
}
