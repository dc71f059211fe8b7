//! The command line: one file a command, each a page: what it takes, and one call into the library.

mod approving;
mod asking;
mod back;
mod check;
mod clean;
mod convert;
mod decide;
mod demo;
mod diff;
mod doctor;
mod drive;
mod executors;
mod exit;
mod export;
mod graph;
mod help;
mod init;
mod input;
mod land;
mod list;
mod log;
mod progress;
mod replan;
mod report;
mod resume;
mod revert;
mod review;
mod rollback;
mod run;
mod selecting;
mod selftest;
mod show;
mod status;
mod stop;
mod tampering;
mod usage;
mod worktree;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand, ValueEnum};

use crate::care::traces;
use crate::crash;
use crate::git::Repo;
use crate::journal::{self, Clock, Displaced, Held, Journal, Lease, Newer, layout};
use crate::plan::{TaskId, or_meant};
use crate::report as print;
use crate::report::Context as StatusContext;
use crate::run::engine::record;
use crate::run::event::{Event, Recorded};
use crate::run::state::{Drive, State};
use crate::world::{self, Aftermath};

pub use exit::Exit;

/// Where the options of every command stand in its help.
const COMMON: &str = "Common options";

/// Execute implementation plans, one verified commit per task, with all of its state in git
#[derive(Debug, Parser)]
#[command(
    name = "git-enact",
    bin_name = "git enact",
    version,
    disable_help_subcommand = true
)]
#[command(
    after_help = "Try it: `git enact demo`. Topics: `git enact help plans|executors|settings|journal|architecture`."
)]
struct Cli {
    /// Run as if started in this directory
    #[arg(short = 'C', value_name = "DIR", global = true, help_heading = COMMON)]
    dir: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true, help_heading = COMMON)]
    json: bool,
    /// When to use color
    #[arg(long, value_name = "WHEN", global = true, default_value = "auto", help_heading = COMMON)]
    color: Color,
    /// Say only what went wrong
    #[arg(short, long, global = true, help_heading = COMMON)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    Check(check::Args),
    Graph(graph::Args),
    Convert(convert::Args),
    Run(Box<run::Args>),
    Resume(resume::Args),
    Status(status::Args),
    List(list::Args),
    Log(log::Args),
    Progress(progress::Args),
    Show(show::Args),
    Diff(diff::Args),
    Worktree(worktree::Args),
    Report(report::Args),
    Review(review::Args),
    Replan(replan::Args),
    Revert(revert::Args),
    Rollback(rollback::Args),
    Retry(decide::Retry),
    Skip(decide::Skip),
    Answer(decide::Answer),
    Stop(stop::Args),
    Land(land::Args),
    Clean(clean::Args),
    Doctor(doctor::Args),
    Demo(demo::Args),
    Executors(executors::Args),
    Export(export::Args),
    Selftest(selftest::Args),
    Help(help::Args),
}

/// What every command is given.
struct Context {
    dir: PathBuf,
    json: bool,
    quiet: bool,
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let args = selecting::spelled(std::env::args_os());
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) => return usage::refuse(error, &args).into(),
    };
    match cli.color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
    let dir = cli.dir.unwrap_or_else(|| PathBuf::from("."));
    let context = Context {
        dir,
        json: cli.json,
        quiet: cli.quiet,
    };
    let is_json = context.json;
    match dispatch(cli.command, &context) {
        Ok(Exit::Done) if !print::is_complete() => {
            print::notice("error: standard output took only a part of what was to be printed");
            Exit::Refused.into()
        }
        Ok(exit) => exit.into(),
        Err(error) => {
            print::refusal::tell(&error, is_json);
            refusal(&error).into()
        }
    }
}

