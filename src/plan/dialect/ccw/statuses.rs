//! How far each task is, when its JSON and the list each have a word on it.
//!
//! The JSON is believed before the box, and what differs is told once for all tasks: in half of the repositories
//! of the field boxes are ticked and JSONs forgotten.

use super::outline::{Outline, Said};
use super::todo::Entry;
use crate::plan::text::Text;
use crate::plan::{Fault, Imported, ImportedStatus, Location};

/// What was found on the way.
#[derive(Debug, Default)]
pub(super) struct Statuses {
    /// Tasks that are ticked, and open by their JSON: where, and which.
    ticked: Vec<(Location, String)>,
    /// Tasks that are open in the list, and done by their JSON.
    open: Vec<(Location, String)>,
    /// Statuses that nobody knows, and whose they are.
    unknown: Vec<(Location, String, String)>,
    /// Signs in boxes that nobody knows.
    signs: Vec<(usize, String, String)>,
}

impl Statuses {
    /// What holds for a task.
    pub(super) fn of(
        &mut self,
        outline: Option<&Outline>,
        entry: Option<&Entry>,
    ) -> Option<Imported> {
        let in_list = entry.and_then(Entry::said);
        if let (Some(Said::Unknown(sign)), Some(entry)) = (&in_list, entry) {
            let at = entry
                .marks
                .first()
                .map_or(entry.at.start, |mark| mark.range.start);
            self.signs.push((at, sign.clone(), entry.id.clone()));
        }
        let in_list = in_list.and_then(known);
        let Some(outline) = outline else {
            return in_list.map(|status| Imported {
                status,
                commit: None,
            });
        };
        let place = || (outline.location.clone(), outline.id.clone());
        let in_file = match &outline.status {
            // Who says nothing contradicts nobody.
            None => {
                return in_list.map(|status| Imported {
                    status,
                    commit: outline.commit.clone(),
                });
            }
            Some(Said::Unknown(word)) => {
                self.unknown
                    .push((outline.location.clone(), word.clone(), outline.id.clone()));
                None
            }
            Some(said) => known(said.clone()),
        };
        let is_over = |status: Option<ImportedStatus>| {
            matches!(status, Some(ImportedStatus::Done | ImportedStatus::Skipped))
        };
        if entry.is_some_and(Entry::has_box) {
            match (is_over(in_file), is_over(in_list)) {
                (false, true) => self.ticked.push(place()),
                (true, false) if in_file == Some(ImportedStatus::Done) => self.open.push(place()),
                _ => {}
            }
        }
        let begun = in_list.filter(|status| *status == ImportedStatus::InProgress);
        let status = in_file.or(begun)?;
        let commit = outline
            .commit
            .clone()
            .filter(|_| status == ImportedStatus::Done);
        Some(Imported { status, commit })
    }

    /// What there is to tell, once for all tasks.
    pub(super) fn faults(self, list: Option<&Text<'_>>) -> Vec<Fault> {
        let mut faults = Vec::new();
        if let Some((location, _)) = self.ticked.first() {
            let [tasks, are, their, they] = counted(&self.ticked);
            let message = format!(
                "{tasks} {are} ticked in `TODO_LIST.md` and open in {their} JSON: the JSON counts, so {they} will run"
            );
            faults.push(
                Fault::warning(message)
                    .at(location.clone(), 0)
                    .help("where the work is done, set `\"status\": \"completed\"` in the JSON"),
            );
        }
        if let Some((location, _)) = self.open.first() {
            let [tasks, are, their, they] = counted(&self.open);
            let message = format!(
                "{tasks} {are} completed in {their} JSON and open in `TODO_LIST.md`: the JSON counts, so {they} will not run"
            );
            faults.push(Fault::warning(message).at(location.clone(), 0));
        }
        let mut words: Vec<&str> = Vec::new();
        for (location, word, id) in &self.unknown {
            if !words.contains(&word.as_str()) {
                words.push(word);
                let message =
                    format!("status `{word}` of task `{id}` is not known, so it counts as pending");
                faults.push(Fault::warning(message).at(location.clone(), 0));
            }
        }
        let mut signs: Vec<&str> = Vec::new();
        for (at, sign, id) in &self.signs {
            if let (Some(list), false) = (list, signs.contains(&sign.as_str())) {
                signs.push(sign);
                let message = format!(
                    "the mark `{sign}` of task `{id}` is not known, so it counts as pending"
                );
                faults.push(list.warning(*at..*at + sign.len(), message));
            }
        }
        faults
    }
}

fn known(said: Said) -> Option<ImportedStatus> {
    match said {
        Said::Known(status) => Some(status),
        Said::Open | Said::Unknown(_) => None,
    }
}

/// These tasks as the subject of a sentence, with the words that go with it.
fn counted(tasks: &[(Location, String)]) -> [String; 4] {
    const NAMED: usize = 5;
    let named = tasks.iter().take(NAMED).map(|(_, id)| format!("`{id}`"));
    let named = named.collect::<Vec<String>>().join(", ");
    let (subject, words) = match tasks.len() {
        1 => (format!("task {named}"), ["is", "its", "it"]),
        count if count <= NAMED => (format!("tasks {named}"), ["are", "their", "they"]),
        count => (
            format!("tasks {named} and {} more", count - NAMED),
            ["are", "their", "they"],
        ),
    };
    let [are, their, they] = words.map(str::to_owned);
    [subject, are, their, they]
}
