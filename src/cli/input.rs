//! What `run` is given: a plan without faults, what was done of it before, the run it may belong to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, anyhow, bail};

use super::check;
use super::{Context, asking};
use crate::care;
use crate::git::{self, Named, Oid, Repo};
use crate::graph::Graph;
use crate::journal::{self, layout};
use crate::plan::{self, Dialect, ImportedStatus, Selection, Source, TaskId};
use crate::report::{self, clean::visible};
use crate::run::names;
use crate::run::state::{Headline, State};

/// A plan that was read without a fault, and what it was read from.
pub(super) struct Input {
    pub(super) graph: Arc<Graph>,
    pub(super) sources: Vec<Source>,
    pub(super) hash: String,
    pub(super) path: String,
    /// What was selected of the named files, by flags or when asked.
    pub(super) selection: Selection,
}

impl Input {
    /// The plan's files as the journal keeps them, each read when its turn comes.
    pub(super) fn files(&self) -> impl Iterator<Item = Result<(String, Vec<u8>)>> {
        self.sources.iter().map(|source| {
            let name = source.path.file_name().unwrap_or_default();
            let bytes = source.bytes().map_err(|fault| anyhow!(fault.message))?;
            Ok((name.to_string_lossy().into_owned(), bytes.into_owned()))
        })
    }
}

/// The plan, once its warnings were told.
pub(super) fn read(
    context: &Context,
    repo: &Repo,
    paths: &[PathBuf],
    selection: &Selection,
) -> Result<Input> {
    let mut selection = selection.clone();
    let mut read = check::read(paths, &selection);
    if !context.json
        && let Some(session) = asking::choose("several sessions are there", &read.sessions)
    {
        selection.session = Some(session);
        read = check::read(paths, &selection);
    }
    let dialect = read.dialect;
    let (graph, sources) = read.sound(context.quiet)?;
    let hash = git::sha256(&plan::hash_input(&sources))?;
    // A session is a plan of its own wherever it was found.
    let session = dialect.and_then(|dialect| plan::session(dialect, &sources));
    let mut path = session.unwrap_or(&paths[0]);
    // So is a spec, which is known by its directory then.
    if selection.specs.len() == 1 && graph.plan().artifacts.len() == 1 {
        selection.specs.clear();
        path = sources[0].path.parent().unwrap_or(path);
    }
    let path = place(repo, path);
    Ok(Input {
        graph: Arc::new(graph),
        sources,
        hash,
        path,
        selection,
    })
}

/// How a plan at `path` is named in journals: relative to the repository where it lies in it.
fn place(repo: &Repo, path: &Path) -> String {
    match repo.name_in_checkout(path) {
        // The repository itself has a name too.
        Some(name) if name.as_os_str().is_empty() => ".".to_owned(),
        Some(name) => name.to_string_lossy().into_owned(),
        None => {
            let real = path.canonicalize();
            let real = real.unwrap_or_else(|_| path.to_path_buf());
            real.to_string_lossy().into_owned()
        }
    }
}

/// Where the plan was when it was read, from here.
pub(super) fn recorded_path(context: &Context, repo: &Repo, state: &State) -> Result<PathBuf> {
    let path = match repo.checkout() {
        Some(top) => top.join(&state.run.plan_path),
        None => PathBuf::from(&state.run.plan_path),
    };
    let path = plan::place_now(state.graph().plan().dialect, path);
    let here = context.dir.canonicalize()?;
    Ok(match path.strip_prefix(here) {
        Ok(short) if !short.as_os_str().is_empty() => context.path(short),
        _ => path,
    })
}

/// The unfinished run of the plan at `path`.
pub(super) fn unfinished_at(repo: &Repo, path: &Path) -> Result<Option<String>> {
    let place = place(repo, path);
    let mut runs = unfinished_runs(repo)?.into_iter();
    let found = runs.find(|(_, headline)| headline.plan_path == place);
    Ok(found.map(|(run, _)| run))
}

fn unfinished_runs(repo: &Repo) -> Result<Vec<(String, Headline)>> {
    let mut found = Vec::new();
    for run in journal::runs(repo)? {
        // One that cannot be read stops no other; `list` tells of it.
        if let Ok(headline) = journal::headline(repo, &run.id)
            && !headline.is_over()
        {
            found.push((run.id, headline));
        }
    }
    Ok(found)
}

/// The unfinished run of this plan, with the hash of the plan it was started with; one of these very bytes
/// before one of others at the same path that reads the same of its files.
pub(super) fn unfinished(repo: &Repo, input: &Input) -> Result<Option<(String, String)>> {
    let mut other = None;
    for (run, headline) in unfinished_runs(repo)? {
        if headline.plan_path != input.path {
            continue;
        }
        if headline.plan_hash == input.hash {
            return Ok(Some((run, headline.plan_hash)));
        }
        let policy = journal::load(repo, &run)?.state.run.policy;
        if policy.selection.wants_as(&input.selection) {
            other = Some((run, headline.plan_hash));
        }
    }
    Ok(other)
}

