//! From task lists and the catalog to one plan: several specs, their dependencies and phases.
//!
//! With one spec ids are the plan's own; with several they begin with that of the spec. Dependencies between specs
//! are needs, each task of one on each task of the other; infrastructure, features and phases are only order.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;

use super::catalog::Catalog;
use super::execution;
use super::layers::{self, Step, barrier};
use super::needs::{self, Needs, is_spec};
use super::plain;
use super::relations::Relations;
use super::review;
use super::spec::{self, Identity};
use super::tasks::{self, Drafts};
use crate::plan::dialect::Reading;
use crate::plan::fields::fields;
use crate::plan::gaps;
use crate::plan::markdown::{Block, Document};
use crate::plan::source::{self, Source};
use crate::plan::text::Text;
use crate::plan::{Dialect, Fault, Imported, Plan, Task, TaskId, Wishes, fields as values};

/// A task list that was read.
pub(super) struct Spec<'s> {
    pub(super) text: Text<'s>,
    pub(super) identity: Identity,
    pub(super) drafts: Drafts,
    title: String,
    needs: Vec<Needs>,
    /// What each task comes after, by place.
    after: Vec<Vec<usize>>,
    /// The tasks that what follows the spec comes after.
    last: Vec<usize>,
    /// The specs that its header requires.
    pub(super) requires: Vec<(String, Range<usize>)>,
    /// The place of its first task among those of the plan.
    first: usize,
    /// What its tasks are called in the plan.
    ids: Vec<TaskId>,
}

pub(super) fn read(sources: &[Source]) -> Reading {
    let mut faults = Vec::new();
    let catalog = Catalog::read(sources);
    let mut specs = specs(sources, &catalog, &mut faults);
    let several = specs.len() > 1;
    // Without them nobody knows which spec waits for which.
    faults.extend(catalog.faults.iter().cloned().map(|mut fault| {
        if !several {
            fault.severity = crate::plan::Severity::Warning;
        }
        fault
    }));
    let mut first = 0;
    for spec in &mut specs {
        spec.first = first;
        first += spec.drafts.tasks.len();
        let ids = spec.drafts.tasks.iter();
        let ids = ids.map(|draft| TaskId::new(id_in_plan(spec, &draft.id, several)));
        spec.ids = ids.collect();
    }
    let relations = Relations::new(&specs, &catalog, sources, &mut faults);
    gaps::review(&mut faults, review::project(&specs, &catalog, sources));
    let after = after(&specs, &relations);
    let mut tasks = Vec::with_capacity(first);
    for (at, spec) in specs.iter().enumerate() {
        for nth in 0..spec.drafts.tasks.len() {
            tasks.push(task(&specs, at, nth, &relations, &after, &mut faults));
        }
    }
    gaps::review(&mut faults, review::gaps(&tasks));
    if tasks.is_empty() {
        let text = &specs[0].text;
        faults.push(
            text.error(text.start()..text.start(), "the plan has no tasks")
                .help("a task is a box such as `- [ ] Add the login page`, or a heading `## Task 1: Add the login page`"),
        );
    }
    let plan = Plan {
        dialect: Dialect::Layered,
        title: title(&specs),
        tasks,
        wishes: Wishes::default(),
        artifacts: specs
            .iter()
            .map(|spec| spec.text.path.display().to_string())
            .collect(),
    };
    Reading { plan, faults }
}

/// The task lists among the texts, each read for itself.
pub(super) fn specs<'s>(
    sources: &'s [Source],
    catalog: &Catalog,
    faults: &mut Vec<Fault>,
) -> Vec<Spec<'s>> {
    let lists = sources.iter().enumerate();
    let lists = lists.filter(|(at, source)| {
        *at == 0 || spec::is_task_list(&source.path) && !plain::is_plain(source, sources)
    });
    let mut specs: Vec<Spec<'s>> = lists
        .map(|(_, source)| one(source, catalog, faults))
        .collect();
    execution::import(sources, &mut specs);
    for spec in &specs {
        let beside = plain::beside(spec.text.path, sources);
        faults.extend(
            beside
                .into_iter()
                .flat_map(|plain| plain::differences(plain, spec)),
        );
    }
    let mut seen: HashMap<&str, &Spec<'s>> = HashMap::new();
    for spec in &specs {
        if let Some(other) = seen.insert(&spec.identity.id, spec) {
            let message = format!(
                "two specs are `{}`: this one and `{}`",
                spec.identity.id,
                other.text.path.display()
            );
            let at = spec.text.start();
            faults.push(
                spec.text
                    .error(at..at, message)
                    .help("say in its first line who it is: `# Tasks for F002: Login`"),
            );
        }
    }
    specs
}

