//! What changed within the lines of a file, marked as `git diff --word-diff` does: `[-old-]{+new+}`.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use similar::{ChangeTag, TextDiff};

use super::clean::visible;

/// How many unchanged lines are shown around a change.
const AROUND: usize = 3;

/// The change of one file; a side is missing where the file was not there.
pub fn words(path: &str, old: Option<Vec<u8>>, new: Option<Vec<u8>>) -> String {
    let bold = Style::new().bold();
    let what = match (&old, &new) {
        (None, _) => " (new)",
        (_, None) => " (deleted)",
        _ => "",
    };
    let mut text = format!("{bold}{}{what}{bold:#}\n", visible(path));
    let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
    let is_binary = old.contains(&0) || new.contains(&0);
    let texts = (std::str::from_utf8(&old), std::str::from_utf8(&new));
    let ((Ok(old), Ok(new)), false) = (texts, is_binary) else {
        text.push_str("binary files differ\n");
        return text;
    };
    let diff = TextDiff::from_lines(old, new);
    for (nth, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        let first = group.first().map_or(0, |op| op.new_range().start);
        let _ = writeln!(
            text,
            "{}@@ line {}",
            if nth > 0 { "\n" } else { "" },
            first + 1
        );
        for op in group {
            for change in diff.iter_inline_changes(op) {
                line(&mut text, &change);
            }
        }
    }
    text
}

fn line(text: &mut String, change: &similar::InlineChange<'_, str>) {
    let (lead, style, open, close) = match change.tag() {
        ChangeTag::Equal => (" ", Style::new(), "", ""),
        ChangeTag::Delete => ("-", AnsiColor::Red.on_default(), "[-", "-]"),
        ChangeTag::Insert => ("+", AnsiColor::Green.on_default(), "{+", "+}"),
    };
    let _ = write!(text, "{style}{lead}");
    for (emphasized, part) in change.iter_strings_lossy() {
        let part = part.trim_end_matches('\n');
        if emphasized && !part.is_empty() {
            let strong = style.underline();
            let _ = write!(
                text,
                "{style:#}{strong}{open}{}{close}{strong:#}{style}",
                visible(part)
            );
        } else {
            text.push_str(&visible(part));
        }
    }
    let _ = writeln!(text, "{style:#}");
}

#[cfg(test)]
mod tests {
    use super::words;

    fn plain(old: Option<&str>, new: Option<&str>) -> String {
        let bytes = |text: &str| text.as_bytes().to_vec();
        let text = words("a.txt", old.map(bytes), new.map(bytes));
        anstream::adapter::strip_str(&text).to_string()
    }

    #[test]
    fn what_changed_within_a_line_is_marked() {
        let shown = plain(Some("one two three\nsame\n"), Some("one 2 three\nsame\n"));
        assert_eq!(
            shown,
            "a.txt\n@@ line 1\n-one [-two-] three\n+one {+2+} three\n same\n"
        );
    }

    #[test]
    fn whole_files_come_and_go() {
        assert!(plain(None, Some("x\n")).starts_with("a.txt (new)\n@@ line 1\n+"));
        assert!(plain(Some("x\n"), None).starts_with("a.txt (deleted)\n"));
    }
}
