//! The front matter of a plan: which one it is, in which wave, after which others, and what must hold at its end.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;
use std::path::Path;

use serde_json::Value;

use crate::plan::markdown::Document;
use crate::plan::suggest::Keys;
use crate::plan::text::Text;
use crate::plan::{Fault, scope, yaml};

/// `01-03`, the third plan of phase 1; `03` when no phase is named.
#[derive(Debug, Clone)]
pub(super) struct PlanId {
    phase: Option<String>,
    plan: String,
}

impl PlanId {
    /// From `01-03-PLAN.md`, whatever stands before it.
    pub(super) fn of_file(path: &Path) -> Option<Self> {
        Self::of_name(path, "-PLAN.md")
    }

    /// From `01-03-SUMMARY.md`.
    pub(super) fn of_summary(path: &Path) -> Option<Self> {
        Self::of_name(path, "-SUMMARY.md")
    }

    fn of_name(path: &Path, suffix: &str) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        Self::parse(name.strip_suffix(suffix)?)
    }

    /// What no file name and no front matter says.
    pub(super) fn unnamed() -> Self {
        Self {
            phase: None,
            plan: "1".to_owned(),
        }
    }

    /// The numbers at the end of a text.
    fn parse(text: &str) -> Option<Self> {
        let is_number = |part: &&str| {
            part.starts_with(|c: char| c.is_ascii_digit())
                && part.chars().all(|c| c.is_ascii_digit() || c == '.')
        };
        let mut parts = text.rsplit('-');
        let plan = parts.next().filter(is_number)?;
        let phase = parts.next().filter(is_number);
        Some(Self {
            phase: phase.map(str::to_owned),
            plan: plan.to_owned(),
        })
    }

    pub(super) fn phase(&self) -> Option<&str> {
        self.phase.as_deref()
    }

    pub(super) fn plan(&self) -> &str {
        &self.plan
    }

    /// The numbers, so that `1-3` is `01-03`.
    pub(super) fn numbers(&self) -> Numbers {
        let numbers = |text: &str| -> Vec<u64> {
            let parts = text.split('.').filter(|part| !part.is_empty());
            parts.map(|part| part.parse().unwrap_or(u64::MAX)).collect()
        };
        let phase = self.phase.as_deref().map(numbers).unwrap_or_default();
        (phase, numbers(&self.plan))
    }
}

impl PartialEq for PlanId {
    fn eq(&self, other: &Self) -> bool {
        self.numbers() == other.numbers()
    }
}

impl Eq for PlanId {}

impl PartialOrd for PlanId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PlanId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers().cmp(&other.numbers())
    }
}

impl fmt::Display for PlanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.phase {
            Some(phase) => write!(f, "{phase}-{}", self.plan),
            None => f.write_str(&self.plan),
        }
    }
}

/// Those of the phase and of the plan, part by part.
pub(super) type Numbers = (Vec<u64>, Vec<u64>);

/// Another plan that must be done before, as it is written.
#[derive(Debug)]
pub(super) struct Needed {
    pub(super) written: String,
    /// None when it names no plan.
    pub(super) plan: Option<PlanId>,
}

/// What stands between the fences at the top.
#[derive(Debug, Default)]
pub(super) struct Front {
    pub(super) id: Option<PlanId>,
    /// The number that it gives to its plan, as it is written, and where it says so.
    plan: Option<(String, Range<usize>)>,
    /// As it is written, with its name.
    pub(super) phase: Option<String>,
    pub(super) wave: Option<u64>,
    pub(super) depends_on: Vec<Needed>,
    /// Where that stands.
    pub(super) depends_at: Range<usize>,
    /// Globs of what the whole plan changes.
    pub(super) files: Vec<String>,
    /// What must hold at the end, in words.
    pub(super) must_haves: Vec<String>,
    /// Where the front matter ends.
    pub(super) end: usize,
}

impl Front {
    pub(super) fn read(document: &Document, text: &Text<'_>, faults: &mut Vec<Fault>) -> Self {
        let start = text.start();
        let mut front = Self {
            depends_at: start..start,
            end: start,
            ..Self::default()
        };
        let Some(range) = &document.front else {
            return front;
        };
        front.end = range.end;
        let yaml = match yaml::parse(text, range.clone()) {
            Ok(yaml) => yaml,
            Err(fault) => {
                faults.push(fault.help("the plan's wave and what it depends on are not known"));
                return front;
            }
        };
        front.plan = keys(&yaml, text, range, faults);
        front.phase = word(&yaml["phase"]);
        let phase = front.phase.as_deref().map(number);
        // `plan: 02` is a number to YAML; people mean two digits.
        let written = front.plan.as_ref().map(|(plan, _)| plan.clone());
        let written = written.filter(|plan| plan.starts_with(|c: char| c.is_ascii_digit()));
        let plan = written.or_else(|| word(&yaml["plan"]));
        let plan = plan.map(|plan| format!("{:0>2}", number_at_end(&plan)));
        front.id = plan.zip(phase.clone()).map(|(plan, phase)| PlanId {
            phase: Some(format!("{phase:0>2}")),
            plan,
        });
        front.wave = word(&yaml["wave"]).and_then(|wave| wave.parse().ok());
        front.depends_on = listed(&yaml["depends_on"])
            .into_iter()
            .filter(|written| {
                let lower = written.to_lowercase();
                // Phases come in their order in any case.
                !matches!(lower.as_str(), "" | "none" | "[]" | "n/a")
                    && !lower.starts_with("phase ")
            })
            .map(|written| Needed {
                plan: needed(&written, phase.as_deref()),
                written,
            })
            .collect();
        let key = text.text[range.clone()].find("depends_on");
        if let Some(at) = key.map(|at| range.start + at) {
            front.depends_at = at..at + "depends_on".len();
        }
        let files = listed(&yaml["files_modified"]);
        let globs = files.iter().map(|file| scope::glob_of(file).into_owned());
        front.files = globs
            .filter(|file| scope::objection(file).is_none())
            .collect();
        front.must_haves = must_haves(&yaml["must_haves"]);
        front
    }

