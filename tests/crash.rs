//! A crash anywhere loses nothing: the real binary is killed at each point that `run::crash` names, on a real
//! repository, resumed, killed again, and resumed to the end; which must be the end of a calm run.
//!
//! By default each point is met once, in the first scenario that gets there, the stages of one event one after
//! the other in as few lives as they fit in, with one more death in the resume that follows.
//! `ENACT_CRASH_ALL=1` meets each point up to four times over in every scenario, with every second death (hours
//! on two cores; `ENACT_PART=1/5` lives a fifth of those lives). `ENACT_CRASH_ONLY=recorded:judged` meets what begins so.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::thread::ScopedJoinHandle;

use git_enact::crash;
use git_enact::run::event::Event;

use crate::support::oracle;
use crate::support::scenario::{ALL, BROKEN, CLONED, End, Journey, Scenario};
use crate::support::traced;

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
    /// What it is lived for.
    points: Vec<String>,
    crashes: Vec<String>,
}

/// The scenarios that get to `points`, all of one event or one step, and the crashes that lead there.
fn lives_through(points: &[String], calms: &[Calm]) -> Vec<Life> {
    let (stage, name) = points[0].split_once(':').expect("a stage and a name");
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
            points: points.to_vec(),
            crashes: needs_crash
                .then(|| CRASH_BEFORE.to_owned())
                .into_iter()
                .chain(points.iter().cloned())
                .collect(),
        })
        .collect()
}

/// All points that are to be met, but for those that other tests meet.
fn points() -> Vec<String> {
    let only = std::env::var("ENACT_CRASH_ONLY").unwrap_or_default();
    let points = crash::points(&Event::NAMES).into_iter();
    points
        .filter(|point| point.starts_with(&only) && !ELSEWHERE.contains(&point.as_str()))
        .collect()
}

/// The points by what one life can meet: who dies before an event is on record comes to it again, and to what
/// follows it; who dies when it is on record does not.
fn in_one_life(points: Vec<String>) -> Vec<Vec<String>> {
    let mut groups: BTreeMap<[String; 2], Vec<String>> = BTreeMap::new();
    for point in points {
        let (stage, name) = point.split_once(':').expect("a stage and a name");
        let alone = ["recorded", "step"].contains(&stage);
        let key = [name, if alone { stage } else { "" }].map(str::to_owned);
        groups.entry(key).or_default().push(point);
    }
    groups.into_values().collect()
}

/// The lives that meet each of `groups` of points once.
fn sample(groups: &[Vec<String>], calms: &[Calm]) -> Vec<Life> {
    let mut lives = Vec::new();
    for (nth, points) in groups.iter().enumerate() {
        let (_, name) = points[0].split_once(':').expect("a stage and a name");
        let through = lives_through(points, calms);
        assert!(
            !through.is_empty(),
            "no scenario gets to {points:?}: a new kind of event needs one that makes it happen"
        );
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
            lives.push(life.clone().at_the(3).dying_at(second));
        }
    }
    lives
}

/// The lives that meet each point in every scenario that gets there, up to four times over, with every second death.
fn everything(calms: &[Calm]) -> Vec<Life> {
    let mut lives = Vec::new();
    for (nth, point) in points().into_iter().enumerate() {
        for life in &lives_through(&[point], calms) {
            for second in SECOND_DEATHS {
                lives.push(life.clone().dying_at(second));
            }
            let second = SECOND_DEATHS[nth % SECOND_DEATHS.len()];
            lives.extend((2..=4).map(|again| life.clone().at_the(again).dying_at(second)));
        }
    }
    lives
}

impl Life {
    fn is_blaming(&self, name: &str) -> bool {
        name == "verified" && ALL[self.scenario].name == BROKEN.name
    }

    /// The same with the last crash where its point is reached for the `nth` time.
    fn at_the(mut self, nth: usize) -> Self {
        let last = self.crashes.pop().expect("a crash");
        self.crashes.push(format!("{last}:{nth}"));
        self
    }

    fn dying_at(mut self, second: &str) -> Self {
        self.crashes.push(second.to_owned());
        self
    }

    /// The points that were met (those of the full matrix may lie behind the end of the run), and the number of
    /// deaths.
    fn live(&self, calm: &Calm) -> (Vec<String>, usize) {
        let crashes: Vec<&str> = self.crashes.iter().map(String::as_str).collect();
        let mut journey = Journey::new(&ALL[self.scenario], &crashes);
        let end = journey.travel();
        assert_eq!(
            end, calm.end,
            "{} with {:?} ends as the calm run",
            ALL[self.scenario].name, journey.crashed
        );
        let is_met = |point: &&String| journey.crashed.iter().any(|met| met.starts_with(*point));
        let met = self.points.iter().filter(is_met).cloned().collect();
        (met, journey.crashed.len())
    }
}

/// Lives all of `lives`; the points that were met.
fn lived(lives: &[Life], calms: &[Calm]) -> BTreeSet<String> {
    let met = Mutex::new((BTreeSet::new(), 0));
    traced::each(lives, |life| {
        let (points, deaths) = life.live(&calms[life.scenario]);
        let mut met = met.lock().expect("a set");
        met.0.extend(points);
        met.1 += deaths;
    });
    let (met, deaths) = met.into_inner().expect("a set");
    traced::say(&format!("{} lives, {deaths} deaths", lives.len()));
    met
}

#[test]
fn a_run_that_is_killed_anywhere_and_again_ends_as_the_calm_run() {
    let calms: Vec<Calm> = std::thread::scope(|scope| {
        let runs = ALL.iter().map(|scenario| scope.spawn(|| calm(scenario)));
        let handles: Vec<_> = runs.collect();
        let joined = handles.into_iter().map(ScopedJoinHandle::join);
        joined.map(|calm| calm.expect("a calm run")).collect()
    });
    let wanted: BTreeSet<String> = points().into_iter().collect();
    let whole = std::env::var_os("ENACT_CRASH_ALL").is_some();
    let lives = match whole {
        true => traced::part(everything(&calms)),
        false => sample(&in_one_life(points()), &calms),
    };
    let mut met = lived(&lives, &calms);
    let missed = wanted.difference(&met).map(|point| vec![point.clone()]);
    let missed: Vec<Vec<String>> = missed.collect();
    if whole && traced::part_asked().is_some() {
        return;
    }
    // What a death before it kept one from.
    if !whole && !missed.is_empty() {
        met.extend(lived(&sample(&missed, &calms), &calms));
    }
    assert_eq!(
        wanted.difference(&met).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "every point is met in one of the lives"
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
