//! The plan formats, one file each: how a format is recognized, what its text means, what it brings along.
//!
//! A [`Format`] is all that the rest of `plan` knows of a dialect, and only the names and defaults here are
//! known outside of it: nothing downstream asks which dialect a task came from.

mod ccw;
mod convert;
mod gsd;
mod jobs;
mod kiro;
mod layered;
mod openspec;
mod phases;
mod sendit;
mod spec_kit;
mod superpowers;
mod task_master;
mod toml;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use convert::to_toml;

use super::agents;
use super::source::Source;
use super::text::Text;
use super::{
    Artifact, Change, Fault, Location, Plan, Progress, Selection, Session, Task, TaskId, skills,
};

/// The plan formats that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// A session directory: `TODO_LIST.md`, `IMPL_PLAN.md`, `.task/*.json`.
    Ccw,
    /// `.planning/phases/<phase>/<NN>-<MM>-PLAN.md`.
    Gsd,
    /// A directory of `job-<N>-*.md`.
    Jobs,
    /// `.kiro/specs/<feature>/tasks.md`: an outline of numbered boxes.
    Kiro,
    /// Task lists of infrastructure and features, in layers.
    Layered,
    /// `openspec/changes/<change>/tasks.md`: numbered boxes below numbered headings.
    #[serde(rename = "openspec")]
    #[value(name = "openspec")]
    OpenSpec,
    /// `.ai/plans/*.md` with `### Phase N:` headings.
    Phases,
    /// `PLAN.md` with `### Task N:` headings.
    Sendit,
    /// `specs/<NNN-feature>/tasks.md`: boxes such as `T001`, in phases.
    SpecKit,
    /// `docs/superpowers/plans/<date>-<name>.md`.
    Superpowers,
    /// `.taskmaster/tasks/tasks.json`.
    TaskMaster,
    /// Our own: `[plan]` and `[[task]]`.
    Toml,
}

impl Dialect {
    /// All of them, in the order they are tried.
    pub const ALL: [Dialect; 12] = [
        Dialect::Ccw,
        Dialect::Gsd,
        Dialect::Jobs,
        Dialect::Kiro,
        Dialect::Layered,
        Dialect::OpenSpec,
        Dialect::Phases,
        Dialect::Sendit,
        Dialect::SpecKit,
        Dialect::Superpowers,
        Dialect::TaskMaster,
        Dialect::Toml,
    ];

    /// The name that `--dialect` takes and that is stored.
    pub fn name(self) -> &'static str {
        match self {
            Dialect::Ccw => "ccw",
            Dialect::Gsd => "gsd",
            Dialect::Jobs => "jobs",
            Dialect::Kiro => "kiro",
            Dialect::Layered => "layered",
            Dialect::OpenSpec => "openspec",
            Dialect::Phases => "phases",
            Dialect::Sendit => "sendit",
            Dialect::SpecKit => "spec-kit",
            Dialect::Superpowers => "superpowers",
            Dialect::TaskMaster => "task-master",
            Dialect::Toml => "toml",
        }
    }

    /// Where its plans say that a task waits for another, in the format's own words.
    pub fn waiting(self) -> &'static str {
        match self {
            Dialect::Toml => "`needs` or `after`",
            Dialect::Ccw | Dialect::Gsd => "`depends_on`",
            Dialect::TaskMaster => "`dependencies`",
            Dialect::Phases => "`Dependencies`",
            Dialect::Jobs | Dialect::Sendit | Dialect::Superpowers => "`Depends on`",
            Dialect::Kiro | Dialect::Layered | Dialect::OpenSpec | Dialect::SpecKit => {
                "what the task says that it depends on"
            }
        }
    }

    /// Its reader.
    pub(super) fn format(self) -> &'static dyn Format {
        match self {
            Dialect::Ccw => &ccw::Ccw,
            Dialect::Gsd => &gsd::Gsd,
            Dialect::Jobs => &jobs::Jobs,
            Dialect::Kiro => &kiro::Kiro,
            Dialect::Layered => &layered::Layered,
            Dialect::OpenSpec => &openspec::OpenSpec,
            Dialect::Phases => &phases::Phases,
            Dialect::Sendit => &sendit::Sendit,
            Dialect::SpecKit => &spec_kit::SpecKit,
            Dialect::Superpowers => &superpowers::Superpowers,
            Dialect::TaskMaster => &task_master::TaskMaster,
            Dialect::Toml => &toml::Toml,
        }
    }

    /// What holds for its plans when nobody says otherwise (contract, `run` defaults).
    pub fn defaults(self) -> Defaults {
        self.format().defaults()
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What holds for the plans of a dialect when nobody says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Defaults {
    /// Whether tasks run one after the other whatever `--jobs` says.
    pub sequential: bool,
    /// Attempts after the first.
    pub retries: u32,
    /// Whether the rest goes on when a task has failed and nobody can be asked.
    pub goes_on: bool,
    /// Whether a task whose proof fails is blocked, or partial where only a criterion is unmet, and never failed.
    pub unproven_blocks: bool,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            sequential: false,
            retries: 1,
            goes_on: false,
            unproven_blocks: false,
        }
    }
}

