//! What whoever executes such a plan looks for first: whether it was reviewed, whether each phase says what is needed,
//! whether what it says in two places agrees.

use super::dependencies::listed;
use super::groups::Group;
use super::order::Known;
use super::outline::Phase;
use super::parts::{Part, Topic, codes, first};
use super::words::{Word, unclear, word_of_plan};
use crate::plan::markdown::{Document, Line};
use crate::plan::text::Text;
use crate::plan::{Fault, Task, scope};

/// What `**Status:**` says of a plan: whether all of it is done.
pub(super) fn plan_status(line: &Line, text: &Text<'_>, faults: &mut Vec<Fault>) -> bool {
    let said = line.text.trim();
    let place = line.range.clone();
    match word_of_plan(said) {
        Word::Done => {
            faults.push(implemented(said, place, text));
            return true;
        }
        Word::Reviewed => {}
        Word::Unclear => faults.push(unclear(said, place, text)),
        Word::InProgress => faults.push(
            text.warning(place, format!("the plan's status is `{said}`, which does not say which phases are done"))
                .help("checkpoints, an execution record beside the plan, or ✅ at a phase's heading say it"),
        ),
        Word::Open | Word::Skipped | Word::Failed => faults.push(unreviewed(said, place, text)),
    }
    false
}

/// What `status` in the front matter says. There `done` ends the planning, not the work.
pub(super) fn front_status(
    said: &str,
    document: &Document,
    text: &Text<'_>,
    faults: &mut Vec<Fault>,
) -> bool {
    let front = document.front.clone().unwrap_or(0..0);
    let at = text.text[front.clone()]
        .lines()
        .scan(front.start, |at, line| {
            let own = *at;
            *at += line.len() + 1;
            Some((own, line))
        })
        .find(|(_, line)| line.starts_with("status:"));
    let place = at.map_or(front.start..front.start, |(at, line)| at..at + line.len());
    let lower = said.to_lowercase();
    let is_of_work = lower.starts_with("implemented") || lower.starts_with("executed");
    match word_of_plan(said) {
        Word::Done if is_of_work => {
            faults.push(implemented(said, place, text));
            return true;
        }
        Word::Unclear => faults.push(unclear(said, place, text)),
        Word::Open => faults.push(unreviewed(said, place, text)),
        _ => {}
    }
    false
}

fn implemented(said: &str, place: std::ops::Range<usize>, text: &Text<'_>) -> Fault {
    text.warning(
        place,
        format!("the plan's status is `{said}`, so its phases count as done"),
    )
    .help("where that is wrong, say `Reviewed - Ready for Implementation`")
}

fn unreviewed(said: &str, place: std::ops::Range<usize>, text: &Text<'_>) -> Fault {
    text.warning(
        place,
        format!("the plan's status is `{said}`, so it was not reviewed"),
    )
    .help("have it reviewed, then say `Reviewed - Ready for Implementation`")
}

/// Groups of phases that need each other, or that need what comes later.
pub(super) fn contradictions(
    known: &[Known],
    groups: &[Group],
    phases: &[Phase<'_>],
    text: &Text<'_>,
    faults: &mut Vec<Fault>,
) {
    for (index, phase) in known.iter().enumerate() {
        let Some(own) = phase.group else {
            continue;
        };
        for need in &phase.needs {
            let Some(other) = known[*need].group.filter(|other| *other >= own) else {
                continue;
            };
            let (id, need) = (&phases[index].id, &phases[*need].id);
            let group = &groups[own];
            let message = if other == own {
                format!(
                    "group `{}` holds phases `{need}` and `{id}`, but phase `{id}` depends on phase `{need}`",
                    group.name
                )
            } else {
                format!(
                    "group `{}` comes before group `{}`, but its phase `{id}` depends on phase `{need}`",
                    group.name, groups[other].name
                )
            };
            faults.push(
                text.warning(group.place.clone(), message)
                    .help("the dependency counts; put the phase into a later group"),
            );
        }
        if phase.alone && groups[own].members.len() > 1 {
            let message = format!(
                "phase `{}` says that it does not run in parallel, but group `{}` holds others",
                phases[index].id, groups[own].name
            );
            faults.push(
                text.warning(groups[own].place.clone(), message)
                    .help("the group counts"),
            );
        }
    }
}

/// Whether its deliverables name files, among which there may be more.
fn delivers_files(parts: &[Part<'_>]) -> bool {
    let deliverables = parts.iter().filter(|part| part.is(Topic::Deliverables));
    let mut texts = deliverables.flat_map(|part| {
        let below = part.below.iter().map(|line| line.text.as_str());
        std::iter::once(&*part.text).chain(below)
    });
    texts.any(|text| codes(text).any(|code| code.contains('/') && scope::looks_like_path(code)))
}

/// What phases that are to be run do not say, each once for the plan.
pub(super) fn gaps(
    tasks: &[Task],
    fields: &[Vec<Part<'_>>],
    phases: &[Phase<'_>],
    text: &Text<'_>,
    faults: &mut Vec<Fault>,
) {
    type Lacks = fn(&Task, &[Part<'_>]) -> bool;
    const GAPS: [(&str, Lacks, &str); 5] = [
        (
            "owner",
            |task, _| task.agent.is_none(),
            "say who: `**Principal Owner:** Rust Developer`",
        ),
        (
            "dependencies",
            |_, parts| first(parts, Topic::Dependencies).is_none(),
            "say `**Dependencies:** None` or name phases; a phase that does not say waits for the one before it",
        ),
        (
            "acceptance criteria",
            |task, _| task.acceptance.is_empty(),
            "list what must hold below `**Acceptance Criteria:**`",
        ),
        (
            "files",
            |task, parts| task.files.is_empty() && !delivers_files(parts),
            "list them below `**Files to create:**` and `**Files to modify:**`",
        ),
        (
            "blast radius",
            |task, _| task.verify.is_empty(),
            "say which tests prove it: `**Blast Radius:** `, then a command in backticks",
        ),
    ];
    let open: Vec<usize> = (0..tasks.len())
        .filter(|index| tasks[*index].is_open())
        .collect();
    for (what, lacks, help) in GAPS {
        let without: Vec<usize> = open
            .iter()
            .copied()
            .filter(|index| lacks(&tasks[*index], &fields[*index]))
            .collect();
        let Some(first) = without.first() else {
            continue;
        };
        let ids: Vec<&str> = without
            .iter()
            .map(|index| phases[*index].id.as_str())
            .collect();
        let message = if without.len() == open.len() && open.len() > 1 {
            format!("no phase has {what}", what = with_article(what))
        } else if ids.len() == 1 {
            format!("phase `{}` has no {what}", ids[0])
        } else {
            format!("phases {} have no {what}", listed(&ids))
        };
        let at = phases[*first].at;
        let place = at..at + phases[*first].id.len();
        faults.push(text.warning(place, message).help(help));
    }
}

fn with_article(what: &str) -> String {
    match what {
        "owner" => "an owner".to_owned(),
        "blast radius" => "a blast radius".to_owned(),
        _ => what.to_owned(),
    }
}
