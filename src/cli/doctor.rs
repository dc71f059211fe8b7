//! `git enact doctor`.

use std::collections::HashSet;

use anyhow::Result;
use serde_json::{Value, json};

use super::{Context, Exit, drive};
use crate::care::{self, Diagnosis, Finding, Mended, Remedy, Scope, traces};
use crate::git::Repo;
use crate::report::{self, clean::visible, clean::visible_line};

/// Examine runs: journal, branches, notes, locks, worktrees; `--repair` mends what it can
///
/// Reads each journal from its first event and compares everything else with it. Without `--repair` nothing is
/// changed. With it, what we made is put right: a journal that was deleted is found again or, when its objects
/// are gone, rebuilt in outline from notes and branches; branches and notes are made to agree with it; stale
/// locks, worktrees and processes of ours are removed; what was changed in the repository while a run was driven, and
/// stopped it, is put back, and what is there now is kept below `.git/enact`. Nothing that is nowhere else is removed, and what
/// cannot be mended is told with the command that helps. So is, when no run is named, a task's file of a session in
/// the checkout that cannot be read: its last version in git's history that can.
///
/// Exit status: 0 all is well, 1 something is wrong, 5 a run is driven by another process and was left out.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run, by id or unique prefix; else all
    run: Option<String>,
    /// Mend what can be mended
    #[arg(long)]
    repair: bool,
}

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    let mut mended = Vec::new();
    let Some(repo) = opened(args, context, &mut mended)? else {
        return Ok(Exit::Incomplete);
    };
    let run = match args.run.as_deref() {
        Some(named) => Some(meant(&repo, named, context)?),
        None => None,
    };
    let worktrees = |run: &str| drive::worktrees(&repo, run);
    let scope = Scope {
        repo: &repo,
        run: run.as_deref(),
        worktrees: &worktrees,
    };
    let diagnosis = if args.repair {
        care::repair(&scope, &mut |told| {
            if !context.json {
                report::line(&mended_line(told));
            }
            mended.push(told.clone());
        })?
    } else {
        care::examine(&scope)?
    };
    if context.json {
        report::json_line(&in_json(&diagnosis, &mended).to_string());
    } else {
        tell(&diagnosis, &mended, args.repair);
    }
    Ok(match diagnosis {
        Diagnosis { held, .. } if !held.is_empty() => Exit::Held,
        Diagnosis { findings, .. } if !findings.is_empty() => Exit::Incomplete,
        _ => Exit::Done,
    })
}

/// The repository, once the files are put back that kept it from being opened; without `--repair` they are told.
fn opened(args: &Args, context: &Context, mended: &mut Vec<Mended>) -> Result<Option<Repo>> {
    let error = match context.repo() {
        Ok(repo) => return Ok(Some(repo)),
        Err(error) => error,
    };
    let findings = care::unopened(&context.dir);
    if findings.is_empty() {
        return Err(error);
    }
    if !args.repair {
        let diagnosis = Diagnosis {
            findings,
            ..Diagnosis::default()
        };
        match context.json {
            true => report::json_line(&in_json(&diagnosis, mended).to_string()),
            false => tell(&diagnosis, mended, false),
        }
        return Ok(None);
    }
    mended.extend(care::open_again(&context.dir));
    if !context.json {
        mended
            .iter()
            .for_each(|told| report::line(&mended_line(told)));
    }
    context.repo().map(Some)
}

/// The run that `named` means, even when nothing but branches, files or notes are left of it.
fn meant(repo: &Repo, named: &str, context: &Context) -> Result<String> {
    let known = traces::runs(repo)?.contains_key(named);
    if known || !traces::notes(repo, named).is_empty() {
        return Ok(named.to_owned());
    }
    context.find_run(repo, Some(named))
}

fn tell(diagnosis: &Diagnosis, mended: &[Mended], repairs: bool) {
    for (run, held) in &diagnosis.held {
        report::line(&visible(&format!(
            "{run}: is driven by process {} since {}, and was left out",
            held.pid, held.since
        )));
    }
    for finding in &diagnosis.findings {
        let severity = finding.severity.name();
        report::line(&visible_line(&format!(
            "{}{severity}: {}",
            of(finding),
            finding.what
        )));
        let failed = mended.iter().any(|told| told.finding == *finding);
        match &finding.remedy {
            Remedy::Advice(words) => report::line(&format!("  {}", visible_line(words))),
            Remedy::Mend(mend) if !failed => {
                report::line(&format!("  --repair would {mend}"));
            }
            Remedy::Mend(_) => {}
        }
    }
    let damaged: HashSet<&str> = diagnosis
        .findings
        .iter()
        .map(|finding| finding.run.as_str())
        .collect();
    let well = diagnosis.runs.iter();
    for run in well.filter(|run| !damaged.contains(run.as_str())) {
        report::line(&format!("{run}: all is well"));
    }
    if diagnosis.runs.is_empty() && diagnosis.held.is_empty() && damaged.is_empty() {
        report::line("this repository has no run");
    }
    let can_help = diagnosis
        .findings
        .iter()
        .any(|finding| matches!(finding.remedy, Remedy::Mend(_)));
    if can_help && !repairs {
        report::notice("`git enact doctor --repair` mends what it can");
    }
}

/// Whom a finding concerns, as the beginning of its line.
fn of(finding: &Finding) -> String {
    match finding.run.as_str() {
        "" => String::new(),
        run => format!("{run}: "),
    }
}

fn mended_line(told: &Mended) -> String {
    let what = &told.finding.what;
    let line = match (&told.failed, &told.kept) {
        (None, None) => format!("{}mended: {what}", of(&told.finding)),
        (None, Some(kept)) => format!(
            "{}mended: {what} (the file as it was found is kept: `{}`)",
            of(&told.finding),
            kept.display()
        ),
        (Some(why), _) => format!("{}not mended: {what}: {why}", of(&told.finding)),
    };
    visible_line(&line)
}

fn in_json(diagnosis: &Diagnosis, mended: &[Mended]) -> Value {
    let held = diagnosis.held.iter();
    let held: Vec<Value> = held
        .map(|(run, held)| json!({"run": run, "pid": held.pid, "since": held.since}))
        .collect();
    let findings: Vec<Value> = diagnosis.findings.iter().map(finding).collect();
    let mended = mended.iter().map(|told| {
        let mut value = finding(&told.finding);
        value["failed"] = json!(told.failed);
        value["kept"] = json!(told.kept);
        value
    });
    json!({
        "schema": 1,
        "runs": diagnosis.runs,
        "driven": held,
        "findings": findings,
        "mended": mended.collect::<Vec<Value>>(),
    })
}

fn finding(finding: &Finding) -> Value {
    let run = Some(finding.run.as_str()).filter(|run| !run.is_empty());
    let (repair, advice) = match &finding.remedy {
        Remedy::Mend(mend) => (Some(mend.to_string()), None),
        Remedy::Advice(words) => (None, Some(words.as_str())),
    };
    json!({
        "run": run, "kind": finding.kind, "severity": finding.severity, "what": finding.what,
        "repair": repair, "advice": advice,
    })
}