/// How sure a format is of a file, weakest first, and why in words that follow "because".
#[derive(Debug, Clone, Copy)]
pub(super) enum Fit {
    /// What stands in it looks like this format.
    Content(&'static str),
    /// It lies where this format keeps its plans.
    Place(&'static str),
    /// It lies, or what stands in it is, as only this format has it.
    Own(&'static str),
    /// It is called what only this format calls its plans.
    Name(&'static str),
}

impl Fit {
    /// How sure, whatever the reason.
    pub(super) fn strength(self) -> u8 {
        match self {
            Fit::Content(_) => 0,
            Fit::Place(_) => 1,
            Fit::Own(_) => 2,
            Fit::Name(_) => 3,
        }
    }

    pub(super) fn why(self) -> &'static str {
        match self {
            Fit::Content(why) | Fit::Place(why) | Fit::Own(why) | Fit::Name(why) => why,
        }
    }
}

/// A task with all that is said of it.
#[derive(Debug, Clone)]
pub struct Unfolded {
    /// With its body.
    pub task: Task,
    /// What is handed down to it, as written.
    pub inherited: Vec<String>,
    /// Documents that it names.
    pub artifacts: Vec<Artifact>,
    /// Its steps as written: what to look into first, how to do it, which files to touch.
    pub flow_control: Option<serde_json::Value>,
}

/// What a reader made of its texts.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) plan: Plan,
    pub(super) faults: Vec<Fault>,
}

/// A task, and an id that it names.
pub(super) type Link = (TaskId, TaskId);

/// Where links stand, and how many bytes each takes.
pub(super) type Places = HashMap<Link, (Location, usize)>;

/// One plan format.
pub(super) trait Format: Sync {
    /// Whether a file alone is a plan of this format, and how sure that is.
    fn fits(&self, path: &Path, text: &Text<'_>) -> Option<Fit>;

    /// The plans among the entries of a directory, which are sorted: of each the files, the one that it is
    /// named by first.
    fn plans_in(&self, entries: &[PathBuf]) -> Vec<Vec<PathBuf>>;

    /// Where such plans lie in a repository, as globs below its top, for when no plan is named.
    fn homes(&self) -> &'static [&'static str] {
        &[]
    }

    /// The directory of the session that this file belongs to, where the format has sessions.
    fn session<'p>(&self, _file: &'p Path) -> Option<&'p Path> {
        None
    }

    /// Where a session keeps what concerns this task, below its directory.
    fn session_places(&self, _task: &Task) -> Session {
        Session::default()
    }

    /// The documents that a session's own list of them names.
    fn documents(&self, _text: &Text<'_>) -> Vec<Artifact> {
        Vec::new()
    }

    /// All files of the plan that this file names; a fault when it cannot name one.
    fn files(&self, path: &Path) -> Result<Vec<PathBuf>, Fault> {
        Ok(vec![path.to_path_buf()])
    }

    /// The files of the plan that several directories make together: of what the selection chooses in the project
    /// at or above `place`, or of all there is at or below it. None where this format keeps no such plans.
    fn chosen(&self, _place: &Path, _selection: &Selection) -> Option<Result<Vec<PathBuf>, Fault>> {
        None
    }

    /// What the texts say. There is at least one, in the order of [`Format::files`].
    fn read(&self, sources: &[Source]) -> Reading;

    /// Names agents for tasks that have none, by the user's words and those of the selection. Faults where the format
    /// has no use for the latter.
    fn assign(&self, plan: &mut Plan, selection: &Selection) -> Vec<Fault> {
        agents::assign_own(plan, selection);
        let hint = selection.hint.as_deref();
        let fault = hint.filter(|hint| !skills::are_named_in(hint)).map(|_| {
            Fault::error(format!(
                "`--hint` means nothing to a `{}` plan",
                plan.dialect
            ))
            .help("`--sequential` and `--jobs N` say how many tasks run side by side")
        });
        fault.into_iter().collect()
    }

    /// Whether a file is read only when what it says is needed, and not held: one that says all of a task.
    fn is_read_apart(&self, _path: &Path) -> bool {
        false
    }

    /// Whether a file that is read apart can be read as its format asks.
    fn is_sound(&self, _text: &Text<'_>) -> bool {
        true
    }

    /// A task with all that its own file says, or a fault when that is not the file that was read.
    fn unfold(&self, task: &Task, _text: &Text<'_>) -> Result<Unfolded, Fault> {
        Ok(Unfolded {
            task: task.clone(),
            inherited: Vec::new(),
            artifacts: Vec::new(),
            flow_control: None,
        })
    }

    /// What the plan's own files become when they say how far a run is: marks replaced, files of the format
    /// written. Nothing where the format has no place for it.
    fn write(&self, _sources: &[Source], _progress: &Progress) -> Vec<Change> {
        Vec::new()
    }

    /// The titles that the tasks of `plan` have where [`Format::write`] would mark them.
    fn titles(
        &self,
        plan: &Plan,
        _sources: &[Source],
        _progress: &Progress,
    ) -> HashMap<TaskId, String> {
        let tasks = plan.tasks.iter();
        tasks
            .map(|task| (task.id.clone(), task.title.clone()))
            .collect()
    }

    /// Where a plan is that is no longer at `place`, because its format moves plans whose runs are over.
    fn moved(&self, _place: &Path) -> Option<PathBuf> {
        None
    }

    /// Whether a file of the plan only says how far it is, so that it is the same plan without it.
    fn is_record(&self, _path: &Path) -> bool {
        false
    }

    /// What a text says but for progress, where that is told otherwise than by setting all marks back.
    fn without_progress(&self, _text: &Text<'_>) -> Option<String> {
        None
    }

    /// Where the text names one task in another, as far as the format can tell.
    fn places(&self, _sources: &[Source], _wanted: &HashSet<Link>) -> Places {
        Places::new()
    }

    /// The subject of a commit of such changes.
    fn progress_message(&self, plan: &Plan) -> String {
        format!("Update progress of {}", plan.title)
    }

    /// What holds when nobody says otherwise.
    fn defaults(&self) -> Defaults {
        Defaults::default()
    }
}
