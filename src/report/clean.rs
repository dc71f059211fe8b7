//! The one place where foreign text is made safe to show on a terminal.
//!
//! Titles, messages and output come from plans and executors. An escape sequence in them could repaint the
//! screen, and a bidi control could show a command as another one. Nothing is dropped: what is dangerous
//! becomes its own name.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::plan::is_invisible;

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

/// The same on one line: line feeds and tabs become spaces.
pub fn visible_line(text: &str) -> String {
    visible(text.trim()).replace(['\n', '\t'], " ")
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
