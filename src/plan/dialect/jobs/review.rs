//! What whoever executes jobs looks for first: whether each step says what it changes and how it is verified, whether
//! questions are open, and whether a job waits for one that comes too late.

use std::collections::HashSet;
use std::ops::Range;

use super::rank;
use crate::plan::fields;
use crate::plan::gaps::{Asked, Gaps, Lack};
use crate::plan::markdown::{Block, Document, Line};
use crate::plan::text::Text;
use crate::plan::{Fault, Location, need_words};

/// What a step asks for, and the field that says it.
const ASKED: [(Asked, &str); 2] = [
    (
        Asked {
            what: "`Files`",
            help: "say which files it creates or changes: `**Files:**`, then paths in backticks",
        },
        "Files",
    ),
    (
        Asked {
            what: "`Verify`",
            help: "say how it is verified: `**Verify:** `, then a command in backticks",
        },
        "Verify",
    ),
];

/// What was found in the jobs so far.
#[derive(Debug, Default)]
pub(super) struct Review {
    steps: usize,
    without: [Vec<Lack>; ASKED.len()],
    /// The jobs with open questions, and where the first stands.
    questions: Vec<(String, Location)>,
    /// The jobs that each depends on, by number, and where it says so.
    depends: Vec<(String, String, Fault)>,
    faults: Vec<Fault>,
}

/// A step: its heading's number, where that stands, and its blocks.
pub(super) struct Step<'d> {
    pub(super) number: String,
    pub(super) at: Range<usize>,
    pub(super) blocks: &'d [Block],
}

