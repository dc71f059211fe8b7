//! What other people, and other git, do to a repository between two commands.

use super::Operation;
use super::Operation as Op;
use super::life::{BRANCH, Life, Place};

const JOURNAL: &str = "refs/enact/runs/r-test";

impl Life {
    /// Whether there was anything to do.
    pub(super) fn interfere(&mut self, operation: &Operation) -> bool {
        match operation {
            Op::Commit => self.commit(),
            Op::Switch { to } => self.switch(*to),
            Op::Branch => self.make_branch(),
            Op::DeleteBranches => self.delete_branches(),
            Op::Collect { now } => {
                let prune = if *now { "--prune=now" } else { "--auto" };
                self.user.git(["gc", "--quiet", prune]).success();
            }
            Op::PackRefs => {
                self.user.git(["pack-refs", "--all"]).success();
            }
            Op::LoseBranch => return self.lose_branch(),
            Op::MoveBranch { forward } => return self.move_branch(*forward),
            Op::LoseNotes => {
                self.user
                    .git(["update-ref", "-d", "refs/notes/PROGRESS"])
                    .success();
                self.noted.clear();
            }
            Op::MoveNotesBack => return self.move_notes_back(),
            Op::Note { task } => return self.note(*task, "append"),
            Op::Overwrite { task } => return self.note(*task, "add"),
            Op::MoveJournalBack { by } => return self.move_journal_back(*by),
            other => panic!("{other:?} is done by the program"),
        }
        true
    }

    fn commit(&mut self) {
        self.count += 1;
        self.user
            .write(&format!("mine-{}.txt", self.count), "mine\n");
        self.user.commit("Mine");
        if self.is_on_the_runs_branch() {
            self.place = Place::Theirs(self.head());
        }
    }

    fn head(&self) -> String {
        let head = self.user.git(["rev-parse", "HEAD"]).success().stdout;
        head.trim().to_owned()
    }

    fn is_on_the_runs_branch(&self) -> bool {
        let head = self.user.git(["symbolic-ref", "HEAD"]).success().stdout;
        head.trim() == BRANCH
    }

    /// The doctor puts the run's branch back from a commit of somebody's once something else of theirs keeps it.
    pub(super) fn give_up_what_is_kept_elsewhere(&mut self) {
        let Place::Theirs(commit) = &self.place else {
            return;
        };
        let contains = format!("--contains={commit}");
        let keepers = ["for-each-ref", &contains, "--format=%(refname)"];
        let keepers = self.user.git(keepers).success().stdout;
        if keepers.lines().any(|name| name != BRANCH) && !self.is_on_the_runs_branch() {
            self.place = Place::Somewhere;
        }
    }

    /// The user's own branches, or that of the run.
    fn switch(&mut self, to: usize) {
        let branches = ["main", "other", "enact/r-test/integration"];
        let was_on_it = self.is_on_the_runs_branch();
        let to = branches[to % branches.len()];
        // It may be that the run's branch was deleted.
        if self.user.git(["switch", "--quiet", to]).status != 0 {
            return;
        }
        let is_on_it = self.is_on_the_runs_branch();
        match &self.place {
            Place::Held(_) if !is_on_it => self.place = Place::Somewhere,
            Place::Ours | Place::Somewhere if is_on_it && !was_on_it => {
                self.place = Place::Held(self.head());
            }
            _ => {}
        }
    }

    fn make_branch(&mut self) {
        self.count += 1;
        let name = format!("mine-{}", self.count);
        self.user.git(["branch", &name]).success();
        self.user.git(["tag", &name]).success();
    }

    fn delete_branches(&self) {
        let list = ["for-each-ref", "--format=%(refname)", "refs/heads/mine-*"];
        for name in self.user.git(list).success().stdout.lines() {
            self.user.git(["update-ref", "-d", name]).success();
        }
    }

    fn lose_branch(&mut self) -> bool {
        if self.is_on_the_runs_branch() {
            return false;
        }
        self.user.git(["update-ref", "-d", BRANCH]).success();
        self.place = Place::Somewhere;
        true
    }

    /// To a commit of somebody's on top of it, or to where the run began.
    fn move_branch(&mut self, forward: bool) -> bool {
        if self.is_on_the_runs_branch() {
            return false;
        }
        let there = self.user.git(["rev-parse", "--verify", "--quiet", BRANCH]);
        if there.status != 0 {
            return false;
        }
        let status = self.user.status();
        let base = status["run"]["base"].as_str().expect("a commit").to_owned();
        let target = match forward {
            true => {
                let tree = format!("{BRANCH}^{{tree}}");
                let commit = ["commit-tree", "-m", "Theirs", "-p", BRANCH, &tree];
                self.user.git(commit).success().stdout.trim().to_owned()
            }
            false => base,
        };
        self.user.git(["update-ref", BRANCH, &target]).success();
        self.place = match forward {
            true => Place::Theirs(target),
            false => Place::Somewhere,
        };
        true
    }

    fn move_notes_back(&mut self) -> bool {
        let notes = "refs/notes/PROGRESS";
        let parent = self
            .user
            .git(["rev-parse", "--verify", "--quiet", &format!("{notes}^")]);
        if parent.status != 0 {
            return false;
        }
        let args = ["update-ref", notes, parent.stdout.trim()];
        self.user.git(args).success();
        self.noted.clear();
        self.revives = true;
        true
    }

    /// Somebody writes below what is said of a task, or in its place.
    fn note(&mut self, task: usize, how: &str) -> bool {
        let status = self.user.status();
        let tasks = status["tasks"].as_array().expect("tasks");
        let Some(commit) = tasks[task % tasks.len()]["commit"].as_str() else {
            return false;
        };
        let force: &[&str] = if how == "add" { &["--force"] } else { &[] };
        let words = ["--message", "Seen by Bea", commit];
        let args = [&["notes", "--ref=PROGRESS", how], force, &words].concat();
        self.user.git(args).success();
        self.noted.push(commit.to_owned());
        true
    }

    /// Plain git may do that to a journal that nobody writes. Who cleaned up before that has the branch stay ahead, for
    /// nothing tells any more that it is the run's own.
    fn move_journal_back(&mut self, by: usize) -> bool {
        if !self.remembers {
            return false;
        }
        let nth = self.back(by);
        let newest = self.tip();
        self.forget_since(nth);
        if self.tip() == newest {
            return false;
        }
        let log = self.user.outside("executed.log");
        let executed = std::fs::read_to_string(&log).unwrap_or_default();
        // Once the run was cleaned, nothing but the journal knows which numbers attempts had.
        if self.counts {
            self.forgotten.extend(executed.lines().map(str::to_owned));
        }
        std::fs::write(&log, "").expect("a log");
        self.forgets = true;
        let tip = self.tip();
        self.user.git(["update-ref", JOURNAL, &tip]).success();
        true
    }
}
