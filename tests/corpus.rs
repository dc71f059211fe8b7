//! Real plans are read as a careful person reads them: each task with its mark, needs, group and title.
//!
//! `fixtures/corpus` says what is in them; the plans themselves are not part of this repository. The comparison
//! runs where `ENACT_CORPUS` names the directory that holds them, and judges the dialects that are known.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use git_enact::graph::Graph;
use git_enact::plan::{Dialect, Selection, Task, load};

use crate::support::table::{Row, Table, group_hash, no_plans, tables, title_hash};

/// Of each column, for each format.
const RIGHT_PERCENT_MIN: usize = 98;

/// Of each format; more than a person looks at are only counted.
const DIFFERENCES_SHOWN: usize = 20;

#[test]
fn every_table_can_be_read_and_agrees_with_itself() {
    let tables = tables();
    let formats: BTreeSet<&str> = tables.iter().map(|table| table.format.as_str()).collect();
    let expected = [
        "ccw",
        "gsd",
        "kiro",
        "layered",
        "openspec",
        "phases",
        "spec-kit",
        "superpowers",
        "task-master",
    ];
    assert_eq!(formats.into_iter().collect::<Vec<_>>(), expected);
    let mut plans: BTreeSet<PathBuf> = no_plans().into_iter().collect();
    for table in &tables {
        let plan = table.plan.display();
        assert!(plans.insert(table.plan.clone()), "{plan} has one table");
        assert!(
            table.dialects.contains(&table.format),
            "{plan} is a plan of its format"
        );
        assert!(!table.rows.is_empty(), "{plan} has tasks");
        let ids: BTreeSet<&str> = table.rows.iter().map(|row| row.id.as_str()).collect();
        let bare: BTreeSet<String> = ids.iter().map(|id| id.to_lowercase()).collect();
        assert_eq!(bare.len(), table.rows.len(), "{plan}: an id is used once");
        for row in &table.rows {
            assert_sound(row, &ids, &format!("{plan}: {}", row.id));
        }
    }
}

fn assert_sound(row: &Row, ids: &BTreeSet<&str>, place: &str) {
    let marks = ["pending", "in_progress", "done", "skipped"];
    assert!(
        row.marks.iter().all(|mark| marks.contains(&mark.as_str())),
        "{place}: a mark is a status"
    );
    for need in row.needs.iter().flatten() {
        assert!(ids.contains(need.as_str()), "{place}: {need} is a task");
        assert_ne!(*need, row.id, "{place}: a task does not need itself");
    }
    let hashed =
        |cell: &String| cell.len() == 8 && cell.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(row.titles.iter().all(hashed), "{place}: a title is hashed");
    let grouped = |cell: &String| cell == "-" || hashed(cell);
    assert!(row.groups.iter().all(grouped), "{place}: a group is hashed");
}

#[test]
fn titles_and_groups_are_compared_by_their_letters() {
    let same = title_hash("Add the guide");
    assert_eq!(
        title_hash("[P] [US1] @owner Add **the** [guide](docs/a.md) ✅"),
        same
    );
    assert_eq!(title_hash("`Add` the guide (P)"), same);
    assert_ne!(title_hash("T001 Add the guide"), same);
    assert_ne!(title_hash("Add the guides"), same);
    let setup = group_hash("Setup");
    for name in [
        "Phase 1: Setup (shared)",
        "1. Setup",
        "Stage 2（P0） Setup",
        "**Setup**",
    ] {
        assert_eq!(group_hash(name), setup, "{name}");
    }
    assert_eq!(group_hash("**Group A**"), group_hash("A"));
    assert_ne!(group_hash("Group A"), group_hash("Group B"));
}

#[test]
fn what_is_missing_invented_or_wrong_is_counted() {
    let table = tables()
        .into_iter()
        .find(|table| table.rows.len() > 3 && table.ordered && !table.rows[0].doubtful)
        .expect("a table with several tasks");
    let named = |id: &str| {
        let mut task = Task::at(git_enact::plan::Location::default());
        task.id = id.into();
        task
    };
    let mut score = Score::default();
    score.judge(
        &table,
        &[
            named(&table.rows[1].id),
            named(&table.rows[0].id),
            named("no such task"),
        ],
    );
    assert_eq!(score.tasks, table.rows.len());
    assert_eq!(score.missing, table.rows.len() - 2);
    assert_eq!((score.invented, score.disordered), (1, 1));
    assert_eq!(score.wrong["title"], 2, "a task without a title is wrong");
    assert!(!score.complaints("this").is_empty());
}

