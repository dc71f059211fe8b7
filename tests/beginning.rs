//! `init` proposes what the project's own files say, runs none of it, and replaces nothing.

use git_enact::config::Settings;

use crate::support::user::User;

/// A project in four languages that wraps its linters only.
fn project() -> User {
    let user = User::new();
    user.write("Makefile", "$(shell touch ran)\nlint: fmt\n\truff check\n");
    user.write("Cargo.toml", "[workspace]\nmembers = []\n");
    user.write(
        "web/package.json",
        r#"{"scripts": {"test": "vitest run", "build": "touch ran", "lint": "eslint --watch ."},
            "packageManager": "pnpm@9.1.0", "devDependencies": {"vitest": "3"}}"#,
    );
    user.write("web/pnpm-lock.yaml", "");
    user.write("web/yarn.lock", "");
    user.write(
        "py/pyproject.toml",
        "[dependency-groups]\ndev = ['PyTest[x]>=8']\n[tool.mypy]\nfiles = ['src']\n[tool.tox]\n[tool.black]\n",
    );
    user.write("py/poetry.lock", "");
    user.write("the api/go.mod", "module api\n");
    user.write("the api/.golangci.yml", "");
    user.write("node_modules/other/package.json", "{}");
    user.commit("Project");
    user
}

fn written(user: &User) -> String {
    std::fs::read_to_string(user.path().join("enact.toml")).expect("it was written")
}

/// What the reader makes of `text` as the settings of `user`'s project.
fn read(user: &User, text: &str) -> Settings {
    user.write("enact.toml", text);
    Settings::read(&user.path().join("enact.toml")).expect("the reader takes it")
}

#[test]
fn what_several_languages_name_is_in_force_and_what_is_usual_is_proposed() {
    let user = project();
    let said = user.enact(["init"]).success().stdout;
    let said = said.replace(&user.path().display().to_string(), "");
    insta::assert_snapshot!(format!("{said}\n{}", written(&user)));
}

#[test]
fn nothing_is_executed_and_nothing_but_the_file_is_made() {
    let user = project();
    user.enact(["init"]).success();
    let changed = user.git(["status", "--porcelain"]).success().stdout;
    assert_eq!(changed, "?? enact.toml\n");
    let refs = user.git(["for-each-ref"]).success().stdout;
    assert_eq!(refs.lines().count(), 1, "{refs}");
}

#[test]
fn a_run_takes_the_file_as_it_is() {
    let user = project();
    user.enact(["init", "--executor", "shell"]).success();
    user.write(
        "plan.toml",
        "[[task]]\nid = 'a'\ntitle = 'A'\nrun = 'true'\n",
    );
    user.enact(["run", "plan.toml", "--dry-run"])
        .success()
        .says("verify each task: cargo test --workspace\n")
        .says("verify each task: cd 'the api' && go test ./...\n")
        .says("verify the whole: make lint\n")
        .says("set up each worktree: (cd web && pnpm install --frozen-lockfile) && (cd py && poetry install)\n");
}

#[test]
fn a_known_program_needs_no_definition() {
    let user = project();
    let output = user.enact(["init", "--executor", "claude"]).success();
    assert!(!output.stderr.contains("claude"), "{output}");
    let text = written(&user);
    assert!(text.contains("\nexecutor = \"claude\"\n"), "{text}");
    assert!(text.contains("#[executors.claude]\n#args = "), "{text}");
    let settings = text.replace("#[executors.claude]\n#args", "[executors.claude]\nargs");
    user.write("enact.toml", &settings);
    user.enact(["executors"])
        .success()
        .says("--allowedTools Bash --an-option\n");
}

