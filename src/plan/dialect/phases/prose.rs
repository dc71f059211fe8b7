//! Phases as prose names them: `Phase 1 (types)`, `Phases 1-3 complete`, `All previous phases`.
//!
//! Knows no plan: it says which numbers, ranges and groups a text names, and which words it did not understand.

/// A phase's number in a form that compares: `5` before `5a` before `6`, `1` before `1.5`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    numbers: Vec<u64>,
    letter: String,
}

impl Key {
    /// The key of an id that is nothing else.
    pub(super) fn of(id: &str) -> Option<Self> {
        if Self::leading(id)? != id {
            return None;
        }
        let digits = id.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let number = |digits: &str| digits.parse().unwrap_or(u64::MAX);
        Some(Self {
            numbers: digits.split('.').map(number).collect(),
            letter: id[digits.len()..].to_ascii_lowercase(),
        })
    }

    /// The id that a text begins with: digits, with dots between them or a letter behind.
    pub(super) fn leading(text: &str) -> Option<&str> {
        let mut end = 0;
        loop {
            let digits = text[end..].bytes().take_while(u8::is_ascii_digit).count();
            if digits == 0 {
                // A dot that no digit follows ends a sentence.
                end = end.checked_sub(1)?;
                break;
            }
            end += digits;
            if !text[end..].starts_with('.') {
                break;
            }
            end += 1;
        }
        let letters = text[end..]
            .bytes()
            .take_while(u8::is_ascii_alphabetic)
            .count();
        if letters == 1 {
            end += letters;
        }
        let goes_on = text[end..]
            .chars()
            .next()
            .is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        (end > 0 && !goes_on).then(|| &text[..end])
    }

    /// Whether this is a part of the other: `5a` of `5`.
    pub(super) fn is_part_of(&self, whole: &Key) -> bool {
        let is_longer = self.numbers.len() > whole.numbers.len() || !self.letter.is_empty();
        whole.letter.is_empty() && is_longer && self.numbers.starts_with(&whole.numbers)
    }
}

/// What a text names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Names {
    /// Phases and ranges of phases, as written.
    pub(super) phases: Vec<(String, Option<String>)>,
    /// Groups, as written.
    pub(super) groups: Vec<String>,
    /// `All previous phases`.
    pub(super) all_before: bool,
    /// `Previous phase`.
    pub(super) one_before: bool,
    /// Words that say something else.
    pub(super) unread: Vec<String>,
}

impl Names {
    /// Whether it names nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.phases.is_empty() && self.groups.is_empty() && !self.all_before && !self.one_before
    }
}

/// A text without its remarks in parentheses; one that is never closed reaches to the end.
pub(super) fn without_remarks(text: &str) -> String {
    let mut depth = 0_usize;
    let outside = |c: &char| match c {
        '(' | '（' => {
            depth += 1;
            false
        }
        ')' | '）' => {
            depth = depth.saturating_sub(1);
            false
        }
        _ => depth == 0,
    };
    text.chars().filter(outside).collect()
}

/// Whether a text says that there is nothing.
pub(super) fn says_none(text: &str) -> bool {
    const NONE: [&str; 12] = [
        "none",
        "no",
        "n/a",
        "na",
        "nil",
        "nothing",
        "independent",
        "无",
        "無",
        "なし",
        "keine",
        "ninguna",
    ];
    let text = text.trim().trim_matches(['`', '*', '_', '"']);
    let is_sign = |c: char| {
        matches!(c, ',' | ';' | '.' | ':' | '，' | '。' | '；' | '：')
            || matches!(c, '(' | '（' | '—' | '–')
    };
    let first = text
        .split(|c: char| c.is_whitespace() || is_sign(c))
        .next()
        .unwrap_or_default();
    let is_dash = !text.is_empty() && text.chars().all(|c| matches!(c, '-' | '–' | '—'));
    NONE.iter().any(|none| none.eq_ignore_ascii_case(first)) || is_dash
}

/// What a text about needs says of them without the parts of it that deny one; nothing where it says that there are
/// none: `None; runs beside Phase 2`, but `No dependency on Phase 3; needs Phase 1`.
pub(super) fn needed(text: &str) -> Option<String> {
    // Most phases that need nothing say so in one word.
    if says_none(text) && text.chars().all(char::is_alphanumeric) {
        return None;
    }
    let text = without_remarks(text);
    let says_none_first = says_none(&text);
    let mut kept = Vec::new();
    for clause in text.split([';', '；', '。']) {
        match (says_none(clause), says_none_first) {
            (false, false) => kept.push(clause.to_owned()),
            (false, true) => kept.extend(asked_for(clause)),
            (true, _) => {
                let split = clause.replace(" but ", ",").replace(" and ", ",");
                kept.extend(split.split([',', '，']).skip(1).filter_map(asked_for));
            }
        }
    }
    (!kept.is_empty()).then(|| kept.join("; "))
}

