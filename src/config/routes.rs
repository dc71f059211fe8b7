//! Who does what: the routes and the retry of `enact.toml`, from names to executors.
//!
//! A name that nobody knows is a fault wherever it stands. That a known program is not installed matters only where
//! a task of the plan goes to it: a team's routes name more than each of them has.

use std::collections::BTreeSet;
use std::ops::Range;

use anyhow::Result;
use serde::Deserialize;

use super::Settings;
use super::executors::SHELL;
use crate::plan::{Fault, Faults, Location, Plan, Task};
use crate::run::policy::{CommitMode, Executor};
use crate::run::routes::{Other, Routes, TakeOver};

/// The name of an executor, and where it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "toml::Spanned<String>")]
pub struct Placed {
    /// The name.
    pub name: String,
    pub(super) span: Range<usize>,
    pub(super) at: Location,
}

impl From<toml::Spanned<String>> for Placed {
    fn from(spanned: toml::Spanned<String>) -> Self {
        Self {
            span: spanned.span(),
            name: spanned.into_inner(),
            at: Location::default(),
        }
    }
}

impl Placed {
    /// Faults that are its own, where it stands.
    fn own(&self, mut faults: Faults) -> Faults {
        for fault in &mut faults.faults {
            fault.location.get_or_insert_with(|| self.at.clone());
            fault.len = self.span.len();
        }
        faults
    }

    /// What is wrong with it, where it stands.
    fn wrong(&self, why: impl Into<String>) -> Faults {
        self.own(Fault::error(why).into())
    }
}

/// Who takes over where attempts fail.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    /// The name of an executor.
    pub executor: Option<Placed>,
    /// After how many failed attempts of a task.
    pub after: Option<u32>,
}

impl Settings {
    /// Notes of each name of an executor where it stands, which `place` tells from its offset.
    pub(super) fn locate(&mut self, place: impl Fn(usize) -> Location) {
        let names = self.routes.values_mut().chain(&mut self.retry.executor);
        names.for_each(|placed| placed.at = place(placed.span.start));
    }

    /// What goes where in any plan, by names alone, which are known.
    pub fn mapping(&self) -> Result<Routes, Faults> {
        for placed in self.routes.values() {
            if placed.name != SHELL {
                self.known(&placed.name)
                    .map_err(|faults| placed.own(faults))?;
            }
        }
        Ok(Routes {
            tasks: (self.routes.iter())
                .map(|(route, placed)| (route.clone(), placed.name.clone()))
                .collect(),
            retry: self.take_over()?,
            ..Routes::default()
        })
    }

    /// The names of those executors in `routes` of which nothing is installed here.
    pub fn missing(&self, routes: &Routes) -> BTreeSet<String> {
        let retry = routes.retry.iter().map(|retry| &retry.executor);
        let names = routes.tasks.values().chain(retry);
        let is_missing = |name: &&String| {
            let known = self.known(name).ok().filter(|_| *name != SHELL);
            known.is_some_and(|known| known.program().is_none())
        };
        names.filter(is_missing).cloned().collect()
    }

    /// The routes of a run of `plan`, with the executors that they lead to.
    pub(super) fn routes(&self, plan: &Plan) -> Result<Routes> {
        let mut routes = self.mapping()?;
        let taken: BTreeSet<String> = (plan.tasks.iter())
            .filter_map(|task| routes.of(task).map(|(route, _)| route.to_owned()))
            .collect();
        for (route, placed) in &self.routes {
            match self.other(&placed.name) {
                Ok(other) => {
                    routes.executors.insert(placed.name.clone(), other);
                }
                Err(error) if taken.contains(route) => {
                    return Err(placed.wrong(format!("{error:#}")).into());
                }
                Err(_) => {
                    routes.tasks.remove(route);
                }
            }
        }
        if let Some(placed) = &self.retry.executor {
            let other = self.other(&placed.name);
            let other = other.map_err(|error| placed.wrong(format!("{error:#}")))?;
            routes.executors.insert(placed.name.clone(), other);
        }
        let goes_to_shell = |task: &&Task| matches!(routes.of(task), Some((_, SHELL)));
        let mut tasks = plan.tasks.iter().filter(goes_to_shell);
        if let Some(task) = tasks.find(|task| !has_script(task)) {
            let message = format!(
                "task `{}` goes to the shell executor, and has no `sh` block or `run` for it",
                task.id
            );
            let fault = Fault::error(message).at(task.location.clone(), 0);
            return Err(Faults::from(fault).into());
        }
        Ok(routes)
    }

    fn take_over(&self) -> Result<Option<TakeOver>, Faults> {
        let Some(placed) = &self.retry.executor else {
            return Ok(None);
        };
        if placed.name == SHELL {
            let why =
                format!("`{SHELL}` runs a task's own commands, and can take over from nobody");
            return Err(placed.wrong(why));
        }
        self.known(&placed.name)
            .map_err(|faults| placed.own(faults))?;
        Ok(Some(TakeOver {
            executor: placed.name.clone(),
            after: self.retry.after.unwrap_or(1),
        }))
    }

    /// The executor of that name, and who commits when it runs.
    fn other(&self, name: &str) -> Result<Other> {
        let (executor, commit) = match name {
            SHELL => (Executor::Shell, CommitMode::Auto),
            name => self.named(name)?,
        };
        Ok(Other {
            executor,
            commit: self.commit.unwrap_or(commit),
        })
    }
}

/// Whether a task brings what the shell executor runs, or needs nobody.
pub(super) fn has_script(task: &Task) -> bool {
    task.run.is_some() || task.imported.is_some()
}
