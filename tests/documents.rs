//! The README and the stories do what they say.

use std::path::Path;

use crate::support::story::act_out;

#[test]
fn the_readme_works_as_it_stands() {
    act_out("README.md");
}

#[test]
fn every_story_happens_as_it_is_told() {
    let stories = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/stories");
    let mut names: Vec<String> = std::fs::read_dir(stories)
        .expect("there are stories")
        .map(|entry| {
            entry
                .expect("a story")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    assert!(!names.is_empty(), "there are stories");
    for name in names {
        act_out(&format!("fixtures/stories/{name}"));
    }
}

#[test]
fn the_pages_without_the_tool_do_without_it() {
    let readme = include_str!("../README.md");
    let (_, section) = readme
        .split_once("\n## Without the tool\n")
        .expect("the section");
    let (section, _) = section.split_once("\n## ").expect("its end");
    let commands: Vec<&str> = section
        .lines()
        .filter(|line| line.starts_with("$ "))
        .collect();
    assert!(commands.len() > 8, "it shows how");
    for part in [
        "git log",
        "git show",
        "git notes",
        "git diff",
        "git revert",
        "git update-ref",
    ] {
        assert!(commands.iter().any(|line| line.contains(part)), "{part}");
    }
    assert!(
        commands.iter().all(|line| !line.contains("git enact")),
        "{commands:?}"
    );
}

#[test]
fn each_promise_names_tests_that_there_are() {
    let readme = include_str!("../README.md");
    let modules = include_str!("main.rs");
    let (_, section) = readme.split_once("\n## Promises\n").expect("the section");
    let (table, _) = section.split_once("\nNot promised: ").expect("its end");
    let rows = table.lines().filter(|line| line.starts_with("| ")).skip(2);
    let mut promises = 0;
    for row in rows {
        let (_, tests) = row
            .trim_end_matches(" |")
            .rsplit_once(" | ")
            .expect("two columns");
        for test in tests.split(", ") {
            let module = format!("\nmod {};", test.trim_matches('`'));
            assert!(modules.contains(&module), "{test} holds nothing: {row}");
        }
        promises += 1;
    }
    assert_eq!(promises, 12);
}
