//! A command line that cannot be understood: what was probably meant, and the same for programs.

use std::ffi::OsString;

use clap::CommandFactory as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::{Cli, Exit};
use crate::plan::{Fault, nearest};
use crate::report;
use crate::report::clean::visible;

/// Says what is wrong with `args`, or prints the help that they ask for.
pub(super) fn refuse(error: clap::Error, args: &[OsString]) -> Exit {
    if !error.use_stderr() {
        // Help and version are no refusal; who does not read them to the end has read enough.
        error.print().unwrap_or_default();
        return Exit::Done;
    }
    let error = without_text(&error, args).unwrap_or_else(|| with_suggestion(error));
    let commands_terminal = |arg: &OsString| arg.to_string_lossy().contains(char::is_control);
    match args.iter().any(commands_terminal) {
        true => report::notice(visible(error.render().to_string().trim_end()).as_ref()),
        false => error.print().unwrap_or_default(),
    }
    let mut ours = args.iter().take_while(|arg| *arg != "--");
    if ours.any(|arg| arg == "--json") {
        report::json_line(&report::refusal::json(&[fault(&error)]).to_string());
    }
    Exit::Refused
}

/// An argument that is no text, by its bytes.
fn without_text(error: &clap::Error, args: &[OsString]) -> Option<clap::Error> {
    if error.kind() != ErrorKind::InvalidUtf8 {
        return None;
    }
    let arg = args.iter().find(|arg| arg.to_str().is_none())?;
    let shown = arg.as_encoded_bytes().escape_ascii();
    let message = format!("the argument `{shown}` is not UTF-8");
    Some(Cli::command().error(ErrorKind::InvalidUtf8, message))
}

/// The nearest command, where clap sees none.
fn with_suggestion(mut error: clap::Error) -> clap::Error {
    if error.kind() == ErrorKind::InvalidSubcommand
        && error.get(ContextKind::SuggestedSubcommand).is_none()
        && let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand)
    {
        let command = Cli::command();
        let names = command.get_subcommands().map(clap::Command::get_name);
        if let Some(meant) = nearest(word, names) {
            let meant = ContextValue::Strings(vec![meant.to_owned()]);
            error.insert(ContextKind::SuggestedSubcommand, meant);
        }
    }
    error
}

/// The first line and the tips of what clap says, without the usage.
fn fault(error: &clap::Error) -> Fault {
    let text = error.render().to_string();
    let mut paragraphs = text.split("\n\n");
    let first = paragraphs.next().unwrap_or_default();
    let first = first.strip_prefix("error: ").unwrap_or(first);
    let message: Vec<&str> = first.split_whitespace().collect();
    let tips = paragraphs
        .flat_map(str::lines)
        .filter_map(|line| line.trim().strip_prefix("tip: "));
    let tips: Vec<&str> = tips.collect();
    let help = (!tips.is_empty()).then(|| tips.join("; "));
    Fault::error(message.join(" ")).maybe_help(help)
}
