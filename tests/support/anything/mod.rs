//! What must hold of anything that is read, whatever it holds: one module an area, from bytes to assertions.
//!
//! Used by the tests (`fuzzing/areas.rs`, which has seeds for each) and, as the same files, by the fuzz targets. Plans
//! have a module of their own, `packed`.

mod checkpoint;
mod claim;
pub(crate) mod id;
mod note;
mod record;
mod scope;
mod secret;
mod settings;
mod shown;
mod span;
mod template;

use std::time::{Duration, Instant};

/// What asks all that must hold of these bytes.
type Answer = fn(&[u8]);

/// Every area by the name of its fuzz target.
pub(crate) const AREAS: [(&str, Answer); 11] = [
    ("checkpoint", checkpoint::answer),
    ("claim", claim::answer),
    ("id", id::answer),
    ("note", note::answer),
    ("record", record::answer),
    ("scope", scope::answer),
    ("secret", secret::answer),
    ("settings", settings::answer),
    ("shown", shown::answer),
    ("span", span::answer),
    ("template", template::answer),
];

/// What begins a part of an input that has several.
pub(crate) const HEAD: &str = "=== ";

/// How long it may take to answer 64 KiB. As tests are built, it takes thirty times as long as it should.
const LIMIT: Duration = Duration::from_secs(if cfg!(test) { 30 } else { 1 });

/// Asks what must hold of `bytes` in an area, and that it is known in time.
pub(crate) fn answer(area: &str, bytes: &[u8]) {
    let (_, answer) = AREAS
        .iter()
        .find(|(name, _)| *name == area)
        .expect("an area");
    let begun = Used::now();
    answer(bytes);
    let used = begun.since();
    assert!(
        used < LIMIT,
        "{} bytes took {used:?} in `{area}`",
        bytes.len()
    );
}

/// What this thread has used of a processor: on a busy machine, time passes without it.
struct Used(Option<Duration>, Instant);

impl Used {
    fn now() -> Self {
        let told = std::fs::read_to_string("/proc/thread-self/schedstat");
        let nanos = told.ok().and_then(|told| {
            let first = told.split(' ').next()?;
            first.parse().ok()
        });
        Self(nanos.map(Duration::from_nanos), Instant::now())
    }

    fn since(&self) -> Duration {
        match (self.0, Self::now().0) {
            (Some(before), Some(now)) => now.saturating_sub(before),
            _ => self.1.elapsed(),
        }
    }
}

/// The parts of an input by name; what stands before the first has none.
fn parts(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut parts = vec![(String::new(), Vec::new())];
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_prefix(HEAD.as_bytes()) {
            Some(name) => {
                let name = String::from_utf8_lossy(name.trim_ascii()).into_owned();
                parts.push((name, Vec::new()));
            }
            None => {
                if let Some((_, part)) = parts.last_mut() {
                    part.extend_from_slice(line);
                }
            }
        }
    }
    parts
}

/// The lines of the parts of that name.
fn lines(parts: &[(String, Vec<u8>)], name: &str) -> Vec<String> {
    let found = parts.iter().filter(|(found, _)| found == name);
    let text = found.map(|(_, part)| String::from_utf8_lossy(part).into_owned());
    let text: Vec<String> = text.collect();
    text.iter()
        .flat_map(|text| text.lines())
        .map(str::to_owned)
        .collect()
}

/// Asserts that a terminal obeys nothing in `text`, nor shows it in another order; on one line, that it is one.
fn assert_tame(text: &str, is_line: bool) {
    let is_meant = |c: char| !is_line && matches!(c, '\n' | '\t');
    let steers = |c: char| {
        let hides = matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        (c.is_control() && !is_meant(c)) || hides
    };
    assert!(!text.contains(steers), "{text:?}");
}
