//! What is kept in git is whole, moves only from where we left it, and hides nothing.

use git_enact::git::{ChangeKind, Entry, Expected, Merge, Named, NewCommit, Oid, Repo, file_clock};

use crate::support::repo::{TIME, TestRepo, ann, git_in, write_in};
use crate::support::sim::Chance;

#[test]
fn a_ref_moves_only_from_where_it_was_expected() {
    let test = TestRepo::new();
    let repo = test.open();
    let first = repo.resolve("HEAD").expect("HEAD");
    let second = test.commit("second");
    let name = "refs/heads/x";
    let move_to = |new, expected| {
        repo.move_to(name, new, expected, "test")
            .expect("no failure")
    };
    assert!(move_to(first, Expected::Missing).is_ok());
    let refused = move_to(second, Expected::Missing).expect_err("it exists");
    assert_eq!(refused.found, Some(first));
    let refused = move_to(first, Expected::At(second)).expect_err("it is elsewhere");
    assert_eq!(refused.found, Some(first));
    assert!(move_to(second, Expected::At(first)).is_ok());
    assert!(repo.delete(name, first).expect("no failure").is_err());
    assert!(repo.delete(name, second).expect("no failure").is_ok());
    let refused = move_to(second, Expected::At(first)).expect_err("it is gone");
    assert_eq!(refused.found, None);
}

#[test]
fn a_lock_left_by_a_dead_process_is_cleared_in_our_names_only() {
    let test = TestRepo::new();
    let repo = test.open();
    let head = repo.resolve("HEAD").expect("HEAD");
    for lock in ["refs/ours/run.lock", "refs/heads/main.lock"] {
        write_in(repo.common_dir(), lock, "");
    }
    let stuck = repo.move_to("refs/ours/run", head, Expected::Missing, "test");
    assert!(stuck.is_err(), "a lock is respected");
    let cleared = repo.clear_stale_locks(&["refs/ours/"]).expect("cleared");
    assert_eq!(cleared, ["refs/ours/run.lock"]);
    assert!(repo.common_dir().join("refs/heads/main.lock").exists());
    let moved = repo.move_to("refs/ours/run", head, Expected::Missing, "test");
    assert_eq!(moved.expect("no failure"), Ok(()));
}

#[test]
fn changed_paths_are_those_of_git() {
    let test = TestRepo::new();
    let repo = test.open();
    let before = repo.resolve("HEAD").expect("HEAD");
    test.write("a.txt", "changed\n");
    std::fs::remove_file(test.path().join("b.txt")).expect("removed");
    test.write("b.txt/inner", "a file became a directory\n");
    test.write("new/deep/file", "new\n");
    std::fs::remove_dir_all(test.path().join("dir")).expect("removed");
    std::os::unix::fs::symlink("a.txt", test.path().join("dir")).expect("a link");
    let after = test.commit("second");
    let ours: Vec<String> = repo
        .changed(before, after)
        .expect("changes")
        .into_iter()
        .map(|change| {
            let letter = match change.kind {
                ChangeKind::Added => 'A',
                ChangeKind::Modified => 'M',
                ChangeKind::Deleted => 'D',
                ChangeKind::TypeChanged => 'T',
            };
            format!("{letter}\t{}", change.path)
        })
        .collect();
    let theirs = test.git([
        "diff-tree",
        "-r",
        "--no-renames",
        "--name-status",
        "HEAD~",
        "HEAD",
    ]);
    let mut theirs: Vec<&str> = theirs.lines().collect();
    let mut ours: Vec<&str> = ours.iter().map(String::as_str).collect();
    theirs.sort_unstable();
    ours.sort_unstable();
    assert_eq!(ours, theirs);
}

#[test]
fn a_claimed_hash_is_looked_at_before_it_is_believed() {
    let test = TestRepo::new();
    let repo = test.open();
    let head = repo.resolve("HEAD").expect("HEAD");
    assert_eq!(repo.find(&head.to_string()[..8]), Named::Commit(head));
    assert_eq!(repo.find("main"), Named::Missing);
    assert_eq!(repo.find("deadbeef"), Named::Missing);
    let tree = repo.tree_of(head).expect("a tree");
    assert_eq!(repo.find(&tree.to_string()), Named::Other("tree"));
    assert!(
        repo.resolve("nothing")
            .expect_err("none")
            .to_string()
            .contains("`nothing`")
    );
}

#[test]
fn a_commit_with_a_missing_object_is_not_whole() {
    let test = TestRepo::new();
    let base = test.open().resolve("HEAD").expect("HEAD");
    test.write("dir/new.txt", "soon gone\n");
    let tip = test.commit("second");
    assert!(test.open().is_whole(tip, base).expect("checked"));
    let blob = test.git(["rev-parse", "HEAD:dir/new.txt"]);
    let file = format!(".git/objects/{}/{}", &blob[..2], &blob[2..]);
    std::fs::remove_file(test.path().join(file)).expect("a loose object");
    assert!(!test.open().is_whole(tip, base).expect("checked"));
}

