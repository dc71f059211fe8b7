//! A wide plan runs as wide as its author allows and no wider: sixty tasks in twelve layers on four slots, with
//! executors that wait for each other, so that any other interleaving would never end.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::user::User;

const LAYERS: usize = 12;
const WIDTH: usize = 5;
const SLOTS: usize = 4;

/// The fourth and the fifth task of each layer change the same file; each needs all of the layer before.
fn plan() -> String {
    let mut plan = String::from("[plan]\ntitle = \"Layers\"\n");
    for layer in 1..=LAYERS {
        for nth in 1..=WIDTH {
            let needs = (1..=WIDTH).map(|nth| format!("\"{}.{nth}\"", layer - 1));
            let needs = match layer {
                1 => String::new(),
                _ => format!("needs = [{}]\n", needs.collect::<Vec<_>>().join(", ")),
            };
            let file = if nth < 4 {
                format!("{layer}/{nth}.txt")
            } else {
                format!("{layer}/shared.txt")
            };
            plan += &format!(
                "[[task]]\nid = \"{layer}.{nth}\"\ntitle = \"Task {nth} of layer {layer}\"\nfiles = [\"{file}\"]\n{needs}"
            );
        }
    }
    plan
}

/// Adds a line to the task's own file or to the one that two share.
const WORK: &str = r#"
layer=${ENACT_TASK%.*}; nth=${ENACT_TASK#*.}
test $nth -lt 4 && file=$layer/$nth.txt || file=$layer/shared.txt
mkdir -p $layer; echo "$ENACT_TASK" >> $file; git add $file; git commit -qm "Do $ENACT_TASK"
"#;

/// The first four of a layer end only when all four have begun, and the first three only when the fifth has: so it must
/// have taken the slot of the fourth while those three were still open.
const TOGETHER: &str = r#"
signal began-$ENACT_TASK
layer=${ENACT_TASK%.*}; nth=${ENACT_TASK#*.}
for other in 1 2 3 4; do wait_for began-$layer.$other; done
test $nth -gt 3 || wait_for began-$layer.5
"#;

/// The events of the run as they came, as (name, task).
fn events(user: &User) -> Vec<(String, String)> {
    let log = user.enact(["log", "--json"]).success().stdout;
    let text = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
    let events = log.lines().rev().map(|line| {
        let event: Value = serde_json::from_str(line).expect("a JSON object a line");
        (text(&event, "event"), text(&event, "task"))
    });
    events.collect()
}

fn layer(task: &str) -> usize {
    let (layer, _) = task.split_once('.').expect("`layer.nth`");
    layer.parse().expect("a number")
}

fn tree(user: &User) -> String {
    let tree = user.git(["rev-parse", "enact/r-test/integration^{tree}"]);
    tree.success().stdout
}

#[test]
fn sixty_tasks_in_twelve_layers_run_as_their_graph_allows_and_end_as_they_do_one_by_one() {
    let user = User::new();
    user.plan(&plan());
    let executor = user.executor(&format!("{TOGETHER}{WORK}"));
    user.run("plan.toml", &executor, &["--jobs", "4", "--retries", "0"])
        .success();
    assert_eq!(user.status()["counts"]["done"], LAYERS * WIDTH);

    let shared = |task: &str| task.ends_with(".4") || task.ends_with(".5");
    let mut open: BTreeSet<String> = BTreeSet::new();
    let mut unsettled: BTreeMap<usize, usize> = (1..=LAYERS).map(|layer| (layer, WIDTH)).collect();
    let (mut widest, mut starts) = (0, Vec::new());
    let mut held: BTreeSet<String> = BTreeSet::new();
    for (event, task) in events(&user) {
        match event.as_str() {
            "attempt-started" => {
                let before = unsettled.range(..layer(&task)).map(|(_, count)| count);
                assert_eq!(
                    before.sum::<usize>(),
                    0,
                    "{task} started before the layer above was done"
                );
                if shared(&task) {
                    assert!(held.insert(task.clone()), "{task} started twice");
                    assert_eq!(held.len(), 1, "two that change one file: {held:?}");
                }
                open.insert(task.clone());
                widest = widest.max(open.len());
                starts.push(task);
            }
            "attempt-ended" => assert!(open.remove(&task), "{task} was open"),
            "integrated" => {
                held.remove(&task);
                *unsettled.entry(layer(&task)).or_default() -= 1;
            }
            "judged" | "started" | "finished" => {}
            other => panic!("{other} of {task} is no part of a calm run"),
        }
    }
    assert_eq!(widest, SLOTS, "all slots were used, and no more");
    let in_order =
        (1..=LAYERS).flat_map(|layer| (1..=WIDTH).map(move |nth| format!("{layer}.{nth}")));
    assert_eq!(starts, in_order.collect::<Vec<_>>());

    let alone = User::new();
    alone.plan(&plan());
    let executor = alone.executor(WORK);
    alone
        .run("plan.toml", &executor, &["--sequential"])
        .success();
    assert_eq!(
        tree(&user),
        tree(&alone),
        "the same files, however wide it ran"
    );
    user.assert_whole();
}
