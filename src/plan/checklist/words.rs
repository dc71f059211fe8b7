//! What the line of a box says: `T012 [P] [US1] Create the model ✅` is an id, two tags and a title.
//!
//! Knows neither boxes nor tasks: text in, its parts out.

use crate::plan::{ImportedStatus, tags};

/// The parts of a line, in whatever order they stood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::plan) struct Words {
    /// As it is written.
    pub(in crate::plan) id: Option<String>,
    /// What stands in brackets beside the id, without them.
    pub(in crate::plan) tags: Vec<String>,
    /// What remains, without the signs that people put around it.
    pub(in crate::plan) title: String,
    /// Whether it is called a task: `Task 1.1`.
    pub(in crate::plan) is_named: bool,
    /// Whether an asterisk follows the number: it may be left out.
    pub(in crate::plan) is_starred: bool,
    /// Whether one of these signs says that it is done.
    pub(in crate::plan) is_ticked: bool,
    /// Whether all of it is struck out, or a sign says the same.
    is_struck: bool,
}

/// Longer is a remark in brackets, not a tag.
const TAG_CHARS_MAX: usize = 24;

impl Words {
    pub(in crate::plan) fn of(line: &str) -> Self {
        Self::with(line, id)
    }

    /// The same where ids such as `TEST-US1-001` are known as well.
    pub(in crate::plan) fn with_codes(line: &str) -> Self {
        Self::with(line, |text| {
            id(text).or_else(|| {
                let (code, rest) = text.split_at(coded(text)?);
                Some((code, behind_id(rest)))
            })
        })
    }

    fn with(line: &str, id: impl Fn(&str) -> Option<(&str, &str)>) -> Self {
        let mut words = Self::default();
        let whole = tags::unstruck(line.trim());
        words.is_struck = whole.is_some();
        let mut rest = whole.as_deref().unwrap_or(line.trim());
        loop {
            rest = words.without_signs(rest);
            if words.id.is_none()
                && let Some((id, after)) = quoted_id(rest, &id).or_else(|| id(rest))
            {
                words.id = Some(id.to_owned());
                words.is_named = strip_task(rest).is_some();
                words.is_starred = after.starts_with("* ");
                rest = after.strip_prefix("* ").unwrap_or(after);
            } else if let Some((tag, after)) = tag(rest) {
                words.tags.push(tag.to_owned());
                rest = after;
            } else {
                break;
            }
        }
        rest = rest.trim_start_matches([':', '：', '-', '–', '—', '|', ' ']);
        let title = tags::unstruck(rest);
        words.is_struck |= title.is_some();
        words.title = words.trimmed(title.as_deref().unwrap_or(rest)).to_owned();
        if has_beside(&words.title) {
            words.tags.push("P".to_owned());
        }
        if words.title.is_empty() {
            line.trim().clone_into(&mut words.title);
        }
        words
    }

    /// Whether it is said that nobody does this: struck out, or under a tag such as `[SKIPPED]`.
    pub(in crate::plan) fn is_left_out(&self) -> bool {
        let skipped = Some(Some(ImportedStatus::Skipped));
        self.is_struck || self.tags.iter().any(|tag| tags::tag_says(tag) == skipped)
    }

    /// Whether one of the tags is `P`: it may run beside its neighbours.
    pub(in crate::plan) fn is_beside(&self) -> bool {
        self.tags.iter().any(|tag| tag.eq_ignore_ascii_case("p"))
    }

    /// What the signs around a title say.
    fn take_signs(&mut self, signs: &str) {
        self.is_ticked |= signs.contains(is_tick);
        self.is_struck |= signs.contains('⏭');
    }

    fn without_signs<'t>(&mut self, text: &'t str) -> &'t str {
        // Most text goes on with a word at once.
        if text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return text;
        }
        let rest = text.trim_start_matches(|c: char| c.is_whitespace() || is_sign(c));
        self.take_signs(&text[..text.len() - rest.len()]);
        rest
    }

    /// A title without what stands after its last word: signs, a colon, the tags that some put there, also the one that
    /// leaves it out.
    fn trimmed<'t>(&mut self, title: &'t str) -> &'t str {
        let mut title = title;
        loop {
            let bare = title.trim_end_matches(|c: char| {
                c.is_whitespace() || is_sign(c) || c == ':' || c == '：'
            });
            self.take_signs(&title[bare.len()..]);
            let beside = ["[P]", "(P)", "（P）"].into_iter();
            let beside = beside.filter_map(|tag| Some((bare.strip_suffix(tag)?, "P")));
            match beside.into_iter().next().or_else(|| left_out(bare)) {
                Some((rest, tag)) => {
                    self.tags.push(tag.to_owned());
                    title = rest;
                }
                None => return bare,
            }
        }
    }
}

