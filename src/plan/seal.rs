//! Knowing a text of ours again that nobody has touched since.
//!
//! A text that a format writes whole ends with a line that holds a digest of all above it. Whoever changes a byte
//! breaks the seal, and the text is theirs. How lines end does not count: git may change that on its way through a
//! checkout.

use super::source::sha256;
use super::visible;

const BEGIN: &str = "<!-- written by git enact, seal ";
const END: &str = " -->";

/// A text of ours with its seal below it, and nothing hidden in what others told.
pub(super) fn sealed(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let text = format!("{}\n\n", visible(text.trim_end()));
    let digest = digest(text.as_bytes());
    format!("{text}{BEGIN}{digest}{END}\n")
}

/// Whether these bytes are a text of ours as we left it.
pub fn is_sealed(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let text = text.replace("\r\n", "\n");
    text.rfind(BEGIN).is_some_and(|at| {
        let (above, seal) = text.split_at(at);
        seal == format!("{BEGIN}{}{END}\n", digest(above.as_bytes()))
    })
}

/// Enough of a digest to tell an edit.
fn digest(bytes: &[u8]) -> String {
    let mut digest = sha256([bytes]);
    digest.truncate(16);
    digest
}

#[cfg(test)]
mod tests {
    use super::{is_sealed, sealed};

    #[test]
    fn only_a_text_as_we_left_it_is_ours() {
        let text = sealed("# Log\r\n\r\nWords \u{1b}[2J\n");
        assert!(text.starts_with("# Log\n\nWords \\e[2J\n\n<!-- "), "{text}");
        assert!(is_sealed(text.as_bytes()));
        assert!(is_sealed(text.replace('\n', "\r\n").as_bytes()));
        let edits = [
            text.replace("Words", "words"),
            format!("{text}Mine.\n"),
            format!("Mine.\n{text}"),
            "# Log\n".to_owned(),
            String::new(),
        ];
        for theirs in edits {
            assert!(!is_sealed(theirs.as_bytes()), "{theirs}");
        }
        assert!(!is_sealed(&[text.as_bytes(), &[0xe9]].concat()));
    }
}
