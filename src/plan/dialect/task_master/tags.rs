//! The lists of a `tasks.json`: one, or one a tag, and which of them is the plan.

use crate::plan::Fault;
use crate::plan::json::Node;
use crate::plan::source::Source;
use crate::plan::text::Text;

/// The tag that a file without tags is read as, and that Task Master begins with.
const MASTER: &str = "master";

/// A list of tasks and the name it goes by.
#[derive(Debug)]
pub(super) struct Tag<'a> {
    pub(super) name: String,
    pub(super) entries: Vec<Node<'a>>,
    /// Where the list stands.
    node: Node<'a>,
}

/// All lists: `{tag: {tasks: […]}}`, `{tag: […]}`, or `{tasks: […]}` from before there were tags.
pub(super) fn tags(root: Node<'_>) -> Vec<Tag<'_>> {
    let mut members = root.members();
    let is_legacy = |(name, node): &(String, Node<'_>)| name == "tasks" && node.is_array();
    if let Some(at) = members.iter().position(is_legacy) {
        let (_, node) = members.swap_remove(at);
        return vec![Tag::of(MASTER.to_owned(), node)];
    }
    let lists = members.into_iter().filter_map(|(name, node)| {
        let list = match node.is_array() {
            true => Some(node),
            false => node.member("tasks").filter(Node::is_array),
        };
        Some(Tag::of(name, list?))
    });
    lists.collect()
}

impl<'a> Tag<'a> {
    fn of(name: String, node: Node<'a>) -> Self {
        Self {
            name,
            entries: node.elements(),
            node,
        }
    }
}

/// The tag that is meant, and a word about it when there are others.
pub(super) fn choose<'t, 'a>(
    tags: &'t [Tag<'a>],
    state: &[Source],
    text: &Text<'_>,
) -> Result<(&'t Tag<'a>, Option<Fault>), Fault> {
    let names = |tags: &mut dyn Iterator<Item = &Tag<'_>>| {
        let names: Vec<String> = tags.map(|tag| format!("`{}`", tag.name)).collect();
        names.join(", ")
    };
    let start = text.start();
    let filled: Vec<&Tag<'_>> = tags.iter().filter(|tag| !tag.entries.is_empty()).collect();
    let current = current(state);
    let by_state = current
        .as_ref()
        .and_then(|name| tags.iter().find(|tag| tag.name == *name));
    let (tag, why) = match (by_state, filled.as_slice()) {
        (_, []) => {
            let fault = text.error(start..start, "the plan has no tasks");
            return Err(fault.help(
                "tasks stand in `{\"master\": {\"tasks\": [{\"id\": 1, \"title\": \"…\"}]}}`",
            ));
        }
        (Some(tag), _) => (tag, "`state.json` says that it is the current one"),
        (None, [tag]) => (*tag, "only it has tasks"),
        (None, several) => match several.iter().find(|tag| tag.name == MASTER) {
            Some(tag) => (*tag, "`state.json` names no other as the current one"),
            None => {
                let message = format!(
                    "the file holds {} plans: tags {}",
                    several.len(),
                    names(&mut several.iter().copied())
                );
                let fault = text.error(start..start, message);
                return Err(fault.help("say which is meant: `task-master use-tag <name>`, or `\"currentTag\"` in `.taskmaster/state.json`"));
            }
        },
    };
    if tag.entries.is_empty() {
        let message = format!("tag `{}` has no tasks, and {why}", tag.name);
        let fault = text.error(tag.node.range(), message);
        return Err(fault.help(format!(
            "tasks have {}; `task-master use-tag` chooses",
            names(&mut filled.into_iter())
        )));
    }
    let others = tags.iter().filter(|other| !std::ptr::eq(*other, tag));
    let others = names(&mut others.filter(|other| !other.entries.is_empty()));
    let told = (!others.is_empty()).then(|| {
        let at = tag.node.start;
        text.warning(
            at..at + 1,
            format!("tag `{}` is read, because {why}", tag.name),
        )
        .help(format!("the file holds other plans, too: {others}"))
    });
    Ok((tag, told))
}

/// The `currentTag` of `state.json`.
fn current(state: &[Source]) -> Option<String> {
    let text = state.first()?.text();
    Node::parse(&text).ok()?.member("currentTag")?.string()
}
