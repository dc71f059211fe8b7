//! `PROGRESS.md`: what a plan's own table says was done before this run, and the weight it chose.
//!
//! Written back, its cells change and nothing besides; where there is none, one is made.
//!
//! Tables in the field differ in columns and spellings; what is not understood is pending, with a warning.

use std::collections::HashMap;

use super::tables::{Columns, key, tables};
use crate::plan::markdown::{Document, Span, lines};
use crate::plan::source::Source;
use crate::plan::status_words::{self, Word};
use crate::plan::text::Text;
use crate::plan::{
    Change, Edit, Fault, Imported, ImportedStatus, Plan, Progress, Status, TaskProgress, Weight,
};

/// Writes into the plan what the tables say of its tasks.
pub(super) fn import(text: &Text<'_>, plan: &mut Plan, faults: &mut Vec<Fault>) {
    let document = text.document();
    faults.extend(document.hidden(text));
    import_weight(document, text, plan, faults);
    let tables = tables(document);
    if tables.is_empty() {
        faults.push(
            text.warning(
                text.start()..text.start(),
                "no progress table is found, so every task counts as pending",
            )
            .help("the table begins with `| # | Task | Status | Commit |`"),
        );
    }
    let tasks = plan.tasks.iter().enumerate().rev();
    let by_id = tasks
        .map(|(index, task)| (key(task.id.as_str()), index))
        .collect();
    let mut import = Import {
        text,
        by_id,
        seen: HashMap::new(),
        faults,
    };
    for (nth, (table, columns)) in tables.iter().enumerate() {
        for row in &table.rows[1..] {
            import.row(row, columns, nth, plan);
        }
    }
}

fn import_weight(document: &Document, text: &Text<'_>, plan: &mut Plan, faults: &mut Vec<Fault>) {
    let Some(line) = lines(&document.blocks).find(|line| {
        line.lead
            .as_ref()
            .is_some_and(|lead| lead.eq_ignore_ascii_case("weight"))
    }) else {
        return;
    };
    match line
        .text
        .trim_matches(['`', '.', ' '])
        .to_lowercase()
        .as_str()
    {
        "light" => plan.wishes.weight = Some(Weight::Light),
        "full" => plan.wishes.weight = Some(Weight::Full),
        // The template as it was written, both words and no choice.
        "light | full" => {}
        other => faults.push(
            text.warning(line.range.clone(), format!("weight `{other}` is not known"))
                .help("it is `light` or `full`"),
        ),
    }
}

/// What the rows said so far.
struct Import<'t> {
    text: &'t Text<'t>,
    by_id: HashMap<String, usize>,
    /// Of each task that has a row, which table that is in, and its status.
    seen: HashMap<usize, (usize, Option<ImportedStatus>)>,
    faults: &'t mut Vec<Fault>,
}

impl Import<'_> {
    fn warn(&mut self, cell: &Span, message: String) {
        self.faults
            .push(self.text.warning(cell.range.clone(), message));
    }

    fn row(&mut self, row: &[Span], columns: &Columns, table: usize, plan: &mut Plan) {
        let (Some(id), Some(cell)) = (row.get(columns.id), row.get(columns.status)) else {
            return;
        };
        let named = id.text.trim();
        let Some(&index) = self.by_id.get(&key(named)) else {
            if !named.is_empty() {
                let message =
                    format!("progress is recorded for `{named}`, which is no task of the plan");
                self.warn(id, message);
            }
            return;
        };
        let task = &mut plan.tasks[index];
        let earlier = self.seen.get(&index).copied();
        if let Some((first, said)) = earlier
            && first != table
        {
            if status(&cell.text).unwrap_or(None) != said {
                let message = format!(
                    "an earlier table says otherwise of task `{}` than this row, and counts",
                    task.id
                );
                self.warn(cell, message);
            }
            return;
        }
        let status = status(&cell.text).unwrap_or_else(|unread| {
            let said = cell.text.trim();
            self.faults.push(match unread {
                Unread::Unclear => status_words::unclear(said, cell.range.clone(), self.text),
                Unread::Unknown => {
                    let id = &task.id;
                    let message = format!(
                        "status `{said}` of task `{id}` is not known, so it counts as pending"
                    );
                    self.text.warning(cell.range.clone(), message)
                }
            });
            None
        });
        self.seen.insert(index, (table, status));
        let in_heading = task.imported.as_ref().map(|imported| imported.status);
        if earlier.is_none() && in_heading.is_some() && in_heading != status {
            let message = format!(
                "the heading of task `{}` says otherwise than this row, which counts",
                task.id
            );
            self.warn(cell, message);
        }
        if earlier.is_some_and(|(_, earlier)| earlier != status) {
            let message = format!(
                "task `{}` has two rows that disagree; the last one counts",
                task.id
            );
            self.warn(id, message);
        }
        let commit = columns
            .commit
            .and_then(|column| row.get(column))
            .and_then(commit);
        task.imported = status.map(|status| Imported { status, commit });
    }
}

