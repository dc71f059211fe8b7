//! Whether a changed path lies inside what a task declares. Pure.

use glob::Pattern;

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
    matches(glob, path)
}

/// Whether a glob stands for a path, name by name: as one text, a glob with many wildcards would be tried in more ways
/// than anybody could wait for.
fn matches(glob: &str, path: &str) -> bool {
    let parts = glob.split('/').map(|part| match part {
        "**" => Ok(None),
        name => Pattern::new(name).map(Some),
    });
    let Ok(parts) = parts.collect::<Result<Vec<_>, _>>() else {
        return false;
    };
    let names: Vec<&str> = path.split('/').collect();
    // How many of the names the parts so far can stand for.
    let mut reached = vec![false; names.len() + 1];
    reached[0] = true;
    for (place, part) in parts.iter().enumerate() {
        let mut next = vec![false; names.len() + 1];
        for at in (0..=names.len()).filter(|at| reached[*at]) {
            match part {
                Some(name) => {
                    let is_met = names.get(at).is_some_and(|found| name.matches(found));
                    if is_met {
                        next[at + 1] = true;
                    }
                }
                // Any number of folders; at the end, something in them.
                None if place + 1 == parts.len() => next[at + 1..].fill(true),
                None => next[at..].fill(true),
            }
        }
        reached = next;
    }
    reached[names.len()]
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
    fn any_number_of_folders_is_any_number() {
        let covered =
            |glob: &str, path: &str| outside(&strings(&[path]), &strings(&[glob]), &[]).is_empty();
        for (glob, path) in [
            ("**", "a"),
            ("**/x", "x"),
            ("**/x", "a/b/x"),
            ("a/**/b", "a/b"),
            ("a/**/b/**", "a/c/b/d/e"),
            ("a/[b-d]?/*", "a/cx/y"),
        ] {
            assert!(covered(glob, path), "{glob} covers {path}");
        }
        for (glob, path) in [
            ("a/**", "a"),
            ("a/**/b", "a/c"),
            ("*", "a/b"),
            ("a?b", "a/b"),
            ("a**", "ab"),
        ] {
            assert!(!covered(glob, path), "{glob} does not cover {path}");
        }
    }

    #[test]
    fn a_glob_of_many_wildcards_is_no_riddle() {
        let glob = format!("{}b", "*a".repeat(30));
        let path = format!("{}/x", "a".repeat(200));
        assert_eq!(outside(std::slice::from_ref(&path), &[glob], &[]), [path]);
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
