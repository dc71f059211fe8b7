//! `git enact demo`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::{Context, Exit};
use crate::journal::layout;
use crate::process::{self, Command};
use crate::report;

/// Show the main job in a temporary repository: a retry, a kickback and its answer, a review, a revert
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Make the repository here instead of in a temporary directory
    #[arg(value_name = "DIR")]
    place: Option<PathBuf>,
}

/// A plan of six tasks, two of which do not go well at first.
const PLAN: &str = include_str!("demo/PLAN.md");
const SPEC: &str = include_str!("demo/SPEC.md");

/// An executor that is no agent but acts like one: it works, claims, fails once and kicks back once.
const EXECUTOR: &str = include_str!("demo/executor.sh");

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    let root = match &args.place {
        Some(place) => vacant(&context.path(place))?,
        None => tempfile::Builder::new()
            .prefix("git-enact-demo-")
            .tempdir()?
            .keep(),
    };
    let (repo, executor) = (root.join("greeter"), root.join("executor.sh"));
    furnish(&repo, &executor)?;
    let executor = executor.to_string_lossy().into_owned();
    let plan = "specs/greeter/PLAN.md";
    enact(
        &repo,
        3,
        &[
            "run",
            plan,
            "--yes",
            "--name",
            "greeter-demo",
            "--",
            "sh",
            &executor,
        ],
    )?;
    report::line(
        "\nTask 4 was kicked back: the plan does not say which languages. A person answers:\n",
    );
    enact(&repo, 0, &["answer", "4", "-m", "English and Finnish"])?;
    enact(&repo, 0, &["resume"])?;
    look_and_go_back(&repo)?;
    report::line("\nNothing of `main` has changed so far. Look around, then land:\n");
    let journal = layout::run_ref("greeter-demo");
    for line in [
        &format!("cd {}", repo.display()),
        "git enact status",
        "git enact log",
        "git log --oneline --graph enact/greeter-demo/integration",
        "git log --notes=PROGRESS enact/greeter-demo/integration",
        &format!("git log --first-parent --oneline {journal}"),
        "git enact land --yes",
    ] {
        report::line(&format!("    {line}"));
    }
    let program = std::env::current_exe()?;
    if program.parent().is_some_and(|dir| !on_path(dir)) {
        let dir = program
            .parent()
            .map(|dir| dir.display().to_string())
            .unwrap_or_default();
        report::line(&format!(
            "\n(`git enact` needs git-enact on PATH: export PATH=\"{dir}:$PATH\")"
        ));
    }
    Ok(Exit::Done)
}

/// What a person does who does not like what one of the tasks came to.
fn look_and_go_back(repo: &Path) -> Result<()> {
    report::line(
        "\nAll tasks are done. A person looks at the last one, and does not want it so:\n",
    );
    enact(repo, 0, &["review", "6"])?;
    enact(repo, 0, &["diff", "6"])?;
    enact(
        repo,
        0,
        &["revert", "6", "-m", "The first version is 0.0.1", "--yes"],
    )?;
    report::line("\nIt is undone, the others stay. Done anew, with words:\n");
    enact(repo, 0, &["retry", "6", "-m", "The first version is 0.0.1"])?;
    enact(repo, 0, &["resume"])
}

/// The directory that the user named, which nothing may be in: what is there is theirs.
fn vacant(place: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(place)
        .with_context(|| format!("`{}` cannot be made", place.display()))?;
    let mut entries = std::fs::read_dir(place)?;
    ensure!(
        entries.next().is_none(),
        "`{}` is not empty: name a directory that is, or one to be made",
        place.display()
    );
    Ok(place.canonicalize()?)
}

/// A repository with one commit that holds the plan, and an executor beside it.
fn furnish(repo: &Path, executor: &Path) -> Result<()> {
    std::fs::create_dir_all(repo.join("specs/greeter")).context("the demo has no place")?;
    std::fs::write(repo.join("README.md"), "# greeter\n")?;
    std::fs::write(repo.join("specs/greeter/SPEC.md"), SPEC)?;
    std::fs::write(repo.join("specs/greeter/PLAN.md"), PLAN)?;
    std::fs::write(executor, EXECUTOR)?;
    begin(repo)
}

/// Makes a repository of what is in the directory `repo`, and one commit of all of it.
pub(super) fn begin(repo: &Path) -> Result<()> {
    for git in [
        &["init", "--quiet", "--initial-branch=main", "--template="][..],
        &["config", "user.name", "Demo"],
        &["config", "user.email", "demo@example.com"],
        // Nobody is asked for a key, and no hook of the user's is run.
        &["config", "commit.gpgSign", "false"],
        &["config", "core.hooksPath", "/dev/null"],
        &["add", "--all"],
        &["commit", "--quiet", "--message=Begin"],
    ] {
        let output = process::run(&command("git", repo).args(git))?;
        ensure!(
            output.status == 0,
            "`git {}` failed: {}",
            git.join(" "),
            output.complaint()
        );
    }
    Ok(())
}

/// Runs our own program in `repo` and shows what it prints; its status must be `expected`.
fn enact(repo: &Path, expected: i32, args: &[&str]) -> Result<()> {
    let shown: Vec<String> = args
        .iter()
        .map(|arg| {
            if arg.contains(' ') {
                format!("\"{arg}\"")
            } else {
                (*arg).to_owned()
            }
        })
        .collect();
    report::line(&format!("$ git enact {}", shown.join(" ")));
    let program = std::env::current_exe().context("our own program cannot be found")?;
    let output = process::run(&command(&program.to_string_lossy(), repo).args(args))?;
    report::text(&String::from_utf8_lossy(&output.stderr));
    report::text(&String::from_utf8_lossy(&output.stdout));
    ensure!(
        output.status == expected,
        "`git enact {}` ended with {}",
        args[0],
        output.status
    );
    Ok(())
}

/// A command with the user's environment, but none of the git variables of whoever started us.
pub(super) fn command(program: &str, dir: &Path) -> Command {
    let passed = process::environment::allowed(std::env::vars_os(), &[]);
    passed
        .into_iter()
        .fold(Command::new(program).dir(dir), |command, (name, value)| {
            command.env(name, value)
        })
}

fn on_path(dir: &Path) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|entry| entry == dir))
}