/// The newest run of this plan that is complete and holds what no other branch has yet.
pub(super) fn unlanded(repo: &Repo, input: &Input) -> Result<Option<String>> {
    let head = repo.head()?.commit;
    let mut newest: Option<(String, String)> = None;
    for run in journal::runs(repo)? {
        let Ok(headline) = journal::headline(repo, &run.id) else {
            continue;
        };
        let is_meant =
            headline.plan_path == input.path && headline.status == "complete" && !headline.landed;
        if !is_meant {
            continue;
        }
        // Whoever merged the branch by hand has it; so does everybody where a run made nothing.
        let tip = repo.oid(&headline.tip)?;
        if head.is_some_and(|head| repo.is_ancestor(tip, head).unwrap_or(false)) {
            continue;
        }
        newest = newest.max(Some((headline.started_at, run.id)));
    }
    Ok(newest.map(|(_, run)| run))
}

/// The newest run that has landed and has done all of this plan as it is.
pub(super) fn landed(repo: &Repo, input: &Input) -> Result<Option<String>> {
    let runs = journal::runs(repo)?.into_iter();
    let headlines = runs.filter_map(|run| journal::headline(repo, &run.id).ok());
    let newest = headlines
        .filter(|headline| headline.landed && headline.status == "complete")
        .filter(|headline| headline.plan_path == input.path && headline.plan_hash == input.hash)
        .max_by(|a, b| a.started_at.cmp(&b.started_at));
    Ok(newest.map(|headline| headline.run))
}

/// Refuses to begin what may have been begun already: a run of this plan, or of one that cannot be told, is here
/// without a journal that can be read.
pub(super) fn refuse_lost(repo: &Repo, input: &Input) -> Result<()> {
    let may_be_this = |lost: &care::Lost| lost.plan.as_ref().is_none_or(|plan| *plan == input.path);
    let Some(care::Lost { run, plan }) = care::lost(repo)?.into_iter().find(may_be_this) else {
        return Ok(());
    };
    let which = match plan {
        Some(_) => "of this plan",
        None => "of a plan that cannot be told",
    };
    bail!(
        "run `{run}`, {which}, has lost its journal: `git enact doctor {run} --repair` brings back what is left, \
         `git enact clean {run} --purge` removes what is, `--new` starts another run"
    )
}

/// Whether the files of the plan that `run` has and those that were read now differ in nothing but what they say
/// of progress: whoever had a run write that did not edit the plan.
pub(super) fn is_only_marked(
    repo: &Repo,
    run: &str,
    dialect: Dialect,
    now: &[Source],
) -> Result<bool> {
    let kept = kept(repo, run, now)?;
    Ok(plan::differ_in_progress_only(dialect, &kept, now))
}

/// Has the plan of `input` differ from that of `state` in what people changed only, and not in the marks that its run,
/// or whoever ticks boxes, made meanwhile.
pub(super) fn unmark(repo: &Repo, state: &State, input: &mut Input) -> Result<()> {
    let before = kept(repo, &state.run.id, &input.sources)?;
    let mut plan = input.graph.plan().clone();
    plan::unmark(&mut plan, &input.sources, state.authored().plan(), &before);
    let graph = Graph::new(plan).map_err(|_| anyhow!("the plan no longer holds"))?;
    input.graph = Arc::new(graph);
    Ok(())
}

/// The files of the plan that `run` has, as if they lay where those lie that were read now.
fn kept(repo: &Repo, run: &str, now: &[Source]) -> Result<Vec<Source>> {
    let files = journal::sources(repo, journal::tip(repo, run)?)?;
    let mut kept: Vec<Source> = Vec::with_capacity(files.len());
    for (name, bytes) in files {
        let is_named = |source: &&Source| source.path.file_name().is_some_and(|own| own == &*name);
        // Files of one name follow each other as they did.
        let before = kept.iter().filter(is_named).count();
        let path = now.iter().filter(is_named).nth(before);
        let path = path.map_or_else(|| PathBuf::from(&name), |source| source.path.clone());
        kept.push(Source::new(
            path,
            String::from_utf8(bytes).unwrap_or_default(),
        ));
    }
    Ok(kept)
}

/// What landed so far: a squash brings what a commit made and not the commit.
struct Landings<'r> {
    repo: &'r Repo,
    /// Of each run that landed whole what landed and the commit it became; read when it is first asked for.
    found: Option<Vec<(Oid, Oid)>>,
}

