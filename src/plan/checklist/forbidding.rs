//! Sentences that forbid something: what they name is no file that a task changes.
//!
//! Knows what stands before a name on its line, and no format.

use crate::plan::need_words::strip;
use crate::plan::text::char_start;

/// How such a sentence begins, in whatever case.
const PROHIBITIONS: [&str; 7] = ["do not", "don't", "don’t", "never", "não", "nicht", "no"];

/// What turns it into a reminder: `Do not forget to update …`.
const REMINDERS: [&str; 5] = ["forget", "forgetting", "only", "just", "nur"];

/// "No" begins a prohibition before one of these words; elsewhere it may be Portuguese for "in the".
const DENIED: [&str; 29] = [
    "change",
    "changes",
    "edit",
    "edits",
    "modification",
    "modifications",
    "new",
    "other",
    "need",
    "editar",
    "modificar",
    "cambiar",
    "tocar",
    "alterar",
    "borrar",
    "crear",
    "eliminar",
    "usar",
    "mover",
    "añadir",
    "agregar",
    "incluir",
    "subir",
    "escribir",
    "sobrescribir",
    "edites",
    "modifiques",
    "toques",
    "cambies",
];

/// Whether a text can hold a prohibition at all: whether one of its words begins as one does.
fn may_be_in(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_first = |at: usize| at == 0 || !bytes[at - 1].is_ascii_alphanumeric();
    let met = bytes.iter().map(u8::to_ascii_lowercase).enumerate();
    let mut firsts = met.filter(|(at, byte)| matches!(byte, b'd' | b'n') && is_first(*at));
    firsts.any(|(at, _)| {
        let mut words = PROHIBITIONS.iter();
        words.any(|word| strip(&text[at..], word).is_some())
    })
}

/// How many bytes before a name are looked at.
const LOOKED_AT: usize = 400;

/// Whether what follows on a line is named by a sentence, or a part of one, that begins with a prohibition.
pub(super) fn forbids(before: &str) -> bool {
    // Of a line that names very many things each is looked at from nearby.
    let near = char_start(before, before.len().saturating_sub(LOOKED_AT));
    let before = &before[near..];
    if !may_be_in(before) {
        return false;
    }
    let sentence = &before[sentence_start(before)..];
    let mut at = 0;
    // Where a part of the sentence may begin.
    loop {
        let rest = sentence[at..].trim_start_matches(is_decoration);
        if begins(without_labels(rest)) && !is_closed(&sentence[..at], rest) {
            return true;
        }
        let Some(next) = sentence[at..].find([',', ':', '(', '–', '—']) else {
            return false;
        };
        let sign = sentence[at + next..].chars().next();
        at += next + sign.map_or(1, char::len_utf8);
    }
}

fn is_decoration(c: char) -> bool {
    c.is_whitespace() || matches!(c, '*' | '_' | '>' | '-' | '⚠' | '❌' | '🚫' | '\u{fe0f}')
}

/// Whether a part in parentheses has ended before what follows.
fn is_closed(before: &str, rest: &str) -> bool {
    before.ends_with('(') && rest.contains(')')
}

/// A sentence without the id, the tags and the words that stand before what it says.
fn without_labels(text: &str) -> &str {
    let mut rest = text;
    if let Some((_, behind)) = super::words::id(rest) {
        rest = behind.trim_start_matches(is_decoration);
    }
    while let Some((_, behind)) = rest.strip_prefix('[').and_then(|tag| tag.split_once(']')) {
        rest = behind.trim_start_matches(is_decoration);
    }
    let joined = ["and", "but"].iter().find_map(|word| strip(rest, word));
    joined.map_or(rest, str::trim_start)
}

fn begins(text: &str) -> bool {
    let word = |text: &str| {
        let text = text.trim_start_matches(is_decoration);
        let end = text.find(|c: char| !c.is_alphanumeric());
        text[..end.unwrap_or(text.len())].to_lowercase()
    };
    let found = PROHIBITIONS
        .iter()
        .find_map(|begin| Some((begin, strip(text, begin)?)));
    let Some((begin, rest)) = found.filter(|(_, rest)| !rest.starts_with(char::is_alphanumeric))
    else {
        return false;
    };
    match *begin {
        "no" => DENIED.contains(&word(rest).as_str()),
        _ => !REMINDERS.contains(&word(rest).as_str()),
    }
}

/// Where the sentence begins that goes on behind this text.
fn sentence_start(text: &str) -> usize {
    let ends = text.rmatch_indices(['.', '!', '?', ';', '。', '；']);
    let behind = ends.map(|(at, sign)| (at + sign.len(), sign));
    // A dot inside of a name ends nothing.
    let mut ended = behind
        .filter(|(at, sign)| !sign.is_ascii() || text[*at..].starts_with([' ', '*', '_', ')']));
    ended.next().map_or(0, |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::forbids;

    #[test]
    fn prohibitions_are_told_from_reminders_and_from_what_is_to_be_done() {
        for before in [
            "Do NOT edit `",
            "T001 [P] Do not edit ",
            "**Never** touch `",
            "NO editar `",
            "Não altere `",
            "Nicht ändern: `",
            "Add it to `a.rs`. Don't change `",
            "Add it (do not touch ",
            "Add it to `a.rs`, but don’t touch `",
            "Note: no changes to `",
            "Do not edit `a.md` or `",
        ] {
            assert!(forbids(before), "{before}");
        }
        assert!(super::may_be_in("DO NOT EDIT `") && super::may_be_in("Não altere"));
        assert!(!super::may_be_in("Edit `"));
        for before in [
            "Edit `",
            "Do not forget to edit `",
            "No arquivo `",
            "Don't edit `a.rs`. Edit `",
            "Add it (do not hurry) to `",
            "Not only in `",
            "Nota `",
            "Notes go to `",
            "Users who do not sign in see `",
            "",
        ] {
            assert!(!forbids(before), "{before}");
        }
    }
}