/// Whether `(P)` stands among the words of a title, before what else is said there.
fn has_beside(title: &str) -> bool {
    const BRACKETS: [(&str, &str); 3] = [("(", ")"), ("[", "]"), ("（", "）")];
    let mut places = memchr::memchr_iter(b'P', title.as_bytes());
    places.any(|at| {
        let (before, after) = (&title[..at], &title[at + 1..]);
        BRACKETS.iter().any(|(opens, closes)| {
            let is_apart = before
                .strip_suffix(opens)
                .is_some_and(|before| before.ends_with(' '));
            let rest = after.strip_prefix(closes);
            is_apart && rest.is_some_and(|rest| rest.starts_with(' '))
        })
    })
}

/// The tag at the end of a title that says that nobody does this, and the title: `Add the page [SKIPPED]`, `… ⏭ skipped`.
fn left_out(title: &str) -> Option<(&str, &str)> {
    let (front, tag) = tags::bracketed(title).or_else(|| title.rsplit_once('⏭'))?;
    let is_left_out = tags::tag_says(tag) == Some(Some(ImportedStatus::Skipped));
    (is_left_out && !front.trim().is_empty()).then_some((front, tag))
}

/// Whether a sign says that something is done.
pub(in crate::plan) fn is_tick(c: char) -> bool {
    matches!(c, '✅' | '✓' | '✔' | '☑')
}

/// Symbols that decorate a line and are no part of what it says.
fn is_sign(c: char) -> bool {
    matches!(c, '\u{fe0f}' | '\u{200d}' | '\u{23e9}'..='\u{23f3}' | '\u{2600}'..='\u{27bf}' | '\u{2b1b}'..='\u{2b55}' | '\u{1f300}'..='\u{1faff}')
}

/// `[P]`, `[US1]` or `(P)`, but neither a link nor a remark.
fn tag(text: &str) -> Option<(&str, &str)> {
    let Some(inside) = text.strip_prefix('[') else {
        let mut beside = ["(P)", "（P）"].into_iter();
        let rest = beside.find_map(|beside| text.strip_prefix(beside))?;
        return Some(("P", rest));
    };
    let end = inside
        .bytes()
        .position(|byte| matches!(byte, b']' | b'[' | b'`' | b','))?;
    let (tag, rest) = (&inside[..end], inside[end..].strip_prefix(']')?);
    let fits = tag.len() <= TAG_CHARS_MAX || tag.chars().count() <= TAG_CHARS_MAX;
    (fits && !tag.trim().is_empty() && !rest.starts_with('(')).then(|| (tag.trim(), rest))
}

/// `` `T001` `` or `[T001]`.
fn quoted_id<'t>(
    text: &'t str,
    id: &impl Fn(&str) -> Option<(&str, &str)>,
) -> Option<(&'t str, &'t str)> {
    let (inside, rest) = match text.strip_prefix('`') {
        Some(inside) => inside.split_once('`')?,
        None => text.strip_prefix('[')?.split_once(']')?,
    };
    let (id, left) = id(inside.trim())?;
    let after = rest.trim_start_matches([':', '：', '.']);
    left.trim().is_empty().then_some((id, after))
}

/// An id at the start of a text, and what follows it and its punctuation.
pub(in crate::plan) fn id(text: &str) -> Option<(&str, &str)> {
    let named = strip_task(text).unwrap_or(text);
    let is_named = named.len() < text.len();
    if let Some(length) = lettered(named) {
        let (id, rest) = named.split_at(length);
        return Some((id, behind_id(rest)));
    }
    let length = numbered(named)?;
    let (id, rest) = named.split_at(length);
    let after = rest.trim_start_matches(['.', ')', ':', '：', '、']);
    let is_punctuated = after.len() < rest.len();
    let is_apart = after.is_empty() || !after.starts_with(|c: char| c.is_ascii_alphanumeric());
    let is_outline = id.contains('.') || is_punctuated || is_named;
    let is_calculated = after.starts_with('*') && !after.starts_with("* ");
    let is_number = !is_calculated && !after.starts_with(['%', '-', '/', '+', '°', ',']);
    (is_outline && is_apart && is_number).then_some((id, after))
}

