//! What is passed on of finished work, kept within a budget: cut where a line or a sentence ends.
//!
//! Tokens are counted as bytes divided by four, which is near enough for every model and needs none.

use crate::plan::char_start;

/// How many tokens a text takes.
pub fn tokens(text: &str) -> usize {
    text.len().div_ceil(BYTES)
}

/// How many bytes make a token.
const BYTES: usize = 4;

/// What each of those who want so many tokens gets of `budget`: all that it wants while that is no more than an
/// equal share, so that what short ones leave is for the long.
pub fn shares(wanted: &[usize], budget: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|&at| wanted[at]);
    let mut shares = vec![0; wanted.len()];
    let mut left = budget;
    for (given, &at) in order.iter().enumerate() {
        let equal = left / (wanted.len() - given);
        shares[at] = wanted[at].min(equal);
        left -= shares[at];
    }
    shares
}

/// The beginning of `text` that takes no more than so many tokens, up to the end of a line or a sentence; where
/// there is none, of a word.
pub fn cut(text: &str, tokens: usize) -> &str {
    let text = text.trim();
    let max = tokens.saturating_mul(BYTES);
    if text.len() <= max {
        return text;
    }
    let head = &text[..char_start(text, max)];
    // The border may lie right behind what fits.
    let next = text[head.len()..].chars().next();
    let ends = |at: usize, last: char| {
        let end = at + last.len_utf8();
        let follows = head[end..].chars().next().or(next);
        match last {
            '。' | '！' | '？' => Some(end),
            '.' | '!' | '?' => follows.is_some_and(char::is_whitespace).then_some(end),
            _ => (follows == Some('\n')).then_some(end),
        }
    };
    let border = head
        .char_indices()
        .rev()
        .find_map(|(at, last)| ends(at, last));
    let word = || head.rfind(char::is_whitespace);
    let end = border.or_else(word).unwrap_or_default();
    head[..end].trim_end()
}

/// What a commit says of itself where its executor passed nothing on: subjects, oldest first, then the files.
pub fn of_commit(subjects: &[String], files: &[String]) -> String {
    let lines = subjects.iter().chain(files).map(String::as_str);
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{cut, shares, tokens};

    #[test]
    fn a_text_ends_where_a_line_or_a_sentence_ends() {
        let text = "Two tables. Version 1.2 of both\nand a third. The rest follows";
        for (budget, kept) in [
            (100, text),
            (13, "Two tables. Version 1.2 of both\nand a third."),
            (10, "Two tables. Version 1.2 of both"),
            (8, "Two tables. Version 1.2 of both"),
            (6, "Two tables."),
            (3, "Two tables."),
            (2, "Two"),
            (0, ""),
        ] {
            assert_eq!(cut(text, budget), kept, "{budget} tokens");
        }
        assert_eq!(cut("创建了表。然后是别的东西", 4), "创建了表。");
    }

    #[test]
    fn what_short_ones_leave_is_for_the_long() {
        assert_eq!(shares(&[10, 400, 30], 100), [10, 60, 30]);
        assert_eq!(shares(&[50, 50], 500), [50, 50]);
        assert_eq!(shares(&[], 5), [0; 0]);
    }

    proptest! {
        #[test]
        fn no_text_is_longer_than_its_budget_nor_all_of_them(texts in prop::collection::vec(".{0,300}", 0..9), budget in 0usize..200) {
            let wanted: Vec<usize> = texts.iter().map(|text| tokens(text.trim())).collect();
            let shares = shares(&wanted, budget);
            prop_assert!(shares.iter().sum::<usize>() <= budget);
            for (text, share) in texts.iter().zip(shares) {
                let kept = cut(text, share);
                prop_assert!(tokens(kept) <= share);
                prop_assert!(text.trim().starts_with(kept));
            }
        }
    }
}
