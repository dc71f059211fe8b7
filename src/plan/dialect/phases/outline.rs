//! Where the phases of a plan are: which headings begin one, what its id and title are, how far it reaches.
//!
//! The same number may head other sections as well (`### Phase 1 - Test Filtering` among the concerns), and phases
//! may stand at any level; what counts is where they stand and what they say. Knows no fields' meaning.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::parts;
use super::prose::Key;
use crate::plan::markdown::{Block, Document, Heading};
use crate::plan::tags::{status_beside, tag_says, unread, without_tags};
use crate::plan::text::{Text, find_word};
use crate::plan::{Fault, ImportedStatus, is_misspelt};

/// A heading that begins a phase, and all that belongs to it.
#[derive(Debug)]
pub(super) struct Phase<'d> {
    pub(super) id: String,
    pub(super) key: Key,
    pub(super) title: String,
    /// What its title says of it: `(DEFERRED)`, `✅`.
    pub(super) says: Option<ImportedStatus>,
    /// Whether its title calls it a design phase.
    pub(super) is_design: bool,
    /// Where its id stands.
    pub(super) at: usize,
    /// Its bytes.
    pub(super) range: Range<usize>,
    pub(super) section: &'d [Block],
}

/// What a heading says of a phase.
struct Named {
    id: String,
    key: Key,
    title: String,
    says: Option<ImportedStatus>,
    at: usize,
}

/// A heading that may begin a phase.
struct Candidate<'d> {
    block: usize,
    heading: &'d Heading,
    named: Named,
    /// What follows it, up to the next that may begin a phase.
    section: &'d [Block],
}

impl Candidate<'_> {
    /// Whether what follows it has the fields of a phase. Only asked in doubt: all of it may have to be read for that.
    fn has_fields(&self) -> bool {
        parts::are_a_phase(self.section)
    }
}

/// The phases of a document, in the order of the text.
pub(super) fn phases<'d>(
    document: &'d Document,
    text: &Text<'_>,
    faults: &mut Vec<Fault>,
) -> Vec<Phase<'d>> {
    let candidates: Vec<Candidate<'_>> = candidates(document, text).collect();
    let region = region(document, &candidates);
    let chosen = chosen(candidates, &region, text, faults);
    let starts: Vec<usize> = chosen.iter().map(|candidate| candidate.block).collect();
    let blocks = &document.blocks;
    let whole = |(nth, candidate): (usize, Candidate<'d>)| {
        let limit = starts.get(nth + 1).copied().unwrap_or(blocks.len());
        let end = section_end(blocks, candidate.block, limit);
        let next = blocks.get(end).and_then(|block| match block {
            Block::Heading(heading) => Some(heading.range.start),
            _ => None,
        });
        let Named {
            id,
            key,
            title,
            says,
            at,
        } = candidate.named;
        Phase {
            id,
            key,
            title,
            says,
            is_design: is_called_design(&candidate.heading.title),
            at,
            range: candidate.heading.range.start..next.unwrap_or(text.text.len()),
            section: &blocks[candidate.block + 1..end],
        }
    };
    chosen.into_iter().enumerate().map(whole).collect()
}

fn is_called_design(title: &str) -> bool {
    find_word(title, "(design").is_some()
}

/// Of several with one number the first that stands where phases stand, and what else looks like a phase and has
/// another number; in the order of the text.
fn chosen<'d>(
    candidates: Vec<Candidate<'d>>,
    region: &Range<usize>,
    text: &Text<'_>,
    faults: &mut Vec<Fault>,
) -> Vec<Candidate<'d>> {
    let is_inside = |candidate: &Candidate<'_>| region.contains(&candidate.block);
    let Some(first) = candidates.iter().find(|candidate| is_inside(candidate)) else {
        return Vec::new();
    };
    let level = first.heading.level;
    let (here, elsewhere): (Vec<_>, Vec<_>) = candidates
        .into_iter()
        .partition(|candidate| is_inside(candidate) && candidate.heading.level == level);
    let mut starts: HashMap<Key, usize> = HashMap::with_capacity(here.len());
    let mut chosen = Vec::new();
    for candidate in here {
        let named = &candidate.named;
        if let Some(start) = starts.get(&named.key) {
            if candidate.has_fields() {
                let line = text.location(*start).line;
                let message = format!("phase `{}` is there twice", named.id);
                let place = named.at..named.at + named.id.len();
                faults.push(text.warning(place, message).help(format!(
                    "the one in line {line} is read, and this one is not; give it another number"
                )));
            }
            continue;
        }
        starts.insert(named.key.clone(), candidate.heading.range.start);
        chosen.push(candidate);
    }
    for candidate in elsewhere {
        let named = &candidate.named;
        if !starts.contains_key(&named.key) && candidate.has_fields() {
            starts.insert(named.key.clone(), candidate.heading.range.start);
            chosen.push(candidate);
        }
    }
    chosen.sort_by_key(|candidate| candidate.block);
    chosen
}

