//! What the words of a dependency mean: ids, ranges, whole layers, whole specs, titles.
//!
//! What means none of them is told; what looks like an id and is none stays, so that the graph refuses it.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::item::{is_id, strip_word};
use super::layers::Step;
use super::tasks::{Draft, Drafts};
use crate::plan::Fault;
use crate::plan::need_words::without_remarks;
use crate::plan::room::Room;
use crate::plan::text::Text;

/// Two ids and what joins them have fewer signs that may stand for a range.
const SIGNS_MAX: usize = 16;

/// What the tasks of a spec can depend on, by all the names it has.
struct Names<'d> {
    /// By id and by title, in lower case; made when the first need is looked up, for many plans name none.
    by_id: OnceCell<HashMap<String, usize>>,
    by_title: OnceCell<HashMap<String, usize>>,
    steps: &'d [Step],
    by_heading: HashMap<String, usize>,
    by_number: BTreeMap<u32, Vec<usize>>,
    /// The place of each task's layer.
    step_of: Vec<usize>,
    drafts: &'d Drafts,
    /// For needs that come of layers, ranges and sentences.
    room: Room,
}

/// What a task depends on.
#[derive(Debug, Default)]
pub(super) struct Needs {
    /// Tasks of the same spec, by place.
    pub(super) tasks: Vec<usize>,
    /// Ids of specs, as written.
    pub(super) specs: Vec<(String, Range<usize>)>,
    /// Ids that nothing has.
    pub(super) unknown: Vec<String>,
}

/// What each task of a spec depends on, by place.
pub(super) fn all(
    drafts: &Drafts,
    steps: &[Step],
    text: &Text<'_>,
    faults: &mut Vec<Fault>,
) -> Vec<Needs> {
    let names = Names::new(drafts, steps, Room::of(text));
    let each = 0..drafts.tasks.len();
    let mut all: Vec<Needs> = each.map(|at| names.needs_of(at, text, faults)).collect();
    for (task, need) in names.sentences(text, faults) {
        all[task].tasks.push(need);
    }
    faults.extend(names.room.too_many(text));
    for (at, needs) in all.iter_mut().enumerate() {
        needs.tasks.retain(|need| *need != at);
        needs.tasks.sort_unstable();
        needs.tasks.dedup();
    }
    all
}

impl<'d> Names<'d> {
    fn new(drafts: &'d Drafts, steps: &'d [Step], room: Room) -> Self {
        let mut step_of = vec![0; drafts.tasks.len()];
        for (number, step) in steps.iter().enumerate() {
            step.tasks.iter().for_each(|task| step_of[*task] = number);
        }
        let (by_heading, by_number) = named(steps);
        Self {
            by_id: OnceCell::new(),
            by_title: OnceCell::new(),
            steps,
            by_heading,
            by_number,
            step_of,
            drafts,
            room,
        }
    }

    fn by_id(&self) -> &HashMap<String, usize> {
        self.by_id.get_or_init(|| self.by(|task| &task.id))
    }

    fn by_title(&self) -> &HashMap<String, usize> {
        self.by_title.get_or_init(|| self.by(|task| &task.title))
    }

    fn by(&self, key: fn(&Draft) -> &str) -> HashMap<String, usize> {
        let pairs = self.drafts.tasks.iter().enumerate();
        // The first of a name has it.
        let pairs = pairs.rev();
        pairs
            .map(|(at, task)| (key(task).to_lowercase(), at))
            .collect()
    }