impl Landings<'_> {
    /// Whether a commit is of a run whose landing is in the history of `base`.
    fn brought(&mut self, commit: Oid, base: Oid) -> Result<bool> {
        let repo = self.repo;
        let found = match &mut self.found {
            Some(found) => found,
            unread => unread.insert(landings(repo)?),
        };
        for (tip, to) in found {
            if repo.is_ancestor(commit, *tip)? && repo.is_ancestor(*to, base)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn landings(repo: &Repo) -> Result<Vec<(Oid, Oid)>> {
    let mut landings = Vec::new();
    for run in journal::runs(repo)? {
        let has_landed = journal::headline(repo, &run.id).is_ok_and(|headline| headline.landed);
        if !has_landed {
            continue;
        }
        // What cannot be read proves nothing, and is told where somebody asks for that run.
        let Ok(loaded) = journal::load(repo, &run.id) else {
            continue;
        };
        if let Some(landed) = loaded.state.run.landed {
            landings.push((repo.oid(&landed.tip)?, repo.oid(&landed.to)?));
        }
    }
    Ok(landings)
}

/// What the plan's files say was done before is believed where git has nothing against it: a commit that they
/// name must be one that the run starts from, or that has landed in one; and files that a task is said to have left
/// must be there. A task of which they name neither is taken at their word.
///
/// Of tasks that are `known` otherwise nobody need be told.
pub(super) fn confirm_imports(
    repo: &Repo,
    base: Oid,
    input: &mut Input,
    known: &dyn Fn(&TaskId) -> bool,
) -> Result<()> {
    let mut plan = input.graph.plan().clone();
    let mut unproven = Vec::new();
    let mut landings = Landings { repo, found: None };
    for task in &mut plan.tasks {
        let warn =
            |text: String| report::notice(&visible(&format!("warning: task {} {text}", task.id)));
        let Some(imported) = &mut task.imported else {
            continue;
        };
        let is_done = imported.status == ImportedStatus::Done;
        let left = task.earlier.as_ref().filter(|_| is_done);
        let left = left.map_or(&[][..], |earlier| &earlier.artifacts);
        if let Some(missing) = missing(repo, base, left)? {
            warn(format!(
                "is marked done, but `{missing}`, which it left, is not in the commit that the run starts from: it is done again"
            ));
            task.imported = None;
            continue;
        }
        let Some(name) = imported.commit.take() else {
            if is_done && left.is_empty() && !known(&task.id) {
                unproven.push(task.id.as_str());
            }
            continue;
        };
        match repo.find(&name) {
            Named::Commit(commit)
                if repo.is_ancestor(commit, base)? || landings.brought(commit, base)? =>
            {
                imported.commit = Some(commit.to_string());
            }
            _ if is_done => {
                warn(format!(
                    "is marked done with {name}, which is no commit that the run starts from: it is done again"
                ));
                task.imported = None;
            }
            _ => {}
        }
    }
    if !unproven.is_empty() {
        report::notice(&visible(&believed(&unproven)));
    }
    let graph = Graph::new(plan).map_err(|_| anyhow::anyhow!("the plan no longer holds"))?;
    input.graph = Arc::new(graph);
    Ok(())
}

/// That these tasks are taken at the word of the plan's files; in one line, however many boxes are ticked.
fn believed(tasks: &[&str]) -> String {
    const NAMED_MAX: usize = 8;
    let named = tasks.iter().take(NAMED_MAX).copied().collect::<Vec<_>>();
    match (tasks.len(), tasks.len() - named.len()) {
        (1, _) => format!(
            "warning: task {} is marked done without a commit: it counts as done, and nothing proves it",
            named[0]
        ),
        (_, others) => {
            let others = match others {
                0 => String::new(),
                count => format!(" and {count} more"),
            };
            format!(
                "warning: tasks {}{others} are marked done without a commit: they count as done, and nothing proves it",
                named.join(", ")
            )
        }
    }
}

/// The first of these paths that a commit does not have.
fn missing<'a>(repo: &Repo, commit: Oid, paths: &'a [String]) -> Result<Option<&'a str>> {
    for path in paths {
        let path = path.trim_start_matches("./").trim_end_matches('/');
        if repo.entry_at(commit, path)?.is_none() {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// The id that the user chose, or one made from the plan's title.
pub(super) fn run_id(repo: &Repo, input: &Input, name: Option<&str>) -> Result<String> {
    let existing = journal::runs(repo)?;
    let is_taken = |id: &str| existing.iter().any(|run| run.id == id);
    let has_branches =
        |id: &str| Ok::<_, anyhow::Error>(!repo.list(&layout::branches(id))?.is_empty());
    let place = layout::BRANCHES.trim_end_matches('/');
    if repo.read(place)?.is_some() {
        let branch = names::branch(place);
        bail!(
            "your branch `{branch}` stands where runs keep theirs, as `{branch}/…`: rename it first"
        );
    }
    if let Some(name) = name {
        layout::check_run_id(name)?;
        if is_taken(name) {
            bail!("run `{name}` exists: see `git enact status {name}`, or choose another name");
        }
        if has_branches(name)? {
            bail!(
                "branches of an earlier run `{name}` are still there, and may be all that names its work: \
                 choose another name, or `git enact clean {name} --purge`"
            );
        }
        return Ok(name.to_owned());
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
        if !is_taken(&id) && !has_branches(&id)? {
            return Ok(id);
        }
    }
}
