//! What commands proved, as plain values that are kept with the events: found again by what they depend on, so that
//! nothing is proven twice.

use serde::{Deserialize, Serialize};

use super::results::Tested;

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
