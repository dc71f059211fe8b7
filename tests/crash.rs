//! A crash anywhere loses nothing: the real binary is killed at each point that `run::crash` names, on a real
//! repository, resumed, killed again, and resumed to the end; which must be the end of a calm run.
//!
//! By default each point is met once, in the first scenario that gets there, with a second death in the
//! resume that follows. `ENACT_CRASH_ALL=1` meets each point up to four times over in every scenario, with
//! every second death (an hour or so on two cores). `ENACT_CRASH_ONLY=recorded:judged` meets what begins so.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread::ScopedJoinHandle;

use git_enact::crash;
use git_enact::run::event::Event;

use crate::support::oracle;
use crate::support::scenario::{ALL, BROKEN, CLONED, End, Journey, Scenario};

/// What a run records only after a crash, which is made here.
const AFTER_A_CRASH: [&str; 2] = ["resumed", "attempt-abandoned"];
const CRASH_BEFORE: &str = "recorded:attempt-started";

/// What means another thing in each scenario that gets to it, and is met in all of them.
const EVERYWHERE: [&str; 2] = ["verified", "replanned"];

/// Steps that only executors in clones get to.
const IN_CLONES: [&str; 2] = ["git-dir-made", "brought-in"];

/// What means another thing there than in a worktree, and is met in both.
const IN_BOTH: [&str; 9] = [
    "worktree-added",
    "slot-made",
    "branch-placed",
    "attempt-ordered",
    "tool-committed",
    "worktree-emptied",
    "attempt-started",
    "attempt-ended",
    "attempt-abandoned",
];

/// Steps that other tests make: they take a rollback, a landing, a purge or a repair.
const ELSEWHERE: [&str; 6] = [
    "step:notes-withdrawn",
    "step:marks-set-aside",
    "step:purge-begun",
    "step:purge-notes-removed",
    "step:purge-branches-removed",
    "step:mended",
];

/// Where a resume dies that follows a crash.
const SECOND_DEATHS: [&str; 12] = [
    "prepared:resumed",
    "written:resumed",
    "recorded:resumed",
    "followed:resumed",
    "step:leftovers-ended",
    "recorded:attempt-abandoned",
    "prepared:attempt-started",
    "recorded:attempt-started",
    "followed:attempt-ended",
    "written:integrated",
    "recorded:integrated",
    "step:branch-moved",
];

/// What happens in a scenario when nothing goes wrong.
struct Calm {
    end: End,
    events: BTreeSet<String>,
}

fn calm(scenario: &'static Scenario) -> Calm {
    let mut journey = Journey::new(scenario, &[]);
    let end = journey.travel();
    let events = oracle::trailers(&journey.user).into_iter();
    Calm {
        end,
        events: events.map(|[event, ..]| event).collect(),
    }
}

/// One life of a run.
#[derive(Debug, Clone)]
struct Life {
    scenario: usize,
    point: String,
    crashes: Vec<String>,
}

/// The scenarios that get to `point`, and the crashes that lead there.
fn lives_through(point: &str, calms: &[Calm]) -> Vec<Life> {
    let (stage, name) = point.split_once(':').expect("a stage and a name");
    let has = |nth: usize| match stage {
        "step" if name == "commit-probed" => ALL[nth].name == BROKEN.name,
        "step" if IN_CLONES.contains(&name) => ALL[nth].name == CLONED.name,
        "step" if IN_BOTH.contains(&name) && ALL[nth].name == CLONED.name => true,
        // Steps are made in the first scenario; decisions, and a commit that changes nothing, in the second.
        "step" => nth == usize::from(["decided", "tool-committed"].contains(&name)),
        _ => calms[nth].events.contains(name),
    };
    let needs_crash = AFTER_A_CRASH.contains(&name) || name.starts_with("worktree-emptied");
    (0..ALL.len())
        .filter(|&nth| has(nth) || (needs_crash && (nth == 0 || ALL[nth].name == CLONED.name)))
        .map(|scenario| Life {
            scenario,
            point: point.to_owned(),
            crashes: needs_crash
                .then(|| CRASH_BEFORE.to_owned())
                .into_iter()
                .chain([point.to_owned()])
                .collect(),
        })
        .collect()
}

