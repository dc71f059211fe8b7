//! "Did you mean": the nearest of the names that would have been right.

use std::collections::{HashMap, HashSet};

/// How much two words share that are near.
const NEAR: f32 = 0.6;

/// Words for the nearest of `known`, when one is near enough to be meant.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let nearest = nearest(word, known)?;
    Some(format!("did you mean `{nearest}`?"))
}

/// The nearest of `known`, when one is near enough to be meant. A word that is known was
/// meant as it stands.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let known: Vec<&str> = known.into_iter().collect();
    if known.contains(&word) {
        return None;
    }
    let folded = word.to_lowercase();
    known
        .iter()
        .copied()
        .find(|candidate| candidate.to_lowercase() == folded)
        .or_else(|| {
            similar::get_close_matches(word, &known, 1, NEAR)
                .first()
                .copied()
        })
}

/// Whether `word` is one of `known` but for a slip of the pen: nearer than what is merely suggested, because an extra
/// word of somebody else's (`notes` beside `needs`) is no mistake.
pub fn is_misspelt(word: &str, known: &[&str]) -> bool {
    const SLIP: f32 = 0.75;
    let folded = word.to_lowercase();
    let is_other = known.iter().all(|name| *name != word);
    is_other && !similar::get_close_matches(folded.as_str(), known, 1, SLIP).is_empty()
}

/// The same as the end of a sentence, empty when there is none. Of `T003` all of several specs may be meant.
pub fn or_meant<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    const SPECS_MAX: usize = 5;
    let known: Vec<&str> = known.into_iter().collect();
    let is_of_spec = |id: &&&str| {
        let own = id.rsplit_once(':').map(|(_, own)| own);
        own.is_some_and(|own| own.eq_ignore_ascii_case(word))
    };
    let of_specs: Vec<String> = known
        .iter()
        .filter(is_of_spec)
        .take(SPECS_MAX)
        .map(|id| format!("`{id}`"))
        .collect();
    match of_specs.is_empty() {
        true => did_you_mean(word, known).map_or_else(String::new, |meant| format!("; {meant}")),
        false => format!("; did you mean {}?", of_specs.join(" or ")),
    }
}

/// More keys that are not known than any plan has, and longer ones: no others are compared.
const KEYS_MAX: usize = 200;
const KEY_BYTES_MAX: usize = 64;

/// The keys that a format reads, for whoever meets one that it does not. People put keys of their own beside them, so
/// only a slip of the pen is told, and each once, however many tasks have it.
#[derive(Debug)]
pub(super) struct Keys {
    read: &'static [&'static str],
    met: HashMap<String, Option<&'static str>>,
    told: HashSet<String>,
}

impl Keys {
    pub(super) fn new(read: &'static [&'static str]) -> Self {
        Self {
            read,
            met: HashMap::new(),
            told: HashSet::new(),
        }
    }

    /// The key that is meant by one that is not known, when that is to be told; never one that is `there` as well.
    pub(super) fn meant(
        &mut self,
        key: &str,
        there: impl FnOnce(&str) -> bool,
    ) -> Option<&'static str> {
        let meant = match self.met.get(key) {
            Some(meant) => (*meant)?,
            None if self.met.len() == KEYS_MAX || key.len() > KEY_BYTES_MAX => return None,
            None => {
                let read = || self.read.iter().copied();
                let meant = is_misspelt(key, self.read)
                    .then(|| nearest(key, read()))
                    .flatten();
                self.met.insert(key.to_owned(), meant);
                meant?
            }
        };
        (!there(meant) && self.is_first(key)).then_some(meant)
    }

    /// Whether nothing was told of this key yet, after which something is.
    pub(super) fn is_first(&mut self, key: &str) -> bool {
        self.told.insert(key.to_owned())
    }
}

/// Comparing takes long, so of very many wrong ids the first are told what may be meant.
const COMPARISONS_MAX: usize = 100_000;

/// The ids of a plan, for whoever names one that it does not have. Ids that count differently are never near each
/// other: `T014` differs from `T015` by one sign, and so it does from every other.
#[derive(Debug)]
pub struct Ids<'a> {
    /// By the numbers that they hold.
    by_numbers: HashMap<String, Vec<&'a str>>,
    compared: usize,
}

impl<'a> Ids<'a> {
    /// Those that would be right.
    pub fn new(known: impl IntoIterator<Item = &'a str>) -> Self {
        let mut by_numbers: HashMap<String, Vec<&str>> = HashMap::new();
        for id in known {
            by_numbers.entry(numbers(id)).or_default().push(id);
        }
        Self {
            by_numbers,
            compared: 0,
        }
    }

