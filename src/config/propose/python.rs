//! Python: what `pyproject.toml` configures, and the files of tools that have their own.

use toml::{Table, Value};

use super::{Finding, Folder, Found, Purpose};

/// Files of which one makes a directory a Python project.
const MARKS: [&str; 4] = ["pyproject.toml", "setup.py", "setup.cfg", "tox.ini"];

/// A tool that looks at the source.
struct Linter {
    /// Its table below `[tool]`.
    table: &'static str,
    /// Its own files.
    files: &'static [&'static str],
    command: &'static str,
}

const LINTERS: [Linter; 5] = [
    Linter {
        table: "ruff",
        files: &["ruff.toml", ".ruff.toml"],
        command: "ruff check .",
    },
    Linter {
        table: "black",
        files: &[],
        command: "black --check .",
    },
    Linter {
        table: "flake8",
        files: &[".flake8"],
        command: "flake8",
    },
    Linter {
        table: "mypy",
        files: &["mypy.ini", ".mypy.ini"],
        command: "mypy .",
    },
    Linter {
        table: "pyright",
        files: &["pyrightconfig.json"],
        command: "pyright",
    },
];

/// Who keeps the packages: how a command runs among them, and how they get there.
struct Keeper {
    table: &'static str,
    lock: &'static str,
    run: &'static str,
    /// Nothing when running does it.
    install: Option<&'static str>,
}

const KEEPERS: [Keeper; 4] = [
    Keeper {
        table: "uv",
        lock: "uv.lock",
        run: "uv run ",
        install: None,
    },
    Keeper {
        table: "poetry",
        lock: "poetry.lock",
        run: "poetry run ",
        install: Some("poetry install"),
    },
    Keeper {
        table: "pdm",
        lock: "pdm.lock",
        run: "pdm run ",
        install: Some("pdm install"),
    },
    Keeper {
        table: "pipenv",
        lock: "Pipfile.lock",
        run: "pipenv run ",
        install: Some("pipenv sync --dev"),
    },
];

pub(super) fn find(folder: &Folder, found: &mut Found) -> bool {
    let Some(mark) = folder.first(&MARKS) else {
        return false;
    };
    let project = folder.toml("pyproject.toml", found).unwrap_or_default();
    let python = Python {
        folder,
        tools: project.get("tool").and_then(Value::as_table),
        project: &project,
    };
    let locked = KEEPERS.iter().find(|keeper| folder.has(keeper.lock));
    let keeper = locked.or_else(|| {
        KEEPERS
            .iter()
            .find(|keeper| python.configures(keeper.table))
    });
    if let Some(install) = keeper.and_then(|keeper| keeper.install) {
        let by = keeper
            .map(|keeper| keeper.lock)
            .filter(|lock| folder.has(lock));
        let place = folder.place(by.unwrap_or("pyproject.toml"));
        found
            .findings
            .push(folder.finding(Purpose::Setup, install, place));
    }
    let run = keeper.map_or("", |keeper| keeper.run);
    found.findings.extend(python.tests(run));
    found.findings.extend(python.lints(run));
    if project.contains_key("build-system") {
        let command = if run == "uv run " {
            "uv build"
        } else {
            "python -m build"
        };
        let build = folder.finding(Purpose::Build, command, folder.place(mark));
        found
            .findings
            .push(build.but("only packages are built by it"));
    }
    true
}

struct Python<'a> {
    folder: &'a Folder,
    project: &'a Table,
    tools: Option<&'a Table>,
}

