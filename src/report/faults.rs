//! Faults of a plan as compilers show theirs: the sentence, the place, the line, what to do.
//!
//! The first line of each fault says all that must be known. Only the line that is meant is shown, so that
//! a fault in a text of megabytes costs no more than one in a short text.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::path::PathBuf;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::clean::{visible, visible_line};
use crate::plan::{Fault, Location, Severity, Source, char_start, secrets_in};

/// So many faults are shown; whoever has more mends the first ones and looks again.
const SHOWN_MAX: usize = 20;

/// The faults, each followed by an empty line; nothing when there are none. Errors come first where there are too many.
pub fn render(faults: &[Fault], sources: &[Source], color: bool) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut texts = Texts {
        sources,
        cut: HashMap::new(),
    };
    let mut text = String::new();
    for fault in first(faults) {
        text.push_str(&renderer.render(&[group(fault, &mut texts)]));
        text.push_str("\n\n");
    }
    if let Some(more) = faults.len().checked_sub(SHOWN_MAX).filter(|more| *more > 0) {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "and {more} more like these; `--json` tells them all\n"
        );
    }
    text
}

/// Those that are shown, in their order.
fn first(faults: &[Fault]) -> Vec<&Fault> {
    if faults.len() <= SHOWN_MAX {
        return faults.iter().collect();
    }
    let (warnings, errors): (Vec<&Fault>, Vec<&Fault>) =
        faults.iter().partition(|fault| fault.is_warning());
    errors.into_iter().chain(warnings).take(SHOWN_MAX).collect()
}

fn group<'a>(fault: &Fault, texts: &mut Texts<'_>) -> Group<'a> {
    let level = match fault.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(visible_line(&fault.message)));
    if let Some(location) = &fault.location {
        let path = visible_line(&location.file.display().to_string());
        let place = Origin::path(path.clone())
            .line(location.line as usize)
            .char_column(location.column as usize);
        group = match texts.line_of(location, fault.len) {
            Some(shown) => {
                let snippet = Snippet::source(shown.line)
                    .line_start(location.line as usize)
                    .annotation(AnnotationKind::Primary.span(shown.meant));
                match shown.is_cut {
                    true => group.element(place).element(snippet),
                    false => group.element(snippet.path(path)),
                }
            }
            None => group.element(place),
        };
    }
    match &fault.help {
        Some(help) => group.element(Level::HELP.message(visible_line(help))),
        None => group,
    }
}

/// So many bytes of a line are shown before what is meant, and of that and what follows it.
const BEFORE_MAX: usize = 120;
const MEANT_MAX: usize = 1_000;
const AFTER_MAX: usize = 240;

/// A line, made visible, and the bytes of it that are meant.
struct Shown {
    line: String,
    meant: Range<usize>,
    /// Whether its beginning is left out, so that its columns are not those of the text.
    is_cut: bool,
}

/// The texts that faults stand in, each read once.
struct Texts<'s> {
    sources: &'s [Source],
    cut: HashMap<PathBuf, Option<Lines<'s>>>,
}

impl Texts<'_> {
    /// The line that a location names, as far as it is near to what is meant.
    fn line_of(&mut self, location: &Location, len: usize) -> Option<Shown> {
        let lines = match self.cut.get_mut(&location.file) {
            Some(lines) => lines,
            None => {
                let mut sources = self.sources.iter();
                let source = sources.find(|source| source.path == location.file);
                let lines = source.and_then(|source| source.whole().ok()).map(Lines::of);
                self.cut.entry(location.file.clone()).or_insert(lines)
            }
        };
        lines.as_mut()?.shown(location, len)
    }
}

/// A text with its line starts, and the place that was told last: the next one is near, where a whole file is one line.
struct Lines<'s> {
    text: Cow<'s, str>,
    starts: Vec<usize>,
    last: Place,
    /// What is a secret by its form, wherever it begins: what is shown may be read by others.
    hidden: Vec<Range<usize>>,
}

#[derive(Clone, Copy, Default)]
struct Place {
    line: usize,
    column: usize,
    /// From the start of its line.
    offset: usize,
}

