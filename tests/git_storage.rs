//! What is kept in git is whole, moves only from where we left it, and hides nothing.

use std::path::Path;

use git_enact::git::{ChangeKind, Expected, Merge, Message, Named, NewCommit, Oid, Repo, Worktree};

use crate::support::repo::{TestRepo, ann, git_in, write_in};
use crate::support::sim::Chance;

const TIME: i64 = 1_767_225_600;

fn slot(test: &TestRepo, repo: &Repo) -> (Worktree, Oid) {
    let head = repo.head().expect("HEAD").commit.expect("a commit");
    let worktree = repo
        .create_worktree(&test.beside("project.enact/run/1"), "run x, slot 1", head)
        .expect("a worktree");
    (worktree, head)
}

fn message(text: &str) -> (String, git_enact::git::Identity) {
    (text.to_owned(), ann())
}

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
        let ours = side(&test, &repo, base, &mut chance, "o");
        let theirs = side(&test, &repo, base, &mut chance, "t");
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
fn side(test: &TestRepo, repo: &Repo, base: Oid, chance: &mut Chance, name: &str) -> Oid {
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
    let _ = repo;
    test.commit(name)
}

#[test]
fn a_worktree_is_kept_and_moved() {
    let test = TestRepo::new();
    let repo = test.open();
    let (mut worktree, base) = slot(&test, &repo);
    assert_eq!(worktree.verify(), Ok(()));
    worktree
        .switch(&repo, "refs/heads/task/one", base)
        .expect("switched");
    assert_eq!(
        git_in(worktree.path(), ["symbolic-ref", "HEAD"]),
        "refs/heads/task/one"
    );
    assert_eq!(git_in(worktree.path(), ["status", "--porcelain"]), "");
    write_in(worktree.path(), "new.txt", "new\n");
    git_in(worktree.path(), ["add", "--all"]);
    git_in(
        worktree.path(),
        [
            "-c",
            "user.name=X",
            "-c",
            "user.email=x@x",
            "commit",
            "-qm",
            "work",
        ],
    );
    let head = worktree.head(&repo).expect("HEAD");
    assert_eq!(head.branch.as_deref(), Some("refs/heads/task/one"));
    let tip = head.commit.expect("a commit");
    assert!(worktree.dirty(&repo, tip).expect("judged").is_clean());
    let mut again = repo.open_worktree(worktree.path()).expect("opened");
    again
        .switch(&repo, "refs/heads/task/two", base)
        .expect("switched");
    assert!(
        !worktree.path().join("new.txt").exists(),
        "the files follow"
    );
    assert_eq!(git_in(again.path(), ["status", "--porcelain"]), "");
    assert_eq!(repo.read("refs/heads/task/one").expect("read"), Some(tip));
    write_in(again.path(), "loose.txt", "uncommitted\n");
    again.unsettle();
    let refused = again
        .switch(&repo, "refs/heads/task/three", tip)
        .expect_err("dirty");
    assert!(refused.to_string().contains("loose.txt"));
    test.assert_sound();
}

#[test]
fn worktrees_that_are_not_ours_are_left_alone() {
    let test = TestRepo::new();
    let repo = test.open();
    let head = repo.resolve("HEAD").expect("HEAD");
    let theirs = test.beside("theirs");
    test.git([
        "worktree",
        "add",
        "--quiet",
        "--detach",
        theirs.to_str().expect("UTF-8"),
    ]);
    assert!(repo.create_worktree(&theirs, "x", head).is_err());
    assert!(repo.remove_worktree(&theirs).is_err());
    assert!(theirs.join("a.txt").exists());
    let (worktree, _) = slot(&test, &repo);
    let path = worktree.path().to_path_buf();
    // As if a process had died in the middle: made again, whatever state it is in.
    std::fs::remove_file(path.join(".git")).expect("removed");
    assert!(worktree.verify().is_err());
    repo.create_worktree(&path, "again", head)
        .expect("made again");
    assert_eq!(
        repo.worktrees()
            .expect("listed")
            .iter()
            .filter(|it| it.is_ours())
            .count(),
        1
    );
    assert!(repo.remove_worktree(&path).expect("removed"));
    assert!(!path.exists());
    assert!(!repo.remove_worktree(&path).expect("nothing left"));
    assert_eq!(test.git(["worktree", "list"]).lines().count(), 2);
}

