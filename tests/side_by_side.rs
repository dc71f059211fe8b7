//! Tasks that may run side by side do, those that may not never do, and what does not fit is done anew.

use crate::support::user::User;

const PAIR: &str = r#"
[plan]
title = "Pair"
[[task]]
id = "a"
title = "Do a"
[[task]]
id = "b"
title = "Do b"
"#;

/// Fails when another attempt is under way, which a directory tells.
const ALONE: &str = r#"
mkdir "$HOME/../busy" || { : > "$HOME/../overlap"; exit 9; }
commit "$ENACT_TASK.txt" work
rmdir "$HOME/../busy"
"#;

#[test]
fn independent_tasks_run_side_by_side_up_to_the_number_of_jobs() {
    let user = User::new();
    let mut plan = String::from("[plan]\ntitle = \"Wide\"\n");
    for id in ["a", "b", "c", "d"] {
        plan.push_str(&format!("[[task]]\nid = \"{id}\"\ntitle = \"Do {id}\"\n"));
    }
    plan.push_str("[[task]]\nid = \"e\"\ntitle = \"Do e\"\nneeds = [\"a\", \"b\", \"c\", \"d\"]\n");
    user.plan(&plan);
    // Each waits for all the others to have begun: unless the four overlap, none ever ends.
    let executor = user.executor(
        "signal $ENACT_TASK-runs; for id in a b c d; do wait_for $id-runs; done; commit $ENACT_TASK.txt w",
    );
    user.run("plan.toml", &executor, &["--jobs", "4", "--retries", "0"])
        .success();
    assert_eq!(user.at("enact/r-test/integration", "e.txt"), "w\n");
    user.assert_whole();
}

#[test]
fn a_task_starts_only_after_those_it_needs_and_from_their_work() {
    let user = User::new();
    user.plan(&format!("{PAIR}needs = [\"a\"]\n"));
    let executor =
        user.executor("test $ENACT_TASK = a || test -e a.txt || exit 9; commit $ENACT_TASK.txt w");
    user.run("plan.toml", &executor, &["--jobs", "4"]).success();
    assert_eq!(user.task("b")["attempts"], 1);
}

#[test]
fn order_reaches_past_tasks_that_are_not_run_themselves() {
    let chain = |status: &str| {
        format!(
            "[plan]\ntitle = \"Chain\"\n[[task]]\nid = \"a\"\ntitle = \"A\"\n\
             [[task]]\nid = \"b\"\ntitle = \"B\"\nafter = [\"a\"]\n{status}\
             [[task]]\nid = \"c\"\ntitle = \"C\"\nafter = [\"b\"]\n\
             [[task]]\nid = \"d\"\ntitle = \"D\"\nneeds = [\"b\"]\n"
        )
    };
    for (status, flags) in [
        (
            "status = \"done\"\n",
            &["--jobs", "4", "--retries", "0"][..],
        ),
        ("", &["--jobs", "4", "--retries", "0", "--only", "a,c,d"]),
    ] {
        let user = User::new();
        user.plan(&chain(status));
        let executor = user
            .executor("test $ENACT_TASK = a || test -e a.txt || exit 9; commit $ENACT_TASK.txt w");
        user.run("plan.toml", &executor, flags).success();
        assert_eq!(user.task("c")["attempts"], 1);
    }
}

#[test]
fn a_sequential_run_never_overlaps() {
    let user = User::new();
    user.plan(PAIR);
    let executor = user.executor(ALONE);
    user.run("plan.toml", &executor, &["--sequential"])
        .success();
    assert!(
        !user.outside("overlap").exists(),
        "no two attempts ran at once"
    );
}

#[test]
fn sequential_dialects_accept_jobs_and_stay_sequential() {
    let sendit = "# Plan: Two\n\n### Task 1: One\n\n**Action**: it\n**Verify**: it works\n\n### Task 2: Two\n\n**Action**: it\n**Verify**: it works\n";
    let job = "# It - Implementation Plan\n\n## Step 1\n\nDo it.\n";
    for files in [
        &[("PLAN.md", sendit)][..],
        &[("job-2-b.md", job), ("job-10-c.md", job)],
    ] {
        let user = User::new();
        for (name, text) in files {
            user.write(&format!("p/{name}"), text);
        }
        user.commit("Plan");
        let executor = user.executor(ALONE);
        user.run("p", &executor, &["--jobs", "4"]).success();
        assert!(
            !user.outside("overlap").exists(),
            "no two attempts of {files:?} ran at once"
        );
    }
}

