//! What a run must be, told in another way than the program tells it: a reference in memory, which hears of nothing but the
//! kind, task and attempt of each checkpoint, and knows what the executors do. It knows nothing of git.

/// What an executor does with a task, each time it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    Good,
    /// Good as well, with a file more where what its first need brought is not there; proven by one of both.
    Leans,
    /// These three become good once a person has said the word.
    Fails,
    Kicks,
    Blocks,
}

/// A task of the plan.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub(super) deed: Deed,
    pub(super) needs: Vec<usize>,
    pub(super) after: Vec<usize>,
}

/// The plan, and what its run is asked to be.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) tasks: Vec<Planned>,
    pub(super) jobs: u32,
    /// Whether a failure waits for a person.
    pub(super) stops: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Pending,
    Attempting,
    Ended,
    Accepted,
    Refused,
    Done,
    Failed,
    Kickback,
    Blocked,
    Skipped,
    Stale,
    Reverted,
}

/// What stands of a task on the run's branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Brought {
    pub(super) attempt: u32,
    alone: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct At {
    pub(super) phase: Phase,
    pub(super) attempts: u32,
    told: bool,
    asked: bool,
    /// Whether the attempt under way does without what its first need brought.
    alone: bool,
    pub(super) brought: Vec<Brought>,
}

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stand {
    pub(super) tasks: Vec<At>,
    pub(super) finished: bool,
    /// Whether the newest word of the run as a whole is that it was asked to stop.
    pub(super) stopped: bool,
}

/// What one checkpoint tells.
#[derive(Debug)]
pub(super) struct Happened<'a> {
    pub(super) event: &'a str,
    pub(super) task: Option<usize>,
    pub(super) attempt: u32,
}

/// What whoever acts right now said, and where they would have the run return to.
#[derive(Debug, Default)]
pub(super) struct Aim {
    pub(super) words: bool,
    pub(super) target: Option<Stand>,
}

impl Stand {
    pub(super) fn new(plan: &Plan) -> Self {
        let at = At {
            phase: Phase::Pending,
            attempts: 0,
            told: false,
            asked: false,
            alone: false,
            brought: Vec::new(),
        };
        Self {
            tasks: vec![at; plan.tasks.len()],
            finished: false,
            stopped: false,
        }
    }

    /// Where the run stands once this has happened.
    pub(super) fn follow(&mut self, plan: &Plan, happened: &Happened<'_>, aim: &Aim) {
        let Some(task) = happened.task else {
            return self.follow_run(happened.event, aim);
        };
        let (leans_alone, holds) = (self.leans_alone(plan, task), self.holds(plan, task));
        let at = &mut self.tasks[task];
        match happened.event {
            "attempt-started" => {
                at.phase = Phase::Attempting;
                at.attempts = happened.attempt;
                at.alone = leans_alone;
            }
            "attempt-ended" => at.phase = Phase::Ended,
            "judged" if at.phase == Phase::Stale && holds => at.phase = Phase::Done,
            "judged" if at.phase == Phase::Stale => at.phase = Phase::Pending,
            "judged" if plan.is_good(task, at) => at.phase = Phase::Accepted,
            "judged" | "conflicted" => at.phase = Phase::Refused,
            "integrated" => {
                at.phase = Phase::Done;
                at.brought.push(Brought {
                    attempt: happened.attempt,
                    alone: at.alone,
                });
            }
            "attempt-abandoned" => at.phase = Phase::Pending,
            "failed" => at.phase = Phase::Failed,
            "kickback" => at.phase = Phase::Kickback,
            "blocked" => at.phase = Phase::Blocked,
            "asked" => at.asked = true,
            "skipped" | "retried" | "answered" => self.decide(happened.event, task, aim),
            "reverted" => self.revert(plan, task),
            other => panic!("the reference knows no `{other}` of a task"),
        }
    }

    fn follow_run(&mut self, event: &str, aim: &Aim) {
        match event {
            "started" => {}
            "resumed" => (self.finished, self.stopped) = (false, false),
            "stopped" => self.stopped = true,
            "finished" => self.finished = true,
            "rolled-back" => {
                let target = aim.target.clone();
                *self = target.expect("only who has a target rolls back");
                self.finished = false;
                // No process of then runs now.
                for at in &mut self.tasks {
                    if at.phase == Phase::Attempting {
                        at.phase = Phase::Pending;
                    }
                }
            }
            other => panic!("the reference knows no `{other}` of a run"),
        }
    }