fn behind_id(rest: &str) -> &str {
    rest.trim_start_matches(['.', ')', ':', '：'])
}

/// What follows the word "task".
pub(super) fn strip_task(text: &str) -> Option<&str> {
    let (start, rest) = text.split_at_checked("task".len()).unwrap_or((text, ""));
    if start.eq_ignore_ascii_case("task") && rest.starts_with(char::is_whitespace) {
        return Some(rest.trim_start());
    }
    let words = ["任务", "任務", "タスク"];
    let rest = words
        .iter()
        .find_map(|word| text.strip_prefix(word))?
        .trim_start();
    rest.starts_with(|c: char| c.is_ascii_digit() || c == 'T')
        .then_some(rest)
}

/// How long `T001`, `T-107`, `T129A`, `T052.1` or `TASK-001-001` is.
pub(in crate::plan) fn lettered(text: &str) -> Option<usize> {
    let word = ["TASK", "Task", "T"];
    let prefix = word.into_iter().find(|word| text.starts_with(word))?;
    let dashed = text[prefix.len()..].starts_with('-');
    let mut end = prefix.len() + usize::from(dashed);
    end += digits(&text[end..])?;
    while let Some(more) = part(&text[end..], dashed) {
        end += more;
    }
    let mut following = text[end..].chars();
    match (following.next(), following.next()) {
        (Some(c), next) if c.is_ascii_alphabetic() => {
            let is_suffix = !next.is_some_and(|c| c.is_ascii_alphanumeric());
            // Where someone has stripped all spaces, the title begins right after the number.
            let is_title = c.is_ascii_uppercase() && next.is_some_and(|c| c.is_ascii_lowercase());
            match (is_suffix, is_title) {
                (true, _) => Some(end + 1),
                (false, true) => Some(end),
                (false, false) => None,
            }
        }
        (Some('_'), _) => None,
        _ => Some(end),
    }
}

/// How long `OBS-001` or `TEST-US1-001` is: capitals and digits joined by dashes, digits last.
pub(in crate::plan) fn coded(text: &str) -> Option<usize> {
    const STANDARDS: [&str; 14] = [
        "SHA", "UTF", "ISO", "RFC", "HTTP", "AES", "RSA", "TLS", "ES", "CVE", "IEEE", "PEP",
        "WCAG", "OAUTH",
    ];
    let is_code = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'-';
    if !text.starts_with(|c: char| c.is_ascii_uppercase()) {
        return None;
    }
    let word = &text[..text.bytes().take_while(is_code).count()];
    let kind = word.split_once('-')?.0;
    if STANDARDS.contains(&kind) || is_criterion(word) {
        return None;
    }
    let (mut end, mut is_counted) = (kind.len(), false);
    for part in word[end + 1..].split('-').filter(|part| !part.is_empty()) {
        let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
        // Behind its number another id begins.
        if is_counted && !is_number {
            break;
        }
        is_counted |= is_number;
        end += 1 + part.len();
    }
    let code = text.get(..end)?;
    let mut following = text[end..].chars();
    let goes_on = match following.next() {
        Some('.') => following.next().is_some_and(|c| c.is_ascii_digit()),
        Some(c) => c.is_alphanumeric() || c == '_',
        None => false,
    };
    let is_id = end > kind.len() && code.ends_with(|c: char| c.is_ascii_digit());
    (is_id && !code.contains("--") && !goes_on).then_some(end)
}

/// How long `1`, `1.1`, `2.10.3`, `5a` or `8a.1` is.
pub(in crate::plan) fn numbered(text: &str) -> Option<usize> {
    let mut end = digits(text)?;
    let letter = text.as_bytes().get(end).map(u8::to_ascii_lowercase);
    let is_lettered = letter.is_some_and(|letter| (b'a'..=b'h').contains(&letter));
    if is_lettered && part(&text[end + 1..], false).is_some() {
        end += 1;
    }
    while let Some(more) = part(&text[end..], false) {
        end += more;
    }
    let mut following = text[end..].chars();
    let suffix = following.next().filter(|c| ('a'..='h').contains(c));
    let is_suffix = suffix.is_some() && !following.next().is_some_and(char::is_alphanumeric);
    Some(end + usize::from(is_suffix))
}

/// A further part of an id: a dot or dash and digits.
fn part(text: &str, dashed: bool) -> Option<usize> {
    let is_joined = text.starts_with('.') || dashed && text.starts_with('-');
    is_joined.then(|| digits(&text[1..]).map(|more| more + 1))?
}

