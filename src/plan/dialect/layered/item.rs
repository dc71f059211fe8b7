//! What one line says of a task: id, title, and the tags before and behind it.
//!
//! Knows lines, not documents: which lines are tasks is decided by its callers.

use crate::plan::markdown::{Line, Mark};
use crate::plan::text::char_start;
use crate::plan::{ImportedStatus, need_words, tags};

/// Words that look like ids and are none.
const NO_IDS: [&str; 11] = [
    "UTF", "SHA", "ISO", "RFC", "CVE", "AES", "RSA", "HTTP", "ECMA", "GPT", "WCAG",
];

/// Signs that people put behind what is done.
const DONE_SIGNS: [char; 4] = ['✅', '✔', '✓', '☑'];

/// What a ticked box says.
pub(super) const DONE: Result<Option<ImportedStatus>, ()> = Ok(Some(ImportedStatus::Done));

/// A line as a task.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Item {
    /// As it is written.
    pub(super) id: Option<String>,
    pub(super) title: String,
    /// Marked `[P]`.
    pub(super) parallel: bool,
    /// The number of a tag such as `[L1]`.
    pub(super) layer: Option<u32>,
    /// `@codex`, without the sign.
    pub(super) agent: Option<String>,
    /// What the line says that it depends on, in its words.
    pub(super) needs: Vec<String>,
    /// A command for the executor, such as `/clerk:init`.
    pub(super) command: Option<String>,
    /// The code that is to verify it.
    pub(super) verify: Option<String>,
    /// Whether a sign behind the title says that it is done.
    pub(super) signed: bool,
    /// Whether a tag says that nobody does it.
    pub(super) is_left_out: bool,
    /// A tag before the title that says how far it is.
    status: Option<String>,
}

impl Item {
    /// Reads the text of a line, without its box.
    pub(super) fn read(text: &str) -> Self {
        let mut item = Self::default();
        let rest = item.take_front(text.trim());
        let rest = item.take_back(rest);
        item.title = rest.trim().to_owned();
        item
    }

    /// The words beside the title that say how far it is, which only the box does.
    pub(super) fn status(&self) -> Option<&str> {
        let before = self.status.as_deref();
        before.or_else(|| tags::status_beside(&self.title))
    }