fn dispatch(command: Command, context: &Context) -> Result<Exit> {
    if context.json && !command.speaks_json() {
        bail!("this command prints no JSON; its `--help` says what it prints");
    }
    match command {
        Command::Init(args) => init::exec(&args, context),
        Command::Check(args) => check::exec(&args, context),
        Command::Graph(args) => graph::exec(&args, context),
        Command::Convert(args) => convert::exec(&args, context),
        Command::Run(args) => run::exec(&args, context),
        Command::Resume(args) => resume::exec(&args, context),
        Command::Status(args) => status::exec(&args, context),
        Command::List(args) => list::exec(&args, context),
        Command::Log(args) => log::exec(&args, context),
        Command::Progress(args) => progress::exec(&args, context),
        Command::Show(args) => show::exec(&args, context),
        Command::Diff(args) => diff::exec(&args, context),
        Command::Worktree(args) => worktree::exec(&args, context),
        Command::Report(args) => report::exec(&args, context),
        Command::Review(args) => review::exec(&args, context),
        Command::Replan(args) => replan::exec(&args, context),
        Command::Revert(args) => revert::exec(&args, context),
        Command::Rollback(args) => rollback::exec(&args, context),
        Command::Retry(args) => args.exec(context),
        Command::Skip(args) => args.exec(context),
        Command::Answer(args) => args.exec(context),
        Command::Stop(args) => stop::exec(&args, context),
        Command::Land(args) => land::exec(&args, context),
        Command::Clean(args) => clean::exec(&args, context),
        Command::Doctor(args) => doctor::exec(&args, context),
        Command::Demo(args) => demo::exec(&args, context),
        Command::Executors(args) => executors::exec(&args, context),
        Command::Export(args) => export::exec(&args, context),
        Command::Selftest(args) => selftest::exec(&args, context),
        Command::Help(args) => help::exec(&args),
    }
}

/// The status of a command that ended with an error.
fn refusal(error: &anyhow::Error) -> Exit {
    match error {
        error if error.is::<Displaced>() => Exit::NeedsPerson,
        error if error.is::<drive::Broken>() => Exit::Paused,
        error if error.is::<Driven>() => Exit::Held,
        error if error.is::<Newer>() => Exit::Refused,
        _ => Exit::Refused,
    }
}

impl Command {
    /// Whether `--json` changes what it prints.
    fn speaks_json(&self) -> bool {
        !matches!(
            self,
            Command::Init(_)
                | Command::Progress(_)
                | Command::Diff(_)
                | Command::Worktree(_)
                | Command::Convert(_)
                | Command::Stop(_)
                | Command::Land(_)
                | Command::Clean(_)
                | Command::Demo(_)
                | Command::Help(_)
        )
    }
}

impl Context {
    /// The repository; what was planted there among the commands that git runs on contents is not run.
    fn repo(&self) -> Result<Repo> {
        let mut repo = self.repo_as_it_is()?;
        world::shield(&mut repo);
        Ok(repo)
    }

    fn repo_as_it_is(&self) -> Result<Repo> {
        Repo::discover(&self.dir)
    }

    /// The path that the user named, from where the command was started.
    fn path(&self, named: &Path) -> PathBuf {
        if self.dir == Path::new(".") {
            named.to_owned()
        } else {
            self.dir.join(named)
        }
    }

    /// The run that `named` means: by id or unique prefix; else the one that is active, else the newest.
    fn find_run(&self, repo: &Repo, named: Option<&str>) -> Result<String> {
        let runs = journal::runs(repo)?;
        let Some(named) = named else {
            return usual_run(repo, runs);
        };
        if named.is_empty() {
            bail!("the run's name is empty: give it, or leave it out to mean the usual one");
        }
        let matching: Vec<&str> = runs
            .iter()
            .map(|run| run.id.as_str())
            .filter(|id| id.starts_with(named))
            .collect();
        match matching.as_slice() {
            [only] => Ok((*only).to_owned()),
            [] => {
                let known = runs.iter().map(|run| run.id.as_str());
                let meant = or_meant(named, known);
                let meant = match meant.is_empty() {
                    true => "; `git enact list` names those that there are",
                    false => &meant,
                };
                bail!("no run is named `{named}`{meant}")
            }
            _ if matching.contains(&named) => Ok(named.to_owned()),
            several => bail!(
                "`{named}` could be {}; give more of it",
                several.join(" or ")
            ),
        }
    }
}