/// The needs that a clause says it has; what it says of other phases' needs is none of them.
fn asked_for(clause: &str) -> Option<String> {
    let tokens = tokens(clause);
    let is =
        |token: &str, words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(token));
    let at = tokens.iter().position(|token| {
        is(
            token,
            &[
                "needs", "need", "requires", "require", "depends", "depend", "after",
            ],
        )
    })?;
    let (before, after) = (tokens[..at].join(" "), tokens[at + 1..].join(" "));
    let denies = tokens[..at]
        .iter()
        .any(|token| is(token, &["no", "not", "never"]));
    let is_own = !denies && names(&before, false).is_empty();
    (is_own && !names(&after, false).is_empty()).then_some(after)
}

/// The phases that a text names. `bare`: numbers count without the word `Phase` before them.
pub(super) fn names(text: &str, bare: bool) -> Names {
    let text = without_remarks(text);
    let tokens = tokens(&text);
    let mut names = Names::default();
    // Whether a number that follows is a phase's.
    let mut is_phase = bare;
    let mut quantity: Option<bool> = None;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        let word = token.to_lowercase();
        if let Some(id) = Key::of(token).filter(|_| is_phase).map(|_| token) {
            let end = tokens
                .get(at + 1)
                .filter(|_| tokens.get(at).is_some_and(|mark| is_range(mark)));
            let end = match end.map(|end| end.to_lowercase()) {
                // `Phase 1 to Phase 3`.
                Some(end) if end == "phase" => tokens.get(at + 2).map(|id| (id, 3)),
                _ => end.map(|id| (id, 2)),
            };
            let end = end.filter(|(end, _)| Key::of(end).is_some());
            names
                .phases
                .push((id.to_string(), end.map(|(end, _)| end.to_string())));
            at += end.map_or(0, |(_, used)| used);
            quantity = None;
            continue;
        }
        match word.as_str() {
            "phase" | "phases" => {
                is_phase = true;
                match quantity.take() {
                    _ if tokens.get(at).is_some_and(|next| Key::of(next).is_some()) => {}
                    Some(true) => names.all_before = true,
                    Some(false) => names.one_before = true,
                    None => {}
                }
            }
            "group" | "groups" => {
                is_phase = false;
                if let Some(group) = tokens.get(at) {
                    names.groups.push((*group).to_owned());
                    at += 1;
                }
            }
            "all" | "every" => quantity = Some(true),
            "previous" | "prior" | "preceding" | "earlier" | "other" => {
                quantity = Some(quantity.unwrap_or(false));
            }
            "step" | "steps" | "task" | "tasks" => {
                is_phase = false;
                names.unread.push((*token).to_owned());
            }
            _ if is_glue(&word) => {}
            _ if !names.is_empty() && begins_remark(&word) => break,
            _ => names.unread.push((*token).to_owned()),
        }
    }
    if quantity == Some(true) && names.is_empty() {
        names.all_before = true;
    }
    names
}

fn is_range(mark: &str) -> bool {
    matches!(
        mark,
        "-" | "–" | "—" | "~" | "～" | "to" | "through" | "thru" | ".."
    )
}

/// Words and signs between phases that change nothing of what is named.
fn is_glue(word: &str) -> bool {
    matches!(
        word,
        "," | ";"
            | "、"
            | "，"
            | "；"
            | "&"
            | "+"
            | "/"
            | "."
            | "。"
            | "*"
            | "`"
            | "and"
            | "plus"
            | "or"
            | "the"
            | "both"
            | "must"
            | "be"
            | "is"
            | "are"
            | "has"
            | "have"
            | "been"
            | "complete"
            | "completed"
            | "completes"
            | "completion"
            | "done"
            | "finished"
            | "after"
            | "on"
            | "of"
            | "only"
            | "depends"
            | "depend"
            | "requires"
            | "require"
            | "needs"
            | "once"
            | "when"
            | "ends"
            | "implemented"
            | "from"
            | "with"
            | "完成"
            | "和"
            | "及"
    )
}

/// What follows these says why, and no more which.
fn begins_remark(word: &str) -> bool {
    matches!(
        word,
        "-" | "–"
            | "—"
            | "→"
            | ":"
            | "："
            | "for"
            | "because"
            | "since"
            | "so"
            | "as"
            | "to"
            | "if"
            | "which"
            | "using"
            | "provides"
            | "where"
            | "that"
            | "in"
    )
}

