//! `git enact run`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::approving::{approve, describe};
use super::drive::{Begin, drive};
use super::input::Input;
use super::selecting::Selecting;
use super::{Context, Exit, asking, input, resume, take_lease, tampering};
use crate::approval::Proposal;
use crate::config::{Origin, Settings};
use crate::git::{self, Identity, Listed, Oid, Repo};
use crate::graph::Graph;
use crate::journal::{Clock, Journal};
use crate::plan::{TaskId, Weight, or_meant};
use crate::preflight;
use crate::process::sandbox;
use crate::report::{self, clean::visible, proposal};
use crate::run::event::Event;
use crate::run::policy::{
    CommitMode, Durability, Executor, Isolation, OnFailure, Policy, Review, Scope,
};
use crate::run::sandbox::Level;
use crate::verify::checks::Found;

/// Run a plan: one verified commit per task
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Plan files, or the directory that holds them; without one, the plan of this directory
    #[arg(value_name = "PLAN")]
    plans: Vec<PathBuf>,
    /// Who executes: `shell`, a program that `git enact executors` lists, or a name from `enact.toml`
    #[arg(long, value_name = "NAME", conflicts_with = "command")]
    executor: Option<String>,
    #[command(flatten)]
    selecting: Selecting,
    /// How many tasks may run side by side
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
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
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    retries: Option<u32>,
    /// Wall-clock limit of an attempt, such as `10m`
    #[arg(long, value_name = "DUR", allow_hyphen_values = true)]
    timeout: Option<String>,
    /// Longest silence of an attempt, such as `5m`
    #[arg(long, value_name = "DUR", allow_hyphen_values = true)]
    stall_timeout: Option<String>,
    /// Who commits
    #[arg(long, value_name = "executor|tool|auto")]
    commit: Option<CommitMode>,
    /// What a change outside a task's files means
    #[arg(long, value_name = "off|warn|enforce")]
    scope: Option<Scope>,
    /// When a person looks at what was accepted before it is integrated
    #[arg(long, value_name = "off|task|wave")]
    review: Option<Review>,
    /// A command that verifies each task (repeatable)
    #[arg(long, value_name = "CMD")]
    verify: Vec<String>,
    /// A command that verifies the whole at the end (repeatable)
    #[arg(long, value_name = "CMD")]
    final_verify: Vec<String>,
    /// How often the executor may try to mend the whole when those commands fail
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    fix_rounds: Option<u32>,
    /// The commit to start from, instead of HEAD
    #[arg(long, value_name = "REV", default_value = "HEAD")]
    base: String,
    /// The run's id, instead of one made from the plan's title
    #[arg(long, value_name = "ID")]
    name: Option<String>,
    /// Start another run although one of this plan is unfinished
    #[arg(long)]
    new: bool,
    /// What an executor has of the repository: a linked worktree, or a clone of its own
    #[arg(long, value_name = "worktree|clone")]
    isolation: Option<Isolation>,
    /// What executors, and the commands that verify their work, are confined by
    #[arg(long, value_name = "none|landlock|bwrap")]
    sandbox: Option<Level>,
    /// Give every attempt a new worktree
    #[arg(long)]
    fresh: bool,
    /// Have the plan's own files say how far the run is, while it goes on
    #[arg(long)]
    sync: bool,
    /// End with a commit on the run's branch that says in the plan's own files how far the run came
    #[arg(long)]
    commit_progress: bool,
    /// Start without looking at what stands in the way, and without proving the base
    #[arg(long)]
    no_preflight: bool,
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

