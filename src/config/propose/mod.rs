//! What a project's own files say of how it is tested, linted and built, and the `enact.toml` that proposes it.
//!
//! Files are read and nothing is executed, so nobody knows here whether a command would succeed. What the
//! project names or configures is taken at its word; what is only usual is proposed and left to the user.

mod cargo;
mod go;
mod node;
mod python;
mod targets;
mod text;

use std::fmt;
use std::path::{Path, PathBuf};

pub use text::text;

use crate::plan::is_invisible;

/// The largest file that is read, in bytes; no manifest written by hand is longer.
const FILE_MAX: u64 = 1 << 20;

/// Directories in which others' projects lie, or what was made.
const NOT_OURS: [&str; 12] = [
    "build",
    "dist",
    "env",
    "examples",
    "fixtures",
    "node_modules",
    "out",
    "target",
    "testdata",
    "third_party",
    "vendor",
    "venv",
];

/// What a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// It makes a new worktree usable.
    Setup,
    /// It runs the tests.
    Test,
    /// It looks at the source: style, types, usual mistakes.
    Lint,
    /// It builds.
    Build,
}

/// A command that the project's files speak of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is for.
    pub purpose: Purpose,
    /// As it would be run at the top of the repository.
    pub command: String,
    /// The file that speaks of it, and where in it.
    pub place: String,
    /// Why it is proposed only; nothing when it is to be in force.
    pub reserve: Option<String>,
}

/// All that was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The commands, those of one file together.
    pub findings: Vec<Finding>,
    /// What could not be read, one sentence a file.
    pub faults: Vec<String>,
}

/// What reads one kind of project in one directory; whether there is one.
type Reader = fn(&Folder, &mut Found) -> bool;

/// One for each language.
const LANGUAGES: [Reader; 4] = [cargo::find, node::find, python::find, go::find];

/// Looks through the project at `top`. A language that has nothing there is looked for one directory further down.
pub fn find(top: &Path) -> Found {
    let mut found = Found::default();
    targets::find(&Folder::top(top), &mut found);
    let wrapped = found.findings.clone();
    let below = folders_below(top);
    for read in LANGUAGES {
        if !read(&Folder::top(top), &mut found) {
            for folder in &below {
                read(folder, &mut found);
            }
        }
    }
    for finding in &mut found.findings[wrapped.len()..] {
        let serves = |wrapper: &&Finding| wrapper.purpose == finding.purpose;
        if let Some(wrapper) = wrapped
            .iter()
            .find(serves)
            .filter(|_| finding.reserve.is_none())
        {
            finding.reserve = Some(format!("`{}` should do it", wrapper.command));
        }
    }
    found
}

/// The directories of the project right below its top, in the order of their names.
fn folders_below(top: &Path) -> Vec<Folder> {
    let entries = std::fs::read_dir(top).into_iter().flatten().flatten();
    let directories = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let names = directories.filter_map(|entry| entry.file_name().into_string().ok());
    let is_sound = |name: &String| !name.contains(|c: char| c.is_control() || is_invisible(c));
    let mut names: Vec<String> = names
        .filter(|name| !name.starts_with('.') && !NOT_OURS.contains(&name.as_str()))
        .filter(is_sound)
        .collect();
    names.sort();
    let folder = |name: String| Folder {
        dir: top.join(&name),
        name: Some(name),
    };
    names.into_iter().map(folder).collect()
}

/// A directory that may hold a project.
struct Folder {
    dir: PathBuf,
    /// Its name, unless it is the top of the repository.
    name: Option<String>,
}

impl Folder {
    fn top(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            name: None,
        }
    }

    fn has(&self, file: &str) -> bool {
        self.dir.join(file).exists()
    }

    /// The first of `files` that is there.
    fn first<'a>(&self, files: &[&'a str]) -> Option<&'a str> {
        files.iter().copied().find(|file| self.has(file))
    }

    /// The text of a file, if there is one that can be read.
    fn read(&self, file: &str) -> Option<String> {
        let path = self.dir.join(file);
        let fits = |found: std::fs::Metadata| found.is_file() && found.len() <= FILE_MAX;
        path.metadata().is_ok_and(fits).then_some(())?;
        std::fs::read_to_string(path).ok()
    }

    /// The file by its name from the top of the repository.
    fn place(&self, file: &str) -> String {
        match &self.name {
            Some(name) => format!("{name}/{file}"),
            None => file.to_owned(),
        }
    }

    /// The same, where it matters if there is one that cannot be read.
    fn manifest(&self, file: &str, found: &mut Found) -> Option<String> {
        let text = self.read(file);
        if text.is_none() && self.has(file) {
            let fault = format!("{}: it is no text that can be read", self.place(file));
            found.faults.push(fault);
        }
        text
    }

    /// The table that `file` holds; what stands in the way of reading it is noted.
    fn toml(&self, file: &str, found: &mut Found) -> Option<toml::Table> {
        let parsed = self.manifest(file, found)?.parse::<toml::Table>();
        let noted = parsed.map_err(|error| error.message().to_owned());
        found.noting(&self.place(file), noted)
    }

    /// The object that `file` holds; what stands in the way of reading it is noted.
    fn json(&self, file: &str, found: &mut Found) -> Option<serde_json::Value> {
        let text = self.manifest(file, found)?;
        let parsed = serde_json::from_str(text.trim_start_matches('\u{feff}'));
        found.noting(&self.place(file), parsed)
    }

    /// A command of the project in this directory.
    fn finding(&self, purpose: Purpose, command: impl Into<String>, place: String) -> Finding {
        let command = command.into();
        let command = match &self.name {
            Some(name) => format!("cd {} && {command}", quoted(name)),
            None => command,
        };
        Finding {
            purpose,
            command,
            place,
            reserve: None,
        }
    }
}

impl Finding {
    /// The same, proposed only.
    fn but(mut self, reserve: &str) -> Self {
        self.reserve = Some(reserve.to_owned());
        self
    }
}

impl Found {
    fn noting<T>(&mut self, place: &str, read: Result<T, impl fmt::Display>) -> Option<T> {
        match read {
            Ok(read) => Some(read),
            Err(error) => {
                self.faults.push(format!("{place}: {error}"));
                None
            }
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Purpose::Setup => "setup",
            Purpose::Test => "test",
            Purpose::Lint => "lint",
            Purpose::Build => "build",
        })
    }
}

/// `name` as a shell takes it for one word, and `cd` for no option.
fn quoted(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "._-/".contains(c);
    let name = match name.starts_with('-') {
        true => format!("./{name}"),
        false => name.to_owned(),
    };
    match name.chars().all(is_plain) {
        true => name,
        false => format!("'{}'", name.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_directory_is_one_word_and_no_option() {
        let quoted = ["web-2.x", "-p", "the api", "it's", "$(x)"].map(super::quoted);
        let expected = ["web-2.x", "./-p", "'the api'", r"'it'\''s'", "'$(x)'"];
        assert_eq!(quoted, expected);
    }
}
