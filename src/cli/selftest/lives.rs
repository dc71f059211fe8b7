//! Runs in a repository of their own: a calm one, and some that are killed.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::care::{self, Finding, Kind, Remedy, Scope, purge};
use crate::cli::{demo, drive};
use crate::git::{Git, Oid, Repo};
use crate::journal::{self, layout};
use crate::process::{self, Command};
use crate::run::event::Event;
use crate::world::Interrupts;

/// How many tasks run side by side.
pub(super) const SLOTS: u32 = 3;

const RUN: &str = "selftest";

/// How long after its moment has come a driver may live on, at most.
const LATE: u64 = 40_000;

/// How often a run is killed, at most.
const KILLS: u64 = 3;

const PLAN: &str = r#"[plan]
title = "Selftest"
[[task]]
id = "a"
title = "First"
[[task]]
id = "b"
title = "Beside the first"
[[task]]
id = "c"
title = "After the first"
needs = ["a"]
verify = ["test -s c.txt"]
[[task]]
id = "d"
title = "After both"
needs = ["a", "b"]
[[task]]
id = "e"
title = "After all"
needs = ["c", "d"]
"#;

/// Says that it was executed, writes a file, commits.
const EXECUTOR: &str = r#"echo "$ENACT_TASK $ENACT_ATTEMPT" >> "$1"
echo "$ENACT_TASK" > "$ENACT_TASK.txt"
git add --all && git commit --quiet --message "Do $ENACT_TASK"
"#;

/// How a run ends that nobody kills.
pub(super) struct Calm {
    /// What its branch holds.
    tree: Oid,
    pub(super) tasks: usize,
}

/// A repository with a plan.
pub(super) struct Stand {
    root: PathBuf,
    repo: PathBuf,
    /// What executors say.
    executed: PathBuf,
}

impl Stand {
    pub(super) fn new(above: &Path, name: &str) -> Result<Self> {
        let root = above.join(name);
        let stand = Self {
            repo: root.join("repo"),
            executed: root.join("executed"),
            root,
        };
        fs::create_dir_all(&stand.repo).context("the repository has no place")?;
        fs::write(stand.repo.join("plan.toml"), PLAN)?;
        fs::write(stand.root.join("executor.sh"), EXECUTOR)?;
        demo::begin(&stand.repo)?;
        Ok(stand)
    }

    fn enact(&self, args: &[&str]) -> Result<Command> {
        let program = std::env::current_exe().context("our own program cannot be found")?;
        let command = demo::command(&program.to_string_lossy(), &self.repo);
        // An approval is a trace as well.
        Ok(command
            .env("XDG_STATE_HOME", self.root.join("state"))
            .args(args))
    }

    fn begin(&self) -> Result<Command> {
        let slots = SLOTS.to_string();
        let run = [
            "run",
            "plan.toml",
            "--yes",
            "--name",
            RUN,
            "--jobs",
            &slots,
            "--",
        ];
        let executor = self.root.join("executor.sh");
        Ok(self
            .enact(&run)?
            .arg("sh")
            .arg(executor)
            .arg(&self.executed))
    }

    fn repo(&self) -> Result<Repo> {
        Repo::discover(&self.repo)
    }

    /// Runs the plan to its end.
    pub(super) fn calm(&self) -> Result<Calm> {
        ends_well(&self.begin()?)?;
        let state = journal::load(&self.repo()?, RUN)?.state;
        let calm = Calm {
            tree: self.tree()?,
            tasks: state.counts().done,
        };
        ensure!(calm.tasks == state.graph().len(), "not every task is done");
        self.is_well(&calm)?;
        Ok(calm)
    }

    /// Runs the plan, is killed, goes on, is killed again, and ends; how often it was killed.
    pub(super) fn live(&self, calm: &Calm, interrupts: &Interrupts) -> Result<u32> {
        let mut deaths = 0;
        let mut command = self.begin()?;
        for _ in 0..=chance(KILLS) {
            if self.killed(&command, interrupts)? {
                deaths += 1;
            }
            if interrupts.came() {
                bail!("interrupted");
            }
            if self.has_run()? {
                command = self.enact(&["resume", "--yes"])?;
            }
        }
        ends_well(&command)?;
        self.is_well(calm)?;
        Ok(deaths)
    }

    fn has_run(&self) -> Result<bool> {
        let runs = journal::runs(&self.repo()?)?;
        Ok(runs.iter().any(|run| run.id == RUN))
    }

