//! A plan whose run is over may grow: what is new is run, and what was done stays done, whatever the format keeps of it.

use std::fs;

use crate::support::user::User;

const SENDIT: &str = "# Plan: Greetings\n\n\
    ### Task 1: Say hello\n**Files**: `1.txt`\n**Verify**: `true`\n\n\
    ### Task 2: Say it again\n**Files**: `2.txt`\n**Verify**: `true`\n";
const PHASES: &str = "# Greetings\n\n**Status:** Reviewed - Ready for Implementation\n\n## Phases\n\n\
    ### Phase 1: Say hello\n\n**Principal Owner:** Ann\n**Goal:** hello\n**Dependencies:** None\n\
    **Files to create:**\n- `1.txt`\n\n**Acceptance Criteria:**\n- [ ] it is said\n";
const GSD: &str = "---\nphase: 01-greet\nplan: 01\ntype: execute\nwave: 1\ndepends_on: []\n---\n\n<tasks>\n\
    <task type=\"auto\">\n<name>Say hello</name>\n<files>01-01.1.txt</files>\n<action>Say it</action>\n\
    <verify>true</verify>\n<done>said</done>\n</task>\n</tasks>\n";

const CHECKPOINTS: &str = "\n## Execution Checkpoints";

/// A plan, how it grows, and the tasks that its first run begins and the next.
struct Case {
    path: &'static str,
    text: &'static str,
    grow: fn(&str, &str) -> String,
    more: &'static str,
    first: &'static [&'static str],
    then: &'static str,
}

/// The ids of the tasks that a run of the plan begins.
fn begun(user: &User, plan: &str, name: &str) -> Vec<String> {
    let executor = user.executor("commit $ENACT_TASK.txt x");
    let args = [
        "run", plan, "--yes", "--sync", "--name", name, "--", &executor,
    ];
    let output = user.enact(args).success();
    let lines = output.stderr.lines();
    let begun = lines.filter(|line| line.ends_with("attempt 1 started"));
    begun
        .filter_map(|line| Some(line.split_once(' ')?.0.to_owned()))
        .collect()
}

fn land(user: &User) {
    user.enact(["land", "--yes"]).success();
    user.git(["add", "--all"]).success();
    user.git(["commit", "--quiet", "--allow-empty", "--message=Marks"])
        .success();
}

#[test]
fn only_what_is_new_is_run_when_a_plan_grows() {
    let more_phases = "\n### Phase 2: Say goodbye\n\n**Principal Owner:** Ann\n**Goal:** goodbye\n\
                       **Dependencies:** Phase 1\n**Files to create:**\n- `2.txt`\n\n\
                       **Acceptance Criteria:**\n- [ ] it is said\n";
    let more_tasks = "<task type=\"auto\">\n<name>Say goodbye</name>\n<files>01-01.2.txt</files>\n\
                      <action>Say it</action>\n<verify>true</verify>\n<done>said</done>\n</task>\n</tasks>\n";
    let sendit = "\n### Task 3: Say goodbye\n**Files**: `3.txt`\n**Verify**: `true`\n";
    let gsd = ".planning/phases/01-greet/01-01-PLAN.md";
    let phases = ".ai/plans/2026-01-31.greet.md";
    let cases = [
        Case {
            path: phases,
            text: PHASES,
            grow: |text, more| text.replace(CHECKPOINTS, &[more, CHECKPOINTS].concat()),
            more: more_phases,
            first: &["1"],
            then: "2",
        },
        Case {
            path: gsd,
            text: GSD,
            grow: |text, more| text.replace("</tasks>\n", more),
            more: more_tasks,
            first: &["01-01.1"],
            then: "01-01.2",
        },
        Case {
            path: "specs/a/PLAN.md",
            text: SENDIT,
            grow: |text, more| [text, more].concat(),
            more: sendit,
            first: &["1", "2"],
            then: "3",
        },
    ];
    for case in cases {
        let Case {
            path, text, first, ..
        } = case;
        let user = User::new();
        user.write(path, text);
        user.commit("Plan");
        assert_eq!(begun(&user, path, "r-first"), first, "{path}");
        land(&user);
        let now = fs::read_to_string(user.path().join(path)).expect("a plan");
        let grown = (case.grow)(&now, case.more);
        assert_ne!(grown, now, "{path}");
        user.write(path, &grown);
        user.commit("More");
        assert_eq!(begun(&user, path, "r-then"), [case.then], "{path}");
        land(&user);
        let settled = user.enact(["run", path, "--yes"]).success();
        assert!(
            settled.stdout.contains("left to do"),
            "{path}: {}",
            settled.stdout
        );
    }
}

#[test]
fn a_table_with_more_columns_gets_the_rows_that_it_lacks() {
    let user = User::new();
    user.write("PLAN.md", SENDIT);
    let table = "# Progress\n\n| # | Task | Notes | Status | Commit |\n|---|---|---|---|---|\n\
                 | 1 | Say hello | loud | todo | - |\n";
    user.write("PROGRESS.md", table);
    user.commit("Plan");
    assert_eq!(begun(&user, "PLAN.md", "r-first"), ["1", "2"]);
    let text = fs::read_to_string(user.path().join("PROGRESS.md")).expect("a table");
    let rows: Vec<Vec<&str>> = text
        .lines()
        .skip(4)
        .map(|row| row.split('|').map(str::trim).collect())
        .collect();
    assert_eq!(rows.len(), 2, "{text}");
    assert_eq!(rows[0][1..5], ["1", "Say hello", "loud", "done"], "{text}");
    assert_eq!(rows[1][1..5], ["2", "Say it again", "", "done"], "{text}");
    // What a run wrote there is no change of the plan.
    let again = user.enact(["resume", "r-first"]);
    assert!(!again.stderr.contains("has changed"), "{}", again.stderr);
}

#[test]
fn a_table_that_a_run_wrote_in_is_no_changed_plan() {
    let user = User::new();
    user.write("PLAN.md", SENDIT);
    let table = "# Progress\n\n| # | Task | Status | Commit |\n|---|---|---|---|\n| 1 | Say hello | todo | - |\n";
    user.write("PROGRESS.md", table);
    user.commit("Plan");
    let executor = user.executor("[ $ENACT_TASK = 1 ] || exit 3\ncommit $ENACT_TASK.txt x");
    let args = [
        "run", "PLAN.md", "--yes", "--sync", "--name", "r-first", "--", &executor,
    ];
    user.enact(args).code(3);
    user.enact(["skip", "2"]).success();
    let again = user.enact(["run", "PLAN.md"]);
    assert!(!again.stderr.contains("has changed"), "{}", again.stderr);
}

#[test]
fn a_plan_that_landed_and_says_nothing_of_it_is_run_again_with_a_word() {
    let user = User::new();
    user.write(
        "jobs/job-1-a.md",
        "# A\n\n## Implementation Steps\n\n### Step 1: Do it\n**Verify:** `true`\n",
    );
    user.commit("Plan");
    let executor = user.executor("commit $ENACT_RUN.txt x");
    let run = |name: &str| {
        let args = ["run", "jobs", "--yes", "--name", name, "--", &executor];
        user.enact(args).success().stderr
    };
    assert!(!run("r-first").contains("does it again"));
    user.enact(["land", "--yes"]).success();
    let told = run("r-then");
    assert!(
        told.contains(
            "run r-first has done all of this plan and has landed; this run does it again"
        ),
        "{told}"
    );
}
