//! When the power goes, what the disk had confirmed is there, and of what was written after that anything may be: the
//! old, the new, an empty file, zeros, half of it. Whatever mixture is found, no task that was confirmed as done is
//! lost or done again, damage is told and mended, and the run goes on to its end.
//!
//! The driver is stopped at each of its barriers, and what lies there is looked at; a cut is what may lie there between
//! two of them. What a landing writes into the user's checkout is written by git and as safe as git makes it; a removal
//! that is cut leaves what `doctor` names.
//!
//! By default two regular mixtures of each cut of one command; `ENACT_POWER=10` takes so many by chance, the regular
//! ones, and all commands, and prints how many there were; `ENACT_POWER_ONLY='run in clone, cut 2'` takes what it prints
//! so. Without `strace` the test says so and passes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use git_enact::run::policy::Isolation;

use crate::support::operations::{OPERATIONS, Operation, Stand, words};
use crate::support::oracle::Spared;
use crate::support::sim::Chance;
use crate::support::traced::{self, each, part, say};

/// What a run writes to.
const WRITTEN: [&str; 2] = ["repo", "repo.enact"];

/// The commands in whose course nothing is undone.
const FORWARD: [&str; 2] = ["run", "retry"];

/// Everything that lies in the directories that a run writes to.
#[derive(Default)]
struct Disk(BTreeMap<PathBuf, Found>);

#[derive(Clone, PartialEq, Eq)]
struct Found {
    what: What,
    changed: SystemTime,
}

#[derive(Clone, PartialEq, Eq)]
enum What {
    Dir,
    Link(PathBuf),
    File(u32, Vec<u8>),
}

impl Disk {
    fn of(root: &Path) -> Self {
        let mut disk = Self::default();
        for dir in WRITTEN {
            disk.take(root, &root.join(dir));
        }
        disk
    }

    /// Takes what is there; what goes away meanwhile is not.
    fn take(&mut self, root: &Path, path: &Path) -> Option<()> {
        let meta = path.symlink_metadata().ok()?;
        let what = if meta.is_dir() {
            for entry in fs::read_dir(path).ok()?.flatten() {
                self.take(root, &entry.path());
            }
            What::Dir
        } else if meta.is_symlink() {
            What::Link(fs::read_link(path).ok()?)
        } else {
            What::File(meta.permissions().mode(), fs::read(path).ok()?)
        };
        let name = path.strip_prefix(root).expect("below").to_owned();
        let changed = meta.modified().expect("a time");
        self.0.insert(name, Found { what, changed });
        Some(())
    }

    /// Makes what is there this, and touches nothing that is.
    fn put(&self, root: &Path) {
        let now = Self::of(root);
        for (name, found) in now.0.iter().rev() {
            let is_kept = self.0.get(name).is_some_and(|wanted| wanted == found);
            let path = root.join(name);
            match &found.what {
                _ if is_kept => {}
                What::Dir
                    if self
                        .0
                        .get(name)
                        .is_some_and(|wanted| wanted.what == What::Dir) => {}
                What::Dir => fs::remove_dir(path).expect("removed"),
                _ => fs::remove_file(path).expect("removed"),
            }
        }
        for (name, wanted) in &self.0 {
            let path = root.join(name);
            if path.symlink_metadata().is_ok() {
                continue;
            }
            fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
            match &wanted.what {
                What::Dir => fs::create_dir_all(&path).expect("a directory"),
                What::Link(target) => symlink(target, &path).expect("a link"),
                What::File(mode, bytes) => {
                    fs::write(&path, bytes).expect("a file");
                    let file = fs::File::options()
                        .append(true)
                        .open(&path)
                        .expect("a file");
                    file.set_modified(wanted.changed).expect("a time");
                    let mode = fs::Permissions::from_mode(*mode);
                    fs::set_permissions(&path, mode).expect("a mode");
                }
            }
        }
    }
}

/// What is there of what was written since the last barrier.
#[derive(Debug, Clone, Copy)]
enum Left {
    Old,
    New,
    Empty,
    Zeros,
    Half,
}

/// What is left of all that was written between two barriers.
#[derive(Debug, Clone, Copy)]
enum Mixture {
    All(Left),
    ByChance(u64),
}

impl Mixture {
    fn of(self, before: &Disk, after: &Disk) -> Disk {
        let mut chance = match self {
            Mixture::All(_) => Chance::new(0),
            Mixture::ByChance(seed) => Chance::new(seed),
        };
        let names: BTreeSet<&PathBuf> = before.0.keys().chain(after.0.keys()).collect();
        let mut disk = Disk::default();
        for name in names {
            let (old, new) = (before.0.get(name), after.0.get(name));
            let left = match self {
                Mixture::All(left) => left,
                Mixture::ByChance(_) => {
                    let lefts = [Left::Old, Left::New, Left::Empty, Left::Zeros, Left::Half];
                    lefts[chance.below(5) as usize]
                }
            };
            let is_same = old.map(|old| &old.what) == new.map(|new| &new.what);
            let found = if is_same {
                old.cloned()
            } else {
                left.of(old, new)
            };
            disk.0.extend(found.map(|found| (name.clone(), found)));
        }
        // What is there is in a directory.
        let parents: Vec<PathBuf> = disk
            .0
            .keys()
            .filter_map(|name| Some(name.parent()?.to_owned()))
            .collect();
        for dir in parents {
            let dirs = dir.ancestors().filter(|dir| *dir != Path::new(""));
            for dir in dirs {
                let there = before.0.get(dir).or(after.0.get(dir));
                let there = there.cloned().expect("it was there");
                disk.0.entry(dir.to_owned()).or_insert(there);
            }
        }
        disk
    }
}