    /// Takes what stands before the title, in whatever order.
    fn take_front<'t>(&mut self, text: &'t str) -> &'t str {
        let mut rest = text;
        loop {
            let before = rest;
            if self.id.is_none()
                && let Some((id, after)) = leading_id(rest)
            {
                self.id = Some(id.to_owned());
                rest = after.trim_start_matches([' ', ':', '：', '-', '–', '—', '.', ')']);
            } else if let Some((tag, after)) = bracketed(rest) {
                if self.id.is_none() && is_id(tag) {
                    self.id = Some(tag.to_owned());
                } else if !self.take_tag(tag) {
                    return rest;
                }
                rest = after.trim_start();
            } else if let Some((agent, after)) = owner(rest) {
                self.agent.get_or_insert_with(|| agent.to_owned());
                rest = after.trim_start_matches([' ', ':', '：']);
            } else if let Some(after) = rest.strip_prefix("(P) ") {
                self.parallel = true;
                rest = after.trim_start();
            } else if let Some((layer, after)) = layer_prefix(rest) {
                self.layer = Some(layer);
                rest = after.trim_start();
            } else if let Some(after) = strip_word(rest, "task:").or(strip_word(rest, "task：")) {
                rest = after.trim_start();
            }
            if rest == before {
                return rest;
            }
        }
    }

    /// What may stand in brackets before or behind a title.
    fn take_tag(&mut self, tag: &str) -> bool {
        let upper = tag.to_ascii_uppercase();
        if upper == "P" {
            self.parallel = true;
        } else if let Some(layer) = upper.strip_prefix('L').and_then(|n| n.parse().ok()) {
            self.layer = Some(layer);
        } else if let Some(needs) = said_needs(tag) {
            self.needs.push(needs.to_owned());
        } else if tags::is_status(tag) {
            self.take_status(tag);
        } else {
            // A story, a team: short and without blanks.
            return tag.len() <= 12 && tag.chars().all(|c| c.is_ascii_alphanumeric());
        }
        true
    }

    /// Takes a tag that says how far a task is; but for one that leaves it out, that is the box's to say.
    fn take_status(&mut self, tag: &str) {
        match tags::tag_says(tag) {
            Some(Some(ImportedStatus::Skipped)) => self.is_left_out = true,
            _ => self.status = Some(tag.to_owned()),
        }
    }

    /// Takes what stands behind the title, the last first.
    fn take_back<'t>(&mut self, text: &'t str) -> &'t str {
        let mut rest = text.trim_end();
        loop {
            let before = rest;
            if let Some((front, tag)) = last_in(rest, ('[', ']'))
                && self.take_back_tag(tag)
            {
                rest = front;
            } else if let Some((front, words)) =
                last_in(rest, ('(', ')')).or_else(|| last_in(rest, ('（', '）')))
                && self.take_remark(words)
            {
                rest = front;
            } else if let Some((front, said)) = need_words::last(rest, &begins_with_id) {
                self.needs.push(said.value.trim().to_owned());
                rest = front;
            } else if let Some((front, code)) = verified(rest) {
                self.verify.get_or_insert_with(|| code.to_owned());
                rest = front;
            } else if let Some((front, tag)) = tags::bracketed(rest)
                && tags::tag_says(tag) == Some(Some(ImportedStatus::Skipped))
            {
                self.is_left_out = true;
                rest = front;
            } else if let Some(front) = without_sign(rest) {
                self.signed = true;
                rest = front;
            } else if let Some((front, last)) = rest.rsplit_once(' ')
                && let Some((agent, "")) = owner(last)
            {
                self.agent.get_or_insert_with(|| agent.to_owned());
                rest = front;
            }
            rest = rest.trim_end();
            if rest == before {
                return rest;
            }
        }
    }

    fn take_back_tag(&mut self, tag: &str) -> bool {
        let is_known = tag.eq_ignore_ascii_case("p")
            || said_needs(tag).is_some()
            || tag
                .strip_prefix(['L', 'l'])
                .is_some_and(|n| n.len() == 1 && n.parse::<u32>().is_ok());
        is_known && self.take_tag(tag)
    }

    /// Words in parentheses: marked parallel, a dependency on ids, or command, agent and difficulty.
    fn take_remark(&mut self, words: &str) -> bool {
        if words.eq_ignore_ascii_case("p") {
            self.parallel = true;
            return true;
        }
        if let Some(needs) = said_needs(words) {
            let are_ids = needs
                .split([',', '，', '、', ' ', '–', '-'])
                .filter(|word| !word.is_empty() && !word.eq_ignore_ascii_case("and"))
                .all(is_meant);
            if are_ids {
                self.needs.push(needs.to_owned());
            }
            return are_ids;
        }
        let mut parts = words.split([',', '，']).map(str::trim);
        let (Some(first), second, third, None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return false;
        };
        let command = first.trim_matches('`');
        let is_command = command.len() > 1 && command.starts_with('/') && !command.contains(' ');
        if !is_command || third.or(second).is_none_or(|word| !is_difficulty(word)) {
            return false;
        }
        self.command = Some(command.to_owned());
        if let (Some(agent), Some(_)) = (second, third) {
            self.agent = Some(agent.trim_matches('`').trim_start_matches('@').to_owned());
        }
        true
    }
}

/// What a line says after its bullet and box: its bold start and the rest.
pub(super) fn words(line: &Line) -> String {
    match &line.lead {
        Some(lead) => format!("{lead}: {}", line.text),
        None => line.text.clone(),
    }
}

/// What a box says; an error when the sign is none that is known.
pub(super) fn status_of(mark: &Mark) -> Result<Option<ImportedStatus>, ()> {
    match mark.sign.trim_end_matches('\u{fe0f}') {
        "" => Ok(None),
        "x" | "X" | "✅" | "✓" | "✔" | "☑" => Ok(Some(ImportedStatus::Done)),
        "~" | "-" | "/" | ">" => Ok(Some(ImportedStatus::InProgress)),
        _ => Err(()),
    }
}

/// Whether a line strikes out all that it says, but for a remark on that: `T003 ~~Add the page~~ (not needed)`.
pub(super) fn is_struck_out(line: &Line) -> bool {
    if !line.text.contains("~~") {
        return false;
    }
    tags::unstruck(&Item::read(&words(line)).title).is_some()
}

/// Whether a word says how hard a task is.
pub(super) fn is_difficulty(word: &str) -> bool {
    let word = word.trim_matches('`').to_ascii_lowercase();
    matches!(
        word.as_str(),
        "easy" | "medium" | "hard" | "simple" | "complex" | "junior" | "mid" | "senior" | "expert"
    )
}

/// What a tag or remark says that its task depends on.
fn said_needs(words: &str) -> Option<&str> {
    let said = need_words::remark(words, &begins_with_id)?;
    Some(said.value.trim())
}

/// Whether a text begins with an id, or several of them.
pub(super) fn begins_with_id(text: &str) -> bool {
    let text = strip_word(text, "tasks ")
        .or(strip_word(text, "task "))
        .unwrap_or(text);
    let ends =
        |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '，' | '、' | '–' | ']' | '`');
    let text = text.trim_start();
    let first = text.split(ends).next();
    first.is_some_and(|word| is_meant(word.trim_end_matches('.')))
}