/// Words, ids and signs. A dot or a dash within a word belongs to it.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '\'';
        let length = if let Some(id) = Key::leading(rest) {
            id.len()
        } else if is_word(first) {
            let end = |(at, c): (usize, char)| {
                let joins = matches!(c, '.' | '-') && rest[at + 1..].starts_with(is_word);
                !(is_word(c) || joins)
            };
            rest.char_indices()
                .find(|found| end(*found))
                .map_or(rest.len(), |(at, _)| at)
        } else {
            first.len_utf8()
        };
        tokens.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::{Key, Names, names, needed, says_none};

    fn phases(text: &str) -> Vec<String> {
        let names = names(text, false);
        assert!(names.unread.is_empty(), "{text}: {names:?}");
        let spelled = |(from, to): (String, Option<String>)| match to {
            Some(to) => format!("{from}..{to}"),
            None => from,
        };
        names.phases.into_iter().map(spelled).collect()
    }

    #[test]
    fn phases_are_named_in_the_spellings_of_the_field() {
        for (text, expected) in [
            ("Phase 1", vec!["1"]),
            ("Phase 1 complete", vec!["1"]),
            ("Phase 1 (types)", vec!["1"]),
            ("Phase 1 (requires `AudioError`, Phase 9)", vec!["1"]),
            ("Phase 3, Phase 4", vec!["3", "4"]),
            ("Phases 1, 2, 3", vec!["1", "2", "3"]),
            ("Phases 4 and 5 complete", vec!["4", "5"]),
            ("Phases 1-5 complete", vec!["1..5"]),
            ("Phase 3-5", vec!["3..5"]),
            ("Phases 1–3", vec!["1..3"]),
            ("Phases 1~3", vec!["1..3"]),
            ("Phase 1 to Phase 3", vec!["1..3"]),
            ("Phase 5a", vec!["5a"]),
            ("Phase 1.5", vec!["1.5"]),
            ("Phase 1.", vec!["1"]),
            ("Phase 1 - the types", vec!["1"]),
            ("Phase 6 for the safe pattern of Phase 2", vec!["6"]),
            ("Phase 1、Phase 2", vec!["1", "2"]),
            ("`Phase 1`", vec!["1"]),
        ] {
            assert_eq!(phases(text), expected, "{text}");
        }
    }

    #[test]
    fn all_and_the_previous_phases_are_understood() {
        for text in [
            "All previous phases",
            "all prior phases complete",
            "All phases",
            "All previous",
        ] {
            assert!(names(text, false).all_before, "{text}");
        }
        assert!(names("Previous phase", false).one_before);
        assert_eq!(names("All Phases 1-3", false).phases.len(), 1);
        assert!(!names("All Phases 1-3", false).all_before);
        assert_eq!(names("Group A complete", false).groups, ["A"]);
    }

    #[test]
    fn other_prose_names_nothing_and_says_so() {
        for text in ["Incremental", "Design approval", "Steps 2.1 and 2.2"] {
            let names = names(text, false);
            assert!(
                names.is_empty() && !names.unread.is_empty(),
                "{text}: {names:?}"
            );
        }
        assert_eq!(names("", false), Names::default());
    }

    #[test]
    fn nothing_is_said_in_many_ways() {
        for none in [
            "None",
            "none.",
            "None (can run in parallel with Phases 1-2)",
            "N/A",
            "—",
            "无",
            "None - MUST",
        ] {
            assert!(says_none(none), "{none}");
        }
        for some in ["Phase 1", "Not yet known", "Nonesuch", ""] {
            assert!(!says_none(some), "{some}");
        }
    }

    #[test]
    fn a_need_beside_a_denied_one_is_one() {
        for (text, expected) in [
            ("No dependency on Phase 3; needs Phase 1", vec!["1"]),
            (
                "No dependency on Phase 3, but needs Phases 1-2",
                vec!["1..2"],
            ),
            ("No dependency on Phase 3 and requires Phase 1", vec!["1"]),
            ("None (see Phase 2); starts after Phase 1", vec!["1"]),
            ("Phase 1; no dependency on Phase 3", vec!["1"]),
            ("Phase 1, Phase 2", vec!["1", "2"]),
        ] {
            assert_eq!(phases(&needed(text).expect("a need")), expected, "{text}");
        }
        for none in [
            "None",
            "No dependency on Phase 2 and Phase 3",
            "None; can run in parallel with Phase 2",
            "None; Phase 2 and Phase 3 need Phase 1",
            "None, does not need Phase 1",
            "None - MUST complete before any other phases",
        ] {
            assert_eq!(needed(none), None, "{none}");
        }
    }

    #[test]
    fn ids_are_ordered_as_people_count() {
        let key = |id: &str| Key::of(id).expect("an id");
        let ids = ["0", "1", "1.5", "2", "5", "5a", "5b", "6", "10"];
        assert!(ids.windows(2).all(|pair| key(pair[0]) < key(pair[1])));
        assert_eq!(key("01"), key("1"));
        assert!(key("5a").is_part_of(&key("5")) && !key("5").is_part_of(&key("5")));
        assert_eq!(Key::leading("3: x"), Some("3"));
        assert_eq!(Key::leading("1. x"), Some("1"));
        for none in ["", "x", "1x2", "3rd", "1abc"] {
            assert_eq!(Key::leading(none), None, "{none}");
        }
    }
}
