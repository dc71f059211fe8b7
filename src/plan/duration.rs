//! Time spans as people write them: `90s`, `10m`, `1h 30m`. The same rule wherever one may stand, in a plan, in settings
//! and in flags.

use std::time::Duration;

use jiff::SignedDuration;

/// How a time span is written, as help.
pub const TIME_SPANS: &str = "write it as `90s`, `10m` or `1h 30m`";

/// A year is longer than any attempt.
const SECONDS_MAX: i64 = 366 * 24 * 60 * 60;

/// The time span that `text` says, or what is wrong with it, as the end of a sentence about it.
pub fn time_span(text: &str) -> Result<Duration, &'static str> {
    match text.parse::<SignedDuration>() {
        Err(_) => Err("is not a duration that is understood"),
        Ok(span) if !span.is_positive() => Err("is not longer than nothing"),
        Ok(span) if span.as_secs() > SECONDS_MAX => Err("is longer than a year"),
        Ok(span) if span.as_millis() == 0 => Err("is shorter than a millisecond"),
        Ok(span) => Ok(span.unsigned_abs()),
    }
}

#[cfg(test)]
mod tests {
    use super::time_span;

    #[test]
    fn a_time_span_must_be_one_and_must_be_something_and_less_than_forever() {
        let millis = |text| time_span(text).map(|span| span.as_millis());
        assert_eq!(millis("90s"), Ok(90_000));
        assert_eq!(millis("1h 30m"), Ok(5_400_000));
        for bad in [
            "0s",
            "-5m",
            "10x",
            "",
            "soon",
            "10",
            "nan",
            "1ns",
            "9999999h",
            "99999999999999999999h",
        ] {
            assert!(time_span(bad).is_err(), "`{bad}` is refused");
        }
    }
}
