//! `git enact list`.

use anyhow::Result;
use serde_json::json;

use super::{Context, Exit};
use crate::journal::{self, Lease};
use crate::report::{self, clean::visible};

/// List the runs of this repository
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn exec(_: &Args, context: &Context) -> Result<Exit> {
    let repo = context.repo()?;
    for run in journal::runs(&repo)? {
        let headline = match journal::headline(&repo, &run.id) {
            Ok(headline) => headline,
            Err(error) => {
                let line = format!("note: run {} cannot be read: {error:#}", run.id);
                report::notice(&visible(&line));
                continue;
            }
        };
        let driven = !headline.is_over() && Lease::is_held(repo.common_dir(), &run.id);
        let status = if driven {
            "running"
        } else {
            headline.status.as_str()
        };
        let counts = &headline.counts;
        if context.json {
            let line = json!({"id": run.id, "title": headline.title, "status": status, "tip": headline.tip,
                "landed": headline.landed, "started_at": headline.started_at, "counts": counts});
            report::json_line(&line.to_string());
        } else {
            let landed = if headline.landed { ", landed" } else { "" };
            let line = format!(
                "{}  {status:<12}  {}  {} of {} done{landed}  {}",
                run.id, headline.started_at, counts.done, counts.total, headline.title
            );
            report::line(&visible(&line));
        }
    }
    Ok(Exit::Done)
}
