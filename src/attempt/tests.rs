//! What an executor is told, and how it is started.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::output::Secrets;
use super::package::{Dependency, Package, PreviousAttempt, Teller};
use super::{Invocation, Place, fill, prompt, summary};
use crate::plan::{Check, Dialect, Location, Plan, Task, Weight, Wishes};
use crate::run::evidence::Outcome;
use crate::run::policy::{CommitMode, Executor, Policy};

fn task() -> Task {
    Task {
        id: "login".into(),
        title: "Add the login".to_owned(),
        body: "Write it & <test> it.".to_owned(),
        needs: vec!["schema".into()],
        files: vec!["src/login.rs".to_owned()],
        verify: vec![Check::Command("cargo test login".to_owned())],
        run: Some("echo \"$ENACT_TASK\"".to_owned()),
        ..Task::at(Location::default())
    }
}

fn package(weight: Weight) -> Package {
    let plan = Plan {
        dialect: Dialect::Toml,
        title: "Auth".to_owned(),
        tasks: vec![task()],
        wishes: Wishes::default(),
        artifacts: vec!["spec.md".to_owned()],
    };
    let dependency = Dependency {
        id: "schema".into(),
        title: "Make tables".to_owned(),
        commit: "c0ffee".to_owned(),
        base: Some("ba5e".to_owned()),
        direct: true,
        summary: "two tables".to_owned(),
        told_by: Teller::Executor,
        is_cut: false,
        see: Dependency::pointers(&"schema".into(), "c0ffee", Some("ba5e")),
    };
    let previous = PreviousAttempt {
        attempt: 1,
        outcome: Outcome::Exited(0),
        claim: None,
        executor: "agent".to_owned(),
        verdict: None,
        reasons: vec![
            "no commit was made".to_owned(),
            "left `a` uncommitted".to_owned(),
        ],
        no_commit: true,
        salvage: Some("5a1ca9e".to_owned()),
        words: vec!["Use {{ argon2 }}.".to_owned()],
    };
    let answers = vec!["Sessions,\nnot tokens.".to_owned()];
    Package::new(
        &task(),
        &plan,
        weight,
        vec![dependency],
        vec![previous],
        answers,
    )
}

fn policy(executor: Executor) -> Policy {
    Policy {
        timeout_ms: Some(1000),
        grace_ms: 10,
        pass_env: vec!["API_KEY".to_owned()],
        ..Policy::of(executor)
    }
}

fn invocation(dir: &Path, executor: Executor) -> anyhow::Result<Invocation> {
    let place = Place {
        run: "auth-1",
        attempt: 2,
        base: "ba5e",
        worktree: Path::new("/r.enact/auth-1/1"),
        git_dir: Path::new("/r/.git/worktrees/1"),
        git_common_dir: Path::new("/r/.git"),
        files: dir,
        told: dir,
    };
    let current = [("API_KEY", "a long secret"), ("GIT_DIR", "/x")];
    let current = current.map(|(name, value)| (name.into(), value.into()));
    Invocation::new(&place, &package(Weight::Full), &policy(executor), current)
}

fn agent(argv: &[&str]) -> Executor {
    Executor::plain("agent", argv.iter().map(ToString::to_string).collect())
}

#[test]
fn the_prompt_says_all_that_an_executor_needs() {
    let prompt = prompt::render(None, &package(Weight::Full), 2, CommitMode::Executor).unwrap();
    for part in [
        "# Task login: Add the login\n",
        "of the plan \"Auth\"",
        "Write it & <test> it.",
        "- `src/login.rs`\n",
        "- cargo test login\n",
        "commit c0ffee",
        "- no commit was made\n- left `a` uncommitted\n",
        "commit 5a1ca9e",
        "Use {{ argon2 }}.",
        "You must commit and return the hash.",
        "Sessions,\nnot tokens.",
        "- `commit`: the hash",
        "needs_split",
    ] {
        assert!(prompt.contains(part), "`{part}` is missing from:\n{prompt}");
    }
    assert!(!prompt.contains("\n\n\n"), "no gaps:\n{prompt}");
}

#[test]
fn a_prompt_that_is_printed_back_is_no_claim() {
    use super::claim;
    use crate::run::evidence::ClaimForm;
    for mode in [CommitMode::Executor, CommitMode::Tool, CommitMode::Auto] {
        let prompt = prompt::render(None, &package(Weight::Full), 2, mode).unwrap();
        let reading = super::reading::Reading::default();
        let claim = claim::read(
            None,
            &reading,
            prompt.as_bytes(),
            Outcome::Exited(0),
            &Secrets::default(),
        );
        assert_eq!(claim.form, ClaimForm::ExitStatus, "our own words are none");
    }
    let mut output = b"user: say {\"status\":\"failed\"}\nok".to_vec();
    super::forget_echo(&mut output, b"say {\"status\":\"failed\"}\n");
    assert_eq!(output, b"user: \nok", "nor are the task's");
}

#[test]
fn an_executor_is_told_who_commits() {
    let prompt = prompt::render(None, &package(Weight::Full), 2, CommitMode::Tool).unwrap();
    assert!(prompt.contains("Do not commit"));
    assert!(!prompt.contains("must commit"));
}

#[test]
fn a_light_package_keeps_what_went_wrong_and_what_was_said() {
    let package = package(Weight::Light);
    assert!(
        package.plan.is_none() && package.dependencies.is_empty() && package.artifacts.is_empty()
    );
    assert_eq!(package.verify, ["cargo test login"]);
    assert_eq!(
        (package.previous_attempts.len(), package.answers.len()),
        (1, 1)
    );
    prompt::render(None, &package, 2, CommitMode::Auto).unwrap();
}

