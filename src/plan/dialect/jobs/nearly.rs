//! Files beside the jobs of a plan that are named nearly like one, and are not read: each is told with the name that it
//! should have.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::Path;

use super::number;
use crate::plan::source::{self, Source};
use crate::plan::{Fault, Location};

/// A warning for each, unless somebody named one job of several: what lies beside that is none of the plan.
pub(super) fn told(sources: &[Source]) -> Vec<Fault> {
    let first = &sources[0].path;
    let read: HashSet<&OsStr> = sources
        .iter()
        .filter_map(|source| source.path.file_name())
        .collect();
    let mut beside = source::neighbours(first);
    beside.sort();
    let is_left = |name: &String| {
        number(Path::new(name)).is_some() && !read.contains(OsStr::new(name.as_str()))
    };
    if beside.iter().any(is_left) {
        return Vec::new();
    }
    let near = beside.iter().filter_map(|name| Some((name, meant(name)?)));
    let fault = |(name, help): (&String, String)| {
        let place = Location {
            file: first.with_file_name(name),
            line: 1,
            column: 1,
        };
        Fault::warning(format!("`{name}` is not read: it is not named like a job"))
            .at(place, 0)
            .help(help)
    };
    near.map(fault).collect()
}

/// What to do about a name that is nearly one of a job.
fn meant(name: &str) -> Option<String> {
    let folded = name.to_ascii_lowercase();
    let rest = folded.strip_prefix("job")?.strip_suffix(".md")?;
    let rest = rest.trim_start_matches(['-', '_', '.', ' ']);
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || number(Path::new(name)).is_some() {
        return None;
    }
    // Folding ASCII keeps each byte in its place.
    let start = name.len() - ".md".len() - rest.len();
    let (number, rest) = name[start..name.len() - ".md".len()].split_at(digits);
    let tail = rest.trim_start_matches(['-', '_', ' ', '.']);
    let is_whole = rest.is_empty() || rest.starts_with(['-', '_', ' ']);
    Some(match (is_whole, tail) {
        (true, "") => format!("call it `job-{number}.md`"),
        (true, tail) => format!("call it `job-{number}-{tail}.md`"),
        (false, _) => {
            "the number of a job is whole: call it `job-<N>-<name>.md`, and give those after it greater numbers"
                .to_owned()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::meant;

    #[test]
    fn what_is_nearly_named_like_a_job_is_told_from_what_is_not() {
        for (name, expected) in [
            ("Job-6.md", "call it `job-6.md`"),
            ("job_7.md", "call it `job-7.md`"),
            ("job8-Api.md", "call it `job-8-Api.md`"),
            ("JOB-9_api.MD", "call it `job-9-api.md`"),
        ] {
            assert_eq!(meant(name).as_deref(), Some(expected), "{name}");
        }
        for name in ["job-2.5-x.md", "job-2b-x.md"] {
            let told = meant(name).unwrap_or_default();
            assert!(told.starts_with("the number of a job is whole"), "{name}");
        }
        for name in [
            "job-1-a.md",
            "job-spec.md",
            "jobs-1.md",
            "job-1.txt",
            "my-job-1.md",
        ] {
            assert_eq!(meant(name), None, "{name}");
        }
    }
}
