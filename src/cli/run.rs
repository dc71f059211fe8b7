//! `git enact run`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};

use super::check::{self, Read, show_faults};
use super::drive::{Begin, drive};
use super::{Context, Exit, asking, resume, take_lease};
use crate::approval::{Approved, Proposal};
use crate::attempt::prompt;
use crate::config::Settings;
use crate::git::{self, Named, Repo};
use crate::graph::Graph;
use crate::journal::{self, Clock, Journal, layout};
use crate::plan::{self, Dialect, Fault, Source, TaskId, Weight};
use crate::report::{self, clean::visible};
use crate::run::event::Event;
use crate::run::policy::{CommitMode, Durability, Executor, OnFailure, Policy, Scope};
use crate::verify::checks::{Found, commands};

/// Run a plan: one verified commit per task
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Plan files, or the directory that holds them; without one, the plan of this directory
    #[arg(value_name = "PLAN")]
    plans: Vec<PathBuf>,
    /// Who executes: `shell`, or a name from `enact.toml`
    #[arg(long, value_name = "NAME", conflicts_with = "command")]
    executor: Option<String>,
    /// The plan's format, when it is not to be recognized
    #[arg(long, value_name = "NAME")]
    dialect: Option<Dialect>,
    /// How many tasks may run side by side
    #[arg(long, value_name = "N")]
    jobs: Option<u32>,
    /// One task after the other
    #[arg(long, conflicts_with = "jobs")]
    sequential: bool,
    /// Only these tasks
    #[arg(long, value_name = "TASK,…", value_delimiter = ',')]
    only: Vec<String>,
    /// This task and those after it
    #[arg(long, value_name = "TASK")]
    from: Option<String>,
    /// How much context an executor is given
    #[arg(long, value_name = "light|full")]
    weight: Option<Weight>,
    /// What happens when a task has failed for good
    #[arg(long, value_name = "ask|stop|skip")]
    on_failure: Option<OnFailure>,
    /// Attempts of a task after the first
    #[arg(long, value_name = "N")]
    retries: Option<u32>,
    /// Wall-clock limit of an attempt, such as `10m`
    #[arg(long, value_name = "DUR")]
    timeout: Option<String>,
    /// Longest silence of an attempt, such as `5m`
    #[arg(long, value_name = "DUR")]
    stall_timeout: Option<String>,
    /// Who commits
    #[arg(long, value_name = "executor|tool|auto")]
    commit: Option<CommitMode>,
    /// What a change outside a task's files means
    #[arg(long, value_name = "off|warn|enforce")]
    scope: Option<Scope>,
    /// A command that verifies each task (repeatable)
    #[arg(long, value_name = "CMD")]
    verify: Vec<String>,
    /// A command that verifies the whole at the end (repeatable)
    #[arg(long, value_name = "CMD")]
    final_verify: Vec<String>,
    /// The commit to start from, instead of HEAD
    #[arg(long, value_name = "REV", default_value = "HEAD")]
    base: String,
    /// The run's id, instead of one made from the plan's title
    #[arg(long, value_name = "ID")]
    name: Option<String>,
    /// Start another run although one of this plan is unfinished
    #[arg(long)]
    new: bool,
    /// Give every attempt a new worktree
    #[arg(long)]
    fresh: bool,
    /// Whether what is done must survive a power cut at once
    #[arg(long, value_name = "full|process")]
    durability: Option<Durability>,
    /// Approve the plan and its commands without being asked
    #[arg(long)]
    yes: bool,
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// The executor: a command that is run for each task
    #[arg(last = true, value_name = "CMD")]
    command: Vec<String>,
}

