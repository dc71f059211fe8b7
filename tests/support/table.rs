//! What a careful person finds in real plans: `fixtures/corpus`, one table a plan, without a word of the plans.
//!
//! Titles and groups stand there as hashes of their letters and digits. This module reads the tables and says
//! how a task differs from its row; it knows neither readers nor where the plans are.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use git_enact::plan::{ImportedStatus, Task};
use git2::{ObjectFormat, ObjectType, Oid};

/// Where the tables are.
pub(crate) const TABLES: &str = "fixtures/corpus";

/// All of one plan.
#[derive(Debug)]
pub(crate) struct Table {
    /// The directory of the table: the dialect that the plan is counted for.
    pub(crate) format: String,
    /// In the corpus: a file, or the directory of a session.
    pub(crate) plan: PathBuf,
    /// Each dialect that may rightly read it.
    pub(crate) dialects: Vec<String>,
    /// Whether the text has one order; the files of a session have none.
    pub(crate) ordered: bool,
    pub(crate) rows: Vec<Row>,
}

/// One task. Where two readings are right, both are listed.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) marks: Vec<String>,
    pub(crate) needs: Vec<BTreeSet<String>>,
    pub(crate) groups: Vec<String>,
    pub(crate) titles: Vec<String>,
    /// The plan says that it need not be done.
    pub(crate) optional: bool,
    /// One may say that it is no task.
    pub(crate) doubtful: bool,
    /// Of the plan's text, for people.
    pub(crate) line: Option<u32>,
}

/// Every table, by path.
pub(crate) fn tables() -> Vec<Table> {
    let mut tables = Vec::new();
    for format in entries(Path::new(TABLES)) {
        if format.is_dir() {
            tables.extend(entries(&format).iter().map(|path| Table::read(path)));
        }
    }
    tables
}

/// The files of the corpus that are no plans.
pub(crate) fn no_plans() -> Vec<PathBuf> {
    let listed = fs::read_to_string(Path::new(TABLES).join("none.txt")).expect("the list is there");
    listed.lines().map(PathBuf::from).collect()
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(directory)
        .expect("the tables are there")
        .map(|entry| entry.expect("they can be listed").path())
        .collect();
    entries.sort();
    entries
}

impl Table {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("a table is text");
        let said = |key: &str| {
            let prefix = format!("# {key}: ");
            text.lines().find_map(|line| line.strip_prefix(&prefix))
        };
        let words = |key: &str| said(key).unwrap_or_default().split(' ').map(str::to_owned);
        let format = path.parent().and_then(Path::file_name);
        Self {
            format: format.unwrap_or_default().to_string_lossy().into_owned(),
            plan: PathBuf::from(said("plan").expect("a table says which plan it is of")),
            dialects: words("dialect").collect(),
            ordered: said("order") != Some("any"),
            rows: text
                .lines()
                .filter(|line| !line.starts_with("# "))
                .skip(1)
                .map(|line| Row::read(line).unwrap_or_else(|| panic!("{}: {line}", path.display())))
                .collect(),
        }
    }
}

impl Row {
    fn read(line: &str) -> Option<Self> {
        let cells: Vec<&str> = line.split('\t').collect();
        let [id, mark, needs, group, title, note, line] = *cells.as_slice() else {
            return None;
        };
        let several = |cell: &str| cell.split('|').map(str::to_owned).collect();
        Some(Self {
            id: id.to_owned(),
            marks: several(mark),
            needs: needs.split('|').map(ids).collect(),
            groups: several(group),
            titles: several(title),
            optional: note == "optional",
            doubtful: note == "doubtful",
            line: line.parse().ok(),
        })
    }

