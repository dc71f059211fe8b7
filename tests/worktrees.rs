//! A kept worktree is never trusted: nothing in it is hidden, and nothing that was done in it is lost.

use std::path::Path;

use git_enact::git::{Message, Oid, Repo, Worktree};

use crate::support::repo::{TIME, TestRepo, ann, git_in, write_in};

fn slot(test: &TestRepo, repo: &Repo) -> (Worktree, Oid) {
    let head = repo.head().expect("HEAD").commit.expect("a commit");
    let worktree = repo
        .create_worktree(&test.beside("project.enact/run/1"), "run x, slot 1", head)
        .expect("a worktree");
    (worktree, head)
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
    let author = ann();
    let message = Message {
        text: "salvage\n",
        author: &author,
        time: TIME,
    };
    let salvage = worktree
        .salvage(&repo, base, &[], message)
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
            .salvage(&repo, base, &[], message)
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
    let author = ann();
    let message = Message {
        text: "work\n",
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
fn a_file_written_in_the_second_of_the_index_is_looked_into() {
    let test = TestRepo::new();
    let repo = test.open();
    let (mut worktree, base) = slot(&test, &repo);
    for round in 0..20 {
        let branch = format!("refs/heads/task/{round}");
        let tip = worktree
            .head(&repo)
            .expect("HEAD")
            .commit
            .expect("a commit");
        worktree.switch(&repo, &branch, tip).expect("switched");
        // Same size, same second, and an index that is rewritten in between.
        write_in(worktree.path(), "b.txt", &format!("{}\n", round % 10));
        git_in(worktree.path(), ["commit", "-qam", "work"]);
        let tip = worktree
            .head(&repo)
            .expect("HEAD")
            .commit
            .expect("a commit");
        assert!(worktree.dirty(&repo, tip).expect("judged").is_clean());
        write_in(worktree.path(), "b.txt", &format!("{}\n", (round + 1) % 10));
        assert_eq!(
            worktree.dirty(&repo, tip).expect("judged").count,
            1,
            "round {round}"
        );
        worktree.clean(&repo, tip).expect("cleaned");
    }
    assert_ne!(Some(base), worktree.head(&repo).expect("HEAD").commit);
}

#[test]
fn the_files_of_a_new_worktree_are_older_than_its_index() {
    let test = TestRepo::new();
    test.write("run.sh", "true\n");
    std::os::unix::fs::symlink("run.sh", test.path().join("link")).expect("a link");
    test.git(["update-index", "--add", "--chmod=+x", "run.sh"]);
    test.git(["add", "link"]);
    test.git(["commit", "-qm", "an executable and a link"]);
    let repo = test.open();
    let (mut worktree, base) = slot(&test, &repo);
    worktree
        .switch(&repo, "refs/heads/task/one", base)
        .expect("switched");
    let second = |path: &Path| {
        let found = path.symlink_metadata().expect("it is there");
        std::os::unix::fs::MetadataExt::mtime(&found)
    };
    let index = second(&worktree.git_dir().join("index"));
    let files = ["run.sh", "link", "b.txt"].map(|name| worktree.path().join(name));
    assert!(files.iter().all(|file| second(file) < index), "{files:?}");
    // What git noted of them is what they are: it finds nothing to look into.
    let stale = git_in(worktree.path(), ["diff-files", "--name-only"]);
    assert_eq!(stale, "");
    // Nothing of the same size, written in the same second, passes for what was there.
    write_in(worktree.path(), "run.sh", "fals\n");
    assert_eq!(worktree.dirty(&repo, base).expect("judged").count, 1);
}

#[test]
fn worktrees_are_made_at_once_without_tripping_over_each_other() {
    let test = TestRepo::new();
    std::thread::scope(|scope| {
        for n in 0..6 {
            let (repo, path) = (test.open(), test.beside(&format!("slots/{n}")));
            scope.spawn(move || {
                let head = repo.resolve("HEAD").expect("HEAD");
                let mut made = repo.create_worktree(&path, "x", head).expect("made");
                assert!(made.dirty(&repo, head).expect("judged").is_clean());
                made.switch(&repo, &format!("refs/heads/task/{n}"), head)
                    .expect("switched");
            });
        }
    });
    assert_eq!(test.open().worktrees().expect("listed").len(), 6);
    test.assert_sound();
}

#[test]
fn paths_that_are_no_text_are_kept() {
    use std::os::unix::ffi::OsStrExt as _;
    let test = TestRepo::new();
    let repo = test.open();
    let (mut worktree, base) = slot(&test, &repo);
    worktree
        .switch(&repo, "refs/heads/task", base)
        .expect("switched");
    for name in [&b"not \xff utf-8"[..], b"two\nlines", b" leading", b"*.txt"] {
        let path = worktree.path().join(std::ffi::OsStr::from_bytes(name));
        std::fs::write(path, "x\n").expect("a file");
    }
    assert_eq!(worktree.dirty(&repo, base).expect("judged").count, 4);
    let author = ann();
    let message = Message {
        text: "work\n",
        author: &author,
        time: TIME,
    };
    let made = worktree
        .commit_all(&repo, "refs/heads/task", base, message)
        .expect("committed");
    let made = made.expect("a commit");
    assert_eq!(repo.changed(base, made).expect("changes").len(), 4);
    worktree.clean(&repo, base).expect("cleaned");
    worktree
        .switch(&repo, "refs/heads/again", made)
        .expect("switched");
    assert!(worktree.dirty(&repo, made).expect("judged").is_clean());
}

#[test]
fn a_file_made_unreadable_is_kept_as_well() {
    use std::os::unix::fs::PermissionsExt as _;
    let test = TestRepo::new();
    let repo = test.open();
    let (mut worktree, base) = slot(&test, &repo);
    write_in(worktree.path(), "secret.txt", "kept\n");
    let path = worktree.path().join("secret.txt");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).expect("set");
    let author = ann();
    let message = Message {
        text: "salvage\n",
        author: &author,
        time: TIME,
    };
    let salvage = worktree
        .salvage(&repo, base, &[], message)
        .expect("salvaged")
        .expect("a commit");
    assert_eq!(test.git(["show", &format!("{salvage}:secret.txt")]), "kept");
}

#[test]
fn a_sparse_checkout_of_the_user_does_not_make_ours_sparse() {
    let test = TestRepo::new();
    test.git(["sparse-checkout", "set", "dir"]);
    let repo = test.open();
    let (mut worktree, base) = slot(&test, &repo);
    worktree
        .switch(&repo, "refs/heads/task", base)
        .expect("switched");
    assert!(worktree.path().join("dir/c.txt").exists());
    assert!(worktree.dirty(&repo, base).expect("judged").is_clean());
    assert_eq!(git_in(worktree.path(), ["status", "--porcelain"]), "");
}

#[test]
fn making_a_worktree_can_be_repeated_wherever_it_died() {
    let test = TestRepo::new();
    let repo = test.open();
    let (worktree, head) = slot(&test, &repo);
    let path = worktree.path().to_path_buf();
    let git_dir = worktree.git_dir().to_path_buf();
    let deaths: [&dyn Fn(); 5] = [
        &|| drop(std::fs::remove_dir_all(&path)),
        &|| drop(std::fs::remove_dir_all(&git_dir)),
        &|| drop(std::fs::remove_file(git_dir.join("index"))),
        &|| drop(std::fs::write(git_dir.join("index.lock"), "")),
        &|| {
            std::fs::remove_file(git_dir.join("gitdir")).expect("removed");
            std::fs::remove_dir_all(&path).expect("removed");
        },
    ];
    for (n, die) in deaths.iter().enumerate() {
        die();
        let mut again = repo
            .create_worktree(&path, "again", head)
            .expect("made again");
        assert_eq!(again.git_dir(), git_dir, "death {n} leaves nothing behind");
        assert!(again.dirty(&repo, head).expect("judged").is_clean());
        assert_eq!(git_in(&path, ["status", "--porcelain"]), "");
    }
    test.assert_sound();
}