#[test]
fn tasks_that_a_sendit_plan_calls_independent_still_count_as_done_each() {
    let plan = "# Plan: Two\n\n### Task 1: One\n\n**Files**: `1.txt`\n**Action**: it\n**Verify**: `test -s 1.txt`\n\n\
        ### Task 2: Two\n\n**Files**: `2.txt`\n**Action**: it\n**Verify**: `test -s 2.txt`\n**Independent**: yes\n";
    let user = User::new();
    user.write("p/PLAN.md", plan);
    user.commit("Plan");
    let executor = user.executor("commit $ENACT_TASK.txt w");
    user.run("p", &executor, &["--scope", "enforce"]).success();
    assert_eq!(user.status()["counts"]["done"], 2);
}

#[test]
fn of_two_that_change_the_same_line_the_second_is_done_again_on_the_first() {
    let user = User::new();
    user.plan(PAIR);
    let executor = user.executor(
        r#"cp "$ENACT_PROMPT_FILE" "$HOME/../prompt-$ENACT_TASK-$ENACT_ATTEMPT"
signal $ENACT_TASK-runs; wait_for a-runs; wait_for b-runs
test $ENACT_TASK = a || wait_for a-done
echo $ENACT_TASK >> README.md; git commit -qam "Do $ENACT_TASK $ENACT_ATTEMPT"
git rev-parse HEAD > "$HOME/../commit-$ENACT_TASK-$ENACT_ATTEMPT""#,
    );
    let run = user.start_run("plan.toml", &executor, &["--retries", "0"]);
    crate::support::user::wait_until("a is integrated", || {
        let log = user.git(["log", "--format=%s", "enact/r-test/integration"]);
        log.stdout.contains("Do a 1")
    });
    user.signal("a-done");
    run.end().success();
    let (a, b) = (user.task("a"), user.task("b"));
    assert_eq!(
        (&a["attempts"], &b["attempts"]),
        (&1.into(), &2.into()),
        "conflicts are no retries"
    );
    assert_eq!(
        user.at("enact/r-test/integration", "README.md"),
        "# example\na\nb\n"
    );
    let prompt = user.noted("prompt-b-2");
    assert!(
        prompt.contains("conflicts with what was integrated meanwhile in README.md"),
        "{prompt}"
    );
    let first = user.noted("commit-b-1");
    user.git([
        "merge-base",
        "--is-ancestor",
        &first,
        "refs/enact/runs/r-test",
    ])
    .success();
    user.assert_whole();
}

#[test]
fn what_never_fits_ends_the_run_partial_and_both_branches_are_there() {
    let user = User::new();
    user.plan(
        "[plan]\ntitle = \"Two\"\njobs = 2\n[[task]]\nid = \"a\"\ntitle = \"A\"\n\
         [[task]]\nid = \"b\"\ntitle = \"B\"\n",
    );
    // However often it is told, `b` brings what it made first.
    let executor = user.executor(
        r#"case $ENACT_TASK$ENACT_ATTEMPT in
  a*) wait_for b-made; commit README.md a ;;
  b1) commit README.md b; git rev-parse HEAD > "$HOME/../first"; signal b-made
      until git log --format=%s "enact/$ENACT_RUN/integration" | grep -q README; do sleep 0.02; done ;;
  b*) git reset --quiet --hard "$(cat "$HOME/../first")" ;;
esac"#,
    );
    user.run(
        "plan.toml",
        &executor,
        &["--retries", "1", "--on-failure", "skip"],
    )
    .code(1);
    assert_eq!(user.status()["run"]["status"], "partial");
    assert_eq!(user.task("a")["status"], "done");
    assert_eq!(user.task("b")["status"], "failed");
    let theirs = user.task("b")["branch"].clone();
    let theirs = theirs.as_str().expect("its branch is named");
    assert_eq!(user.at(theirs, "README.md"), "b\n");
    assert_eq!(user.at("enact/r-test/integration", "README.md"), "a\n");
    user.assert_whole();
}

#[test]
fn what_merges_cleanly_keeps_both_commits_with_their_ids() {
    let user = User::new();
    user.plan(PAIR);
    let executor = user.executor(
        "signal $ENACT_TASK-runs; wait_for a-runs; wait_for b-runs; commit $ENACT_TASK.txt w; git rev-parse HEAD > \"$HOME/../commit-$ENACT_TASK\"",
    );
    user.run("plan.toml", &executor, &[]).success();
    for id in ["a", "b"] {
        let commit = user.noted(&format!("commit-{id}"));
        assert_eq!(user.task(id)["commit"], commit.as_str());
        user.git([
            "merge-base",
            "--is-ancestor",
            &commit,
            "enact/r-test/integration",
        ])
        .success();
    }
}

