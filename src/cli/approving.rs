//! Getting a person's approval: remembered, given by `--yes`, or asked for.

use anyhow::{Result, bail};

use super::asking;
use crate::approval::{Approved, Proposal};
use crate::git::Repo;
use crate::report::{self, proposal};
use crate::verify::checks::Found;

/// The approval of a run; `None` when a person said no. What would be run is shown to whoever must say `--yes`, where no
/// program expects JSON.
pub(super) fn approve(
    asked: &Proposal,
    repo: &Repo,
    run: &str,
    yes: bool,
    is_json: bool,
) -> Result<Option<Approved>> {
    if let Some(approved) = asked.recall() {
        return Ok(Some(approved));
    }
    if yes {
        return asked.approve().map(Some);
    }
    let shown = describe(asked, repo, run);
    if asking::is_possible() {
        report::notice(&shown);
        return match asking::confirm("Run these commands in this repository?") {
            true => asked.approve().map(Some),
            false => Ok(None),
        };
    }
    match is_json {
        true => report::notice(&shown),
        false => report::text(&shown),
    }
    bail!("not approved: nobody can be asked here; read the above and say `--yes`")
}

/// What a run would do.
pub(super) fn describe(asked: &Proposal, repo: &Repo, run: &str) -> String {
    let found = Found::beside(repo.checkout().unwrap_or(repo.common_dir()));
    proposal::describe(asked.graph(), asked.policy(), run, &found)
}
