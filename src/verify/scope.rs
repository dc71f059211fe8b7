//! Whether a changed path lies inside what a task declares. Pure.

use glob::{MatchOptions, Pattern};

use crate::plan::choices;

/// The paths of `changed` that neither `files` nor `creates` covers; none when `files` is empty.
pub fn outside(changed: &[String], files: &[String], creates: &[String]) -> Vec<String> {
    if files.is_empty() {
        return Vec::new();
    }
    let declared: Vec<String> = files
        .iter()
        .chain(creates)
        .flat_map(|glob| choices(glob))
        .collect();
    let covered = |path: &String| declared.iter().any(|glob| covers(glob, path));
    changed
        .iter()
        .filter(|path| !covered(path))
        .cloned()
        .collect()
}

/// A glob covers what it matches and, when it names a directory, all that lies below it.
fn covers(glob: &str, path: &str) -> bool {
    let glob = glob.trim_start_matches("./");
    let folder = glob.trim_end_matches('/');
    if path == folder
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
    {
        return true;
    }
    let options = MatchOptions {
        require_literal_separator: true,
        ..MatchOptions::default()
    };
    Pattern::new(glob).is_ok_and(|pattern| pattern.matches_with(path, options))
}

#[cfg(test)]
mod tests {
    use super::outside;

    fn strings(list: &[&str]) -> Vec<String> {
        list.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn a_task_that_declares_nothing_may_change_anything() {
        assert!(outside(&strings(&["a", "b/c"]), &[], &strings(&["x"])).is_empty());
    }

    #[test]
    fn globs_folders_and_braces_cover_what_they_name_and_no_more() {
        let files = strings(&["src/*.rs", "tests/", "docs/**/*.md", "./a.{txt,md}"]);
        let changed = strings(&[
            "src/x.rs",
            "src/deep/x.rs",
            "tests/a/b",
            "docs/x.md",
            "docs/a/b.md",
            "a.txt",
            "a.md",
            "a.rs",
            "testsuite/x",
        ]);
        assert_eq!(
            outside(&changed, &files, &[]),
            strings(&["src/deep/x.rs", "a.rs", "testsuite/x"])
        );
    }

    #[test]
    fn promised_files_are_inside_by_being_promised() {
        assert!(
            outside(
                &strings(&["new.rs"]),
                &strings(&["src/**"]),
                &strings(&["new.rs"])
            )
            .is_empty()
        );
    }
}