    fn decide(&mut self, event: &str, task: usize, aim: &Aim) {
        let at = &mut self.tasks[task];
        at.phase = match event {
            "skipped" => Phase::Skipped,
            _ => Phase::Pending,
        };
        at.told |= aim.words && event != "skipped";
        at.asked = false;
        self.finished = false;
    }

    fn revert(&mut self, plan: &Plan, undone: usize) {
        let at = &mut self.tasks[undone];
        at.phase = Phase::Reverted;
        at.asked = false;
        at.brought.clear();
        for task in plan.needing(undone) {
            let at = &mut self.tasks[task];
            if at.phase == Phase::Done {
                at.phase = Phase::Stale;
            }
        }
        if self.tasks.iter().any(|at| at.phase == Phase::Stale) {
            self.finished = false;
        }
    }

    fn is_brought(&self, task: usize) -> bool {
        !self.tasks[task].brought.is_empty()
    }

    /// Whether an attempt of `task` that begins now has to do without what its first need brought.
    fn leans_alone(&self, plan: &Plan, task: usize) -> bool {
        plan.leans_on(task)
            .is_some_and(|need| !self.is_brought(need))
    }

    /// Whether what `task` brought is proven by what is there now.
    fn holds(&self, plan: &Plan, task: usize) -> bool {
        !self.leans_alone(plan, task) || self.is_alone(task)
    }

    /// Whether the file stands that says that `task` did without.
    pub(super) fn is_alone(&self, task: usize) -> bool {
        self.tasks[task].brought.iter().any(|brought| brought.alone)
    }

