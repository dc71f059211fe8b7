//! Whether a plan's files are still the plan of a run that has written into them: the same texts, once what they say of
//! progress is taken out.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::source::Source;
use super::text::Text;
use super::{Change, Dialect, Edit, Progress, edited};

/// Whether the files of a plan say the same once nobody looks at what they say of progress.
pub fn differ_in_progress_only(dialect: Dialect, a: &[Source], b: &[Source]) -> bool {
    // A journal that was rebuilt has no texts any more.
    if a.is_empty() || b.is_empty() {
        return a.is_empty() && b.is_empty();
    }
    let (a, b) = (unmarked(dialect, a), unmarked(dialect, b));
    let has_own = |of: &Unmarked, other: &Unmarked| {
        let mut texts = of.texts.iter();
        texts.all(|(name, text)| {
            other.texts.get(name) == Some(text) || other.generated.contains(&name.0)
        })
    };
    has_own(&a, &b) && has_own(&b, &a)
}

/// The texts of a plan without its marks, by file name; files of one name are numbered.
struct Unmarked {
    texts: BTreeMap<(OsString, usize), String>,
    /// The files that the format makes itself when it says how far a run is.
    generated: Vec<OsString>,
}

fn unmarked(dialect: Dialect, sources: &[Source]) -> Unmarked {
    let format = dialect.format();
    let progress = Progress::none(&format.read(sources).plan.tasks);
    let name = |path: &Path| path.file_name().unwrap_or_default().to_owned();
    let mut edits_of: BTreeMap<PathBuf, Vec<Edit>> = BTreeMap::new();
    let mut generated = Vec::new();
    for change in format.write(sources, &progress) {
        match change {
            Change::Edit { path, edits } => edits_of.entry(path).or_default().extend(edits),
            Change::Write { path, .. } => generated.push(name(&path)),
            Change::Move { .. } => {}
        }
    }
    let mut texts = BTreeMap::new();
    for source in sources {
        let name = name(&source.path);
        if generated.contains(&name) || format.is_record(&source.path) {
            continue;
        }
        let count = texts.keys().filter(|(other, _)| *other == name).count();
        let edits = edits_of.get(&source.path).map_or(&[][..], Vec::as_slice);
        // What cannot be read now is not what it was.
        let text = source
            .whole()
            .unwrap_or_else(|fault| Cow::Owned(fault.message));
        let bare = format.without_progress(&Text::new(&source.path, &text));
        texts.insert((name, count), bare.unwrap_or_else(|| edited(&text, edits)));
    }
    Unmarked { texts, generated }
}
