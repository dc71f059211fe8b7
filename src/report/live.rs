//! Sinks that show a run while it goes on, or again: lines for people, JSON lines for programs.
//!
//! They see events and the state those led to, nothing else; so a replay prints what the run printed.

use std::io::IsTerminal as _;
use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::sentence::{Mood, sentence};
use crate::run::engine::Sink;
use crate::run::event::Recorded;
use crate::run::state::State;

/// Says one line to a person, from any thread.
pub type Teller = Arc<dyn Fn(&str) + Send + Sync>;

/// Lines for people on standard error; on a terminal, a line below them says what runs now.
pub struct Lines {
    bar: Option<ProgressBar>,
    /// Whether a person is being asked: then the line below would write over the question.
    asking: bool,
    quiet: bool,
}

impl Lines {
    /// `quiet` shows nothing but failures.
    pub fn new(quiet: bool) -> Self {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let style = ProgressStyle::with_template("{spinner} {msg}")
                .unwrap_or(ProgressStyle::default_bar());
            let bar = ProgressBar::new_spinner().with_style(style);
            bar.enable_steady_tick(std::time::Duration::from_millis(120));
            bar
        });
        Self {
            bar,
            asking: false,
            quiet,
        }
    }

    /// Says lines that are no events without tearing the line below.
    pub fn teller(&self) -> Teller {
        let bar = self.bar.clone();
        Arc::new(move |line| match &bar {
            Some(bar) => bar.suspend(|| super::notice(line)),
            None => super::notice(line),
        })
    }

    fn show(&self, line: &str) {
        match self.bar.as_ref().filter(|_| !self.asking) {
            Some(bar) => bar.suspend(|| super::notice(line)),
            None => super::notice(line),
        }
    }
}

impl Sink for Lines {
    fn on(&mut self, recorded: &Recorded, state: &State) {
        if let Some((mood, text)) = sentence(recorded, state)
            && (!self.quiet || mood == Mood::Bad)
        {
            let style = style(mood);
            self.show(&format!("{style}{text}{style:#}"));
        }
        let Some(bar) = &self.bar else { return };
        let asks =
            state.active().next().is_none() && state.attention().any(|task| state.at(task).asked);
        if asks != self.asking {
            self.asking = asks;
            bar.set_draw_target(if asks {
                ProgressDrawTarget::hidden()
            } else {
                ProgressDrawTarget::stderr()
            });
        }
        bar.set_message(running(state));
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// `3 of 10 done, running 4, 5`.
fn running(state: &State) -> String {
    let counts = state.counts();
    let ids: Vec<&str> = state
        .active()
        .map(|task| state.graph().tasks()[task].id.as_str())
        .collect();
    let now = if ids.is_empty() {
        String::new()
    } else {
        format!(", running {}", ids.join(", "))
    };
    format!("{} of {} done{now}", counts.done, counts.total)
}

fn style(mood: Mood) -> Style {
    match mood {
        Mood::Good => Style::new().fg_color(Some(AnsiColor::Green.into())),
        Mood::Bad => Style::new().fg_color(Some(AnsiColor::Red.into())),
        Mood::Plain => Style::new(),
    }
}

/// One JSON object an event on standard output, the same that the journal holds.
pub struct JsonLines;

impl Sink for JsonLines {
    fn on(&mut self, recorded: &Recorded, _: &State) {
        if let Ok(line) = serde_json::to_string(recorded) {
            super::json_line(&line);
        }
    }
}
