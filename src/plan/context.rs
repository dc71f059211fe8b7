//! What a plan's format tells an executor besides the task: documents worth reading, and where its session keeps
//! what concerns it. Knows names and paths, and no file.

use serde::{Deserialize, Serialize};

use super::{Plan, Task};

/// A document worth reading, relative to the repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Where it is.
    pub path: String,
    /// How much it matters, in the plan's word (`highest`, `low`).
    #[serde(default)]
    pub priority: Option<String>,
    /// What it is, in the plan's word (`synthesis_specification`).
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
}

impl Artifact {
    /// A document of which nothing but its path is known.
    pub fn at(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            ..Self::default()
        }
    }

    /// Its place among others, the most important first.
    pub fn rank(&self) -> u8 {
        rank(self.priority.as_deref().unwrap_or_default())
    }
}

/// The place of a priority among others, the most important first.
pub(super) fn rank(priority: &str) -> u8 {
    match priority.to_lowercase().as_str() {
        "highest" | "critical" => 0,
        "high" => 1,
        "medium" => 2,
        "low" => 4,
        "lowest" => 5,
        _ => 3,
    }
}

/// The session that a plan belongs to, and where it keeps what concerns a task, relative to the repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "each path is that of the file it names")]
pub struct Session {
    /// What it is called.
    pub name: String,
    pub workflow_dir: Option<String>,
    pub plan_path: Option<String>,
    pub todo_list_path: Option<String>,
    pub context_package_path: Option<String>,
    pub summaries_dir: Option<String>,
    pub task_json_path: Option<String>,
}

impl Session {
    /// The session of `plan`, where its format has sessions: in the directory `dir`, as far as `exists` finds there
    /// what belongs to it.
    pub fn of(plan: &Plan, task: &Task, dir: &str, exists: impl Fn(&str) -> bool) -> Option<Self> {
        let name = plan.session()?;
        let places = plan.dialect.format().session_places(task);
        let below = |path: &str| match dir {
            "." | "" => path.to_owned(),
            dir => format!("{}/{path}", dir.trim_end_matches('/')),
        };
        let there =
            |path: Option<String>| path.map(|path| below(&path)).filter(|path| exists(path));
        if !matches!(dir, "." | "") && !exists(dir) {
            return Some(Self {
                name,
                ..Self::default()
            });
        }
        Some(Self {
            name,
            workflow_dir: Some(dir.to_owned()),
            plan_path: there(places.plan_path),
            todo_list_path: there(places.todo_list_path),
            context_package_path: there(places.context_package_path),
            summaries_dir: there(places.summaries_dir),
            task_json_path: there(places.task_json_path),
        })
    }
}