    /// Has a task need all tasks of these layers.
    fn take_steps<'s>(&self, steps: impl Iterator<Item = &'s Step> + Clone, needs: &mut Needs) {
        if self
            .room
            .grants(steps.clone().map(|step| step.tasks.len()).sum())
        {
            needs.tasks.extend(steps.flat_map(|step| &step.tasks));
        }
    }

    /// What the task at this place depends on.
    fn needs_of(&self, at: usize, text: &Text<'_>, faults: &mut Vec<Fault>) -> Needs {
        let task = &self.drafts.tasks[at];
        let mut needs = Needs::default();
        for (said, range) in &task.needs {
            let bare = without_remarks(said);
            let is_whole = self.by_title().contains_key(&bare.trim().to_lowercase());
            let separators = |c: char| [',', '，', '、', ';', '；', '&', '+'].contains(&c);
            let parts: Vec<&str> = match is_whole {
                true => vec![bare.as_ref()],
                false => bare
                    .split(separators)
                    .flat_map(|part| part.split(" and "))
                    .collect(),
            };
            let mut unread = Vec::new();
            for part in parts {
                let part = part.trim().trim_matches(['*', '`', '"', '.', '。']).trim();
                if !says_none(part) && !self.take(at, part, range, &mut needs) {
                    unread.push(part);
                }
            }
            if !unread.is_empty() {
                let message = format!(
                    "`{}` names no task that `{}` could depend on",
                    unread.join(", "),
                    task.id
                );
                faults.push(
                    text.warning(range.clone(), message)
                        .help("name ids, `L0`, or `None`; the executor is told the words"),
                );
            }
        }
        needs
    }

    /// What sentences such as `T010, T011 block T018` say: tasks, each with what it needs.
    fn sentences(&self, text: &Text<'_>, faults: &mut Vec<Fault>) -> Vec<(usize, usize)> {
        let mut pairs = Vec::new();
        let mut unread = None;
        for (said, range) in &self.drafts.sentences {
            let bare = without_remarks(said);
            match self.sentence(&bare) {
                Some(found) => pairs.extend(found),
                None if unread.is_none() && self.names_a_task(&bare) => unread = Some(range),
                None => {}
            }
        }
        if let Some(range) = unread {
            let fault = text.warning(range.clone(), "what this says of dependencies is not read");
            faults.push(fault.help(
                "sections run in their order; `T002 depends on T001` and `[depends: T001]` behind a task are needs",
            ));
        }
        pairs
    }

    fn sentence(&self, said: &str) -> Option<Vec<(usize, usize)>> {
        const WORDS: [(&str, bool); 10] = [
            (" depends on ", true),
            (" depend on ", true),
            (" requires ", true),
            (" require ", true),
            (" needs ", true),
            (" blocks ", false),
            (" block ", false),
            ("-->", false),
            ("->", false),
            ("→", false),
        ];
        let (word, is_forward) = WORDS.iter().find(|(word, _)| said.contains(word))?;
        let sides: Option<Vec<Vec<usize>>> =
            said.split(word).map(|side| self.listed(side)).collect();
        let mut pairs = Vec::new();
        for sides in sides?.windows(2) {
            if !self.room.grants(sides[0].len() * sides[1].len()) {
                break;
            }
            for (&left, &right) in sides[0]
                .iter()
                .flat_map(|left| sides[1].iter().map(move |right| (left, right)))
            {
                pairs.push(if *is_forward {
                    (left, right)
                } else {
                    (right, left)
                });
            }
        }
        Some(pairs)
    }

    /// Ids and ranges and nothing else.
    fn listed(&self, said: &str) -> Option<Vec<usize>> {
        let parts = said
            .split([',', '，', '、', ';', '&'])
            .flat_map(|part| part.split(" and "));
        let mut found = Vec::new();
        for part in parts {
            let part = part.trim().trim_matches(['*', '`', '.', ':', '。']).trim();
            match self.by_id().get(&part.to_lowercase()) {
                Some(task) => found.push(*task),
                None => {
                    let range = self.range(part)?;
                    if self.room.grants(range.clone().count()) {
                        found.extend(range);
                    }
                }
            }
        }
        Some(found)
    }

    fn names_a_task(&self, said: &str) -> bool {
        let mut words = said.split(|c: char| !(c.is_alphanumeric() || c == '.' || c == '-'));
        words.any(|word| is_id(word) && self.by_id().contains_key(&word.to_lowercase()))
    }

    /// Takes one part of a list; whether it means anything.
    fn take(&self, at: usize, part: &str, range: &Range<usize>, needs: &mut Needs) -> bool {
        let part = without_state(part);
        let part = strip_word(part, "tasks ")
            .or(strip_word(part, "task "))
            .unwrap_or(part)
            .trim();
        let part = strip_word(part, "task:").map_or(part, str::trim);
        if let Some(&task) = self.by_id().get(&part.to_lowercase()) {
            needs.tasks.push(task);
        } else if let Some(steps) = self.layers(part) {
            self.take_steps(steps.into_iter(), needs);
        } else if let Some(tasks) = self.range(part) {
            let is_granted = self.room.grants(tasks.clone().count());
            needs.tasks.extend(tasks.filter(|_| is_granted));
        } else if is_spec(part) {
            needs.specs.push((part.to_ascii_uppercase(), range.clone()));
        } else if let Some(&task) = self.by_title().get(&part.to_lowercase()) {
            needs.tasks.push(task);
        } else if says_all_before(part) {
            self.take_steps(self.steps[..self.step_of[at]].iter(), needs);
        } else if is_id(part) || part.chars().all(|c| c.is_ascii_digit()) {
            needs.unknown.push(part.to_owned());
        } else {
            return false;
        }
        true
    }

    /// `L0`, `Layer 0`, `Layers 0-1`, or the heading of a layer.
    fn layers(&self, part: &str) -> Option<Vec<&'d Step>> {
        let lower = part.to_lowercase();
        let rest = lower
            .strip_prefix("layers")
            .or_else(|| lower.strip_prefix("layer"))
            .or_else(|| lower.strip_prefix('l'));
        let numbers: Option<Vec<u32>> = rest.and_then(|rest| {
            let ends = rest.split(['-', '–', '~']);
            ends.map(|end| end.trim().trim_start_matches('l').parse().ok())
                .collect()
        });
        if let Some([from] | [from, _]) = numbers.as_deref()
            && let Some(&to) = numbers.as_ref().and_then(|numbers| numbers.last())
        {
            let found = (*from <= to).then(|| self.by_number.range(*from..=to));
            let found = found.into_iter().flatten().flat_map(|(_, places)| places);
            let found: Vec<&Step> = found.map(|place| &self.steps[*place]).collect();
            return (!found.is_empty()).then_some(found);
        }
        let place = self.by_heading.get(&lower)?;
        Some(vec![&self.steps[*place]])
    }

    /// `T001-T004` and `1.1–1.3`: all tasks from one to the other, as they stand in the text.
    fn range(&self, part: &str) -> Option<std::ops::RangeInclusive<usize>> {
        const SIGNS: [char; 3] = ['-', '–', '~'];
        if part.matches(SIGNS).nth(SIGNS_MAX).is_some() {
            return None;
        }
        let mut ends = part.match_indices(SIGNS).filter_map(|(at, sign)| {
            let id = |id: &str| self.by_id().get(&id.trim().to_lowercase()).copied();
            Some((id(&part[..at])?, id(&part[at + sign.len()..])?))
        });
        let (from, to) = ends.next_back()?;
        (from <= to).then_some(from..=to)
    }
}

