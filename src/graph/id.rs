//! What an id may look like. The plan's spelling is kept; what cannot be shown, typed or told apart is refused.

use crate::plan::{Fault, Task, is_invisible};

const BYTES_MAX: usize = 64;

/// What is wrong with a task's id, if anything.
pub(super) fn fault(task: &Task) -> Option<Fault> {
    let id = task.id.as_str();
    let message = objection(id)?;
    let fault = Fault::error(message).at(task.location.clone(), 0);
    Some(fault.help("an id is at most 64 bytes, without white space, `/`, `..` or invisible characters, such as `login` or `1.2`"))
}

fn objection(id: &str) -> Option<String> {
    if id.is_empty() {
        return Some("a task has an empty id".to_owned());
    }
    if let Some(c) = id.chars().find(|c| is_refused(*c)) {
        let shown: String = id.chars().filter(|c| !is_refused(*c)).collect();
        return Some(format!(
            "task id `{shown}` has the character U+{:04X}, which hides or changes what is shown",
            u32::from(c)
        ));
    }
    let why = if id.chars().any(char::is_whitespace) {
        "has white space in it"
    } else if id.len() > BYTES_MAX {
        let start: String = id.chars().take(24).collect();
        return Some(format!("task id `{start}…` is {} bytes long", id.len()));
    } else if id.starts_with('-') {
        "begins with `-`, like an option"
    } else if id.contains('/') || id.contains('\\') {
        "has a slash in it, like a path"
    } else if id.contains("..") {
        "has `..` in it, like a path"
    } else {
        return None;
    };
    Some(format!("task id `{id}` {why}"))
}

/// Combining marks are refused because `é` can be spelled with and without one.
fn is_refused(c: char) -> bool {
    c.is_control()
        || is_invisible(c)
        || matches!(c, '\u{300}'..='\u{36f}' | '\u{fe00}'..='\u{fe0f}')
}