pub(super) fn exec(args: &Args, context: &Context) -> Result<Exit> {
    let repo = context.repo()?;
    git::require_version()?;
    repo.refuse_unwritable()?;
    refuse_our_own(&repo)?;
    let (paths, selection) = args.selecting.of(&args.plans, context)?;
    let mut input = input::read(context, &repo, &paths, &selection)?;
    if !args.new
        && let Some((run, hash)) = input::unfinished(&repo, &input)?
    {
        return go_on_with(&run, &hash, &input, args, context, &repo);
    }
    if !args.new {
        input::refuse_lost(&repo, &input)?;
    }
    tampering::refuse(&repo, "no run was started")?;
    let base = base(&repo, &args.base)?;
    input::confirm_imports(&repo, base, &mut input, &|_| false)?;
    let mut policy = policy(args, context, &repo, &input.graph)?;
    repo.require_isolation(policy.isolation)?;
    sandbox::require(policy.sandbox.level)?;
    policy.selection.clone_from(&input.selection);
    if is_settled(&input.graph, &policy) {
        return tell_settled(context, &repo, &input);
    }
    if !args.new {
        tell_earlier(&repo, &input)?;
    }
    let id = input::run_id(&repo, &input, args.name.as_deref())?;
    let proposal = Proposal::new(&repo, input.graph.clone(), policy, &input.hash)?;
    let ahead = match proposal.policy().preflight {
        true => ahead(&repo, &input, proposal.policy(), base)?,
        false => String::new(),
    };
    if args.dry_run {
        report::text(&describe(&proposal, &repo, &id));
        report::text(&ahead);
        return Ok(Exit::Done);
    }
    if !context.quiet && !ahead.is_empty() {
        report::notice(ahead.trim_end());
    }
    // Before anything is made: who commits, and all that is to be checked out.
    Identity::of(&repo)?;
    repo.have_files_of(base)?;
    let Some(approved) = approve(&proposal, &repo, &id, args.yes, context.json)? else {
        return Ok(Exit::Refused);
    };
    let lease = take_lease(&repo, &id)?;
    let started = Event::Started {
        run: id,
        base: base.to_string(),
        plan_hash: input.hash.clone(),
        plan_path: input.path.clone(),
        policy: Box::new(approved.policy().clone()),
    };
    let clock = Clock::from_env()?;
    let graph = input.graph.clone();
    let (journal, state) = Journal::create(repo, lease, clock, graph, input.files(), started)?;
    drive(context, journal, state, approved, Begin::Fresh)
}

/// Whether none of the tasks that were asked for is left to do, by what the plan's own files say.
fn is_settled(graph: &Graph, policy: &Policy) -> bool {
    let tasks = graph.tasks().iter().enumerate();
    let mut selected = tasks.filter(|(index, _)| policy.selects(graph, *index));
    selected.all(|(_, task)| !task.is_open())
}

/// Says that a run has done all of this plan before, which this one does again.
fn tell_earlier(repo: &Repo, input: &Input) -> Result<()> {
    let what = match input::unlanded(repo, input)? {
        Some(done) => format!(
            "run {done} has done all of this plan and has not landed (git enact land {done})"
        ),
        None => match input::landed(repo, input)? {
            Some(done) => format!("run {done} has done all of this plan and has landed"),
            None => return Ok(()),
        },
    };
    report::notice(&visible(&format!("note: {what}; this run does it again")));
    Ok(())
}

/// Says that nothing is left to do; what was done may have to be brought in yet.
fn tell_settled(context: &Context, repo: &Repo, input: &Input) -> Result<Exit> {
    let path = &input.path;
    let line = match input::unlanded(repo, input)? {
        Some(run) => format!(
            "nothing of `{path}` is left to do, and no run starts; run {run} of it has not landed: git enact land {run}"
        ),
        None => format!("nothing of `{path}` is left to do, and no run starts"),
    };
    match context.json {
        true => report::notice(&visible(&line)),
        false => report::line(&visible(&line)),
    }
    Ok(Exit::Done)
}

/// The commit to start from.
fn base(repo: &Repo, named: &str) -> Result<Oid> {
    match named {
        "" => bail!("`--base` names nothing: give a commit, or leave it out to start from HEAD"),
        "HEAD" if repo.head()?.commit.is_none() => {
            bail!("the repository has no commit to start from; make one first")
        }
        other => repo
            .resolve(other)
            .with_context(|| format!("`--base {other}`")),
    }
}

/// Refuses to run in a worktree of a run: what is begun there would be taken for that run's work.
fn refuse_our_own(repo: &Repo) -> Result<()> {
    let here = repo
        .worktrees()?
        .into_iter()
        .find(|listed| listed.git_dir == repo.git_dir());
    if let Some(ours) = here.filter(Listed::is_ours) {
        bail!(
            "this is a worktree of git enact's own ({}): go to your checkout, and run it there",
            ours.purpose().unwrap_or_default()
        );
    }
    Ok(())
}