/// A plan that was read without a fault, and what it was read from.
struct Input {
    graph: Arc<Graph>,
    sources: Vec<Source>,
    hash: String,
    path: String,
}

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    let repo = context.repo()?;
    git::require_version()?;
    let Some(mut input) = read(args, context, &repo)? else {
        return Ok(Exit::Refused);
    };
    if !args.new
        && let Some(unfinished) = unfinished(&repo, &input)?
    {
        if unfinished.1 != input.hash {
            bail!(
                "run `{}` of this plan is unfinished and the plan has changed since; \
                 `git enact replan {}` adopts the change, `--new` starts another run",
                unfinished.0,
                unfinished.0
            );
        }
        if args.dry_run {
            report::line(&format!(
                "run {} of this plan is unfinished: it would be resumed",
                unfinished.0
            ));
            return Ok(Exit::Done);
        }
        report::notice(&format!(
            "run {} of this plan is unfinished: resuming it",
            unfinished.0
        ));
        return resume::resume(context, &repo, &unfinished.0, args.yes);
    }
    let policy = policy(args, context, &repo, &input.graph)?;
    let base = repo
        .resolve(&args.base)
        .with_context(|| match args.base.as_str() {
            "HEAD" => "the repository has no commit to start from; make one first".to_owned(),
            other => format!("`--base {other}`"),
        })?;
    confirm_imports(&repo, &mut input)?;
    let id = run_id(args, &repo, &input)?;
    let proposal = Proposal::new(input.graph.clone(), policy, &input.hash)?;
    let shown = describe(&proposal, &id);
    if args.dry_run {
        report::text(&shown);
        return Ok(Exit::Done);
    }
    let Some(approved) = approve(&proposal, &shown, args.yes)? else {
        return Ok(Exit::Refused);
    };
    let lease = match take_lease(&repo, &id)? {
        Ok(lease) => lease,
        Err(exit) => return Ok(exit),
    };
    let started = Event::Started {
        run: id,
        base: base.to_string(),
        plan_hash: input.hash,
        plan_path: input.path,
        policy: Box::new(approved.policy().clone()),
    };
    let sources: Vec<(String, Vec<u8>)> = input
        .sources
        .into_iter()
        .map(|source| (file_name(&source), source.text.into_bytes()))
        .collect();
    let clock = Clock::from_env()?;
    let (journal, state) = Journal::create(repo, lease, clock, input.graph, &sources, started)?;
    drive(context, journal, state, approved, Begin::Fresh)
}

