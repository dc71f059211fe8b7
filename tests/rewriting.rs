//! A plan can be written in the native format and drawn, and says the same.

use std::fs;
use std::path::Path;

use git_enact::graph::Graph;
use git_enact::plan::{
    Check, Dialect, Imported, ImportedStatus, Plan, Selection, load, to_toml, visible,
};
use git_enact::report::graph as drawn;

use crate::support::user::User;

#[test]
fn every_good_plan_can_be_written_in_the_native_format() {
    let mut converted = 0;
    for dialect in Dialect::ALL.map(Dialect::name) {
        let cases = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures/plans")
            .join(dialect);
        for case in fs::read_dir(cases).expect("cases") {
            let case = case.expect("a case").path();
            let Ok(loaded) = load(std::slice::from_ref(&case), &Selection::default()) else {
                continue;
            };
            let Ok(before) = Graph::new(loaded.plan) else {
                continue;
            };
            let is_command = |check: &Check| !matches!(check, Check::Prose(_));
            let text = to_toml(before.plan(), is_command).expect("TOML");
            let place = tempfile::tempdir().expect("a directory");
            let path = place.path().join("plan.toml");
            fs::write(&path, &text).expect("written");
            let Ok(again) = load(std::slice::from_ref(&path), &Selection::default()) else {
                panic!("{} became a faulty plan:\n{text}", case.display());
            };
            let again = Graph::new(again.plan).expect("it still holds");
            assert_eq!(said(&again), said(&before), "{}", case.display());
            converted += 1;
        }
    }
    assert!(converted > 10, "only {converted} plans were converted");
}

/// What a run of a plan depends on.
fn said(graph: &Graph) -> Vec<serde_json::Value> {
    let tasks = graph.tasks().iter().map(|task| {
        let verify = task.verify.iter().filter(|check| !matches!(check, Check::Prose(_)));
        serde_json::json!({
            "id": task.id, "title": task.title, "needs": task.needs, "after": task.after,
            "files": task.files, "creates": task.creates, "depends": task.depends, "run": task.run,
            "verify": verify.map(Check::text).collect::<Vec<_>>(), "body": own(&task.body),
            "kind": task.kind, "agent": task.agent, "group": task.group, "allow_empty": task.allow_empty,
            "acceptance": task.acceptance, "skills": task.skills, "optional": task.optional,
            "review": task.review, "imported": task.imported,
        })
    });
    tasks.collect()
}

/// The text of a task without what tells of it where it stopped before, which the native format has no key for.
fn own(body: &str) -> &str {
    let own = body.split("\n\nWhere it stopped before:\n").next();
    own.unwrap_or_default().trim()
}

/// What `convert` prints of a plan, and the plan as it is read back from that.
fn converted(before: &Graph) -> (String, Plan) {
    let text = to_toml(before.plan(), |check| !matches!(check, Check::Prose(_))).expect("TOML");
    let place = tempfile::tempdir().expect("a directory");
    let path = place.path().join("plan.toml");
    fs::write(&path, &text).expect("written");
    let Ok(again) = load(&[path], &Selection::default()) else {
        panic!("it became a faulty plan:\n{text}");
    };
    let plan = again.plan.clone();
    Graph::new(again.plan).expect("it still holds");
    (text, plan)
}

/// A plan with one task, of which a reader found what `change` puts there.
fn made(change: impl FnOnce(&mut Plan)) -> Graph {
    let place = tempfile::tempdir().expect("a directory");
    let path = place.path().join("plan.toml");
    fs::write(&path, "[[task]]\nid = \"a\"\nverify = [\"true\"]\n").expect("written");
    let Ok(loaded) = load(&[path], &Selection::default()) else {
        panic!("a good plan")
    };
    let mut plan = loaded.plan;
    change(&mut plan);
    Graph::new(plan).expect("it holds")
}

