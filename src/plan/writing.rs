//! Saying in a plan's own files how far a run is: what changes, byte range by byte range.
//!
//! Pure: from texts and [`Progress`] to [`Change`]s. In a file that a person wrote only the marks change, and a
//! text that cannot be read as its format asks is not touched at all. Who writes them, and when, is not known
//! here.

use std::collections::HashMap;
use std::ops::Range;
use std::path::PathBuf;

use super::{Task, TaskId};

/// How far a run is, as a plan's files may say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The run's id.
    pub run: String,
    /// When this was so, in RFC 3339.
    pub at: String,
    /// When the run began.
    pub started_at: String,
    /// Whether it is over, so that a plan may be called finished.
    pub over: bool,
    /// The tasks of the run, in the plan's order.
    pub tasks: Vec<TaskProgress>,
}

/// How far one task is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskProgress {
    /// The plan's own id.
    pub id: TaskId,
    /// One line.
    pub title: String,
    /// Where it stands.
    pub status: Status,
    /// Whether the run has not begun it yet: what the plan says of it is a person's.
    pub is_untouched: bool,
    /// The commit that holds it, in full.
    pub commit: Option<String>,
    /// When its newest attempt began.
    pub started_at: Option<String>,
    /// When it was over.
    pub ended_at: Option<String>,
    /// How long its attempts took together, in milliseconds.
    pub millis: u64,
    /// How many attempts there were.
    pub attempts: u32,
    /// Why it needs attention: every reason, joined.
    pub reason: Option<String>,
    /// The last step that it got through, as its executor said.
    pub last_step: Option<String>,
    /// What its executor passed on.
    pub summary: Option<String>,
    /// What its commit created.
    pub created: Vec<String>,
    /// What its commit changed besides.
    pub modified: Vec<String>,
}

/// Where a task stands, in the words that plans have for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Not begun, or to be done again.
    Pending,
    /// Begun.
    InProgress,
    /// Proven and integrated.
    Done,
    /// Failed for good.
    Failed,
    /// Proven in part.
    Partial,
    /// It waits for a person, or a task that it needs came to nothing.
    Blocked,
    /// Left out.
    Skipped,
    /// Its time ran out for good.
    TimedOut,
}

/// What is to be done to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Replace byte ranges of a text that was read; they are in order and do not overlap.
    Edit {
        /// Which.
        path: PathBuf,
        /// What becomes of which bytes.
        edits: Vec<Edit>,
    },
    /// Replace byte ranges of a file that is no text of the plan, as long as it says what it was found to say.
    Amend {
        /// Which.
        path: PathBuf,
        /// All that it says.
        text: String,
        /// What becomes of which bytes.
        edits: Vec<Edit>,
    },
    /// Write a whole file where nothing is yet, or where one of ours is as we left it ([`super::is_sealed`]). What
    /// else stands there is somebody's and stays.
    Write {
        /// Which; its directory may not exist yet.
        path: PathBuf,
        /// All of it; sealed where it is to be written again.
        text: String,
    },
    /// Nothing, though there is something to say: a file that cannot hold it.
    Untold {
        /// Which.
        path: PathBuf,
        /// Why, as words that follow its name.
        why: String,
    },
    /// Move a directory with all that is in it to where nothing is yet.
    Move {
        /// Which.
        from: PathBuf,
        /// Where it is afterwards; the directory around it may not exist yet.
        to: PathBuf,
    },
}

/// Other bytes for a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Of the text as it was read; empty where something is put in.
    pub range: Range<usize>,
    /// What stands there afterwards.
    pub text: String,
}

impl Progress {
    /// The progress of a run in which nothing was begun.
    pub(super) fn none(tasks: &[Task]) -> Self {
        let pending = |task: &Task| TaskProgress {
            id: task.id.clone(),
            title: task.title.clone(),
            status: Status::Pending,
            is_untouched: false,
            commit: None,
            started_at: None,
            ended_at: None,
            millis: 0,
            attempts: 0,
            reason: None,
            last_step: None,
            summary: None,
            created: Vec::new(),
            modified: Vec::new(),
        };
        Self {
            run: String::new(),
            at: String::new(),
            started_at: String::new(),
            over: false,
            tasks: tasks.iter().map(pending).collect(),
        }
    }

    /// What the marks are to say, by the ids of tasks; of what the run has not begun they stay as they are.
    pub(super) fn marks(&self) -> HashMap<&str, Status> {
        let begun = self.tasks.iter().filter(|task| !task.is_untouched);
        begun.map(|task| (task.id.as_str(), task.status)).collect()
    }

    /// How far each task is, by its id.
    pub(super) fn by_id(&self) -> HashMap<&TaskId, &TaskProgress> {
        self.tasks.iter().map(|task| (&task.id, task)).collect()
    }
}

/// A text after its edits. Where lines end with a carriage return alone, those that are new do.
pub fn edited(text: &str, edits: &[Edit]) -> String {
    let ends_in_returns = !text.contains('\n') && text.contains('\r');
    let mut whole = String::with_capacity(text.len());
    let mut end = 0;
    for edit in edits {
        whole.push_str(&text[end..edit.range.start]);
        match ends_in_returns {
            true => whole.push_str(&edit.text.replace('\n', "\r")),
            false => whole.push_str(&edit.text),
        }
        end = edit.range.end;
    }
    whole.push_str(&text[end..]);
    whole
}
