//! Text as it may be shown: what moves a cursor or hides something is spelled out, and nothing is dropped.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::is_invisible;

/// The text with control, bidi and zero-width characters as `\u{…}`; line feeds and tabs stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\u{1b}' => shown.push_str("\\e"),
            '\r' => shown.push_str("\\r"),
            c if is_unsafe(c) => {
                // Writing to a string cannot fail.
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

fn is_unsafe(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t') || is_invisible(c)
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn what_moves_the_cursor_or_hides_is_spelled_out() {
        assert_eq!(visible("a\u{1b}[2Jb\r"), "a\\e[2Jb\\r");
        assert_eq!(
            visible("\u{202e}x\u{200b}\u{9b}\u{7f}"),
            "\\u{202e}x\\u{200b}\\u{9b}\\u{7f}"
        );
    }

    #[test]
    fn ordinary_text_is_untouched() {
        for text in ["é 日本 ✅\u{fe0f}", "a\tb\nc"] {
            assert!(matches!(visible(text), std::borrow::Cow::Borrowed(same) if same == text));
        }
    }
}
