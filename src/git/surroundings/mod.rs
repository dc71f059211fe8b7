//! What surrounds a run in its repository and is not the run's: the configuration, the hooks, and the few files
//! and refs that decide what git executes and what it shows.
//!
//! A look costs a `stat` a file, and reads only what was written since the look before. What differs between two
//! looks is told with what was there and what is there, and as [`Weight::Grave`] where git would execute it, or
//! would show another history because of it. Who made a change cannot be seen here.
//!
//! Not looked at: what lies outside of the repository, such as the user's own configuration, because whoever can
//! write there has other ways; and sample hooks, which never run.

mod heads;
mod refs;
mod restore;
pub(in crate::git) mod settings;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::Repo;
use super::index::Stamp;
use super::rails::HOOKS_PATH;

/// Of larger files only the hash is held: they can be compared, and not be put back.
const HELD_MAX: u64 = 1 << 20;

/// How deep hooks are looked for below their directory, and how many.
const HOOKS_DEPTH: usize = 3;
const HOOKS_MAX: usize = 500;

/// What was written so shortly before a look may have been written again without another time.
const TICK: Duration = Duration::from_millis(50);

/// One look. What was seen of it can be stored; how it is known again cannot.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Surroundings {
    files: BTreeMap<PathBuf, Arc<Held>>,
    refs: Arc<BTreeMap<String, String>>,
    /// The user's checkouts, by their git directories.
    heads: BTreeMap<PathBuf, heads::Stand>,
    #[serde(skip)]
    seen: Seen,
}

/// By what the next look knows that something is as it was.
#[derive(Debug, Clone, Default)]
struct Seen {
    at: Option<SystemTime>,
    stamps: HashMap<PathBuf, Stamp>,
    dirs: Vec<(PathBuf, Stamp)>,
}

/// A file as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Held {
    role: Role,
    mode: u32,
    content: Content,
    /// What it sets, where it is a configuration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    settings: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Content {
    Text(String),
    Bytes(Vec<u8>),
    Link(PathBuf),
    /// The hash of what is too large to be held.
    Large(String),
}

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Role {
    Settings,
    Hook,
    Attributes,
    Excludes,
    /// The file of many refs, which git rewrites every day: only damage to it counts.
    Packed,
    Grafts,
    Shallow,
    Alternates,
}

/// What a change means for whoever uses git there next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Git executes it, or shows another history because of it.
    Grave,
    /// It may be everyday work.
    Light,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A setting of a configuration file.
    Setting {
        /// The file.
        file: PathBuf,
        /// The setting's full name.
        key: String,
    },
    /// A file as a whole.
    File(PathBuf),
    /// A ref.
    Ref(String),
}

/// One change between two looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What changed.
    pub place: Place,
    /// What was there; `None` when nothing was.
    pub before: Option<String>,
    /// What is there.
    pub now: Option<String>,
    /// How much it matters.
    pub weight: Weight,
}

impl Repo {
    /// Looks at what surrounds the runs, given the look before. Refs that begin with one of `ours` are left out.
    pub fn surroundings(
        &self,
        ours: &[&str],
        before: Option<&Surroundings>,
    ) -> Result<Surroundings> {
        let mut now = Surroundings {
            seen: Seen {
                at: Some(SystemTime::now()),
                ..Seen::default()
            },
            ..Surroundings::default()
        };
        for (path, role) in self.places(&mut now, before)? {
            now.take(&path, role, before)?;
        }
        self.take_refs(ours, &mut now, before);
        now.heads = self.stands();
        Ok(now)
    }

