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