#[test]
fn what_the_native_format_has_on_one_line_is_written_on_one() {
    let before = made(|plan| {
        plan.title = "Two\r\nlines".into();
        plan.artifacts = vec!["doc.md".into(), String::new()];
        let task = &mut plan.tasks[0];
        task.title = " \n".into();
        task.acceptance = vec!["a\n  b  c\n\n".into(), String::new(), "one  line".into()];
        task.agent = Some("Ann\nLee".into());
        task.group = Some("First\nhalf".into());
        task.skills = vec!["/a\n".into(), "\n".into()];
        task.body = "It\nis\n".into();
        task.imported = Some(Imported {
            status: ImportedStatus::Done,
            commit: Some(String::new()),
        });
    });
    let (_, plan) = converted(&before);
    let task = &plan.tasks[0];
    assert_eq!(plan.title, "Two lines");
    assert_eq!(plan.artifacts, ["doc.md"]);
    assert_eq!(task.title, "a", "one without a title is called by its id");
    assert_eq!(task.acceptance, ["a b  c", "one  line"]);
    assert_eq!(task.agent.as_deref(), Some("Ann Lee"));
    assert_eq!(task.group.as_deref(), Some("First half"));
    assert_eq!(task.skills, ["/a"]);
    assert_eq!(task.body, "It\nis\n");
}

#[test]
fn a_printed_plan_repaints_no_terminal_and_says_the_same() {
    let hidden = "A\u{9b}31m\u{9d}0;x\u{202e}\u{e0041}";
    let bodies = [
        format!("{hidden}\n\\ \"\"\" \u{27}\u{27}\u{27} \tend \u{feff}\n"),
        format!("\n\n{hidden}\r\nback\\slash\\\n\"\"\"\""),
        format!("\"{hidden}'\\"),
        "plain 'words' and \\ \"\"\"\n".to_owned(),
        "\u{1b}[2J\u{7f}\u{0}\n".to_owned(),
    ];
    for body in bodies {
        let before = made(|plan| {
            plan.title = hidden.into();
            let task = &mut plan.tasks[0];
            task.acceptance = vec!["é 日本 \\d".into(), format!("{hidden} \\ '\"")];
            task.body = body.clone();
        });
        let (text, plan) = converted(&before);
        assert_eq!(visible(&text), text, "nothing in it is hidden");
        let title = "title = \"A\\u009B31m\\u009D0;x\\u202E\\U000E0041\"";
        assert!(text.contains(title), "{text}");
        assert_eq!(plan.title, hidden);
        assert_eq!(plan.tasks[0].body, body);
        assert_eq!(plan.tasks[0].acceptance, before.tasks()[0].acceptance);
    }
}

#[test]
fn where_a_phase_stopped_before_is_told_in_its_body() {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans/phases/checkpoints");
    let Ok(loaded) = load(&[case], &Selection::default()) else {
        panic!("a good plan")
    };
    let (_, plan) = converted(&Graph::new(loaded.plan).expect("it holds"));
    let told = "\n\nWhere it stopped before:\n\n- The last step that worked: Created parser module\n- Then it ended: Type error in parser.rs:42\n";
    for task in &plan.tasks {
        let is_told = task.body.ends_with(told);
        assert_eq!(is_told, task.id.as_str() == "2", "{}", task.body);
    }
}

