//! What commands proved, as plain values that are kept with the events: found again by what they depend on, so that
//! nothing is proven twice.

use serde::{Deserialize, Serialize};

use super::results::{Baseline, Tested};

/// That a command passed on a tree, where nothing lay but what the tree brings.
///
/// Only what passed is kept. A failure is met by a new attempt, and when that makes the same tree again, it says that
/// the command was at fault: a test that fails now and then, a service that was away. To answer it from memory would
/// end every such attempt in the same way. What passed is not asked again, or no retry could ever be relied on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Proof {
    /// The command, as for `sh -c`.
    pub command: String,
    /// A digest of the tree, the command, those that ran before it in the same place, and the environment.
    pub key: String,
    /// Whether its worktree was made for it: no attempt was ever let in.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_fresh: bool,
    /// What it told of its tests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tested: Option<Tested>,
}

/// How a quality check went: a command with a name that is run for every task.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quality {
    /// Its name: `build`, `format`, `lint`.
    pub name: String,
    /// The command, as for `sh -c`.
    pub command: String,
    /// How it ended, in words.
    pub ended: String,
    /// Whether it passed, or fails as it did before.
    pub holds: bool,
    /// How it went on the commit before, where that was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<Baseline>,
}

/// Whether something holds that the plan demands of a task in its own words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Criterion {
    /// In the plan's words.
    pub text: String,
    /// What is known of it.
    pub standing: Standing,
    /// The command that shows it, and how it ended; empty when none does.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub evidence: String,
}

/// What is known of a criterion.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// A command shows that it holds.
    Met,
    /// A command shows that it does not.
    Unmet,
    /// No command shows anything.
    #[default]
    NotVerified,
}

impl Standing {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Standing::Met => "met",
            Standing::Unmet => "unmet",
            Standing::NotVerified => "not verified",
        }
    }
}
