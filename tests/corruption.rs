//! Whatever becomes of the bytes that a run has stored, nobody believes them: a damage is named, mended where the
//! rest of the journal allows, and never taken for another state, or for no run at all.
//!
//! Each stored file is cut at every byte, and has every seventh bit turned. By default a sample is taken, the same
//! each time; `ENACT_CORRUPT=5000` takes about so many, repairs all of them, and prints how many there were. A number
//! that is large enough takes each byte, which is hours on two cores.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::Duration;

use git_enact::care::{self, Finding, Remedy, Scope};
use git_enact::git::Repo;
use git_enact::journal;
use git_enact::run::state::State;

use crate::doctor::{BRANCH, JOURNAL, NOTES, finished, git_dir};
use crate::support::oracle::{Spared, files_below};
use crate::support::scenario::{Journey, WORK};
use crate::support::traced::{each, say};
use crate::support::user::User;

/// How long one look may take: what never comes back is a failure as well.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is done to the bytes of a file.
#[derive(Debug, Clone, Copy)]
enum Harm {
    /// Only so many of them are left.
    Cut(usize),
    /// This bit is turned.
    Turn(usize),
}

impl Harm {
    fn done_to(self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        match self {
            Harm::Cut(at) => bytes.truncate(at),
            Harm::Turn(bit) => bytes[bit / 8] ^= 1 << (bit % 8),
        }
        bytes
    }

    /// Every cut, and every seventh bit.
    fn all(length: usize) -> impl Iterator<Item = Self> {
        let turns = (0..length * 8).step_by(7).map(Harm::Turn);
        (0..length).map(Harm::Cut).chain(turns)
    }
}

/// What must become of a damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hope {
    /// It is mended: all that it needs is elsewhere.
    Mended,
    /// It is named, at least; some of it is nowhere else.
    Named,
    /// The same of a pack, where what is stored as a difference from the damaged object is gone with it.
    NamedWithOthers,
}

/// Every file below a directory, to put it back as it was.
struct Kept(BTreeMap<PathBuf, (u32, Vec<u8>)>);

impl Kept {
    fn of(dir: &Path) -> Self {
        let read = |path: PathBuf| {
            let mode = fs::symlink_metadata(&path).expect("a file").permissions();
            let bytes = fs::read(&path).expect("a file");
            (path, (mode.mode(), bytes))
        };
        Self(files_below(dir).into_iter().map(read).collect())
    }

    fn put_back(&self, dir: &Path) {
        for path in files_below(dir) {
            if !self.0.contains_key(&path) {
                fs::remove_file(path).expect("removed");
            }
        }
        for (path, (mode, bytes)) in &self.0 {
            if fs::read(path).ok().as_ref() != Some(bytes) {
                write(path, bytes, *mode);
            }
        }
    }
}

/// Writes a file anew: git makes its objects unwritable.
fn write(path: &Path, bytes: &[u8], mode: u32) {
    fs::remove_file(path).unwrap_or_default();
    fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    fs::write(path, bytes).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permitted");
}

/// A run that has ended well, and what it looks like.
struct Stand {
    user: User,
    kept: Kept,
    state: State,
    refs: String,
}

/// What can be seen of a run.
struct Look {
    findings: Result<Vec<Finding>, String>,
    /// Where it stands, or why that cannot be told.
    state: Result<State, String>,
}

impl Stand {
    fn new(prepare: impl Fn(&User)) -> Self {
        let user = finished();
        // Who repairs in this process has no home of the test's.
        user.git(["config", "user.name", "Ada"]).success();
        user.git(["config", "user.email", "ada@example.com"])
            .success();
        prepare(&user);
        let repo = Repo::discover(&user.path()).expect("a repository");
        let state = journal::load(&repo, "r-test").expect("a run").state;
        let mut stand = Self {
            kept: Kept::of(&git_dir(&user)),
            user,
            state,
            refs: String::new(),
        };
        stand.refs = stand.our_refs();
        let calm = stand.look();
        assert_eq!(calm.findings, Ok(Vec::new()), "nothing is wrong at first");
        stand
    }

