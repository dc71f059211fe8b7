//! The `jobs` dialect: a directory of `job-<N>-<name>.md`, one task a file.
//!
//! See `dialects.md`. The order is the numbers' alone; a gap in them means nothing. Knows no file system:
//! which files belong together was found before.

mod nearly;
mod review;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::{Defaults, Fit, Format, Reading};
use crate::plan::fields::{self as values, fields};
use crate::plan::gaps;
use crate::plan::markdown::Block;
use crate::plan::source::{self, Source};
use crate::plan::text::Text;
use crate::plan::{Check, Dialect, Fault, Plan, Task, TaskId, Wishes, scope};
use review::{Review, Step};

/// The number of a job file as it is written, if the name is one of a job file.
pub(super) fn number(path: &Path) -> Option<&str> {
    let rest = path
        .file_name()?
        .to_str()?
        .strip_prefix("job-")?
        .strip_suffix(".md")?;
    let digits = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (number, name) = rest.split_at(digits);
    (!number.is_empty() && (name.is_empty() || name.starts_with('-'))).then_some(number)
}

/// Orders numbers of any length without computing them.
fn rank(number: &str) -> (usize, &str) {
    let significant = number.trim_start_matches('0');
    (significant.len(), significant)
}

/// See the module.
pub(super) struct Jobs;

impl Format for Jobs {
    fn fits(&self, path: &Path, _: &Text<'_>) -> Option<Fit> {
        number(path).map(|_| Fit::Name("it is named like a job"))
    }

    fn plans_in(&self, entries: &[PathBuf]) -> Vec<Vec<PathBuf>> {
        let jobs = entries.iter().filter(|path| number(path).is_some());
        let jobs: Vec<PathBuf> = jobs.cloned().collect();
        let plan = (!jobs.is_empty()).then_some(jobs);
        plan.into_iter().collect()
    }

    fn files(&self, path: &Path) -> Result<Vec<PathBuf>, Fault> {
        if number(path).is_none() {
            let message = format!("`{}` is not named like a job", path.display());
            return Err(Fault::error(message).help("a job is a file `job-<N>-<name>.md`"));
        }
        Ok(vec![path.to_path_buf()])
    }

    fn read(&self, sources: &[Source]) -> Reading {
        read(sources)
    }

    fn defaults(&self) -> Defaults {
        Defaults {
            sequential: true,
            retries: 0,
            goes_on: false,
            unproven_blocks: false,
        }
    }
}

fn read(sources: &[Source]) -> Reading {
    let mut faults = Vec::new();
    let mut jobs: Vec<(&str, &Source)> = sources
        .iter()
        .map(|source| (number(&source.path).unwrap_or_default(), source))
        .collect();
    jobs.sort_by_key(|(number, source)| (rank(number), source.path.as_path()));
    faults.extend(twins(&jobs));
    faults.extend(nearly::told(sources));
    let mut tasks: Vec<Task> = Vec::new();
    let mut review = Review::default();
    for (number, source) in &jobs {
        let mut task = job(number, &source.text(), &mut review, &mut faults);
        task.after = tasks
            .last()
            .map(|before| before.id.clone())
            .into_iter()
            .collect();
        tasks.push(task);
    }
    let numbers: Vec<&str> = jobs.iter().map(|(number, _)| *number).collect();
    gaps::review(&mut faults, review.faults(&numbers));
    let plan = Plan {
        dialect: Dialect::Jobs,
        title: source::feature(&sources[0].path),
        tasks,
        wishes: Wishes::default(),
        artifacts: Vec::new(),
    };
    Reading { plan, faults }
}

/// Files that claim one number.
fn twins(jobs: &[(&str, &Source)]) -> Vec<Fault> {
    let mut first: HashMap<(usize, &str), &Source> = HashMap::new();
    let mut faults = Vec::new();
    for (number, source) in jobs {
        if let Some(earlier) = first.get(&rank(number)) {
            let text = source.text();
            let message = format!(
                "two files are job {number}: `{}` and `{}`",
                earlier.path.display(),
                source.path.display()
            );
            faults.push(
                text.error(text.start()..text.start(), message)
                    .help("give one of them another number"),
            );
        } else {
            first.insert(rank(number), source);
        }
    }
    faults
}