impl<'s> Lines<'s> {
    fn of(text: Cow<'s, str>) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            starts: std::iter::once(0).chain(ends).collect(),
            last: Place::default(),
            hidden: secrets_in(text.as_bytes()),
            text,
        }
    }

    fn shown(&mut self, location: &Location, len: usize) -> Option<Shown> {
        let number = location.line as usize - 1;
        let begins = *self.starts.get(number)?;
        let whole = self.text[begins..].lines().next()?;
        let line = whole.trim_start_matches('\u{feff}');
        let begins = begins + whole.len() - line.len();
        let column = location.column as usize - 1;
        let near = match self.last {
            last if last.line == number && last.column <= column => last,
            _ => Place::default(),
        };
        let start = line[near.offset..]
            .char_indices()
            .nth(column - near.column)
            .map_or(line.len(), |(at, _)| near.offset + at);
        let end = if len == 0 {
            start + word(&line[start..])
        } else {
            char_start(line, start + len)
        };
        if start < line.len() {
            self.last = Place {
                line: number,
                column,
                offset: start,
            };
        }
        let from = char_start(line, start.saturating_sub(BEFORE_MAX));
        let end = char_start(line, end.min(start + MEANT_MAX));
        let to = char_start(line, end + AFTER_MAX);
        let mark = |is_cut: bool| if is_cut { "…" } else { "" };
        let is_hidden = |at: usize| {
            let next = self.hidden.partition_point(|range| range.end <= at);
            self.hidden
                .get(next)
                .is_some_and(|range| range.contains(&at))
        };
        let part = |from: usize, to: usize| {
            let masked =
                line[from..to]
                    .char_indices()
                    .map(|(at, c)| match is_hidden(begins + from + at) {
                        true => '*',
                        false => c,
                    });
            visible(&masked.collect::<String>()).into_owned()
        };
        let before = format!("{}{}", mark(from > 0), part(from, start));
        let meant = part(start, end);
        let after = format!("{}{}", part(end, to), mark(to < line.len()));
        Some(Shown {
            meant: before.len()..before.len() + meant.len(),
            line: format!("{before}{meant}{after}"),
            is_cut: from > 0,
        })
    }
}

/// When only a place is known, the word that begins there is meant.
fn word(text: &str) -> usize {
    text.find(|c: char| c.is_whitespace() || "\"':：".contains(c))
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::plan::{Fault, Location, Source};

    #[test]
    fn a_fault_shows_its_place_and_hides_nothing() {
        let source = Source::new("a.md", "one\n\u{feff}tab\there \u{1b}[31m evil\n");
        let location = Location {
            file: "a.md".into(),
            line: 2,
            column: 5,
        };
        let fault = Fault::error("bad `\u{202e}x`")
            .at(location, 4)
            .help("do better");
        let text = render(&[fault], &[source], false);
        assert!(text.starts_with("error: bad `\\u{202e}x`\n"), "{text}");
        assert!(text.contains("a.md:2:5"), "{text}");
        assert!(text.contains("\\e[31m"), "{text}");
        assert!(text.contains("help: do better"), "{text}");
    }

    #[test]
    fn of_a_long_line_is_shown_what_is_near() {
        let line = format!("{}bad{}", "é ".repeat(5_000), " ü".repeat(5_000));
        let source = Source::new("a.json", format!("\n{line}"));
        let fault = |column| {
            let location = Location {
                file: "a.json".into(),
                line: 2,
                column,
            };
            Fault::warning("odd").at(location, 3)
        };
        let faults = [fault(10_001), fault(10_003), fault(1)];
        let text = render(&faults, &[source], false);
        assert!(text.contains("--> a.json:2:10001\n"), "{text}");
        assert!(text.contains("--> a.json:2:10003\n"), "{text}");
        assert!(text.contains("é bad ü"), "{text}");
        assert!(text.len() < 4_000, "{}", text.len());
    }

    #[test]
    fn a_place_in_a_text_that_could_not_be_read_is_still_told() {
        let location = Location {
            file: "b.md".into(),
            line: 7,
            column: 3,
        };
        let text = render(&[Fault::error("x").at(location, 1)], &[], false);
        assert!(text.contains("b.md:7:3"), "{text}");
    }
}
