//! The shape of the source is held as its behaviour is: who may use whom, who owns which boundary, how long
//! a page may be, and that no document forgets what the code has. Reads `src` as text; rustfmt keeps it regular.

use std::path::{Path, PathBuf};

use git_enact::run::event::Event;

/// The modules in the order of `lib.rs`, each with those it uses.
const EDGES: [(&str, &[&str]); 20] = [
    // Anything that has an effect may say where it could be interrupted: not repeated below.
    ("crash", &[]),
    ("plan", &[]),
    ("graph", &["plan"]),
    ("run", &["plan", "graph"]),
    // How a process ended is what the core decides by, so the core owns the word for it.
    ("process", &["run"]),
    // Of `run` only how worktrees are isolated.
    ("git", &["run", "process"]),
    ("journal", &["plan", "graph", "run", "git"]),
    ("attempt", &["plan", "run", "process"]),
    ("verify", &["plan", "run", "process", "git"]),
    ("preflight", &["plan", "graph", "run", "git", "verify"]),
    ("integrate", &["git"]),
    ("history", &["plan", "graph", "run", "git"]),
    ("export", &["plan", "graph", "run", "git", "journal"]),
    ("report", &["plan", "graph", "run", "verify", "preflight"]),
    ("config", &["plan", "run", "git", "attempt"]),
    ("approval", &["plan", "graph", "run", "git"]),
    (
        "world",
        // Of `report` only how a time span is said, for the PROGRESS notes.
        &[
            "plan",
            "graph",
            "run",
            "process",
            "git",
            "journal",
            "attempt",
            "verify",
            "integrate",
            "export",
            "export",
            "report",
            "approval",
        ],
    ),
    // Of `run` only how a branch is said.
    ("land", &["run", "process", "git", "journal"]),
    (
        "care",
        &["plan", "graph", "run", "process", "git", "journal", "world"],
    ),
    (
        "cli",
        &[
            "plan",
            "graph",
            "run",
            "process",
            "git",
            "journal",
            "verify",
            "preflight",
            "history",
            "export",
            "report",
            "config",
            "approval",
            "world",
            "land",
            "care",
        ],
    ),
];

/// What only its owners may say, and the uses that are none of the boundary's business.
const FENCES: [(&str, &[&str], &[&str]); 8] = [
    ("git2", &["src/git/"], &[]),
    // The demo makes a repository for its user, as its user would.
    ("\"git\"", &["src/git/", "src/cli/demo.rs"], &[]),
    // A program may say how it ends; only `process` starts others.
    (
        "std::process",
        &["src/process/", "src/main.rs"],
        &["::ExitCode", "::abort"],
    ),
    // What is meant is the crate: the level has the same name.
    ("landlock::", &["src/process/"], &[]),
    ("refs/enact", &["src/journal/layout.rs"], &[]),
    ("refs/notes", &["src/journal/layout.rs"], &[]),
    ("println!", &["src/report/"], &[]),
    ("anstream::std", &["src/report/"], &[]),
];

/// Longer than a page, and why.
const LONG: [(&str, &str); 1] = [
    // The transition table is one match, so that no pair of phase and event can hide.
    ("src/run/fold.rs", "fn apply_to_task"),
];

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

#[test]
fn a_module_uses_only_those_that_the_table_names_and_those_stand_above_it() {
    let lib = read("src/lib.rs");
    let declared: Vec<&str> = lib
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    assert_eq!(
        declared,
        EDGES.map(|(name, _)| name),
        "the table follows lib.rs"
    );
    for (place, (name, uses)) in EDGES.iter().enumerate() {
        for used in *uses {
            assert!(
                declared[..place].contains(used),
                "`{used}` must stand above `{name}`"
            );
        }
    }
    for (path, text) in sources("src") {
        let Some((name, uses)) = EDGES.iter().find(|(name, _)| module_of(&path) == *name) else {
            continue;
        };
        for line in code(&text) {
            assert!(
                !line.contains("crate::{"),
                "{path}: one `use` a module: {line}"
            );
            for used in line.split("crate::").skip(1) {
                let used: &str = used
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .next()
                    .unwrap_or("");
                let allowed = used == *name || used == "crash" || uses.contains(&used);
                assert!(allowed, "{path}: `{name}` must not use `{used}`: {line}");
            }
        }
    }
}

#[test]
fn each_boundary_has_one_owner() {
    for (path, text) in sources("src") {
        for line in code(&text) {
            for (word, owners, harmless) in FENCES {
                let is_owner = owners.iter().any(|owner| path.starts_with(owner));
                let is_meant =
                    |rest: &str| !harmless.iter().any(|harmless| rest.starts_with(harmless));
                let crosses = !is_owner && line.split(word).skip(1).any(is_meant);
                assert!(!crosses, "{path}: only {owners:?} may say `{word}`: {line}");
            }
        }
    }
}

