//! YAML in plans: front matter and checkpoints, as plain values.
//!
//! The one place that knows the YAML library. People write headers that are not YAML, so what cannot be read is a
//! warning for whoever asks, never the end of a plan.

use std::ops::Range;

use serde_json::Value;

use super::Fault;
use super::text::Text;

/// What aliases stand for, counted as often as they do: a few lines of aliases of aliases stand for more than there is
/// time for.
const REPLAYED_MAX: usize = 10_000;

/// The value that these bytes of a text hold, or a warning at the place that cannot be read.
pub(super) fn parse(text: &Text<'_>, range: Range<usize>) -> Result<Value, Fault> {
    let yaml = &text.text[range.clone()];
    let mut options = serde_saphyr::Options::default();
    options.alias_limits.max_total_replayed_events = REPLAYED_MAX;
    serde_saphyr::from_str_with_options(yaml, options).map_err(|error| {
        let line = error.location().map_or(1, |at| at.line() as usize);
        let before: usize = yaml
            .split_inclusive('\n')
            .take(line.saturating_sub(1))
            .map(str::len)
            .sum();
        let at = range.start + before.min(yaml.len());
        let end = text.text[at..range.end]
            .find('\n')
            .map_or(range.end, |length| at + length);
        text.warning(at..end, "this is not YAML, so it is not read")
    })
}
