//! Places in which nothing can run (67 to 80); what works everywhere is in `repositories`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::{Case, Fine, Refused, Said, case, say};
use crate::support::user::User;

const PLAN: &str =
    "[plan]\ntitle = \"P\"\n\n[[task]]\nid = \"a\"\ntitle = \"A\"\nrun = \"echo x > a.txt\"\n";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = runs_and_branches();
    cases.extend(places());
    cases.extend(programs_and_people());
    cases.extend(journals());
    cases
}

fn runs_and_branches() -> Vec<Case> {
    vec![
        case(
            67,
            "aside",
            Fine("what the journal has is there, and what somebody put there is left and told"),
            |user| {
                ran(user);
                user.git([
                    "update-ref",
                    "refs/heads/enact/r-test/integration",
                    "HEAD~1",
                ])
                .success();
                say(["resume"])
            },
        ),
        case(68, "", Refused, |user| {
            ran(user);
            user.write("a.txt", "mine\n");
            say(["land", "--yes"])
        })
        .without_json(),
    ]
}

fn places() -> Vec<Case> {
    vec![
        case(69, "", Refused, |user| {
            let place = user.outside("empty");
            fs::create_dir(&place).expect("a directory");
            let above = place.parent().expect("a parent").to_owned();
            fs::write(place.join("plan.toml"), PLAN).expect("a file");
            run().from(place).with("GIT_CEILING_DIRECTORIES", above)
        }),
        case(70, "to land in", Refused, |user| {
            let bare = bare(user);
            user.enact(["-C", &bare, "run", "plan.toml", "--yes", "--name", "r-test"])
                .success();
            say(["-C", &bare, "land", "--yes"])
        })
        .without_json(),
        case(70, "to begin in", Refused, |user| {
            say(["-C", &bare(user), "init"])
        })
        .without_json(),
        case(71, "", Refused, |user| {
            user.plan(PLAN);
            let executor = user.executor("exit 1");
            user.run("plan.toml", &executor, &["--retries", "0"])
                .code(3);
            run().from(
                user.path()
                    .with_file_name("repo.enact")
                    .join("r-test/slot-1"),
            )
        }),
        case(72, "", Fine("it is a repository like any other"), |user| {
            user.git(["init", "--quiet", "inner"]).success();
            user.write("inner/plan.toml", PLAN);
            user.git(["-C", "inner", "add", "."]).success();
            user.git(["-C", "inner", "commit", "--quiet", "-m", "Plan"])
                .success();
            say(["run", "plan.toml", "--dry-run", "--name", "r-test"])
                .from(user.path().join("inner"))
        }),
        case(74, "refs in tables", Refused, |user| {
            let place = user.outside("tables").to_string_lossy().into_owned();
            user.git(["init", "--quiet", "--ref-format=reftable", &place])
                .success();
            fs::write(user.outside("tables/plan.toml"), PLAN).expect("a file");
            run().from(user.outside("tables"))
        }),
        case(74, "an extension of tomorrow", Refused, |user| {
            user.plan(PLAN);
            user.git(["config", "core.repositoryFormatVersion", "1"])
                .success();
            user.git(["config", "extensions.tomorrow", "true"])
                .success();
            run()
        }),
        case(78, "no commit", Refused, |user| {
            user.git(["switch", "--quiet", "--orphan", "empty"])
                .success();
            user.write("plan.toml", PLAN);
            run()
        }),
        case(78, "no branch to land on", Refused, |user| {
            ran(user);
            user.git(["switch", "--quiet", "--detach"]).success();
            say(["land", "--yes"])
        })
        .without_json(),
    ]
}

fn programs_and_people() -> Vec<Case> {
    vec![
        case(73, "none", Refused, |user| {
            user.plan(PLAN);
            run().with("PATH", "/nowhere")
        }),
        case(73, "old", Refused, |user| {
            with_git(user, "git version 2.30.1")
        }),
        case(73, "something else", Refused, |user| with_git(user, "hub")),
        case(77, "", Refused, |user| {
            user.plan(PLAN);
            fs::write(user.outside("home/.gitconfig"), "").expect("no identity");
            run()
        }),
        case(79, "", Refused, |user| {
            user.plan(PLAN);
            run().with(
                "GIT_QUARANTINE_PATH",
                user.path().join(".git/objects/incoming"),
            )
        }),
        case(79, "for a run that is there", Refused, |user| {
            ran(user);
            say(["resume"]).with(
                "GIT_QUARANTINE_PATH",
                user.path().join(".git/objects/incoming"),
            )
        }),
    ]
}

fn journals() -> Vec<Case> {
    vec![
        case(80, "of a later version", Refused, |user| {
            ran(user);
            rewritten(user, "s/^format = [0-9]*/format = 99/");
            say(["resume"])
        }),
        case(80, "no text", Refused, |user| {
            ran(user);
            rewritten(user, "s/[a-z]/\\x01/g");
            say(["resume"])
        }),
        case(80, "of another run", Refused, |user| {
            ran(user);
            user.git([
                "update-ref",
                "refs/enact/runs/copy",
                "refs/enact/runs/r-test",
            ])
            .success();
            say(["resume", "copy"])
        }),
        case(80, "no journal at all", Refused, |user| {
            ran(user);
            user.git(["update-ref", "refs/enact/runs/r-test", "HEAD"])
                .success();
            say(["resume"])
        }),
        case(80, "gone", Refused, |user| {
            ran(user);
            user.git(["update-ref", "-d", "refs/enact/runs/r-test"])
                .success();
            say(["resume"])
        }),
    ]
}

fn run() -> Said {
    say(["run", "plan.toml", "--yes", "--name", "r-test"])
}

fn ran(user: &User) {
    user.plan(PLAN);
    user.run_plan(&[]).success();
}

/// A bare clone with a plan in it.
fn bare(user: &User) -> String {
    user.plan(PLAN);
    let place = user.outside("bare").to_string_lossy().into_owned();
    user.git(["clone", "--quiet", "--bare", ".", &place])
        .success();
    fs::copy(
        user.path().join("plan.toml"),
        user.outside("bare/plan.toml"),
    )
    .expect("a copy");
    place
}

/// A run where `git` is a program that says this.
fn with_git(user: &User, version: &str) -> Said {
    user.plan(PLAN);
    let bin = user.outside("bin");
    fs::create_dir(&bin).expect("a directory");
    fs::write(bin.join("git"), format!("#!/bin/sh\necho {version}\n")).expect("a script");
    fs::set_permissions(bin.join("git"), fs::Permissions::from_mode(0o755)).expect("an executable");
    run().with("PATH", bin)
}

/// Replaces the newest checkpoint by one whose every file `script` (for `sed`) was run over.
fn rewritten(user: &User, script: &str) {
    let commands = format!(
        "set -e; ref=refs/enact/runs/r-test; \
         git read-tree --index-output=.git/rewritten $ref; export GIT_INDEX_FILE=.git/rewritten; \
         for file in $(git ls-files); do \
           blob=$(git show $ref:$file | sed -e '{script}' | git hash-object -w --stdin); \
           git update-index --cacheinfo 100644,$blob,$file; \
         done; \
         git update-ref $ref $(git log -1 --format=%B $ref | sed -e '{script}' | git commit-tree $(git write-tree) $(git log -1 --format=%P $ref | sed -E \"s/[^ ]+/-p &/g\"))"
    );
    let mut shell = user.command("sh");
    shell.args(["-c", &commands]);
    crate::support::user::Output::of(&mut shell).success();
}
