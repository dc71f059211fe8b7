//! The records of runs that the format keeps: `execution.json` for all specs, and the older file for each.
//!
//! Knows their texts and nothing of files. A spec is completed only when no box is open; what was begun and ended
//! before that is partial, and counted as such.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::join::Spec;
use super::tasks::Draft;
use super::write::edit;
use crate::plan::json::Node;
use crate::plan::source::Source;
use crate::plan::{Edit, ImportedStatus, Progress, Status, TaskProgress, agents, is_named};

/// A task of a spec, and how far it is if the run is about it.
pub(super) type Known<'a> = (&'a Draft, Option<&'a TaskProgress>);

/// Where a spec stands.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) id: String,
    status: &'static str,
    total: usize,
    done: usize,
    failed: usize,
    skipped: usize,
    agents: Vec<String>,
    /// Tasks that are done and have no box that could say so.
    unboxed: Vec<String>,
    started_at: Option<String>,
}

impl Standing {
    /// `open` boxes stand elsewhere besides those of the spec's own text.
    pub(super) fn of(
        spec: &Spec<'_>,
        tasks: &[Known<'_>],
        open: usize,
        progress: &Progress,
    ) -> Self {
        let count = |wanted: Status| {
            let has_it = |task: &&Known<'_>| task.1.is_some_and(|task| task.status == wanted);
            tasks.iter().filter(has_it).count()
        };
        let done: Vec<&Known<'_>> = tasks.iter().filter(|task| is_done(task)).collect();
        let is_begun = !done.is_empty()
            || tasks.iter().any(|(_, task)| {
                task.is_some_and(|task| task.status == Status::InProgress || task.attempts > 0)
            });
        let is_whole =
            done.len() == tasks.len() && !tasks.is_empty() && spec.drafts.open_boxes + open == 0;
        let status = match (progress.over, is_begun) {
            (true, true) if is_whole => "completed",
            (true, true) => "partial",
            (false, true) => "in_progress",
            (_, false) => "pending",
        };
        let started = tasks
            .iter()
            .filter_map(|(_, task)| task.and_then(|task| task.started_at.as_ref()));
        // Who was mapped to what this run has done stays mapped.
        let is_ours = |task: &&TaskProgress| task.attempts > 0;
        let mapped = tasks.iter();
        let mapped = mapped.filter(|task| !is_done(task) || task.1.as_ref().is_some_and(is_ours));
        let mapped: Vec<(Option<&str>, &str, &str)> = mapped
            .map(|(draft, _)| {
                (
                    draft.agent.as_deref(),
                    draft.title.as_str(),
                    draft.body.as_str(),
                )
            })
            .collect();
        Self {
            id: spec.identity.id.clone(),
            status,
            total: tasks.len(),
            done: done.len(),
            failed: count(Status::Failed) + count(Status::TimedOut),
            skipped: count(Status::Skipped),
            agents: agents::usual(&mapped),
            unboxed: done
                .iter()
                .filter(|(draft, _)| draft.mark.is_none())
                .map(|(draft, _)| draft.id.clone())
                .collect(),
            started_at: started.min().cloned(),
        }
    }

    /// The word that `features.json` and `project.json` have for it; partial is never complete.
    pub(super) fn word_for_catalog(&self) -> &'static str {
        match self.status {
            "completed" => "completed",
            "pending" => "planned",
            _ => "in_progress",
        }
    }

