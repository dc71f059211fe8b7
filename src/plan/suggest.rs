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

/// The same as the end of a sentence, empty when there is none.
pub fn or_meant<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    did_you_mean(word, known).map_or_else(String::new, |meant| format!("; {meant}"))
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

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
    fn what_was_written_is_not_suggested() {
        assert_eq!(did_you_mean("login", ["login", "logins"]), None);
    }
}
