//! The one place where foreign text is made safe to show on a terminal.
//!
//! Titles, messages and output come from plans and executors. An escape sequence in them could repaint the
//! screen, and a bidi control could show a command as another one. Nothing is dropped: what is dangerous
//! becomes its own name.

pub use crate::plan::visible;

/// The same on one line: line feeds and tabs become spaces.
pub fn visible_line(text: &str) -> String {
    visible(text.trim()).replace(['\n', '\t'], " ")
}