/// Headings of the level of phases that nearly begin one: misspelt, or with a word for the number and the fields of one.
pub(super) fn near_misses(
    document: &Document,
    phases: &[Phase<'_>],
    text: &Text<'_>,
) -> Vec<Fault> {
    let is_phase: HashSet<usize> = phases.iter().map(|phase| phase.range.start).collect();
    let of_phases = document
        .headings()
        .filter(|(_, heading)| is_phase.contains(&heading.range.start));
    let levels: HashSet<u8> = of_phases.map(|(_, heading)| heading.level).collect();
    let is_near = |at: usize, heading: &Heading| {
        let spelled = heading
            .title
            .trim_start_matches(|c: char| !c.is_alphanumeric());
        let mut words = spelled.split([' ', ':', '-', '#']);
        let (word, next) = (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        );
        let letters = word.trim_end_matches(|c: char| c.is_ascii_digit());
        let is_named = letters.eq_ignore_ascii_case("phase");
        let is_numbered = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
        if is_named && letters.len() < word.len() {
            return true;
        }
        if is_named {
            let blocks = &document.blocks;
            let end = section_end(blocks, at, blocks.len());
            return !next.is_empty() && parts::are_a_phase(&blocks[at + 1..end]);
        }
        let is_plural = letters.eq_ignore_ascii_case("phases");
        is_numbered(next) && !is_plural && is_misspelt(letters, &["phase"])
    };
    document
        .headings()
        .filter(|(_, heading)| {
            let is_read = is_phase.contains(&heading.range.start);
            !is_read && levels.contains(&heading.level) && named(heading, text).is_none()
        })
        .filter(|(at, heading)| is_near(*at, heading))
        .map(|(_, heading)| {
            let message = format!("`{}` is not read as a phase", heading.title);
            let fault = text.warning(heading.range.clone(), message);
            fault.help("a phase is a heading such as `### Phase 1: Core types`")
        })
        .collect()
}

/// Statuses beside titles that mean nothing here: `### Phase 2: Add it [BLOCKED]`.
pub(super) fn unread_statuses(phases: &[Phase<'_>], text: &Text<'_>) -> Vec<Fault> {
    let unread = |phase: &Phase<'_>| {
        let tag = status_beside(&phase.title).filter(|_| phase.says.is_none())?;
        let rest = text.text[phase.at..].lines().next().unwrap_or_default();
        let place = phase.at..phase.at + rest.trim_end().len();
        Some(unread(tag, place, text))
    };
    phases.iter().filter_map(unread).collect()
}

/// What follows each heading that may begin a phase, one after the other: most plans say at once that they are one.
pub(super) fn sections<'d>(
    document: &'d Document,
    text: &Text<'_>,
) -> impl Iterator<Item = &'d [Block]> {
    candidates(document, text).map(|candidate| candidate.section)
}