/// The run that is meant when none is named: the active one, else the newest.
fn usual_run(repo: &Repo, runs: Vec<journal::RunRef>) -> Result<String> {
    let active = runs
        .iter()
        .find(|run| Lease::is_held(repo.common_dir(), &run.id));
    if let Some(run) = active {
        return Ok(run.id.clone());
    }
    // Of two that started in one second, the one whose files were made later.
    let made = |id: &str| {
        let files = std::fs::metadata(layout::local_run(repo.common_dir(), id));
        files.and_then(|files| files.created()).ok()
    };
    let started = |id: &str| {
        let headline = journal::headline(repo, id);
        (
            headline.map(|line| line.started_at).unwrap_or_default(),
            made(id),
        )
    };
    if let Some(run) = runs.into_iter().max_by_key(|run| started(&run.id)) {
        return Ok(run.id);
    }
    match traces::runs(repo)?.into_keys().next() {
        Some(lost) => {
            bail!("the journal of run `{lost}` is gone: `git enact doctor {lost}` says what helps")
        }
        None => bail!("this repository has no run; start one with `git enact run`"),
    }
}

/// Takes the right to change `run`, and opens it.
fn open_run(repo: &Repo, run: &str) -> Result<(Journal, State)> {
    let files = layout::local_run(repo.common_dir(), run);
    let had_files = files.exists();
    let lease = take_lease(repo, run)?;
    let opened = Journal::open(repo.reopen()?, lease, Clock::from_env()?);
    // What cannot be opened leaves nothing behind.
    if opened.is_err() && !had_files {
        std::fs::remove_dir_all(files).unwrap_or_default();
    }
    opened
}

/// Takes the right to change `run`.
fn take_lease(repo: &Repo, run: &str) -> Result<Lease> {
    repo.refuse_unwritable()?;
    let run = run.to_owned();
    Ok(Lease::take(repo.common_dir(), &run)?.map_err(|by| Driven { run, by })?)
}

/// The run is another process's at the moment.
#[derive(Debug)]
struct Driven {
    run: String,
    by: Held,
}

impl fmt::Display for Driven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, by } = self;
        write!(
            f,
            "run `{run}` is driven by process {} on {} since {} (`{}`); \
             `git enact stop {run}` asks it to stop",
            by.pid, by.host, by.since, by.command
        )
    }
}

impl std::error::Error for Driven {}

/// Records what a person decided or did, and has it survive a power cut.
fn record_decision(journal: &mut Journal, state: &mut State, event: Event) -> Result<Recorded> {
    let recorded = record(journal, state, event, &[])?;
    crash::step("decided");
    journal.flush(state)?;
    crash::point("followed", recorded.event.name());
    Ok(recorded)
}

/// What a report on `state` needs besides it.
fn status_context(repo: &Repo, state: &State) -> Result<StatusContext> {
    let run = &state.run.id;
    // Telling the usual run takes a look at all of them; it matters only where a task wants a command.
    let is_quiet = state.attention().next().is_none();
    let is_put_back = matches!(state.run.drive, Drive::Quarantined(_))
        && matches!(world::aftermath(repo, run), Ok(Aftermath::PutBack));
    Ok(StatusContext {
        driven: Lease::is_held(repo.common_dir(), run),
        checkpoint: journal::tip(repo, run)?.to_string(),
        branch: layout::integration_branch(run),
        is_usual: is_quiet || usual_run(repo, journal::runs(repo)?)? == *run,
        is_earlier: false,
        is_put_back,
    })
}

/// The task of that id; what was probably meant when there is none.
fn require_task(state: &State, task: &str) -> Result<TaskId> {
    let id = TaskId::new(task);
    if state.graph().index(&id).is_some() {
        return Ok(id);
    }
    let known = state.graph().tasks().iter().map(|task| task.id.as_str());
    bail!(
        "run `{}` has no task `{}`{}",
        state.run.id,
        print::clean::visible(task),
        or_meant(task, known)
    )
}
