//! JSON for snapshots.

use serde_json::Value;

/// JSON with what differs from run to run replaced by its kind.
pub(crate) fn settled(mut value: Value) -> Value {
    settle(&mut value);
    value
}

fn settle(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(settle),
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), &value) {
                    ("seconds", _) => *value = "[seconds]".into(),
                    (_, Value::String(text)) if is_id(text) => *value = "[commit]".into(),
                    _ => settle(value),
                }
            }
        }
        _ => {}
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