    fn our_refs(&self) -> String {
        let ours = ["refs/enact", "refs/heads/enact", NOTES];
        let list = ["for-each-ref", "--format=%(objectname) %(refname)"];
        self.user.git(list.iter().chain(&ours)).stdout
    }

    fn scope<T>(&self, work: impl FnOnce(&Scope<'_>) -> T) -> Result<T, String> {
        let repo = Repo::discover(&self.user.path()).map_err(|error| format!("{error:#}"))?;
        let worktrees = |run: &str| Ok(self.user.outside("repo.enact").join(run));
        Ok(work(&Scope {
            repo: &repo,
            run: None,
            worktrees: &worktrees,
        }))
    }

    fn look(&self) -> Look {
        let looked = self.scope(|scope| {
            let diagnosis = care::examine(scope).map_err(|error| format!("{error:#}"));
            // What is found first must not be read: libgit2 leaves its file for what the index of a pack says.
            let must_not_be_read = |finding: &Finding| finding.what.contains(".idx` is damaged");
            if diagnosis
                .as_ref()
                .is_ok_and(|diagnosis| diagnosis.findings.iter().any(must_not_be_read))
            {
                return Look {
                    findings: diagnosis.map(|diagnosis| diagnosis.findings),
                    state: Err("it must not be read".to_owned()),
                };
            }
            let state = journal::load(scope.repo, "r-test").map_err(|error| format!("{error:#}"));
            Look {
                findings: diagnosis.map(|diagnosis| diagnosis.findings),
                state: state.map(|loaded| loaded.state),
            }
        });
        looked.unwrap_or_else(|why| Look {
            findings: Err(why.clone()),
            state: Err(why),
        })
    }

    fn repair(&self) -> Result<Vec<Finding>, String> {
        let repaired = self.scope(|scope| care::repair(scope, &mut |_| {}))?;
        let repaired = repaired.map_err(|error| format!("{error:#}"));
        repaired.map(|diagnosis| diagnosis.findings)
    }

    fn is_as_before(&self, state: &State) -> bool {
        state.run == self.state.run && self.has_same_tasks(state)
    }

    fn has_same_tasks(&self, state: &State) -> bool {
        let tasks = 0..self.state.graph().len();
        state.graph().len() == tasks.len()
            && tasks
                .into_iter()
                .all(|task| state.at(task) == self.state.at(task))
    }

    /// Whether a state is an earlier one in which every task stands where it does.
    fn has_lost_no_task(&self, state: &State) -> bool {
        state.run.seq < self.state.run.seq && self.has_same_tasks(state)
    }

    /// Does `harm` to the file at `path`, looks, repairs if `mends`, and puts everything back. What went wrong, if
    /// anything did.
    fn suffer(&self, path: &Path, harm: Harm, hope: Hope, mends: bool) -> Option<String> {
        let (mode, bytes) = &self.kept.0[path];
        write(path, &harm.done_to(bytes), *mode);
        let lived = catch_unwind(AssertUnwindSafe(|| self.verdict(hope, mends)));
        self.kept.put_back(&git_dir(&self.user));
        lived.unwrap_or_else(|_| Some("it panics".to_owned()))
    }

    fn verdict(&self, hope: Hope, mends: bool) -> Option<String> {
        let look = self.look();
        let findings = match look.findings {
            Ok(findings) => findings,
            Err(why) => return Some(format!("nobody can look: {why}")),
        };
        match &look.state {
            Ok(state) if !self.is_as_before(state) => {
                return Some("another state is believed".to_owned());
            }
            Ok(_) if findings.is_empty() && self.our_refs() == self.refs => return None,
            _ if findings.is_empty() => return Some("it is not named".to_owned()),
            _ => {}
        }
        if !mends {
            return None;
        }
        let left = match self.repair() {
            Ok(left) => left,
            Err(why) => return Some(format!("nobody can repair: {why}")),
        };
        // Git says so when the pack is no better than its index.
        let stuck = left
            .iter()
            .find(|finding| !matches!(finding.remedy, Remedy::Advice(_)));
        if let Some(stuck) = stuck {
            return Some(format!("it is not mended as promised: {}", stuck.what));
        }
        if hope != Hope::Mended && !left.is_empty() {
            return None;
        }
        if let Some(left) = left.first() {
            return Some(format!("it is not mended: {}", left.what));
        }
        match self.look().state {
            Ok(state) if self.is_as_before(&state) => None,
            // Of the newest checkpoint nothing else tells: the run stands before it, which the finding has said.
            Ok(state) if hope != Hope::Mended && state.run.seq + 1 == self.state.run.seq => None,
            Ok(state) if hope == Hope::NamedWithOthers && self.has_lost_no_task(&state) => None,
            Ok(state) => Some(format!(
                "the repair made the state of checkpoint {}",
                state.run.seq
            )),
            Err(why) => Some(format!("after the repair: {why}")),
        }
    }

    /// The files of the objects that the run alone has, each with what must become of its damage.
    fn objects(&self) -> Vec<(PathBuf, Hope)> {
        let list = |args: &[&str]| {
            let output = self.user.git(args).success().stdout;
            let lines = output.lines().map(|line| line[..40].to_owned());
            lines.collect::<BTreeSet<String>>()
        };
        let again = ["ls-tree", "-r", "-t", JOURNAL, "state"];
        let again = self.user.git(again).success().stdout;
        let names = again
            .lines()
            .filter_map(|line| line.split_whitespace().nth(2));
        let mut again: BTreeSet<String> = names.map(str::to_owned).collect();
        again.extend(list(&["log", "--first-parent", "--format=%T", JOURNAL]));
        let all = list(&[
            "rev-list",
            "--objects",
            JOURNAL,
            NOTES,
            BRANCH,
            "--not",
            "main",
        ]);
        let hope = |name: &String| match again.contains(name) {
            true => Hope::Mended,
            false => Hope::Named,
        };
        let place = |name: &String| {
            let (dir, rest) = name.split_at(2);
            git_dir(&self.user).join("objects").join(dir).join(rest)
        };
        all.iter().map(|name| (place(name), hope(name))).collect()
    }
}

impl fmt::Debug for Stand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.refs)
    }
}

