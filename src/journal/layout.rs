//! Where everything is: every ref name, every local path, every trailer.
//!
//! The only module that spells our ref names, but for where the branches of runs are, which `git` has to know as well.
//! `format.md` documents each of them.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

pub use crate::git::BRANCHES;

/// Below this lies the journal of each run.
pub const RUNS: &str = "refs/enact/runs/";
/// Notes on integrated commits, for people.
pub const PROGRESS: &str = "refs/notes/PROGRESS";
/// What only this tool writes: where a lock file that nobody holds may be removed.
pub const OURS: [&str; 3] = ["refs/enact/", BRANCHES, PROGRESS];

/// The trailer that names the run.
pub const TRAILER_RUN: &str = "Run";
/// The trailer that names the event.
pub const TRAILER_EVENT: &str = "Event";
/// The trailer that names the task.
pub const TRAILER_TASK: &str = "Task";
/// The trailer that numbers the attempt.
pub const TRAILER_ATTEMPT: &str = "Attempt";
/// The trailer that names the commit an event is about.
pub const TRAILER_COMMIT: &str = "Commit";

/// The plan in a checkpoint's tree.
pub const PLAN: &str = "plan";
/// The newest snapshot in a checkpoint's tree.
pub const STATE: &str = "state";

/// What an attempt's executor was told, beside the event of its end: the prompt.
pub const PROMPT: &str = "prompt.md";
/// And the context package.
pub const PACKAGE: &str = "task.json";

const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The ref that is the journal of `run`.
pub fn run_ref(run: &str) -> String {
    format!("{RUNS}{run}")
}

/// The branch that accepted work is integrated on.
pub fn integration_branch(run: &str) -> String {
    format!("{BRANCHES}{run}/integration")
}

/// The branch of one task.
pub fn task_branch(run: &str, slug: &str) -> String {
    format!("{}{slug}", task_branches(run))
}

/// Below this lie the task branches of `run`.
pub fn task_branches(run: &str) -> String {
    format!("{BRANCHES}{run}/task/")
}

/// The run whose journal `name` is.
pub fn run_of(name: &str) -> Option<&str> {
    name.strip_prefix(RUNS).filter(|run| !run.contains('/'))
}

/// The branches of `run`, all of them, begin so.
pub fn branches(run: &str) -> String {
    format!("{BRANCHES}{run}/")
}

/// The run whose branch `name` is.
pub fn run_of_branch(name: &str) -> Option<&str> {
    let (run, _) = name.strip_prefix(BRANCHES)?.split_once('/')?;
    Some(run)
}

/// The slug of the task of `run` whose branch `name` is.
pub fn slug_of_branch<'a>(name: &'a str, run: &str) -> Option<&'a str> {
    name.strip_prefix(&task_branches(run))
}

/// What is local to this machine: `<git-common-dir>/enact`.
pub fn local(common_dir: &Path) -> PathBuf {
    common_dir.join("enact")
}

/// What is local to this machine about one run.
pub fn local_run(common_dir: &Path, run: &str) -> PathBuf {
    local_runs(common_dir).join(run)
}

/// Below this lies what is local to this machine about each run.
pub fn local_runs(common_dir: &Path) -> PathBuf {
    local(common_dir).join("runs")
}

/// Locked while a process drives the run.
pub fn lease_file(common_dir: &Path, run: &str) -> PathBuf {
    local_run(common_dir, run).join("lease")
}

/// Made by whoever asks the run to stop.
pub fn stop_file(common_dir: &Path, run: &str) -> PathBuf {
    local_run(common_dir, run).join("stop")
}

/// Where this machine put the run's branch: what it may move, when the journal says that it is elsewhere.
pub fn projected_file(common_dir: &Path, run: &str) -> PathBuf {
    local_run(common_dir, run).join("projected")
}

