//! What the end of a text says that its task needs: `…, after T012`, `… Dependencies: 1.1`.

use super::{BETWEEN, COLONS, OTHERS, PLAIN, Said, ends_with, is_denied, may_begin, signs, strip};
use crate::plan::text::{char_start, find_word};

/// Bytes of what is said at the end of a text: no list of ids is longer, and a line may be full of such ends.
const LAST_MAX: usize = 4096;

/// `…, after T012` or `… — requires T012 and T013` at the end of a text, and what stands before it.
pub(in crate::plan) fn last<'t>(
    text: &'t str,
    is_id: &dyn Fn(&str) -> bool,
) -> Option<(&'t str, Said<'t>)> {
    if !text.ends_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '`' | '*')) {
        return None;
    }
    let near = char_start(text, text.len().saturating_sub(LAST_MAX));
    let mut signs = text[near..].rmatch_indices([',', ';', '-', '–', '—']);
    let behind_sign = signs.find_map(|(at, sign)| {
        let at = near + at;
        let behind = text[at + sign.len()..].strip_prefix(' ')?.trim_start();
        if !may_begin(behind) {
            return None;
        }
        let mut words = PLAIN.iter().chain(&OTHERS);
        let rest = words.find_map(|word| strip(behind, word))?;
        let value = rest.trim_start_matches(BETWEEN);
        let said = Said {
            value,
            is_field: false,
        };
        is_id(value).then_some((text[..at].trim_end(), said))
    });
    behind_sign.or_else(|| last_in_words(text, near, is_id))
}

/// `… Dependencies: T012` and `… depends on T012` at the end of a text, from `near` on, without a sign before.
fn last_in_words<'t>(
    text: &'t str,
    near: usize,
    is_id: &dyn Fn(&str) -> bool,
) -> Option<(&'t str, Said<'t>)> {
    const WORD: &str = "depends on";
    let (colon, word) = (
        signs(&text[near..], COLONS).last(),
        find_word(&text[near..], WORD),
    );
    let (start, end) = match (colon, word) {
        (Some(colon), _) => {
            let before = &text[..near + colon.start];
            let word = PLAIN.iter().find(|word| ends_with(before, word))?;
            (before.len() - word.len(), near + colon.end)
        }
        (None, Some(at)) => (near + at, near + at + WORD.len()),
        (None, None) => return None,
    };
    let front = &text[..start];
    let value = text[end..].trim_start_matches(BETWEEN);
    let said = Said {
        value,
        is_field: true,
    };
    let is_said = is_id(value) && !front.trim().is_empty() && !is_denied(&text[near..start]);
    is_said.then(|| {
        (
            front.trim_end_matches([' ', ',', '.', ';', '(', '*', '_']),
            said,
        )
    })
}
