//! Time spans: one that is read is printed, and what is printed is read as the same, as far as it is printed.

use git_enact::plan::time_span;
use git_enact::report::sentence::took;

pub(super) fn answer(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(span) = time_span(&text) {
        assert!(
            span.as_millis() > 0 && span.as_secs() <= 366 * 24 * 60 * 60,
            "{text:?}"
        );
        printed(u64::try_from(span.as_millis()).expect("it is less than a year"));
    }
    let mut number = [0; 8];
    let given = bytes.len().min(8);
    number[..given].copy_from_slice(&bytes[..given]);
    let millis = u64::from_le_bytes(number);
    took(millis);
    // Most numbers are centuries: so many that each length of a time span comes up.
    printed(millis % 1_000);
    printed(millis % 100_000);
    printed(millis % (366 * 24 * 60 * 60 * 1_000));
}

fn printed(millis: u64) {
    let said = took(millis);
    assert!(!said.contains(char::is_whitespace), "{said:?}");
    if millis == 0 {
        return;
    }
    let read = time_span(&said).expect("what is printed is a time span");
    let read = u64::try_from(read.as_millis()).expect("it is less than a year");
    // To the millisecond, to a tenth of a second, to the second.
    let exact = match millis {
        0..1_000 => 0,
        1_000..60_000 => 50,
        _ => 999,
    };
    assert!(
        read.abs_diff(millis) <= exact,
        "{millis} is printed as `{said}`"
    );
    assert_eq!(took(read), said, "{millis}");
}