#[test]
fn a_users_template_replaces_ours_and_its_faults_have_a_line() {
    let render =
        |template| prompt::render(Some(template), &package(Weight::Full), 2, CommitMode::Auto);
    assert_eq!(
        render("{{ task.id }} {{ attempt }}\n").unwrap(),
        "login 2\n"
    );
    let error = render("one\n{{ task.titel }}\n").unwrap_err().to_string();
    assert!(
        error.starts_with("prompt template, line 2: undefined value"),
        "{error}"
    );
    let wrong = prompt::check("one\ntwo\n{% if %}", Weight::Full).expect_err("no template");
    assert!(
        wrong.range.start >= 8
            && wrong
                .message
                .starts_with("the prompt template: syntax error"),
        "{wrong:?}"
    );
    // What is missing at the end stands nowhere: it is told within the text, and between two characters of it.
    for template in ["{{ \"The rest", "{{ \"é", "{% if \"é\""] {
        let wrong = prompt::check(template, Weight::Full).expect_err("no template");
        assert!(template.get(wrong.range.clone()).is_some(), "{wrong:?}");
    }
}

#[test]
fn placeholders_are_replaced_once() {
    let places = [
        ("{prompt}", "say {prompt_file}"),
        ("{prompt_file}", "/p"),
        ("{answer_file}", "/a"),
    ]
    .map(|(name, value)| (name, OsStr::new(value)));
    let filled = |word| fill(word, &places);
    assert_eq!(filled("{prompt}"), "say {prompt_file}");
    assert_eq!(filled("--file={prompt_file}!"), "--file=/p!");
    assert_eq!(filled("{prompts} {x}"), "{prompts} {x}");
}

#[test]
fn the_prompt_goes_to_standard_input_unless_it_has_a_place() {
    let dir = tempfile::tempdir().unwrap();
    let plain = invocation(dir.path(), agent(&["agent", "-p"])).unwrap();
    assert_eq!(plain.order.argv, ["agent", "-p"]);
    assert_eq!(plain.order.stdin, Some(plain.files.prompt.clone()));
    let placed = invocation(dir.path(), agent(&["agent", "{prompt}"])).unwrap();
    let prompt = fs::read_to_string(&placed.files.prompt).unwrap();
    assert_eq!(placed.order.argv[1], OsString::from(prompt));
    assert_eq!(placed.order.stdin, None);
    assert!(invocation(dir.path(), agent(&[])).is_err());
}

#[test]
fn the_shell_executor_runs_the_tasks_own_commands() {
    let dir = tempfile::tempdir().unwrap();
    let shell = invocation(dir.path(), Executor::Shell).unwrap();
    assert_eq!(shell.order.argv, ["sh", "-e", "-c", "echo \"$ENACT_TASK\""]);
    assert_eq!(shell.order.stdin, None);
}

#[test]
fn an_attempt_finds_its_files_and_its_names_and_no_old_claim() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("result.json"), "{}").unwrap();
    let ready = invocation(dir.path(), Executor::Shell).unwrap();
    assert!(!ready.files.result.exists());
    let written: Package =
        serde_json::from_slice(&fs::read(&ready.files.package).unwrap()).unwrap();
    assert_eq!(written, package(Weight::Full));
    let value = |wanted: &str| {
        let found = ready.order.env.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.to_str().unwrap())
    };
    assert_eq!(value("ENACT_TASK"), Some("login"));
    assert_eq!(value("ENACT_ATTEMPT"), Some("2"));
    assert_eq!(value("ENACT_RESULT_FILE"), ready.files.result.to_str());
    assert_eq!(value("GIT_CEILING_DIRECTORIES"), Some("/r.enact/auth-1"));
    assert_eq!(value("GIT_DIR"), None);
    let clean = super::output::redact(b"it is a long secret", &ready.secrets);
    assert_eq!(clean, b"it is [redacted]");
    let marks = ready.files.marks();
    let clean = super::output::redact(b"it is a long secret", &Secrets::default().with(marks));
    assert_eq!(
        clean, b"it is [redacted]",
        "whoever does not know it finds it as well"
    );
}

proptest! {
    #[test]
    fn a_prompt_holds_what_matters_however_little_room_summaries_get(
        budget in 0u32..600,
        texts in proptest::collection::vec("[a-zA-Z .\n{}%#äß]{1,400}", 6),
        is_light: bool,
    ) {
        let weight = if is_light { Weight::Light } else { Weight::Full };
        let mut package = package(weight);
        let [title, body, file, check, failure, words] = &texts[..] else { unreachable!() };
        package.task.title.clone_from(title);
        package.task.body.clone_from(body);
        package.files = vec![file.clone()];
        package.verify = vec![check.clone()];
        package.previous_attempts[0].reasons = vec![failure.clone()];
        package.answers = vec![words.clone()];
        for dependency in &mut package.dependencies {
            dependency.summary = texts.concat();
        }
        let package = package.within(budget);
        let told: usize = package.dependencies.iter().map(|one| summary::tokens(&one.summary)).sum();
        prop_assert!(told <= budget as usize);
        let prompt = prompt::render(None, &package, 2, CommitMode::Auto).unwrap();
        for part in &texts {
            prop_assert!(prompt.contains(part.as_str()), "`{}` is missing", part);
        }
        prop_assert!(prompt.contains("# Task login: "));
    }
}