/// The table as a new file.
pub(super) fn table(title: &str, progress: &Progress) -> String {
    let mut text = format!(
        "# Progress: {title}\n\n**Started**: {}\n**Current step**: {}\n\n## Tasks\n\n\
         | # | Task | Status | Commit |\n|---|------|--------|--------|\n",
        progress.started_at,
        match progress.over {
            true => "postflight",
            false => "execute",
        }
    );
    let usual = Columns {
        id: 0,
        title: Some(1),
        status: 2,
        commit: Some(3),
        says_task: true,
    };
    for task in &progress.tasks {
        text.push_str(&row(task, &usual, 4));
    }
    text
}

/// The row of a task in a table of so many columns; those that are about something else are left empty.
fn row(task: &TaskProgress, columns: &Columns, width: usize) -> String {
    let cells = (0..width).map(|column| match column {
        _ if column == columns.id => task.id.to_string(),
        _ if column == columns.status => word(task.status).to_owned(),
        _ if columns.commit == Some(column) => hash(task),
        _ if columns.title == Some(column) => task.title.replace('|', "\\|"),
        _ => String::new(),
    });
    let cells: Vec<String> = cells.collect();
    format!("| {} |\n", cells.join(" | "))
}

/// The changes to the tables that there are: in each task's rows of the first table that has one the status, if it says
/// something else, and the commit. Tasks without a row get one below the last of their table. Where nothing is to be
/// said at all, every such cell is made the same, whoever wrote it.
pub(super) fn marked(source: &Source, progress: &Progress) -> Vec<Change> {
    let text = source.text();
    let document = text.document();
    let mut open: HashMap<String, &TaskProgress> = HashMap::new();
    for task in &progress.tasks {
        open.insert(key(task.id.as_str()), task);
    }
    let is_bare = progress.run.is_empty();
    let mut edits = Vec::new();
    let mut last: Option<(&Span, Columns, usize)> = None;
    for (table, columns) in tables(document) {
        let mut told = Vec::new();
        for row in &table.rows[1..] {
            let Some(id) = row.get(columns.id).map(|id| key(&id.text)) else {
                continue;
            };
            if let Some(task) = open.get(&id) {
                edits.extend(cells(row, &columns, task, is_bare));
                // A row that ends before its status has no place to say it.
                if row.len() > columns.status {
                    told.push(id);
                }
            }
        }
        let end = table.rows.last().and_then(|row| row.last());
        if let Some(end) = end.filter(|_| last.is_none() || !told.is_empty()) {
            last = Some((end, columns, table.rows[0].len()));
        }
        for id in told {
            open.remove(&id);
        }
    }
    let missing = progress.tasks.iter();
    let missing = missing.filter(|task| open.contains_key(&key(task.id.as_str())));
    if let Some((cell, columns, width)) = last.filter(|_| !open.is_empty()) {
        let rows: String = missing.map(|task| row(task, &columns, width)).collect();
        let rest = &text.text[cell.range.end..];
        let line = rest.find('\n').map_or(rest.len(), |at| at + 1);
        let ends = rest[..line].ends_with("\r\n");
        let rows = if ends {
            rows.replace('\n', "\r\n")
        } else {
            rows
        };
        let at = cell.range.end + line;
        let apart = if rest[..line].ends_with('\n') {
            ""
        } else {
            "\n"
        };
        edits.push(Edit {
            range: at..at,
            text: format!("{apart}{rows}"),
        });
    }
    edits.sort_by_key(|edit| edit.range.start);
    let path = source.path.clone();
    (!edits.is_empty())
        .then_some(Change::Edit { path, edits })
        .into_iter()
        .collect()
}

