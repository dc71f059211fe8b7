//! What a run will meet that its user may want to know before it starts, each with what to do about it.
//!
//! It is told and refuses nothing: nothing of the checkout is touched, and a missing program may be what a task is to
//! make. Looks at files and names only; whether the base is sound is for commands, which run once they are approved.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::git::{Oid, Repo};
use crate::graph::Graph;
use crate::plan::{Check, Dialect, Task};
use crate::run::names::{listed, short};
use crate::run::policy::{Executor, Policy};
use crate::verify::checks::{Programs, first_word};

/// How many names a finding lists.
const NAMED: usize = 4;

/// Something to know before a run starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub what: String,
    /// How to go on.
    pub help: String,
}

/// What is looked at.
struct Look<'l> {
    repo: &'l Repo,
    policy: &'l Policy,
    base: Oid,
    /// The tasks that the run is to do.
    open: Vec<&'l Task>,
}

/// All that is found of a run of `graph` from `base`; `plan` are the files that it was read from.
pub fn look(
    repo: &Repo,
    graph: &Graph,
    policy: &Policy,
    base: Oid,
    plan: &[PathBuf],
    programs: &impl Programs,
) -> Result<Vec<Finding>> {
    let open = (graph.tasks().iter().enumerate())
        .filter(|(index, task)| policy.selects(graph, *index) && task.is_open())
        .map(|(_, task)| task)
        .collect();
    let look = Look {
        repo,
        policy,
        base,
        open,
    };
    let mut found = Vec::new();
    found.extend(uncommitted(&look, plan)?);
    found.extend(commands_without_program(policy, programs));
    found.extend(checks_without_program(&look.open, programs));
    found.extend(agents_without_file(repo, graph.plan().dialect, &look.open));
    Ok(found)
}

/// What the run does not start with, although it lies in the checkout: changes of what is tracked, and new files that
/// tasks name. Its plan, its settings and its executor it has.
fn uncommitted(look: &Look<'_>, plan: &[PathBuf]) -> Result<Option<Finding>> {
    let Some(top) = look.repo.checkout() else {
        return Ok(None);
    };
    let argv = match &look.policy.executor {
        Executor::Command { argv, .. } => argv.iter().map(PathBuf::from).collect(),
        Executor::Shell => Vec::new(),
    };
    let own = plan.iter().chain(&argv);
    let own: Vec<PathBuf> = own.filter_map(|path| path.canonicalize().ok()).collect();
    let is_own = |path: &Path| {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        // An untracked directory is named in the place of what lies in it.
        own.iter().any(|own| own.starts_with(&path)) || path.ends_with("enact.toml")
    };
    let declared = look
        .open
        .iter()
        .flat_map(|task| task.files.iter().chain(&task.creates));
    let declared: BTreeSet<&str> = declared.map(|path| path.trim_start_matches("./")).collect();
    let is_meant = |path: &str| {
        let mut next = declared.range(path..);
        next.next()
            .is_some_and(|declared| declared.starts_with(path))
    };
    let changed = look.repo.uncommitted()?;
    let changed: Vec<&str> = (changed.iter())
        .filter(|changed| !changed.is_untracked || is_meant(&changed.path))
        .map(|changed| changed.path.as_str())
        .filter(|path| !is_own(&top.join(path)))
        .collect();
    Ok((!changed.is_empty()).then(|| Finding {
        what: format!(
            "not everything in your checkout is committed ({}): the run starts from {} without it",
            listed(&changed, NAMED),
            short(&look.base.to_string())
        ),
        help: format!(
            "commit first what tasks build on; nothing of your checkout is touched before `land`{}",
            if look.policy.sync {
                ", but for the marks of the plan"
            } else {
                ""
            }
        ),
    }))
}

/// Commands of the run that cannot succeed, because nothing here has their name.
fn commands_without_program(policy: &Policy, programs: &impl Programs) -> Vec<Finding> {
    let each = policy
        .verify
        .iter()
        .map(|command| ("verifies each task", command));
    let whole = policy
        .final_verify
        .iter()
        .map(|command| ("verifies the whole", command));
    let setup = policy
        .setup
        .iter()
        .map(|command| ("sets up each worktree", command));
    let commands = each.chain(whole).chain(setup);
    let lacking = commands.filter_map(|(role, command)| {
        let program = lacking(command, programs)?;
        Some(Finding {
            what: format!(
                "`{command}`, which {role}, cannot run: nothing here is called `{program}`"
            ),
            help: format!("install `{program}`, or change the command"),
        })
    });
    lacking.collect()
}

/// Checks of tasks that nothing here can run, by what they lack.
fn checks_without_program(tasks: &[&Task], programs: &impl Programs) -> Vec<Finding> {
    let mut lacks: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for task in tasks {
        let code = task
            .verify
            .iter()
            .filter(|check| !matches!(check, Check::Prose(_)));
        let lacking: BTreeSet<&str> = code
            .filter_map(|check| lacking(check.text(), programs))
            .collect();
        for program in lacking {
            lacks.entry(program).or_default().push(task.id.as_str());
        }
    }
    let told = lacks.into_iter().map(|(program, tasks)| Finding {
        what: format!(
            "nothing here is called `{program}`, by which {} {} to be verified",
            match tasks.len() {
                1 => format!("task {}", tasks[0]),
                _ => format!("tasks {}", listed(&tasks, NAMED)),
            },
            if tasks.len() == 1 { "is" } else { "are" },
        ),
        help: format!("install `{program}`; until then these checks fail or prove nothing"),
    });
    told.collect()
}

/// The program of a command, when it is a name that nothing here has. What is named by a path may be made yet.
fn lacking<'c>(command: &'c str, programs: &impl Programs) -> Option<&'c str> {
    let word = first_word(command)?;
    let is_name = word
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_.+".contains(c));
    (is_name && !programs.has(word)).then_some(word)
}

/// Owners of phases for whom no agent is described where the others are.
fn agents_without_file(repo: &Repo, dialect: Dialect, tasks: &[&Task]) -> Option<Finding> {
    let dir = repo.checkout()?.join(AGENTS);
    if dialect != Dialect::Phases || !dir.is_dir() {
        return None;
    }
    let owners: BTreeSet<&str> = tasks
        .iter()
        .filter_map(|task| task.agent.as_deref())
        .collect();
    let missing: Vec<&str> = owners
        .into_iter()
        .filter(|owner| !is_described(&dir, owner))
        .collect();
    (!missing.is_empty()).then(|| Finding {
        what: format!("{} has no file in `{AGENTS}`", listed(&missing, NAMED)),
        help: format!(
            "describe it in `{AGENTS}/{}.md`, or give the phase to another",
            slug(missing[0])
        ),
    })
}

/// Where agents are described.
const AGENTS: &str = ".claude/agents";

fn is_described(dir: &Path, owner: &str) -> bool {
    dir.join(format!("{}.md", slug(owner))).is_file()
}

/// `Feature Tester (Rust)` as `feature-tester-rust`.
fn slug(owner: &str) -> String {
    let words = owner.split(|c: char| !c.is_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join("-")
}
