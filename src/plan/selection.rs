//! What of the named files is wanted. Knows no file: what fits is for recognition and the formats.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Dialect;

/// What of the named files is wanted, where they hold more than one plan or could be read as several.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Selection {
    /// The format, when it is not to be recognized.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<Dialect>,
    /// The session, by the name of its directory, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Specs by id or path.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub specs: Vec<String>,
    /// The specs of this phase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<u32>,
    /// The specs of infrastructure.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub infrastructure: bool,
    /// The specs of features.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub features: bool,
    /// All specs.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// Words on how to run them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Agents, and the words in a task that call for them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub agents: BTreeMap<String, Vec<String>>,
    /// What the user says every executor should know how to do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<String>,
}

impl Selection {
    /// Whether nothing in particular is wanted.
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it chooses among the plans of a project.
    pub fn chooses(&self) -> bool {
        !self.specs.is_empty() || !self.flags().is_empty()
    }

    /// The options that choose among the plans of a project, as they are written.
    pub(super) fn flags(&self) -> Vec<String> {
        let phase = self.phase.map(|phase| format!("--phase {phase}"));
        let named = [
            (self.infrastructure, "--infrastructure"),
            (self.features, "--features"),
            (self.all, "--all"),
        ];
        let others = named.iter().filter(|(given, _)| *given);
        phase
            .into_iter()
            .chain(others.map(|(_, flag)| (*flag).to_owned()))
            .collect()
    }

    /// Whether both want the same of a plan's files, whatever else is said of how it runs.
    pub fn wants_as(&self, other: &Self) -> bool {
        let wanted = |selection: &Self| Self {
            dialect: None,
            hint: None,
            agents: BTreeMap::new(),
            skills: Vec::new(),
            ..selection.clone()
        };
        wanted(self) == wanted(other)
    }
}