/// What changes in one row. What already says so in other words stays as its author wrote it.
fn cells(row: &[Span], columns: &Columns, task: &TaskProgress, is_bare: bool) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut set = |cell: &Span, text: String| {
        // An empty cell has no text to replace, and keeps its padding.
        edits.push(Edit {
            range: cell.range.clone(),
            text,
        });
    };
    if let Some(cell) = row.get(columns.status) {
        let wanted = word(task.status);
        if is_bare || !says(&cell.text, wanted) {
            set(cell, wanted.to_owned());
        }
    }
    if let Some(cell) = columns.commit.and_then(|column| row.get(column)) {
        let said = commit(cell);
        let holds = match (&said, &task.commit) {
            (Some(said), Some(commit)) => commit.starts_with(said.as_str()),
            (None, None) => true,
            _ => false,
        };
        if is_bare || !holds {
            set(cell, hash(task));
        }
    }
    edits
}

/// Whether a cell says this already, in whatever words.
fn says(cell: &str, wanted: &str) -> bool {
    let lower = cell.to_lowercase();
    match (status(cell), status(wanted)) {
        (Ok(None), Ok(None)) if wanted == "pending" => {
            !cell.trim().is_empty() && !["failed", "blocked"].iter().any(|bad| lower.contains(bad))
        }
        (Ok(None), Ok(None)) => lower.contains(wanted),
        (said, wanted) => said.is_ok() && said == wanted,
    }
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Pending => "pending",
        Status::InProgress => "in progress",
        Status::Done => "done",
        Status::Failed | Status::TimedOut => "failed",
        Status::Partial => "partial",
        Status::Blocked => "blocked",
        Status::Skipped => "skipped",
    }
}

fn hash(task: &TaskProgress) -> String {
    let short = task
        .commit
        .as_deref()
        .map(|commit| &commit[..commit.len().min(8)]);
    short.unwrap_or("—").to_owned()
}

/// Why a status cell counts as pending although it does not say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unread {
    Unknown,
    /// It speaks of an end, but not plainly of one that is reached.
    Unclear,
}

/// What a status cell says; nothing for all that will be run as if it had never been begun.
fn status(cell: &str) -> Result<Option<ImportedStatus>, Unread> {
    let said = first_word(cell)?;
    let is_plain = match said {
        Some(ImportedStatus::Done) => plain(cell) == Word::Done,
        Some(ImportedStatus::Skipped) => !cell.contains(['?', '？']) && !is_open(cell),
        _ => true,
    };
    if is_plain {
        Ok(said)
    } else {
        Err(Unread::Unclear)
    }
}

/// What the strict reading says of a cell, in which two more words mean done.
fn plain(cell: &str) -> Word {
    let lower = cell.to_lowercase();
    let first = lower
        .split(|c: char| !c.is_alphanumeric())
        .find(|word| !word.is_empty());
    match first.filter(|first| matches!(*first, "merged" | "x")) {
        Some(first) => status_words::word(&lower.replacen(first, "done", 1)),
        None => status_words::word(cell),
    }
}

/// Whether a cell begins with a box that is not ticked.
fn is_open(cell: &str) -> bool {
    cell.trim_start().starts_with("[ ]")
}

