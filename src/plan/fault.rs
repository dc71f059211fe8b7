//! Making faults, in the few words that a reader needs; and faults as the error that a command ends with.
//!
//! What is wrong is decided elsewhere; this knows only how to say it.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::path::Path;

use super::load::Faults;
use super::text::Text;
use super::{Dialect, Fault, Location, Severity, Source, Task, TaskId};

impl Fault {
    /// A plan with this cannot be run.
    pub fn error(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            location: None,
            len: 0,
            help: None,
            link: None,
        }
    }

    /// Told, and gone on.
    pub fn warning(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(message)
        }
    }

    /// Where it stands, and how many bytes are meant.
    #[must_use]
    pub fn at(mut self, location: Location, len: usize) -> Self {
        self.location = Some(location);
        self.len = len;
        self
    }

    /// That nobody reads this key, and which one may be meant.
    #[must_use]
    pub(super) fn misspelt(text: &Text<'_>, place: Range<usize>, key: &str, meant: &str) -> Self {
        text.warning(place, format!("key `{key}` is not known"))
            .help(format!("did you mean `{meant}`?"))
    }

    /// That it is about an id which `task` names.
    #[must_use]
    pub fn about(mut self, task: &Task, named: &TaskId) -> Self {
        self.link = Some(Box::new((task.id.clone(), named.clone())));
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What to do about it, when anybody knows.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    /// Whether the plan can be run in spite of it.
    pub fn is_warning(&self) -> bool {
        self.severity == Severity::Warning
    }
}

/// On one line: where, what, and what to do.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.location {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

impl Faults {
    /// Faults of texts that are no plan, or of a plan whose format is of no concern any more.
    pub fn of(faults: Vec<Fault>, sources: Vec<Source>) -> Self {
        Self {
            faults,
            sources,
            dialect: None,
            sessions: Vec::new(),
        }
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self::of(vec![fault], Vec::new())
    }
}

/// The errors, each on a line.
impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = self.faults.iter().filter(|fault| !fault.is_warning());
        let lines: Vec<String> = errors.map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Faults {}

/// Has faults about ids that tasks name point at where those stand, in formats that know it.
pub fn point(dialect: Dialect, sources: &[Source], faults: &mut [Fault]) {
    let wanted = faults
        .iter()
        .filter_map(|fault| fault.link.as_deref().cloned());
    let wanted: HashSet<(TaskId, TaskId)> = wanted.collect();
    if wanted.is_empty() {
        return;
    }
    let places = dialect.format().places(sources, &wanted);
    for fault in faults {
        if let Some((place, len)) = fault.link.take().and_then(|link| places.get(&*link)) {
            (fault.location, fault.len) = (Some(place.clone()), *len);
        }
    }
}

/// Faults in the order of the text, those without a place first.
pub(super) fn in_text_order(faults: &mut [Fault]) {
    fn place(fault: &Fault) -> Option<(&Path, u32, u32)> {
        let at = fault.location.as_ref()?;
        Some((&at.file, at.line, at.column))
    }
    faults.sort_by(|a, b| place(a).cmp(&place(b)));
}
