//! What is a secret by its form: tokens that begin as their makers have them begin, logins in addresses, private keys.
//!
//! A plan that holds one is warned about here; what programs print is cleaned elsewhere by the same forms. Knows no
//! values, and a secret of no known form passes.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, Input, MatchKind};

use super::text::char_start;
use super::{Fault, Source};

/// A secret in a text: how much of what was looked at stays, and how many bytes behind that are to be hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secret {
    /// What stands before it and says what it is.
    pub lead: usize,
    /// The secret itself.
    pub len: usize,
}

/// Tokens known by how they begin, and how many more characters they have at least.
const TOKENS: [(&[u8], usize); 27] = [
    (b"github_pat_", 20),
    (b"ghp_", 20),
    (b"gho_", 20),
    (b"ghu_", 20),
    (b"ghs_", 20),
    (b"ghr_", 20),
    (b"glpat-", 16),
    (b"sk-", 20),
    (b"sk_live_", 16),
    (b"sk_test_", 16),
    (b"rk_live_", 16),
    (b"AKIA", 16),
    (b"ASIA", 16),
    (b"AIza", 30),
    (b"npm_", 30),
    (b"pypi-", 30),
    (b"hf_", 30),
    (b"dop_v1_", 30),
    (b"xoxb-", 10),
    (b"xoxp-", 10),
    (b"xoxa-", 10),
    (b"xoxr-", 10),
    (b"xoxs-", 10),
    (b"xapp-", 10),
    (b"xai-", 30),
    (b"AGE-SECRET-KEY-1", 30),
    (b"eyJhbGci", 30),
];

/// What stands before a token in a header.
const BEARER: &[u8] = b"bearer ";
/// What stands before user and password in an address.
const ADDRESS: &[u8] = b"://";
/// How a private key begins.
const PRIVATE_KEY: &[u8] = b"-----BEGIN ";

/// The longest user and password in an address.
const LOGIN_MAX: usize = 512;
/// The least that stands behind `Bearer`.
const BEARER_MIN: usize = 16;

/// The secret that begins at `at`, if one does by its form.
pub fn secret_at(text: &[u8], at: usize) -> Option<Secret> {
    let rest = &text[at..];
    let begins_word = at == 0 || !is_token_byte(text[at - 1]);
    // Nearly every byte is sorted out by this line.
    match rest.first()? {
        b':' => login(rest),
        b'-' => private_key(rest),
        b'B' | b'b' if begins_word => bearer(rest),
        b'g' | b's' | b'r' | b'A' | b'n' | b'p' | b'h' | b'd' | b'x' | b'e' if begins_word => {
            token(rest)
        }
        _ => None,
    }
}

/// How [`BEARER`] begins, in whatever case.
const BEARERS: [&[u8]; 8] = [
    b"bea", b"beA", b"bEa", b"bEA", b"Bea", b"BeA", b"BEa", b"BEA",
];

/// How secrets begin: a text is gone through once for all of them. Many bytes are looked at in one step as long as
/// all of these are of a given case.
static OPENINGS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let tokens = TOKENS.iter().map(|(prefix, _)| *prefix);
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        .build(tokens.chain(BEARERS).chain([ADDRESS, PRIVATE_KEY]))
        .expect("a few short words")
});

/// Where a text holds secrets by their form, in the order of the text.
pub fn secrets_in(text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(opening) = OPENINGS.find(Input::new(text).range(at..)) {
        at = opening.start();
        match secret_at(text, at) {
            Some(secret) => {
                let from = at + secret.lead;
                at = from + secret.len;
                found.push(from..at);
            }
            None => at += 1,
        }
    }
    found
}

/// The text without what is a secret by its form.
pub fn without_secrets(text: &str) -> String {
    const HIDDEN: &str = "[redacted]";
    let (mut clean, mut from) = (String::with_capacity(text.len()), 0);
    for range in secrets_in(text.as_bytes()) {
        clean.push_str(&text[from..char_start(text, range.start)]);
        clean.push_str(HIDDEN);
        from = char_start(text, range.end);
    }
    clean.push_str(&text[from..]);
    clean
}

/// A warning for each secret that a plan's texts hold as far as they are held: a plan is shared, and its text is part of
/// the journal.
pub(super) fn warnings(sources: &[Source]) -> Vec<Fault> {
    const HELP: &str = "a plan is shared, and its text becomes part of the run: keep the secret in your environment, \
                        and name its variable in `pass_env`";
    let mut warnings = Vec::new();
    for source in sources {
        let text = source.text();
        for range in secrets_in(text.text.as_bytes()) {
            let warning = text.warning(range, "this looks like a secret");
            warnings.push(warning.help(HELP));
        }
    }
    warnings
}