    /// Each column in which the task is not as it should be, with what it is instead.
    pub(crate) fn differences(&self, task: &Task) -> Vec<(&'static str, String)> {
        let mark = mark(task);
        let needs: BTreeSet<String> = task.needs.iter().map(|id| id.as_str().to_owned()).collect();
        let group = task.group.as_deref().unwrap_or("-");
        let mut found = Vec::new();
        let left_out = self.optional && mark == "skipped";
        if !self.marks.iter().any(|right| right == mark) && !left_out {
            found.push(("mark", mark.to_owned()));
        }
        if !self.needs.contains(&needs) {
            found.push(("needs", needs.into_iter().collect::<Vec<_>>().join(",")));
        }
        if !self.groups.contains(&group_hash(group)) {
            found.push(("group", group.to_owned()));
        }
        if !self.titles.contains(&title_hash(&task.title)) {
            found.push(("title", task.title.clone()));
        }
        found
    }
}

fn ids(cell: &str) -> BTreeSet<String> {
    cell.split(',')
        .filter(|id| *id != "-")
        .map(str::to_owned)
        .collect()
}

fn mark(task: &Task) -> &'static str {
    match task.imported.as_ref().map(|imported| imported.status) {
        None => "pending",
        Some(ImportedStatus::InProgress) => "in_progress",
        Some(ImportedStatus::Done) => "done",
        Some(ImportedStatus::Skipped) => "skipped",
    }
}

/// A title without markup, tags and owners.
pub(crate) fn title_hash(title: &str) -> String {
    let words: String = title
        .split_whitespace()
        .filter(|word| !is_tag(word))
        .collect();
    hash(&letters([without_targets(&words).as_str()]))
}

/// A group's name without its number and without remarks in parentheses; `-` is none.
pub(crate) fn group_hash(name: &str) -> String {
    if name == "-" {
        return name.to_owned();
    }
    let text = without_remarks(&without_targets(name));
    let words: Vec<&str> = text.split_whitespace().collect();
    let before_name = match words.as_slice() {
        [label, _] if is_label(label) => 1,
        [label, ..] if is_label(label) => 2,
        [number, ..] if is_number(number) => 1,
        _ => 0,
    };
    let bare = letters(words[before_name..].iter().copied());
    if bare.is_empty() {
        hash(&letters([name]))
    } else {
        hash(&bare)
    }
}

fn is_label(word: &str) -> bool {
    const LABELS: [&str; 8] = [
        "phase", "layer", "stage", "wave", "group", "step", "section", "part",
    ];
    LABELS.contains(&letters([word]).as_str())
}

fn is_number(word: &str) -> bool {
    let digit = |c: char| c.is_ascii_digit();
    word.contains(digit) && word.chars().all(|c| digit(c) || ".):".contains(c))
}

/// `[P]`, `[US1]`, `(P)`, `@owner`.
fn is_tag(word: &str) -> bool {
    let bracketed = word.starts_with('[') && word.ends_with(']') && word.chars().count() <= 14;
    let owner = word
        .strip_prefix('@')
        .is_some_and(|name| name.starts_with(char::is_alphabetic));
    bracketed || owner || word == "(P)"
}

fn letters<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: String = words.into_iter().collect();
    words
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric())
        .collect()
}

/// `[text](target)` is its text.
fn without_targets(text: &str) -> String {
    let mut rest = text;
    let mut kept = String::new();
    while let Some((before, target)) = rest.split_once("](") {
        let Some((_, after)) = target.split_once(')') else {
            break;
        };
        kept.push_str(before);
        kept.push(']');
        rest = after;
    }
    kept + rest
}

fn without_remarks(text: &str) -> String {
    let mut depth = 0_usize;
    let mut kept = String::new();
    for c in text.chars() {
        match c {
            '(' | '（' => depth += 1,
            ')' | '）' => depth = depth.saturating_sub(1),
            _ if depth == 0 => kept.push(c),
            _ => {}
        }
    }
    kept
}

/// As `git hash-object --stdin` says it, shortened.
fn hash(text: &str) -> String {
    let id = Oid::hash_object_ext(ObjectType::Blob, text.as_bytes(), ObjectFormat::Sha1);
    id.expect("text can be hashed").to_string()[..8].to_owned()
}
