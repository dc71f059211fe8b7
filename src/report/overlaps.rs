//! For which files tasks wait for each other that a plan would let run side by side: a line for each, for a person,
//! and as JSON for programs.

use serde_json::{Value, json};

use super::clean::visible_line;
use crate::graph::{Contest, Graph};

/// More of these are counted rather than told.
const LINES_MAX: usize = 10;

/// More names than these in one line are counted rather than listed.
const NAMED_MAX: usize = 6;

/// A line for each of the first, and how many there are besides.
pub(super) fn lines(graph: &Graph) -> Vec<String> {
    let contests = graph.contests();
    let told = contests.iter().take(LINES_MAX);
    let mut lines: Vec<String> = told.map(|contest| line(graph, contest)).collect();
    match contests.len().saturating_sub(LINES_MAX) {
        0 => {}
        1 => lines.push("and 1 more wait for each other like that".to_owned()),
        more => lines.push(format!("and {more} more wait for each other like that")),
    }
    lines
}

fn line(graph: &Graph, contest: &Contest) -> String {
    let Contest { files, by, within } = contest;
    let who = ids(graph, by);
    let files = listed(files.iter().map(|file| visible_line(file)));
    let mut among = within.iter();
    match (among.next(), among.next()) {
        (None, _) if by.len() == 2 => {
            format!("{who} both change {files}: they run one after the other")
        }
        (None, _) => format!("{who} all change {files}: they run one after the other"),
        (Some((other, file)), None) => {
            let verb = changes(by);
            let (other, file) = (ids(graph, &[*other]), visible_line(file));
            format!("{who} {verb} {files}, and {other} {file}: they run one after the other")
        }
        _ => {
            let others: Vec<usize> = within.iter().map(|(task, _)| *task).collect();
            let (verb, others) = (changes(by), ids(graph, &others));
            format!("{who} {verb} {files}, and {others} files among them: not side by side")
        }
    }
}

fn changes(by: &[usize]) -> &'static str {
    match by.len() {
        1 => "changes",
        _ => "change",
    }
}

fn ids(graph: &Graph, tasks: &[usize]) -> String {
    listed(
        tasks
            .iter()
            .map(|&task| visible_line(graph.tasks()[task].id.as_str())),
    )
}

/// `a`, `a and b`, `a, b and c`; of many the first and how many more.
fn listed(names: impl Iterator<Item = String>) -> String {
    let mut names: Vec<String> = names.collect();
    if names.len() > NAMED_MAX {
        let more = names.len() - NAMED_MAX + 1;
        names.truncate(NAMED_MAX - 1);
        names.push(format!("{more} more"));
    }
    match names.pop() {
        Some(last) if !names.is_empty() => format!("{} and {last}", names.join(", ")),
        last => last.unwrap_or_default(),
    }
}

/// All of them, each with its files and its tasks.
pub(super) fn json(graph: &Graph) -> Vec<Value> {
    let id = |task: usize| graph.tasks()[task].id.as_str();
    let contest = |Contest { files, by, within }: Contest| {
        let files: Vec<&str> = files
            .iter()
            .map(String::as_str)
            .chain(within.iter().map(|(_, file)| file.as_str()))
            .fold(Vec::new(), |mut files, file| {
                if files.last() != Some(&file) {
                    files.push(file);
                }
                files
            });
        let tasks = by.iter().chain(within.iter().map(|(task, _)| task));
        json!({"files": files, "tasks": tasks.map(|&task| id(task)).collect::<Vec<_>>()})
    };
    graph.contests().into_iter().map(contest).collect()
}
