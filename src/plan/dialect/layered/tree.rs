//! The specs of a project: where they lie, and which of them a selection means.
//!
//! The only part of this format that looks into directories. Reads the texts it finds to learn who they are.

use std::fs;
use std::path::{Path, PathBuf};

use super::catalog::Catalog;
use super::spec::{self, Identity, Kind};
use crate::plan::source::{self, Source};
use crate::plan::text::Text;
use crate::plan::{Fault, Selection, is_named, or_meant};

/// Where all runs of a project are recorded.
pub(super) const EXECUTION: &str = ".claude/execution/execution.json";

/// As deep as any layout goes: `infrastructure/phase-0/001-auth`.
const DEPTH_MAX: usize = 3;

/// A project that has a `specs` tree.
pub(super) struct Tree {
    top: PathBuf,
    specs: Vec<Spec>,
}

struct Spec {
    file: PathBuf,
    /// The directories from `specs` to its own.
    below: Vec<String>,
    identity: Identity,
}

impl Tree {
    /// The tree that lies in `place`, or that `place` lies in; with `above`, also one further up, in the same
    /// repository.
    pub(super) fn at(place: &Path, above: bool) -> Option<Self> {
        let place = std::path::absolute(place).ok()?;
        // Nothing outside of the repository is a project of it.
        let last = place
            .ancestors()
            .position(|path| path.join(".git").exists());
        let mut tops = place
            .ancestors()
            .take(last.map_or(usize::MAX, |last| last + 1));
        let top = tops.find(|top| {
            let specs = top.join("specs");
            let is_meant = *top == place || above && last.is_some() || place.starts_with(&specs);
            is_meant && specs.is_dir()
        })?;
        let tree = Self::of(top);
        (!tree.specs.is_empty()).then_some(tree)
    }

    fn of(top: &Path) -> Self {
        let mut files = Vec::new();
        find(&top.join("specs"), DEPTH_MAX, &mut files);
        let catalog = Catalog::read(&catalog_files(top));
        let specs = files.into_iter().filter_map(|file| {
            let text = source::read(&file).ok()?;
            let text = Text::new(&file, &text);
            let is_ours = spec::is_layered(&file)
                || spec::is_in_tree(&file)
                || super::has_signs(text.document());
            is_ours.then(|| Spec {
                below: spec::below_specs(&file).unwrap_or_default(),
                identity: Identity::of(&text, &catalog),
                file: file.clone(),
            })
        });
        Self {
            top: top.to_path_buf(),
            specs: specs.collect(),
        }
    }

    /// The task lists that a selection means, in the order in which they run; all below `place` without one.
    pub(super) fn chosen(
        &self,
        place: &Path,
        selection: &Selection,
    ) -> Result<Vec<PathBuf>, Fault> {
        let mut chosen: Vec<&Spec> = Vec::new();
        for name in &selection.specs {
            for spec in self.named(name, place)? {
                if !chosen.iter().any(|other| other.file == spec.file) {
                    chosen.push(spec);
                }
            }
        }
        if selection.specs.is_empty() {
            let place = std::path::absolute(place).unwrap_or_else(|_| place.to_path_buf());
            let all = self
                .specs
                .iter()
                .filter(|spec| spec.file.starts_with(&place));
            let all: Vec<&Spec> = all.collect();
            let here = if all.is_empty() {
                self.specs.iter().collect()
            } else {
                all
            };
            chosen = here
                .into_iter()
                .filter(|spec| is_wanted(spec, selection))
                .collect();
        }
        if chosen.is_empty() {
            return Err(self.nothing(selection));
        }
        chosen.sort_by(|a, b| {
            let key = |spec: &Spec| {
                (
                    spec.identity.kind,
                    spec.identity.phase,
                    spec.identity.id.clone(),
                    spec.file.clone(),
                )
            };
            key(a).cmp(&key(b))
        });
        let seen = |spec: &Spec| as_seen(spec.file.clone(), place);
        Ok(chosen.into_iter().map(seen).collect())
    }

