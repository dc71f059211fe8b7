//! Where a native plan names one task in another: looked for only once such an id is wrong, in one reading for all.

use std::collections::HashSet;

use ::toml::de::{DeTable, DeValue};

use super::inside_quotes;
use crate::plan::TaskId;
use crate::plan::dialect::{Link, Places};
use crate::plan::text::Text;

/// The first place of each of the links that are `wanted`.
pub(super) fn places(text: &Text<'_>, wanted: &HashSet<Link>) -> Places {
    let (table, _) = DeTable::parse_recoverable(text.text);
    let mut places = Places::new();
    let Some(DeValue::Array(tasks)) = table.get_ref().get("task").map(::toml::Spanned::get_ref)
    else {
        return places;
    };
    for task in tasks {
        let DeValue::Table(task) = task.get_ref() else {
            continue;
        };
        let Some(own) = task.get("id").and_then(|id| id.get_ref().as_str()) else {
            continue;
        };
        for list in ["needs", "after"].iter().filter_map(|key| task.get(*key)) {
            let DeValue::Array(ids) = list.get_ref() else {
                continue;
            };
            for id in ids {
                let Some(named) = id.get_ref().as_str() else {
                    continue;
                };
                let link = (TaskId::new(own), TaskId::new(named));
                if wanted.contains(&link) {
                    let range = inside_quotes(text.text, id.span());
                    let place = || (text.location(range.start), range.len());
                    places.entry(link).or_insert_with(place);
                }
            }
        }
    }
    places
}
