//! Secrets and a text: what is stored of the text holds none of them.
//!
//! The part `secrets` has values of variables, one a line; everything else is text.

use git_enact::attempt::output::{Secrets, redact, secrets};

use super::{lines, parts};

/// More than these make inputs slow and find nothing more.
const MANY: usize = 12;

pub(super) fn answer(bytes: &[u8]) {
    let parts = parts(bytes);
    let values: Vec<String> = lines(&parts, "secrets").into_iter().take(MANY).collect();
    let text = parts.iter().filter(|(name, _)| name != "secrets");
    let text: Vec<u8> = text.flat_map(|(_, part)| part).copied().collect();
    let env = values.iter().map(|value| ("API_KEY".into(), value.into()));
    let env: Vec<_> = env.collect();
    let known = secrets(&env);
    let clean = redact(&text, &known);
    // What stands in the place of a secret has letters of its own, of which a secret could be made up again.
    let is_own =
        |value: &&String| value.contains(['[', ']']) || "redacted".contains(value.as_str());
    for value in values
        .iter()
        .filter(|value| value.len() >= 8 && !is_own(value))
    {
        let holds = |text: &[u8]| {
            text.windows(value.len())
                .any(|part| part == value.as_bytes())
        };
        assert!(
            !holds(&clean),
            "{value:?} is left in {:?}",
            String::from_utf8_lossy(&clean)
        );
    }
    // Values that are only known again are hidden as those that are known.
    let marked = Secrets::default().with(known.marks());
    assert_eq!(redact(&text, &marked), clean);
}