fn token(rest: &[u8]) -> Option<Secret> {
    let (prefix, min) = TOKENS.iter().find(|(prefix, _)| rest.starts_with(prefix))?;
    let body = &rest[prefix.len()..];
    // The parts of a web token are held together by dots.
    let is_web = prefix.starts_with(b"eyJ");
    let belongs = |byte: &&u8| is_token_byte(**byte) || is_web && **byte == b'.';
    let len = body.iter().take_while(belongs).count();
    (len >= *min).then_some(Secret {
        lead: 0,
        len: prefix.len() + len,
    })
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// What stands behind `Bearer` in a header.
fn bearer(rest: &[u8]) -> Option<Secret> {
    let word = rest.get(..BEARER.len())?;
    let belongs =
        |byte: &&u8| is_token_byte(**byte) || matches!(byte, b'.' | b'~' | b'+' | b'/' | b'=');
    let body = rest[BEARER.len()..].iter();
    let len = body.take_while(belongs).count();
    let holds = word.eq_ignore_ascii_case(BEARER) && len >= BEARER_MIN;
    holds.then_some(Secret {
        lead: BEARER.len(),
        len,
    })
}

/// `://user:password@`: what stands before the `@`.
fn login(rest: &[u8]) -> Option<Secret> {
    let body = rest.strip_prefix(ADDRESS)?;
    let end = body.iter().take(LOGIN_MAX).position(|byte| {
        matches!(byte, b'@' | b'/' | b'"' | b'\'') || byte.is_ascii_whitespace()
    })?;
    let colon = body[..end].iter().position(|byte| *byte == b':')?;
    let (user, password) = (&body[..colon], &body[colon + 1..end]);
    // `postgres:postgres` is what everybody's own machine has.
    let is_told = user == password || password == b"password";
    (body[end] == b'@' && !is_told).then_some(Secret {
        lead: ADDRESS.len(),
        len: end,
    })
}

/// A private key block, up to its end or the end of the text.
fn private_key(rest: &[u8]) -> Option<Secret> {
    const LINE_MAX: usize = 80;
    let body = rest.strip_prefix(PRIVATE_KEY)?;
    let line = &body[..body.len().min(LINE_MAX)];
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or(line);
    find(line, b"PRIVATE KEY")?;
    let behind =
        |at: usize, word: &[u8]| find(&rest[at..], word).map(|found| at + found + word.len());
    let end = behind(rest.len() - body.len(), b"-----END ").and_then(|end| behind(end, b"-----"));
    Some(Secret {
        lead: 0,
        len: end.unwrap_or(rest.len()),
    })
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).position(|window| window == word)
}

#[cfg(test)]
mod tests {
    use super::{warnings, without_secrets};
    use crate::plan::Source;

    #[test]
    fn secrets_are_known_by_their_form_and_words_are_not() {
        for (text, clean) in [
            ("t=ghp_0123456789abcdefghij.", "t=[redacted]."),
            ("é ghp_0123456789abcdefghij é", "é [redacted] é"),
            (
                "Authorization: Bearer abcdefgh.ijklmnop/q=",
                "Authorization: Bearer [redacted]",
            ),
            ("a bearer of news", "a bearer of news"),
            (
                "x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefghijk y",
                "x [redacted] y",
            ),
            ("https://ann:secret@host/x", "https://[redacted]@host/x"),
            ("http://host:80/a@b", "http://host:80/a@b"),
            ("pg://app:app@localhost/x", "pg://app:app@localhost/x"),
            ("pg://user:password@host", "pg://user:password@host"),
            (
                "the risk-averse task-based npm_config_cache",
                "the risk-averse task-based npm_config_cache",
            ),
            (
                "a\n-----BEGIN RSA PRIVATE KEY-----\nx\n-----END RSA PRIVATE KEY-----\nb",
                "a\n[redacted]\nb",
            ),
            (
                "-----BEGIN CERTIFICATE-----\nx",
                "-----BEGIN CERTIFICATE-----\nx",
            ),
        ] {
            assert_eq!(without_secrets(text), clean);
        }
    }

    #[test]
    fn a_plan_that_holds_one_is_warned_about_at_its_place() {
        let source = Source::new("a.md", "# A\n\nuse ghp_0123456789abcdefghij here\n");
        let told: Vec<String> = warnings(&[source])
            .iter()
            .filter_map(|fault| fault.location.as_ref())
            .map(ToString::to_string)
            .collect();
        assert_eq!(told, ["a.md:3:5"]);
    }
}
