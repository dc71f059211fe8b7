//! Which dialect a path holds, and which files belong to the plan.
//!
//! Asks every format, and takes the one that is surest; when another would fit as well, that is told. It knows
//! none of them and reads no plan.

use std::fs;
use std::path::{Path, PathBuf};

use super::dialect::Fit;
use super::json::Node;
use super::load::Faults;
use super::source::{Source, unreadable};
use super::text::Text;
use super::{Dialect, Fault, Selection, did_you_mean};

/// A plan's files, in the order they are read.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) dialect: Dialect,
    pub(super) files: Vec<PathBuf>,
    /// A warning, when another dialect would have fitted.
    pub(super) doubt: Option<Fault>,
    /// The text by which it was recognized, if one had to be read for that.
    pub(super) seen: Option<Source>,
}

/// Finds the one plan that `paths` name.
pub(super) fn recognize(paths: &[PathBuf], selection: &Selection) -> Result<Found, Faults> {
    let wanted = selection.dialect;
    match paths {
        [place] if selection.chooses() => chosen(place, selection),
        [] => Err(Fault::error("no plan is named")
            .help("name a plan file or the directory of a plan")
            .into()),
        [path] => {
            let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
            if metadata.is_dir() {
                directory(path, selection)
            } else {
                file(path, wanted)
            }
        }
        several => several_files(several, wanted),
    }
}

/// Files that make one plan together when they stand in one directory make it when they are named, too.
fn several_files(paths: &[PathBuf], wanted: Option<Dialect>) -> Result<Found, Faults> {
    let whole = among(paths, wanted).into_iter();
    if let Some(found) = whole.into_iter().find(|found| found.files == paths) {
        return Ok(found);
    }
    Err(too_many(paths).into())
}

fn too_many(paths: &[PathBuf]) -> Fault {
    let named = listed(paths.iter().map(PathBuf::as_path));
    let count = paths.len();
    Fault::error(format!(
        "{count} plans are named, and one can be read: {named}"
    ))
    .help("only `job-<N>-<name>.md` files and the specs of a project make one plan together")
}

fn file(path: &Path, wanted: Option<Dialect>) -> Result<Found, Faults> {
    let (dialect, doubt, seen) = match wanted {
        Some(dialect) => (dialect, None, None),
        None => {
            let source = Source::read(path)?;
            match surest(&source, &Dialect::ALL) {
                Ok((dialect, doubt)) => (dialect, doubt, Some(source)),
                Err(fault) => return Err(Faults::of(vec![fault], vec![source])),
            }
        }
    };
    Ok(Found {
        dialect,
        files: dialect.format().files(path)?,
        doubt,
        seen,
    })
}

/// Whether a file is called what no plan is: its lists of boxes and numbers are about something else.
fn is_something_else(path: &Path) -> bool {
    const NAMES: [&str; 12] = [
        "readme",
        "changelog",
        "history",
        "contributing",
        "security",
        "code_of_conduct",
        "license",
        "pull_request_template",
        "agents",
        "claude",
        "package",
        "composer",
    ];
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    NAMES.contains(&stem.to_lowercase().as_str())
}

/// The dialect that is surest of a file, and a warning if another is as sure.
fn surest(source: &Source, among: &[Dialect]) -> Result<(Dialect, Option<Fault>), Fault> {
    let path = source.path.as_path();
    let text = source.text();
    let fit = |dialect: &Dialect| Some((dialect.format().fits(path, &text)?, *dialect));
    let among = if is_something_else(path) { &[] } else { among };
    let mut fits: Vec<(Fit, Dialect)> = among.iter().filter_map(fit).collect();
    // Stable, so that among equals the order in which they are tried decides.
    fits.sort_by_key(|(fit, _)| std::cmp::Reverse(fit.strength()));
    match fits[..] {
        [] => Err(broken(&text).unwrap_or_else(|| {
            Fault::error(format!("no plan format is recognized in `{}`", path.display()))
                .help("`git enact help plans` says what each format looks like; `--dialect` reads it in any case")
        })),
        [(_, dialect)] => Ok((dialect, None)),
        [(fit, dialect), (next, other), ..] => {
            let message = format!("read as `{dialect}`, because {}", fit.why());
            let doubt = Fault::warning(message)
                .at(text.location(text.start()), 0)
                .help(format!("`--dialect {other}` reads it otherwise: {}", next.why()));
            let is_sure = fit.strength() > next.strength();
            Ok((dialect, (!is_sure).then_some(doubt)))
        }
    }
}

