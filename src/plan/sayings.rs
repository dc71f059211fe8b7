//! Which of many words and sayings texts say, found in one pass over each, whatever their case.
//!
//! A saying that begins or ends with a letter or digit of ASCII is none inside of a longer word, but for its plural;
//! in scripts that do without spaces it counts wherever it stands. Knows nothing of what the sayings are for.

use aho_corasick::AhoCorasick;

/// Sayings to look for, each known by its place among them.
#[derive(Debug)]
pub(super) struct Sayings {
    searcher: AhoCorasick,
    /// The saying that each pattern of the searcher is a spelling of.
    of_pattern: Vec<usize>,
    count: usize,
}

impl Sayings {
    /// Those to look for; what is empty is never said.
    pub(super) fn new<'s>(sayings: impl Iterator<Item = &'s str>) -> Self {
        let mut patterns = Vec::new();
        let mut of_pattern = Vec::new();
        let mut count = 0;
        for saying in sayings {
            let spellings = spellings(saying.trim());
            of_pattern.extend(spellings.iter().map(|_| count));
            patterns.extend(spellings);
            count += 1;
        }
        let searcher = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(patterns)
            .expect("patterns fit in memory as their sayings do");
        Self {
            searcher,
            of_pattern,
            count,
        }
    }

    /// Of each saying whether one of the texts says it.
    pub(super) fn said_in<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> Vec<bool> {
        let mut said = vec![false; self.count];
        for text in texts {
            for found in self.searcher.find_overlapping_iter(text) {
                let saying = self.of_pattern[found.pattern()];
                said[saying] = said[saying] || stands_alone(text.as_bytes(), found.range());
            }
        }
        said
    }
}

/// The ways in which a saying is written; the searcher itself sees to the case of ASCII alone.
fn spellings(saying: &str) -> Vec<String> {
    let lower = saying.to_lowercase();
    if lower.is_empty() || lower.is_ascii() {
        return Vec::from_iter((!lower.is_empty()).then_some(lower));
    }
    let upper = saying.to_uppercase();
    let first = lower.chars().next().into_iter();
    let mut title: String = first.flat_map(char::to_uppercase).collect();
    title.extend(lower.chars().skip(1));
    let mut spellings = vec![lower, upper, title];
    spellings.dedup();
    spellings
}

/// Whether what was found at `range` is no piece of a longer word.
fn stands_alone(text: &[u8], range: std::ops::Range<usize>) -> bool {
    let is_part = |at: usize| text.get(at).is_some_and(u8::is_ascii_alphanumeric);
    let begins = !is_part(range.start) || range.start == 0 || !is_part(range.start - 1);
    let is_plural = matches!(text.get(range.end), Some(b's' | b'S'));
    let ends = !is_part(range.end - 1) || !is_part(range.end + usize::from(is_plural));
    begins && ends
}

#[cfg(test)]
mod tests {
    use super::Sayings;

    #[test]
    fn sayings_are_found_as_words_in_every_script() {
        let sayings = [
            "cli",
            "error handling",
            "база",
            "数据库",
            "command-line",
            "",
        ];
        let sayings = Sayings::new(sayings.into_iter());
        let said = |text: &str| {
            let said = sayings.said_in([text]);
            let said = said.iter().enumerate().filter(|(_, said)| **said);
            said.map(|(at, _)| at).collect::<Vec<_>>()
        };
        assert_eq!(said("A CLI, of the command-line; 实现CLI缓存"), [0, 4]);
        assert!(said("The client declines.").is_empty());
        assert_eq!(said("Error Handling in two CLIs"), [0, 1]);
        assert_eq!(said("terror handling, error handlings"), [1]);
        assert_eq!(said("База: 创建数据库连接"), [2, 3]);
    }
}
