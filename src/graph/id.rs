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
        return Some(format!(
            "task id `{}` has the character U+{:04X}, which hides or changes what is shown",
            spelled(id, is_refused),
            u32::from(c)
        ));
    }
    if let Some(c) = disguised(id) {
        return Some(format!(
            "task id `{}` has the character U+{:04X}, which looks like a Latin letter among Latin letters",
            spelled(id, is_look_alike),
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

/// The id with those of its characters by number that cannot be told by looking.
fn spelled(id: &str, is_meant: impl Fn(char) -> bool) -> String {
    let spell = |c: char| match is_meant(c) {
        true => c.escape_unicode().to_string(),
        false => c.to_string(),
    };
    id.chars().map(spell).collect()
}

/// A letter that looks like a Latin one and stands in one word with Latin ones: nobody could type the id.
fn disguised(id: &str) -> Option<char> {
    let mut words = id.split(|c: char| !c.is_alphabetic());
    let mixed = words.find(|word| {
        word.contains(|c: char| c.is_ascii_alphabetic()) && word.contains(is_look_alike)
    })?;
    mixed.chars().find(|c| is_look_alike(*c))
}

/// Cyrillic and Greek letters that most fonts show as Latin ones.
fn is_look_alike(c: char) -> bool {
    const CYRILLIC: &str = "аеорсухіјѕԁһӏАВЕЅІЈКМНОРСТУХ";
    const GREEK: &str = "ονρΑΒΕΖΗΙΚΜΝΟΡΤΥΧ";
    CYRILLIC.contains(c) || GREEK.contains(c)
}

/// Combining marks are refused because `é` can be spelled with and without one.
fn is_refused(c: char) -> bool {
    c.is_control()
        || is_invisible(c)
        || matches!(c, '\u{300}'..='\u{36f}' | '\u{fe00}'..='\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use super::objection;

    #[test]
    fn what_cannot_be_told_by_looking_is_told_by_its_number() {
        for (id, shown, number) in [
            ("a\u{202e}b", "a\\u{202e}b", "U+202E"),
            ("a\nb", "a\\u{a}b", "U+000A"),
            ("e\u{301}t", "e\\u{301}t", "U+0301"),
            ("\u{430}dmin", "\\u{430}dmin", "U+0430"),
        ] {
            let told = objection(id).expect("it is refused");
            assert!(
                told.contains(&format!("`{shown}`")) && told.contains(number),
                "{told}"
            );
        }
    }

    #[test]
    fn words_of_another_alphabet_are_words() {
        for id in ["Задача-1", "T001-тест", "μs", "größe", "任务1", "λ1"] {
            assert_eq!(objection(id), None, "{id}");
        }
    }
}