fn file_name(source: &Source) -> String {
    source
        .path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// The plan, or its faults on standard error.
fn read(args: &Args, context: &Context, repo: &Repo) -> Result<Option<Input>> {
    let mut named = args.plans.clone();
    if named.is_empty() {
        named.push(PathBuf::from("."));
    }
    let paths: Vec<PathBuf> = named.iter().map(|path| context.path(path)).collect();
    let Read {
        graph,
        sources,
        faults,
        ..
    } = check::read(&paths, args.dialect);
    let is_good = faults.iter().all(Fault::is_warning);
    if !is_good || !context.quiet {
        show_faults(&faults, &sources);
    }
    let Some(graph) = graph.filter(|_| is_good) else {
        return Ok(None);
    };
    let hash = git::sha256(&plan::hash_input(&sources))?;
    let path = paths[0].canonicalize().unwrap_or_else(|_| paths[0].clone());
    let relative = repo.checkout().and_then(|top| {
        path.strip_prefix(top.canonicalize().ok()?)
            .ok()
            .map(PathBuf::from)
    });
    let path = relative.unwrap_or(path).to_string_lossy().into_owned();
    Ok(Some(Input {
        graph: Arc::new(graph),
        sources,
        hash,
        path,
    }))
}

/// The unfinished run of this plan, with the hash of the plan it was started with; one of these very bytes
/// before one of others at the same path.
fn unfinished(repo: &Repo, input: &Input) -> Result<Option<(String, String)>> {
    let mut other = None;
    for run in journal::runs(repo)? {
        let headline = journal::headline(repo, &run.id)?;
        let is_over = ["complete", "partial", "failed"].contains(&headline.status.as_str());
        if headline.plan_path != input.path || is_over {
            continue;
        }
        if headline.plan_hash == input.hash {
            return Ok(Some((run.id, headline.plan_hash)));
        }
        other = Some((run.id, headline.plan_hash));
    }
    Ok(other)
}

/// Everything that decides how the run goes on, from all layers of configuration.
fn policy(args: &Args, context: &Context, repo: &Repo, graph: &Graph) -> Result<Policy> {
    let flags = Settings {
        executor: args.executor.clone(),
        jobs: if args.sequential { Some(1) } else { args.jobs },
        retries: args.retries,
        timeout: args.timeout.clone(),
        stall_timeout: args.stall_timeout.clone(),
        commit: args.commit,
        scope: args.scope,
        on_failure: args.on_failure,
        weight: args.weight,
        durability: args.durability,
        fresh: args.fresh.then_some(true),
        verify: args.verify.clone(),
        final_verify: args.final_verify.clone(),
        ..Settings::default()
    };
    let settings = settings(repo)?.with(flags);
    let template = settings
        .prompt
        .as_ref()
        .map(|path| template(repo, path))
        .transpose()?;
    let interactive = asking::is_possible() && !context.json;
    let command = anchored(args.command.clone())?;
    let mut policy = settings.policy(graph.plan(), command, interactive, template)?;
    for id in args.only.iter().chain(&args.from) {
        require_task(graph, id)?;
    }
    if let Executor::Command { argv, .. } = &policy.executor {
        require_program(&argv[0])?;
    }
    policy.only.clone_from(&args.only);
    policy.from.clone_from(&args.from);
    Ok(policy)
}

/// Git config, then `enact.toml`, then the environment.
pub(super) fn settings(repo: &Repo) -> Result<Settings> {
    let from_git = Settings::from_keys("git config", |key| repo.config(&format!("enact.{key}")))?;
    let file = repo
        .checkout()
        .map(|top| Settings::read(&top.join("enact.toml")))
        .transpose()?;
    let from_env = Settings::from_keys("environment", |key| {
        let upper = key.chars().flat_map(|c| {
            let word = c.is_ascii_uppercase().then_some('_');
            word.into_iter().chain([c.to_ascii_uppercase()])
        });
        std::env::var(format!("ENACT_{}", upper.collect::<String>())).ok()
    })?;
    Ok(from_git.with(file.unwrap_or_default()).with(from_env))
}

fn template(repo: &Repo, path: &str) -> Result<String> {
    let full = repo
        .checkout()
        .map_or_else(|| PathBuf::from(path), |top| top.join(path));
    let text = std::fs::read_to_string(&full)
        .with_context(|| format!("the prompt template `{}` cannot be read", full.display()))?;
    prompt::check(&text).with_context(|| format!("the prompt template `{}`", full.display()))?;
    Ok(text)
}

/// A program named by a relative path is the file that the user sees, not whatever lies at that path in a
/// task's worktree.
fn anchored(mut command: Vec<String>) -> Result<Vec<String>> {
    if let Some(program) = command.first_mut()
        && program.contains('/')
        && let Ok(found) = std::path::absolute(&*program)?
            .into_os_string()
            .into_string()
        && Path::new(&found).exists()
    {
        *program = found;
    }
    Ok(command)
}

/// Refuses a command that cannot be run before anything is created.
fn require_program(program: &str) -> Result<()> {
    use crate::verify::checks::Programs as _;
    let path = std::env::var("PATH").unwrap_or_default();
    let here = std::env::current_dir()?;
    if !(Found {
        path: &path,
        dir: Some(&here),
    })
    .has(program)
    {
        bail!(
            "the executor `{program}` is no program on PATH ({path}) and no file that can be run"
        );
    }
    Ok(())
}

/// Refuses an id that the plan does not have.
fn require_task(graph: &Graph, id: &str) -> Result<()> {
    if graph.index(&TaskId::new(id)).is_some() {
        return Ok(());
    }
    let known = graph.tasks().iter().map(|task| task.id.as_str());
    let hint = plan::did_you_mean(id, known).map(|near| format!("; did you mean `{near}`?"));
    bail!("the plan has no task `{id}`{}", hint.unwrap_or_default())
}

/// What the plan's files say was done before is believed of tasks, never of commits that git cannot find.
fn confirm_imports(repo: &Repo, input: &mut Input) -> Result<()> {
    let mut plan = input.graph.plan().clone();
    for task in &mut plan.tasks {
        let id = task.id.clone();
        let Some(imported) = &mut task.imported else {
            continue;
        };
        let Some(name) = imported.commit.take() else {
            continue;
        };
        match repo.find(&name) {
            Named::Commit(commit) => imported.commit = Some(commit.to_string()),
            _ => report::notice(&visible(&format!(
                "warning: task {id} is marked done with commit {name}, which this repository does not have"
            ))),
        }
    }
    let graph = Graph::new(plan).map_err(|_| anyhow::anyhow!("the plan no longer holds"))?;
    input.graph = Arc::new(graph);
    Ok(())
}

fn run_id(args: &Args, repo: &Repo, input: &Input) -> Result<String> {
    let existing = journal::runs(repo)?;
    let is_taken = |id: &str| existing.iter().any(|run| run.id == id);
    if let Some(name) = &args.name {
        layout::check_run_id(name)?;
        if is_taken(name) {
            bail!(
                "run `{name}` exists; resume it with `git enact resume {name}`, or choose another name"
            );
        }
        return Ok(name.clone());
    }
    let slug: String = input
        .graph
        .plan()
        .title
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    let words: Vec<&str> = slug
        .split('-')
        .filter(|word| !word.is_empty())
        .take(6)
        .collect();
    let slug = if words.is_empty() {
        "plan".to_owned()
    } else {
        words.join("-")
    };
    loop {
        use std::hash::{BuildHasher as _, RandomState};
        let id = layout::run_id(&slug, RandomState::new().hash_one(&input.hash) as u32);
        if !is_taken(&id) {
            return Ok(id);
        }
    }
}

/// Tasks, order, executor, and each command that would run.
pub(super) fn describe(proposal: &Proposal, id: &str) -> String {
    let (graph, policy) = (proposal.graph(), proposal.policy());
    let mut text = format!("run {id}\n\n");
    text.push_str(&report::check::human(graph, &[]));
    let _ = match &policy.executor {
        Executor::Shell => writeln!(text, "executor: each task's own sh commands:"),
        Executor::Command { name, argv } => writeln!(text, "executor: {name}: {}", argv.join(" ")),
    };
    let path = std::env::var("PATH").unwrap_or_default();
    let here = std::env::current_dir().ok();
    let programs = Found {
        path: &path,
        dir: here.as_deref(),
    };
    for task in graph.tasks() {
        if let (Executor::Shell, Some(script)) = (&policy.executor, &task.run) {
            let _ = writeln!(
                text,
                "  {}: {}",
                task.id,
                script.trim().replace('\n', "\n     ")
            );
        }
        for command in commands(task, &[], &programs) {
            let _ = writeln!(text, "  {} verify: {command}", task.id);
        }
    }
    for (what, commands) in [
        ("verify each task", &policy.verify),
        ("verify the whole", &policy.final_verify),
    ] {
        for command in commands {
            let _ = writeln!(text, "{what}: {command}");
        }
    }
    if let Some(setup) = &policy.setup {
        let _ = writeln!(text, "set up each worktree: {setup}");
    }
    if !policy.pass_env.is_empty() {
        let _ = writeln!(
            text,
            "passed on from the environment: {}",
            policy.pass_env.join(", ")
        );
    }
    let _ = writeln!(
        text,
        "{} at once, {} retries, commits by {:?}",
        policy.jobs, policy.retries, policy.commit
    );
    visible(&text).into_owned()
}

/// The approval: remembered, given by `--yes`, or asked for.
pub(super) fn approve(proposal: &Proposal, shown: &str, yes: bool) -> Result<Option<Approved>> {
    if let Some(approved) = proposal.recall() {
        return Ok(Some(approved));
    }
    if yes {
        return proposal.approve().map(Some);
    }
    if asking::is_possible() {
        report::notice(shown);
        return match asking::confirm("Run these commands in this repository?") {
            true => proposal.approve().map(Some),
            false => Ok(None),
        };
    }
    report::text(shown);
    report::notice("error: not approved: nobody can be asked here; read the above and say `--yes`");
    Ok(None)
}
