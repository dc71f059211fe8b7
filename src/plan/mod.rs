//! What the author asked for: a [`Plan`] of [`Task`]s, read from text.
//!
//! One reader a dialect, text in, `Plan` out, with a source location for every task. A reader never
//! guesses silently: what it did not understand is a warning, what would change the meaning is a fault.
//! This module knows nothing of git, processes or runs.
//!
#![doc = include_str!("dialects.md")]

mod agents;
mod checklist;
mod context;
mod cycles;
mod dialect;
mod duration;
mod fault;
mod fields;
mod gaps;
mod json;
mod load;
mod markdown;
mod need_words;
mod outside;
mod pattern;
mod recognize;
mod room;
mod sayings;
mod scope;
mod seal;
mod selection;
mod skills;
mod source;
mod status_words;
mod suggest;
mod tags;
mod text;
mod tokens;
mod unmarked;
mod visible;
mod writing;
mod yaml;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use context::{Artifact, Session};
pub use dialect::{Defaults, Dialect, Unfolded, to_toml};
pub use duration::{TIME_SPANS, time_span};
pub use fault::point;
pub use load::{
    Faults, Loaded, Marked, damaged, documents, is_sound, load, marked, place_now,
    progress_message, said_done, session, unfolded, with_bodies, written,
};
pub use pattern::{Pattern, choices};
pub use seal::is_sealed;
pub use selection::Selection;
pub use skills::about as about_skill;
use source::is_named;
pub use source::{Source, hash_input, kept_name};
pub use suggest::{Ids, did_you_mean, is_misspelt, nearest, or_meant};
pub use text::{char_start, is_invisible};
pub use tokens::{Secret, secret_at, secrets_in, without_secrets};
pub use unmarked::{differ_in_progress_only, unmark};
pub use visible::visible;
pub use writing::{Change, Edit, Progress, Status, TaskProgress, edited};

/// A plan as its author wrote it, before anything about it was checked (see [`crate::graph`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The format it was written in.
    pub dialect: Dialect,
    /// The plan's own title, or the name of its file.
    pub title: String,
    /// In the order of the text.
    pub tasks: Vec<Task>,
    /// What the plan asks of the run that executes it.
    #[serde(default)]
    pub wishes: Wishes,
    /// Documents an executor should know of, relative to the repository (a spec, the plan itself).
    #[serde(default)]
    pub artifacts: Vec<String>,
}

impl Plan {
    /// The name of the session that it is, where its format has sessions.
    pub fn session(&self) -> Option<String> {
        let file = &self.tasks.first()?.location.file;
        let directory = self.dialect.format().session(file)?;
        Some(directory.file_name()?.to_string_lossy().into_owned())
    }
}

/// One unit of work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// The plan's own id, byte for byte.
    pub id: TaskId,
    /// One line.
    pub title: String,
    /// What to do, as Markdown.
    #[serde(default)]
    pub body: String,
    /// Tasks that must be done before this one; when one fails, this one is held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<TaskId>,
    /// Tasks that must be settled, however, before this one: order and nothing more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<TaskId>,
    /// A name the plan gives to tasks that belong together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Globs of what the task may change; empty when the plan does not say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Files that must exist and not be empty when the task is done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub creates: Vec<String>,
    /// Files that must be there, and otherwise than before, when the task is done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modifies: Vec<String>,
    /// Dependencies that must stand in a manifest, as `Cargo.toml: argon2`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends: Vec<String>,
    /// How the plan wants the task verified.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verify: Vec<Check>,
    /// What its verify commands must do when it is done; without it, fail in no new way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expects: Option<Expects>,
    /// Whether the task writes code or decides something.
    #[serde(default)]
    pub kind: Kind,
    /// Who should do it, in the plan's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// What sort of work it is, in the plan's word (`feature`, `test-fix`).
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
    /// What must hold when it is done, in the plan's words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acceptance: Vec<String>,
    /// What its executor should know how to do, in the plan's words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<String>,
    /// Whether the task may end without a change.
    #[serde(default)]
    pub allow_empty: bool,
    /// Whether it runs only when it is asked for by name.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Whether a person looks at its result before it counts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub review: bool,
    /// `sh` commands for the embedded shell executor: the task's own fenced `sh` block, or `run`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// What the plan's own files say was done before this run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<Imported>,
    /// The file that says what to do, where the body is made of it only when the task starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<TaskSource>,
    /// How far an attempt from before this run came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<Earlier>,
    /// Where the task stands in the text.
    pub location: Location,
}

/// A file of a plan that holds one task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskSource {
    /// What it is called among the files that a journal keeps of the plan.
    pub file: String,
    /// The SHA-256 of all that it says but for progress.
    pub sha256: String,
}

impl Task {
    /// Whether the plan's own files leave it to be run.
    pub fn is_open(&self) -> bool {
        let status = self.imported.as_ref().map(|imported| imported.status);
        status.is_none_or(|status| status == ImportedStatus::InProgress)
    }

    /// A task at this place of the text, of which nothing else is known yet.
    pub fn at(location: Location) -> Self {
        Self {
            id: TaskId::default(),
            title: String::new(),
            body: String::new(),
            needs: Vec::new(),
            after: Vec::new(),
            group: None,
            files: Vec::new(),
            creates: Vec::new(),
            modifies: Vec::new(),
            depends: Vec::new(),
            verify: Vec::new(),
            expects: None,
            kind: Kind::default(),
            agent: None,
            sort: None,
            acceptance: Vec::new(),
            skills: Vec::new(),
            allow_empty: false,
            optional: false,
            review: false,
            run: None,
            imported: None,
            source: None,
            earlier: None,
            location,
        }
    }
}