    /// The files that are looked at, but for configurations: those are taken at once, for they name others.
    fn places(
        &self,
        now: &mut Surroundings,
        before: Option<&Surroundings>,
    ) -> Result<Vec<(PathBuf, Role)>> {
        let common = self.common_dir();
        let mut configurations = vec![common.join("config"), common.join("config.worktree")];
        let theirs = self.worktrees()?.into_iter();
        let theirs = theirs.filter(|listed| !listed.is_ours());
        configurations.extend(theirs.map(|listed| listed.git_dir.join("config.worktree")));
        let mut hooks = vec![common.join("hooks")];
        hooks.extend(
            self.config_path(HOOKS_PATH)
                .and_then(|dir| self.inside(&dir)),
        );
        while let Some(file) = configurations.pop() {
            if now.files.contains_key(&file) {
                continue;
            }
            now.take(&file, Role::Settings, before)?;
            let found = now.files.get(&file).map_or(&[][..], |held| &held.settings);
            configurations.extend(settings::included(&file, found));
            hooks.extend(settings::hooks(found).filter_map(|dir| self.inside(&dir)));
        }
        let mut places = vec![
            (common.join("info/attributes"), Role::Attributes),
            (common.join("info/exclude"), Role::Excludes),
            (common.join("packed-refs"), Role::Packed),
            (common.join("info/grafts"), Role::Grafts),
            (common.join("shallow"), Role::Shallow),
            (common.join("objects/info/alternates"), Role::Alternates),
        ];
        // Those that lay where none are looked for any more are still the user's.
        let known = before.into_iter().flat_map(|before| before.files.iter());
        let known = known.filter(|(_, held)| held.role == Role::Hook);
        places.extend(known.map(|(path, _)| (path.clone(), Role::Hook)));
        for dir in hooks {
            let mut found = Vec::new();
            hooks_below(&dir, HOOKS_DEPTH, &mut found);
            places.extend(found.into_iter().map(|path| (path, Role::Hook)));
        }
        places.sort_by(|one, other| one.0.cmp(&other.0));
        places.dedup_by(|one, other| one.0 == other.0);
        Ok(places)
    }

    /// A directory that settings name, when it is in the repository or its checkout.
    fn inside(&self, dir: &Path) -> Option<PathBuf> {
        let top = self.workdir().unwrap_or(self.common_dir());
        let dir = top.join(dir);
        let is_inside = dir.starts_with(top) || dir.starts_with(self.common_dir());
        is_inside.then_some(dir)
    }

    /// Whether `path`, a file of the checkout, is what HEAD there says: then a commit or a switch brought it.
    fn is_as_committed(&self, path: &Path) -> bool {
        let Some(relative) = self.workdir().and_then(|top| path.strip_prefix(top).ok()) else {
            return false;
        };
        if path.starts_with(self.common_dir()) {
            return false;
        }
        let Some(commit) = self.head().ok().and_then(|head| head.commit) else {
            return false;
        };
        let committed = self.blob_at(commit, &relative.to_string_lossy());
        committed.is_ok_and(|committed| committed == fs::read(path).ok())
    }

    /// Where the packed refs are.
    pub fn packed_refs(&self) -> Place {
        Place::File(self.common_dir().join("packed-refs"))
    }

