//! Getting a person's approval: remembered, given by `--yes`, or asked for.

use anyhow::Result;

use super::asking;
use crate::approval::{Approved, Proposal};
use crate::git::Repo;
use crate::report::{self, proposal};
use crate::verify::checks::Found;

/// The approval of a run; `None` when there is none, which was said.
pub(super) fn approve(
    asked: &Proposal,
    repo: &Repo,
    run: &str,
    yes: bool,
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
    report::text(&shown);
    report::notice("error: not approved: nobody can be asked here; read the above and say `--yes`");
    Ok(None)
}

/// What a run would do.
pub(super) fn describe(asked: &Proposal, repo: &Repo, run: &str) -> String {
    let found = Found::beside(repo.checkout().unwrap_or(repo.common_dir()));
    proposal::describe(asked.graph(), asked.policy(), run, &found)
}
