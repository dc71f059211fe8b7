//! Checkpoints with all that they hold: a run is loaded from them or refused, and one that is loaded can be told.
//!
//! A part `message` ends a checkpoint; the parts before it are files of its tree, and stay for the ones after it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::process::Command;

use git_enact::git::{Entry, Identity, NewCommit, Oid, Repo};
use git_enact::journal::{codec, layout, read};
use git_enact::report::{Context, status};
use git_enact::run::state::{RunState, State, TaskState};

use super::{assert_tame, parts};

/// After so many inputs their objects are removed.
const ROUND: usize = 200;

/// Where checkpoints are written to be read.
struct Store {
    dir: tempfile::TempDir,
    repo: Repo,
    used: usize,
}

thread_local! {
    static STORE: RefCell<Store> = RefCell::new(Store::new());
}

type Files = BTreeMap<String, BTreeMap<String, Vec<u8>>>;

pub(super) fn answer(bytes: &[u8]) {
    STORE.with_borrow_mut(|store| {
        if store.used.is_multiple_of(ROUND) {
            store.sweep();
        }
        store.used += 1;
        if let Some(tip) = store.written(bytes) {
            load(&store.repo, tip);
        }
    });
}

impl Store {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let made = Command::new("git")
            .args(["init", "--quiet", "--bare"])
            .current_dir(dir.path())
            .env("HOME", dir.path())
            .status();
        assert!(made.is_ok_and(|made| made.success()), "a repository");
        let repo = Repo::discover(dir.path()).expect("a repository");
        Self { dir, repo, used: 0 }
    }

    fn sweep(&self) {
        let objects = std::fs::read_dir(self.dir.path().join("objects")).expect("objects");
        for entry in objects.flatten() {
            if entry.file_name().len() == 2 {
                std::fs::remove_dir_all(entry.path()).expect("removed");
            }
        }
    }

    /// The newest of the checkpoints that the input makes, as far as git holds such.
    fn written(&self, bytes: &[u8]) -> Option<Oid> {
        let mut files = Files::new();
        let mut tip = None;
        for (name, part) in parts(bytes) {
            if name == "message" {
                let message = String::from_utf8_lossy(&part);
                let parents: Vec<Oid> = tip.into_iter().collect();
                let author = Identity {
                    name: "Ann".to_owned(),
                    email: "ann@example.com".to_owned(),
                };
                let commit = NewCommit {
                    tree: self.tree(&files)?,
                    parents: &parents,
                    message: &message,
                    author: &author,
                    time: 1_767_225_600,
                };
                tip = Some(self.repo.write_commit(&commit).ok()?);
            } else if let Some((dir, name)) = name.split_once('/') {
                let dir = files.entry(dir.to_owned()).or_default();
                dir.insert(name.to_owned(), part);
            }
        }
        tip
    }

    fn tree(&self, files: &Files) -> Option<Oid> {
        let mut entries = Vec::new();
        for (dir, files) in files {
            let mut below = Vec::new();
            for (name, bytes) in files {
                below.push(Entry::file(name, self.repo.write_blob(bytes).ok()?));
            }
            entries.push(Entry::tree(dir, self.repo.write_tree(&below).ok()?));
        }
        self.repo.write_tree(&entries).ok()
    }
}

fn load(repo: &Repo, tip: Oid) {
    let loaded = match read::load_at(repo, tip) {
        Ok(loaded) => loaded,
        Err(refused) => return assert!(!refused.to_string().is_empty(), "it says why"),
    };
    let state = &loaded.state;
    same_when_stored(state);
    told(state, tip);
    if let Some(headline) = state_headline(state) {
        assert_eq!(headline, format!("{:?}", state.headline()));
    }
}

/// A snapshot of what was read is read as the same.
fn same_when_stored(state: &State) {
    let text = serde_json::to_vec(&state.run).expect("it can be stored");
    let mut run: RunState = serde_json::from_slice(&text).expect("what was stored can be read");
    assert_eq!(
        serde_json::to_vec(&run).expect("it was stored before"),
        text
    );
    // What a policy says of something that is switched off is not kept.
    run.policy = state.run.policy.clone();
    assert_eq!(format!("{run:?}"), format!("{:?}", state.run));
    for task in 0..state.graph().len() {
        let text = serde_json::to_vec(state.at(task)).expect("it can be stored");
        let found: TaskState = serde_json::from_slice(&text).expect("what was stored can be read");
        assert_eq!(format!("{found:?}"), format!("{:?}", state.at(task)));
    }
}

/// The headline of a next checkpoint, as one would read it.
fn state_headline(state: &State) -> Option<String> {
    use git_enact::run::event::{Event, Recorded};
    let stopped = Recorded {
        seq: state.run.seq.saturating_add(1).min(i64::MAX as u64),
        at: state.run.updated_at.clone(),
        checkpoint: String::new(),
        event: Event::Stopped {
            reason: String::new(),
        },
    };
    let message = codec::message(&stopped, &state.headline()).ok()?;
    Some(format!("{:?}", codec::decode_headline(&message).ok()?))
}

/// Every view of it can be made, and shows nothing that a terminal obeys.
fn told(state: &State, tip: Oid) {
    let context = Context {
        driven: false,
        checkpoint: tip.to_string(),
        branch: layout::integration_branch(&state.run.id),
        is_usual: true,
        is_earlier: false,
        is_put_back: false,
    };
    assert_tame(&status::human(state, &context), false);
    assert_tame(&status::porcelain(state, &context), false);
    let shown = status::json(state, &context, &[]).expect("JSON");
    let shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(
        shown["tasks"].as_array().map(Vec::len),
        Some(state.graph().len())
    );
}
