//! The `enact.toml` that proposes what was found: every setting with its meaning, none that the reader refuses.

use std::fmt::Write as _;

use super::{Finding, Found, Purpose};
use crate::config::executors::{SHELL, is_profile};

const HEAD: &str = "\
# Settings of `git enact` for this repository; `git enact help settings` says more about each.
# The environment (ENACT_JOBS=2) and the flags of `git enact run` count more than this file, git config
# (enact.jobs) counts less. A run keeps what it started with.
#
# A line that begins with `#` and no space is a setting that is not in force: its default, an example, or a
# command that is only proposed. Take the `#` away to use it.
#
# The commands were found in the project's own files; none was run. In force is what the project names or
# configures. Its tests prove each task and the whole; its linters and builds are checks of each task, held against
# how they went before it, and prove the whole as well. Only proposed is what is merely usual for a language, and
# what another command should do already.
";

/// The settings before the commands; `executor` is put in.
const BEFORE: &str = r#"
# How many tasks may run side by side. Plans in order (`sendit`, `jobs`) always take one at a time.
#jobs = 4

# How often a task is tried again after its first attempt; 0 in `jobs` plans.
#retries = 1

# How long an attempt may take, and each command that verifies it: "90s", "10m", "1h 30m". Without it, forever.
#timeout = "30m"

# How long an attempt may print nothing. Without it, forever.
#stall_timeout = "10m"

# How long an attempt that is to end is given between INT and TERM, and between TERM and KILL.
#grace = "10s"

# Who commits: "executor"; "tool", git enact does; "auto", git enact commits what a good attempt left uncommitted.
# Without it, the executor does, with "shell" it is "auto", and with a known program what suits that.
#commit = "auto"

# What a change outside the files that a task declares means: "off", "warn" or "enforce".
#scope = "warn"

# Whether a person looks at what was accepted before it is integrated: "off", at each "task" or at each "wave".
#review = "task"

# The executor, by name, that looks into what a kickback says must be found out first.
#research = "claude"

# What happens when a task has failed for good: "ask", "stop" or "skip". Without it, "ask" on a terminal, else "stop".
#on_failure = "stop"

# How much context an executor is given, and whether [checks] are run: "light" or "full".
#weight = "full"

# How many tokens may tell in a task's context what its finished dependencies left.
#summary_tokens = 500

# Whether what is done must survive a power cut at once: "full", or "process" for as much as git itself does.
#durability = "full"

# Whether it is told before the start what stands in the way, and the base is proven as the whole is to be.
#preflight = false

# What every executor should know how to do, besides what the plan asks for.
#skills = ["rust-testing"]

# What an executor has of the repository: a linked "worktree", or a "clone" of its own that borrows the objects.
#isolation = "clone"

# What keeps executors, and the commands that verify their work, from writing elsewhere: "landlock", "bwrap", "none".
#sandbox = "landlock"

# What they may write all the same, such as caches.
#sandbox_write = ["~/.cargo/registry"]

# Whether they have the network; without this, not in "bwrap".
#sandbox_network = true

# Whether an executor's git moves no ref but its task's branch, where it shares yours.
#guard = false

# Whether every attempt gets a new worktree, instead of one that is kept and cleaned.
#fresh = false

# Whether the plan's own files say how far the run is, while it goes on.
#sync = true

# Whether the run ends with a commit on its branch that says it in the plan's own files.
#commit_progress = true

# Variables of your environment that executors and commands get besides a short list.
#pass_env = ["API_KEY"]

# A prompt template (minijinja) in the place of ours, relative to this file.
#prompt = "prompt.md.j2"
"#;

const LIMITS: &str = r#"
# After how much the run pauses: attempts of all tasks, wall-clock time, tokens and US dollars as far as executors tell.
#[limits]
#attempts = 200
#time = "8h"
#tokens = 5000000
#cost = 25.0
"#;

const HOOKS: &str = r#"
# Commands at the turns of each task: before its executor starts, which they may refuse; when everything else has
# accepted an attempt, which they may refuse as well; when it has failed for good.
#[hooks]
#pre-task = "./prepare.sh"
#post-task = "./policy.sh"
#task-failed = "./notify.sh"

# Who does tasks of an agent, id, type or kind, instead of the executor above; who takes over where attempts fail.
#[routes]
#design = "agent"
#[retry]
#executor = "agent"
#after = 2
"#;

/// The file; `executor` is who is to execute, when that is known.
pub fn text(found: &Found, executor: Option<&str>) -> String {
    let named = executor.map_or_else(
        || "#executor = \"agent\"".to_owned(),
        |name| format!("executor = {}", literal(name)),
    );
    let mut text = format!(
        "{HEAD}\n# Who executes: \"shell\" runs the commands that the tasks bring, any other name is one that\n\
         # `git enact executors` lists, or one of [executors].\n{named}\n{BEFORE}"
    );
    text.push_str(
        "\n# Makes a new worktree usable, once for each: git carries no installed packages there.\n",
    );
    text.push_str(&setup(found));
    text.push_str(
        "\n# Prove each task, besides its own commands, on what its attempt committed. A suite that is slow, fails \
         today,\n# or may fail between two tasks does not belong here.\n",
    );
    text.push_str(&list("verify", &each_task(found)));
    text.push_str(
        "\n# Prove the whole once, when every task is settled. Without it, those of the plan.\n",
    );
    text.push_str(&list("final_verify", &whole(found)));
    text.push_str(
        "\n# How often the executor may try to mend the whole when those fail; \"shell\" cannot.\n#fix_rounds = 3\n",
    );
    text.push_str(
        "\n# Quality checks by name. Each is run for every task, and refuses what fails otherwise than before the task.\n\
         # Of a task of kind \"design\" only `build` is asked; at weight \"light\" none is.\n",
    );
    text.push_str(&quality(found));
    text.push_str(LIMITS);
    text.push_str(HOOKS);
    text.push_str(&example(executor));
    text
}