    /// Runs `command` and kills it a moment after so many more checkpoints are there; whether it lived so long.
    fn killed(&self, command: &Command, interrupts: &Interrupts) -> Result<bool> {
        let repo = self.repo()?;
        let count = || journal::checkpoints(&repo, RUN).map_or(0, Iterator::count);
        let due = count() + usize::try_from(chance(14))?;
        let late = Duration::from_micros(chance(LATE));
        let mut since: Option<Instant> = None;
        let status = process::run_until(command, || {
            if count() >= due {
                since.get_or_insert_with(Instant::now);
            }
            interrupts.came() || since.is_some_and(|since| since.elapsed() >= late)
        })?;
        match status {
            None => Ok(true),
            Some(0) => Ok(false),
            Some(other) => bail!("it ended with {other}"),
        }
    }

    fn tree(&self) -> Result<Oid> {
        let repo = self.repo()?;
        let branch = layout::integration_branch(RUN);
        let tip = repo.read(&branch)?.context("the run has no branch")?;
        repo.tree_of(tip)
    }

    /// Whether it ended as the calm run, with nothing lost, done twice, or left.
    fn is_well(&self, calm: &Calm) -> Result<()> {
        let repo = self.repo()?;
        let state = journal::load(&repo, RUN)?.state;
        let done = state.counts().done;
        ensure!(
            done == calm.tasks,
            "{done} of {} tasks are done",
            calm.tasks
        );
        ensure!(self.tree()? == calm.tree, "its branch holds something else");
        let worktrees = |run: &str| drive::worktrees(&repo, run);
        let diagnosis = care::examine(&Scope {
            repo: &repo,
            run: Some(RUN),
            worktrees: &worktrees,
        })?;
        // A git command that dies with the run may leave a lock that all share: it is told, and no run removes it.
        let is_ours = |finding: &&Finding| {
            finding.kind != Kind::Lock || matches!(finding.remedy, Remedy::Mend(_))
        };
        if let Some(finding) = diagnosis.findings.iter().find(is_ours) {
            bail!("{}", finding.what);
        }
        let checked = Git::new(&repo)?.run(["fsck", "--strict", "--no-dangling"])?;
        ensure!(checked.status == 0, "git fsck: {}", checked.complaint());
        let changed = repo.uncommitted()?;
        ensure!(changed.is_empty(), "the checkout has changed");
        self.nothing_was_done_twice(&repo)
    }

    fn nothing_was_done_twice(&self, repo: &Repo) -> Result<()> {
        let mut done: HashMap<String, u32> = HashMap::new();
        for checkpoint in journal::checkpoints(repo, RUN)? {
            if let Event::Integrated { task, attempt, .. } = checkpoint?.recorded.event {
                done.insert(task.to_string(), attempt);
            }
        }
        let text = fs::read_to_string(&self.executed).context("nothing was executed")?;
        let mut executed = HashSet::new();
        for line in text.lines() {
            ensure!(executed.insert(line), "`{line}` was executed twice");
            let (task, attempt) = line.split_once(' ').context("an executor was cut short")?;
            let attempt: u32 = attempt.parse().context("an attempt has no number")?;
            let by = done.get(task).copied().unwrap_or(u32::MAX);
            ensure!(attempt <= by, "task {task} was executed after it was done");
        }
        Ok(())
    }

    /// Runs the plan, lands it, and removes the run.
    pub(super) fn lands(&self, calm: &Calm) -> Result<((), String)> {
        ends_well(&self.begin()?)?;
        ends_well(&self.enact(&["land", "--yes"])?)?;
        let repo = self.repo()?;
        let head = repo.head()?.commit.context("the branch has no commit")?;
        ensure!(
            repo.tree_of(head)? == calm.tree,
            "something else was landed"
        );
        ends_well(&self.enact(&["clean", RUN, "--purge", "--yes"])?)?;
        let left = purge::plan(&repo, RUN)?;
        let is_gone = !self.has_run()? && (left.worktrees, left.branches, left.notes) == (0, 0, 0);
        ensure!(is_gone, "something of it is left");
        Ok((
            (),
            "fast-forward; no ref, note or worktree is left".to_owned(),
        ))
    }
}

fn ends_well(command: &Command) -> Result<()> {
    let output = process::run(command)?;
    ensure!(
        output.status == 0,
        "it ended with {}: {}",
        output.status,
        output.complaint()
    );
    Ok(())
}

/// A number below `limit`, another one each time.
fn chance(limit: u64) -> u64 {
    RandomState::new().hash_one(0) % limit
}
