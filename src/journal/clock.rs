//! What time it is, or what a test says it is.

use anyhow::{Context as _, Result};
use jiff::Timestamp;

/// Where the times in a journal come from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A fixed time, one second later at each look.
    Fixed(i64),
}

impl Clock {
    /// The machine's clock, unless `ENACT_NOW` holds a time as RFC 3339.
    pub fn from_env() -> Result<Self> {
        match std::env::var("ENACT_NOW") {
            Ok(text) => {
                let time: Timestamp = text.parse().with_context(|| {
                    format!("`ENACT_NOW` is `{text}`, which is no RFC 3339 time")
                })?;
                Ok(Clock::Fixed(time.as_second()))
            }
            Err(_) => Ok(Clock::System),
        }
    }

    /// Seconds since 1970.
    pub fn now(&mut self) -> i64 {
        match self {
            Clock::System => Timestamp::now().as_second(),
            Clock::Fixed(seconds) => {
                *seconds += 1;
                *seconds - 1
            }
        }
    }
}

/// A time as RFC 3339 in UTC.
pub fn to_text(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

/// The seconds since 1970 that RFC 3339 text names.
pub fn to_seconds(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_second)
}
