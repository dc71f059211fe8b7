//! Faults of a plan as compilers show theirs: the sentence, the place, the line, what to do.
//!
//! The first line of each fault says all that must be known. Only the line that is meant is shown, so that
//! a fault in a text of megabytes costs no more than one in a short text.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::clean::{visible, visible_line};
use crate::plan::{Fault, Location, Severity, Source, char_start};

/// All faults, each followed by an empty line; nothing when there are none.
pub fn render(faults: &[Fault], sources: &[Source], color: bool) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut text = String::new();
    for fault in faults {
        text.push_str(&renderer.render(&[group(fault, sources)]));
        text.push_str("\n\n");
    }
    text
}

fn group<'a>(fault: &Fault, sources: &[Source]) -> Group<'a> {
    let level = match fault.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(visible_line(&fault.message)));
    if let Some(location) = &fault.location {
        let path = visible_line(&location.file.display().to_string());
        group = match line_of(location, fault.len, sources) {
            Some((line, meant)) => group.element(
                Snippet::source(line)
                    .line_start(location.line as usize)
                    .path(path)
                    .annotation(AnnotationKind::Primary.span(meant)),
            ),
            None => group.element(
                Origin::path(path)
                    .line(location.line as usize)
                    .char_column(location.column as usize),
            ),
        };
    }
    match &fault.help {
        Some(help) => group.element(Level::HELP.message(visible_line(help))),
        None => group,
    }
}

/// The line that a location names, made visible, and the bytes of it that are meant.
fn line_of(
    location: &Location,
    len: usize,
    sources: &[Source],
) -> Option<(String, std::ops::Range<usize>)> {
    let source = sources.iter().find(|source| source.path == location.file)?;
    let text = source.whole().ok()?;
    let line = text.lines().nth(location.line as usize - 1)?;
    let line = line.strip_prefix('\u{feff}').unwrap_or(line);
    let column = location.column as usize - 1;
    let start = line
        .char_indices()
        .nth(column)
        .map_or(line.len(), |(at, _)| at);
    let end = if len == 0 {
        start + word(&line[start..])
    } else {
        char_start(line, start + len)
    };
    let before = visible(&line[..start]);
    let meant = visible(&line[start..end]);
    let after = visible(&line[end..]);
    let range = before.len()..before.len() + meant.len();
    Some((format!("{before}{meant}{after}"), range))
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
