//! Who a spec is: its id, whether it is infrastructure or a feature, its phase, from its text, the catalog and its
//! directory, in this order.

use std::path::{Component, Path};

use super::catalog::{Catalog, number};
use super::needs::is_spec;
use crate::plan::{char_start, is_named, text::Text};

/// Directories whose `specs` are those of other formats.
const OTHERS: [&str; 5] = [".kiro", ".specify", ".spec-workflow", ".claude", "openspec"];

/// What is built first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Infrastructure,
    Feature,
}

/// A spec by its names.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    /// `I001`, `F001`; without a number what its directory is called.
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) phase: Option<u32>,
}

/// Whether a file holds the tasks of a spec.
pub(super) fn is_task_list(path: &Path) -> bool {
    is_named(path, "tasks.md") || is_layered(path)
}

/// Whether a file is called a layered task list.
pub(super) fn is_layered(path: &Path) -> bool {
    is_named(path, "layered-tasks.md")
}

/// The directories between `specs` and the file, its own last; none where it lies in no such tree.
pub(super) fn below_specs(path: &Path) -> Option<Vec<String>> {
    let full = std::path::absolute(path).ok()?;
    let parts: Vec<String> = full
        .components()
        .filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
            _ => None,
        })
        .collect();
    let at = parts.iter().rposition(|part| part == "specs")?;
    // A repository below somebody's `specs` is no spec.
    let depth = parts.len() - at - 1;
    if full
        .ancestors()
        .skip(1)
        .take(depth)
        .any(|path| path.join(".git").exists())
    {
        return None;
    }
    let above = at.checked_sub(1).map(|above| parts[above].as_str());
    let is_other = above.is_some_and(|above| OTHERS.contains(&above));
    let directories = &parts[at + 1..parts.len().max(at + 2) - 1];
    (!is_other && !directories.is_empty()).then(|| directories.to_vec())
}

/// Whether a file lies where only this format keeps its specs.
pub(super) fn is_in_tree(path: &Path) -> bool {
    let Some(directories) = below_specs(path) else {
        return false;
    };
    match directories.as_slice() {
        [home, .., _] if home == "infrastructure" || home == "features" => directories.len() <= 3,
        [phase, _] => phase_of(phase).is_some(),
        [own] => own.get(..4).is_some_and(is_spec),
        _ => false,
    }
}

/// The number of `phase-0`.
fn phase_of(directory: &str) -> Option<u32> {
    directory.strip_prefix("phase-")?.parse().ok()
}

impl Identity {
    pub(super) fn of(text: &Text<'_>, catalog: &Catalog) -> Self {
        let directories = below_specs(text.path).unwrap_or_default();
        let is_below = |home: &str| directories.first().is_some_and(|first| first == home);
        let lies_in_phase = directories.iter().find_map(|directory| phase_of(directory));
        let id = in_title(text).unwrap_or_else(|| id_of_place(&directories, catalog));
        let entry = catalog.of(&id);
        let kind = match id.as_bytes().first() {
            Some(b'I') if is_spec(&id) => Kind::Infrastructure,
            _ if is_spec(&id) || !is_below("infrastructure") => Kind::Feature,
            _ => Kind::Infrastructure,
        };
        Self {
            kind,
            phase: lies_in_phase.or_else(|| entry.and_then(|entry| entry.phase)),
            id,
        }
    }
}

/// The id of what lies in these directories: as the catalog has it, as they say, or what the last is called.
pub(super) fn id_of_place(directories: &[String], catalog: &Catalog) -> String {
    let own = directories.last().map_or("", String::as_str);
    let is_below = |home: &str| directories.first().is_some_and(|first| first == home);
    let is_infrastructure = is_below("infrastructure") || is_bare_phase(directories);
    in_catalog(own, catalog, is_below("features"))
        .or_else(|| in_directory(own, is_infrastructure))
        .unwrap_or_else(|| own.to_owned())
}

/// `I012` of `# Tasks for I012: Test Authentication System`, which stands near the beginning.
fn in_title(text: &Text<'_>) -> Option<String> {
    const BEGINNING: usize = 4096;
    let beginning = &text.text[..char_start(text.text, BEGINNING)];
    let beginning = Text::new(text.path, beginning);
    let title = &beginning.document().title()?.title;
    let mut words = title.split(|c: char| !c.is_alphanumeric());
    words
        .find(|word| is_spec(word))
        .map(str::to_ascii_uppercase)
}

/// The id of what is named as the directory is.
fn in_catalog(own: &str, catalog: &Catalog, is_feature: bool) -> Option<String> {
    let slug = own
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .trim_start_matches('-');
    let fits = |id: &str| is_feature == id.starts_with(['F', 'f']);
    let mut entries = catalog.entries.iter();
    let entry =
        entries.find(|entry| !slug.is_empty() && fits(&entry.id) && slug_of(&entry.name) == slug);
    entry.map(|entry| entry.id.to_ascii_uppercase())
}

/// `F001` of `F001-login`, `I001` of `001-auth` among infrastructure.
fn in_directory(own: &str, is_infrastructure: bool) -> Option<String> {
    let start = own.split('-').next().unwrap_or_default();
    if is_spec(start) {
        return Some(start.to_ascii_uppercase());
    }
    let is_number =
        start.len() == 3 && number(start).is_some() && start.chars().all(|c| c.is_ascii_digit());
    let kind = if is_infrastructure { 'I' } else { 'F' };
    is_number.then(|| format!("{kind}{start}"))
}

/// Whether a spec lies right below a phase, where infrastructure is kept too.
fn is_bare_phase(directories: &[String]) -> bool {
    directories.len() == 2 && phase_of(&directories[0]).is_some()
}

fn slug_of(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("-")
}
