//! `PROGRESS.md`: what a plan's own table says was done before this run, and the weight it chose.
//!
//! Written back, its cells change and nothing besides; where there is none, one is made.
//!
//! Tables in the field differ in columns and spellings; what is not understood is pending, with a warning.

use std::collections::HashMap;

use crate::plan::markdown::{Block, Document, Span, Table, lines};
use crate::plan::source::Source;
use crate::plan::text::Text;
use crate::plan::{
    Change, Edit, Fault, Imported, ImportedStatus, Plan, Progress, Status, TaskProgress, Weight,
};

/// Which column is which.
struct Columns {
    id: usize,
    status: usize,
    commit: Option<usize>,
}

/// Writes into the plan what the table says of its tasks.
pub(super) fn import(text: &Text<'_>, plan: &mut Plan, faults: &mut Vec<Fault>) {
    let document = text.document();
    faults.extend(document.hidden(text));
    import_weight(document, text, plan, faults);
    let tables = document.blocks.iter().filter_map(|block| match block {
        Block::Table(table) => Some((table, columns(table)?)),
        _ => None,
    });
    let mut found = false;
    for (table, columns) in tables {
        found = true;
        import_table(table, &columns, text, plan, faults);
    }
    if !found {
        faults.push(
            text.warning(
                text.start()..text.start(),
                "no progress table is found, so every task counts as pending",
            )
            .help("the table begins with `| # | Task | Status | Commit |`"),
        );
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

fn columns(table: &Table) -> Option<Columns> {
    let header: Vec<String> = table
        .rows
        .first()?
        .iter()
        .map(|cell| cell.text.trim().to_lowercase())
        .collect();
    let column = |names: &[&str]| {
        header
            .iter()
            .position(|name| names.contains(&name.as_str()))
    };
    Some(Columns {
        id: column(&["#", "id", "no", "no.", "nr", "task #"]).or_else(|| column(&["task"]))?,
        status: column(&["status", "state", "estado"])?,
        commit: column(&["commit", "commits", "hash", "sha", "commit hash"]),
    })
}

fn import_table(
    table: &Table,
    columns: &Columns,
    text: &Text<'_>,
    plan: &mut Plan,
    faults: &mut Vec<Fault>,
) {
    let by_id: HashMap<String, usize> = plan
        .tasks
        .iter()
        .enumerate()
        .rev()
        .map(|(index, task)| (key(task.id.as_str()), index))
        .collect();
    let mut seen: HashMap<usize, Option<ImportedStatus>> = HashMap::new();
    for row in &table.rows[1..] {
        let (Some(id), Some(cell)) = (row.get(columns.id), row.get(columns.status)) else {
            continue;
        };
        let Some(&index) = by_id.get(&key(&id.text)) else {
            if !id.text.trim().is_empty() {
                faults.push(text.warning(
                    id.range.clone(),
                    format!(
                        "progress is recorded for `{}`, which is no task of the plan",
                        id.text.trim()
                    ),
                ));
            }
            continue;
        };
        let task = &mut plan.tasks[index];
        let status = match status(&cell.text) {
            Ok(status) => status,
            Err(()) => {
                let message = format!(
                    "status `{}` of task `{}` is not known, so it counts as pending",
                    cell.text.trim(),
                    task.id
                );
                faults.push(text.warning(cell.range.clone(), message));
                None
            }
        };
        let earlier = seen.insert(index, status);
        let in_heading = task.imported.as_ref().map(|imported| imported.status);
        if earlier.is_none() && in_heading.is_some() && in_heading != status {
            let message = format!(
                "the heading of task `{}` says otherwise than this row, which counts",
                task.id
            );
            faults.push(text.warning(cell.range.clone(), message));
        }
        if earlier.is_some_and(|earlier| earlier != status) {
            let message = format!(
                "task `{}` has two rows that disagree; the last one counts",
                task.id
            );
            faults.push(text.warning(id.range.clone(), message));
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
    for task in &progress.tasks {
        text.push_str(&row(task));
    }
    text
}

fn row(task: &TaskProgress) -> String {
    let title = task.title.replace('|', "\\|");
    let (status, commit) = (word(task.status), hash(task));
    format!("| {} | {title} | {status} | {commit} |\n", task.id)
}

/// The changes to a table that there is: in each task's row the status, if it says something else, and the commit.
/// Tasks without a row get one below the last, where the table has the usual columns.
pub(super) fn marked(source: &Source, progress: &Progress) -> Vec<Change> {
    let text = source.text();
    let document = text.document();
    let mut open: HashMap<String, &TaskProgress> = HashMap::new();
    for task in &progress.tasks {
        open.insert(key(task.id.as_str()), task);
    }
    let mut edits = Vec::new();
    let mut last_usual = None;
    for block in &document.blocks {
        let Block::Table(table) = block else { continue };
        let Some(columns) = columns(table) else {
            continue;
        };
        for row in &table.rows[1..] {
            let task = row
                .get(columns.id)
                .and_then(|id| open.remove(&key(&id.text)));
            edits.extend(task.into_iter().flat_map(|task| cells(row, &columns, task)));
        }
        let is_usual = table.rows[0].len() == 4 && columns.commit == Some(3);
        let end = table.rows.last().and_then(|row| row.last());
        last_usual = end.filter(|_| is_usual).or(last_usual);
    }
    let missing = progress.tasks.iter();
    let missing = missing.filter(|task| open.contains_key(&key(task.id.as_str())));
    let rows: String = missing.map(row).collect();
    if let Some(cell) = last_usual.filter(|_| !rows.is_empty()) {
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
fn cells(row: &[Span], columns: &Columns, task: &TaskProgress) -> Vec<Edit> {
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
        if !says(&cell.text, wanted) {
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
        if !holds {
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

/// An id as a table may spell it: `01`, `**1**`, `Task 1`, `1.`.
fn key(id: &str) -> String {
    let id = id
        .trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase();
    let id = id.strip_prefix("task ").unwrap_or(&id).trim();
    let id = id.split([':', ' ']).next().unwrap_or_default();
    let short = id.trim_start_matches('0');
    match short.chars().next() {
        Some(first) if first.is_ascii_digit() => short.to_owned(),
        None if !id.is_empty() => "0".to_owned(),
        _ => id.to_owned(),
    }
}

/// What a status cell says; nothing for all that will be run as if it had never been begun.
fn status(cell: &str) -> Result<Option<ImportedStatus>, ()> {
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
        Some(_) => return Err(()),
        None => return mark(cell),
    };
    Ok(status)
}

/// A cell without words.
fn mark(cell: &str) -> Result<Option<ImportedStatus>, ()> {
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
        Err(())
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
    use super::{commit, key, status};
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
        assert_eq!(status("incomplete"), Err(()));
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

    #[test]
    fn ids_are_matched_as_tables_spell_them() {
        for spelled in ["1", "01", "**1**", "Task 1", "1."] {
            assert_eq!(key(spelled), "1", "{spelled}");
        }
        assert_eq!(key("2b"), "2b");
        assert_eq!(key("0"), "0");
    }
}