    /// What differs between two looks, in the order of the places.
    pub fn differences(&self, before: &Surroundings, now: &Surroundings) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut paths: Vec<&PathBuf> = before.files.keys().chain(now.files.keys()).collect();
        paths.sort();
        paths.dedup();
        for path in paths {
            let (old, new) = (before.files.get(path), now.files.get(path));
            let Some(role) = new.or(old).filter(|_| old != new).map(|held| held.role) else {
                continue;
            };
            if role == Role::Settings {
                let of = |held: Option<&Arc<Held>>| {
                    held.map_or(Vec::new(), |held| held.settings.clone())
                };
                found.extend(settings::differences(path, &of(old), &of(new)));
                continue;
            }
            let is_everyday = match role {
                Role::Hook => self.is_as_committed(path),
                Role::Packed => new.is_none_or(|held| held.is_whole_list()),
                _ => false,
            };
            if is_everyday {
                continue;
            }
            found.push(Difference {
                place: Place::File(path.clone()),
                before: old.map(|held| held.shown()),
                now: new.map(|held| held.shown()),
                weight: match role {
                    Role::Excludes => Weight::Light,
                    Role::Shallow if !self.hides_parents(new) => Weight::Light,
                    _ => Weight::Grave,
                },
            });
        }
        let moved = heads::differences(before, now);
        let mut refs = refs::differences(&before.refs, &now.refs);
        refs.retain(|one| moved.iter().all(|other| other.place != one.place));
        found.extend(moved);
        found.extend(refs);
        found
    }

    /// A change, as a sentence without its end.
    pub fn said(&self, difference: &Difference) -> String {
        let what = match (&difference.before, &difference.now) {
            (None, _) => "was added",
            (_, None) => "was removed",
            _ if matches!(difference.place, Place::Ref(_)) => "was moved",
            _ => "was changed",
        };
        let place = match &difference.place {
            Place::Setting { file, key } => {
                format!("the setting `{key}` in `{}`", self.path_shown(file))
            }
            Place::File(path) => format!("`{}`", self.path_shown(path)),
            Place::Ref(name) => format!("`{name}`"),
        };
        format!("{place} {what}")
    }

    /// A path as its user has it: what lies elsewhere on this machine tells nobody else anything.
    fn path_shown(&self, path: &Path) -> String {
        let common = self.common_dir();
        let below = match path.strip_prefix(common) {
            Ok(below) if common.ends_with(".git") => Path::new(".git").join(below),
            Ok(below) => below.to_owned(),
            Err(_) => {
                let top = self.workdir().unwrap_or(common);
                path.strip_prefix(top).unwrap_or(path).to_owned()
            }
        };
        below.to_string_lossy().into_owned()
    }

    /// Whether a list of commits whose parents are not here names one whose parents are: no fetch writes that.
    fn hides_parents(&self, shallow: Option<&Arc<Held>>) -> bool {
        let Some(Content::Text(text)) = shallow.map(|held| &held.content) else {
            return false;
        };
        text.lines()
            .filter_map(|line| self.oid(line).ok())
            .any(|oid| {
                let parents = self.written_parents(oid);
                !parents.is_empty() && parents.iter().all(|parent| self.is_commit(*parent))
            })
    }

    /// The parents that a commit names, whatever hides them.
    fn written_parents(&self, oid: super::Oid) -> Vec<super::Oid> {
        let object = self
            .raw()
            .odb()
            .and_then(|odb| odb.read(oid).map(|object| object.data().to_vec()));
        let text = String::from_utf8_lossy(&object.unwrap_or_default()).into_owned();
        let header = text.lines().take_while(|line| !line.is_empty());
        let named = header.filter_map(|line| line.strip_prefix("parent "));
        named.filter_map(|hex| self.oid(hex).ok()).collect()
    }
}

impl Surroundings {
    /// Whether two looks saw the same.
    pub fn is_as(&self, other: &Self) -> bool {
        self.files == other.files && self.refs == other.refs && self.heads == other.heads
    }

    /// Takes over what `later` has of files that change every day; whether there was anything.
    pub fn keep_up(&mut self, later: &Self) -> bool {
        let everyday = later
            .files
            .iter()
            .filter(|(_, held)| held.role == Role::Packed && held.is_whole_list());
        let news: Vec<_> = everyday
            .filter(|(path, held)| self.files.get(*path) != Some(*held))
            .map(|(path, held)| (path.clone(), held.clone()))
            .collect();
        let is_new = !news.is_empty();
        self.files.extend(news);
        is_new
    }

    /// What the ref `name` named.
    pub fn named(&self, name: &str) -> Option<&str> {
        self.refs.get(name).map(String::as_str)
    }

    /// What the repository's own files set.
    pub(in crate::git) fn settings(&self) -> impl Iterator<Item = &(String, String)> {
        self.files.values().flat_map(|held| &held.settings)
    }