    /// A warning where it counts its plan otherwise than the name of the file does, which is believed.
    pub(super) fn contradiction(&self, named: &PlanId, text: &Text<'_>) -> Option<Fault> {
        let (plan, place) = self.plan.as_ref()?;
        let said = PlanId::parse(plan)?;
        let message = format!(
            "this is said to be plan `{plan}`, and the file is named for plan `{}`",
            named.plan
        );
        let fault = text.warning(place.clone(), message);
        (said.numbers().1 != named.numbers().1)
            .then(|| fault.help("the name counts; say the same here"))
    }
}

/// Tells the keys that are nearly one that is read; how `plan` is written, and where. To YAML `02` is another number.
fn keys(
    yaml: &Value,
    text: &Text<'_>,
    front: &Range<usize>,
    faults: &mut Vec<Fault>,
) -> Option<(String, Range<usize>)> {
    let mut keys = Keys::new(&[
        "phase",
        "plan",
        "wave",
        "depends_on",
        "files_modified",
        "must_haves",
    ]);
    let known = ["type", "autonomous"];
    let mut plan = None;
    let mut at = front.start;
    for line in text.text[front.clone()].split_inclusive('\n') {
        let begin = at;
        at += line.len();
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let place = begin..begin + key.len();
        if key == "plan" {
            let value = value.split('#').next().unwrap_or_default();
            let bare = value.trim().trim_matches(['"', '\'']);
            plan = Some((number_at_end(bare).to_owned(), place));
        } else if yaml.get(key).is_some()
            && !known.contains(&key)
            && let Some(meant) = keys.meant(key, |name| yaml.get(name).is_some())
        {
            faults.push(Fault::misspelt(text, place, key, meant));
        }
    }
    plan
}

/// `01` of `01-foundation`.
fn number(phase: &str) -> String {
    let end = phase.find(|c: char| !c.is_ascii_digit() && c != '.');
    let number = &phase[..end.unwrap_or(phase.len())];
    if number.is_empty() { phase } else { number }.to_owned()
}

/// `02` of `01-02` and of `2`.
fn number_at_end(plan: &str) -> &str {
    plan.rsplit('-').next().unwrap_or(plan)
}

/// `01-02`, `2`, `01-02-PLAN.md`, `../01-a/01-02-PLAN.md`.
fn needed(written: &str, phase: Option<&str>) -> Option<PlanId> {
    let name = written.rsplit(['/', '\\']).next().unwrap_or(written);
    let name = name.trim_end_matches(".md").trim_end_matches("-PLAN");
    let id = PlanId::parse(name.split_whitespace().next()?)?;
    Some(PlanId {
        phase: id
            .phase
            .or_else(|| phase.map(|phase| format!("{phase:0>2}"))),
        plan: format!("{:0>2}", id.plan),
    })
}

/// The plan that a word such as `01-02` or `01-02-PLAN.md` names in full.
pub(super) fn plan_named(word: &str) -> Option<PlanId> {
    let name = word.trim_end_matches(".md").trim_end_matches("-PLAN");
    let is_bare = name
        .chars()
        .all(|c| c.is_ascii_digit() || c == '-' || c == '.');
    PlanId::parse(name).filter(|id| is_bare && id.phase.is_some())
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        // `02` is `2.0` to YAML.
        Value::Number(number) => {
            let said = number.to_string();
            Some(said.strip_suffix(".0").map_or(said.clone(), str::to_owned))
        }
        _ => None,
    }
}

/// A list of words; one word, or several with commas between, are a list, too.
fn listed(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(word).collect(),
        value => word(value)
            .map(|words| {
                words
                    .split(',')
                    .map(|word| word.trim().to_owned())
                    .collect()
            })
            .unwrap_or_default(),
    }
}

/// Truths, then what each file provides, then what is linked to what.
fn must_haves(value: &Value) -> Vec<String> {
    let list = |name: &str| value[name].as_array().cloned().unwrap_or_default();
    let said = |item: &Value, name: &str| word(&item[name]).filter(|said| !said.is_empty());
    let line = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut all: Vec<String> = list("truths").iter().filter_map(word).map(line).collect();
    for item in list("artifacts") {
        let Some(path) = said(&item, "path") else {
            all.extend(word(&item).map(line));
            continue;
        };
        let mut words = format!("`{path}`");
        if let Some(provides) = said(&item, "provides") {
            words.push_str(&format!(": {provides}"));
        }
        if let Some(contains) = said(&item, "contains") {
            words.push_str(&format!(", with `{contains}`"));
        }
        all.push(line(words));
    }
    for item in list("key_links") {
        let (Some(from), Some(to)) = (said(&item, "from"), said(&item, "to")) else {
            continue;
        };
        let via = said(&item, "via").map(|via| format!(": {via}"));
        all.push(line(format!(
            "`{from}` uses `{to}`{}",
            via.unwrap_or_default()
        )));
    }
    all
}
