//! Secrets that are found again without being known: an attempt that outlives its driver is finished by another, whose
//! environment may lack the values that the first one passed on.
//!
//! What is kept of a value is its length and a number that its bytes make with a number drawn by chance; whoever can read
//! the file could ask the processes of the run as well.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// A prime, below which all numbers stay.
const PRIME: u64 = (1 << 61) - 1;

/// By what values are known again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    base: u64,
    /// Length and number of each value.
    of: Vec<(usize, u64)>,
}

impl Marks {
    /// Those of `values`.
    pub(super) fn of(values: &[Vec<u8>]) -> Self {
        use std::hash::{BuildHasher as _, RandomState};
        let base = RandomState::new().hash_one(values.len()) % (PRIME - 512) + 256;
        let of = values
            .iter()
            .map(|value| (value.len(), number(value, base)));
        Self {
            of: of.collect(),
            base,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// Where a value begins in `text`, and how long it is; of several the longest.
    pub(super) fn found_in(&self, text: &[u8]) -> HashMap<usize, usize> {
        let mut found: HashMap<usize, usize> = HashMap::new();
        for &(len, wanted) in &self.of {
            if len == 0 || text.len() < len {
                continue;
            }
            let first = (1..len).fold(1, |power, _| times(power, self.base));
            let mut current = number(&text[..len], self.base);
            for at in 0..=text.len() - len {
                if at > 0 {
                    let gone = times(u64::from(text[at - 1]) + 1, first);
                    let kept = (current + PRIME - gone) % PRIME;
                    current = plus(times(kept, self.base), text[at + len - 1]);
                }
                if current == wanted {
                    let longest = found.entry(at).or_default();
                    *longest = len.max(*longest);
                }
            }
        }
        found
    }
}

/// The bytes as the digits of a number.
fn number(bytes: &[u8], base: u64) -> u64 {
    bytes
        .iter()
        .fold(0, |number, byte| plus(times(number, base), *byte))
}

fn times(a: u64, b: u64) -> u64 {
    // Below the prime, which has 61 bits.
    (u128::from(a) * u128::from(b) % u128::from(PRIME)) as u64
}

fn plus(number: u64, byte: u8) -> u64 {
    (number + u64::from(byte) + 1) % PRIME
}

#[cfg(test)]
mod tests {
    use super::Marks;

    #[test]
    fn values_are_found_wherever_they_stand_and_nothing_else_is() {
        let marks = Marks::of(&[
            b"correct-horse".to_vec(),
            b"correct-horse-battery".to_vec(),
            b"12345678".to_vec(),
        ]);
        let text = b"correct-horse-battery, correct-horse; 123456781234567 correct horse";
        let mut found: Vec<_> = marks.found_in(text).into_iter().collect();
        found.sort_unstable();
        assert_eq!(found, [(0, 21), (23, 13), (38, 8)]);
        assert!(marks.found_in(b"short").is_empty());
        let stored = serde_json::to_string(&marks).expect("JSON");
        assert!(!stored.contains("horse"), "{stored}");
    }
}