impl Left {
    fn of(self, old: Option<&Found>, new: Option<&Found>) -> Option<Found> {
        let (Left::Empty | Left::Zeros | Left::Half, Some(new)) = (self, new) else {
            return if matches!(self, Left::Old) { old } else { new }.cloned();
        };
        let What::File(mode, bytes) = &new.what else {
            return Some(new.clone());
        };
        let bytes = match self {
            Left::Empty => Vec::new(),
            Left::Zeros => vec![0; bytes.len()],
            _ => bytes[..bytes.len() / 2].to_vec(),
        };
        let what = What::File(*mode, bytes);
        Some(Found {
            what,
            ..new.clone()
        })
    }
}

/// The tasks that are done, each with its commit.
type Done = BTreeMap<String, String>;

fn done(stand: &Stand) -> Done {
    if !stand.has_run() {
        return Done::new();
    }
    let status = stand.user.status();
    let tasks = status["tasks"].as_array().expect("tasks").iter();
    let done = tasks.filter(|task| task["status"] == "done");
    let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
    done.map(|task| (text(&task["id"]), text(&task["commit"])))
        .collect()
}

/// One command, and what may lie there when the power goes while it runs.
#[derive(Debug)]
struct Case {
    operation: usize,
    isolation: Isolation,
}

impl Case {
    fn all(everything: bool) -> Vec<Self> {
        let case = |operation, isolation| Self {
            operation,
            isolation,
        };
        let mut all = vec![case(0, Isolation::Worktree)];
        if everything {
            let others = 0..OPERATIONS.len();
            let others = others.filter(|&nth| !["land", "clean"].contains(&OPERATIONS[nth].name));
            all.extend(
                others
                    .clone()
                    .skip(1)
                    .map(|nth| case(nth, Isolation::Worktree)),
            );
            all.push(case(0, Isolation::Clone));
        }
        all
    }

    /// Tries every mixture of every cut; how many there were.
    fn try_all(&self, by_chance: Option<u64>) -> usize {
        let operation = &OPERATIONS[self.operation];
        let mut stand = Stand::new();
        stand.user.isolation = self.isolation;
        stand.heeds = true;
        (operation.prepare)(&stand);
        let command = (operation.command)(&stand);
        let root = stand.user.outside("");
        let mut disks = vec![Disk::of(&root)];
        let output = stand
            .user
            .enact_by_barriers(&command, || disks.push(Disk::of(&root)));
        assert!([0, 3].contains(&output.status), "{output}");
        disks.push(Disk::of(&root));
        let only = std::env::var("ENACT_POWER_ONLY").unwrap_or_default();
        let mut tried = 0;
        for (cut, between) in disks.windows(2).enumerate() {
            let [before, after] = between else {
                unreachable!("two of them")
            };
            before.put(&root);
            let confirmed = done(&stand);
            let regular: &[Left] = match by_chance {
                None => &[Left::Empty, Left::Half],
                Some(_) => &[Left::Old, Left::Empty, Left::Zeros, Left::Half],
            };
            let seeds = (0..by_chance.unwrap_or(0)).map(|nth| 1 + nth + 100 * cut as u64);
            let mixtures = regular.iter().map(|&left| Mixture::All(left));
            for mixture in mixtures.chain(seeds.map(Mixture::ByChance)) {
                let (name, isolation) = (operation.name, self.isolation.name());
                let name = format!("{name} in {isolation}, cut {cut}, {mixture:?}");
                if !name.starts_with(&only) {
                    continue;
                }
                say(&name);
                mixture.of(before, after).put(&root);
                recovers(&stand, operation, &command, &confirmed);
                tried += 1;
            }
        }
        tried
    }
}

/// Goes on as a person does after the power went, and checks that nothing is lost.
fn recovers(stand: &Stand, operation: &Operation, command: &[String], confirmed: &Done) {
    // Whoever counts executions counts those from now on: what is not on the disk was not.
    fs::remove_file(stand.user.outside("executed.log")).unwrap_or_default();
    stand.helped(&words(&["resume", "--yes"]));
    stand.repair();
    let spared = Spared {
        // A worktree of which nobody can tell any more what it was is moved aside, and that is told.
        findings: &["worktree"],
        // Git's log of where a ref has been may name what the disk never had.
        of_git: &["--no-reflogs"],
        ..Spared::default()
    };
    stand.goes_on(operation, command, spared);
    if FORWARD.contains(&operation.name) {
        let now = done(stand);
        for (task, commit) in confirmed {
            assert_eq!(now.get(task), Some(commit), "{task} is done and stays so");
        }
    }
}

#[test]
fn a_power_cut_takes_nothing_that_was_confirmed_and_hides_no_damage() {
    if !traced::is_possible() {
        return;
    }
    let by_chance = std::env::var("ENACT_POWER").ok();
    let by_chance = by_chance.map(|count| count.parse().expect("a number"));
    let tried = std::sync::atomic::AtomicUsize::new(0);
    each(&part(Case::all(by_chance.is_some())), |case| {
        tried.fetch_add(
            case.try_all(by_chance),
            std::sync::atomic::Ordering::Relaxed,
        );
    });
    say(&format!("{} power cuts", tried.into_inner()));
}