/// Where a text that is called JSON is none: no format can know it then.
fn broken(text: &Text<'_>) -> Option<Fault> {
    let extension = text.path.extension()?;
    let fault = Node::parse(text).err()?;
    extension.eq_ignore_ascii_case("json").then_some(fault)
}

/// The plan that a selection chooses in the project at or above a place.
fn chosen(place: &Path, selection: &Selection) -> Result<Found, Faults> {
    if let Some(found) = together(place, selection, &Dialect::ALL) {
        return found;
    }
    let here = |name: &String| {
        let path = place.join(name);
        path.strip_prefix(".")
            .map_or(path.clone(), Path::to_path_buf)
    };
    let named: Vec<PathBuf> = selection.specs.iter().map(here).collect();
    match named.iter().find(|path| !path.exists()) {
        Some(missing) => {
            let error = std::io::Error::from(std::io::ErrorKind::NotFound);
            Err(unreadable(missing, &error).into())
        }
        None if !named.is_empty() => Err(too_many(&named).into()),
        None => {
            let flags = selection.flags().join(" ");
            let message = format!(
                "`{flags}` chooses among specs, and `{}` lies in no project that has any",
                place.display()
            );
            Err(Fault::error(message)
                .help("specs are directories such as `specs/features/001-login` with a `tasks.md`; name a plan file instead")
                .into())
        }
    }
}

/// The plan that several directories make together, of the first dialect that keeps such plans here.
fn together(
    place: &Path,
    selection: &Selection,
    among: &[Dialect],
) -> Option<Result<Found, Faults>> {
    let mut dialects = among
        .iter()
        .filter(|dialect| selection.dialect.is_none_or(|wanted| wanted == **dialect));
    dialects.find_map(|dialect| {
        let files = dialect.format().chosen(place, selection)?;
        let found = |files| Found {
            dialect: *dialect,
            files,
            doubt: None,
            seen: None,
        };
        Some(files.map(found).map_err(Faults::from))
    })
}

fn directory(path: &Path, selection: &Selection) -> Result<Found, Faults> {
    let wanted = selection.dialect;
    let is_blank = |found: &Found| fs::metadata(&found.files[0]).is_ok_and(|file| file.len() == 0);
    let here = among(&entries(path)?, wanted).into_iter();
    let (blank, mut candidates): (Vec<Found>, Vec<Found>) = here.partition(is_blank);
    if candidates.is_empty() || selection.session.is_some() {
        candidates.extend(at_home(path, wanted));
    }
    // A shell has made the file that something is written to before anybody looks for the plan.
    if candidates.is_empty() {
        candidates = blank;
    }
    if let Some(session) = &selection.session {
        return of_session(path, session, candidates);
    }
    let mut dialects: Vec<Dialect> = candidates.iter().map(|found| found.dialect).collect();
    dialects.dedup();
    let may_join = match dialects.as_slice() {
        [] => &Dialect::ALL[..],
        [_] if candidates.len() > 1 => &dialects,
        _ => &[],
    };
    if let Some(found) = together(path, selection, may_join) {
        return found;
    }
    if candidates.is_empty() {
        candidates = on_the_way_home(path, wanted);
    }
    match candidates.len() {
        0 => Err(nothing_in(path, wanted)),
        1 => Ok(candidates.swap_remove(0)),
        count => {
            let named = listed(candidates.iter().map(|found| found.files[0].as_path()));
            let sessions: Vec<String> = candidates.iter().filter_map(session_of).collect();
            let is_of_first = |found: &Found| found.dialect == candidates[0].dialect;
            let help = match sessions.len() == count {
                true => format!(
                    "choose with `--session {}`, or name its directory",
                    sessions[0]
                ),
                false if candidates.iter().all(is_of_first) => {
                    let first = candidates[0].files[0].display();
                    format!("name one of them, such as `{first}`")
                }
                false => "name one of them, or choose with `--dialect`".to_owned(),
            };
            let fault = Fault::error(format!("`{}` holds {count} plans: {named}", path.display()))
                .help(help);
            Err(Faults {
                sessions: if sessions.len() == count {
                    sessions
                } else {
                    Vec::new()
                },
                ..fault.into()
            })
        }
    }
}

/// The session that a plan is: the name of its directory, where its format has sessions.
fn session_of(found: &Found) -> Option<String> {
    let directory = found.dialect.format().session(&found.files[0])?;
    Some(directory.file_name()?.to_string_lossy().into_owned())
}