/// Whether a word where a task is expected is an id: in small letters too, or a layer such as `L0`.
fn is_meant(word: &str) -> bool {
    let is_counted =
        |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    is_id(word) || word.strip_prefix(['t', 'L', 'l']).is_some_and(is_counted)
}

/// The rest behind a word, in whatever case.
pub(super) fn strip_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let (front, rest) = text.split_at_checked(word.len())?;
    front.eq_ignore_ascii_case(word).then_some(rest)
}

/// The id that a text begins with, and what follows it.
pub(super) fn leading_id(text: &str) -> Option<(&str, &str)> {
    let said = strip_word(text, "task ").map(str::trim_start);
    let rest = said.unwrap_or(text);
    let end = rest
        .find(|c: char| c.is_whitespace() || ":：)]，,（(".contains(c))
        .unwrap_or(rest.len());
    let token = &rest[..end];
    let id = token.trim_end_matches('.');
    let is_ended = id.len() < token.len() || rest[end..].starts_with([':', '：', ')']);
    let is_number = id.starts_with(|c: char| c.is_ascii_digit())
        && id
            .trim_end_matches(|c: char| c.is_ascii_lowercase())
            .parse::<u32>()
            .is_ok();
    let is_one = is_id(id) || is_number && (is_ended || said.is_some());
    is_one.then(|| (id, &rest[end..]))
}

/// Whether a word alone is an id: `T001`, `T-001`, `IMPL-1.1`, `T129A`, `1.1`, `5.2b`.
pub(super) fn is_id(word: &str) -> bool {
    let Some(digits) = word.find(|c: char| c.is_ascii_digit()) else {
        return false;
    };
    let (letters, number) = word.split_at(digits);
    if letters.is_empty() {
        return number.contains('.') && is_number(number);
    }
    let prefix = letters.trim_end_matches('-');
    let is_upper = prefix.chars().all(|c| c.is_ascii_uppercase());
    if prefix.is_empty() || prefix.len() > 6 || !is_upper || NO_IDS.contains(&prefix) {
        return false;
    }
    if letters.ends_with('-') {
        return letters.len() == prefix.len() + 1 && is_number(number);
    }
    match number.split_once('-') {
        Some((series, number)) => is_number(series) && is_number(number),
        None => prefix.len() == 1 && number.len() >= 2 && is_number(number),
    }
}

/// Digits, with dots between and perhaps a letter behind.
fn is_number(text: &str) -> bool {
    let bare = text
        .strip_suffix(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(text);
    let is_part =
        |part: &str| (1..=4).contains(&part.len()) && part.chars().all(|c| c.is_ascii_digit());
    bare.split('.').all(is_part)
}

/// A tag in brackets at the start, and what follows it.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    let (tag, rest) = text.strip_prefix('[')?.split_once(']')?;
    Some((tag.trim(), rest))
}

/// `@codex`, without the sign, and what follows it.
pub(super) fn owner(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix('@')?;
    let end = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
        .unwrap_or(rest.len());
    let (name, rest) = rest.split_at(end);
    let is_name =
        name.starts_with(|c: char| c.is_ascii_alphabetic()) && !rest.starts_with(['/', '.', '@']);
    is_name.then_some((name, rest))
}

/// `L0:` and `Layer 0:` at the start.
fn layer_prefix(text: &str) -> Option<(u32, &str)> {
    let rest = strip_word(text, "layer ").or_else(|| text.strip_prefix('L'))?;
    let end = rest.find(|c: char| !c.is_ascii_digit())?;
    let (number, rest) = rest.split_at(end);
    let rest = rest.strip_prefix([':', '：']).or_else(|| {
        let rest = rest.strip_prefix(' ')?;
        rest.strip_prefix(['-', '–', '—'])
    })?;
    Some((number.parse().ok()?, rest))
}

/// What the last pair of these signs holds, if nothing stands behind it, and what stands before it.
fn last_in(text: &str, (open, close): (char, char)) -> Option<(&str, &str)> {
    let inside = text.strip_suffix(close)?;
    let at = inside.rfind(open)?;
    Some((&text[..at], inside[at + open.len_utf8()..].trim()))
}

/// ``… — Verify: `npm test` `` at the end of a text: what stands before it, and the code.
fn verified(text: &str) -> Option<(&str, &str)> {
    let (before, code) = text.strip_suffix('`')?.rsplit_once('`')?;
    let before = before.trim_end().strip_suffix([':', '：'])?;
    let mut words = ["verify", "verified by", "verification", "validation"].iter();
    let front = words.find_map(|word| {
        let (front, last) = before.split_at_checked(before.len().checked_sub(word.len())?)?;
        last.eq_ignore_ascii_case(word).then_some(front)
    })?;
    let is_apart = front.ends_with(' ');
    let signs = [' ', '-', '–', '—', '|', ',', '.', ';'];
    (is_apart && !code.trim().is_empty()).then(|| (front.trim_end_matches(signs), code))
}