/// How many digits a text begins with; no id has more than nine.
fn digits(text: &str) -> Option<usize> {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    (1..=9).contains(&count).then_some(count)
}

/// Whether what stands there is a requirement or a criterion by its id, such as `SC-001`.
pub(in crate::plan) fn is_criterion(line: &str) -> bool {
    const KINDS: [&str; 7] = ["SC", "FR", "NFR", "AC", "CHK", "REQ", "US"];
    let line = line.trim_start_matches(['*', '`', '[', ' ']);
    let kind = line.bytes().take_while(u8::is_ascii_uppercase).count();
    let number = line[kind..].trim_start_matches('-');
    KINDS.contains(&&line[..kind]) && number.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{Words, is_criterion};

    fn parts(line: &str) -> (Option<String>, String, String) {
        let words = Words::of(line);
        (words.id, words.tags.join(" "), words.title)
    }

    #[test]
    fn ids_are_told_from_the_words_that_follow_them() {
        for (line, id, tags, title) in [
            (
                "T001 [P] [US1] Create `a.rs`",
                "T001",
                "P US1",
                "Create `a.rs`",
            ),
            ("T001[P][TE]Create it", "T001", "P TE", "Create it"),
            ("T001Create it", "T001", "", "Create it"),
            ("T-107 `src/a.ts`：", "T-107", "", "`src/a.ts`"),
            ("T129A [P] Later", "T129A", "P", "Later"),
            ("T052.1 Between", "T052.1", "", "Between"),
            ("[T003] Quoted", "T003", "", "Quoted"),
            ("`T004`: Quoted", "T004", "", "Quoted"),
            ("TASK-001-002：数据模型", "TASK-001-002", "", "数据模型"),
            ("Task 1.1: Update", "1.1", "", "Update"),
            ("任务 2：重构", "2", "", "重构"),
            ("1. Title", "1", "", "Title"),
            ("1.1 Sub (P)", "1.1", "P", "Sub"),
            ("1.1 (P) Sub", "1.1", "P", "Sub"),
            ("2.1.3 Deep", "2.1.3", "", "Deep"),
            ("1.1创建", "1.1", "", "创建"),
            ("T002 Tick it ✅", "T002", "", "Tick it"),
            ("T003 Last [P]", "T003", "P", "Last"),
            ("1.2a Between", "1.2a", "", "Between"),
            ("12.7* Optional", "12.7", "", "Optional"),
            ("8a.1 Between", "8a.1", "", "Between"),
        ] {
            let found = parts(line);
            assert_eq!(
                found,
                (Some(id.to_owned()), tags.to_owned(), title.to_owned()),
                "{line}"
            );
        }
    }

    #[test]
    fn what_only_looks_like_an_id_is_part_of_the_title() {
        for line in [
            "3 retries on failure",
            "TypeScript set up",
            "T_max is kept",
            "100% pass",
            "24/7 support",
            "1.5x faster",
            "TLS12 only",
        ] {
            assert_eq!(parts(line), (None, String::new(), line.to_owned()));
        }
        assert_eq!(parts("[Name of the feature]").2, "[Name of the feature]");
    }

    #[test]
    fn ids_of_several_words_are_told_from_standards_and_requirements() {
        for (line, id) in [
            ("OBS-001 [P] Log it", "OBS-001"),
            ("TEST-US1-001: Test it", "TEST-US1-001"),
            ("`PERF-001` Measure it", "PERF-001"),
            ("DOC-1-2-E2E-3", "DOC-1-2"),
        ] {
            assert_eq!(Words::with_codes(line).id.as_deref(), Some(id), "{line}");
            assert_eq!(Words::of(line).id, None, "{line}");
        }
        for line in [
            "UTF-8 is read",
            "TLS-1.2 only",
            "NFR-001 Fast",
            "US-1 works",
            "A-B test",
            "F-16b",
            "MD5 sums",
            "B2-- x",
            "OBS-001.5",
        ] {
            assert_eq!(Words::with_codes(line).id, None, "{line}");
        }
    }

    #[test]
    fn requirements_are_told_by_their_ids() {
        for line in [
            "SC-001 Fast",
            "**FR-2**: Login",
            "CHK001 Is it",
            "US1 works",
        ] {
            assert!(is_criterion(line), "{line}");
        }
        for line in ["T001 Fast", "USB support", "ACME"] {
            assert!(!is_criterion(line), "{line}");
        }
    }
}
