//! What every executor of a plan should know how to do: the skills that its user or its author names for the whole, and
//! those that its content calls for.
//!
//! What one task asks for is that task's. Only plans of phases have theirs found by content, for only their executors
//! come with the skills of the table.

use std::borrow::Cow;
use std::collections::HashSet;

use super::sayings::Sayings;
use super::source::Source;
use super::{Dialect, Plan, Selection, Skills, Task};

/// A skill that is known, and what it is about.
const KNOWN: [(&str, &str); 6] = [
    ("rust-testing", "tests of Rust code"),
    ("rust-logging", "logs and traces of Rust programs"),
    ("rust-devops", "building and shipping Rust programs"),
    ("thiserror", "errors of a library"),
    ("color-eyre", "errors as a user reads them"),
    ("clap", "command lines"),
];

/// What is said in a plan, and the skills that this calls for.
const CALLS: [(&str, &[&str]); 11] = [
    ("rust", RUST),
    ("cargo", RUST),
    ("thiserror", &["thiserror"]),
    ("error types", &["thiserror"]),
    ("error handling", &["thiserror", "color-eyre"]),
    ("error reports", &["color-eyre"]),
    ("color-eyre", &["color-eyre"]),
    ("clap", &["clap"]),
    ("cli", &["clap"]),
    ("command line", &["clap"]),
    ("command-line", &["clap"]),
];
const RUST: &[&str] = &["rust-testing", "rust-logging", "rust-devops"];

/// What a skill is about, when it is one that we know.
pub fn about(skill: &str) -> Option<&'static str> {
    let mut known = KNOWN.iter();
    known.find(|known| known.0 == skill).map(|known| known.1)
}

/// Adds to what `plan` asks of its run the skills that the user names, that its texts name, and that they call for.
pub(super) fn assign(plan: &mut Plan, sources: &[Source], selection: &Selection) {
    let hint = selection.hint.as_deref().unwrap_or_default();
    let mut named = std::mem::take(&mut plan.wishes.skills.named);
    named.extend(selection.skills.iter().cloned());
    named.extend(named_in(hint));
    if plan.dialect == Dialect::Phases {
        let texts = sources.iter().map(|source| source.text().text);
        named.extend(texts.flat_map(named_in));
    }
    let mut seen = HashSet::new();
    named.retain(|skill| seen.insert(skill.clone()));
    let of_tasks = plan.tasks.iter().flat_map(|task| &task.skills);
    seen.extend(of_tasks.cloned());
    let called = match plan.dialect {
        Dialect::Phases => Called::by(plan),
        _ => Called::default(),
    };
    let is_new = |skill: &&str| !seen.contains(*skill);
    let found = called.by_all.into_iter().filter(is_new);
    let (detected, of_owners): (Vec<&str>, Vec<&str>) =
        found.partition(|skill| called.by_work.contains(skill));
    let owned = |skills: Vec<&str>| skills.into_iter().map(str::to_owned).collect();
    plan.wishes.skills = Skills {
        detected: owned(detected),
        of_owners: owned(of_owners),
        named,
    };
}

/// Whether words say which skills to use.
pub(super) fn are_named_in(hint: &str) -> bool {
    !named_in(hint).is_empty()
}

/// Names in `use the a and b skills`, `with the a skill`, in code or not.
fn named_in(text: &str) -> Vec<String> {
    let mut named = Vec::new();
    let mut read = 0;
    // Looked for first, for most lines say nothing of it; in one line it may stand more than once.
    for (at, _) in text.match_indices("kill") {
        if at < read {
            continue;
        }
        let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
        read = text[at..]
            .find('\n')
            .map_or(text.len(), |length| at + length);
        named.extend(names_in(&text[start..read]));
    }
    named
}

/// The same of one line.
fn names_in(line: &str) -> Vec<String> {
    const VERBS: [&str; 6] = ["use", "uses", "using", "with", "activate", "apply"];
    let mut named = Vec::new();
    // What may be names, from where it is said that something is used.
    let mut said: Option<Vec<&str>> = None;
    let mut were_skills = false;
    for word in line.split_whitespace() {
        let bare = plain(word);
        let lower = bare.to_lowercase();
        let is_skills = matches!(lower.as_str(), "skill" | "skills");
        match lower.as_str() {
            verb if VERBS.contains(&verb) => said = Some(Vec::new()),
            _ if is_skills => named.extend(said.take().unwrap_or_default()),
            // `use the a skill and the b skill`
            "and" | "&" if were_skills => said = Some(Vec::new()),
            "the" | "and" | "&" | "" => {}
            name if is_name(name) => said.iter_mut().for_each(|said| said.push(bare)),
            _ => said = None,
        }
        were_skills = is_skills;
    }
    named.into_iter().map(str::to_owned).collect()
}

