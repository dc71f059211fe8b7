//! What is put back is kept beside first, files that nobody can open the repository with included.

use super::{PLAN, planted, run_status};
use crate::support::user::User;

#[test]
fn what_is_replaced_is_kept_where_the_repair_says() {
    let user = planted("a");
    let config = user.path().join(".git/config");
    let found = std::fs::read(&config).expect("a configuration");
    user.enact(["status"])
        .success()
        .says("--repair puts it back");
    let repaired = user.enact(["doctor", "--repair"]).success();
    for name in ["config.0", "attributes.0"] {
        let kept = user
            .path()
            .join(".git/enact/runs/r-test/planted")
            .join(name);
        let kept = kept.canonicalize().expect("it is kept");
        let said = format!("(the file as it was found is kept: `{}`)", kept.display());
        assert!(repaired.stdout.contains(&said), "{repaired}");
    }
    let planted = user.path().join(".git/enact/runs/r-test/planted");
    let kept = std::fs::read(planted.join("config.0")).expect("it is kept");
    assert_eq!(
        kept, found,
        "the whole file, and before anything was put back"
    );
    assert!(!planted.join("config.1").exists(), "once is enough");
    let status = user.enact(["status"]).success();
    let status = status.says("git enact resume r-test   (what was changed was put back)");
    assert!(!status.stdout.contains("--repair"), "{status}");
    user.enact(["resume"]).success();
    assert_eq!(run_status(&user), "complete");
}

/// A user in whose repository the first attempt of `a` did `deed`, and what the run said.
fn damaged(deed: &str) -> (User, String) {
    let user = User::new();
    user.plan(PLAN);
    let executor = user.executor(&format!(
        "commit $ENACT_TASK.txt w\nif test $ENACT_TASK$ENACT_ATTEMPT = a1; then cd \"$HOME/../repo\"; {deed}; fi"
    ));
    let output = user.run("plan.toml", &executor, &["--sequential"]);
    assert_ne!(output.status, 0, "{output}");
    (user, format!("{}{}", output.stdout, output.stderr))
}

#[test]
fn a_file_that_keeps_the_repository_from_being_opened_is_named_and_put_back() {
    for (deed, file, why) in [
        (
            "mkdir -p .git/info; echo 0000 > .git/info/grafts",
            "info/grafts",
            "has what is no commit's name",
        ),
        (
            "echo '[broken' >> .git/config",
            "config",
            "is no configuration that git can read",
        ),
        (
            "echo junk > .git/HEAD",
            "HEAD",
            "was changed; was: ref: refs/heads/main; is: junk",
        ),
    ] {
        let (user, told) = damaged(deed);
        for false_remedy in ["(unreadable)", "filemode"] {
            assert!(!told.contains(false_remedy), "{told}");
        }
        let path = user.path().join(".git").join(file);
        let damage = std::fs::read(&path).expect("it is there");
        let named = match file {
            // What is read in process can be read without it.
            "HEAD" => format!("`.git/{file}` {why}"),
            _ => format!("/.git/{file}` {why}"),
        };
        if file != "HEAD" {
            user.enact(["status"]).code(2).complains(&named);
        }
        user.enact(["doctor"])
            .code(1)
            .says(&named)
            .complains("`git enact doctor --repair` mends");
        assert_eq!(
            std::fs::read(&path).expect("it"),
            damage,
            "to look changes nothing"
        );
        user.enact(["doctor", "--repair"])
            .success()
            .says("mended: ")
            .says("is kept: ");
        let name = path.file_name().expect("a name").to_string_lossy();
        let kept = user
            .path()
            .join(format!(".git/enact/runs/r-test/planted/{name}.0"));
        assert_eq!(std::fs::read(kept).expect("it is kept"), damage);
        user.git(["fsck"]).success();
        assert_eq!(
            user.git(["symbolic-ref", "HEAD"]).success().stdout,
            "refs/heads/main\n"
        );
        user.enact(["resume"]).success();
        assert_eq!(run_status(&user), "complete", "{file}");
    }
}

#[test]
fn what_helps_is_said_where_nothing_is_held() {
    for (file, damage, remedy) in [
        ("info/grafts", "0000\n", "grafts.damaged'`"),
        ("config", "[broken\n", "--list` says in which line"),
        ("HEAD", "junk\n", "`echo 'ref: refs/heads/main' > '"),
    ] {
        let user = User::new();
        user.plan(PLAN);
        std::fs::create_dir_all(user.path().join(".git/info")).expect("a directory");
        std::fs::write(user.path().join(".git").join(file), damage).expect("it is written");
        for command in [
            &["doctor"][..],
            &["run", "plan.toml", "--yes", "--", "true"],
        ] {
            if file == "HEAD" && command == ["doctor"] {
                continue;
            }
            let refused = user.enact(command).code(2);
            refused
                .complains(&format!("/.git/{file}` "))
                .complains(remedy);
        }
    }
}

#[test]
fn a_head_that_was_written_past_its_log_is_put_back_and_not_removed() {
    let (user, told) = damaged("git commit-tree -m x HEAD^{tree} > .git/HEAD");
    assert!(
        told.contains("quarantined: `.git/HEAD` was changed"),
        "{told}"
    );
    user.enact(["doctor", "--repair"]).success();
    assert_eq!(
        user.git(["symbolic-ref", "HEAD"]).success().stdout,
        "refs/heads/main\n"
    );
    user.enact(["resume"]).success();
}

#[test]
fn a_list_of_refs_that_was_damaged_is_put_back_as_the_run_holds_it() {
    let user = User::new();
    user.plan(PLAN);
    user.git(["pack-refs", "--all"]).success();
    let executor = user.executor(
        "commit $ENACT_TASK.txt w\n\
         if test $ENACT_TASK$ENACT_ATTEMPT = a1; then echo junk > \"$HOME/../repo/.git/packed-refs\"; fi",
    );
    let output = user.run("plan.toml", &executor, &["--sequential"]);
    assert_ne!(output.status, 0, "{output}");
    let told = user.enact(["doctor"]).code(1);
    told.says("while it was driven").says("packed-refs");
    user.enact(["doctor", "--repair"]).success();
    user.git(["rev-parse", "main"]).success();
}