#[test]
fn real_plans_are_read_as_a_careful_person_reads_them() {
    let Some(corpus) = corpus() else {
        return;
    };
    let listed = Listed::new(&corpus);
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    let mut unread: BTreeMap<String, usize> = BTreeMap::new();
    for table in tables() {
        if known(&table.format).is_none() {
            *unread.entry(table.format).or_default() += 1;
            continue;
        }
        let score = scores.entry(table.format.clone()).or_default();
        score.plans += 1;
        let tasks = listed.read(&table).unwrap_or_else(|why| {
            score.refused += 1;
            score
                .differences
                .push(format!("{}: {why}", table.plan.display()));
            Vec::new()
        });
        score.judge(&table, &tasks);
    }
    tell(&report(&scores, &unread));
    let complaints: Vec<String> = scores
        .iter()
        .flat_map(|(format, score)| score.complaints(format))
        .collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn real_files_that_are_no_plans_are_said_to_be_none() {
    let Some(corpus) = corpus() else {
        return;
    };
    let listed = Listed::new(&corpus);
    for path in no_plans() {
        let shown = path.display();
        let refused =
            load(&[listed.place(&path)], &Selection::default()).expect_err("it is no plan");
        assert_eq!(refused.dialect, None, "{shown} is of no dialect");
    }
}

#[test]
fn every_file_of_the_corpus_is_in_a_table_or_listed_as_no_plan() {
    let Some(corpus) = corpus() else {
        return;
    };
    let mut known: BTreeSet<PathBuf> = no_plans().into_iter().collect();
    known.extend(tables().into_iter().map(|table| table.plan));
    for path in known.iter() {
        assert!(corpus.join(path).exists(), "{} is there", path.display());
    }
    for row in sources(&corpus) {
        let path = row.in_corpus();
        assert!(
            path.ancestors().any(|above| known.contains(above)),
            "{} is judged",
            path.display()
        );
    }
}

/// Where the plans are; without them the tests that need them say so and pass.
fn corpus() -> Option<PathBuf> {
    let corpus = std::env::var_os("ENACT_CORPUS")
        .map(PathBuf::from)
        .filter(|path| path.is_dir());
    if corpus.is_none() {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("corpus");
        tell(&format!(
            "{name}: skipped, `ENACT_CORPUS` names no directory of real plans\n"
        ));
    }
    corpus
}

/// Past the capture of the test harness, so that it is seen when nothing fails.
fn tell(text: &str) {
    std::io::stderr()
        .write_all(text.as_bytes())
        .expect("standard error takes text");
}

/// A dialect by its name, hyphen or not.
fn known(name: &str) -> Option<Dialect> {
    let bare = |name: &str| name.replace('-', "");
    Dialect::ALL
        .into_iter()
        .find(|dialect| bare(dialect.name()) == bare(name))
}

/// One file of the corpus and where it stood in its repository, as `SOURCES.tsv` has it.
struct Source {
    format: String,
    repository: String,
    path: String,
}

impl Source {
    fn in_corpus(&self) -> PathBuf {
        let owner = self.repository.replace('/', "__");
        if self.format.starts_with("ccw-") {
            return Path::new("ccw").join(owner).join(&self.path);
        }
        let flat = self.path.replace('/', "-");
        Path::new(&self.format).join(format!("{owner}__{flat}"))
    }
}

fn sources(corpus: &Path) -> Vec<Source> {
    let text = fs::read_to_string(corpus.join("SOURCES.tsv")).expect("the corpus says its sources");
    text.lines()
        .skip(1)
        .filter_map(|line| {
            let mut cells = line.split('\t').map(str::to_owned);
            Some(Source {
                format: cells.next()?,
                repository: cells.next()?,
                path: cells.next()?,
            })
        })
        .collect()
}

/// The plans, each where its dialect expects it: the corpus keeps single files under flat names.
struct Listed {
    places: HashMap<PathBuf, PathBuf>,
    corpus: PathBuf,
    _copies: tempfile::TempDir,
}

impl Listed {
    fn new(corpus: &Path) -> Self {
        let copies = tempfile::tempdir().expect("a directory to write to");
        let mut places = HashMap::new();
        for (number, source) in sources(corpus).iter().enumerate() {
            let path = source.in_corpus();
            if path.starts_with("ccw") {
                continue;
            }
            let place = copies.path().join(number.to_string()).join(&source.path);
            let directory = place.parent().expect("a file is in a directory");
            fs::create_dir_all(directory).expect("room for a copy");
            fs::copy(corpus.join(&path), &place).expect("the file is in the corpus");
            places.insert(path, place);
        }
        Self {
            places,
            corpus: corpus.to_owned(),
            _copies: copies,
        }
    }

    fn place(&self, plan: &Path) -> PathBuf {
        let copied = self.places.get(plan).cloned();
        copied.unwrap_or_else(|| self.corpus.join(plan))
    }

    /// Its tasks, or why there are none; a panic is a reason as well, and fails the comparison.
    fn read(&self, table: &Table) -> Result<Vec<Task>, String> {
        let place = self.place(&table.plan);
        let loaded = catch_unwind(AssertUnwindSafe(|| load(&[place], &Selection::default())))
            .map_err(|_| "the reader panics".to_owned())?;
        let first = |faults: &[git_enact::plan::Fault]| match faults {
            [] => "refused".to_owned(),
            [fault, ..] => fault.message.clone(),
        };
        let plan = loaded.map_err(|refused| first(&refused.faults))?.plan;
        let right = table.dialects.iter().filter_map(|name| known(name));
        if !right.into_iter().any(|dialect| dialect == plan.dialect) {
            return Err(format!("taken for `{}`", plan.dialect));
        }
        let graph = Graph::new(plan).map_err(|faults| first(&faults))?;
        Ok(graph.tasks().to_vec())
    }
}

/// How well the plans of one format are read.
#[derive(Debug, Default)]
struct Score {
    plans: usize,
    refused: usize,
    tasks: usize,
    missing: usize,
    invented: usize,
    disordered: usize,
    wrong: BTreeMap<&'static str, usize>,
    differences: Vec<String>,
}

/// The columns that can be wrong.
const COLUMNS: [&str; 4] = ["mark", "needs", "group", "title"];

impl Score {
    fn judge(&mut self, table: &Table, tasks: &[Task]) {
        let plan = table.plan.display();
        let found: HashMap<&str, &Task> =
            tasks.iter().map(|task| (task.id.as_str(), task)).collect();
        for row in &table.rows {
            let place = match row.line {
                Some(line) => format!("{plan}:{line}: {}", row.id),
                None => format!("{plan}: {}", row.id),
            };
            match found.get(row.id.as_str()) {
                None if row.doubtful => continue,
                None => {
                    self.missing += 1;
                    self.differences.push(format!("{place} is missing"));
                }
                Some(task) => {
                    for (column, instead) in row.differences(task) {
                        *self.wrong.entry(column).or_default() += 1;
                        self.differences
                            .push(format!("{place} has the {column} `{instead}`"));
                    }
                }
            }
            self.tasks += 1;
        }
        let rows: HashMap<&str, usize> = (0..).zip(&table.rows).map(|(n, r)| (&*r.id, n)).collect();
        for task in tasks {
            if !rows.contains_key(task.id.as_str()) {
                self.invented += 1;
                self.differences
                    .push(format!("{plan}: {} is no task", task.id));
            }
        }
        let order = tasks.iter().filter_map(|task| rows.get(task.id.as_str()));
        if table.ordered && !order.is_sorted() {
            self.disordered += 1;
            self.differences.push(format!("{plan} is out of order"));
        }
    }

    /// What keeps the format from being read well.
    fn complaints(&self, format: &str) -> Vec<String> {
        let mut complaints = Vec::new();
        let mut found_and_right = vec![("task", 0)];
        found_and_right.extend(COLUMNS.map(|column| (column, self.wrong_in(column))));
        for (column, wrong) in found_and_right {
            let right = self.tasks - self.missing - wrong;
            if right * 100 < self.tasks * RIGHT_PERCENT_MIN {
                complaints.push(format!(
                    "{format}: {right} of {} right: {column}",
                    self.tasks
                ));
            }
        }
        if self.invented > 0 {
            complaints.push(format!("{format}: {} invented", self.invented));
        }
        if self.disordered > 0 {
            complaints.push(format!("{format}: {} plans out of order", self.disordered));
        }
        if self.refused > 0 {
            complaints.push(format!("{format}: {} plans not read", self.refused));
        }
        complaints
    }

    fn wrong_in(&self, column: &str) -> usize {
        self.wrong.get(column).copied().unwrap_or_default()
    }
}

/// A line a format, then what differs.
fn report(scores: &BTreeMap<String, Score>, unread: &BTreeMap<String, usize>) -> String {
    let mut lines = vec![format!(
        "{:<12}{:>6}{:>9}{:>7}{:>9}{:>10}{:>6}{:>7}{:>7}{:>7}{:>7}",
        "format",
        "plans",
        "not read",
        "tasks",
        "missing",
        "invented",
        "mark",
        "needs",
        "group",
        "title",
        "order"
    )];
    for (format, score) in scores {
        let [mark, needs, group, title] = COLUMNS.map(|column| score.wrong_in(column));
        lines.push(format!(
            "{format:<12}{:>6}{:>9}{:>7}{:>9}{:>10}{mark:>6}{needs:>7}{group:>7}{title:>7}{:>7}",
            score.plans,
            score.refused,
            score.tasks,
            score.missing,
            score.invented,
            score.disordered
        ));
    }
    for (format, plans) in unread {
        lines.push(format!("{format:<12}{plans:>6}  no such dialect yet"));
    }
    for (format, score) in scores {
        let shown = score.differences.iter().take(DIFFERENCES_SHOWN);
        lines.extend(shown.map(|difference| format!("  {difference}")));
        if score.differences.len() > DIFFERENCES_SHOWN {
            let more = score.differences.len() - DIFFERENCES_SHOWN;
            lines.push(format!("  and {more} more of {format}"));
        }
    }
    lines.join("\n") + "\n"
}