    /// Words for the one that is meant, where one is nearer than all others; never the one that names it.
    pub fn did_you_mean(&mut self, id: &str, names_it: &str) -> Option<String> {
        let alike = self.by_numbers.get(&numbers(id))?;
        self.compared += alike.len();
        if self.compared > COMPARISONS_MAX {
            return None;
        }
        let others: Vec<&str> = alike
            .iter()
            .copied()
            .filter(|other| ![id, names_it].contains(other))
            .collect();
        let own = letters(id);
        let same = others.iter().filter(|other| letters(other) == own).min();
        let meant = match same {
            Some(same) => same,
            None => match similar::get_close_matches(id, &others, 2, NEAR)[..] {
                [nearest] => nearest,
                [nearest, next] if likeness(id, nearest) > likeness(id, next) => nearest,
                _ => return None,
            },
        };
        Some(format!("did you mean `{meant}`?"))
    }
}

fn likeness(one: &str, other: &str) -> f32 {
    similar::TextDiff::from_chars(one, other).ratio()
}

/// The numbers of an id, without the zeros that some put before them.
fn numbers(id: &str) -> String {
    let runs = id.split(|c: char| !c.is_ascii_digit());
    let runs = runs.filter(|run| !run.is_empty());
    let bare: Vec<&str> = runs.map(|run| run.trim_start_matches('0')).collect();
    bare.join(".")
}

fn letters(id: &str) -> String {
    let letters = id.chars().filter(|c| c.is_alphabetic());
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::{Ids, Keys, did_you_mean, is_misspelt, or_meant};

    #[test]
    fn the_id_of_a_task_in_several_specs_may_mean_each_of_them() {
        let known = ["F001:T003", "F002:T003", "F002:T004"];
        let meant = "; did you mean `F001:T003` or `F002:T003`?";
        assert_eq!(or_meant("t003", known), meant);
        assert_eq!(or_meant("T004", known), "; did you mean `F002:T004`?");
        assert_eq!(or_meant("zzz", known), "");
    }

    #[test]
    fn an_id_is_meant_where_it_differs_in_more_than_its_number() {
        for (id, known, meant) in [
            ("T015", &["T013", "T014", "T016"][..], None),
            ("T15", &["T014", "T015"], Some("T015")),
            ("t-015", &["T014", "T015"], Some("T015")),
            ("15", &["T14", "T15"], Some("T15")),
            ("IMPL-1.2", &["IMPL-1.1", "IMPL-001.2"], Some("IMPL-001.2")),
            ("shema", &["schema", "login"], Some("schema")),
            ("task-d", &["task-a", "task-b"], None),
            ("zzz", &["schema"], None),
        ] {
            let found = Ids::new(known.iter().copied()).did_you_mean(id, "own");
            let meant = meant.map(|meant| format!("did you mean `{meant}`?"));
            assert_eq!(found, meant, "{id}");
        }
    }

    #[test]
    fn the_nearest_name_is_suggested_and_a_far_one_is_not() {
        let known = ["schema", "login", "docs"];
        assert_eq!(
            did_you_mean("shema", known).as_deref(),
            Some("did you mean `schema`?")
        );
        assert_eq!(
            did_you_mean("LOGIN", known).as_deref(),
            Some("did you mean `login`?")
        );
        assert_eq!(did_you_mean("zzz", known), None);
    }

    #[test]
    fn a_slip_of_the_pen_is_told_from_another_word() {
        let known = ["needs", "verify", "status", "files", "title", "modifies"];
        for word in ["verfy", "Verify", "need", "file", "titel", "verifiy"] {
            assert!(is_misspelt(word, &known), "{word}");
        }
        for word in ["verify", "notes", "tags", "model", "effort"] {
            assert!(!is_misspelt(word, &known), "{word}");
        }
    }

    #[test]
    fn a_key_is_told_once_and_only_where_what_it_means_is_not_there() {
        let mut keys = Keys::new(&["title", "dependencies"]);
        assert_eq!(keys.meant("titleEn", |meant| meant == "title"), None);
        assert_eq!(keys.meant("dependancies", |_| false), Some("dependencies"));
        assert_eq!(keys.meant("dependancies", |_| false), None, "told before");
        assert_eq!(keys.meant("Dependencies", |_| false), Some("dependencies"));
        assert_eq!(keys.meant("assignee", |_| false), None);
        for more in 0..300 {
            assert_eq!(keys.meant(&format!("own {more}"), |_| false), None);
        }
        assert_eq!(
            keys.meant("titel", |_| false),
            None,
            "of many none is compared"
        );
    }

    #[test]
    fn what_was_written_is_not_suggested() {
        assert_eq!(did_you_mean("login", ["login", "logins"]), None);
    }
}