#[test]
fn no_trick_hides_uncommitted_work() {
    type Trick = fn(&Path);
    let tricks: [(&str, Trick); 7] = [
        ("assume-unchanged", |dir| {
            git_in(dir, ["update-index", "--assume-unchanged", "a.txt"]);
            write_in(dir, "a.txt", "changed\n");
        }),
        ("skip-worktree", |dir| {
            git_in(dir, ["update-index", "--skip-worktree", "a.txt"]);
            write_in(dir, "a.txt", "changed\n");
        }),
        ("showUntrackedFiles", |dir| {
            git_in(dir, ["config", "status.showUntrackedFiles", "no"]);
            write_in(dir, "x/untracked.txt", "new\n");
        }),
        ("forged stat data", |dir| {
            git_in(dir, ["config", "core.checkStat", "minimal"]);
            git_in(dir, ["config", "core.trustctime", "false"]);
            let path = dir.join("a.txt");
            let modified = std::fs::metadata(&path).and_then(|found| found.modified());
            std::fs::write(&path, "b\n").expect("same size");
            let file = std::fs::File::options()
                .write(true)
                .open(&path)
                .expect("a file");
            file.set_modified(modified.expect("a time"))
                .expect("forged");
            git_in(dir, ["update-index", "-q", "--refresh"]);
        }),
        ("staged and taken back", |dir| {
            write_in(dir, "staged.txt", "new\n");
            git_in(dir, ["add", "staged.txt"]);
        }),
        ("ignoreStat", |dir| {
            git_in(dir, ["config", "core.ignoreStat", "true"]);
            git_in(dir, ["update-index", "--really-refresh"]);
            write_in(dir, "b.txt", "changed\n");
        }),
        ("a repository inside", |dir| {
            std::fs::create_dir(dir.join("inner")).expect("a directory");
            git_in(&dir.join("inner"), ["init", "--quiet"]);
            write_in(dir, "inner/file", "x\n");
        }),
    ];
    for (name, trick) in tricks {
        let test = TestRepo::new();
        let repo = test.open();
        let (mut worktree, base) = slot(&test, &repo);
        worktree
            .switch(&repo, "refs/heads/task", base)
            .expect("switched");
        assert!(
            worktree.dirty(&repo, base).expect("judged").is_clean(),
            "{name}"
        );
        trick(worktree.path());
        let dirty = worktree.dirty(&repo, base).expect("judged");
        assert_eq!(dirty.count, 1, "{name} must not hide anything: {dirty:?}");
        worktree.clean(&repo, base).expect("cleaned");
        assert!(
            worktree.dirty(&repo, base).expect("judged").is_clean(),
            "{name}, cleaned"
        );
        assert_eq!(
            git_in(worktree.path(), ["ls-files", "-v"]),
            "H a.txt\nH b.txt\nH dir/c.txt"
        );
    }
}

#[test]
fn planted_excludes_are_noticed() {
    let test = TestRepo::new();
    let repo = test.open();
    let (mut worktree, base) = slot(&test, &repo);
    write_in(repo.common_dir(), "info/exclude", "hidden\n");
    write_in(worktree.path(), "hidden", "x\n");
    assert!(
        worktree
            .dirty(&repo, base)
            .expect("judged")
            .excludes_changed
    );
}

