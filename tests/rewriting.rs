//! A plan can be written in the native format and drawn, and says the same.

use std::fs;
use std::path::Path;

use git_enact::graph::Graph;
use git_enact::plan::{Check, Dialect, Selection, load, to_toml};
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
            "verify": verify.map(Check::text).collect::<Vec<_>>(), "body": task.body.trim(),
            "kind": task.kind, "agent": task.agent, "group": task.group, "allow_empty": task.allow_empty,
            "acceptance": task.acceptance, "skills": task.skills, "optional": task.optional,
            "review": task.review, "imported": task.imported,
        })
    });
    tasks.collect()
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
