//! Report files in JUnit's XML, which nearly every runner can write. They name every test, so they tell most; a file
//! is to be compared with a file, as the names are others than on the screen.
//!
//! Names: `class: test`, where the class is often a file or a package; the suite stands in where there is no class.

use std::collections::BTreeMap;

use roxmltree::{Document, Node};

use super::printed::relative;
use super::{Doubt, Results, Runner, Suite};

/// Reads a report that was written in `dir`, which is left out of names; `None` when `xml` is none.
pub fn read(xml: &str, dir: &str) -> Option<Results> {
    let document = Document::parse(xml).ok()?;
    let root = document.root_element();
    if !["testsuites", "testsuite"].contains(&root.tag_name().name()) {
        return None;
    }
    let mut suite = Suite {
        names_all: true,
        ..Suite::default()
    };
    let mut times: BTreeMap<String, u64> = BTreeMap::new();
    let (mut passed, mut ignored) = (0, 0);
    let cases = root
        .descendants()
        .filter(|node| node.has_tag_name("testcase"));
    for case in cases {
        let name = numbered(relative(&name(case), dir), &mut times);
        let has = |tag: &str| case.children().any(|child| child.has_tag_name(tag));
        if is_uncollected(case) {
            suite.broken.insert(name);
        } else if has("failure") || has("error") {
            suite.failed += 1;
            suite.failures.insert(name);
        } else if has("skipped") {
            ignored += 1;
            suite.skips.insert(name);
        } else {
            passed += 1;
            suite.passes.insert(name);
        }
    }
    (suite.passed, suite.ignored) = (Some(passed), Some(ignored));
    if counted(root).is_some_and(|counted| counted != suite.failed + suite.broken.len() as u64) {
        suite.doubts.insert(Doubt::Contradicted);
    }
    Some(Results {
        suites: [(Runner::Junit, suite)].into(),
        is_cut: false,
    })
}

/// `name`, told apart from those that were there before.
fn numbered(name: String, times: &mut BTreeMap<String, u64>) -> String {
    let times = times.entry(name.clone()).or_default();
    *times += 1;
    match times {
        1 => name,
        times => format!("{name} ({times})"),
    }
}

fn name(case: Node) -> String {
    let test = case.attribute("name").unwrap_or_default().trim();
    let class = case.attribute("classname").unwrap_or_default().trim();
    let suite = case
        .parent()
        .filter(|parent| parent.has_tag_name("testsuite"))
        .and_then(|parent| parent.attribute("name"))
        .unwrap_or_default()
        .trim();
    // Some repeat the test, or write the same word for all, as Node does.
    let says_nothing = ["", "test", test].contains(&class);
    let place = match says_nothing {
        true => suite,
        false => class,
    };
    match ["", test].contains(&place) {
        true => test.to_owned(),
        false => format!("{place}: {test}"),
    }
}

/// Whether a file, not a test, is what failed: pytest says so, vitest and jest name the case as the file.
fn is_uncollected(case: Node) -> bool {
    let fault = case
        .children()
        .find(|child| ["error", "failure"].contains(&child.tag_name().name()));
    let is_named_as_class = case.attribute("name") == case.attribute("classname")
        && case
            .attribute("name")
            .is_some_and(|name| name.contains('.'));
    let says = |fault: Node| {
        let message = fault.attribute("message").unwrap_or_default();
        message == "collection failure"
    };
    fault.is_some_and(|fault| is_named_as_class || says(fault))
}

/// How many failures and errors the suites count.
fn counted(root: Node) -> Option<u64> {
    let number = |node: Node, name: &str| node.attribute(name)?.trim().parse::<u64>().ok();
    let failed = |node: Node| {
        let (failures, errors) = (number(node, "failures"), number(node, "errors"));
        failures.map(|failures| failures + errors.unwrap_or_default())
    };
    // The sum at the top, else what the outermost suites say.
    failed(root).or_else(|| {
        let suites = root
            .children()
            .filter(|node| node.has_tag_name("testsuite"));
        let of_each: Vec<Option<u64>> = suites.map(failed).collect();
        let has_loose = root.children().any(|node| node.has_tag_name("testcase"));
        let told: Option<Vec<u64>> = of_each.into_iter().collect();
        told.filter(|told| !told.is_empty() && !has_loose)
            .map(|told| told.iter().sum())
    })
}
