//! Asking a person on the terminal: one letter, as `git add -p` does.

use std::io::{BufRead as _, IsTerminal as _};
use std::sync::Arc;

use anyhow::{Result, bail};

use super::{Context, decide};
use crate::plan::TaskId;
use crate::report::{self, clean::visible};
use crate::run::event::{By, Event};
use crate::world::{Asker, Person};

/// Whether a person sits at the terminal.
pub(super) fn is_possible() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks a yes-or-no question; anything but yes is no.
pub(super) fn confirm(question: &str) -> bool {
    report::notice(&format!("{question} [y/N]"));
    matches!(answer().as_deref(), Some("y" | "Y" | "yes"))
}

/// Whether a person agrees to what `summary` says: by `--yes`, or when asked. Where nobody can be asked, what would be
/// done is said, and not done.
pub(super) fn agree(summary: &str, yes: bool, context: &Context) -> Result<bool> {
    if yes {
        return Ok(true);
    }
    if is_possible() {
        let gap = if summary.contains('\n') { "\n" } else { ". " };
        return Ok(confirm(&format!("{summary}{gap}Do it?")));
    }
    match context.json {
        true => report::notice(summary),
        false => report::line(summary),
    }
    bail!("not done: nobody can be asked here; say `--yes`")
}

/// Asks which of `names` is meant, by number or by name; nothing when there is nobody to ask, or no answer.
pub(super) fn choose(what: &str, names: &[String]) -> Option<String> {
    if names.is_empty() || !is_possible() {
        return None;
    }
    report::notice(&format!("{what}:"));
    for (at, name) in names.iter().enumerate() {
        report::notice(&visible(&format!("  {}  {name}", at + 1)));
    }
    report::notice("which one? (number or name; nothing to leave it)");
    let answer = answer()?;
    let numbered = answer.parse::<usize>().ok();
    let numbered = numbered.and_then(|number| names.get(number.checked_sub(1)?));
    numbered
        .or_else(|| names.iter().find(|name| **name == answer))
        .cloned()
}

/// Who sits at the terminal.
struct AtTerminal;

pub(super) fn asker() -> Asker {
    Arc::new(AtTerminal)
}

impl Person for AtTerminal {
    fn agrees(&self, to: &str) -> bool {
        confirm(&visible(to))
    }

    fn decides(&self, task: &TaskId, reason: &str, last_completed: &str) -> Event {
        report::notice(&visible(&format!("\ntask {task} failed: {reason}")));
        if !last_completed.is_empty() {
            report::notice(&visible(&format!("last completed: {last_completed}")));
        }
        loop {
            report::notice("[r]etry, retry with [w]ords, s[k]ip, or [s]top?");
            let task = task.clone();
            match answer().as_deref() {
                Some("r" | "retry") => return retried(task, String::new()),
                Some("w" | "words") => {
                    report::notice("what should the next attempt know?");
                    let words = answer().unwrap_or_default();
                    match decide::refuse_secrets(&words) {
                        Ok(()) => return retried(task, words),
                        Err(refused) => report::notice(&refused.to_string()),
                    }
                }
                Some("k" | "skip") => {
                    return Event::Skipped {
                        task,
                        by: By::Person,
                        reason: "skipped by decision".to_owned(),
                    };
                }
                Some("s" | "stop") | None => {
                    return Event::Stopped {
                        reason: format!("stopped at task {task} by decision"),
                    };
                }
                Some(_) => {}
            }
        }
    }
}

fn retried(task: TaskId, words: String) -> Event {
    Event::Retried {
        task,
        by: By::Person,
        reason: "decided by a person".to_owned(),
        words,
        continues: false,
    }
}

/// One line, trimmed; `None` at the end of input.
fn answer() -> Option<String> {
    let mut line = String::new();
    match std::io::stdin().lock().read_line(&mut line) {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(line.trim().to_owned()),
    }
}