    /// What is recorded of the spec; what an earlier record says besides stays.
    fn entry(&self, before: Option<Node<'_>>, progress: &Progress) -> String {
        let said = |name: &str| {
            before
                .and_then(|node| node.member(name))
                .and_then(|node| node.string())
        };
        let mut members: Vec<(String, String)> = Vec::new();
        let mut put = |name: &str, value: Value| members.push((name.to_owned(), value.to_string()));
        put("status", json!(self.status));
        put("tasks_total", json!(self.total));
        put("tasks_completed", json!(self.done));
        put("remaining", json!(self.total - self.done));
        let mapped = before.and_then(|node| node.member("agents_mapped"));
        let mapped = mapped.iter().flat_map(Node::elements);
        let mut agents: BTreeSet<String> = mapped.filter_map(|agent| agent.string()).collect();
        agents.extend(self.agents.iter().cloned());
        put("agents_mapped", json!(agents));
        if !self.unboxed.is_empty() {
            put("done_without_box", json!(self.unboxed));
        }
        if self.status != "pending" {
            let started = said("started_at").or_else(|| self.started_at.clone());
            put(
                "started_at",
                json!(started.unwrap_or_else(|| progress.started_at.clone())),
            );
        }
        put("last_updated", json!(progress.at));
        if self.status == "completed" {
            let was_so = said("status").is_some_and(|status| status == "completed");
            let at = said("completed_at").filter(|_| was_so);
            put(
                "completed_at",
                json!(at.unwrap_or_else(|| progress.at.clone())),
            );
        }
        let ours = ["done_without_box", "started_at", "completed_at"];
        for (name, node) in before.iter().flat_map(Node::members) {
            if !ours.contains(&name.as_str()) && members.iter().all(|(known, _)| *known != name) {
                members.push((name, node.raw.to_owned()));
            }
        }
        match before.filter(|before| says_the_same(*before, &members)) {
            Some(before) => before.raw.to_owned(),
            None => object(&members, 2),
        }
    }
}

/// Whether an entry says all of this already, but for when it was last said.
fn says_the_same(before: Node<'_>, members: &[(String, String)]) -> bool {
    let value = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let mut new = value(&object(members, 0));
    let old = value(before.raw);
    if let Some(at) = old.get("last_updated") {
        new["last_updated"] = at.clone();
    }
    new == old
}

fn is_done((draft, task): &Known<'_>) -> bool {
    match task {
        Some(task) => task.status == Status::Done,
        None => draft.status == Some(ImportedStatus::Done),
    }
}

/// Whether a text has the shape of a record, as far as we write it.
pub(super) fn is_record(top: &Node<'_>) -> bool {
    let specs = top.member("specs");
    let mut parts = specs.into_iter().chain(top.member("overall"));
    let entries = specs.iter().flat_map(Node::members).collect::<Vec<_>>();
    top.is_object()
        && parts.all(|part| part.is_object())
        && entries.iter().all(|(_, entry)| entry.is_object())
}

/// The text of `execution.json`, which said `before`.
pub(super) fn whole(
    before: Option<Node<'_>>,
    standings: &[Standing],
    progress: &Progress,
) -> String {
    let before_specs = before.and_then(|node| node.member("specs"));
    let mut specs: Vec<(String, String)> = before_specs
        .iter()
        .flat_map(Node::members)
        .map(|(id, node)| (id, node.raw.to_owned()))
        .collect();
    for standing in standings {
        let own = before_specs.and_then(|node| node.member(&standing.id));
        let entry = standing.entry(own, progress);
        match specs.iter_mut().find(|(id, _)| *id == standing.id) {
            Some((_, text)) => *text = entry,
            None => specs.push((standing.id.clone(), entry)),
        }
    }
    let status = |text: &str| {
        let value: Value = serde_json::from_str(text).unwrap_or_default();
        value["status"].as_str().unwrap_or("pending").to_owned()
    };
    let statuses: Vec<String> = specs.iter().map(|(_, text)| status(text)).collect();
    let count = |word: &str| statuses.iter().filter(|status| *status == word).count();
    let known = count("completed") + count("in_progress") + count("partial");
    let overall = [
        ("total_specs", specs.len()),
        ("completed", count("completed")),
        ("in_progress", count("in_progress")),
        ("partial", count("partial")),
        ("pending", specs.len() - known),
    ];
    let mut overall: Vec<(String, String)> = overall
        .iter()
        .map(|(name, count)| ((*name).to_owned(), count.to_string()))
        .collect();
    add_others(&mut overall, before.and_then(|node| node.member("overall")));
    let session = before
        .and_then(|node| node.member("session"))
        .map(|node| node.raw.to_owned());
    let mut members = vec![
        (
            "session".to_owned(),
            session.unwrap_or_else(|| json!(progress.started_at).to_string()),
        ),
        ("specs".to_owned(), object(&specs, 1)),
        ("overall".to_owned(), object(&overall, 1)),
    ];
    add_others(&mut members, before);
    object(&members, 0) + "\n"
}

