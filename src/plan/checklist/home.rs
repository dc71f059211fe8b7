//! Where a checklist lies, and what it is called.

use std::path::{Path, PathBuf};

use crate::plan::dialect::Fit;
use crate::plan::markdown::Document;
use crate::plan::text::Text;
use crate::plan::{is_named, source};

/// The files called `tasks.md` that a format takes for its own, each a plan.
pub(in crate::plan) fn plans(
    entries: &[PathBuf],
    fits: impl Fn(&Path, &Text<'_>) -> Option<Fit>,
) -> Vec<Vec<PathBuf>> {
    let named = entries.iter().filter(|path| is_named(path, "tasks.md"));
    let own = named.filter(|path| match source::read(path) {
        Ok(text) => fits(path, &Text::new(path, &text)).is_some(),
        // What cannot be read is told by whoever reads it, if it lies where the format keeps its plans.
        Err(_) => fits(path, &Text::new(path, "")).is_some(),
    });
    own.map(|path| vec![path.clone()]).collect()
}

/// The names of the directories that a file lies in, the nearest first.
pub(in crate::plan) fn directories(path: &Path) -> Vec<String> {
    let full = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let names = full.ancestors().skip(1).filter_map(Path::file_name);
    names
        .map(|name| name.to_string_lossy().into_owned())
        .collect()
}

/// The plan's title: its heading without the word that every such file begins with.
pub(in crate::plan) fn title(
    document: &Document,
    path: &Path,
    prefixes: &[&str],
    suffixes: &[&str],
) -> String {
    let heading = document.title().map_or("", |heading| heading.title.trim());
    let mut title = heading;
    for prefix in prefixes {
        let start = title
            .get(..prefix.len())
            .filter(|start| start.eq_ignore_ascii_case(prefix));
        if start.is_some() {
            title = title[prefix.len()..].trim_start_matches([':', '：', '-', '–', '—', ' ']);
            break;
        }
    }
    for suffix in suffixes {
        let cut = title.len().saturating_sub(suffix.len());
        if title
            .get(cut..)
            .is_some_and(|end| end.eq_ignore_ascii_case(suffix))
        {
            title = title[..cut].trim_end_matches([':', '-', '–', '—', ' ']);
            break;
        }
    }
    match title.is_empty() {
        true => directories(path)
            .into_iter()
            .next()
            .unwrap_or_else(|| "plan".to_owned()),
        false => title.to_owned(),
    }
}