#[test]
fn notes_are_git_notes() {
    let test = TestRepo::new();
    let repo = test.open();
    let first = repo.resolve("HEAD").expect("HEAD");
    let second = test.commit("second");
    let name = "refs/notes/TEST";
    test.git([
        "notes",
        "--ref=TEST",
        "add",
        "-m",
        "theirs",
        &first.to_string(),
    ]);
    let write = |notes: &[(Oid, Option<Vec<u8>>)]| {
        repo.write_notes(name, notes, &ann(), TIME)
            .expect("written");
    };
    write(&[(second, Some(b"ours\n".to_vec()))]);
    assert_eq!(test.git(["notes", "--ref=TEST", "show", "HEAD"]), "ours");
    assert_eq!(test.git(["notes", "--ref=TEST", "show", "HEAD~"]), "theirs");
    assert!(test.git(["log", "-1", "--notes=TEST"]).contains("    ours"));
    write(&[(first, Some(b"replaced\n".to_vec()))]);
    assert_eq!(
        test.git(["notes", "--ref=TEST", "show", "HEAD~"]),
        "replaced"
    );
    test.git(["notes", "--ref=TEST", "append", "-m", "more", "HEAD"]);
    let read = repo.read_note(name, second).expect("read").expect("a note");
    assert_eq!(String::from_utf8_lossy(&read), "ours\n\nmore\n");
    write(&[(second, None)]);
    assert_eq!(repo.read_note(name, second).expect("read"), None);
    assert!(!test.git_succeeds(["notes", "--ref=TEST", "show", "HEAD"]));
    test.assert_sound();
}

#[test]
fn merging_in_memory_gives_the_tree_that_git_gives() {
    let test = TestRepo::new();
    let repo = test.open();
    let base = repo.resolve("HEAD").expect("HEAD");
    let mut in_memory = 0;
    for seed in 0..24 {
        let mut chance = Chance::new(seed + 1);
        let ours = side(&test, base, &mut chance, "o");
        let theirs = side(&test, base, &mut chance, "t");
        let by_git = repo.merge_by_git(base, ours, theirs).expect("merged");
        assert_eq!(
            repo.merge(base, ours, theirs).expect("merged"),
            by_git,
            "seed {seed}"
        );
        if let Some(tree) = repo.merge_disjoint(base, ours, theirs).expect("merged") {
            assert_eq!(Merge::Clean(tree), by_git, "seed {seed}");
            in_memory += 1;
        }
    }
    assert!(
        in_memory >= 4,
        "the fast path was taken {in_memory} times only"
    );
}

/// A commit on `base` with a few random changes.
fn side(test: &TestRepo, base: Oid, chance: &mut Chance, name: &str) -> Oid {
    test.git([
        "checkout",
        "--quiet",
        "--force",
        "--detach",
        &base.to_string(),
    ]);
    for n in 0..=chance.below(2) {
        match chance.below(8) {
            0 => test.write("a.txt", &format!("{name}\n")),
            1 => test.write("dir/c.txt", &format!("c\n{name}\n")),
            2 => drop(std::fs::rename(
                test.path().join("b.txt"),
                test.path().join("moved.txt"),
            )),
            3 => drop(std::fs::remove_file(test.path().join("b.txt"))),
            4 => test.write(&format!("dir/{name}{n}.txt"), "same\n"),
            5 if !test.path().join("both").exists() => test.write("both/x", name),
            6 if !test.path().join("both").exists() => test.write("both", name),
            _ => test.write(&format!("{name}/{n}.txt"), name),
        }
    }
    test.commit(name)
}

#[test]
fn a_commit_is_refused_when_its_parent_is_none() {
    let test = TestRepo::new();
    let repo = test.open();
    let head = repo.resolve("HEAD").expect("HEAD");
    let tree = repo.tree_of(head).expect("a tree");
    let written = repo.write_commit(&NewCommit {
        tree,
        parents: &[tree],
        message: "wrong\n",
        author: &ann(),
        time: TIME,
    });
    assert!(written.is_err());
}

#[test]
fn a_repository_that_cannot_be_opened_says_why() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let error = Repo::discover(dir.path())
        .err()
        .expect("none there")
        .to_string();
    assert!(error.contains("is not in a git repository"), "{error}");
    git_in(dir.path(), ["init", "--quiet", "--ref-format=reftable"]);
    let error = Repo::discover(dir.path())
        .err()
        .expect("reftable")
        .to_string();
    assert!(error.contains("refs migrate --ref-format=files"), "{error}");
}

#[test]
fn what_is_written_from_now_on_is_never_older_than_now() {
    let test = TestRepo::new();
    let repo = test.open();
    for nth in 0..100 {
        let now = file_clock();
        test.write("a.txt", &format!("{nth}\n"));
        assert_eq!(repo.touched_since(now), ["a.txt"], "the {nth}th time");
        assert!(repo.was_written_since("a.txt", now));
    }
}

#[test]
fn what_a_power_cut_left_of_an_object_is_written_anew() {
    let test = TestRepo::new();
    let repo = test.open();
    let head = repo.head().expect("a HEAD").commit.expect("a commit");
    let tree = repo.tree_of(head).expect("a tree");
    let author = ann();
    let write = || {
        let repo = test.open();
        let blob = repo.write_blob(b"some words\n").expect("a blob");
        let file = Entry::file("a.txt", blob);
        let small = repo.write_tree(&[file]).expect("a tree");
        let commit = repo.write_commit(&NewCommit {
            tree,
            parents: &[head],
            message: "again",
            author: &author,
            time: TIME,
        });
        [blob, small, commit.expect("a commit")]
    };
    for oid in write() {
        let name = oid.to_string();
        let file = test
            .path()
            .join(".git/objects")
            .join(&name[..2])
            .join(&name[2..]);
        let whole = std::fs::read(&file).expect("a file");
        for left in [
            vec![],
            vec![0; whole.len()],
            whole[..whole.len() / 2].to_vec(),
        ] {
            std::fs::remove_file(&file).expect("removed");
            std::fs::write(&file, &left).expect("written");
            assert!(write().contains(&oid));
            assert_eq!(
                std::fs::read(&file).expect("a file"),
                whole,
                "after {left:?}"
            );
        }
    }
    test.assert_sound();
}