/// What the first word of a cell says, whatever stands around it.
fn first_word(cell: &str) -> Result<Option<ImportedStatus>, Unread> {
    let lower = cell.to_lowercase();
    let mut words = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let status = match words.next() {
        Some("done" | "complete" | "completed" | "finished" | "implemented" | "merged" | "x") => {
            Some(ImportedStatus::Done)
        }
        Some("skipped" | "skip" | "cancelled" | "canceled" | "deferred") => {
            Some(ImportedStatus::Skipped)
        }
        Some("in" | "running" | "active" | "started" | "wip" | "partial" | "partially") => {
            Some(ImportedStatus::InProgress)
        }
        Some(
            "pending" | "todo" | "to" | "open" | "not" | "failed" | "failure" | "blocked"
            | "kickback" | "awaiting" | "waiting" | "queued" | "ready",
        ) => None,
        Some(_) if status_words::word(cell) == Word::Done => Some(ImportedStatus::Done),
        Some(_) => return Err(Unread::Unknown),
        None => return mark(cell),
    };
    Ok(status)
}

/// A cell without words.
fn mark(cell: &str) -> Result<Option<ImportedStatus>, Unread> {
    let has = |marks: &[char]| cell.contains(marks);
    if has(&['✅', '✓', '✔', '☑']) {
        Ok(Some(ImportedStatus::Done))
    } else if has(&['⏭']) {
        Ok(Some(ImportedStatus::Skipped))
    } else if has(&['🔄', '⏳', '🚧', '~']) {
        Ok(Some(ImportedStatus::InProgress))
    } else if has(&['⬜', '☐', '❌', '✗', '⛔', '—', '–', '-']) || cell.trim().is_empty()
    {
        Ok(None)
    } else {
        Err(Unread::Unknown)
    }
}

/// The last hash in a cell; a subject, a dash or `uncommitted` is none.
fn commit(cell: &Span) -> Option<String> {
    let is_hash = |word: &&str| {
        (7..=64).contains(&word.len())
            && word.chars().all(|c| c.is_ascii_hexdigit())
            && word.chars().any(|c| c.is_ascii_digit())
    };
    let mut words = cell.text.split(|c: char| !c.is_alphanumeric());
    words.rfind(is_hash).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{Unread, commit, status};
    use crate::plan::ImportedStatus;
    use crate::plan::markdown::Span;

    #[test]
    fn statuses_in_the_spellings_of_the_field() {
        use ImportedStatus::{Done, InProgress, Skipped};
        for done in [
            "done",
            "DONE",
            "DONE — BUILD SUCCESS, 88 tests",
            "✅",
            "✅ Done",
            "✓",
            "COMPLETE",
            "`done`",
            "x",
            "[x]",
            "merged",
            "✔️",
            "Done (PR #12)",
            "DONE, 88 passed, 0 failed",
            "已完成",
        ] {
            assert_eq!(status(done), Ok(Some(Done)), "{done}");
        }
        for open in [
            "pending",
            "⬜ Pending",
            "AWAITING HUMAN",
            "failed",
            "",
            "—",
            "not done",
        ] {
            assert_eq!(status(open), Ok(None), "{open}");
        }
        assert_eq!(status("skipped"), Ok(Some(Skipped)));
        assert_eq!(status("in progress"), Ok(Some(InProgress)));
        assert_eq!(status("incomplete"), Err(Unread::Unknown));
    }

    #[test]
    fn what_does_not_plainly_say_done_is_not_taken_for_it() {
        for unclear in [
            "[ ] Done",
            "❌ Done",
            "🔄 done soon",
            "Done?",
            "complete?",
            "done/failed",
            "Done, needs review",
            "merged, not tested",
            "[ ] x",
            "✅ ❌",
            "✅?",
            "skipped?",
        ] {
            assert_eq!(status(unclear), Err(Unread::Unclear), "{unclear}");
        }
    }

    #[test]
    fn a_commit_cell_yields_its_last_hash_or_none() {
        let read = |text: &str| {
            commit(&Span {
                text: text.into(),
                range: 0..0,
            })
        };
        assert_eq!(read("`1f2a91c`").as_deref(), Some("1f2a91c"));
        assert_eq!(read("`1f2a91c`, `2b3c4d5e`").as_deref(), Some("2b3c4d5e"));
        for none in [
            "—",
            "-",
            "n/a",
            "uncommitted",
            "`feat: add a thing`",
            "defaced",
        ] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
