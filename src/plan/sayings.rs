//! Which of many words and sayings texts say, found in one pass over each, whatever their case.
//!
//! A saying that begins or ends with a letter or digit of ASCII is none inside of a longer word, but for its plural;
//! in scripts that do without spaces it counts wherever it stands. Knows nothing of what the sayings are for.

use aho_corasick::{AhoCorasick, Input, MatchKind};

/// Sayings to look for, each known by its place among them.
#[derive(Debug)]
pub(super) struct Sayings {
    /// What finds where some spelling begins, many bytes in one step as long as all are of a given case. Where the
    /// shortest has two letters, nearly every word could be it: those are looked for apart.
    searchers: Vec<AhoCorasick>,
    /// The spellings of all sayings, with the letters of ASCII in lower case, and which saying each is one of.
    spellings: Vec<(String, usize)>,
    count: usize,
}

impl Sayings {
    /// Those to look for; what is empty is never said.
    pub(super) fn new<'s>(sayings: impl Iterator<Item = &'s str>) -> Self {
        let mut all = Vec::new();
        let mut count = 0;
        for saying in sayings {
            let spellings = spellings(saying.trim()).into_iter();
            all.extend(spellings.map(|spelling| (spelling.to_ascii_lowercase(), count)));
            count += 1;
        }
        all.sort_by_key(|(spelling, _)| spelling.len());
        let are_alike =
            |one: &(String, _), other: &(String, _)| is_short(&one.0) == is_short(&other.0);
        Self {
            searchers: all.chunk_by(are_alike).map(searcher).collect(),
            spellings: all,
            count,
        }
    }

    /// Of each saying whether one of the texts says it.
    pub(super) fn said_in<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> Vec<bool> {
        let mut said = vec![false; self.count];
        let mut lower = String::new();
        for text in texts {
            lower.clear();
            lower.push_str(text);
            lower.make_ascii_lowercase();
            for searcher in &self.searchers {
                let mut from = 0;
                while let Some(found) = searcher.find(Input::new(&lower).range(from..)) {
                    self.said_at(found.start(), lower.as_bytes(), &mut said);
                    from = found.start() + 1;
                }
            }
        }
        said
    }

    /// Which sayings begin at this place: where one does, shorter and longer ones may as well.
    fn said_at(&self, at: usize, text: &[u8], said: &mut [bool]) {
        for (spelling, saying) in &self.spellings {
            let begins = !said[*saying] && text[at..].starts_with(spelling.as_bytes());
            said[*saying] |= begins && stands_alone(text, at..at + spelling.len());
        }
    }
}

fn is_short(spelling: &str) -> bool {
    spelling.len() < 3
}

fn searcher(spellings: &[(String, usize)]) -> AhoCorasick {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        .build(spellings.iter().map(|(spelling, _)| spelling))
        .expect("patterns fit in memory as their sayings do")
}

/// The ways in which a saying is written, but for the case of ASCII.
pub(super) fn spellings(saying: &str) -> Vec<String> {
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