    /// The spec, or the specs of the directory, that a name means: an id, a path, or what a directory is called.
    fn named(&self, name: &str, place: &Path) -> Result<Vec<&Spec>, Fault> {
        let wanted = name.trim_end_matches('/');
        let with = |fits: &dyn Fn(&Spec) -> bool| -> Vec<&Spec> {
            self.specs.iter().filter(|spec| fits(spec)).collect()
        };
        let path = std::path::absolute(place.join(wanted)).ok();
        let by_path = with(&|spec| {
            path.as_ref()
                .is_some_and(|path| spec.file.starts_with(path))
        });
        if !by_path.is_empty() {
            return Ok(by_path);
        }
        let parts: Vec<&str> = wanted.split('/').filter(|part| *part != "specs").collect();
        let ends_so = |spec: &Spec| {
            let from = spec.below.len().checked_sub(parts.len());
            from.is_some_and(|from| {
                spec.below[from..]
                    .iter()
                    .zip(&parts)
                    .all(|(own, part)| own == part)
            })
        };
        let begins_so = |spec: &Spec| {
            (0..spec.below.len()).any(|from| {
                let own = &spec.below[from..];
                own.len() >= parts.len() && own.iter().zip(&parts).all(|(own, part)| own == part)
            })
        };
        let slug = |spec: &Spec| {
            let own = spec.below.last().map_or("", String::as_str);
            let bare = own
                .trim_start_matches(|c: char| c.is_ascii_alphanumeric() && !c.is_ascii_lowercase());
            parts.len() == 1 && bare.trim_start_matches('-') == wanted
        };
        let id = |spec: &Spec| spec.identity.id.eq_ignore_ascii_case(wanted);
        let ways: [&dyn Fn(&Spec) -> bool; 3] = [&id, &ends_so, &slug];
        for way in ways {
            match with(way).as_slice() {
                [] => {}
                [spec] => return Ok(vec![spec]),
                several => return Err(self.ambiguous(name, several)),
            }
        }
        let below = with(&begins_so);
        match below.is_empty() {
            true => Err(self.unknown(name)),
            false => Ok(below),
        }
    }

    fn shown(&self, spec: &Spec) -> String {
        let path = spec.file.parent().unwrap_or(&spec.file);
        path.strip_prefix(&self.top)
            .unwrap_or(path)
            .display()
            .to_string()
    }

    fn ambiguous(&self, name: &str, specs: &[&Spec]) -> Fault {
        let shown: Vec<String> = specs.iter().map(|spec| self.shown(spec)).collect();
        Fault::error(format!(
            "`{name}` means {} specs: `{}`",
            specs.len(),
            shown.join("`, `")
        ))
        .help("name one of them by its path")
    }

    fn unknown(&self, name: &str) -> Fault {
        let mut ids: Vec<&str> = self
            .specs
            .iter()
            .map(|spec| spec.identity.id.as_str())
            .collect();
        ids.sort_unstable();
        let meant = or_meant(name, ids.iter().copied());
        let shown = ids
            .iter()
            .take(12)
            .copied()
            .collect::<Vec<_>>()
            .join("`, `");
        let more = if ids.len() > 12 { " and more" } else { "" };
        Fault::error(format!("`{name}` is neither a file nor a spec{meant}")).help(format!(
            "the specs with tasks in `{}` are `{shown}`{more}",
            self.top.join("specs").display()
        ))
    }

    fn nothing(&self, selection: &Selection) -> Fault {
        let phases: Vec<String> = {
            let mut phases: Vec<u32> = self
                .specs
                .iter()
                .filter_map(|spec| spec.identity.phase)
                .collect();
            phases.sort_unstable();
            phases.dedup();
            phases.iter().map(u32::to_string).collect()
        };
        let flag = selection.flags().join(" ");
        let specs = self.top.join("specs");
        let fault = Fault::error(format!("`{flag}` chooses no spec of `{}`", specs.display()));
        match phases.as_slice() {
            [] => fault.help("its specs have no phases"),
            phases => fault.help(format!("its specs have the phases {}", phases.join(", "))),
        }
    }
}

fn is_wanted(spec: &Spec, selection: &Selection) -> bool {
    let identity = &spec.identity;
    let phase = selection
        .phase
        .is_none_or(|phase| identity.phase == Some(phase));
    let kind = match (selection.infrastructure, selection.features) {
        (true, false) => identity.kind == Kind::Infrastructure,
        (false, true) => identity.kind == Kind::Feature,
        _ => true,
    };
    phase && kind
}

/// Every task list below a directory, sorted; a layered one takes the place of the plain one beside it.
fn find(directory: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    entries.sort();
    if let Some(list) = task_list(&entries) {
        files.push(list);
    }
    if depth == 0 {
        return;
    }
    let is_hidden = |path: &Path| {
        path.file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
    };
    for entry in entries
        .iter()
        .filter(|entry| !is_hidden(entry) && entry.is_dir() && !entry.is_symlink())
    {
        find(entry, depth - 1, files);
    }
}

