//! The `Files` of a task: what it creates, modifies and tests, also where the author wrote where on the own machine
//! that lies.

use std::borrow::Cow;
use std::path::Path;

use crate::plan::fields::{Field, fields, without_repeats};
use crate::plan::markdown::{Block, Line, Span};
use crate::plan::outside::{self, Outside};
use crate::plan::text::Text;
use crate::plan::{Fault, scope};

/// What a task declares.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) files: Vec<String>,
    pub(super) creates: Vec<String>,
}

/// Whether a field is `- Create: …`, `- Modify: …`, `- Test: …`, as this format has it.
pub(super) fn is_a_list_of_them(field: &Field<'_>) -> bool {
    const VERBS: [&str; 4] = ["create", "modify", "test", "delete"];
    let mut verbs = field.lines().filter_map(verb);
    verbs.any(|verb| VERBS.contains(&verb.as_str()))
}

/// The first word of a line that has a colon, in lower case.
fn verb(line: &Line) -> Option<String> {
    let said = match &line.lead {
        Some(lead) => lead,
        None => line.text.split_once([':', '：'])?.0,
    };
    Some(said.split_whitespace().next()?.to_lowercase())
}

/// Absolute paths in a plan, which are those of its author's machine.
#[derive(Debug)]
pub(super) struct Foreign {
    /// What the repository's directory is called here.
    top: Option<String>,
    outside: Outside,
}

impl Foreign {
    /// For the plan at this path.
    pub(super) fn of(plan: &Path) -> Self {
        let full = std::path::absolute(plan).unwrap_or_else(|_| plan.to_path_buf());
        let mut above = full.ancestors();
        let docs = above.find(|path| path.file_name().is_some_and(|name| name == "docs"));
        let top = docs.and_then(Path::parent).and_then(Path::file_name);
        Self {
            top: top.map(|name| name.to_string_lossy().into_owned()),
            outside: Outside::default(),
        }
    }

    /// What the repository's directory is called here.
    pub(super) fn top(&self) -> Option<&str> {
        self.top.as_deref()
    }

    /// The path below the top of the repository, when the directory above is called the same there.
    fn local(&self, path: &str) -> Option<String> {
        let top = format!("/{}/", self.top.as_deref()?);
        let at = path.find(&top)? + top.len();
        Some(path[at..].to_owned()).filter(|rest| !rest.is_empty())
    }

    /// One warning, however many there are.
    pub(super) fn told(self) -> Option<Fault> {
        self.outside.told()
    }
}

/// What the `Files` of a section declare.
pub(super) fn files(
    section: &[Block],
    text: &Text<'_>,
    foreign: &mut Foreign,
    faults: &mut Vec<Fault>,
) -> Files {
    let mut found = Files::default();
    for field in fields(section, "Files") {
        for line in field.lines() {
            let verb = verb(line).unwrap_or_default();
            for span in line
                .spans
                .iter()
                .filter(|span| is_path(without_lines(&span.text)))
            {
                let Some(path) = path(span, text, foreign, faults) else {
                    continue;
                };
                found.files.push(literal(&path).into_owned());
                if verb == "create" && !may_be_empty(&path) {
                    found.creates.push(path);
                }
            }
        }
    }
    Files {
        files: without_repeats(found.files),
        creates: without_repeats(found.creates),
    }
}

/// In a list of files a code span with a `/` is a path, whatever else stands in it.
fn is_path(span: &str) -> bool {
    let is_odd = |c: char| c.is_whitespace() || "<>=;,\"'|&".contains(c);
    let route = span.contains('/') && !span.contains("//") && !span.contains(is_odd);
    let is_hidden = span.starts_with('.') && span.len() > 1 && !span.contains(is_odd);
    route || is_hidden || scope::looks_like_path(span)
}

/// The path relative to the repository; none, and it is told, when it lies outside.
fn path(
    span: &Span,
    text: &Text<'_>,
    foreign: &mut Foreign,
    faults: &mut Vec<Fault>,
) -> Option<String> {
    let written = scope::glob_of(without_lines(&span.text)).into_owned();
    let is_drive = written.as_bytes().get(1) == Some(&b':');
    let is_absolute = is_drive || written.starts_with('/') || written.starts_with("~/");
    let is_route = is_absolute && !is_drive && !outside::is_meant(&written);
    let path = match is_absolute {
        true => foreign.local(&written),
        false => Some(written),
    };
    if path.is_none() && is_route {
        return None;
    }
    let Some(path) = path.filter(|path| !path.split('/').any(|part| part == "..")) else {
        foreign.outside.count(&span.text, span.range.clone(), text);
        return None;
    };
    match scope::objection(&literal(&path)) {
        None => Some(path),
        Some(objection) => {
            let message = format!("`{}` {objection}", span.text);
            let fault = text.warning(span.range.clone(), message);
            faults.push(fault.help("it is not counted among the files of the task"));
            None
        }
    }
}

/// `a.py:123-145, 160` is `a.py`.
fn without_lines(written: &str) -> &str {
    match written.rsplit_once(':') {
        Some((path, lines)) if scope::are_lines(lines) => path,
        _ => written,
    }
}

/// A path with the brackets of a route, `app/[id]/page.tsx`, as a glob that means just this path.
fn literal(path: &str) -> Cow<'_, str> {
    match path.contains('[') && !path.contains(['*', '?']) {
        true => glob::Pattern::escape(path).into(),
        false => path.into(),
    }
}

/// What is no file, or often rightly has nothing in it.
fn may_be_empty(path: &str) -> bool {
    const MARKERS: [&str; 5] = ["__init__.py", ".gitkeep", ".keep", "py.typed", ".nojekyll"];
    let name = path.rsplit('/').next().unwrap_or(path);
    MARKERS.contains(&name) || path.contains(['*', '?']) || path.ends_with('/')
}
