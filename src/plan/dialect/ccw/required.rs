//! What the two generations of task JSONs ask of a task, and what of it one lacks.
//!
//! Sessions are checked for it before a task is handed out. What only holds other tasks together needs none of it.

use super::outline::Object;
use crate::plan::gaps::Asked;

const TITLE: Asked = Asked {
    what: "`title`",
    help: "say what is to be done: `\"title\": \"Add the login endpoint\"`",
};

/// `id`, `title`, `status`, `meta`, `context` and `flow_control`, and what of those executors are told to read.
const FIRST: [(Asked, &str, &str); 6] = [
    (
        Asked {
            what: "`status`",
            help: "add `\"status\": \"pending\"`",
        },
        "",
        "status",
    ),
    (
        Asked {
            what: "`meta`",
            help: "add `\"meta\": {\"type\": \"feature\", \"agent\": \"@code-developer\"}`",
        },
        "",
        "meta",
    ),
    (
        Asked {
            what: "`context`",
            help: "add `\"context\"` with `requirements`, `focus_paths`, `acceptance` and `depends_on`",
        },
        "",
        "context",
    ),
    (
        Asked {
            what: "`flow_control`",
            help: "add `\"flow_control\"` with `pre_analysis`, `implementation_approach` and `target_files`",
        },
        "",
        "flow_control",
    ),
    (
        Asked {
            what: "`context.requirements`",
            help: "list what is asked for in `requirements`",
        },
        "context",
        "requirements",
    ),
    (
        Asked {
            what: "`context.acceptance`",
            help: "list what must hold at the end in `acceptance`",
        },
        "context",
        "acceptance",
    ),
];

const AGENT: Asked = Asked {
    what: "`meta.agent`",
    help: "add `\"agent\": \"@code-developer\"`, or a `type` that implies one: `feature`, `test-gen`, `test-fix`, `review`, `docs`",
};

/// `id`, `title`, `description`, `depends_on` and `convergence` with its three parts.
const SECOND: [(Asked, &str, &str); 5] = [
    (
        Asked {
            what: "`description`",
            help: "say in `description` what is to be done",
        },
        "",
        "description",
    ),
    (
        Asked {
            what: "`convergence`",
            help: "add `\"convergence\"` with `criteria`, `verification` and `definition_of_done`",
        },
        "",
        "convergence",
    ),
    (
        Asked {
            what: "`convergence.criteria`",
            help: "list what must hold at the end in `criteria`",
        },
        "convergence",
        "criteria",
    ),
    (
        Asked {
            what: "`convergence.verification`",
            help: "say in `verification` how it is proven, best as a command",
        },
        "convergence",
        "verification",
    ),
    (
        Asked {
            what: "`convergence.definition_of_done`",
            help: "say in `definition_of_done` when it is done",
        },
        "convergence",
        "definition_of_done",
    ),
];

const NEEDS: Asked = Asked {
    what: "`depends_on`",
    help: "add `\"depends_on\": []` where it waits for nothing",
};

/// What a task lacks of what its generation asks for. `has_needs` and `has_agent` say whether any of the places that
/// such things stand in tells of them.
pub(super) fn lacking(top: &Object<'_>, has_needs: bool, has_agent: bool) -> Vec<Asked> {
    let is_of = |names: &[&str]| names.iter().any(|name| top.get(name).is_some());
    let is_second = is_of(&["convergence"])
        || !is_of(&["meta", "context", "flow_control"])
            && is_of(&["description", "implementation", "scope", "files"]);
    let asked: &[(Asked, &str, &str)] = if is_second { &SECOND } else { &FIRST };
    let mut lacking: Vec<Asked> = Vec::new();
    let is_titled = || says(top, "title") || says(top, "name");
    lacking.extend((!is_titled()).then_some(TITLE));
    for (asked, within, name) in asked {
        let lacks = match (*within, *name) {
            ("", "status") => !says(top, "status") && !says(&top.object("meta"), "status"),
            ("", name) => !says(top, name),
            (within, name) => says(top, within) && !says(&top.object(within), name),
        };
        lacking.extend(lacks.then_some(*asked));
    }
    lacking.extend((is_second && !has_needs).then_some(NEEDS));
    lacking.extend((!is_second && !has_agent && says(top, "meta")).then_some(AGENT));
    lacking
}

/// Whether a member says anything; an empty text or list says nothing.
fn says(object: &Object<'_>, name: &str) -> bool {
    object.get(name).is_some_and(|node| {
        let is_empty =
            node.raw.len() < 3 || node.string().is_some_and(|text| text.trim().is_empty());
        // An object may be empty of what is asked for, which is told of its parts.
        !is_empty || node.is_object() || node.raw.starts_with(|c: char| c.is_ascii_digit())
    })
}
