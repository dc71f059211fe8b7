//! How specs stand to each other: which needs which, and which run before which.
//!
//! What the catalog and the headers say of dependencies, checked for cycles, and the phases. Knows no single task.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::catalog::Catalog;
use super::join::Spec;
use super::spec::Kind;
use crate::plan::Fault;
use crate::plan::source::Source;

/// Which specs need which, and which run before which.
pub(super) struct Relations {
    /// By place; what another need implies is left out.
    pub(super) needs: Vec<BTreeSet<usize>>,
    /// The specs in the order of their phases, those of one phase together.
    pub(super) ranks: Vec<Vec<usize>>,
}

impl Relations {
    pub(super) fn new(
        specs: &[Spec<'_>],
        catalog: &Catalog,
        sources: &[Source],
        faults: &mut Vec<Fault>,
    ) -> Self {
        let place: HashMap<&str, usize> = specs
            .iter()
            .enumerate()
            .map(|(at, spec)| (spec.identity.id.as_str(), at))
            .collect();
        let mut needs = vec![BTreeSet::new(); specs.len()];
        for (at, spec) in specs.iter().enumerate() {
            let entry = catalog.of(&spec.identity.id);
            let listed = entry
                .iter()
                .flat_map(|entry| &entry.needs)
                .map(|need| need.word.to_ascii_uppercase());
            let required = spec.requires.iter().map(|(id, _)| id.clone());
            let mut outside = BTreeSet::new();
            for id in listed.chain(required) {
                match place.get(id.as_str()) {
                    Some(need) if *need == at => {}
                    Some(need) => {
                        needs[at].insert(*need);
                    }
                    None if catalog.is_there(&id) => {}
                    None => {
                        outside.insert(id);
                    }
                }
            }
            faults.extend(unmet(spec, &outside));
        }
        if let Some(cycle) = cycle(&needs) {
            faults.push(cycle_fault(&cycle, specs, catalog, sources));
            needs.iter_mut().for_each(BTreeSet::clear);
        }
        let ranks = ranks(specs, &needs);
        Self {
            needs: reduced(&needs),
            ranks,
        }
    }
}

/// What a spec depends on and nobody says is there.
fn unmet(spec: &Spec<'_>, outside: &BTreeSet<String>) -> Option<Fault> {
    if outside.is_empty() {
        return None;
    }
    let ids: Vec<&str> = outside.iter().map(String::as_str).collect();
    let (id, shown) = (&spec.identity.id, ids.join("`, `"));
    let message = match id.is_empty() {
        true => format!("what the plan depends on is nowhere said to be completed: `{shown}`"),
        false => format!(
            "`{id}` depends on `{shown}`, not in this plan and nowhere said to be completed"
        ),
    };
    let range = spec
        .requires
        .first()
        .map_or(spec.text.start()..spec.text.start(), |(_, range)| {
            range.clone()
        });
    let fault = spec.text.warning(range, message);
    let help = format!("`git enact run {} {id}` runs them together", ids.join(" "));
    Some(if id.is_empty() {
        fault
    } else {
        fault.help(help)
    })
}

/// Specs that wait for each other, each for the next.
fn cycle(needs: &[BTreeSet<usize>]) -> Option<Vec<usize>> {
    let mut settled = HashSet::new();
    for start in 0..needs.len() {
        let mut path: Vec<(usize, Vec<usize>)> = Vec::new();
        let mut next = Some(start);
        loop {
            if let Some(at) = next.take() {
                if let Some(from) = path.iter().position(|(on, _)| *on == at) {
                    return Some(path[from..].iter().map(|(on, _)| *on).collect());
                }
                if !settled.contains(&at) {
                    path.push((at, needs[at].iter().copied().collect()));
                }
            }
            match path.last_mut() {
                None => break,
                Some((at, open)) => match open.pop() {
                    Some(need) => next = Some(need),
                    None => {
                        settled.insert(*at);
                        path.pop();
                    }
                },
            }
        }
    }
    None
}

fn cycle_fault(
    cycle: &[usize],
    specs: &[Spec<'_>],
    catalog: &Catalog,
    sources: &[Source],
) -> Fault {
    let ids = cycle
        .iter()
        .chain(&cycle[..1])
        .map(|at| specs[*at].identity.id.as_str());
    let message = format!(
        "specs depend on each other: {}",
        ids.collect::<Vec<_>>().join(" → ")
    );
    let spec = &specs[cycle[0]];
    let entry = catalog
        .of(&spec.identity.id)
        .filter(|entry| !entry.needs.is_empty());
    match entry {
        Some(entry) => sources[entry.source]
            .text()
            .error(entry.needs[0].range.clone(), message),
        None => spec
            .text
            .error(spec.text.start()..spec.text.start(), message),
    }
}

/// Infrastructure before features, and phase by phase; what an earlier spec needs runs no later than it.
fn ranks(specs: &[Spec<'_>], needs: &[BTreeSet<usize>]) -> Vec<Vec<usize>> {
    let own = |spec: &Spec<'_>| (spec.identity.kind, spec.identity.phase);
    let mut rank: Vec<(Kind, Option<u32>)> = specs.iter().map(own).collect();
    let mut open: Vec<usize> = (0..specs.len()).collect();
    while let Some(at) = open.pop() {
        for &need in &needs[at] {
            if rank[need] > rank[at] {
                rank[need] = rank[at];
                open.push(need);
            }
        }
    }
    let mut order: Vec<usize> = (0..specs.len())
        .filter(|at| !specs[*at].drafts.tasks.is_empty())
        .collect();
    order.sort_by_key(|at| rank[*at]);
    order
        .chunk_by(|a, b| rank[*a] == rank[*b])
        .map(<[usize]>::to_vec)
        .collect()
}

/// Needs without those that follow from others.
fn reduced(needs: &[BTreeSet<usize>]) -> Vec<BTreeSet<usize>> {
    let implied = |at: usize| {
        let mut reached = HashSet::new();
        let mut open: Vec<usize> = needs[at]
            .iter()
            .flat_map(|need| &needs[*need])
            .copied()
            .collect();
        while let Some(need) = open.pop() {
            if reached.insert(need) {
                open.extend(&needs[need]);
            }
        }
        reached
    };
    let each = needs.iter().enumerate();
    each.map(|(at, own)| {
        let implied = implied(at);
        own.iter()
            .copied()
            .filter(|need| !implied.contains(need))
            .collect()
    })
    .collect()
}
