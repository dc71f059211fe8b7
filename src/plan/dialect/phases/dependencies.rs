//! What a phase says of the order: what it depends on, and what may run beside it.
//!
//! Prose in, phases out; what is not understood is told, and then the safe reading holds: one after the other.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::groups::{Group, is_called};
use super::order::Known;
use super::outline::Phase;
use super::parts::{self, Part, Topic, first};
use super::prose::{Key, Names, names, needed};
use crate::plan::Fault;
use crate::plan::room::NEEDS_MAX;
use crate::plan::text::Text;

/// The phases of a plan by their numbers.
pub(super) struct Numbers {
    /// In order, with the place of each in the text.
    keys: Vec<(Key, usize)>,
}

impl Numbers {
    pub(super) fn of(phases: &[Phase<'_>]) -> Self {
        let keys = phases.iter().enumerate();
        let mut keys: Vec<(Key, usize)> = keys
            .map(|(index, phase)| (phase.key.clone(), index))
            .collect();
        keys.sort();
        Self { keys }
    }

    /// The phases that these names mean, and the ids that mean none.
    pub(super) fn resolve(&self, names: &Names) -> (Vec<usize>, Vec<String>) {
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        let mut seen = HashSet::new();
        for (from, to) in &names.phases {
            let (own, rest) = self.between(from, to.as_deref().unwrap_or(from));
            missing.extend(rest);
            found.extend(own.into_iter().filter(|index| seen.insert(*index)));
        }
        (found, missing)
    }

    /// All from one number to another; a number that is only there in parts, `5a` and `5b`, means these.
    fn between(&self, from: &str, to: &str) -> (Vec<usize>, Vec<String>) {
        let (Some(low), Some(high)) = (Key::of(from), Key::of(to)) else {
            return (Vec::new(), Vec::new());
        };
        let start = self.keys.partition_point(|(key, _)| *key < low);
        let inside = self.keys[start..].iter().take_while(|(key, _)| {
            *key <= high
                || key.is_part_of(&high)
                    && self
                        .keys
                        .binary_search_by(|(own, _)| own.cmp(&high))
                        .is_err()
        });
        let found: Vec<&(Key, usize)> = inside.collect();
        let is_there = |end: &Key| {
            found
                .iter()
                .any(|(key, _)| key == end || key.is_part_of(end))
        };
        let mut missing = Vec::new();
        for (end, spelled) in [(&low, from), (&high, to)] {
            if !is_there(end) && !missing.iter().any(|other| other == spelled) {
                missing.push(spelled.to_owned());
            }
        }
        (found.iter().map(|(_, index)| *index).collect(), missing)
    }
}

/// What phases say of the order, read with all that they may speak of.
pub(super) struct Sayings<'a> {
    pub(super) phases: &'a [Phase<'a>],
    pub(super) groups: &'a [Group],
    pub(super) numbers: &'a Numbers,
    pub(super) text: &'a Text<'a>,
    pub(super) faults: &'a mut Vec<Fault>,
    /// The group that each phase is in, by its order among them.
    pub(super) group_of: HashMap<usize, usize>,
    /// How many phases were named so far.
    pub(super) count: usize,
    /// Whether that they are too many was told.
    pub(super) too_many: bool,
}

