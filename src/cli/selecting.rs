//! The options that say how a plan's files are read, the same for every command that reads them.

use crate::plan::{Dialect, Selection};

#[derive(Debug, clap::Args)]
pub(super) struct Selecting {
    /// The plan's format, when it is not to be recognized
    #[arg(long, value_name = "NAME")]
    dialect: Option<Dialect>,
    /// The session, where there are several
    #[arg(long, value_name = "ID")]
    session: Option<String>,
}

impl Selecting {
    pub(super) fn selection(&self) -> Selection {
        Selection {
            dialect: self.dialect,
            session: self.session.clone(),
        }
    }
}