#[test]
fn what_waits_for_what_is_drawn() {
    let place = tempfile::tempdir().expect("a directory");
    let path = place.path().join("plan.toml");
    let plan = "[plan]\ntitle = \"P\"\n[[task]]\nid = \"a\"\ntitle = \"Say \\\"hi\\\" #1\"\n[[task]]\nid = \"b\"\nneeds = [\"a\"]\n[[task]]\nid = \"c\"\nneeds = [\"a\"]\nafter = [\"b\"]\n";
    fs::write(&path, plan).expect("written");
    let Ok(loaded) = load(&[path], &Selection::default()) else {
        panic!("a good plan")
    };
    let graph = Graph::new(loaded.plan).expect("it holds");
    assert_eq!(
        drawn::text(&graph),
        "wave 1\n  a  Say \"hi\" #1\nwave 2\n  b  b  (needs a)\nwave 3\n  c  c  (needs a)  (after b)\n"
    );
    assert_eq!(
        drawn::mermaid(&graph),
        "flowchart TD\n    t0[\"a: Say #quot;hi#quot; #35;1\"]\n    t1[\"b: b\"]\n    t2[\"c: c\"]\n    t0 --> t1\n    t0 --> t2\n    t1 -.-> t2\n"
    );
    assert_eq!(
        drawn::dot(&graph),
        "digraph plan {\n    node [shape=box];\n    t0 [label=\"a: Say \\\"hi\\\" #1\"];\n    t1 [label=\"b: b\"];\n    t2 [label=\"c: c\"];\n    t0 -> t1;\n    t0 -> t2;\n    t1 -> t2 [style=dashed];\n}\n"
    );
    assert_eq!(
        drawn::json(&graph)["waves"],
        serde_json::json!([["a"], ["b"], ["c"]])
    );
}

#[test]
fn what_nothing_here_can_run_is_left_out_of_a_native_plan_and_told() {
    let user = User::new();
    user.write(
        "PLAN.md",
        "# Plan\n\n### Task 1: One\n**Verify**: `no-such-tool --check`\n\n\
         ### Task 2: Two\n**Verify**: `true`\n\n### Task 3: Three\n**Verify**: `no-such-tool x`, `no-such-tool y`\n",
    );
    let convert = ["convert", "PLAN.md", "--to", "toml"];
    let told = user.enact(convert).success().complains(
        "warning: what begins with `no-such-tool` is left out, since nothing here is called so and each check of a \
         native plan is a command: 1, 3",
    );
    assert!(!told.stdout.contains("verify = [\"no-such"), "{told}");
    let quiet = user.enact(["--quiet", "convert", "PLAN.md", "--to", "toml"]);
    assert!(!quiet.success().stderr.contains("is left out"));
}

#[test]
fn that_what_is_not_proven_blocks_is_left_out_of_a_native_plan_and_told() {
    let user = User::new();
    user.write(
        ".ai/plans/2026-02-03.a.md",
        "# A\n\n**Status:** Reviewed\n\n## Phases\n\n### Phase 1: Say hello\n**Principal Owner:** A\n\
         **Dependencies:** None\n**Blast Radius:** `true`\n",
    );
    let said = "warning: that a task whose proof fails is `blocked`, and one with nothing but an unmet criterion \
        `partial`, is left out, since a native plan cannot say it";
    user.enact(["convert", ".ai/plans", "--to", "toml"])
        .success()
        .complains(said);
    user.write("PLAN.md", "# Plan\n\n### Task 1: One\n**Verify**: `true`\n");
    let other = user.enact(["convert", "PLAN.md", "--to", "toml"]).success();
    assert!(!other.stderr.contains("`blocked`"), "{other}");
}

#[test]
fn what_is_done_or_may_be_left_out_is_shown_where_a_plan_is() {
    let user = User::new();
    user.write(
        ".kiro/specs/a/tasks.md",
        "# Implementation Plan\n\n- [x] 1. Say hello\n- [ ]* 2. Say it in verse\n- [-] 3. Say goodbye\n",
    );
    user.enact(["check", ".kiro/specs/a"])
        .success()
        .says("Say hello [done]")
        .says("Say it in verse (after 1) [optional]")
        .says("run only when `--only` names them: 2");
    user.enact(["graph", ".kiro/specs/a"])
        .success()
        .says("Say hello  [done]")
        .says("Say it in verse  (after 1)  [optional]")
        .says("Say goodbye  (after 2)  [in progress]");
}

#[test]
fn json_that_is_none_is_shown_where_it_stops_being_any() {
    let user = User::new();
    user.write("todo/tasks.json", "{\"tasks\": [\n  {\"id\": 1,}\n]}\n");
    user.enact(["check", "todo/tasks.json"])
        .code(2)
        .complains("2 |   {\"id\": 1,}");
}