fn candidates<'d>(document: &'d Document, text: &Text<'_>) -> impl Iterator<Item = Candidate<'d>> {
    let blocks = &document.blocks;
    let named = |(at, heading): (usize, &'d Heading)| Some((at, heading, named(heading, text)?));
    let mut named = document.headings().filter_map(named).peekable();
    std::iter::from_fn(move || {
        let (block, heading, named_so) = named.next()?;
        let limit = named.peek().map_or(blocks.len(), |(next, ..)| *next);
        let end = section_end(blocks, block, limit);
        Some(Candidate {
            block,
            heading,
            named: named_so,
            section: &blocks[block + 1..end],
        })
    })
}

/// Where the section of the heading at `at` ends: at the next heading of its level or above, or at the limit.
fn section_end(blocks: &[Block], at: usize, limit: usize) -> usize {
    let Block::Heading(own) = &blocks[at] else {
        return limit;
    };
    let ends = |block: &Block| matches!(block, Block::Heading(next) if next.level <= own.level);
    let length = blocks[at + 1..limit].iter().position(ends);
    length.map_or(limit, |length| at + 1 + length)
}

/// The blocks among which phases are looked for first: those under `## Phases` or `## Plan`, or all of them.
fn region(document: &Document, candidates: &[Candidate<'_>]) -> Range<usize> {
    let all = 0..document.blocks.len();
    let is_phase: HashSet<usize> = candidates.iter().map(|candidate| candidate.block).collect();
    let headings: Vec<(usize, &Heading)> = document.headings().collect();
    let mut next = 0;
    while let Some((nth, (start, own))) = headings
        .iter()
        .enumerate()
        .skip(next)
        .find(|(_, (_, heading))| holds_phases(heading))
    {
        // Phases may stand at the level of the heading that announces them.
        let end = headings[nth + 1..]
            .iter()
            .position(|(block, heading)| heading.level <= own.level && !is_phase.contains(block));
        let end = end.map_or(headings.len(), |length| nth + 1 + length);
        if headings[nth..end]
            .iter()
            .any(|(block, _)| is_phase.contains(block))
        {
            let end = headings.get(end).map_or(all.end, |(block, _)| *block);
            return *start..end;
        }
        next = end.max(nth + 1);
    }
    all
}

fn holds_phases(heading: &Heading) -> bool {
    const NAMES: [&str; 7] = [
        "phases",
        "plan",
        "the plan",
        "implementation phases",
        "implementation plan",
        "execution plan",
        "plan phases",
    ];
    let title = heading.title.trim_matches(|c: char| !c.is_alphanumeric());
    let is_one = |name: &&str| name.eq_ignore_ascii_case(title);
    heading.level <= 2 && NAMES.iter().any(is_one)
}

/// `Phase 3: title`, with a dash or a remark in parentheses for the colon; ids are `3`, `5a`, `1.5`.
fn named(heading: &Heading, text: &Text<'_>) -> Option<Named> {
    if !(2..=4).contains(&heading.level) {
        return None;
    }
    let spelled = heading
        .title
        .trim_start_matches(|c: char| !c.is_alphanumeric());
    let before = &heading.title[..heading.title.len() - spelled.len()];
    let (word, rest) = spelled.split_at_checked(5)?;
    if !word.eq_ignore_ascii_case("phase") {
        return None;
    }
    let rest = rest.strip_prefix([' ', '-', '#', '\u{a0}'])?.trim_start();
    let id = Key::leading(rest)?;
    let rest = &rest[id.len()..];
    let raw = &text.text[heading.range.clone()];
    let after_word = find_word(raw, "phase").map_or(0, |at| at + word.len());
    let at = raw[after_word..].find(id).map_or(0, |at| after_word + at) + heading.range.start;
    let (remark, rest) = parts_of(rest);
    let (bare, mut says) = without_tags(rest);
    let mut title = bare.into_owned();
    match tag_says(remark) {
        Some(tag) => says = says.or(tag),
        None if remark.is_empty() => {}
        None if title.is_empty() => title = remark.to_owned(),
        None => title = format!("{title} ({remark})"),
    }
    let is_ticked = before.contains(['✅', '✓', '✔', '☑']);
    Some(Named {
        id: id.to_owned(),
        key: Key::of(id)?,
        title: if title.is_empty() {
            format!("Phase {id}")
        } else {
            title
        },
        says: says.or(is_ticked.then_some(ImportedStatus::Done)),
        at,
    })
}

/// What follows an id, as a remark in parentheses and a title: `(Parallel): Build it`.
fn parts_of(rest: &str) -> (&str, &str) {
    const SEPARATORS: [char; 11] = [' ', ':', '：', '-', '–', '—', '.', ')', ',', '|', '\u{a0}'];
    let rest = rest.trim();
    let remark = rest
        .strip_prefix(['(', '（'])
        .and_then(|inside| inside.split_once([')', '）']));
    let (remark, title) = remark.unwrap_or(("", rest));
    (remark.trim(), title.trim_start_matches(SEPARATORS))
}

#[cfg(test)]
mod tests {
    use super::parts_of;

    #[test]
    fn a_remark_may_stand_before_the_title() {
        assert_eq!(parts_of(": Build it"), ("", "Build it"));
        assert_eq!(parts_of(" - Build it"), ("", "Build it"));
        assert_eq!(
            parts_of(" (Parallel): Build it ✅"),
            ("Parallel", "Build it ✅")
        );
        assert_eq!(parts_of(" (Types)"), ("Types", ""));
        assert_eq!(parts_of("：类型"), ("", "类型"));
    }
}
