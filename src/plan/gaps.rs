//! What tasks that are still to be run do not say, although their format asks for it.
//!
//! Each thing is told once for the plan, however many tasks lack it, and what the same tasks lack in one breath. Knows
//! no format: what is asked for, and what to write, is for the readers to say.

use super::{Fault, Location, Task};

/// Where something lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lack {
    pub(super) id: String,
    pub(super) at: Location,
}

/// What is asked for: with its article if it has one (`an owner`), and what to write.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) what: &'static str,
    pub(super) help: &'static str,
}

/// Whether a task lacks it, which is given with its place among all.
pub(super) type Lacks<'l> = &'l dyn Fn(usize, &Task) -> bool;

/// What lacks where, in the order in which it was asked for.
#[derive(Debug)]
pub(super) struct Gaps {
    /// What lacks it: tasks, phases.
    noun: &'static str,
    /// How many were looked at.
    of: usize,
    /// Whether there are others, which are done or left out.
    are_some: bool,
    found: Vec<(Vec<Asked>, Vec<Lack>)>,
}

/// Adds what a review found, unless the text is broken: then what seems to be missing may stand in what was not read.
pub(super) fn review(faults: &mut Vec<Fault>, found: impl IntoIterator<Item = Fault>) {
    if faults.iter().all(Fault::is_warning) {
        faults.extend(found);
    }
}

impl Gaps {
    /// Of `of` things of this kind.
    pub(super) fn among(noun: &'static str, of: usize) -> Self {
        Self {
            noun,
            of,
            are_some: false,
            found: Vec::new(),
        }
    }

    /// What open tasks lack of what is asked for.
    pub(super) fn of_tasks(tasks: &[Task], asked: &[(Asked, Lacks<'_>)]) -> Vec<Fault> {
        let open = || {
            let tasks = tasks.iter().enumerate();
            tasks.filter(|(_, task)| task.is_open())
        };
        let mut gaps = Self::among("task", open().count());
        gaps.are_some = gaps.of < tasks.len();
        for (asked, lacks) in asked {
            let without = open().filter(|(at, task)| lacks(*at, task));
            gaps.add(*asked, without.map(|(_, task)| Lack::of(task)).collect());
        }
        gaps.faults()
    }

    /// These lack it.
    pub(super) fn add(&mut self, asked: Asked, without: Vec<Lack>) {
        match self.found.iter_mut().find(|(_, same)| *same == without) {
            _ if without.is_empty() => {}
            Some((before, _)) => before.push(asked),
            None => self.found.push((vec![asked], without)),
        }
    }

    pub(super) fn faults(&self) -> Vec<Fault> {
        let each = self.found.iter();
        each.map(|(asked, without)| self.fault(asked, without))
            .collect()
    }

    fn fault(&self, asked: &[Asked], without: &[Lack]) -> Fault {
        const NAMED: usize = 5;
        let noun = self.noun;
        let what: Vec<&str> = asked.iter().map(|asked| asked.what).collect();
        let bare: Vec<&str> = what.iter().map(|what| without_article(what)).collect();
        let named: Vec<String> = without
            .iter()
            .take(NAMED)
            .map(|lack| format!("`{}`", lack.id))
            .collect();
        let (named, bare) = (named.join(", "), either(&bare));
        let message = match without.len() {
            count if count == self.of && count > 1 => {
                let open = if self.are_some { "open " } else { "" };
                format!("no {open}{noun} has {}", either(&what))
            }
            1 => format!("{noun} {named} has no {bare}"),
            count if count <= NAMED => format!("{noun}s {named} have no {bare}"),
            count => format!("{noun}s {named} and {} more have no {bare}", count - NAMED),
        };
        let help: Vec<&str> = asked.iter().map(|asked| asked.help).collect();
        Fault::warning(message)
            .at(without[0].at.clone(), without[0].id.len())
            .help(help.join("; "))
    }
}

impl Lack {
    pub(super) fn of(task: &Task) -> Self {
        Self {
            id: task.id.to_string(),
            at: task.location.clone(),
        }
    }
}

fn without_article(what: &str) -> &str {
    let bare = ["a ", "an "]
        .iter()
        .find_map(|word| what.strip_prefix(word));
    bare.unwrap_or(what)
}

fn either(words: &[&str]) -> String {
    match words {
        [front @ .., last] if !front.is_empty() => format!("{} or {last}", front.join(", ")),
        words => words.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, Gaps, Lack};
    use crate::plan::Location;

    const OWNER: Asked = Asked {
        what: "an owner",
        help: "say who",
    };
    const FILES: Asked = Asked {
        what: "files",
        help: "say which",
    };

    fn lacks(ids: &[&str]) -> Vec<Lack> {
        let lack = |id: &&str| Lack {
            id: (*id).to_owned(),
            at: Location::default(),
        };
        ids.iter().map(lack).collect()
    }

    fn told(of: usize, added: &[(Asked, &[&str])]) -> Vec<String> {
        let mut gaps = Gaps::among("task", of);
        for (asked, ids) in added {
            gaps.add(*asked, lacks(ids));
        }
        let faults = gaps.faults().into_iter();
        faults
            .map(|fault| format!("{} | {}", fault.message, fault.help.unwrap_or_default()))
            .collect()
    }

    #[test]
    fn what_many_tasks_lack_is_told_once() {
        assert_eq!(
            told(3, &[(OWNER, &["1"])]),
            ["task `1` has no owner | say who"]
        );
        assert_eq!(
            told(3, &[(OWNER, &["1", "2"])]),
            ["tasks `1`, `2` have no owner | say who"]
        );
        assert_eq!(
            told(2, &[(OWNER, &["1", "2"])]),
            ["no task has an owner | say who"]
        );
        assert_eq!(
            told(9, &[(FILES, &["1", "2", "3", "4", "5", "6", "7"])]),
            ["tasks `1`, `2`, `3`, `4`, `5` and 2 more have no files | say which"]
        );
        assert!(told(9, &[(FILES, &[])]).is_empty());
    }

    #[test]
    fn tasks_that_are_done_are_not_said_to_lack_anything() {
        let mut gaps = Gaps::among("task", 2);
        gaps.are_some = true;
        gaps.add(OWNER, lacks(&["1", "2"]));
        assert_eq!(gaps.faults()[0].message, "no open task has an owner");
    }

    #[test]
    fn what_the_same_tasks_lack_is_told_in_one_breath() {
        assert_eq!(
            told(3, &[(OWNER, &["1"]), (FILES, &["1"])]),
            ["task `1` has no owner or files | say who; say which"]
        );
        assert_eq!(told(3, &[(OWNER, &["1"]), (FILES, &["2"])]).len(), 2);
    }
}
