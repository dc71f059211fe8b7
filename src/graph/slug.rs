//! Names for tasks in refs and paths: readable, safe on every file system, unique ignoring case.

use std::collections::{HashMap, HashSet};

use crate::plan::Task;

const LENGTH_MAX: usize = 64;

/// One slug a task, the same for the same plan.
pub(super) fn slugs(tasks: &[Task]) -> Vec<String> {
    let plain: Vec<String> = tasks.iter().map(|task| slug(task.id.as_str())).collect();
    // Ids that are slugs already come first, so that they keep their own spelling.
    let is_own = |at: usize| plain[at].eq_ignore_ascii_case(tasks[at].id.as_str());
    let (own, changed): (Vec<usize>, Vec<usize>) = (0..tasks.len()).partition(|at| is_own(*at));
    let mut taken: HashSet<String> = HashSet::with_capacity(tasks.len());
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let mut slugs = vec![String::new(); tasks.len()];
    for at in own.into_iter().chain(changed) {
        let mut slug = plain[at].clone();
        let count = counts.entry(&plain[at]).or_insert(1);
        while !taken.insert(slug.clone()) {
            *count += 1;
            let suffix = format!("-{count}");
            let front = &plain[at][..plain[at].len().min(LENGTH_MAX - suffix.len())];
            slug = format!("{}{suffix}", front.trim_end_matches(['.', '-']));
        }
        slugs[at] = slug;
    }
    slugs
}

fn slug(id: &str) -> String {
    let mut slug = String::with_capacity(id.len());
    for c in id.chars().map(|c| c.to_ascii_lowercase()) {
        let kept = if c.is_ascii_alphanumeric() || ".-_".contains(c) {
            c
        } else {
            '-'
        };
        let repeats = matches!(kept, '.' | '-') && slug.ends_with(kept);
        if !repeats && (!slug.is_empty() || kept.is_ascii_alphanumeric()) {
            slug.push(kept);
        }
    }
    slug.truncate(LENGTH_MAX);
    let bare = slug.trim_end_matches(['.', '-', '_']);
    let bare = match bare.strip_suffix(".lock") {
        Some(front) => format!("{front}-lock"),
        None => bare.to_owned(),
    };
    match bare.as_str() {
        "" => "task".to_owned(),
        bare if is_device(bare) => format!("task-{bare}"),
        _ => bare,
    }
}

/// Whether a file system of the other kind keeps the name for itself: a branch of that name could not be fetched there.
fn is_device(slug: &str) -> bool {
    let stem = slug.split('.').next().unwrap_or(slug);
    let numbered = stem
        .strip_prefix("com")
        .or_else(|| stem.strip_prefix("lpt"));
    let is_numbered = numbered.is_some_and(|number| matches!(number.as_bytes(), [b'1'..=b'9']));
    is_numbered || matches!(stem, "con" | "prn" | "aux" | "nul")
}
