//! Takes secrets out of output before it is stored: the values of variables that look secret, and tokens
//! that are known by their form. One pass; what is not text is copied as it is.
//!
//! A net and not a wall: a secret that was split, encoded or unknown passes. Making output safe to look at
//! is not done here.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

/// What stands where a secret stood.
const REDACTED: &[u8] = b"[redacted]";
/// Shorter values are words that may occur by chance.
const VALUE_MIN: usize = 8;
/// The longest user and password in an address.
const LOGIN_MAX: usize = 512;

/// Tokens known by how they begin, and how many more characters they have at least.
const TOKENS: [(&[u8], usize); 15] = [
    (b"github_pat_", 20),
    (b"ghp_", 20),
    (b"gho_", 20),
    (b"ghu_", 20),
    (b"ghs_", 20),
    (b"ghr_", 20),
    (b"glpat-", 16),
    (b"sk-", 20),
    (b"AKIA", 16),
    (b"xoxb-", 10),
    (b"xoxp-", 10),
    (b"xoxa-", 10),
    (b"xoxr-", 10),
    (b"xoxs-", 10),
    (b"xapp-", 10),
];

/// The values in `env` that must not be stored, for [`redact`].
pub fn secrets(env: &[(OsString, OsString)]) -> Vec<Vec<u8>> {
    let mut values: Vec<Vec<u8>> = env
        .iter()
        .filter(|(name, value)| value.len() >= VALUE_MIN && looks_secret(&name.to_string_lossy()))
        .map(|(_, value)| value.as_bytes().to_vec())
        .collect();
    // The longest first, so that none is left in part because another is its beginning.
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    values
}

/// `output` without `secrets` and known tokens.
pub fn redact(output: &[u8], secrets: &[Vec<u8>]) -> Vec<u8> {
    let mut clean = Vec::with_capacity(output.len());
    let mut at = 0;
    while at < output.len() {
        let rest = &output[at..];
        let at_word = at == 0 || !is_token_byte(output[at - 1]);
        let len = value(rest, secrets)
            .or_else(|| at_word.then(|| token(rest)).flatten())
            .or_else(|| private_key(rest));
        if let Some(len) = len {
            clean.extend_from_slice(REDACTED);
            at += len;
        } else if let Some(len) = login(rest) {
            clean.extend_from_slice(b"://");
            clean.extend_from_slice(REDACTED);
            at += len;
        } else {
            clean.push(output[at]);
            at += 1;
        }
    }
    clean
}

fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "KEY", "CREDENTIAL", "AUTH"]
        .iter()
        .any(|word| name.contains(word))
        // Made by us, and in no need of hiding.
        && !name.starts_with("ENACT_")
}

fn value(rest: &[u8], secrets: &[Vec<u8>]) -> Option<usize> {
    secrets
        .iter()
        .find(|secret| rest.starts_with(secret))
        .map(Vec::len)
}

fn token(rest: &[u8]) -> Option<usize> {
    // Nearly every byte is sorted out by this line.
    if !matches!(rest[0], b'g' | b's' | b'A' | b'x') {
        return None;
    }
    let (prefix, min) = TOKENS.iter().find(|(prefix, _)| rest.starts_with(prefix))?;
    let body = &rest[prefix.len()..];
    let len = body.iter().take_while(|byte| is_token_byte(**byte)).count();
    (len >= *min).then_some(prefix.len() + len)
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// `://user:password@`: the length up to the `@`.
fn login(rest: &[u8]) -> Option<usize> {
    let body = rest.strip_prefix(b"://")?;
    let end = body.iter().take(LOGIN_MAX).position(|byte| {
        matches!(byte, b'@' | b'/' | b'"' | b'\'') || byte.is_ascii_whitespace()
    })?;
    (body[end] == b'@' && body[..end].contains(&b':')).then_some(3 + end)
}

/// A private key block, up to its end or the end of the output.
fn private_key(rest: &[u8]) -> Option<usize> {
    let body = rest.strip_prefix(b"-----BEGIN ")?;
    let line_end = body
        .iter()
        .take(80)
        .position(|byte| *byte == b'\n')
        .unwrap_or(body.len().min(80));
    if !contains(&body[..line_end], b"PRIVATE KEY-----") {
        return None;
    }
    let end = find(body, b"-----END ").map_or(rest.len(), |end| {
        let from = rest.len() - body.len() + end + b"-----END ".len();
        find(&rest[from..], b"-----").map_or(rest.len(), |dashes| from + dashes + 5)
    });
    Some(end)
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).position(|window| window == word)
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    find(text, word).is_some()
}

#[cfg(test)]
mod tests {
    use super::{redact, secrets};

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
        assert_eq!(redact(b"a\xff\0b", &[]), b"a\xff\0b");
    }
}