fn one<'s>(source: &'s Source, catalog: &Catalog, faults: &mut Vec<Fault>) -> Spec<'s> {
    let text = source.text();
    let document = text.document();
    faults.extend(document.hidden(&text));
    let identity = Identity::of(&text, catalog);
    let mut drafts = tasks::drafts(&text, document, faults);
    let steps = layers::steps(&drafts, spec::is_layered(text.path), &text, faults);
    for step in &steps {
        for &at in &step.tasks {
            let task = &mut drafts.tasks[at];
            if task.group.is_empty() {
                task.group.clone_from(&step.name);
            }
        }
    }
    gaps::review(faults, review::layers(&drafts, &steps, &text));
    let needs = needs::all(&drafts, &steps, &text, faults);
    let placed: Vec<Vec<usize>> = needs.iter().map(|needs| needs.tasks.clone()).collect();
    let (after, last) = layers::order(&drafts, &steps, &placed);
    faults.extend(backward(&steps, &placed, &drafts, &text));
    Spec {
        title: own_title(document, &identity, catalog, &text),
        requires: requires(document),
        identity,
        drafts,
        needs,
        after,
        last,
        text,
        first: 0,
        ids: Vec::new(),
    }
}

/// Tasks that need others of a later layer: they would wait for each other.
fn backward(steps: &[Step], needs: &[Vec<usize>], drafts: &Drafts, text: &Text<'_>) -> Vec<Fault> {
    let mut step_of = vec![0; drafts.tasks.len()];
    for (number, step) in steps.iter().enumerate() {
        step.tasks.iter().for_each(|task| step_of[*task] = number);
    }
    let mut faults = Vec::new();
    for (at, needs) in needs.iter().enumerate() {
        if let Some(need) = needs.iter().find(|need| step_of[**need] > step_of[at]) {
            let (task, need_id) = (&drafts.tasks[at], &drafts.tasks[*need].id);
            let message = format!(
                "task `{}` depends on `{need_id}`, which stands in the later layer `{}`",
                task.id, steps[step_of[*need]].name
            );
            let fault = text.error(task.at..task.at + task.id.len(), message);
            faults.push(fault.help("layers run one after the other: move one of the two"));
        }
    }
    faults
}

/// The specs that the header names as required.
fn requires(document: &Document) -> Vec<(String, Range<usize>)> {
    let is_section = |block: &Block| matches!(block, Block::Heading(heading) if heading.level > 1);
    let end = document.blocks.iter().position(is_section);
    let header = &document.blocks[..end.unwrap_or(document.blocks.len())];
    let leads = [
        "Required Infrastructure",
        "Infrastructure Dependencies",
        "Depends On",
        "Dependencies",
    ];
    let mut found = Vec::new();
    for field in leads.iter().flat_map(|lead| fields(header, lead)) {
        for line in field.lines() {
            let words = line.text.split(|c: char| !c.is_alphanumeric());
            let ids = words.filter(|word| is_spec(word));
            found.extend(ids.map(|id| (id.to_ascii_uppercase(), line.range.clone())));
        }
    }
    found
}

/// What each task of the plan comes after, by place: the layers of its spec, and the phase before.
fn after(specs: &[Spec<'_>], relations: &Relations) -> Vec<Vec<usize>> {
    let mut after: Vec<Vec<usize>> = Vec::new();
    for spec in specs {
        after.extend(
            spec.after
                .iter()
                .map(|before| before.iter().map(|at| at + spec.first).collect()),
        );
    }
    let places = |spec: &Spec<'_>, tasks: &[usize]| -> Vec<usize> {
        tasks.iter().map(|at| at + spec.first).collect()
    };
    for pair in relations.ranks.windows(2) {
        let last: Vec<usize> = pair[0]
            .iter()
            .flat_map(|at| places(&specs[*at], &specs[*at].last))
            .collect();
        let first = pair[1].iter().flat_map(|at| {
            let spec = &specs[*at];
            let starts: Vec<usize> = (0..spec.after.len())
                .filter(|task| spec.after[*task].is_empty())
                .collect();
            places(spec, &starts)
        });
        barrier(&mut after, &last, &first.collect::<Vec<_>>());
    }
    after
}

