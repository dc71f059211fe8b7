//! What a state comes to, in a word or a few lines.

use serde::{Deserialize, Serialize};

use super::standing::{Counts, Standing};
use super::state::{Drive, FinalVerdict, Landed, Phase, State};

/// What a run's newest checkpoint says in short, so that one commit answers `status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headline {
    /// The run's id.
    pub run: String,
    /// The plan's title.
    pub title: String,
    /// The run's status, as if nobody drove it.
    pub status: String,
    /// How the user named the plan, relative to the repository.
    pub plan_path: String,
    /// Sha-256 of the plan as it was read.
    pub plan_hash: String,
    /// The newest commit of the run's branch.
    pub tip: String,
    /// When the run started, as RFC 3339.
    pub started_at: String,
    /// Whether it was brought into the user's branch.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub landed: bool,
    /// How many tasks stand where; zero where nothing is said.
    #[serde(serialize_with = "Counts::without_zeros")]
    pub counts: Counts,
}

impl Headline {
    /// Whether the run has ended.
    pub fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "complete" | "partial" | "failed")
    }
}

impl State {
    /// Why `task` stands where it stands, when that needs saying.
    pub fn reason(&self, task: usize) -> Option<String> {
        if self.standing(task) == Standing::Held {
            let mut fallen = self
                .graph
                .needs(task)
                .iter()
                .filter(|&&need| self.standing(need).has_fallen());
            let need = *fallen.next()?;
            let id = &self.graph.tasks()[need].id;
            return Some(format!(
                "needs `{id}`, which is {}",
                self.standing(need).name()
            ));
        }
        self.tasks[task].reason.clone()
    }

    /// The run's status in one word (contract, Statuses), given whether a process drives it.
    pub fn status(&self, driven: bool) -> &'static str {
        match &self.run.drive {
            Drive::Quarantined(_) => "quarantined",
            Drive::Finished => self.conclusion(),
            _ if driven => "running",
            _ if self.needs_person() => "needs_person",
            Drive::Paused(..) => "paused",
            Drive::Running | Drive::Stopped(_) => "stopped",
        }
    }

    /// Why the run as a whole does not go on, when something other than its tasks stands in its way.
    pub fn why_it_waits(&self, driven: bool) -> Option<&str> {
        match &self.run.drive {
            Drive::Quarantined(reason) => Some(reason),
            Drive::Paused(reason, _) if self.status(driven) == "paused" => Some(reason),
            _ => None,
        }
    }

    /// How a finished run ended.
    fn conclusion(&self) -> &'static str {
        let counts = self.counts();
        let is_open =
            |&task: &usize| !matches!(self.tasks[task].phase, Phase::Done | Phase::LeftOut);
        // A round that came to nothing is no matter once the whole holds.
        let open = (0..self.authored.len()).find(is_open);
        match () {
            () if open.is_none() && self.disproof().is_empty() => "complete",
            () if counts.done == 0 => "failed",
            () => "partial",
        }
    }

    /// What failed when the whole was verified as it stands; empty when nothing did.
    pub fn disproof(&self) -> &[String] {
        let is_wrong = |verdict: &&FinalVerdict| !verdict.passed && verdict.commit == self.run.tip;
        let verdict = self.run.verified.as_ref().filter(is_wrong);
        verdict.map_or(&[], |verdict| &verdict.reasons)
    }

    /// What the commands that prove the whole said of the run's branch as it stands. That what it starts from was proven
    /// says nothing of what is made of it.
    pub fn proven(&self) -> Option<&FinalVerdict> {
        let run = &self.run;
        let is_whole = run.tip != run.base || run.drive == Drive::Finished;
        let verdict = run.verified.as_ref();
        verdict.filter(|verdict| verdict.commit == run.tip && is_whole)
    }

    /// Whether its branch has anything to bring into another.
    pub fn has_work(&self) -> bool {
        self.run.tip != self.run.base
    }

    /// The landing that brought all there is; an earlier one of less does not count.
    pub fn landed(&self) -> Option<&Landed> {
        let landed = self.run.landed.as_ref();
        landed.filter(|landed| landed.tip == self.run.tip)
    }

    /// What `status` answers with from one commit.
    pub fn headline(&self) -> Headline {
        Headline {
            run: self.run.id.clone(),
            title: self.graph.plan().title.clone(),
            status: self.status(false).to_owned(),
            plan_path: self.run.plan_path.clone(),
            plan_hash: self.run.plan_hash.clone(),
            tip: self.run.tip.clone(),
            started_at: self.run.started_at.clone(),
            landed: self.landed().is_some(),
            counts: self.counts().clone(),
        }
    }
}
