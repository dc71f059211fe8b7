//! The commands that git runs on contents, filters and merge drivers, held against an executor that plants some.
//!
//! What the user has configured is part of their repository: a large file is fetched by its filter, a lock file
//! merged by its driver. So they cannot be switched off as hooks are. What holds is what was configured when the
//! repository was opened; each setting of that kind that reads otherwise by now is said again, as it was, to
//! every command of ours.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::surroundings::{Surroundings, settings};

/// Settings that choose or are such commands, as they were.
#[derive(Debug, Default)]
pub(in crate::git) struct Drivers {
    /// Every value that any file gives a setting, on whatever condition.
    written: BTreeMap<String, BTreeSet<String>>,
    /// The value that holds.
    held: BTreeMap<String, String>,
}

impl Drivers {
    /// Those of a repository.
    pub(in crate::git) fn read(repo: &git2::Repository) -> Self {
        Self {
            written: written(repo.commondir(), repo.path()),
            held: in_force(repo, git2::ConfigLevel::Highest),
        }
    }

    /// Those that were there at an earlier look, with what the user has outside of the repository now.
    pub(in crate::git) fn as_of(repo: &git2::Repository, before: &Surroundings) -> Self {
        let mut held = in_force(repo, git2::ConfigLevel::Global);
        let mut known = below(users());
        for (name, value) in before.settings().filter(|(name, _)| chooses(name)) {
            known.entry(name.clone()).or_default().insert(value.clone());
            held.insert(name.clone(), value.clone());
        }
        Self {
            written: known,
            held,
        }
    }

    /// What was written since, as it was: settings for a command in `git_dir`, a directory of this repository's.
    pub(in crate::git) fn restored(
        &self,
        common_dir: &Path,
        git_dir: &Path,
    ) -> Vec<(String, String)> {
        let now = written(common_dir, git_dir);
        let names: BTreeSet<&String> = self.written.keys().chain(now.keys()).collect();
        let changed = names.into_iter().filter(|name| {
            let gained = |value: &String| {
                let known = self.written.get(*name);
                !known.is_some_and(|known| known.contains(value))
            };
            let is_lost = !now.contains_key(*name);
            is_lost || now.get(*name).into_iter().flatten().any(gained)
        });
        changed
            .map(|name| (name.clone(), self.before(name)))
            .collect()
    }

    /// A command that is empty is none.
    fn before(&self, name: &str) -> String {
        let none = match name.ends_with(".required") {
            true => "false",
            false => "",
        };
        self.held.get(name).map_or(none, String::as_str).to_owned()
    }
}

/// The values that hold, by what is configured on `level` and more generally.
fn in_force(repo: &git2::Repository, level: git2::ConfigLevel) -> BTreeMap<String, String> {
    let mut held = BTreeMap::new();
    let config = repo.config().and_then(|mut config| config.snapshot());
    if let Ok(config) = config
        && let Ok(entries) = config.entries(None)
    {
        let each = entries.for_each(|entry| {
            let name = String::from_utf8_lossy(entry.name_bytes()).into_owned();
            let is_meant =
                level == git2::ConfigLevel::Highest || entry.level() as i32 <= level as i32;
            if chooses(&name) && is_meant {
                let value = match entry.has_value() {
                    true => String::from_utf8_lossy(entry.value_bytes()).into_owned(),
                    false => "true".to_owned(),
                };
                held.insert(name, value);
            }
        });
        each.unwrap_or_default();
    }
    held
}

/// Whether a setting is, or leads to, a command that git runs on contents.
fn chooses(name: &str) -> bool {
    let (section, rest) = name.split_once('.').unwrap_or((name, ""));
    match section {
        "filter" => true,
        "merge" => rest.ends_with(".driver") || rest.ends_with(".recursive"),
        "diff" => rest.ends_with(".command") || rest.ends_with(".textconv"),
        _ => matches!(name, "core.attributesfile" | "attr.tree"),
    }
}

/// Every such setting in the files that git reads in `git_dir`, and in those that they include.
fn written(common_dir: &Path, git_dir: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let mut open = vec![
        common_dir.join("config"),
        common_dir.join("config.worktree"),
        git_dir.join("config.worktree"),
    ];
    open.extend(users());
    below(open)
}

/// The same of the files `open`.
fn below(mut open: Vec<PathBuf>) -> BTreeMap<String, BTreeSet<String>> {
    let mut seen: BTreeSet<PathBuf> = BTreeSet::new();
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    while let Some(file) = open.pop() {
        if !file.is_file() || !seen.insert(file.clone()) {
            continue;
        }
        let read = settings::read(&file);
        open.extend(settings::included(&file, &read));
        for (name, value) in read.into_iter().filter(|(name, _)| chooses(name)) {
            found.entry(name).or_default().insert(value);
        }
    }
    found
}

/// The user's own configuration files.
fn users() -> Vec<PathBuf> {
    let dir = |name: &str| {
        std::env::var_os(name)
            .filter(|dir| !dir.is_empty())
            .map(PathBuf::from)
    };
    let home = dir("HOME");
    let elsewhere = dir("XDG_CONFIG_HOME").or_else(|| Some(home.as_ref()?.join(".config")));
    let usual = home.map(|home| home.join(".gitconfig"));
    let files = [
        dir("GIT_CONFIG_GLOBAL"),
        usual,
        elsewhere.map(|dir| dir.join("git/config")),
    ];
    files.into_iter().flatten().collect()
}