/// The places of layers by their headings, whole or up to a remark, and by their numbers.
fn named(steps: &[Step]) -> (HashMap<String, usize>, BTreeMap<u32, Vec<usize>>) {
    let mut by_heading = HashMap::new();
    let mut by_number: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (place, step) in steps.iter().enumerate() {
        if let Some(number) = step.number {
            by_number.entry(number).or_default().push(place);
        }
        let name = step.name.to_lowercase();
        if name.is_empty() {
            continue;
        }
        let start = name.split([':', '(']).next().unwrap_or_default();
        // The first of a name has it.
        by_heading.entry(start.trim().to_owned()).or_insert(place);
        by_heading.entry(name).or_insert(place);
    }
    (by_heading, by_number)
}

/// `I001` and `F001`, in whatever case.
pub(super) fn is_spec(word: &str) -> bool {
    let mut chars = word.chars();
    let kind = chars.next().map(|c| c.to_ascii_uppercase());
    matches!(kind, Some('I' | 'F')) && word.len() == 4 && chars.all(|c| c.is_ascii_digit())
}

/// `L0 complete` is L0.
fn without_state(part: &str) -> &str {
    let words = [
        "completed",
        "complete",
        "completion",
        "done",
        "finished",
        "完成",
    ];
    let mut part = part.trim();
    for word in words {
        let cut = part.len().saturating_sub(word.len());
        if let Some((front, last)) = part.split_at_checked(cut)
            && last.eq_ignore_ascii_case(word)
            && !front.is_empty()
        {
            part = front.trim_end();
            part = part
                .strip_suffix(" is")
                .or(part.strip_suffix(" must be"))
                .unwrap_or(part);
        }
    }
    part
}

fn says_none(part: &str) -> bool {
    let word = part
        .trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase();
    matches!(
        word.as_str(),
        "" | "none" | "n/a" | "na" | "nothing" | "no" | "无" | "没有"
    )
}

fn says_all_before(part: &str) -> bool {
    let lower = part.to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    matches!(
        words.as_slice(),
        ["all", "previous" | "prior" | "above" | "earlier", ..]
            | ["previous", "layer" | "layers" | "phase" | "phases"]
    )
}