impl Sayings<'_> {
    /// What this phase says.
    pub(super) fn of(&mut self, index: usize, parts: &[Part<'_>]) -> Known {
        let groups = self.groups;
        let mut known = Known {
            group: self.group_of.get(&index).copied(),
            ..Known::default()
        };
        match first(parts, Topic::Dependencies) {
            Some(part) => self.depends(index, part, &mut known),
            // Nobody says what it waits for.
            None => known.waits = true,
        }
        if let Some(part) = first(parts, Topic::Parallel) {
            self.beside(index, part, &mut known);
        }
        if let Some(group) = known.group {
            let start = &groups[group].start;
            let (phases, _) = self.numbers.resolve(start);
            known.after.extend(phases);
            known.after.extend(of_groups(start, groups));
            known.after.retain(|other| *other != index);
        }
        known
    }

    /// `Dependencies`: needs, or the safe reading of what names no phase.
    fn depends(&mut self, index: usize, part: &Part<'_>, known: &mut Known) {
        const FIRST: [&str; 4] = [
            "before any other",
            "before all other",
            "before any phase",
            "before everything",
        ];
        if self.too_many {
            return;
        }
        let said = value(part);
        let Some(needed) = needed(&said) else {
            let lower = said.to_lowercase();
            known.first = FIRST.iter().any(|saying| lower.contains(saying));
            return;
        };
        let named = names(&needed, false);
        if named.is_empty() {
            known.waits = true;
            self.not_understood(index, part, &said);
            return;
        }
        let (mut needs, missing) = self.numbers.resolve(&named);
        self.missing(index, part, missing);
        let of_groups = of_groups(&named, self.groups);
        needs.extend(of_groups.into_iter().filter(|other| *other != index));
        if named.all_before {
            needs.extend(0..index);
        }
        if named.one_before {
            needs.extend(index.checked_sub(1));
        }
        let mut seen = HashSet::new();
        needs.retain(|need| seen.insert(*need));
        self.count += needs.len();
        if self.count > NEEDS_MAX {
            if !std::mem::replace(&mut self.too_many, true) {
                let message = "the phases depend on each other in more ways than can be told apart";
                let fault = self.text.error(part.place.clone(), message);
                self.faults
                    .push(fault.help("name only the phases that are needed at once"));
            }
            return;
        }
        known.needs = needs;
        if !named.unread.is_empty() {
            let message = format!(
                "what else phase `{}` depends on is not understood: `{}`",
                self.phases[index].id,
                named.unread.join(" ")
            );
            let fault = self.text.warning(part.place.clone(), message);
            self.faults
                .push(fault.help("only phases are waited for; put a remark in parentheses"));
        }
    }

    fn not_understood(&mut self, index: usize, part: &Part<'_>, said: &str) {
        let waits = match index.checked_sub(1) {
            Some(before) => format!(
                "so it waits for phase `{}` before it",
                self.phases[before].id
            ),
            None => "and it is the first".to_owned(),
        };
        let id = &self.phases[index].id;
        let message = format!("what phase `{id}` depends on is not understood, {waits}: `{said}`");
        let fault = self.text.warning(part.place.clone(), message);
        self.faults
            .push(fault.help("say `None`, or name the phases: `Phase 1, Phase 3-5`"));
    }

    fn missing(&mut self, index: usize, part: &Part<'_>, missing: Vec<String>) {
        let id = &self.phases[index].id;
        for other in missing {
            let message =
                format!("phase `{id}` depends on phase `{other}`, which the plan does not have");
            let ids = self.phases.iter().map(|phase| phase.id.as_str());
            let ids: Vec<&str> = ids.take(SHOWN + 1).collect();
            let fault = self.text.error(part.place.clone(), message);
            self.faults
                .push(fault.help(format!("its phases are {}", listed(&ids))));
        }
    }

    /// The phases that a text names but for this one; none where there are too many to tell apart.
    fn others(&mut self, index: usize, text: &str) -> Vec<usize> {
        if self.count > NEEDS_MAX {
            return Vec::new();
        }
        let mut found = self.numbers.resolve(&names(text, false)).0;
        found.retain(|other| *other != index);
        self.count += found.len();
        if self.count > NEEDS_MAX {
            found.clear();
        }
        found
    }

    /// `Parallel`: no means alone, `with` names what it may run beside, `after` what it comes after.
    fn beside(&mut self, index: usize, part: &Part<'_>, known: &mut Known) {
        let said = value(part).to_lowercase();
        let first = said
            .split(|c: char| !c.is_alphanumeric() && c != '/')
            .find(|word| !word.is_empty())
            .unwrap_or_default();
        match first {
            "no" | "none" | "n/a" | "never" | "sequential" => known.alone = true,
            "yes" | "with" | "true" | "phase" | "phases" | "all" => {
                // The remark is what counts here.
                let open = said.replace(['(', ')', '（', '）'], " ");
                let (with, after) = match open.split_once("after") {
                    Some((with, after)) => (with, Some(after)),
                    None => (open.as_str(), None),
                };
                known.beside = self.others(index, with);
                let after = after.map(|after| self.others(index, after));
                known.after.extend(after.unwrap_or_default());
            }
            // Of what stands in the phase itself nothing is said about other phases.
            "step" | "steps" | "" | "incremental" => {}
            _ => {
                let message = "what may run beside this phase is not understood, so its dependencies alone decide";
                let fault = self.text.warning(part.place.clone(), message);
                self.faults
                    .push(fault.help("say `Yes`, `No`, or `With Phase 2`"));
            }
        }
    }
}

fn of_groups(names: &Names, groups: &[Group]) -> Vec<usize> {
    if names.groups.is_empty() {
        return Vec::new();
    }
    let named = |group: &&Group| names.groups.iter().any(|name| is_called(&group.name, name));
    let members = groups
        .iter()
        .filter(named)
        .flat_map(|group| group.members.iter().copied());
    members.collect()
}

/// More are not listed in a sentence.
const SHOWN: usize = 12;

/// Ids in a sentence, not all of very many.
pub(super) fn listed(ids: &[&str]) -> String {
    let more = if ids.len() > SHOWN { ", …" } else { "" };
    format!("{}{more}", ids[..ids.len().min(SHOWN)].join(", "))
}

/// A value with all that is written below it, on one line.
fn value<'p>(part: &'p Part<'_>) -> Cow<'p, str> {
    let mut all = Cow::Borrowed(&*part.text);
    for text in part.below.iter().map(|line| parts::whole(line)) {
        match (all.is_empty(), text.is_empty()) {
            (_, true) => {}
            (true, false) => all = text,
            (false, false) => {
                let all = all.to_mut();
                all.push_str(", ");
                all.push_str(&text);
            }
        }
    }
    all
}
