//! `git enact init`.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::{Context, Exit};
use crate::config::executors::{SHELL, is_profile};
use crate::config::propose;
use crate::report::{self, clean::visible_line};

/// Write a commented `enact.toml` that proposes the project's own commands; execute nothing
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Who is to execute: one that `git enact executors` lists, or a name for `[executors]`
    #[arg(long, value_name = "NAME")]
    executor: Option<String>,
}

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    let repo = context.repo()?;
    let top = repo
        .checkout()
        .context("the repository is bare: `enact.toml` belongs at the top of a checkout")?;
    if args
        .executor
        .as_deref()
        .is_some_and(|name| name.trim().is_empty() || name.contains(char::is_control))
    {
        bail!("`--executor` needs a name, on one line");
    }
    let path = top.join("enact.toml");
    let found = propose::find(top);
    let text = propose::text(&found, args.executor.as_deref());
    create(&path, &text)?;
    for fault in &found.faults {
        report::notice(&format!("note: {}", visible_line(fault)));
    }
    if !context.quiet {
        tell(&found);
        report::line(&format!(
            "wrote {}: read it before the first run",
            path.display()
        ));
    }
    let is_new = |name: &&str| *name != SHELL && !is_profile(name);
    if let Some(name) = args.executor.as_deref().filter(is_new) {
        report::notice(&visible_line(&format!(
            "note: `{name}` is a name of yours: say under `[executors]` in the file how it is run"
        )));
    }
    Ok(Exit::Done)
}

/// Writes a file that is not there yet.
fn create(path: &Path, text: &str) -> Result<()> {
    let mut file = match File::create_new(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => bail!(
            "`{0}` exists and is left as it is: edit it, or move it away (`mv '{0}' '{0}.old'`) and ask again",
            path.display()
        ),
        Err(error) => {
            return Err(error).with_context(|| format!("`{}` cannot be made", path.display()));
        }
    };
    file.write_all(text.as_bytes())
        .with_context(|| format!("`{}` cannot be written", path.display()))
}

/// One line for each finding.
fn tell(found: &propose::Found) {
    for finding in &found.findings {
        let reserve = finding.reserve.as_ref();
        let why = reserve.map_or_else(String::new, |reserve| format!(", only proposed: {reserve}"));
        report::line(&visible_line(&format!(
            "{:<5} {} ({}{why})",
            finding.purpose.to_string(),
            finding.command,
            finding.place
        )));
    }
    if found.findings.is_empty() {
        report::line("no test, lint or build command was found: name yours in `verify`");
    }
}
