use super::{ALIKE_MAX, Overlaps};
use crate::plan::{Location, Pattern, Task, choices};

/// Tasks that declare these files, separated by spaces.
fn tasks(files: &[&str]) -> Vec<Task> {
    let task = |files: &&str| Task {
        files: files.split_whitespace().map(str::to_owned).collect(),
        ..Task::at(Location::default())
    };
    files.iter().map(task).collect()
}

#[test]
fn tasks_overlap_where_a_file_can_be_meant_by_both() {
    let files = [
        "src/a.rs src/b.rs",
        "src/b.rs",
        "src/**",
        "docs/*.md",
        "docs/x.md",
        "docs/deep/x.md",
        "docs",
        "",
        "src/{c,d}.rs",
        "src/d.rs",
        "sr*/d.rs",
        "**/x.md",
        "./src/b.rs",
        "docs/",
        "src",
        "d?cs/x.md",
    ];
    let tasks = tasks(&files);
    let overlaps = Overlaps::new(&tasks);
    let patterns = |task: usize| -> Vec<Pattern> {
        let globs = tasks[task].files.iter().flat_map(|glob| choices(glob));
        globs.map(|glob| Pattern::new(&glob)).collect()
    };
    for one in 0..files.len() {
        for two in (0..files.len()).filter(|two| *two != one) {
            let meet = patterns(one)
                .iter()
                .any(|pattern| patterns(two).iter().any(|other| pattern.meets(other)));
            let (first, second) = (files[one], files[two]);
            assert_eq!(overlaps.overlap(one, two), meet, "`{first}` and `{second}`");
        }
    }
    assert!(!overlaps.overlap(0, 0), "nobody is in their own way");
    assert_eq!(
        overlaps.footprint(7),
        None,
        "who declares nothing overlaps with nobody"
    );
}

#[test]
fn what_a_task_creates_is_declared_as_well() {
    let mut tasks = tasks(&["src/a.rs", ""]);
    tasks[1].creates.push("src/a.rs".to_owned());
    assert!(Overlaps::new(&tasks).overlap(0, 1));
}

#[test]
fn who_declares_one_file_twice_overlaps_with_nobody_by_that() {
    let overlaps = Overlaps::new(&tasks(&["src/** src/a.rs src/a.rs", "docs/a.md"]));
    assert_eq!(overlaps.footprint(0), None);
}

#[test]
fn more_globs_than_can_be_compared_stand_for_their_folder() {
    let files: Vec<String> = (0..700).map(|nth| format!("src/**/{nth}.rs")).collect();
    let mut files: Vec<&str> = files.iter().map(String::as_str).collect();
    files.push("docs/a.md");
    let few = Overlaps::new(&tasks(&files[..ALIKE_MAX * 2]));
    assert!(!few.overlap(0, 1));
    let many = Overlaps::new(&tasks(&files));
    assert!(many.overlap(0, 1), "unsure means touching");
    assert_eq!(many.footprint(700), None);
}