fn job(number: &str, text: &Text<'_>, review: &mut Review, faults: &mut Vec<Fault>) -> Task {
    let document = text.document();
    faults.extend(document.hidden(text));
    let heading = document.title();
    let at = heading.map_or(text.start(), |heading| heading.range.start);
    let title = heading
        .map(|heading| without_suffix(&heading.title))
        .filter(|title| !title.is_empty());
    if title.is_none() {
        faults.push(
            text.warning(
                at..at,
                format!("job {number} has no title, so it is called by its file"),
            )
            .help("begin the file with `# <name> - Implementation Plan`"),
        );
    }
    let steps = steps(&document.blocks);
    review.look(number, document, &steps, text);
    if steps.is_empty() {
        faults.push(
            text.warning(at..at, format!("job {number} has no steps"))
                .help("a step is a heading such as `### Step 1: Create the model`"),
        );
    }
    let mut files: Vec<String> = Vec::new();
    let mut verify: Vec<Check> = Vec::new();
    let mut run = String::new();
    let (mut seen_files, mut seen_checks) = (HashSet::new(), HashSet::new());
    for step in steps.iter().map(|step| step.blocks) {
        let own = step_files(step, text, faults).into_iter();
        files.extend(own.filter(|file| seen_files.insert(file.clone())));
        let asked = fields(step, "Verify");
        let checks = asked.flat_map(|field| values::checks(&field));
        verify.extend(checks.filter(|check| seen_checks.insert(check.clone())));
        run.push_str(&values::script(step).unwrap_or_default());
    }
    Task {
        id: TaskId::new(number),
        title: title.map_or_else(|| named_by_file(text.path, number), str::to_owned),
        body: text.text[text.start()..].trim_end().to_owned(),
        files,
        verify,
        run: (!run.is_empty()).then_some(run),
        ..Task::at(text.location(at))
    }
}

/// The blocks of each `Step <n>`, up to the next heading of its level or above.
fn steps(blocks: &[Block]) -> Vec<Step<'_>> {
    let level = |block: &Block| match block {
        Block::Heading(heading) => Some(heading.level),
        _ => None,
    };
    let mut steps = Vec::new();
    for (at, block) in blocks.iter().enumerate() {
        let Block::Heading(heading) = block else {
            continue;
        };
        let Some(number) = step_number(&heading.title) else {
            continue;
        };
        let rest = &blocks[at + 1..];
        let end = rest
            .iter()
            .position(|block| level(block).is_some_and(|level| level <= heading.level));
        steps.push(Step {
            number: number.to_owned(),
            at: heading.range.clone(),
            blocks: &rest[..end.unwrap_or(rest.len())],
        });
    }
    steps
}

/// `2` of `Step 2: Create the model`.
fn step_number(title: &str) -> Option<&str> {
    let mut words = title.split([' ', ':', '.']);
    let is_called = words.next()?.eq_ignore_ascii_case("step");
    let number = words.next()?;
    (is_called && number.starts_with(|c: char| c.is_ascii_digit())).then_some(number)
}

/// The paths that a step's free text names; none are made up.
fn step_files(step: &[Block], text: &Text<'_>, faults: &mut Vec<Fault>) -> Vec<String> {
    let mut files = Vec::new();
    for field in fields(step, "Files") {
        for span in field.lines().flat_map(|line| &line.spans) {
            let glob = scope::glob_of(&span.text);
            if !scope::looks_like_path(&span.text) {
                continue;
            }
            match scope::objection(&glob) {
                None => files.push(glob.into_owned()),
                Some(objection) => faults.push(
                    text.warning(span.range.clone(), format!("`{}` {objection}", span.text))
                        .help("it is not counted among the files of the job"),
                ),
            }
        }
    }
    files
}

pub(super) fn without_suffix(title: &str) -> &str {
    const SUFFIX: &str = "implementation plan";
    let cut = title.len().saturating_sub(SUFFIX.len());
    match title.split_at_checked(cut) {
        Some((name, suffix)) if suffix.eq_ignore_ascii_case(SUFFIX) => {
            let bare = name
                .trim_end()
                .trim_end_matches(['-', '–', '—', ':'])
                .trim_end();
            if bare.is_empty() || bare.len() == name.trim_end().len() {
                title
            } else {
                bare
            }
        }
        _ => title,
    }
}

fn named_by_file(path: &Path, number: &str) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name = stem
        .trim_start_matches("job-")
        .trim_start_matches(number)
        .trim_matches('-');
    if name.is_empty() {
        format!("Job {number}")
    } else {
        name.replace('-', " ")
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{number, without_suffix};

    #[test]
    fn job_files_are_told_by_their_names() {
        assert_eq!(number(Path::new("plans/job-10-api.md")), Some("10"));
        assert_eq!(number(Path::new("job-2.md")), Some("2"));
        for other in ["job-spec.md", "job-1x.md", "my-job-1-a.md", "job-1-a.txt"] {
            assert_eq!(number(Path::new(other)), None, "{other}");
        }
    }

    #[test]
    fn a_title_loses_only_the_suffix_of_the_format() {
        assert_eq!(
            without_suffix("Data Models - Implementation Plan"),
            "Data Models"
        );
        assert_eq!(
            without_suffix("Data Models — implementation plan"),
            "Data Models"
        );
        assert_eq!(without_suffix("Implementation Plan"), "Implementation Plan");
    }
}