#[test]
fn no_page_is_too_long() {
    for (path, text) in sources("src") {
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines.len() <= FILE_LINES_MAX,
            "{path} has {} lines",
            lines.len()
        );
        for (start, line) in lines.iter().enumerate() {
            let signature = line.trim_start();
            let is_function = [
                "fn ",
                "pub fn ",
                "pub(super) fn ",
                "pub(crate) fn ",
                "pub(in crate::git) fn ",
            ]
            .iter()
            .any(|lead| signature.starts_with(lead));
            let excepted = LONG
                .iter()
                .any(|(file, name)| path == *file && signature.starts_with(name));
            if is_function && !excepted {
                let length = length(&lines[start..]);
                assert!(
                    length <= FUNCTION_LINES_MAX,
                    "{path}:{}: {length} lines: {signature}",
                    start + 1
                );
            }
        }
    }
}

/// How many lines the function takes that begins on the first of `lines`.
fn length(lines: &[&str]) -> usize {
    let indent = lines[0].len() - lines[0].trim_start().len();
    let ends = |line: &&str| {
        let is_level = line.len() > indent && line.trim_start().len() == line.len() - indent;
        is_level && (line.ends_with('}') || line.ends_with(';'))
    };
    1 + lines.iter().position(ends).expect("the function ends")
}

#[test]
fn no_test_file_is_forgotten() {
    let main = read("tests/main.rs");
    for (path, _) in sources("tests") {
        let name = path.trim_start_matches("tests/").trim_end_matches(".rs");
        let is_declared =
            name == "main" || name.contains('/') || main.contains(&format!("mod {name};"));
        assert!(is_declared, "{path} is not declared in tests/main.rs");
    }
}

#[test]
fn no_document_forgets_what_the_code_has() {
    let format = read("src/journal/format.md");
    for name in quoted(&read("src/journal/layout.rs"), "refs/") {
        assert!(format.contains(&name), "format.md must explain `{name}`");
    }
    for name in Event::NAMES {
        assert!(
            format.contains(&format!("`{name}`")),
            "format.md must name the event `{name}`"
        );
    }
    let protocol = read("src/attempt/protocol.md");
    for (path, text) in sources("src") {
        let is_told = path.starts_with("src/attempt/") || path.starts_with("src/process/");
        for name in quoted(&text, "ENACT_")
            .into_iter()
            .filter(|name| is_told && name.len() > "ENACT_".len() && name != "ENACT_*")
        {
            let is_known = protocol.contains(&format!("`{name}`"));
            assert!(
                is_known || path.ends_with("environment.rs"),
                "protocol.md must explain `{name}` of {path}"
            );
        }
    }
    let readme = read("README.md");
    let statuses = read("src/cli/exit.rs");
    for status in statuses
        .lines()
        .filter_map(|line| line.split_once(" = ")?.1.strip_suffix(','))
    {
        assert!(
            readme.contains(&format!("\n| {status} | ")),
            "README.md must explain exit status {status}"
        );
    }
    let commands = read("src/cli/mod.rs");
    let (_, commands) = commands.split_once("enum Command {").expect("the commands");
    let (commands, _) = commands.split_once("\n}").expect("their end");
    for command in commands
        .lines()
        .filter_map(|line| line.trim().split_once('('))
    {
        let command = command.0.to_lowercase();
        assert!(
            readme.contains(&format!("\n| `git enact {command}")),
            "README.md must explain `{command}`"
        );
    }
}

/// The string literals of `text` that begin with `start`, up to the first thing put into them.
fn quoted(text: &str, start: &str) -> Vec<String> {
    let open = format!("\"{start}");
    let rest = text.split(&open).skip(1);
    rest.map(|rest| {
        format!(
            "{start}{}",
            rest.split(['"', '{', ' ']).next().unwrap_or_default()
        )
    })
    .collect()
}

/// The lines of `text` without comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(|line| match line.trim_start().starts_with("//") {
            true => "",
            false => line.split(" // ").next().unwrap_or(line),
        })
}

/// The top-level module that the file at `path` belongs to.
fn module_of(path: &str) -> &str {
    let below = path.trim_start_matches("src/");
    below.split(['/', '.']).next().unwrap_or(below)
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every Rust file below `dir`, by its path in the project.
fn sources(dir: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut open: Vec<PathBuf> = vec![root.join(dir)];
    let mut found = Vec::new();
    while let Some(current) = open.pop() {
        for entry in std::fs::read_dir(&current).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path
                    .strip_prefix(root)
                    .expect("below")
                    .to_string_lossy()
                    .into_owned();
                found.push((name, std::fs::read_to_string(&path).expect("text")));
            }
        }
    }
    found.sort();
    found
}
