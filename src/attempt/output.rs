//! Takes secrets out of output before it is stored: the values of variables that look secret, and tokens
//! that are known by their form. One pass; what is not text is copied as it is.
//!
//! A net and not a wall: a secret that was split, encoded or unknown passes. Making output safe to look at
//! is not done here.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use super::marks::Marks;
use crate::plan::{Secret, secret_at};

/// What stands where a secret stood.
const REDACTED: &[u8] = b"[redacted]";
/// Shorter values are words that may occur by chance.
const VALUE_MIN: usize = 8;

/// What must not be stored: values, and the marks of values that nobody knows any more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    /// The longest first, so that none is left in part because another is its beginning.
    values: Vec<Vec<u8>>,
    marks: Marks,
}

impl Secrets {
    /// Whether there is nothing to hide but what has the form of a secret.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && self.marks.is_empty()
    }

    /// By what the values are found where they are not known.
    pub fn marks(&self) -> Marks {
        Marks::of(&self.values)
    }

    /// The same with values of which only the marks are known.
    #[must_use]
    pub fn with(self, marks: Marks) -> Self {
        Self { marks, ..self }
    }
}

impl From<Vec<Vec<u8>>> for Secrets {
    fn from(mut values: Vec<Vec<u8>>) -> Self {
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Self {
            values,
            marks: Marks::default(),
        }
    }
}

/// The values in `env` that must not be stored, for [`redact`].
pub fn secrets(env: &[(OsString, OsString)]) -> Secrets {
    let hidden = env
        .iter()
        .filter(|(name, value)| value.len() >= VALUE_MIN && looks_secret(&name.to_string_lossy()));
    let mut values: Vec<Vec<u8>> = Vec::new();
    for (_, value) in hidden {
        values.push(value.as_bytes().to_vec());
        values.extend(within_json(value.as_bytes()));
    }
    values.into()
}

/// What a value is called in a text that is JSON, where that is something else.
fn within_json(value: &[u8]) -> Option<Vec<u8>> {
    let quoted = serde_json::to_string(std::str::from_utf8(value).ok()?).ok()?;
    let bare = quoted.as_bytes().get(1..quoted.len() - 1)?;
    (bare != value).then(|| bare.to_vec())
}

/// `output` without `secrets` and known tokens.
pub fn redact(output: &[u8], secrets: &Secrets) -> Vec<u8> {
    let marked = secrets.marks.found_in(output);
    let mut clean = Vec::with_capacity(output.len());
    let mut at = 0;
    while at < output.len() {
        let known = value(&output[at..], &secrets.values).or_else(|| marked.get(&at).copied());
        let known = known.map(|len| Secret { lead: 0, len });
        let Some(secret) = known.or_else(|| secret_at(output, at)) else {
            clean.push(output[at]);
            at += 1;
            continue;
        };
        clean.extend_from_slice(&output[at..at + secret.lead]);
        clean.extend_from_slice(REDACTED);
        at += secret.lead + secret.len;
    }
    clean
}

/// The same of a text.
pub fn redacted(text: &str, secrets: &Secrets) -> String {
    String::from_utf8_lossy(&redact(text.as_bytes(), secrets)).into_owned()
}

fn value(rest: &[u8], secrets: &[Vec<u8>]) -> Option<usize> {
    secrets
        .iter()
        .find(|secret| rest.starts_with(secret))
        .map(Vec::len)
}

fn looks_secret(name: &str) -> bool {
    const WORDS: [&str; 10] = [
        "TOKEN", "SECRET", "PASS", "KEY", "CRED", "AUTH", "PRIVATE", "COOKIE", "DSN", "WEBHOOK",
    ];
    let name = name.to_ascii_uppercase();
    let ends = ["_PAT", "_PWD", "_PW"];
    (WORDS.iter().any(|word| name.contains(word)) || ends.iter().any(|end| name.ends_with(end)))
        // Made by us, and in no need of hiding.
        && !name.starts_with("ENACT_")
}

#[cfg(test)]
mod tests {
    use super::{Secrets, redact, secrets};

    fn clean(text: &str) -> String {
        let env = [
            ("API_KEY".into(), "hunter2hunter2".into()),
            ("MY_TOKEN".into(), "hunter2hunter2-and-more".into()),
            ("SHORT_SECRET".into(), "abc".into()),
            ("LANG".into(), "de_DE.UTF-8".into()),
        ];
        String::from_utf8_lossy(&redact(text.as_bytes(), &secrets(&env))).into_owned()
    }

    #[test]
    fn secrets_are_taken_out_and_the_rest_is_kept() {
        let rows = [
            ("key hunter2hunter2!", "key [redacted]!"),
            ("hunter2hunter2-and-more", "[redacted]"),
            ("abc de_DE.UTF-8", "abc de_DE.UTF-8"),
            ("t=ghp_0123456789abcdefghij.", "t=[redacted]."),
            ("sk-proj-0123456789abcdefghijk", "[redacted]"),
            (
                "task-0123456789abcdefghijklm",
                "task-0123456789abcdefghijklm",
            ),
            ("AKIAABCDEFGHIJKLMNOP", "[redacted]"),
            (
                "https://me:pw@host/x http://host:80/a@b",
                "https://[redacted]@host/x http://host:80/a@b",
            ),
            (
                "a\n-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\nb",
                "a\n[redacted]\nb",
            ),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\ncut off", "[redacted]"),
            ("-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----"),
        ];
        for (text, expected) in rows {
            assert_eq!(clean(text), expected);
        }
    }

    #[test]
    fn what_is_no_text_stays() {
        assert_eq!(redact(b"a\xff\0b", &Secrets::default()), b"a\xff\0b");
    }
}
