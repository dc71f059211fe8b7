//! Why a command did nothing: for a person on standard error, and for programs as one JSON object on standard output.
//!
//! What is known of a fault is the same for both. Which exit status it has is not said here.

use serde_json::{Value, json};

use super::check::fault_json;
use super::clean::visible;
use super::{faults, json_line, notice};
use crate::plan::{Fault, Faults, without_secrets};

/// Tells why a command ended; with `is_json` for programs as well.
pub fn tell(error: &anyhow::Error, is_json: bool) {
    match error.downcast_ref::<Faults>() {
        Some(refused) => {
            let text = faults::render(&refused.faults, &refused.sources, true);
            notice(text.trim_end());
        }
        None => notice(&format!("error: {}", visible(&sentence(error)))),
    }
    if is_json {
        json_line(&json(&of(error)).to_string());
    }
}

/// The faults that an error is about; what is no fault of a text has no place.
fn of(error: &anyhow::Error) -> Vec<Fault> {
    match error.downcast_ref::<Faults>() {
        Some(refused) => refused.faults.clone(),
        None => vec![Fault::error(sentence(error))],
    }
}

fn sentence(error: &anyhow::Error) -> String {
    without_secrets(&format!("{error:#}"))
}

/// One object, whatever the command was.
pub fn json(faults: &[Fault]) -> Value {
    json!({
        "schema": 1,
        "faults": faults.iter().map(fault_json).collect::<Vec<_>>(),
    })
}