/// How many damages the tests take by default, all together.
const USUAL: usize = 360;

/// How many damages there shall be, where somebody said so.
fn asked() -> Option<usize> {
    let count = std::env::var("ENACT_CORRUPT").ok()?;
    Some(count.parse().expect("a number"))
}

/// Does harm to `files`: `sample` of all that can be done, or its share of what was asked for; every fourth is
/// repaired, or each.
fn suffer_all(stand: Stand, files: &[(PathBuf, Hope)], sample: usize) {
    let asked = asked();
    let sample = asked.map_or(sample, |asked| (asked * sample / USUAL).max(1));
    let mut cases: Vec<(PathBuf, Hope, Harm)> = Vec::new();
    for (path, hope) in files {
        let length = stand.kept.0[path].1.len();
        cases.extend(Harm::all(length).map(|harm| (path.clone(), *hope, harm)));
    }
    let total = cases.len();
    // From each part of each file some, and not always the same byte.
    let step = (total / sample).max(1);
    cases = cases.into_iter().step_by(step).collect();
    let count = cases.len();
    let (told, heard) = channel();
    std::thread::spawn(move || {
        for (nth, (path, hope, harm)) in cases.into_iter().enumerate() {
            let case = format!("{} {harm:?}", path.display());
            told.send(Err(case.clone())).expect("somebody listens");
            let wrong = stand.suffer(&path, harm, hope, asked.is_some() || nth % 4 == 0);
            let wrong = wrong.map(|wrong| format!("{case}: {wrong}"));
            told.send(Ok(wrong)).expect("somebody listens");
        }
    });
    let mut wrong: Vec<String> = Vec::new();
    let mut under_way = String::new();
    loop {
        match heard.recv_timeout(PATIENCE) {
            Ok(Err(case)) => under_way = case,
            Ok(Ok(found)) => wrong.extend(found),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
            Err(_) => panic!("nobody comes back from {under_way}"),
        }
    }
    if asked.is_some() {
        say(&format!("{count} damages, {} of them wrong", wrong.len()));
    }
    assert!(
        wrong.is_empty(),
        "{} of {count} damages:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn a_damaged_object_of_a_run_is_named_and_mended_where_it_can_be_made_again() {
    let stand = Stand::new(|_| {});
    let files = stand.objects();
    suffer_all(stand, &files, 160);
}

#[test]
fn a_damaged_ref_of_a_run_is_put_back() {
    let stand = Stand::new(|_| {});
    let names = [JOURNAL, BRANCH, NOTES, "refs/heads/enact/r-test/task/b"];
    let files = names.map(|name| (git_dir(&stand.user).join(name), Hope::Mended));
    suffer_all(stand, &files, 80);
}

#[test]
fn damaged_packed_refs_are_never_taken_for_no_run() {
    let stand = Stand::new(|user| {
        user.git(["pack-refs", "--all"]).success();
    });
    let files = [(git_dir(&stand.user).join("packed-refs"), Hope::Named)];
    suffer_all(stand, &files, 60);
}

#[test]
fn a_damaged_pack_is_named() {
    let stand = Stand::new(|user| {
        user.git(["gc", "--quiet"]).success();
    });
    let packs = files_below(&git_dir(&stand.user).join("objects/pack"));
    let is_read = |path: &PathBuf| {
        path.extension()
            .is_some_and(|end| end == "pack" || end == "idx")
    };
    let files: Vec<(PathBuf, Hope)> = packs
        .into_iter()
        .filter(is_read)
        .map(|path| (path, Hope::NamedWithOthers))
        .collect();
    suffer_all(stand, &files, 60);
}

/// What lies below `.git/enact` for a run that died while attempts ran, by its path from there.
fn local_files() -> Vec<PathBuf> {
    let mut journey = Journey::new(&WORK, &[DEATH]);
    journey.die();
    let local = git_dir(&journey.user).join("enact/runs/r-test");
    let files = files_below(&local).into_iter();
    let files = files.filter(|file| fs::metadata(file).is_ok_and(|found| found.len() > 0));
    let names = files.map(|file| file.strip_prefix(&local).expect("below").to_owned());
    names.collect()
}

const DEATH: &str = "recorded:attempt-ended:2";

#[test]
fn what_a_dead_driver_left_on_this_machine_can_be_damaged_and_costs_nothing_that_was_done() {
    // Which attempts had ended is not the same each time, so this belongs to the long sweeps.
    if asked().is_none() {
        say("what a dead driver left is not damaged here: `ENACT_CORRUPT` is not set");
        return;
    }
    let calm = Journey::new(&WORK, &[]).travel();
    let mut cases: Vec<(PathBuf, usize)> = Vec::new();
    for file in local_files() {
        cases.extend((0..4).map(|harm| (file.clone(), harm)));
    }
    each(&cases, |(file, harm)| {
        let mut journey = Journey::new(&WORK, &[DEATH]);
        journey.die();
        let path = git_dir(&journey.user).join("enact/runs/r-test").join(file);
        let bytes = fs::read(&path).unwrap_or_default();
        if bytes.is_empty() {
            // Which attempts had ended is not the same each time.
            return;
        }
        let harmed = match harm {
            0 => Harm::Cut(0).done_to(&bytes),
            1 => Harm::Cut(bytes.len() / 2).done_to(&bytes),
            2 => Harm::Turn(bytes.len() * 4 + 1).done_to(&bytes),
            _ => b"\xff\xfe{]\n".to_vec(),
        };
        fs::write(&path, harmed).expect("written");
        let resumed = journey.user.enact(["resume", "--yes"]);
        if resumed.status > 1 {
            // What cannot be told is said, and mended by what it says.
            let resumed = resumed.code(4).complains("--repair");
            let mended = journey.user.enact(["doctor", "r-test", "--repair"]);
            assert!(mended.stdout.contains("mended: "), "{resumed} {mended}");
        }
        // What an attempt was told is gone with the file that says whose it is.
        let spared = Spared {
            told: file.to_string_lossy().ends_with(".task.json"),
            ..Spared::default()
        };
        let end = journey.travel_sparing(spared);
        assert_eq!(end, calm, "{} {harm}", file.display());
    });
}
