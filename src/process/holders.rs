//! Who has a file open, as `/proc` shows it. Processes of other users are not seen, nor those of other machines; where
//! there is no `/proc`, nobody is.

use std::fs;
use std::path::Path;

/// A process that has a file open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its number.
    pub pid: u32,
    /// What it was started as.
    pub command: String,
}

/// The processes that have `file` open, in the order of their numbers.
pub fn holders(file: &Path) -> Vec<Holder> {
    let Ok(file) = file.canonicalize() else {
        return Vec::new();
    };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut found: Vec<Holder> = processes
        .filter_map(|process| {
            let pid = process.file_name().to_str()?.parse().ok()?;
            let mut open = fs::read_dir(process.path().join("fd")).ok()?.flatten();
            let has = open.any(|entry| fs::read_link(entry.path()).is_ok_and(|to| to == file));
            has.then(|| Holder {
                pid,
                command: command(&process.path()),
            })
        })
        .collect();
    found.sort_by_key(|holder| holder.pid);
    found
}

/// The processes that work in `dir` or below it, in the order of their numbers.
pub fn workers(dir: &Path) -> Vec<Holder> {
    let Ok(dir) = dir.canonicalize() else {
        return Vec::new();
    };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut found: Vec<Holder> = processes
        .filter_map(|process| {
            let pid = process.file_name().to_str()?.parse().ok()?;
            let place = fs::read_link(process.path().join("cwd")).ok()?;
            place.starts_with(&dir).then(|| Holder {
                pid,
                command: command(&process.path()),
            })
        })
        .collect();
    found.sort_by_key(|holder| holder.pid);
    found
}

fn command(process: &Path) -> String {
    let line = fs::read(process.join("cmdline")).unwrap_or_default();
    let words = line.split(|byte| *byte == 0);
    let words = words.map(|word| String::from_utf8_lossy(word).into_owned());
    words.collect::<Vec<_>>().join(" ").trim_end().to_owned()
}
