//! `git enact export`.

use anyhow::Result;
use serde_json::json;

use super::{Context, Exit, input};
use crate::export::{Exporter, plain};
use crate::git::Repo;
use crate::journal;
use crate::plan::TaskId;
use crate::report;
use crate::report::clean::visible_line;
use crate::run::names::listed;
use crate::run::state::State;

/// Have the plan's own files say how far a run is; only marks change in what people wrote
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run, by id or unique prefix; else the active or newest one
    run: Option<String>,
}

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    let repo = context.repo()?;
    let run = context.find_run(&repo, args.run.as_deref())?;
    let state = journal::load(&repo, &run)?.state;
    let plan = input::recorded_path(context, &repo, &state)?;
    let mut exporter = Exporter::new(repo, &run, plan)?;
    let written = exporter.export(&state)??;
    for why in &written.refused {
        report::notice(&format!("warning: {why}"));
    }
    // What could not be written was told already.
    let unsaid = match written.refused.is_empty() {
        true => exporter.unsaid(&state),
        false => Vec::new(),
    };
    if let Some(why) = unmarked(&unsaid) {
        report::notice(&format!("warning: {why}"));
    }
    let paths = written
        .changed
        .iter()
        .map(|path| plain(path).display().to_string());
    if context.json {
        let paths: Vec<String> = paths.collect();
        report::json_line(
            &json!({"schema": 1, "run": run, "files": paths, "unmarked": unsaid}).to_string(),
        );
    } else if written.changed.is_empty() && written.refused.is_empty() && unsaid.is_empty() {
        report::notice("the plan's files say so already, or have no place to say it");
    } else {
        paths.for_each(|path| report::line(&visible_line(&path)));
    }
    Ok(Exit::Done)
}

/// Has the plan's files follow what a person decided, where the run keeps them up to date; the next drive would too. A
/// branch that the run landed on with its marks takes those along by a merge, which changed files would hinder.
pub(super) fn follow(context: &Context, repo: &Repo, state: &State) {
    let policy = &state.run.policy;
    let comes_by_merge = policy.commit_progress && state.run.landed.is_some();
    if !policy.sync || comes_by_merge {
        return;
    }
    let export = || -> Result<Vec<String>> {
        let plan = input::recorded_path(context, repo, state)?;
        let mut exporter = Exporter::new(repo.reopen()?, &state.run.id, plan)?;
        Ok(exporter.export(state)??.refused)
    };
    // It is on record; what the files say is put right by the next resume.
    let objections = export().unwrap_or_else(|error| {
        vec![format!(
            "the plan's files say so after the next `git enact resume`: {error:#}"
        )]
    });
    for why in objections {
        report::notice(&format!("warning: {why}"));
    }
}

/// So many tasks are named.
const NAMED_MAX: usize = 5;

/// That the plan's files have no place to say that these tasks are done.
fn unmarked(tasks: &[TaskId]) -> Option<String> {
    let named: Vec<String> = tasks.iter().map(|id| format!("`{id}`")).collect();
    let named = listed(&named, NAMED_MAX);
    let who = match tasks.len() {
        0 => return None,
        1 => format!("task {named} is"),
        _ => format!("tasks {named} are"),
    };
    Some(format!(
        "the plan's files have no place to say that {who} done; `git enact progress` says it"
    ))
}