/// A word without the marks around it.
fn plain(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric() && c != '&')
}

/// Whether a word can be the name of a skill rather than a word of the sentence: people say `your skills` as well.
fn is_name(word: &str) -> bool {
    const WORDS: [&str; 12] = [
        "a",
        "an",
        "any",
        "all",
        "your",
        "my",
        "our",
        "these",
        "those",
        "following",
        "new",
        "same",
    ];
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_:.".contains(c);
    !WORDS.contains(&word)
        && word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word.chars().all(is_part)
}

/// Those of the table that a plan calls for.
#[derive(Debug, Default)]
struct Called {
    /// By all that its tasks say.
    by_all: Vec<&'static str>,
    /// By what is to be done: an owner's name says what they know.
    by_work: Vec<&'static str>,
}

impl Called {
    fn by(plan: &Plan) -> Self {
        let sayings = Sayings::new(CALLS.iter().map(|(saying, _)| *saying));
        let title = plan.title.as_str();
        let of_tasks = plan.tasks.iter();
        let of_tasks = of_tasks.flat_map(|task| [task.title.as_str(), task.body.as_str()]);
        let said = sayings.said_in(std::iter::once(title).chain(of_tasks));
        let mut of_work = sayings.said_in([title]);
        for task in &plan.tasks {
            // Most is said by the first tasks already, and nobody need read on.
            if of_work == said {
                break;
            }
            let now = sayings.said_in([task.title.as_str(), &without_owner(task)]);
            of_work
                .iter_mut()
                .zip(now)
                .for_each(|(ever, now)| *ever |= now);
        }
        Self {
            by_all: called_for(plan, &said),
            by_work: called_for(plan, &of_work),
        }
    }
}

/// What a task says where nobody is said to do it.
fn without_owner(task: &Task) -> Cow<'_, str> {
    let owner = task.agent.as_deref().filter(|owner| !owner.is_empty());
    match owner {
        Some(owner) => task.body.replace(owner, "").into(),
        None => task.body.as_str().into(),
    }
}

/// The skills that these sayings of the table call for, and the files that the tasks change. All are about Rust, so that
/// words which people have for any language say nothing where files are named and none is Rust's.
fn called_for(plan: &Plan, said: &[bool]) -> Vec<&'static str> {
    let is_of_rust = |file: &String| file.ends_with(".rs") || file.ends_with("Cargo.toml");
    let mut files = plan
        .tasks
        .iter()
        .flat_map(|task| task.files.iter().chain(&task.creates));
    let names_files = files.clone().next().is_some();
    let changes_rust = files.any(is_of_rust);
    let said = || CALLS.iter().zip(said).filter(|(_, said)| **said);
    let says_rust = said().any(|((_, skills), _)| *skills == RUST);
    // Who says the name of a skill means it.
    let is_meant = |word: &str| changes_rust || says_rust || !names_files || about(word).is_some();
    let called = said().filter(|((word, _), _)| is_meant(word));
    let mut called: HashSet<&str> = called
        .flat_map(|((_, skills), _)| *skills)
        .copied()
        .collect();
    if changes_rust {
        called.extend(RUST);
    }
    let known = KNOWN.iter().map(|(skill, _)| *skill);
    known.filter(|skill| called.contains(skill)).collect()
}

#[cfg(test)]
mod tests {
    use super::named_in;

    #[test]
    fn a_skill_is_named_where_it_is_said_to_be_used() {
        let named = |text: &str| named_in(text).join(" ");
        assert_eq!(
            named("Use the rust-testing skill for this."),
            "rust-testing"
        );
        assert_eq!(
            named("- with `clap`, `thiserror` and `rust-logging` skills"),
            "clap thiserror rust-logging"
        );
        assert_eq!(named("use the superpowers:tdd skill"), "superpowers:tdd");
        assert_eq!(named("use the tdd skill and the clap skill"), "tdd clap");
        assert_eq!(named("with the tdd skill. Then clap, a skill"), "tdd");
        assert_eq!(named("Executors learn new skills; use your skills."), "");
        assert_eq!(named("Skills: none. The skill of writing is old."), "");
    }
}