fn task(
    specs: &[Spec<'_>],
    at: usize,
    nth: usize,
    relations: &Relations,
    after: &[Vec<usize>],
    faults: &mut Vec<Fault>,
) -> Task {
    let spec = &specs[at];
    let several = specs.len() > 1;
    let (draft, said) = (&spec.drafts.tasks[nth], &spec.needs[nth]);
    let said_here = said.tasks.iter().map(|need| spec.ids[*need].clone());
    let mut needs: Vec<TaskId> = said_here.collect();
    let unknown = said.unknown.iter();
    needs.extend(unknown.map(|need| TaskId::new(id_in_plan(spec, need, several))));
    let named = said
        .specs
        .iter()
        .filter_map(|(name, _)| specs.iter().position(|spec| spec.identity.id == *name));
    let needed: BTreeSet<usize> = relations.needs[at]
        .iter()
        .copied()
        .chain(named)
        .filter(|need| *need != at)
        .collect();
    for need in needed {
        needs.extend_from_slice(&specs[need].ids);
    }
    let written: HashSet<&TaskId> = needs.iter().collect();
    let places = &after[spec.first + nth];
    let before = places.iter().map(|place| {
        let other = &specs[specs.partition_point(|spec| spec.first <= *place) - 1];
        other.ids[place - other.first].clone()
    });
    let mut after = Vec::with_capacity(places.len());
    after.extend(before.filter(|id| !written.contains(id)));
    let layer = Some(draft.group.as_str()).filter(|name| !name.is_empty());
    Task {
        id: spec.ids[nth].clone(),
        title: draft.title.clone(),
        body: draft.body.clone(),
        group: match (several, layer) {
            (true, Some(layer)) => Some(format!("{}: {layer}", spec.identity.id)),
            (true, None) => Some(spec.identity.id.clone()),
            (false, layer) => layer.map(str::to_owned),
        },
        after,
        needs,
        files: values::globs(&draft.files, &spec.text, faults),
        verify: draft.verify.clone(),
        agent: draft.agent.clone(),
        acceptance: draft.acceptance.clone(),
        skills: draft.skills.clone(),
        run: draft.run.clone(),
        imported: draft.status.map(|status| Imported {
            status,
            commit: None,
        }),
        ..Task::at(spec.text.location(draft.at))
    }
}

/// What a spec is called: `I012: Test Authentication System`.
fn own_title(
    document: &Document,
    identity: &Identity,
    catalog: &Catalog,
    text: &Text<'_>,
) -> String {
    let heading = document
        .title()
        .map_or("", |heading| heading.title.as_str());
    let bare = heading
        .trim_start_matches("Layered ")
        .trim_start_matches("Tasks for ")
        .trim_start_matches("Tasks: ")
        .trim_end_matches(" - Tasks")
        .trim();
    let is_said = !bare.is_empty() && !bare.eq_ignore_ascii_case("tasks") && !is_spec(bare);
    let name = catalog
        .of(&identity.id)
        .map(|entry| entry.name.as_str())
        .filter(|name| !name.is_empty());
    let id = &identity.id;
    let is_told = |title: &str| {
        let mut words = title.split(|c: char| !c.is_alphanumeric());
        words.any(|word| word.eq_ignore_ascii_case(id))
    };
    match (is_said, name) {
        (true, _) if !is_spec(id) || is_told(bare) => bare.to_owned(),
        (true, _) => format!("{id}: {bare}"),
        (false, Some(name)) => format!("{id}: {name}"),
        (false, None) if is_spec(id) => id.clone(),
        (false, None) => source::feature(text.path),
    }
}

/// The specs of a plan by their ids; the title of one that has none.
pub(super) fn named(plan: &Plan) -> String {
    let mut ids: Vec<&str> = plan
        .tasks
        .iter()
        .filter_map(|task| Some(task.id.as_str().split_once(':')?.0))
        .collect();
    ids.dedup();
    let mut words = plan.title.split(|c: char| !c.is_alphanumeric());
    match words.find(|word| is_spec(word)) {
        Some(id) if ids.is_empty() => id.to_owned(),
        _ if ids.is_empty() => plan.title.clone(),
        _ => ids.join(", "),
    }
}

fn title(specs: &[Spec<'_>]) -> String {
    let ids: Vec<&str> = specs.iter().map(|spec| spec.identity.id.as_str()).collect();
    match ids.as_slice() {
        [_] => specs[0].title.clone(),
        [first, .., last] if ids.len() > 4 => format!("{} specs, {first} to {last}", ids.len()),
        ids => ids.join(", "),
    }
}

/// What the task that a list calls by this id is called in the plan.
pub(super) fn id_in_plan(spec: &Spec<'_>, id: &str, several: bool) -> String {
    match several {
        true => format!("{}:{id}", spec.identity.id),
        false => id.to_owned(),
    }
}
