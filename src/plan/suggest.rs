//! "Did you mean": the nearest of the names that would have been right.

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
            similar::get_close_matches(word, &known, 1, 0.6)
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

/// The same as the end of a sentence, empty when there is none.
pub fn or_meant<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    did_you_mean(word, known).map_or_else(String::new, |meant| format!("; {meant}"))
}

#[cfg(test)]
mod tests {
    use super::{did_you_mean, is_misspelt};

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
    fn what_was_written_is_not_suggested() {
        assert_eq!(did_you_mean("login", ["login", "logins"]), None);
    }
}
