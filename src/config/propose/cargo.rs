//! Rust: `Cargo.toml`.

use super::{Folder, Found, Purpose};

pub(super) fn find(folder: &Folder, found: &mut Found) -> bool {
    let manifest = "Cargo.toml";
    if !folder.has(manifest) {
        return false;
    }
    let Some(cargo) = folder.toml(manifest, found) else {
        return true;
    };
    let place = folder.place(manifest);
    let workspace = cargo.get("workspace").and_then(toml::Value::as_table);
    let all = if workspace.is_some() {
        " --workspace"
    } else {
        ""
    };
    let test = folder.finding(Purpose::Test, format!("cargo test{all}"), place.clone());
    found.findings.push(test);

    let is_linted = |table: &toml::Table| {
        let lints = table.get("lints").and_then(toml::Value::as_table);
        lints.is_some_and(|lints| lints.contains_key("clippy"))
    };
    let clippy = format!("cargo clippy{all} --all-targets -- -D warnings");
    let configured = folder.first(&["clippy.toml", ".clippy.toml"]);
    found.findings.push(match configured {
        Some(file) => folder.finding(Purpose::Lint, clippy, folder.place(file)),
        None if is_linted(&cargo) || workspace.is_some_and(is_linted) => {
            folder.finding(Purpose::Lint, clippy, format!("{place}: lints.clippy"))
        }
        None => folder
            .finding(Purpose::Lint, clippy, place.clone())
            .but("usual, and nothing here configures it"),
    });
    let format = match workspace {
        Some(_) => "cargo fmt --all --check",
        None => "cargo fmt --check",
    };
    found
        .findings
        .push(match folder.first(&["rustfmt.toml", ".rustfmt.toml"]) {
            Some(file) => folder.finding(Purpose::Lint, format, folder.place(file)),
            None => folder
                .finding(Purpose::Lint, format, place.clone())
                .but("usual, and nothing here configures it"),
        });
    let build = folder.finding(Purpose::Build, format!("cargo build{all}"), place);
    found.findings.push(build.but("the tests build it as well"));
    true
}