/// How the plan wants a task verified.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// A command for `sh -c`, said to be one by the plan's format.
    Command(String),
    /// One code span, or a line of a fenced block: a command if its first word can be run.
    Code(String),
    /// Words for the executor; no command proves them.
    Prose(String),
}

impl Check {
    /// Code as a document shows it. Behind a prompt, `$ `, stands what is typed; lines without one are the answers.
    pub(crate) fn shown(code: &str) -> Self {
        let is_typed = |line: &str| line.starts_with("$ ");
        let begins_so = || {
            let mut lines = code.lines().map(str::trim_start);
            let first = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
            first.is_some_and(is_typed)
        };
        // Nearly all code holds no such sign.
        if memchr::memchr(b'$', code.as_bytes()).is_none() || !begins_so() {
            return Self::Code(code.to_owned());
        }
        let mut goes_on = false;
        let typed = code.lines().filter_map(|line| {
            let typed = line.trim_start().strip_prefix("$ ");
            let typed = typed.or(goes_on.then_some(line));
            goes_on = typed.is_some_and(|line| line.ends_with('\\'));
            typed
        });
        Self::Code(typed.collect::<Vec<_>>().join("\n"))
    }

    /// The text as the author wrote it.
    pub fn text(&self) -> &str {
        match self {
            Check::Command(text) | Check::Code(text) | Check::Prose(text) => text,
        }
    }
}

/// What must become of a task's verify commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expects {
    /// They fail: it writes the tests of what is not there yet.
    Failing,
    /// They pass, whatever failed before.
    Passing,
}

/// Progress that the plan's own files record from before this run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// What they say of the task.
    pub status: ImportedStatus,
    /// The commit they name, as written; a claim until git confirms it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

/// What a plan's own files say of an attempt from before this run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Earlier {
    /// Files that it left; a claim until git confirms it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<String>,
    /// The last step that succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_step: Option<String>,
    /// Why it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What a plan's own files may say of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportedStatus {
    /// Begun, not finished: it will be run.
    InProgress,
    /// Finished before this run: it will not be run.
    Done,
    /// Left out on purpose: it will not be run.
    Skipped,
}

impl ImportedStatus {
    /// As people read it.
    pub fn words(self) -> &'static str {
        match self {
            Self::InProgress => "in progress",
            Self::Done => "done",
            Self::Skipped => "skipped",
        }
    }
}

/// Whether a task writes code or decides something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Code, tests, documents.
    #[default]
    Implementation,
    /// Decisions and skeletons.
    Design,
}

/// How much context an executor is given, and how deep its result is verified.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// The task and its files.
    Light,
    /// All that is known.
    #[default]
    Full,
}

/// What a plan asks of its run; flags and configuration override it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wishes {
    /// Commands that must pass on the integrated tree at the end.
    pub final_verify: Vec<String>,
    /// How often somebody may try to mend the whole when those fail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix_rounds: Option<u32>,
    /// Light or full.
    pub weight: Option<Weight>,
    /// How many attempts may run side by side, at least one.
    pub jobs: Option<usize>,
    /// Attempts after the first.
    pub retries: Option<u32>,
    /// A wall-clock limit for an attempt, as written (`10m`).
    pub timeout: Option<String>,
    /// Whether the rest goes on when a task has failed and nobody can be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goes_on: Option<bool>,
    /// How many tokens the summaries of finished dependencies may take in a task's context.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary_tokens: Option<u32>,
    /// What every executor should know how to do.
    #[serde(skip_serializing_if = "Skills::is_empty")]
    pub skills: Skills,
}

/// What every executor of a plan should know how to do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Skills {
    /// Asked for by the user or by the plan.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub named: Vec<String>,
    /// Called for by what the plan is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub detected: Vec<String>,
    /// Called for by nothing but who is to do its tasks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub of_owners: Vec<String>,
}

impl Skills {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// All, those first that were asked for.
    pub fn iter(&self) -> impl Iterator<Item = &String> {
        let detected = self.detected.iter().chain(&self.of_owners);
        self.named.iter().chain(detected)
    }
}

/// A task's id as the plan spells it.
///
/// Shared: an id stands wherever something waits for its task, which may be a million times in a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(Arc<str>);

impl TaskId {
    /// Takes the plan's spelling as it is; [`crate::graph`] checks it.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }

    /// The plan's spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for TaskId {
    fn from(id: &str) -> Self {
        Self::new(id)
    }
}

/// Where something stands in a plan's text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// As the user named it, for messages.
    pub file: PathBuf,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

/// How bad a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Told, and gone on.
    Warning,
    /// The plan cannot be run.
    Error,
}

/// Something wrong with a plan, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// How bad.
    pub severity: Severity,
    /// One line, lower case, no full stop, the thing named in backticks.
    pub message: String,
    /// Where it stands, when it stands somewhere.
    pub location: Option<Location>,
    /// How many bytes of the text from there are meant; 0 when only the place is known.
    pub len: usize,
    /// What to do about it, such as "did you mean `schema`?".
    pub help: Option<String>,
    /// The task that it is about and the id which that names, until its format has told where that stands.
    #[serde(skip)]
    pub link: Option<Box<(TaskId, TaskId)>>,
}