/// The text before a sign that it is done, with or without a remark in parentheses behind that.
fn without_sign(text: &str) -> Option<&str> {
    // Bytes of a remark: a line may be full of parentheses, each looked at from its end.
    const REMARK_MAX: usize = 500;
    let bare = text.trim_end_matches('\u{fe0f}');
    if let Some(before) = bare.strip_suffix(DONE_SIGNS) {
        return (!before.is_empty()).then_some(before);
    }
    let near = char_start(text, text.len().saturating_sub(REMARK_MAX));
    let remark = text.ends_with([')', '）']).then(|| &text[near..])?;
    let at = near + remark.rfind(DONE_SIGNS)?;
    let sign = text[at..].chars().next().map_or(0, char::len_utf8);
    let behind = text[at + sign..].trim_start_matches('\u{fe0f}').trim();
    (at > 0 && behind.starts_with(['(', '（'])).then(|| &text[..at])
}

#[cfg(test)]
mod tests {
    use super::{Item, is_id};

    #[test]
    fn ids_are_told_from_words() {
        for id in [
            "T001", "T-001", "IMPL-1.1", "T129A", "T052.1", "1.1", "1.2.3", "I012", "P4-001",
        ] {
            assert!(is_id(id), "{id} is an id");
        }
        for word in [
            "S3", "UTF-8", "SHA-256", "OAuth2", "3", "v1.2", "EC2", "T", "-1", "Phase",
        ] {
            assert!(!is_id(word), "{word} is none");
        }
    }

    #[test]
    fn tags_before_and_behind_a_title_are_no_part_of_it() {
        let item = Item::read("T002 [P] @claude Update README.md ✅ (532 lines implemented)");
        assert_eq!(item.id.as_deref(), Some("T002"));
        assert_eq!(item.title, "Update README.md");
        assert_eq!(item.agent.as_deref(), Some("claude"));
        assert!(item.parallel && item.signed);

        let item = Item::read("1.2 Add the table [depends: 1.1, 1.3] [P]");
        assert_eq!(
            (item.id.as_deref(), item.title.as_str()),
            (Some("1.2"), "Add the table")
        );
        assert_eq!(item.needs, ["1.1, 1.3"]);

        let item = Item::read("Set up Clerk (`/clerk:init`, clerk-setup, easy)");
        assert_eq!((item.id, item.title.as_str()), (None, "Set up Clerk"));
        assert_eq!(item.command.as_deref(), Some("/clerk:init"));
        assert_eq!(item.agent.as_deref(), Some("clerk-setup"));

        for line in [
            "T002 Add routes — Verify: `npm test`",
            "T002 Add routes. Verification: `npm test`",
        ] {
            let item = Item::read(line);
            assert_eq!(
                (item.title.as_str(), item.verify.as_deref()),
                ("Add routes", Some("npm test")),
                "{line}"
            );
        }

        let item = Item::read("Task: Install the SDK");
        assert_eq!((item.id, item.title.as_str()), (None, "Install the SDK"));
        let item = Item::read("Task 3: Add routes (depends on T012, T013)");
        assert_eq!(
            (item.id.as_deref(), item.title.as_str()),
            (Some("3"), "Add routes")
        );
        assert_eq!(item.needs, ["T012, T013"]);
        for (line, needs) in [
            ("T002 Add routes, after T001", "T001"),
            ("T002 Add routes (blocked by t001)", "t001"),
            ("T002 Add routes [after: L0]", "L0"),
            ("T002 Add routes [依赖: T001]", "T001"),
            ("T002 Add routes Dependencies: T001", "T001"),
            ("T002 Add routes. Dependencies: 1.1, 1.2", "1.1, 1.2"),
            ("T002 Add routes depends on 1.1", "1.1"),
        ] {
            let item = Item::read(line);
            assert_eq!(
                (item.title.as_str(), item.needs),
                ("Add routes", vec![needs.to_owned()]),
                "{line}"
            );
        }
    }

    #[test]
    fn remarks_that_mean_something_else_stay_in_the_title() {
        for title in [
            "Add scheduling (cron, DO App Platform, Vercel)",
            "Wait for the team (after the review)",
            "Look at it again after 1.1",
            "Add it [requires: Node 18]",
            "Add it [needs-review-2]",
            "Add what no longer depends on 1.1",
            "Install the dependencies: React 18.2",
            "Verify `npm test`",
            "3 retries on failure",
            "S3 bucket for uploads",
            "[Link] and (more)",
        ] {
            let item = Item::read(title);
            assert_eq!(item.id, None, "{title}");
            assert!(title.ends_with(&item.title), "{title}: {}", item.title);
            assert!(item.needs.is_empty(), "{title}");
        }
    }
}