impl Review {
    /// One more job.
    pub(super) fn look(
        &mut self,
        job: &str,
        document: &Document,
        steps: &[Step<'_>],
        text: &Text<'_>,
    ) {
        let mut seen = HashSet::new();
        for step in steps {
            self.steps += 1;
            let at = text.location(step.at.start);
            for ((_, name), without) in ASKED.iter().zip(&mut self.without) {
                if !fields::has(step.blocks, name) {
                    without.push(Lack {
                        id: format!("{job}.{}", step.number),
                        at: at.clone(),
                    });
                }
            }
            if !seen.insert(step.number.as_str()) {
                let message = format!("job {job} has two steps {}", step.number);
                let fault = text.warning(step.at.clone(), message);
                let help = "who stops between them cannot say where: number them anew";
                self.faults.push(fault.help(help));
            }
        }
        let question = below(document, "Open Questions").find(|line| !says_none(&line.text));
        self.questions
            .extend(question.map(|line| (job.to_owned(), text.location(line.range.start))));
        let named = fields_of(document).map(|line| (line, jobs_named(&line.text)));
        let told = below(document, "Dependencies").map(|line| (line, jobs_before(&line.text)));
        for (line, others) in told.chain(named) {
            let fault = text.warning(line.range.clone(), String::new());
            let others = others.into_iter();
            self.depends
                .extend(others.map(|other| (job.to_owned(), other, fault.clone())));
        }
    }

    /// What there is to tell, once all jobs were looked at; `numbers` are theirs.
    pub(super) fn faults(mut self, numbers: &[&str]) -> Vec<Fault> {
        let mut gaps = Gaps::among("step", self.steps);
        for ((asked, _), without) in ASKED.iter().zip(self.without) {
            gaps.add(*asked, without);
        }
        self.faults.extend(gaps.faults());
        if let Some((job, at)) = self.questions.first() {
            let message = match self.questions.len() {
                1 => format!("job {job} has open questions"),
                2 => format!("job {job} has open questions; one more is like it"),
                count => format!(
                    "job {job} has open questions; {} more are like it",
                    count - 1
                ),
            };
            let help = "an executor fails where a question stands in its way: answer it in the file, or take it out";
            self.faults
                .push(Fault::warning(message).at(at.clone(), 0).help(help));
        }
        for (job, other, fault) in self.depends {
            let is_known = numbers.iter().any(|number| rank(number) == rank(&other));
            let (message, help) = if rank(&other) == rank(&job) {
                continue;
            } else if !is_known && numbers.len() > 1 {
                (
                    format!("job {job} depends on job {other}, which is not there"),
                    "add its file, or take the dependency out",
                )
            } else if is_known && rank(&other) > rank(&job) {
                (
                    format!("job {job} depends on job {other}, which comes after it"),
                    "jobs run in the order of their numbers: give one of the two another",
                )
            } else {
                continue;
            };
            self.faults.push(Fault { message, ..fault }.help(help));
        }
        self.faults
    }
}

/// The lines below a heading of that name.
fn below<'d>(document: &'d Document, name: &'d str) -> impl Iterator<Item = &'d Line> {
    let mut inside = None;
    document.blocks.iter().filter_map(move |block| match block {
        Block::Heading(heading) => {
            inside = inside.filter(|level| heading.level > *level);
            if inside.is_none() && heading.title.eq_ignore_ascii_case(name) {
                inside = Some(heading.level);
            }
            None
        }
        Block::Line(line) => inside.is_some().then_some(line),
        _ => None,
    })
}

/// The lines outside of lists that are a field such as `**Depends on:** Job 2`.
fn fields_of(document: &Document) -> impl Iterator<Item = &Line> {
    let lines = document.blocks.iter().filter_map(|block| match block {
        Block::Line(line) => Some(line),
        _ => None,
    });
    lines.filter(|line| {
        let name = line.lead.as_deref();
        name.is_some_and(|name| need_words::is_field(name, &line.text, &names_job))
    })
}

fn names_job(text: &str) -> bool {
    !jobs_named(text).is_empty()
}

/// The numbers of the jobs that the value of a field names: those behind the word, or all of nothing but numbers.
fn jobs_named(text: &str) -> Vec<String> {
    let lower = text.trim().to_lowercase();
    let is_list = |c: char| c.is_ascii_digit() || matches!(c, ',' | ' ' | '.' | '#' | '&');
    match lower.replace(" and ", ", ").chars().all(is_list) {
        true => numbered(&format!("jobs {lower}")),
        false => numbered(&lower),
    }
}

fn says_none(text: &str) -> bool {
    let word = text
        .trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase();
    let front = word.split([' ', ',', '.', ';']).next().unwrap_or_default();
    matches!(front, "" | "none" | "n/a" | "na" | "nothing") || word.starts_with("no open")
}

/// The numbers of the jobs that a sentence says come first. Prose: one that speaks of what comes later is left alone.
fn jobs_before(text: &str) -> Vec<String> {
    const FIRST: [&str; 4] = ["requires", "depends on", "needs", "after"];
    const LATER: [&str; 7] = [
        "required by",
        "needed by",
        "used by",
        "before",
        "block",
        "later",
        "not ",
    ];
    let lower = text.trim().to_lowercase();
    let speaks = lower.starts_with("job ") || FIRST.iter().any(|word| lower.contains(word));
    if !speaks || LATER.iter().any(|word| lower.contains(word)) {
        return Vec::new();
    }
    numbered(&lower)
}

/// The numbers behind each `job` and `jobs` of a text in small letters.
fn numbered(lower: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut words = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .peekable();
    while let Some(word) = words.next() {
        if !matches!(word, "job" | "jobs") {
            continue;
        }
        while let Some(next) =
            words.next_if(|next| *next == "and" || next.bytes().all(|byte| byte.is_ascii_digit()))
        {
            if next != "and" {
                found.push(next.to_owned());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{jobs_before, jobs_named};

    #[test]
    fn a_field_names_jobs_by_their_numbers() {
        assert_eq!(jobs_named("Job 12"), ["12"]);
        assert_eq!(jobs_named("1, 2 and 4"), ["1", "2", "4"]);
        assert_eq!(jobs_named("`job-3-api.md` (the client)"), ["3"]);
        for other in ["None", "Node 18", "Step 2", ""] {
            assert!(jobs_named(other).is_empty(), "{other}");
        }
    }

    #[test]
    fn only_a_sentence_about_what_comes_first_names_dependencies() {
        assert_eq!(jobs_before("Requires Job 1 (Storage)"), ["1"]);
        assert_eq!(jobs_before("Depends on jobs 1, 2 and 4"), ["1", "2", "4"]);
        assert_eq!(jobs_before("Job 3: the client"), ["3"]);
        for other in [
            "Required by Job 4",
            "Step 2 needs step 1",
            "Blocks job 5",
            "None",
        ] {
            assert!(jobs_before(other).is_empty(), "{other}");
        }
    }
}