fn of_session(path: &Path, session: &str, candidates: Vec<Found>) -> Result<Found, Faults> {
    let names: Vec<String> = candidates.iter().filter_map(session_of).collect();
    let wanted = candidates
        .into_iter()
        .find(|found| session_of(found).as_deref() == Some(session));
    wanted.ok_or_else(|| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let help = match names.is_empty() {
            true => "a session lies in `.workflow/active/`; its directory may be named as well"
                .to_owned(),
            false => did_you_mean(session, names.iter().copied())
                .unwrap_or_else(|| format!("there are `{}`", names.join("`, `"))),
        };
        Fault::error(format!("`{}` holds no session `{session}`", path.display()))
            .help(help)
            .into()
    })
}

fn entries(path: &Path) -> Result<Vec<PathBuf>, Fault> {
    let entries = fs::read_dir(path).map_err(|error| unreadable(path, &error))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> = paths
        .collect::<Result<_, _>>()
        .map_err(|error| unreadable(path, &error))?;
    paths.sort();
    Ok(paths)
}

/// Every plan among these files. Of dialects that claim the same file the surest has it.
fn among(entries: &[PathBuf], wanted: Option<Dialect>) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for dialect in Dialect::ALL {
        if wanted.is_some_and(|wanted| wanted != dialect) {
            continue;
        }
        for files in dialect.format().plans_in(entries) {
            let rival = found.iter_mut().find(|found| found.files[0] == files[0]);
            match rival {
                None => found.push(Found {
                    dialect,
                    files,
                    doubt: None,
                    seen: None,
                }),
                Some(rival) => {
                    let both = [rival.dialect, dialect];
                    let surest = Source::read(&files[0]).and_then(|source| surest(&source, &both));
                    if let Ok((taken, doubt)) = surest {
                        rival.doubt = doubt;
                        if taken == dialect {
                            rival.dialect = dialect;
                            rival.files = files;
                        }
                    }
                }
            }
        }
    }
    let files: Vec<Vec<PathBuf>> = found.iter().map(|found| found.files.clone()).collect();
    // What is one of the files of a larger plan is none of its own.
    let is_part = |own: &[PathBuf]| {
        let mut larger = files.iter().filter(|files| files.len() > own.len());
        larger.any(|files| own.iter().all(|file| files.contains(file)))
    };
    found.retain(|found| !is_part(&found.files));
    found
}

/// The plans that lie where their formats keep them, below the top of a repository.
pub(super) fn at_home(top: &Path, wanted: Option<Dialect>) -> Vec<Found> {
    let mut homes: Vec<PathBuf> = Vec::new();
    for dialect in Dialect::ALL {
        for home in dialect.format().homes() {
            homes.extend(directories(top, home));
        }
    }
    plans_of(homes, wanted)
}

/// The plans that lie where their formats keep them, below a directory on the way there: `.kiro/specs`, `openspec`.
fn on_the_way_home(path: &Path, wanted: Option<Dialect>) -> Vec<Found> {
    let full = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut homes: Vec<PathBuf> = Vec::new();
    for home in Dialect::ALL
        .iter()
        .flat_map(|dialect| dialect.format().homes())
    {
        for (at, _) in home.match_indices('/') {
            let (front, rest) = (&home[..at], &home[at + 1..]);
            if full.ends_with(front) {
                homes.extend(directories(path, rest));
            }
        }
    }
    plans_of(homes, wanted)
}

/// The directories that a glob names below this one.
fn directories(below: &Path, glob: &str) -> impl Iterator<Item = PathBuf> {
    let below = glob::Pattern::escape(&below.to_string_lossy());
    let found = glob::glob(&format!("{below}/{glob}")).into_iter();
    found.flatten().flatten()
}

/// The plans in these directories.
fn plans_of(mut homes: Vec<PathBuf>, wanted: Option<Dialect>) -> Vec<Found> {
    homes.sort();
    homes.dedup();
    let found = homes.iter().filter_map(|home| entries(home).ok());
    found.flat_map(|entries| among(&entries, wanted)).collect()
}

fn nothing_in(path: &Path, wanted: Option<Dialect>) -> Faults {
    let shown = path.display();
    let below = path.join("implementation");
    let help = if entries(&below).is_ok_and(|entries| !among(&entries, wanted).is_empty()) {
        format!("did you mean `{}`?", below.display())
    } else {
        "`git enact help plans` says what the plans of each format are called, and what they look like"
            .to_owned()
    };
    let what = wanted.map_or_else(String::new, |dialect| format!("`{dialect}` "));
    let fault = Fault::error(format!("`{shown}` holds no {what}plan")).help(help);
    Faults {
        dialect: wanted,
        ..fault.into()
    }
}

fn listed<'a>(paths: impl Iterator<Item = &'a Path>) -> String {
    let paths: Vec<String> = paths.map(|path| format!("`{}`", path.display())).collect();
    paths.join(", ")
}
