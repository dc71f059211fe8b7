//! JSON as plans use it: values with the place where they stand, so that each fault has its line and a status can
//! be replaced without touching another byte.
//!
//! Knows no format. A value is looked into only when somebody asks, and what is passed over is only skipped.

use std::ops::Range;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::Fault;
use super::text::Text;

/// A value and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'a> {
    /// As it is written.
    pub(super) raw: &'a str,
    /// The offset of its first byte in the whole text.
    pub(super) start: usize,
}

impl<'a> Node<'a> {
    /// The whole text as one value, or the fault that says where it is none.
    pub(super) fn parse(text: &Text<'a>) -> Result<Self, Fault> {
        let start = text.start();
        let whole = &text.text[start..];
        let raw: &'a RawValue = serde_json::from_str(whole).map_err(|error| {
            let lines = whole
                .split_inclusive('\n')
                .take(error.line().saturating_sub(1));
            let line_start: usize = lines.map(str::len).sum();
            let at = (start + line_start + error.column().saturating_sub(1)).min(text.text.len());
            // The place is told by the location, and needs no second telling in the message.
            let message = error.to_string();
            let what = message.split(" at line ").next().unwrap_or_default();
            text.error(at..at, format!("this is not JSON: {what}"))
        })?;
        Ok(Self::of(raw, whole, start))
    }

    /// The members of the object that the whole text is, with one look at it; or the fault that says where it is no
    /// JSON.
    pub(super) fn members_of(text: &Text<'a>) -> Result<Vec<(String, Self)>, Fault> {
        let whole = &text.text[text.start()..];
        let Ok(Members(members)) = serde_json::from_str(whole) else {
            return Self::parse(text).map(|top| top.members());
        };
        let node = |(key, raw): (String, &'a RawValue)| (key, Self::of(raw, whole, text.start()));
        Ok(members.into_iter().map(node).collect())
    }

    fn of(raw: &'a RawValue, whole: &str, start: usize) -> Self {
        let raw = raw.get();
        let offset = raw.as_ptr() as usize - whole.as_ptr() as usize;
        Self {
            raw,
            start: start + offset,
        }
    }

    pub(super) fn range(&self) -> Range<usize> {
        self.start..self.start + self.raw.len()
    }

    /// The members of an object in the order of the text; none of anything else.
    pub(super) fn members(&self) -> Vec<(String, Node<'a>)> {
        let Ok(Members(members)) = serde_json::from_str(self.raw) else {
            return Vec::new();
        };
        let node = |(key, raw): (String, &'a RawValue)| (key, Self::of(raw, self.raw, self.start));
        members.into_iter().map(node).collect()
    }

    /// The member with this name; the last, as JSON readers take it, when it is given twice.
    pub(super) fn member(&self, name: &str) -> Option<Node<'a>> {
        let mut members = self.members().into_iter().rev();
        members.find(|(key, _)| key == name).map(|(_, node)| node)
    }

    /// The elements of an array; none of anything else.
    pub(super) fn elements(&self) -> Vec<Node<'a>> {
        let elements: Vec<&'a RawValue> = serde_json::from_str(self.raw).unwrap_or_default();
        let node = |raw| Self::of(raw, self.raw, self.start);
        elements.into_iter().map(node).collect()
    }

    /// The text of a string.
    pub(super) fn string(&self) -> Option<String> {
        serde_json::from_str(self.raw).ok()
    }

    /// The text of a string, or a number as it is written.
    pub(super) fn word(&self) -> Option<String> {
        let is_number = self
            .raw
            .starts_with(|c: char| c.is_ascii_digit() || c == '-');
        match is_number {
            true => Some(self.raw.to_owned()),
            false => self.string(),
        }
    }

    pub(super) fn is_object(&self) -> bool {
        self.raw.starts_with('{')
    }

    pub(super) fn is_array(&self) -> bool {
        self.raw.starts_with('[')
    }
}

/// An object's members in order, repetitions included.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, &'de RawValue>()? {
                    members.push((key, value));
                }
                Ok(Members(members))
            }
        }
        from.deserialize_map(Each)
    }
}