#[test]
fn what_merges_cleanly_but_fails_together_is_done_again() {
    let user = User::new();
    user.plan(&format!(
        "{PAIR}verify = [\"test ! -e a.txt -o -e seen-a.txt\"]\n"
    ));
    let executor = user.executor(
        r#"cp "$ENACT_PROMPT_FILE" "$HOME/../prompt-$ENACT_TASK-$ENACT_ATTEMPT"
signal $ENACT_TASK-runs; wait_for a-runs; wait_for b-runs
test $ENACT_TASK = a || wait_for a-done
test $ENACT_TASK = a || test ! -e a.txt || : > seen-a.txt
commit $ENACT_TASK.txt w"#,
    );
    let run = user.start_run("plan.toml", &executor, &["--retries", "0"]);
    crate::support::user::wait_until("a is integrated", || {
        user.git(["cat-file", "-e", "enact/r-test/integration:a.txt"])
            .status
            == 0
    });
    user.signal("a-done");
    run.end().success();
    assert_eq!(user.task("b")["attempts"], 2);
    let prompt = user.noted("prompt-b-2");
    assert!(
        prompt.contains("fails together with what was integrated meanwhile"),
        "{prompt}"
    );
    user.git(["cat-file", "-e", "enact/r-test/integration:seen-a.txt"])
        .success();
}

#[test]
fn two_runs_side_by_side_in_one_repository_both_finish() {
    let user = User::new();
    user.write("one.toml", &PAIR.replace("Pair", "One"));
    user.write("two.toml", &PAIR.replace("Pair", "Two"));
    user.commit("Plans");
    let script = |mine: &str, other: &str| {
        user.script(
            mine,
            &format!(
                "cd \"$ENACT_WORKTREE\"; : > \"$HOME/../{mine}-runs\"; n=0; while ! test -e \"$HOME/../{other}-runs\"; do n=$((n + 1)); test $n -lt 3000 || exit 99; sleep 0.02; done\n\
                 echo {mine} > {mine}-$ENACT_TASK.txt; git add -A; git commit -qm {mine}"
            ),
        )
    };
    let (one, two) = (script("one", "two"), script("two", "one"));
    let runs = [("one", &one), ("two", &two)].map(|(name, executor)| {
        let plan = format!("{name}.toml");
        user.start(["run", &plan, "--yes", "--name", name, "--", executor])
    });
    for run in runs {
        run.end().success();
    }
    for name in ["one", "two"] {
        user.git([
            "cat-file",
            "-e",
            &format!("enact/{name}/integration:{name}-b.txt"),
        ])
        .success();
    }
    let list = user.enact(["list"]).success();
    assert_eq!(
        list.stdout
            .lines()
            .filter(|line| line.contains("complete"))
            .count(),
        2,
        "{list}"
    );
    user.assert_whole();
}

/// `b` and `d` change what `a` does; `c` is free.
const SHARED: &str = r#"
[plan]
title = "Shared"
[[task]]
id = "a"
title = "Do a"
files = ["src/**"]
[[task]]
id = "b"
title = "Do b"
creates = ["src/b.txt"]
[[task]]
id = "c"
title = "Do c"
files = ["c.txt"]
[[task]]
id = "d"
title = "Do d"
files = ["src/*.txt", "d.txt"]
"#;

#[test]
fn tasks_that_change_the_same_files_run_one_after_the_other_and_the_rest_beside_them() {
    let user = User::new();
    user.plan(SHARED);
    // `a` ends only when `c` runs, which is behind `b` in the plan.
    let executor = user.executor(
        r#"
case $ENACT_TASK in
c) signal c-runs; wait_for b-runs; commit c.txt c; exit ;;
b) signal b-runs ;;
a) wait_for c-runs ;;
esac
mkdir "$HOME/../busy" || exit 9
commit src/$ENACT_TASK.txt w
rmdir "$HOME/../busy""#,
    );
    user.run("plan.toml", &executor, &["--jobs", "4", "--retries", "0"])
        .success();
    assert_eq!(user.status()["counts"]["done"], 4);
}

#[test]
fn what_waits_for_a_person_keeps_nobody_waiting() {
    let user = User::new();
    user.plan(&SHARED.replacen(
        "files = [\"src/**\"]",
        "files = [\"src/**\"]\nreview = true",
        1,
    ));
    let executor = user.executor("commit src/$ENACT_TASK.txt w");
    user.run("plan.toml", &executor, &["--jobs", "4", "--retries", "0"])
        .code(3);
    let status = user.status();
    assert_eq!(status["counts"]["done"], 3, "{status}");
    assert_eq!(user.task("a")["status"], "blocked");
}