#[test]
fn every_setting_is_in_the_file_and_right_once_its_mark_is_taken_away() {
    let user = project();
    user.enact(["init", "--executor", "my agent"])
        .success()
        .complains("note: `my agent` is a name of yours");
    let text = written(&user);
    let (table, _) = include_str!("../src/config/settings.md")
        .split_once("\n## ")
        .expect("a table, and what is to be said of it");
    let names = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let settings = names.filter(|(name, _)| *name != "enact.toml" && !name.starts_with('['));
    let mut count = 0;
    for (name, _) in settings {
        count += 1;
        let is_there = [format!("\n{name} = "), format!("\n#{name} = ")];
        assert!(is_there.iter().any(|line| text.contains(line)), "{name}");
    }
    assert!(count > 10, "the settings are found");
    let unmarked: String = text
        .lines()
        .map(|line| {
            let (indent, rest) = line.split_at(line.len() - line.trim_start().len());
            let is_setting = rest.starts_with('#') && !rest.starts_with("# ") && rest != "#";
            format!("{indent}{}\n", if is_setting { &rest[1..] } else { rest })
        })
        .collect();
    let settings = read(&user, &unmarked);
    assert_eq!(settings.executor.as_deref(), Some("my agent"));
    assert!(settings.executors.contains_key("my agent"), "{settings:?}");
    assert_eq!(settings.jobs, Some(4));
    assert!(
        settings
            .final_verify
            .contains(&"cargo build --workspace".to_owned())
    );
}

#[test]
fn the_lock_file_says_who_runs_the_scripts() {
    let scripts = r#"{"scripts": {"test": "x", "build": "y"}, "dependencies": {"a": "1"}}"#;
    for (lock, text, expected) in [
        (
            "",
            "",
            ["npm install --no-package-lock", "npm test", "npm run build"],
        ),
        (
            "package-lock.json",
            "{}",
            ["npm ci", "npm test", "npm run build"],
        ),
        (
            "pnpm-lock.yaml",
            "",
            [
                "pnpm install --frozen-lockfile",
                "pnpm run test",
                "pnpm run build",
            ],
        ),
        (
            "yarn.lock",
            "# yarn lockfile v1\n",
            [
                "yarn install --frozen-lockfile",
                "yarn run test",
                "yarn run build",
            ],
        ),
        (
            "yarn.lock",
            "__metadata:\n  version: 8\n",
            [
                "yarn install --immutable",
                "yarn run test",
                "yarn run build",
            ],
        ),
        (
            "bun.lock",
            "{}",
            [
                "bun install --frozen-lockfile",
                "bun run test",
                "bun run build",
            ],
        ),
    ] {
        let user = User::new();
        user.write("package.json", scripts);
        if !lock.is_empty() {
            user.write(lock, text);
        }
        user.enact(["init"]).success();
        let settings = read(&user, &written(&user));
        let [setup, test, build] = expected.map(str::to_owned);
        assert_eq!(settings.setup.as_ref(), Some(&setup), "{lock}");
        assert_eq!(settings.verify, std::slice::from_ref(&test), "{lock}");
        assert_eq!(settings.final_verify, [build, test], "{lock}");
    }
}

#[test]
fn a_file_that_is_there_stays_as_it_is() {
    let user = project();
    user.write("enact.toml", "jobs = 7\n");
    user.enact(["init"])
        .code(2)
        .complains("enact.toml` exists and is left as it is: edit it, or move it away (`mv '");
    assert_eq!(written(&user), "jobs = 7\n");
    std::fs::remove_file(user.path().join("enact.toml")).expect("removed");
    std::os::unix::fs::symlink("../elsewhere", user.path().join("enact.toml")).expect("a link");
    user.enact(["init"]).code(2).complains("exists");
    assert!(!user.outside("elsewhere").exists(), "no link is followed");
}

#[test]
fn it_is_written_at_the_top_wherever_it_is_asked_for() {
    let user = project();
    user.enact(["-C", "web", "init", "--quiet"]).success();
    assert!(written(&user).contains("\"cargo test --workspace\", # Cargo.toml\n"));
    user.git(["clone", "--quiet", "--bare", ".", "../bare"])
        .success();
    user.enact(["-C", "../bare", "init"])
        .code(2)
        .complains("the repository is bare");
}

#[test]
fn what_cannot_be_read_is_told_and_an_empty_project_is_told_what_to_write() {
    let user = User::new();
    user.write("package.json", "{\"scripts\": ");
    std::fs::write(user.path().join("Cargo.toml"), b"\xff").expect("written");
    user.enact(["init"])
        .success()
        .complains("note: Cargo.toml: it is no text that can be read")
        .complains("note: package.json: EOF while parsing")
        .says("no test, lint or build command was found: name yours in `verify`");
    let settings = read(&user, &written(&user));
    assert_eq!(settings, Settings::default(), "nothing is in force");
}