impl Python<'_> {
    fn configures(&self, tool: &str) -> bool {
        self.tools.is_some_and(|tools| tools.contains_key(tool))
    }

    /// The place where a tool is configured: its table, or the first of its own files.
    fn configured(&self, table: &str, files: &[&str]) -> Option<String> {
        match self.configures(table) {
            true => Some(self.folder.place(&format!("pyproject.toml: tool.{table}"))),
            false => self.folder.first(files).map(|file| self.folder.place(file)),
        }
    }

    fn tests(&self, run: &str) -> Vec<Finding> {
        let files = ["pytest.toml", "pytest.ini", "conftest.py"];
        let pytest = self.configured("pytest", &files).or_else(|| {
            let depends = depends_on(self.project, "pytest");
            depends.then(|| self.folder.place("pyproject.toml: pytest"))
        });
        let of = |command: String, place| self.folder.finding(Purpose::Test, command, place);
        let mut tests = Vec::new();
        if let Some(place) = pytest {
            tests.push(of(format!("{run}pytest"), place));
        }
        for (tool, file) in [("tox", "tox.ini"), ("nox", "noxfile.py")] {
            let Some(place) = self.configured(tool, &[file]) else {
                continue;
            };
            let test = of(tool.to_owned(), place);
            tests.push(match tests.first() {
                Some(first) => {
                    let reserve = format!("`{}` should do it", first.command);
                    test.but(&reserve)
                }
                None => test,
            });
        }
        if tests.is_empty() && self.folder.dir.join("tests").is_dir() {
            let test = of(format!("{run}pytest"), self.folder.place("tests"));
            tests.push(test.but("usual, and nothing here configures it"));
        }
        tests
    }

    fn lints(&self, run: &str) -> Vec<Finding> {
        let mut lints = Vec::new();
        let mut add = |command: &str, place| {
            let command = format!("{run}{command}");
            lints.push(self.folder.finding(Purpose::Lint, command, place));
        };
        for linter in &LINTERS {
            let Some(place) = self.configured(linter.table, linter.files) else {
                continue;
            };
            let table = self
                .tools
                .and_then(|tools| tools.get(linter.table)?.as_table());
            let has = |key: &str| table.is_some_and(|table| table.contains_key(key));
            // Told what to look at, it must not be told otherwise.
            let is_told = ["files", "packages", "modules"].iter().any(|key| has(key));
            match linter.table {
                "mypy" if is_told => add("mypy", place),
                "ruff" if has("format") => {
                    add(linter.command, place.clone());
                    add("ruff format --check .", format!("{place}.format"));
                }
                _ => add(linter.command, place),
            }
        }
        lints
    }
}

/// Whether a project asks for a package, for itself or for its development.
fn depends_on(project: &Table, package: &str) -> bool {
    let at = |path: &[&str]| {
        let mut at = project;
        for name in path {
            at = at.get(*name)?.as_table()?;
        }
        Some(at)
    };
    let names = |list: &Value| {
        let required = list.as_array().into_iter().flatten();
        required
            .filter_map(Value::as_str)
            .any(|requirement| name_of(requirement) == package)
    };
    let named = |table: Option<&Table>| table.is_some_and(|table| table.contains_key(package));
    let lists = [
        at(&["project", "optional-dependencies"]),
        at(&["dependency-groups"]),
        at(&["tool", "pdm", "dev-dependencies"]),
    ];
    let single = [at(&["project"]), at(&["tool", "uv"])];
    let keys = ["dependencies", "dev-dependencies"];
    let groups = at(&["tool", "poetry", "group"]).into_iter().flatten();
    let mut grouped = groups.map(|(_, group)| group.get("dependencies").and_then(Value::as_table));
    lists
        .into_iter()
        .flatten()
        .flatten()
        .any(|(_, list)| names(list))
        || single
            .into_iter()
            .flatten()
            .any(|table| keys.iter().filter_map(|key| table.get(*key)).any(&names))
        || named(at(&["tool", "poetry", "dependencies"]))
        || named(at(&["tool", "poetry", "dev-dependencies"]))
        || grouped.any(named)
}

/// The package that a requirement such as `pytest[x]>=8; python_version > "3.9"` is about.
fn name_of(requirement: &str) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let end = requirement
        .find(|c| !is_name(c))
        .unwrap_or(requirement.len());
    requirement[..end].to_ascii_lowercase()
}
