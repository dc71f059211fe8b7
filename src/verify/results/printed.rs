//! What was printed, as the plain lines that a person would have seen.

/// What a command printed on both of its streams, as far as it was kept.
#[derive(Debug, Clone, Copy, Default)]
pub struct Printed<'a> {
    /// The beginning, or all of it.
    pub head: &'a str,
    /// The end, when something between was not kept.
    pub tail: Option<&'a str>,
    /// The directory it ran in: absolute names below it are told as relative ones, so that they are the same in
    /// every worktree.
    pub dir: &'a str,
}

/// Lines without colours, without what a carriage return wrote over, and without the line end.
pub(super) struct Text {
    pub(super) lines: Vec<String>,
    /// The first line behind what was not kept.
    pub(super) seam: Option<usize>,
}

impl<'a> Printed<'a> {
    /// All that `text` is, printed anywhere.
    pub fn whole(text: &'a str) -> Self {
        Self {
            head: text,
            ..Self::default()
        }
    }

    pub(super) fn clean(&self) -> Text {
        let mut lines = self.lines(self.head);
        let mut seam = None;
        if let Some(tail) = self.tail {
            // A line that is torn on one side may read as another test's.
            if !self.head.ends_with('\n') {
                lines.pop();
            }
            seam = Some(lines.len());
            lines.extend(self.lines(tail).into_iter().skip(1));
        }
        Text { lines, seam }
    }

    fn lines(&self, text: &str) -> Vec<String> {
        let line = |line: &str| {
            let plain = uncoloured(line);
            let seen = plain.trim_end_matches('\r').rsplit('\r').next();
            relative(seen.unwrap_or_default(), self.dir)
        };
        text.lines().map(line).collect()
    }
}

/// `text` with what stands below `dir` named relative to it.
pub(super) fn relative(text: &str, dir: &str) -> String {
    let dir = dir.trim_end_matches('/');
    if dir.is_empty() {
        return text.to_owned();
    }
    let below = format!("{dir}/");
    text.replace(&format!("file://{below}"), "")
        .replace(&below, "")
}

/// `line` without escape sequences: colours, links, titles, character sets.
fn uncoloured(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        if c != '\u{1b}' {
            plain.push(c);
            continue;
        }
        match rest.next() {
            Some('[') => {
                rest.find(|c| ('\u{40}'..='\u{7e}').contains(c));
            }
            Some(']') => {
                let mut last = ' ';
                // Ended by BEL, or by ESC and a backslash.
                rest.find(|&c| c == '\u{7}' || std::mem::replace(&mut last, c) == '\u{1b}');
            }
            Some(c) if ('\u{20}'..='\u{2f}').contains(&c) => {
                rest.find(|c| ('\u{30}'..='\u{7e}').contains(c));
            }
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::Printed;

    fn lines(printed: &Printed) -> Vec<String> {
        printed.clean().lines
    }

    #[test]
    fn colours_links_and_overwritten_progress_are_not_seen() {
        let text = "\u{1b}[1m\u{1b}[32mok\u{1b}[0m\u{1b}(B\r\n10%\r20%\rdone\n\u{1b}]8;;x\u{1b}\\link\u{1b}]8;;\u{7}!\n";
        assert_eq!(lines(&Printed::whole(text)), ["ok", "done", "link!"]);
    }

    #[test]
    fn lines_torn_by_what_was_not_kept_are_not_read() {
        let printed = Printed {
            head: "one\ntest a ... ",
            tail: Some("b ... FAILED\nlast\n"),
            dir: "",
        };
        assert_eq!(lines(&printed), ["one", "last"]);
        assert_eq!(printed.clean().seam, Some(1));
    }

    #[test]
    fn names_of_files_are_relative_to_where_the_command_ran() {
        let printed = Printed {
            head: "not ok 1 - /w/slot/a.js at file:///w/slot/a.js",
            tail: None,
            dir: "/w/slot",
        };
        assert_eq!(lines(&printed), ["not ok 1 - a.js at a.js"]);
    }
}