/// Which files of the checkout say how far the run is because we wrote it there.
pub fn written_file(common_dir: &Path, run: &str) -> PathBuf {
    local_run(common_dir, run).join("written")
}

/// What surrounds the run in its repository, as it was when the drive began that has not ended well.
pub fn surroundings_file(common_dir: &Path, run: &str) -> PathBuf {
    local_run(common_dir, run).join("surroundings.json")
}

/// Files that were planted in the repository and were moved out of git's way.
pub fn planted_dir(common_dir: &Path, run: &str) -> PathBuf {
    local_run(common_dir, run).join("planted")
}

/// What a landing has taken out of the checkout until it is over.
pub fn aside_dir(common_dir: &Path, run: &str) -> PathBuf {
    local_run(common_dir, run).join("aside")
}

/// Where objects are put that cannot be read.
pub fn torn_dir(common_dir: &Path) -> PathBuf {
    local(common_dir).join("torn")
}

/// Locked while notes are written, by whichever run.
pub fn notes_lock(common_dir: &Path) -> PathBuf {
    local(common_dir).join("notes.lock")
}

/// How the files of one attempt begin: its mark, claim and output. All lie beside each other, because a
/// directory costs more than any of them.
pub fn attempt_stem(common_dir: &Path, run: &str, slug: &str, attempt: u32) -> PathBuf {
    attempts_dir(common_dir, run).join(format!("{slug}.{attempt}"))
}

/// How the files begin that tell the attempt in a slot what to do: written anew for each.
pub fn slot_stem(common_dir: &Path, run: &str, slot: u32) -> PathBuf {
    attempts_dir(common_dir, run).join(format!("slot-{slot}"))
}

/// The slug and the number of the attempt whose files' names begin so.
pub fn attempt_of(stem: &str) -> Option<(&str, u32)> {
    let (slug, number) = stem.rsplit_once('.')?;
    Some((slug, number.parse().ok()?))
}

/// The number of each task's newest attempt, once the files of the attempts are gone.
pub fn numbers_file(common_dir: &Path, run: &str) -> PathBuf {
    local_run(common_dir, run).join("numbers")
}

/// The files of all attempts of a run.
pub fn attempts_dir(common_dir: &Path, run: &str) -> PathBuf {
    local_run(common_dir, run).join("attempts")
}

/// A run id for a plan: its slug, and four characters that make it unique.
pub fn run_id(plan_slug: &str, chance: u32) -> String {
    let letters = (0..4).map(|n| BASE32[(chance >> (5 * n)) as usize % 32] as char);
    let slug: String = plan_slug.chars().take(59).collect();
    let slug = slug.trim_end_matches(['-', '.', '_']);
    format!("{slug}-{}", letters.collect::<String>())
}

/// Refuses what cannot stand in a ref name or a path, in the contract's words.
pub fn check_run_id(id: &str) -> Result<()> {
    let is_first = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_other = |byte: u8| is_first(byte) || matches!(byte, b'.' | b'_' | b'-');
    let fits = (1..=64).contains(&id.len())
        && id.bytes().next().is_some_and(is_first)
        && id.bytes().all(is_other)
        && !id.contains("..")
        && !id.ends_with('.')
        && !id.ends_with(".lock");
    if !fits {
        bail!(
            "`{}` cannot name a run: lower-case letters, digits, `.`, `_` and `-`, at most 64, \
             beginning with a letter or digit",
            id.escape_debug()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_ids_are_made_as_they_are_checked() {
        let id = run_id("add-auth", 0x0012_3456);
        check_run_id(&id).expect("what we make, we accept");
        assert_eq!(id.len(), "add-auth".len() + 5);
        assert!(check_run_id(&run_id(&"x".repeat(100), 7)).is_ok());
        for bad in ["", "A", "-a", "a..b", "a.lock", "a.", "a/b", "a b", "a\n"] {
            assert!(check_run_id(bad).is_err(), "{bad:?} must be refused");
        }
    }
}
