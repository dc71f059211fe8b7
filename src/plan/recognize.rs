//! Which dialect a path holds, and which files belong to the plan.
//!
//! Decides by names first and looks into a file only when its name does not tell. It reads no plan.

use std::fs;
use std::path::{Path, PathBuf};

use super::source::{Faults, read, unreadable};
use super::text::Text;
use super::{Dialect, Fault, jobs, sendit, toml};

/// A plan's files, in the order they are read.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) dialect: Dialect,
    pub(super) files: Vec<PathBuf>,
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self {
            faults: vec![fault],
            sources: Vec::new(),
            dialect: None,
        }
    }
}

/// Finds the one plan that `paths` name.
pub(super) fn recognize(paths: &[PathBuf], wanted: Option<Dialect>) -> Result<Found, Faults> {
    match paths {
        [] => Err(Fault::error("no plan is named")
            .help("name a plan file or the directory of a plan")
            .into()),
        [path] => {
            let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
            if metadata.is_dir() {
                directory(path, wanted)
            } else {
                file(path, wanted)
            }
        }
        several => several_files(several, wanted),
    }
}

fn several_files(paths: &[PathBuf], wanted: Option<Dialect>) -> Result<Found, Faults> {
    let jobs_wanted = wanted.is_none_or(|dialect| dialect == Dialect::Jobs);
    if jobs_wanted && paths.iter().all(|path| job_file(path)) {
        return Ok(Found {
            dialect: Dialect::Jobs,
            files: paths.to_vec(),
        });
    }
    let named = listed(paths.iter().map(PathBuf::as_path));
    Err(Fault::error(format!(
        "{} plans are named, and one can be read: {named}",
        paths.len()
    ))
    .help("only `job-<N>-<name>.md` files make one plan together")
    .into())
}

fn file(path: &Path, wanted: Option<Dialect>) -> Result<Found, Faults> {
    let dialect = match wanted {
        Some(dialect) => dialect,
        None => by_name(path).map_or_else(|| by_content(path), Ok)?,
    };
    if dialect == Dialect::Jobs && !job_file(path) {
        return Err(
            Fault::error(format!("`{}` is not named like a job", path.display()))
                .help("a job is a file `job-<N>-<name>.md`")
                .into(),
        );
    }
    Ok(Found {
        dialect,
        files: with_progress(dialect, path),
    })
}

fn by_name(path: &Path) -> Option<Dialect> {
    if job_file(path) {
        return Some(Dialect::Jobs);
    }
    if has_extension(path, "toml") {
        return Some(Dialect::Toml);
    }
    is_named(path, "PLAN.md").then_some(Dialect::Sendit)
}

fn by_content(path: &Path) -> Result<Dialect, Fault> {
    let text = read(path)?;
    let text = Text::new(path, &text);
    if sendit::recognizes(&text) {
        return Ok(Dialect::Sendit);
    }
    if toml::recognizes(&text) {
        return Ok(Dialect::Toml);
    }
    Err(Fault::error(format!("no plan format is recognized in `{}`", path.display()))
        .help("a Markdown plan has headings such as `### Task 1: title` and `**Verify**:` fields, a TOML plan has `[[task]]`; `--dialect` reads it in any case"))
}

fn directory(path: &Path, wanted: Option<Dialect>) -> Result<Found, Faults> {
    let mut entries: Vec<PathBuf> = fs::read_dir(path)
        .and_then(|entries| {
            entries
                .map(|entry| entry.map(|entry| entry.path()))
                .collect()
        })
        .map_err(|error| unreadable(path, &error))?;
    entries.sort();
    let mut candidates = candidates(&entries);
    candidates.retain(|found| wanted.is_none_or(|wanted| wanted == found.dialect));
    match candidates.len() {
        0 => Err(nothing_in(path, wanted)),
        1 => Ok(candidates.swap_remove(0)),
        count => {
            let named = listed(candidates.iter().map(|found| found.files[0].as_path()));
            Err(
                Fault::error(format!("`{}` holds {count} plans: {named}", path.display()))
                    .help("name one of them, or choose with `--dialect`")
                    .into(),
            )
        }
    }
}

/// Every plan among the entries of a directory.
fn candidates(entries: &[PathBuf]) -> Vec<Found> {
    let mut candidates = Vec::new();
    let job_files: Vec<PathBuf> = entries
        .iter()
        .filter(|path| job_file(path))
        .cloned()
        .collect();
    if !job_files.is_empty() {
        candidates.push(Found {
            dialect: Dialect::Jobs,
            files: job_files,
        });
    }
    for entry in entries {
        if is_named(entry, "PLAN.md") {
            candidates.push(Found {
                dialect: Dialect::Sendit,
                files: with_progress(Dialect::Sendit, entry),
            });
        } else if is_toml_plan(entry) {
            candidates.push(Found {
                dialect: Dialect::Toml,
                files: vec![entry.clone()],
            });
        }
    }
    candidates
}

fn is_toml_plan(path: &Path) -> bool {
    if is_named(path, "plan.toml") || is_named(path, "enact-plan.toml") {
        return true;
    }
    has_extension(path, "toml")
        && !is_named(path, "enact.toml")
        && read(path).is_ok_and(|text| toml::recognizes(&Text::new(path, &text)))
}

fn nothing_in(path: &Path, wanted: Option<Dialect>) -> Faults {
    let shown = path.display();
    let help = if has_jobs(&path.join("implementation")) {
        format!("did you mean `{}`?", path.join("implementation").display())
    } else {
        "looked for `job-<N>-<name>.md`, `PLAN.md`, `plan.toml`, and `.toml` files with `[[task]]`"
            .to_owned()
    };
    let what = wanted.map_or_else(String::new, |dialect| format!("`{dialect}` "));
    let fault = Fault::error(format!("`{shown}` holds no {what}plan")).help(help);
    Faults {
        dialect: wanted,
        ..fault.into()
    }
}

fn has_jobs(path: &Path) -> bool {
    fs::read_dir(path).is_ok_and(|entries| entries.flatten().any(|entry| job_file(&entry.path())))
}

/// `PROGRESS.md` belongs to the `PLAN.md` beside it.
fn with_progress(dialect: Dialect, plan: &Path) -> Vec<PathBuf> {
    let mut files = vec![plan.to_path_buf()];
    let progress = plan.with_file_name("PROGRESS.md");
    if dialect == Dialect::Sendit && is_named(plan, "PLAN.md") && progress.exists() {
        files.push(progress);
    }
    files
}

fn job_file(path: &Path) -> bool {
    jobs::number(path).is_some()
}

fn is_named(path: &Path, name: &str) -> bool {
    path.file_name()
        .is_some_and(|file| file.eq_ignore_ascii_case(name))
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension()
        .is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

fn listed<'a>(paths: impl Iterator<Item = &'a Path>) -> String {
    let paths: Vec<String> = paths.map(|path| format!("`{}`", path.display())).collect();
    paths.join(", ")
}
