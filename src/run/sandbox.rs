//! What executors, and the commands that verify their work, are kept from: part of a run's policy.

use serde::{Deserialize, Serialize};

/// How much is enforced, and what is excepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sandbox {
    /// By what.
    pub level: Level,
    /// What may be written besides what every task needs: absolute, or below the home directory as `~/…`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub write: Vec<String>,
    /// Whether the network is left open.
    #[serde(default)]
    pub network: bool,
}

/// By what a sandbox is enforced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing is kept from anything.
    #[default]
    None,
    /// The kernel's Landlock: writes elsewhere, and signals to others, are refused.
    Landlock,
    /// The program `bwrap`: besides, other processes are not seen, and there is no network.
    Bwrap,
}

impl Level {
    /// The name in settings and reports.
    pub fn name(self) -> &'static str {
        match self {
            Level::None => "none",
            Level::Landlock => "landlock",
            Level::Bwrap => "bwrap",
        }
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self {
            level: Level::None,
            write: Vec::new(),
            network: true,
        }
    }
}

impl Sandbox {
    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        self.level == Level::None
    }
}