    /// What each task is called in `status`.
    pub(super) fn statuses(&self, plan: &Plan) -> Vec<&'static str> {
        let mut held = vec![false; self.tasks.len()];
        for (task, planned) in plan.tasks.iter().enumerate() {
            let falls = |&need: &usize| held[need] || self.has_fallen(need);
            held[task] =
                self.tasks[task].phase == Phase::Pending && planned.needs.iter().any(falls);
        }
        let name = |(task, at): (usize, &At)| match at.phase {
            Phase::Pending if held[task] => "held",
            Phase::Pending => "pending",
            Phase::Attempting | Phase::Ended | Phase::Accepted | Phase::Refused => "running",
            Phase::Done => "done",
            Phase::Failed => "failed",
            Phase::Kickback => "kickback",
            Phase::Blocked => "blocked",
            Phase::Skipped => "skipped",
            Phase::Stale => "stale",
            Phase::Reverted => "reverted",
        };
        self.tasks.iter().enumerate().map(name).collect()
    }

    fn has_fallen(&self, task: usize) -> bool {
        matches!(self.tasks[task].phase, Phase::Failed | Phase::Skipped)
    }

    /// What the run is called in `status` while nobody drives it.
    pub(super) fn status(&self) -> &'static str {
        let is_done = |at: &At| at.phase == Phase::Done;
        match () {
            () if !self.finished && self.needs_person() => "needs_person",
            () if !self.finished => "stopped",
            () if self.tasks.iter().all(is_done) => "complete",
            () if !self.tasks.iter().any(is_done) => "failed",
            () => "partial",
        }
    }

    /// How a drive must have ended that came to rest here.
    pub(super) fn exit(&self, was_stopped: bool) -> i32 {
        match self.status() {
            _ if was_stopped => 4,
            "complete" => 0,
            "partial" | "failed" => 1,
            "needs_person" => 3,
            _ => 4,
        }
    }

    fn needs_person(&self) -> bool {
        let waits = |at: &At| at.asked || matches!(at.phase, Phase::Kickback | Phase::Blocked);
        self.tasks.iter().any(waits)
    }

    /// Whether a person may decide so.
    pub(super) fn may(&self, event: &str, task: usize, words: bool) -> bool {
        let at = &self.tasks[task];
        let has_slot = matches!(at.phase, Phase::Attempting | Phase::Ended | Phase::Accepted);
        match (event, at.phase) {
            ("retried", Phase::Kickback) => words,
            ("retried", phase) => matches!(
                phase,
                Phase::Failed | Phase::Blocked | Phase::Skipped | Phase::Stale | Phase::Reverted
            ),
            ("skipped", phase) => matches!(
                phase,
                Phase::Pending | Phase::Failed | Phase::Blocked | Phase::Kickback
            ),
            ("answered", phase) => matches!(phase, Phase::Blocked | Phase::Kickback),
            ("reverted", _) => !has_slot && !at.brought.is_empty(),
            (other, _) => panic!("nobody decides `{other}`"),
        }
    }

    /// What is wrong with a drive that began at `before` and came to rest here.
    pub(super) fn fault_of_rest(&self, plan: &Plan, before: &Self) -> Option<String> {
        let is_stuck = self.stopped || self.needs_person();
        let statuses = self.statuses(plan);
        let fault = |task: usize| {
            let (was, is) = (&before.tasks[task], &self.tasks[task]);
            let waits = is_stuck || self.waits(plan, task);
            let fits = match (was.phase, is.phase) {
                (_, Phase::Attempting | Phase::Ended | Phase::Accepted | Phase::Refused) => false,
                (Phase::Stale, Phase::Stale) => self.stopped || !self.is_founded(plan, task),
                (Phase::Stale, Phase::Done) => true,
                (Phase::Stale, Phase::Pending) => waits && !self.holds(plan, task),
                (
                    Phase::Done
                    | Phase::Failed
                    | Phase::Kickback
                    | Phase::Blocked
                    | Phase::Skipped
                    | Phase::Reverted,
                    is,
                ) => is == was.phase,
                (_, Phase::Pending) => waits || statuses[task] == "held",
                (_, Phase::Done) => plan.is_good(task, was),
                (_, Phase::Failed) => plan.is(task, Deed::Fails) && !was.told,
                (_, Phase::Kickback) => plan.is(task, Deed::Kicks) && !was.told,
                (_, Phase::Blocked) => plan.is(task, Deed::Blocks) && !was.told,
                (_, Phase::Skipped | Phase::Stale | Phase::Reverted) => false,
            };
            (!fits).then(|| format!("task {task} went from {:?} to {:?}", was.phase, is.phase))
        };
        (0..self.tasks.len()).find_map(fault)
    }

    /// Whether everything that `task` needs is there, or was taken out by a person.
    fn is_founded(&self, plan: &Plan, task: usize) -> bool {
        let mut needs = plan.tasks[task].needs.iter();
        needs.all(|&need| matches!(self.tasks[need].phase, Phase::Done | Phase::Reverted))
    }

    /// Whether a task cannot begin for what comes before it.
    fn waits(&self, plan: &Plan, task: usize) -> bool {
        let planned = &plan.tasks[task];
        let mut before = planned.needs.iter().chain(&planned.after);
        !self.is_founded(plan, task) || before.any(|&earlier| !self.is_past(plan, earlier))
    }

    /// Whether `task` is settled, and all before it.
    fn is_past(&self, plan: &Plan, task: usize) -> bool {
        let open = ["pending", "running", "kickback", "blocked"];
        let is_settled = !open.contains(&self.statuses(plan)[task]);
        let planned = &plan.tasks[task];
        let mut before = planned.needs.iter().chain(&planned.after);
        is_settled && before.all(|&earlier| self.is_past(plan, earlier))
    }
}

impl Plan {
    fn is(&self, task: usize, deed: Deed) -> bool {
        self.tasks[task].deed == deed
    }

    /// Whether an attempt of `task`, which stands so, is good.
    fn is_good(&self, task: usize, at: &At) -> bool {
        at.told || self.is(task, Deed::Good) || self.is(task, Deed::Leans)
    }

    /// The need without which `task` writes a file more.
    pub(super) fn leans_on(&self, task: usize) -> Option<usize> {
        let planned = &self.tasks[task];
        let need = planned.needs.first().copied();
        need.filter(|_| planned.deed == Deed::Leans)
    }

    /// The tasks that need `undone`, directly or through others.
    fn needing(&self, undone: usize) -> Vec<usize> {
        let mut found = Vec::new();
        for (task, planned) in self.tasks.iter().enumerate() {
            let needs = |need: &usize| *need == undone || found.contains(need);
            if planned.needs.iter().any(needs) {
                found.push(task);
            }
        }
        found
    }
}
