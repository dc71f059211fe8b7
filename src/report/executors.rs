//! The executors that can be named, for people and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use super::clean::visible;
use crate::run::policy::CommitMode;

/// One executor.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "each field is the key of the same name")]
pub struct Row {
    pub name: String,
    pub title: String,
    /// The profile that it is or starts from.
    pub profile: Option<String>,
    /// Program and arguments; none for the embedded one.
    pub command: Vec<String>,
    /// Where its program is.
    pub program: Option<String>,
    pub installed: bool,
    /// Who commits when it runs.
    pub commit: CommitMode,
    /// Names of the variables that are passed on to it.
    pub pass_env: Vec<String>,
    pub traps: Vec<String>,
}

/// The list for people.
pub fn human(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.name.chars().count()).max();
    let width = width.unwrap_or_default();
    let mut text = String::new();
    for row in rows {
        let installed = if row.installed {
            "installed"
        } else {
            "not found"
        };
        let _ = writeln!(
            text,
            "{:<width$}  {installed}  commits: {:<8}  {}",
            row.name,
            row.commit.name(),
            row.title
        );
        if !row.command.is_empty() {
            let _ = writeln!(text, "{:width$}  {}", "", row.command.join(" "));
        }
        for trap in &row.traps {
            let _ = writeln!(text, "{:width$}  - {trap}", "");
        }
    }
    visible(&text).into_owned()
}

/// The list for programs.
pub fn json(rows: &[Row]) -> String {
    serde_json::json!({"schema": 1, "executors": rows}).to_string()
}
