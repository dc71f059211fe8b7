//! `go test -json`: one object a line, each with what happened to which test of which package.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::printed::Text;
use super::{Doubt, Suite, go};

pub(super) fn read(text: &Text) -> Vec<Suite> {
    let mut packages: BTreeMap<String, Package> = BTreeMap::new();
    for line in &text.lines {
        if !line.starts_with('{') {
            continue;
        }
        let Ok(said) = serde_json::from_str::<Said>(line) else {
            continue;
        };
        let package = packages.entry(said.package.clone()).or_default();
        package.hear(said);
    }
    packages
        .into_iter()
        .map(|(name, package)| package.end(&name))
        .collect()
}

#[derive(Deserialize)]
struct Said {
    #[serde(rename = "Action")]
    action: String,
    #[serde(rename = "Package")]
    package: String,
    #[serde(rename = "Test")]
    test: Option<String>,
    #[serde(rename = "Output", default)]
    output: String,
    /// Since Go 1.24, of a package that could not be built.
    #[serde(rename = "FailedBuild")]
    failed_build: Option<String>,
}

#[derive(Default)]
struct Package {
    began: BTreeSet<String>,
    passes: BTreeSet<String>,
    skips: BTreeSet<String>,
    failures: BTreeSet<String>,
    verdict: Option<String>,
    unbuilt: bool,
    ended: bool,
}

impl Package {
    fn hear(&mut self, said: Said) {
        self.unbuilt |= said.failed_build.is_some();
        // Before Go 1.20 this is all there is when the test before it printed no line end.
        self.began.extend(go::begun(&said.output));
        let Some(test) = said.test else {
            match said.action.as_str() {
                "pass" | "fail" | "skip" => self.verdict = Some(said.action),
                "output" => {
                    let told = said.output.trim_end();
                    self.ended |= told.ends_with("FAIL") || told.ends_with("PASS");
                }
                _ => {}
            }
            return;
        };
        let set = match said.action.as_str() {
            "run" => &mut self.began,
            "pass" => &mut self.passes,
            "skip" => &mut self.skips,
            "fail" => &mut self.failures,
            _ => return,
        };
        set.insert(test);
    }

    fn end(self, name: &str) -> Suite {
        let full = |names: &BTreeSet<String>| -> BTreeSet<String> {
            let believed = names.intersection(&self.began);
            believed.map(|test| format!("{name}: {test}")).collect()
        };
        let mut suite = Suite {
            passes: full(&self.passes),
            skips: full(&self.skips),
            failures: full(&self.failures),
            names_all: true,
            ..Suite::default()
        };
        suite.passed = Some(suite.passes.len() as u64);
        suite.ignored = Some(suite.skips.len() as u64);
        suite.failed = suite.failures.len() as u64;
        match self.verdict.as_deref() {
            Some("fail") if self.unbuilt => {
                suite.broken.insert(name.to_owned());
            }
            Some("fail") => suite.fail_as_package(name, self.ended),
            Some(_) => {}
            None => {
                suite.doubts.insert(Doubt::Unfinished);
            }
        }
        suite
    }
}