/// All lives that are to be lived.
fn lives(calms: &[Calm]) -> Vec<Life> {
    let everything = std::env::var_os("ENACT_CRASH_ALL").is_some();
    let only = std::env::var("ENACT_CRASH_ONLY").unwrap_or_default();
    let mut lives = Vec::new();
    let points = crash::points(&Event::NAMES);
    let wanted = points
        .iter()
        .filter(|point| point.starts_with(&only) && !ELSEWHERE.contains(&point.as_str()));
    for (nth, point) in wanted.enumerate() {
        let (_, name) = point.split_once(':').expect("a stage and a name");
        let through = lives_through(point, calms);
        assert!(
            !through.is_empty(),
            "no scenario gets to {point}: a new kind of event needs one that makes it happen"
        );
        if !everything {
            let second = SECOND_DEATHS[nth % SECOND_DEATHS.len()];
            let meets_all = EVERYWHERE.contains(&name);
            let met = if meets_all { through.len() } else { 1 };
            for life in &through[..met] {
                lives.push(life.clone().dying_at(second));
            }
            // A first death in clones is met by one that is about them.
            let mut cloned = through.iter().skip(met);
            if IN_BOTH.contains(&name)
                && let Some(life) = cloned.find(|life| ALL[life.scenario].name == CLONED.name)
            {
                lives.push(life.clone().dying_at("step:brought-in"));
            }
            // Who broke the whole is told by the third of its kind.
            if let Some(life) = through.iter().find(|life| life.is_blaming(name)) {
                lives.push(life.clone().at_the_third().dying_at(second));
            }
            continue;
        }
        for life in &through {
            for second in SECOND_DEATHS {
                lives.push(life.clone().dying_at(second));
            }
            for again in 2..=4 {
                let mut later = life.clone();
                later.crashes.pop();
                later.crashes.push(format!("{point}:{again}"));
                lives.push(later.dying_at(SECOND_DEATHS[nth % SECOND_DEATHS.len()]));
            }
        }
    }
    lives
}

impl Life {
    fn is_blaming(&self, name: &str) -> bool {
        name == "verified" && ALL[self.scenario].name == BROKEN.name
    }

    fn at_the_third(mut self) -> Self {
        self.crashes.pop();
        self.crashes.push(format!("{}:3", self.point));
        self
    }

    fn dying_at(mut self, second: &str) -> Self {
        self.crashes.push(second.to_owned());
        self
    }

    /// Whether the point was met: those of the full matrix may lie behind the end of the run.
    fn live(&self, calm: &Calm) -> bool {
        let crashes: Vec<&str> = self.crashes.iter().map(String::as_str).collect();
        let mut journey = Journey::new(&ALL[self.scenario], &crashes);
        let end = journey.travel();
        assert_eq!(
            end, calm.end,
            "{} with {:?} ends as the calm run",
            ALL[self.scenario].name, journey.crashed
        );
        journey
            .crashed
            .iter()
            .any(|point| point.starts_with(&self.point))
    }
}

#[test]
fn a_run_that_is_killed_anywhere_and_again_ends_as_the_calm_run() {
    let calms: Vec<Calm> = std::thread::scope(|scope| {
        let runs = ALL.iter().map(|scenario| scope.spawn(|| calm(scenario)));
        let handles: Vec<_> = runs.collect();
        let joined = handles.into_iter().map(ScopedJoinHandle::join);
        joined.map(|calm| calm.expect("a calm run")).collect()
    });
    let waiting = Mutex::new(lives(&calms));
    let total = waiting.lock().expect("a list").len();
    let failed: Mutex<Vec<Life>> = Mutex::new(Vec::new());
    let met: Mutex<BTreeMap<String, bool>> = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(life) = { waiting.lock().expect("a list").pop() } {
                    let lived = catch_unwind(AssertUnwindSafe(|| life.live(&calms[life.scenario])));
                    if lived.is_err() {
                        failed.lock().expect("a list").push(life.clone());
                    }
                    let was_met = lived.unwrap_or(true);
                    *met.lock().expect("a map").entry(life.point).or_default() |= was_met;
                }
            });
        }
    });
    assert!(
        failed.lock().expect("a list").is_empty(),
        "these lives went wrong, as told above: {failed:#?}"
    );
    let met = met.into_inner().expect("a map");
    let missed: Vec<&String> = met
        .iter()
        .filter(|(_, met)| !**met)
        .map(|(point, _)| point)
        .collect();
    assert_eq!(
        missed,
        Vec::<&String>::new(),
        "every point is met by one of {total} lives"
    );
}

#[test]
fn every_kind_of_event_is_a_crash_point() {
    let points = crash::points(&Event::NAMES);
    assert_eq!(
        points.len(),
        Event::NAMES.len() * crash::STAGES.len() + crash::STEPS.len()
    );
}
