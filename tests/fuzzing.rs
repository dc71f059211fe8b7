//! Readers answer whatever they are given. The fixtures are the seeds, here and of the fuzz targets in `fuzz/`, and so is
//! what those targets found (`fixtures/found`, packed texts as they are); here each is read as it stands and changed in
//! ways that are the same each time. What is read besides plans has its seeds in `areas`.

mod areas;

use std::fs;
use std::path::{Path, PathBuf};

use git_enact::plan::Dialect;

use crate::support::packed::{HEAD, answer};

/// The seeds of a dialect: its fixtures, each as one text, and what was found.
fn seeds(dialect: Dialect) -> Vec<String> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let sorted = |kind: &str| {
        let mut cases = entries(&fixtures.join(kind).join(dialect.name()));
        cases.sort();
        cases
    };
    let cases = sorted("plans");
    assert!(!cases.is_empty(), "every dialect has fixtures");
    let found = sorted("found").into_iter().map(|found| {
        let bytes = fs::read(found).expect("it is a file");
        String::from_utf8_lossy(&bytes).into_owned()
    });
    cases.iter().map(|case| pack(case)).chain(found).collect()
}

/// The files below `dir`, as one text.
fn pack(dir: &Path) -> String {
    let mut packed = String::new();
    let mut open = vec![dir.to_path_buf()];
    let mut files = Vec::new();
    while let Some(path) = open.pop() {
        match path.is_dir() {
            true => open.extend(entries(&path)),
            false => files.push(path),
        }
    }
    files.sort();
    for file in files {
        let text = fs::read(&file).unwrap_or_default();
        let name = file.strip_prefix(dir).unwrap_or(&file);
        packed.push_str(&format!("{HEAD}{}\n", name.display()));
        packed.push_str(&String::from_utf8_lossy(&text));
        packed.push('\n');
    }
    packed
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// The same numbers each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

/// What breaks structure: marks of every format, in odd places.
const ODD: [&str; 24] = [
    "```", "````", "|", "\\|", "- [", "]", "- [x] ", "###", "### Task", "**", "`", "<task",
    "</task>", "{", "}", "[[", "\"", ":", "\u{feff}", "\r\n", "\u{202e}", "（", "---\n", "\t",
];

/// A seed with some of its bytes cut out, doubled, exchanged or joined by odd ones.
fn changed(seed: &str, chance: &mut Chance) -> String {
    let mut text: Vec<char> = seed.chars().collect();
    for _ in 0..=chance.below(4) {
        let at = chance.below(text.len() + 1);
        let end = (at + chance.below(80)).min(text.len());
        match chance.below(5) {
            0 => drop(text.drain(at..end)),
            1 => {
                let part = text[at..end].to_vec();
                let place = chance.below(text.len() + 1);
                text.splice(place..place, part);
            }
            2 => text.truncate(at),
            _ => {
                let odd = ODD[chance.below(ODD.len())];
                text.splice(at..at, odd.chars());
            }
        }
    }
    text.into_iter().collect()
}

#[test]
fn every_seed_is_answered_however_it_is_changed() {
    for dialect in Dialect::ALL {
        let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
        for seed in seeds(dialect) {
            answer(&seed, dialect);
            keep(dialect.name(), seed.as_bytes());
            for _ in 0..40 {
                answer(&changed(&seed, &mut chance), dialect);
            }
        }
    }
}

/// Writes a seed to where the fuzz targets look for theirs, when `ENACT_SEEDS` names it.
fn keep(target: &str, seed: &[u8]) {
    let Some(dir) = std::env::var_os("ENACT_SEEDS") else {
        return;
    };
    let dir = PathBuf::from(dir).join(target);
    fs::create_dir_all(&dir).expect("a directory");
    let count = fs::read_dir(&dir).expect("its entries").count();
    fs::write(dir.join(format!("{count:03}")), seed).expect("a seed");
}