#[test]
fn the_longest_chain_starts_first_on_several_slots_and_the_plan_decides_on_one() {
    let plan = "[plan]\ntitle = \"Chains\"\n[[task]]\nid = \"a\"\ntitle = \"A\"\n[[task]]\nid = \"b\"\ntitle = \"B\"\n\
        [[task]]\nid = \"c\"\ntitle = \"C\"\n[[task]]\nid = \"d\"\ntitle = \"D\"\nneeds = [\"c\"]\n";
    for (jobs, first) in [("1", "a b"), ("2", "c a")] {
        let user = User::new();
        user.plan(plan);
        let executor = user.executor("commit $ENACT_TASK.txt w");
        user.run("plan.toml", &executor, &["--jobs", jobs])
            .success();
        let log = user.enact(["log", "--json"]).success().stdout;
        let started = log.lines().rev().filter_map(|line| {
            let event: serde_json::Value = serde_json::from_str(line).expect("JSON");
            (event["event"] == "attempt-started")
                .then(|| event["task"].as_str().expect("an id").to_owned())
        });
        let started: Vec<String> = started.take(2).collect();
        assert_eq!(started.join(" "), first, "with {jobs} slots");
    }
}

#[test]
fn check_and_graph_show_what_stands_in_the_way_of_running_side_by_side() {
    let user = User::new();
    user.plan(&format!(
        "{SHARED}[[task]]\nid = \"e\"\ntitle = \"E\"\nfiles = [\"d.txt\", \"c.txt\"]\nneeds = [\"c\"]\n\
         [[task]]\nid = \"f\"\ntitle = \"F\"\nfiles = [\"f.txt\"]\n[[task]]\nid = \"g\"\ntitle = \"G\"\nfiles = [\"f.txt\"]\n\
         [[task]]\nid = \"h\"\ntitle = \"H\"\nfiles = [\"f.txt\"]\n"
    ));
    let told = [
        "a changes src/**, and b and d files among them: not side by side\n",
        "b changes src/b.txt, and d src/*.txt: they run one after the other\n",
        "d and e both change d.txt: they run one after the other\n",
        "f, g and h all change f.txt: they run one after the other\n",
    ];
    for command in ["check", "graph"] {
        let output = user.enact([command, "plan.toml"]).success();
        for line in told {
            output.clone().says(line);
        }
        assert!(
            !output.stdout.contains("c.txt: they"),
            "e needs c: {output}"
        );
    }
    user.enact(["check", "plan.toml", "--strict"]).success();
    let json = user
        .enact(["check", "plan.toml", "--json"])
        .success()
        .stdout;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let expected = serde_json::json!({"files": ["d.txt"], "tasks": ["d", "e"]});
    let overlaps = json["overlaps"].as_array().expect("a list");
    assert!(overlaps.contains(&expected), "{json}");
    let sequential = user.path().join("one.toml");
    let text = std::fs::read_to_string(user.path().join("plan.toml")).expect("the plan");
    std::fs::write(
        &sequential,
        text.replace("title = \"Shared\"", "title = \"Shared\"\njobs = 1"),
    )
    .expect("a plan");
    let one = user.enact(["check", "one.toml"]).success().stdout;
    assert!(
        !one.contains("after the other"),
        "nothing runs side by side: {one}"
    );
}

#[test]
fn attempts_that_do_not_fit_together_are_told_of_while_they_run() {
    let user = User::new();
    user.plan(PAIR);
    // Both have committed before either may end.
    let executor =
        user.executor("commit shared.txt $ENACT_TASK; signal $ENACT_TASK-committed; wait_for go");
    let args = [
        "run",
        "plan.toml",
        "--yes",
        "--name",
        "r-test",
        "--jobs",
        "2",
        "--",
        &executor,
    ];
    let running = user.start(args);
    running.wait_until_it_says(
        "note: what a and b have committed so far conflicts in shared.txt: the later one will be tried again",
    );
    user.signal("go");
    running.end().success();
    let attempts = ["a", "b"].map(|task| user.task(task)["attempts"].as_u64().unwrap_or(0));
    assert_eq!(
        attempts.iter().sum::<u64>(),
        3,
        "one of them was tried again"
    );
}

#[test]
fn an_object_that_an_attempt_has_cut_short_keeps_nobody_from_looking_at_the_others() {
    let user = User::new();
    user.plan(&format!("{PAIR}[[task]]\nid = \"c\"\ntitle = \"Do c\"\n"));
    let executor = user.executor(
        r#"if test $ENACT_TASK != a; then commit shared.txt $ENACT_TASK; signal $ENACT_TASK-committed; wait_for go; exit; fi
commit a.txt a
tree=$(git rev-parse HEAD^{tree}); rest=${tree#??}
file=$(git rev-parse --git-common-dir)/objects/${tree%$rest}/$rest
cp "$file" "$HOME/whole"; chmod u+w "$file"; head -c 5 "$HOME/whole" > "$file"
wait_for go; cat "$HOME/whole" > "$file""#,
    );
    let args = [
        "run",
        "plan.toml",
        "--yes",
        "--name",
        "r-test",
        "--jobs",
        "3",
        "--",
        &executor,
    ];
    let running = user.start(args);
    running.wait_until_it_says("note: what b and c have committed so far conflicts in shared.txt");
    user.signal("go");
    running.end().success();
}
