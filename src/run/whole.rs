//! What is known of the whole: what failed when it was verified, who broke it, who is to mend it. Plain values.
//!
//! What follows from them is told in `fixing`; where they come from is not known here.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::names::short;
use super::proof::Proof;
use super::results::{Names, Tested};
use crate::plan::{Location, Task, TaskId};

/// What the commands that prove the whole said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinalVerdict {
    /// The integrated commit.
    pub commit: String,
    /// Whether nothing fails that did not fail where the run began.
    pub passed: bool,
    /// What failed.
    pub reasons: Vec<String>,
    /// What should be told and refuses nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What the commands told of their tests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<Tested>,
    /// Those that passed and need not run again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proofs: Vec<Proof>,
    /// The commands that failed, with what whoever is to mend it must know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Failure>,
    /// Who broke it, once that was looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blame: Option<Blame>,
}

/// A command that failed when the whole was verified.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Failure {
    /// The command, as for `sh -c`.
    pub command: String,
    /// The tests for which it counts as failed; none where its tests are not named.
    #[serde(skip_serializing_if = "Names::is_empty")]
    pub tests: Names,
    /// The end of what it printed, without what must not be stored.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tail: String,
}

/// Who broke the whole, as running a command on the commits between the run's base and its tip showed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Blame {
    /// The command that fails.
    pub command: String,
    /// With whom it began to fail: one, or several that could not be told apart. Nobody, when it failed before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<Blamed>,
    /// Whether it fails on the commit that the run started from.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub on_base: bool,
    /// Why it could not be found out.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub obstacle: String,
    /// How often commands were run to find out.
    pub runs: u32,
}

/// What one task did to the run's branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blamed {
    /// The task.
    pub task: TaskId,
    /// Its commit; where it was undone, the one that undid it.
    pub commit: String,
    /// Whether it was undone, and not integrated.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undone: bool,
}

/// A task that the run gives itself: to mend what fails on the whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// An id that no other task has.
    pub task: TaskId,
    /// One line.
    pub title: String,
    /// What its executor is told, as Markdown.
    pub body: String,
}

impl fmt::Display for Blame {
    /// In one sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let command = &self.command;
        let names: Vec<String> = self.tasks.iter().map(Blamed::to_string).collect();
        match names.as_slice() {
            _ if !self.obstacle.is_empty() => {
                write!(
                    f,
                    "which task broke `{command}` could not be found out: {}",
                    self.obstacle
                )
            }
            _ if self.on_base => write!(
                f,
                "`{command}` fails on the commit that the run started from: no task broke it"
            ),
            [] => write!(f, "no task broke `{command}`"),
            [one] => write!(f, "`{command}` fails since {one}"),
            several => write!(
                f,
                "`{command}` fails since one of these: {}",
                several.join(", ")
            ),
        }
    }
}

impl fmt::Display for Blamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.undone {
            "was undone"
        } else {
            "was integrated"
        };
        write!(f, "task {} {what} ({})", self.task, short(&self.commit))
    }
}

impl Fix {
    /// The task: it asks for a change of anything, and brings no command of its own.
    pub fn task(&self) -> Task {
        Task {
            id: self.task.clone(),
            title: self.title.clone(),
            body: self.body.clone(),
            ..Task::at(Location::default())
        }
    }
}