    fn take(&mut self, path: &Path, role: Role, before: Option<&Self>) -> Result<()> {
        let found = path.symlink_metadata().ok();
        // What has no name in text cannot be stored; git's own names all have one.
        let Some(found) = found.filter(|found| !found.is_dir() && path.to_str().is_some()) else {
            return Ok(());
        };
        let stamp = Stamp::of(&found);
        // What a link leads to is written without a trace on the link.
        let known = before
            .filter(|_| !found.is_symlink())
            .and_then(|before| before.unchanged(path, &stamp));
        let held = match known {
            Some(held) => held.clone(),
            None => Arc::new(Held::read(path, role, &found)?),
        };
        self.seen.stamps.insert(path.to_owned(), stamp);
        self.files.insert(path.to_owned(), held);
        Ok(())
    }

    /// What is held of the file, when it was not written since.
    fn unchanged(&self, path: &Path, stamp: &Stamp) -> Option<&Arc<Held>> {
        let is_known = self.seen.stamps.get(path) == Some(stamp) && self.seen.is_settled(stamp);
        self.files.get(path).filter(|_| is_known)
    }
}

impl Seen {
    /// Whether what has this time would have another one, had it been written since the look.
    fn is_settled(&self, stamp: &Stamp) -> bool {
        let changed = stamp.time();
        self.at.is_some_and(|at| changed + TICK < at)
    }
}

impl Held {
    fn read(path: &Path, role: Role, found: &fs::Metadata) -> Result<Self> {
        let is_link = found.is_symlink();
        // Reading a pipe would wait for whoever writes it.
        let bytes = found.is_file().then(|| fs::read(path).ok()).flatten();
        let content = match bytes {
            None if is_link => Content::Link(fs::read_link(path).unwrap_or_default()),
            // Git cannot read it either.
            None => Content::Text(String::new()),
            Some(bytes) if found.len() > HELD_MAX => Content::Large(super::sha256(&bytes)?),
            Some(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Content::Text(text),
                Err(other) => Content::Bytes(other.into_bytes()),
            },
        };
        Ok(Self {
            role,
            mode: found.permissions().mode(),
            settings: match role {
                Role::Settings => settings::read(path),
                _ => Vec::new(),
            },
            content,
        })
    }

    /// Whether a file of refs has nothing but whole lines.
    fn is_whole_list(&self) -> bool {
        let Content::Text(text) = &self.content else {
            return matches!(self.content, Content::Large(_));
        };
        let is_hash =
            |word: &str| word.len() >= 40 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_ref = |line: &str| {
            line.split_once(' ')
                .is_some_and(|(hash, name)| is_hash(hash) && name.starts_with("refs/"))
        };
        let is_line = |line: &str| {
            line.starts_with('#') || line.strip_prefix('^').map_or_else(|| is_ref(line), is_hash)
        };
        (text.is_empty() || text.ends_with('\n')) && text.lines().all(is_line)
    }

    /// What it holds, for people.
    fn shown(&self) -> String {
        let mode = match self.mode & 0o111 {
            0 => "",
            _ => "executable, ",
        };
        match &self.content {
            Content::Text(text) => format!("{mode}{}", quoted(text)),
            Content::Bytes(bytes) => format!("{mode}{} bytes that are no text", bytes.len()),
            Content::Link(to) => format!("a link to `{}`", to.display()),
            Content::Large(hash) => format!("{mode}a large file (sha256 {hash})"),
        }
    }
}

/// How many bytes of a file are shown.
const SHOWN: usize = 300;

fn quoted(text: &str) -> String {
    let shown: String = text.trim_end().chars().take(SHOWN).collect();
    match shown.len() < text.trim_end().len() {
        true => format!("{shown}…"),
        false => shown,
    }
}

/// Every file below `dir` that could be a hook.
fn hooks_below(dir: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if found.len() >= HOOKS_MAX {
            return;
        }
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth > 0 => hooks_below(&path, depth - 1, found),
            Ok(kind) if !kind.is_dir() && path.extension().is_none_or(|end| end != "sample") => {
                found.push(path);
            }
            _ => {}
        }
    }
}
