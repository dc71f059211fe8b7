//! `git enact help`.

use anyhow::{Result, bail};
use clap::CommandFactory as _;

use super::{Cli, Exit};
use crate::plan::did_you_mean;
use crate::report;

/// Explain a command or a topic: plans, executors, settings, journal, architecture
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A command, or `plans`, `executors`, `settings`, `journal`, `architecture`
    topic: Option<String>,
}

/// The documents that stand beside the code that owns them.
const TOPICS: [(&str, &str); 5] = [
    ("plans", include_str!("../plan/dialects.md")),
    ("executors", include_str!("../attempt/protocol.md")),
    ("settings", include_str!("../config/settings.md")),
    ("journal", include_str!("../journal/format.md")),
    ("architecture", include_str!("../architecture.md")),
];

pub(super) fn exec(args: &Args) -> Result<Exit> {
    let mut command = Cli::command();
    // Only a built command knows the whole name of its subcommands.
    command.build();
    let Some(topic) = &args.topic else {
        report::text(&command.render_long_help().to_string());
        return Ok(Exit::Done);
    };
    if let Some((_, text)) = TOPICS.iter().find(|(name, _)| name == topic) {
        report::text(text);
        return Ok(Exit::Done);
    }
    let Some(found) = command.find_subcommand_mut(topic) else {
        let topics = TOPICS.map(|(name, _)| name);
        let commands = command.get_subcommands().map(clap::Command::get_name);
        let help = did_you_mean(topic, commands.chain(topics));
        let help = help.unwrap_or_else(|| format!("topics are {}", topics.join(", ")));
        bail!("there is no help on `{topic}`; {help}");
    };
    report::text(&found.render_long_help().to_string());
    Ok(Exit::Done)
}
