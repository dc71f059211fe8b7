//! JavaScript and TypeScript: the scripts of `package.json`, run by the manager whose lock file is there.

use serde_json::Value;

use super::{Folder, Found, Purpose};

/// The scripts that are looked for, and what they are for.
const SCRIPTS: [(&str, Purpose); 9] = [
    ("test", Purpose::Test),
    ("lint", Purpose::Lint),
    ("typecheck", Purpose::Lint),
    ("type-check", Purpose::Lint),
    ("check-types", Purpose::Lint),
    ("check", Purpose::Lint),
    ("format:check", Purpose::Lint),
    ("format-check", Purpose::Lint),
    ("build", Purpose::Build),
];

/// What `npm init` writes where there are no tests.
const NO_TESTS: &str = "no test specified";

/// Who installs packages and runs scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manager {
    Npm,
    Pnpm,
    Yarn,
    Bun,
}

/// The lock files, each with whose it is.
const LOCKS: [(&str, Manager); 6] = [
    ("pnpm-lock.yaml", Manager::Pnpm),
    ("yarn.lock", Manager::Yarn),
    ("bun.lock", Manager::Bun),
    ("bun.lockb", Manager::Bun),
    ("package-lock.json", Manager::Npm),
    ("npm-shrinkwrap.json", Manager::Npm),
];

pub(super) fn find(folder: &Folder, found: &mut Found) -> bool {
    let manifest = "package.json";
    if !folder.has(manifest) {
        return false;
    }
    let Some(package) = folder.json(manifest, found) else {
        return true;
    };
    let place = folder.place(manifest);
    let lock = LOCKS.iter().find(|(file, _)| folder.has(file));
    let lock = lock.map(|(file, manager)| (*file, *manager));
    let manager = named(&package).or(lock.map(|(_, manager)| manager));
    let manager = manager.unwrap_or(Manager::Npm);
    let lock = lock.filter(|(_, whose)| *whose == manager);
    if needs_packages(&package) {
        let locked = lock.map(|(file, _)| file);
        let from = folder.place(locked.unwrap_or(manifest));
        let install = install(folder, manager, locked);
        found
            .findings
            .push(folder.finding(Purpose::Setup, install, from));
    }
    for (name, purpose) in SCRIPTS {
        let Some(script) = package["scripts"][name].as_str() else {
            continue;
        };
        if script.contains(NO_TESTS) {
            continue;
        }
        let place = format!("{place}: scripts.{name}");
        let finding = folder.finding(purpose, run(manager, name), place);
        found.findings.push(match watches(script) {
            true => finding.but("it seems to wait for changes and would not end"),
            false => finding,
        });
    }
    true
}

/// The manager that `packageManager` names, such as `pnpm@9.1.0`.
fn named(package: &Value) -> Option<Manager> {
    let named = package["packageManager"].as_str()?;
    match named.split('@').next()? {
        "npm" => Some(Manager::Npm),
        "pnpm" => Some(Manager::Pnpm),
        "yarn" => Some(Manager::Yarn),
        "bun" => Some(Manager::Bun),
        _ => None,
    }
}

fn needs_packages(package: &Value) -> bool {
    ["dependencies", "devDependencies"].iter().any(|kind| {
        let needed = package[kind].as_object();
        needed.is_some_and(|needed| !needed.is_empty())
    })
}

/// How packages are installed without changing the lock file, where there is one.
fn install(folder: &Folder, manager: Manager, lock: Option<&str>) -> &'static str {
    // The lock files of Yarn 2 and later are YAML with this entry; Yarn 1 does not know `--immutable`.
    let is_modern = |lock: &str| {
        let text = folder.read(lock).unwrap_or_default();
        text.lines().any(|line| line.starts_with("__metadata:"))
    };
    match (manager, lock) {
        (Manager::Npm, Some(_)) => "npm ci",
        (Manager::Npm, None) => "npm install --no-package-lock",
        (Manager::Pnpm, Some(_)) => "pnpm install --frozen-lockfile",
        (Manager::Pnpm, None) => "pnpm install --no-lockfile",
        (Manager::Yarn, Some(lock)) if is_modern(lock) => "yarn install --immutable",
        (Manager::Yarn, Some(_)) => "yarn install --frozen-lockfile",
        (Manager::Yarn, None) => "yarn install",
        (Manager::Bun, Some(_)) => "bun install --frozen-lockfile",
        (Manager::Bun, None) => "bun install --no-save",
    }
}

fn run(manager: Manager, script: &str) -> String {
    match (manager, script) {
        (Manager::Npm, "test") => "npm test".to_owned(),
        (Manager::Npm, _) => format!("npm run {script}"),
        (Manager::Pnpm, _) => format!("pnpm run {script}"),
        (Manager::Yarn, _) => format!("yarn run {script}"),
        // `bun test` is a test runner of its own.
        (Manager::Bun, _) => format!("bun run {script}"),
    }
}

/// Whether a script goes on until somebody ends it, as far as its words tell.
fn watches(script: &str) -> bool {
    let mut words = script.split_whitespace();
    let asks = |word: &str| matches!(word, "--watch" | "--watchAll" | "-w" | "watch");
    words.any(asks) || script.contains("react-scripts test")
}
