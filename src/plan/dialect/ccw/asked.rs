//! What of a task's JSON says how far the task is, and what asks for something.
//!
//! Whoever ticks a task off did not change what it asks for: a run goes on with the same plan.

use std::ops::Range;

use super::outline::{Object, Said, said};
use crate::plan::json::Node;
use crate::plan::source::sha256;
use crate::plan::text::Text;
use crate::plan::{Edit, ImportedStatus, Status};

/// Members of the whole that only say how far it is.
const PROGRESS: [&str; 7] = [
    "status",
    "status_history",
    "executed_at",
    "started_at",
    "completed_at",
    "updated_at",
    "result",
];

/// The digest of all that a JSON says but for progress.
pub(super) fn digest(text: &Text<'_>, top: &Object<'_>) -> String {
    let mut parts: Vec<&[u8]> = Vec::new();
    let mut at = text.start();
    for range in progress(text, top) {
        parts.push(&text.text.as_bytes()[at..range.start]);
        at = range.end;
    }
    parts.push(text.text[at..].trim_end().as_bytes());
    sha256(parts)
}

/// Where progress stands, with the comma and the space before it, so that a member put in changes nothing else.
fn progress(text: &Text<'_>, top: &Object<'_>) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut end = text.text.find('{').map_or(text.start(), |brace| brace + 1);
    for (name, node) in top.members() {
        let range = node.range();
        if PROGRESS.contains(&name.as_str()) {
            ranges.push(end..range.end);
        } else if name == "meta"
            && let Some(status) = node.member("status")
        {
            ranges.push(status.range());
        }
        end = range.end;
    }
    ranges
}

/// What becomes of the status when the task stands so: another word in its place, or a new member in the file's own
/// way of writing.
pub(super) fn marked(text: &Text<'_>, top: &Node<'_>, status: Status) -> Vec<Edit> {
    let meta = top.member("meta");
    let there = top
        .member("status")
        .or_else(|| meta.and_then(|meta| meta.member("status")));
    let is_first_generation =
        top.member("flow_control").is_some() || top.member("context").is_some();
    let begun = if is_first_generation {
        "active"
    } else {
        "in_progress"
    };
    let word = match status {
        Status::Done => "completed",
        Status::Pending => "pending",
        Status::Skipped => "skipped",
        Status::Blocked => "blocked",
        Status::Failed | Status::TimedOut if !is_first_generation => "failed",
        // The first generation has no word for a failure: the task stays begun, and the list has a note.
        Status::InProgress | Status::Failed | Status::TimedOut | Status::Partial => begun,
    };
    let Some(there) = there else {
        let insertion = (status != Status::Pending).then(|| inserted(text, top, word));
        return insertion.flatten().into_iter().collect();
    };
    let old = there.string().unwrap_or_default();
    if old == word || is_same(&old, status) {
        return Vec::new();
    }
    vec![Edit {
        range: there.range(),
        text: format!("\"{word}\""),
    }]
}

/// Whether a word says the same already, in its author's way.
fn is_same(old: &str, status: Status) -> bool {
    match (said(old), status) {
        (Some(Said::Known(known)), Status::Done) => known == ImportedStatus::Done,
        (Some(Said::Known(known)), Status::Skipped) => known == ImportedStatus::Skipped,
        (Some(Said::Known(known)), Status::InProgress) => known == ImportedStatus::InProgress,
        (Some(Said::Open | Said::Unknown(_)), Status::Pending) => {
            old != "failed" && old != "blocked"
        }
        // A container's status is that of its children.
        (None, _) => true,
        _ => false,
    }
}

/// A status behind the title, or behind the id, written as the members around it are.
fn inserted(text: &Text<'_>, top: &Node<'_>, word: &str) -> Option<Edit> {
    let anchor = top.member("title").or_else(|| top.member("id"))?;
    let members = top.members();
    let (key, first) = members.first()?;
    let before = &text.text[top.start + 1..first.start];
    let space: String = before.chars().take_while(|c| c.is_whitespace()).collect();
    let is_spaced =
        before.ends_with(char::is_whitespace) && !before.trim().is_empty() && !key.is_empty();
    let space = match space.contains('\n') {
        true => space,
        false if is_spaced => " ".to_owned(),
        false => String::new(),
    };
    let colon = if is_spaced { ": " } else { ":" };
    let at = anchor.range().end;
    Some(Edit {
        range: at..at,
        text: format!(",{space}\"status\"{colon}\"{word}\""),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Object, digest, marked};
    use crate::plan::json::Node;
    use crate::plan::text::Text;
    use crate::plan::{Status, edited};

    fn after(json: &str, status: Status) -> String {
        let text = Text::new(Path::new("a.json"), json);
        let edits = marked(&text, &Node::parse(&text).expect("it is JSON"), status);
        edited(json, &edits)
    }

    #[test]
    fn a_status_is_replaced_or_put_in_as_the_file_is_written() {
        assert_eq!(
            after("{\"id\":\"A\",\"status\":\"pending\"}", Status::Done),
            "{\"id\":\"A\",\"status\":\"completed\"}"
        );
        assert_eq!(
            after("{\r\n\t\"id\": \"A\"\r\n}", Status::Done),
            "{\r\n\t\"id\": \"A\",\r\n\t\"status\": \"completed\"\r\n}"
        );
        assert_eq!(
            after("{\"id\": \"A\", \"x\": 1}", Status::Done),
            "{\"id\": \"A\", \"status\": \"completed\", \"x\": 1}"
        );
        assert_eq!(after("{\"id\":\"A\"}", Status::Pending), "{\"id\":\"A\"}");
        let elsewhere = "{\"id\":\"A\",\"meta\":{\"status\":\"pending\"}}";
        assert_eq!(
            after(elsewhere, Status::InProgress),
            elsewhere.replace("pending", "in_progress")
        );
        let first = "{\"id\":\"A\",\"status\":\"pending\",\"flow_control\":{}}";
        assert_eq!(
            after(first, Status::Failed),
            first.replace("pending", "active")
        );
        assert_eq!(
            after("{\"id\":\"A\",\"status\":\"done\"}", Status::Done),
            "{\"id\":\"A\",\"status\":\"done\"}"
        );
    }

    fn of(json: &str) -> String {
        let text = Text::new(Path::new("a.json"), json);
        digest(&text, &Object::parse(&text).expect("it is JSON"))
    }

    #[test]
    fn progress_is_not_what_a_task_asks_for() {
        let open = "{\n  \"id\": \"A-1\",\n  \"title\": \"Do it\",\n  \"meta\": {\"status\": \"open\"}\n}\n";
        let done = "{\n  \"id\": \"A-1\",\n  \"status\": \"completed\",\n  \"title\": \"Do it\",\n  \"meta\": {\"status\": \"done\"},\n  \"result\": {\"success\": true}\n}";
        assert_eq!(of(open), of(done));
        assert_ne!(of(open), of(&open.replace("Do it", "Do more")));
    }
}