/// How an executor is named, or a known one changed.
fn example(executor: Option<&str>) -> String {
    let name = executor.filter(|name| *name != SHELL).unwrap_or("agent");
    let key = key(name);
    if is_profile(name) {
        return format!(
            "\n# `git enact executors` shows how {name} is run and what to watch out for; this would change it.\n\
             #[executors.{key}]\n#args = [\"--an-option\"]\n#commit = \"auto\"\n"
        );
    }
    format!(
        "\n# An executor by name. `{{prompt}}` and `{{prompt_file}}` are filled in; without either, the prompt comes on\n\
         # standard input. Its `commit` counts where the one above is not set.\n\
         #[executors.{key}]\n#command = [\"some-agent\", \"--prompt-file\", \"{{prompt_file}}\"]\n#commit = \"auto\"\n"
    )
}

/// A command, and whether it is in force there.
type Line<'a> = (&'a Finding, bool);

/// The tests.
fn each_task(found: &Found) -> Vec<Line<'_>> {
    let tests = of(found, Purpose::Test);
    tests.map(|test| (test, test.reserve.is_none())).collect()
}

/// What is not a test, each under a name of its own.
fn quality(found: &Found) -> String {
    let purposes = [Purpose::Build, Purpose::Lint].into_iter();
    let mut taken: Vec<String> = Vec::new();
    let mut lines = String::new();
    let mut all: Vec<&Finding> = purposes.flat_map(|purpose| of(found, purpose)).collect();
    // What is in force has the plain name.
    all.sort_by_key(|finding| finding.reserve.is_some());
    for finding in all {
        let word = word_for(finding);
        let mut others = (2..).map(|nth| format!("{word}-{nth}"));
        let mut name = word.to_owned();
        while taken.contains(&name) {
            name = others.next().unwrap_or_default();
        }
        let mark = if finding.reserve.is_none() { "" } else { "#" };
        let reserve = finding.reserve.as_ref();
        let why = reserve.map_or_else(String::new, |reserve| format!("; {reserve}"));
        let (command, place) = (literal(&finding.command), &finding.place);
        let _ = writeln!(lines, "{mark}{name} = {command} # {place}{why}");
        taken.push(name);
    }
    match lines.is_empty() {
        true => "#[checks]\n#build = \"make build\"\n#lint = \"make lint\"\n".to_owned(),
        false => format!("[checks]\n{lines}"),
    }
}

/// What a check is called.
fn word_for(finding: &Finding) -> &'static str {
    const FORMAT: [&str; 6] = [
        "black",
        "fmt",
        "fmt-check",
        "format",
        "format-check",
        "prettier",
    ];
    const TYPES: [&str; 5] = ["mypy", "pyright", "tsc", "ty", "typecheck"];
    let mut words = finding
        .command
        .split(|c: char| c.is_whitespace() || c == ':');
    let is_one_of = |names: &[&str]| words.clone().any(|word| names.contains(&word));
    if finding.purpose == Purpose::Build {
        "build"
    } else if is_one_of(&FORMAT) {
        "format"
    } else if words.any(|word| TYPES.contains(&word)) {
        "types"
    } else {
        "lint"
    }
}

/// What is quick to refuse comes first.
fn whole(found: &Found) -> Vec<Line<'_>> {
    let purposes = [Purpose::Lint, Purpose::Build, Purpose::Test].into_iter();
    let all = purposes.flat_map(|purpose| of(found, purpose));
    all.map(|finding| (finding, finding.reserve.is_none()))
        .collect()
}

fn of(found: &Found, purpose: Purpose) -> impl Iterator<Item = &Finding> {
    let all = found.findings.iter();
    all.filter(move |finding| finding.purpose == purpose)
}

/// A setting that takes several commands.
fn list(name: &str, lines: &[Line<'_>]) -> String {
    if lines.is_empty() {
        return format!("#{name} = [\"make test\"]\n");
    }
    let mut text = format!("{name} = [\n");
    for (finding, is_active) in lines {
        let mark = if *is_active { "" } else { "#" };
        let reserve = finding.reserve.as_ref();
        let why = reserve.map_or_else(String::new, |reserve| format!("; {reserve}"));
        let _ = writeln!(
            text,
            "    {mark}{}, # {}{why}",
            literal(&finding.command),
            finding.place
        );
    }
    text + "]\n"
}

/// The one command that does what all of them do.
fn setup(found: &Found) -> String {
    let active: Vec<&Finding> = of(found, Purpose::Setup).collect();
    let alone = |finding: &&Finding| match active.len() {
        1 => finding.command.clone(),
        // Each begins at the top.
        _ => format!("({})", finding.command),
    };
    let commands: Vec<String> = active.iter().map(alone).collect();
    let places: Vec<&str> = active
        .iter()
        .map(|finding| finding.place.as_str())
        .collect();
    match commands.is_empty() {
        true => "#setup = \"make deps\"\n".to_owned(),
        false => format!(
            "setup = {} # {}\n",
            literal(&commands.join(" && ")),
            places.join(", ")
        ),
    }
}

/// `text` as a TOML string.
fn literal(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// `name` as a TOML key.
fn key(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match !name.is_empty() && name.chars().all(is_bare) {
        true => name.to_owned(),
        false => literal(name),
    }
}