/// A plan with an unfinished run is that run's, unless it was edited.
fn go_on_with(
    run: &str,
    hash: &str,
    input: &Input,
    args: &Args,
    context: &Context,
    repo: &Repo,
) -> Result<Exit> {
    let dialect = input.graph.plan().dialect;
    if hash != input.hash && !input::is_only_marked(repo, run, dialect, &input.sources)? {
        bail!(
            "run `{run}` of this plan is unfinished and the plan has changed since: `git enact replan {run}` \
             adopts the change, `git enact resume {run}` goes on with the plan as it was, `--new` starts \
             another run"
        );
    }
    if args.dry_run {
        report::line(&format!(
            "run {run} of this plan is unfinished: it would be resumed"
        ));
        return Ok(Exit::Done);
    }
    report::notice(&format!(
        "run {run} of this plan is unfinished: resuming it with the executor and settings that it was begun with; `--new` starts another"
    ));
    // There it is decided whether what was changed is run.
    resume::resume(context, &context.repo_as_it_is()?, run, args.yes)
}

/// What is to be known before the run starts.
fn ahead(repo: &Repo, input: &Input, policy: &Policy, base: Oid) -> Result<String> {
    let plan: Vec<PathBuf> = input
        .sources
        .iter()
        .map(|source| source.path.clone())
        .collect();
    let programs = Found {
        base: Some((repo, base)),
        ..Found::beside(repo.checkout().unwrap_or(repo.common_dir()))
    };
    let found = preflight::look(repo, &input.graph, policy, base, &plan, &programs)?;
    Ok(proposal::ahead(&input.graph.plan().wishes.skills, &found))
}

/// Everything that decides how the run goes on, from all layers of configuration.
fn policy(args: &Args, context: &Context, repo: &Repo, graph: &Graph) -> Result<Policy> {
    let is_sequential = args.sequential || args.jobs.is_none() && args.selecting.is_sequential();
    let flags = Settings {
        executor: args.executor.clone(),
        jobs: if is_sequential { Some(1) } else { args.jobs },
        retries: args.retries,
        timeout: args.timeout.clone(),
        stall_timeout: args.stall_timeout.clone(),
        commit: args.commit,
        scope: args.scope,
        review: args.review,
        on_failure: args.on_failure,
        weight: args.weight,
        durability: args.durability,
        isolation: args.isolation,
        sandbox: args.sandbox,
        fresh: args.fresh.then_some(true),
        sync: args.sync.then_some(true),
        commit_progress: args.commit_progress.then_some(true),
        preflight: args.no_preflight.then_some(false),
        verify: args.verify.clone(),
        final_verify: args.final_verify.clone(),
        fix_rounds: args.fix_rounds,
        ..Settings::default()
    };
    let settings = Settings::of(repo)?.with(Origin::Flags.checked(flags)?);
    let template = settings.template(repo)?;
    let interactive = asking::is_possible() && !context.json;
    let command = anchored(args.command.clone())?;
    let mut policy = settings.policy(graph.plan(), command, interactive, template)?;
    for id in args.only.iter().chain(&args.from) {
        require_task(graph, id)?;
    }
    refuse_idle_rounds(args, &policy)?;
    policy.only.clone_from(&args.only);
    policy.from.clone_from(&args.from);
    Ok(policy)
}

/// Refuses fix rounds that would never be: a flag that is accepted must do something.
fn refuse_idle_rounds(args: &Args, policy: &Policy) -> Result<()> {
    match args.fix_rounds {
        None | Some(0) => Ok(()),
        _ if policy.final_verify.is_empty() => {
            bail!(
                "`--fix-rounds` mends what a final verification finds, and there is none: add `--final-verify CMD`"
            )
        }
        _ if policy.executor == Executor::Shell => {
            bail!(
                "`--fix-rounds` needs somebody who reads a prompt, and the shell executor reads none: \
                 name one with `--executor NAME`, or leave it out"
            )
        }
        _ => Ok(()),
    }
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

/// Refuses an id that the plan does not have.
fn require_task(graph: &Graph, id: &str) -> Result<()> {
    if graph.index(&TaskId::new(id)).is_some() {
        return Ok(());
    }
    let known = graph.tasks().iter().map(|task| task.id.as_str());
    bail!("the plan has no task `{id}`{}", or_meant(id, known))
}
