//! Observing what git shows of an attempt that ended. Reads only; judges nothing.

use anyhow::Result;

use super::facts::{Claimed, Facts, Promise};
use super::manifest;
use crate::git::{Named, Oid, Repo, mode};
use crate::plan::Task;
use crate::run::evidence::Outcome;
use crate::run::policy::Policy;
use crate::run::state::AttemptState;

/// The facts of `attempt`, its checks not yet run.
pub fn facts(repo: &Repo, task: &Task, attempt: &AttemptState, policy: &Policy) -> Result<Facts> {
    let claim = attempt.claim.clone().unwrap_or_default();
    let base = repo.oid(&attempt.base)?;
    let tip = attempt
        .tip
        .as_deref()
        .map(|tip| repo.oid(tip))
        .transpose()?;
    let mut facts = Facts {
        outcome: attempt.outcome.unwrap_or(Outcome::Lost),
        limit_ms: policy.timeout_ms,
        stall_limit_ms: policy.stall_timeout_ms,
        claimed: claimed(repo, claim.commit.as_deref()),
        claim,
        base: attempt.base.clone(),
        tip: attempt.tip.clone(),
        descends: false,
        whole: false,
        committed_by_tool: attempt.committed_by_tool,
        residue: attempt.residue.clone(),
        foreign: None,
        changed: Vec::new(),
        promised: Vec::new(),
        dependencies: Vec::new(),
        checks: Vec::new(),
        hook: None,
        unrun: Vec::new(),
        quality: Vec::new(),
        criteria: Vec::new(),
    };
    if let Some(tip) = tip {
        // First whether it can be read: what ends too early is never come back from.
        facts.whole = repo.is_whole(tip, base)?;
        facts.descends = !facts.whole || repo.is_ancestor(base, tip)?;
        if facts.whole && facts.descends {
            facts.changed = repo
                .changed(base, tip)?
                .into_iter()
                .map(|change| change.path)
                .collect();
        }
    }
    let seen = tip.filter(|_| facts.whole).unwrap_or(base);
    facts.promised = promised(repo, task, base, seen)?;
    facts.dependencies = dependencies(repo, task, seen)?;
    Ok(facts)
}

/// What the commit that the executor named is.
fn claimed(repo: &Repo, name: Option<&str>) -> Claimed {
    let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) else {
        return Claimed::Nothing;
    };
    match repo.find(name) {
        Named::Commit(oid) => Claimed::Commit(oid.to_string()),
        Named::Missing => Claimed::Unknown(name.to_owned()),
        Named::Ambiguous => Claimed::Ambiguous(name.to_owned()),
        Named::Other(kind) => Claimed::Other(name.to_owned(), kind.to_owned()),
    }
}

/// What is to be made must be there; what is to be changed must be there, and otherwise than before.
fn promised(repo: &Repo, task: &Task, base: Oid, commit: Oid) -> Result<Vec<(String, Promise)>> {
    let mut promised = Vec::with_capacity(task.creates.len() + task.modifies.len());
    let there = |path: &str| -> Result<Promise> {
        Ok(match repo.size_at(commit, path)? {
            None => Promise::Missing,
            Some(0) => Promise::Empty,
            Some(_) => Promise::Kept,
        })
    };
    for path in &task.creates {
        promised.push((path.clone(), there(path.trim_start_matches("./"))?));
    }
    for path in task
        .modifies
        .iter()
        .filter(|path| !task.creates.contains(path))
    {
        let plain = path.trim_start_matches("./");
        let (before, after) = (repo.entry_at(base, plain)?, repo.entry_at(commit, plain)?);
        let is_directory = after.is_some_and(|(found, _)| found == mode::TREE);
        let now = if is_directory {
            Promise::Kept
        } else {
            there(plain)?
        };
        let promise = match now {
            Promise::Kept if before.is_none() => Promise::New,
            Promise::Kept if before == after => Promise::Unchanged,
            other => other,
        };
        promised.push((path.clone(), promise));
    }
    Ok(promised)
}

/// `Cargo.toml: argon2` stands when the manifest declares it; where the file is no manifest that we know, when it
/// names `argon2` as a word of its own.
fn dependencies(repo: &Repo, task: &Task, commit: Oid) -> Result<Vec<(String, bool)>> {
    let mut found = Vec::with_capacity(task.depends.len());
    for dependency in &task.depends {
        let Some((manifest, name)) = dependency.split_once(':') else {
            continue;
        };
        let (path, name) = (manifest.trim().trim_start_matches("./"), name.trim());
        let text = repo.blob_at(commit, path)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let stands = manifest::stands(path, &text, name).unwrap_or_else(|| names(&text, name));
        found.push((dependency.clone(), stands));
    }
    Ok(found)
}

/// Whether `text` names `word`, not merely a longer word around it. Comment lines do not count.
fn names(text: &str, word: &str) -> bool {
    let is_part =
        |found: Option<char>| found.is_some_and(|c| c.is_alphanumeric() || c == '-' || c == '_');
    let lines = text
        .lines()
        .map(str::trim_start)
        .filter(|line| !line.starts_with(['#', '/']));
    lines
        .flat_map(|line| line.match_indices(word).map(move |found| (line, found.0)))
        .any(|(line, at)| {
            !is_part(line[..at].chars().next_back())
                && !is_part(line[at + word.len()..].chars().next())
        })
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_dependency_stands_only_as_a_word_of_its_own() {
        let manifest = "# argon2 is not needed\nserde_json 1\nclap (4)\n";
        assert!(names(manifest, "clap") && names(manifest, "serde_json"));
        assert!(
            !names(manifest, "serde"),
            "`serde` is part of `serde_json` only"
        );
        assert!(!names(manifest, "argon2"), "a comment promises nothing");
        for longer in [
            "grand",
            "rand2",
            "rand-core",
            "my-rand",
            "rand_core",
            "a_rand",
        ] {
            assert!(!names(longer, "rand"), "{longer}");
        }
    }
}