/// A directory of the tree that holds one of a spec's documents.
pub(super) struct Home {
    pub(super) directory: PathBuf,
    /// The directories from `specs` to this one.
    pub(super) below: Vec<String>,
    pub(super) has_tasks: bool,
}

/// Every directory of the tree that a task list lies in which holds a task list or a `spec.md`.
pub(super) fn homes(list: &Path) -> Vec<Home> {
    let Some(top) = top_of(list) else {
        return Vec::new();
    };
    let mut homes = Vec::new();
    let mut open = vec![(top.join("specs"), Vec::new())];
    while let Some((directory, below)) = open.pop() {
        let entries = fs::read_dir(&directory).into_iter().flatten().flatten();
        let mut entries: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        entries.sort();
        let has_tasks = task_list(&entries).is_some();
        if has_tasks || entries.iter().any(|path| is_named(path, "spec.md")) {
            homes.push(Home {
                directory: as_seen(directory, list),
                below: below.clone(),
                has_tasks,
            });
        }
        if below.len() == DEPTH_MAX {
            continue;
        }
        let deeper = entries
            .iter()
            .rev()
            .filter(|path| path.is_dir() && !path.is_symlink());
        for path in deeper {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if !name.starts_with('.') {
                let below = below.iter().cloned().chain([name.into_owned()]);
                open.push((path.clone(), below.collect()));
            }
        }
    }
    homes
}

/// The task list among the files of a directory.
pub(super) fn task_list(entries: &[PathBuf]) -> Option<PathBuf> {
    let mut layered = entries.iter().filter(|path| spec::is_layered(path));
    let mut plain = entries.iter().filter(|path| spec::is_task_list(path));
    layered.next().or_else(|| plain.next()).cloned()
}

/// The project of a task list that lies in a tree, as an absolute path.
fn top_of(list: &Path) -> Option<PathBuf> {
    spec::below_specs(list)?;
    let full = std::path::absolute(list).ok()?;
    let mut above = full.ancestors();
    let specs = above.find(|path| path.file_name().is_some_and(|name| name == "specs"))?;
    specs.parent().map(Path::to_path_buf)
}

/// A file of the project that a task list belongs to, named as the list is.
pub(super) fn in_project(list: &Path, file: &str) -> Option<PathBuf> {
    Some(as_seen(top_of(list)?.join(file), list))
}

/// A path as somebody would name it who names another one so: from here, unless that one is absolute.
fn as_seen(path: PathBuf, other: &Path) -> PathBuf {
    let Ok(here) = std::path::absolute(".") else {
        return path;
    };
    if other.is_absolute() {
        return path;
    }
    for (up, above) in here.ancestors().enumerate() {
        if let Ok(rest) = path.strip_prefix(above) {
            let up: PathBuf = std::iter::repeat_n("..", up).collect();
            return up.join(rest);
        }
    }
    path
}

/// What lies beside the specs and belongs to the plan: the catalog, and what earlier runs recorded.
pub(super) fn companions(lists: &[PathBuf]) -> Vec<PathBuf> {
    let layered = lists.iter().filter(|list| spec::is_layered(list));
    let mut beside: Vec<PathBuf> = layered
        .map(|list| list.with_file_name("tasks.md"))
        .collect();
    beside.retain(|file| file.is_file());
    let Some((first, top)) = lists.first().and_then(|list| Some((list, top_of(list)?))) else {
        return beside;
    };
    let mut files = vec![
        top.join(".claude/project.json"),
        top.join("features.json"),
        top.join(EXECUTION),
    ];
    let catalog = Catalog::read(&catalog_files(&top));
    for list in lists {
        if let Ok(text) = source::read(list) {
            let text = Text::new(list, &text);
            let identity = Identity::of(&text, &catalog);
            files.push(top.join(format!(".claude/execution/{}.json", identity.id)));
        }
    }
    files.retain(|file| file.is_file());
    beside.extend(files.into_iter().map(|file| as_seen(file, first)));
    beside
}

fn catalog_files(top: &Path) -> Vec<Source> {
    let files = [top.join(".claude/project.json"), top.join("features.json")];
    let read = |path: PathBuf| {
        let text = source::read(&path).ok()?;
        Some(Source::new(path, text))
    };
    files.into_iter().filter_map(read).collect()
}
