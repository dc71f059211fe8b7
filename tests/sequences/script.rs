//! The plan of a sequence as its author wrote it, and the executor that does with each task what the reference knows of it.

use super::model::{Deed, Plan};
use crate::support::user::User;

/// The words that make every deed a good one.
pub(super) const WORDS: &str = "the answer is 42";

pub(super) fn id(task: usize) -> String {
    format!("t{task}")
}

/// The plan as its author wrote it.
pub(super) fn text(plan: &Plan) -> String {
    let list = |tasks: &[usize]| {
        let names: Vec<String> = tasks
            .iter()
            .map(|&task| format!("\"{}\"", id(task)))
            .collect();
        names.join(", ")
    };
    let mut text = "[plan]\ntitle = \"Sequences\"\n".to_owned();
    for (task, planned) in plan.tasks.iter().enumerate() {
        let name = id(task);
        let leans = plan.leans_on(task).map(|need| {
            let need = id(need);
            format!(", \"test -s own-{need}.txt || test -s alone-{name}.txt\"")
        });
        text += &format!(
            "[[task]]\nid = \"{name}\"\ntitle = \"{:?}\"\nneeds = [{}]\nafter = [{}]\n\
             verify = [\"test -s own-{name}.txt\"{}]\n",
            planned.deed,
            list(&planned.needs),
            list(&planned.after),
            leans.unwrap_or_default()
        );
    }
    text
}

/// What every executor does.
pub(super) fn executor(user: &User, plan: &Plan) -> String {
    let mut cases = String::new();
    for (task, planned) in plan.tasks.iter().enumerate() {
        let does = match planned.deed {
            Deed::Fails => "told || exit 1".to_owned(),
            Deed::Blocks => "told || exit 125".to_owned(),
            Deed::Kicks => {
                "told || { echo '{\"status\": \"KICKBACK\", \"signal\": \"missing_context\", \
                            \"reason\": \"which one?\"}'; exit 0; }"
                    .to_owned()
            }
            Deed::Good | Deed::Leans => match plan.leans_on(task) {
                Some(need) => format!(
                    "test -e own-{}.txt || echo \"alone-$ENACT_TASK: yes\" > alone-$ENACT_TASK.txt",
                    id(need)
                ),
                None => continue,
            },
        };
        cases += &format!("  {}) {does} ;;\n", id(task));
    }
    let root = user.outside("").display().to_string();
    let root = root.trim_end_matches('/');
    user.script(
        "work",
        &format!(
            r#"echo "$ENACT_TASK $ENACT_ATTEMPT" >> {root}/executed.log
prompt=$(cat)
told() {{ case $prompt in *"{WORDS}"*) true;; *) false;; esac; }}
if test -e {root}/halt; then rm {root}/halt; : > "$ENACT_GIT_COMMON_DIR/enact/runs/$ENACT_RUN/stop"; fi
case $ENACT_TASK in
{cases}esac
echo "own-$ENACT_TASK: $ENACT_ATTEMPT" > own-$ENACT_TASK.txt
sed -i "s/^$ENACT_TASK: .*/$ENACT_TASK: $ENACT_ATTEMPT/" shared.txt
git add -A && git commit -qm "Do $ENACT_TASK""#
        ),
    )
}