/// Whether two texts say the same, whatever stands between their members.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let value = |text: &str| serde_json::from_str::<Value>(text).ok();
    let one = value(one);
    one.is_some() && one == value(other)
}

/// What an object says besides stays.
fn add_others(members: &mut Vec<(String, String)>, before: Option<Node<'_>>) {
    for (name, node) in before.iter().flat_map(Node::members) {
        if members.iter().all(|(known, _)| *known != name) {
            members.push((name, node.raw.to_owned()));
        }
    }
}

/// An object of members that are JSON already, each on its line.
fn object(members: &[(String, String)], depth: usize) -> String {
    if members.is_empty() {
        return "{}".to_owned();
    }
    let indent = "  ".repeat(depth + 1);
    let lines = members
        .iter()
        .map(|(name, value)| format!("{indent}{}: {value}", json!(name)));
    let lines: Vec<String> = lines.collect();
    format!("{{\n{}\n{}}}", lines.join(",\n"), "  ".repeat(depth))
}

/// Has tasks be done that have no box and that the record says are.
pub(super) fn import(sources: &[Source], specs: &mut [Spec<'_>]) {
    let Some(source) = sources
        .iter()
        .find(|source| is_named(&source.path, "execution.json"))
    else {
        return;
    };
    let text = source.text();
    let Some(all) = Node::parse(&text)
        .ok()
        .and_then(|node| node.member("specs"))
    else {
        return;
    };
    for spec in specs {
        let done = all
            .member(&spec.identity.id)
            .and_then(|node| node.member("done_without_box"));
        let done: Vec<String> = done
            .iter()
            .flat_map(Node::elements)
            .filter_map(|node| node.word())
            .collect();
        for draft in &mut spec.drafts.tasks {
            if draft.mark.is_none() && done.contains(&draft.id) {
                draft.status = Some(ImportedStatus::Done);
            }
        }
    }
}

/// What becomes of the older record of one spec: its words and numbers, where they stand.
pub(super) fn older(
    source: &Source,
    standing: &Standing,
    tasks: &[Known<'_>],
    progress: &Progress,
) -> Vec<Edit> {
    let text = source.text();
    let Ok(whole) = Node::parse(&text) else {
        return Vec::new();
    };
    let mut edits = Vec::new();
    let mut updated: Option<Node<'_>> = None;
    let mut put = |node: Node<'_>, value: Value| {
        let value = value.to_string();
        if node.raw != value {
            edits.push(edit(node.range(), &value));
        }
    };
    let percentage = (100 * standing.done)
        .checked_div(standing.total)
        .unwrap_or(0);
    for (name, node) in whole.members() {
        match name.as_str() {
            "status" => put(node, json!(standing.status)),
            "last_updated" => updated = Some(node),
            "total_tasks" => put(node, json!(standing.total)),
            "completed_tasks" => put(node, json!(standing.done)),
            "failed_tasks" => put(node, json!(standing.failed)),
            "skipped_tasks" => put(node, json!(standing.skipped)),
            "completion_percentage" => put(node, json!(percentage)),
            "layers" => {
                for (_, layer) in node.members() {
                    let listed = layer
                        .member("tasks")
                        .map_or_else(Vec::new, |tasks| tasks.elements());
                    for entry in listed {
                        let known = entry.member("description").and_then(|node| node.string());
                        let known = known.and_then(|title| {
                            tasks.iter().find(|(draft, _)| draft.title == title.trim())
                        });
                        if let (Some(known), Some(status)) = (known, entry.member("status")) {
                            put(status, json!(older_word(known)));
                        }
                    }
                }
            }
            _ => {}
        }
    }
    if let Some(node) = updated.filter(|_| !edits.is_empty()) {
        edits.push(edit(node.range(), &json!(progress.at).to_string()));
    }
    edits
}

/// The older record says `complete`.
fn older_word(known: &Known<'_>) -> &'static str {
    if is_done(known) {
        return "complete";
    }
    match known.1.map(|task| task.status) {
        Some(Status::InProgress) => "in_progress",
        Some(Status::Failed | Status::TimedOut) => "failed",
        Some(Status::Skipped) => "skipped",
        _ => "pending",
    }
}
