//! Making faults, in the few words that a reader needs.
//!
//! What is wrong is decided elsewhere; this knows only how to say it.

use super::{Fault, Location, Severity};

impl Fault {
    /// A plan with this cannot be run.
    pub fn error(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            location: None,
            len: 0,
            help: None,
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

/// Faults in the order of the text, those without a place first.
pub(super) fn in_text_order(faults: &mut [Fault]) {
    faults.sort_by(|a, b| {
        let key = |fault: &Fault| {
            fault
                .location
                .as_ref()
                .map(|at| (at.file.clone(), at.line, at.column))
        };
        key(a).cmp(&key(b))
    });
}