#[test]
fn salvage_keeps_everything_and_touches_nothing() {
    let test = TestRepo::new();
    let repo = test.open();
    test.write(".gitignore", "*.log\n");
    let base = test.commit("ignore logs");
    let worktree = repo.create_worktree(&test.beside("slots/1"), "x", base);
    let mut worktree = worktree.expect("a worktree");
    worktree
        .switch(&repo, "refs/heads/task", base)
        .expect("switched");
    let dir = worktree.path().to_path_buf();
    write_in(&dir, "a.txt", "changed\n");
    write_in(&dir, "new/file.txt", "new\n");
    write_in(&dir, "noise.log", "ignored\n");
    std::fs::remove_file(dir.join("b.txt")).expect("removed");
    std::fs::create_dir(dir.join("inner")).expect("a directory");
    git_in(&dir.join("inner"), ["init", "--quiet"]);
    write_in(&dir, "inner/deep.txt", "deep\n");
    git_in(&dir, ["add", "a.txt"]);
    let index = std::fs::read(worktree.git_dir().join("index")).expect("an index");
    let (text, author) = message("salvage\n");
    let message = Message {
        text: &text,
        author: &author,
        time: TIME,
    };
    let salvage = worktree
        .salvage(&repo, base, message)
        .expect("salvaged")
        .expect("a commit");
    assert_eq!(
        std::fs::read(worktree.git_dir().join("index")).expect("an index"),
        index,
        "the worktree's own index is not touched"
    );
    assert!(dir.join("inner/.git").exists() && dir.join("noise.log").exists());
    let listed = test.git(["ls-tree", "-r", "--name-only", &salvage.to_string()]);
    assert_eq!(
        listed.lines().collect::<Vec<_>>(),
        [
            ".gitignore",
            "a.txt",
            "dir/c.txt",
            "inner/deep.txt",
            "new/file.txt"
        ]
    );
    assert_eq!(repo.commit(salvage).expect("read").parents, [base]);
    assert_eq!(
        repo.read("refs/heads/task").expect("read"),
        Some(base),
        "no branch moves"
    );
    worktree.clean(&repo, base).expect("cleaned");
    assert!(dir.join("noise.log").exists(), "ignored files are kept");
    assert!(!dir.join("inner").exists() && dir.join("b.txt").exists());
    assert_eq!(
        worktree
            .salvage(&repo, base, message)
            .expect("nothing to keep"),
        None
    );
    test.assert_sound();
}

#[test]
fn the_tool_commits_what_the_executor_left() {
    let test = TestRepo::new();
    let repo = test.open();
    let (mut worktree, base) = slot(&test, &repo);
    let branch = "refs/heads/task";
    worktree.switch(&repo, branch, base).expect("switched");
    write_in(worktree.path(), "new.txt", "new\n");
    let (text, author) = message("work\n");
    let message = Message {
        text: &text,
        author: &author,
        time: TIME,
    };
    let made = worktree
        .commit_all(&repo, branch, base, message)
        .expect("committed");
    assert_eq!(repo.read(branch).expect("read"), made);
    assert_eq!(git_in(worktree.path(), ["status", "--porcelain"]), "");
    assert!(
        worktree
            .dirty(&repo, made.expect("a commit"))
            .expect("judged")
            .is_clean()
    );
    test.assert_sound();
}

#[test]
fn an_unfinished_merge_is_seen_and_ended() {
    let test = TestRepo::new();
    let repo = test.open();
    let (mut worktree, base) = slot(&test, &repo);
    test.write("a.txt", "theirs\n");
    let theirs = test.commit("theirs");
    worktree
        .switch(&repo, "refs/heads/task", base)
        .expect("switched");
    write_in(worktree.path(), "a.txt", "ours\n");
    git_in(worktree.path(), ["commit", "-qam", "ours"]);
    assert_eq!(worktree.in_progress(), None);
    let dir = worktree.path().to_path_buf();
    std::process::Command::new("git")
        .args(["merge", "-q", &theirs.to_string()])
        .current_dir(&dir)
        .output()
        .expect("git starts");
    assert_eq!(worktree.in_progress(), Some("merge"));
    worktree.clean(&repo, base).expect("cleaned");
    assert_eq!(worktree.in_progress(), None);
    assert!(worktree.dirty(&repo, base).expect("judged").is_clean());
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
    assert!(
        error.contains("git refs migrate --ref-format=files"),
        "{error}"
    );
}
