//! Whether a dependency stands in a manifest: among the dependencies that the file declares, under any of the names
//! by which its ecosystem knows it. Pure; knows nothing of lock files, registries or versions.

use serde_json::Value as Json;
use toml::{Table, Value};

/// Whether `name` is a dependency that `text` declares; `None` when the file at `path` is no manifest that is known.
///
/// A version in the name (`argon2@0.5`, `requests>=2`, `example.com/m v1.2.0`) is not looked at. What cannot be
/// parsed declares nothing.
pub fn stands(path: &str, text: &str, name: &str) -> Option<bool> {
    let file = path.rsplit('/').next().unwrap_or(path);
    let name = name.trim();
    Some(match file {
        "Cargo.toml" => in_cargo(text, name),
        "package.json" => in_node(text, name),
        "pyproject.toml" => in_python(text, name),
        "go.mod" => in_go(text, name),
        _ if file.starts_with("requirements") && file.ends_with(".txt") => {
            in_requirements(text, name)
        }
        _ => return None,
    })
}

fn in_cargo(text: &str, name: &str) -> bool {
    const KINDS: [&str; 5] = [
        "dependencies",
        "dev-dependencies",
        "build-dependencies",
        "dev_dependencies",
        "build_dependencies",
    ];
    let Ok(manifest) = text.parse::<Table>() else {
        return false;
    };
    // The registry takes both signs for one.
    let plain = |name: &str| name.to_lowercase().replace('-', "_");
    let name = plain(name.split(['@', '=', ' ']).next().unwrap_or(name));
    let declares = |holder: &Table| {
        let tables = KINDS
            .iter()
            .filter_map(|kind| holder.get(*kind)?.as_table());
        tables.flatten().any(|(key, value)| {
            let package = value.get("package").and_then(Value::as_str);
            plain(key) == name || package.is_some_and(|package| plain(package) == name)
        })
    };
    let below = |key: &str| manifest.get(key).and_then(Value::as_table);
    let targets = below("target").into_iter().flat_map(Table::values);
    declares(&manifest)
        || below("workspace").is_some_and(declares)
        || targets.filter_map(Value::as_table).any(declares)
}

fn in_node(text: &str, name: &str) -> bool {
    const KINDS: [&str; 6] = [
        "dependencies",
        "devDependencies",
        "peerDependencies",
        "optionalDependencies",
        "bundleDependencies",
        "bundledDependencies",
    ];
    let Ok(manifest) = serde_json::from_str::<Json>(text) else {
        return false;
    };
    // The first sign of `@scope/name@1` is no version's.
    let version = name.match_indices('@').find(|(at, _)| *at > 0);
    let name = version.map_or(name, |(at, _)| &name[..at]).trim();
    KINDS.iter().any(|kind| match &manifest[kind] {
        Json::Object(packages) => packages.contains_key(name),
        Json::Array(packages) => packages.iter().any(|package| package == name),
        _ => false,
    })
}

fn in_python(text: &str, name: &str) -> bool {
    let Ok(manifest) = text.parse::<Table>() else {
        return false;
    };
    let manifest = Value::Table(manifest);
    let at = |path: &str| {
        path.split('/')
            .try_fold(&manifest, |value, key| value.get(key))
    };
    // Lists of requirements, tables of such lists, and Poetry's tables of names.
    let lists = [
        at("project/dependencies"),
        at("build-system/requires"),
        at("tool/uv/dev-dependencies"),
    ];
    let groups = [
        at("project/optional-dependencies"),
        at("dependency-groups"),
        at("tool/pdm/dev-dependencies"),
    ];
    let poetry = at("tool/poetry").into_iter();
    let in_groups = poetry
        .clone()
        .filter_map(|poetry| poetry.get("group")?.as_table())
        .flat_map(Table::values);
    let tables = poetry.chain(in_groups).flat_map(|holder| {
        let kinds = ["dependencies", "dev-dependencies"];
        kinds
            .into_iter()
            .filter_map(|kind| holder.get(kind)?.as_table())
    });
    let groups = groups
        .into_iter()
        .flatten()
        .filter_map(Value::as_table)
        .flat_map(Table::values);
    let required = lists.into_iter().flatten().chain(groups);
    let name = distribution(name);
    required
        .filter_map(Value::as_array)
        .flatten()
        .filter_map(Value::as_str)
        .any(|requirement| distribution(requirement) == name)
        || tables
            .flat_map(Table::keys)
            .any(|key| distribution(key) == name)
}

fn in_requirements(text: &str, name: &str) -> bool {
    let name = distribution(name);
    text.lines().map(str::trim).any(|line| {
        let egg = line.split_once("#egg=").map(|(_, egg)| egg);
        match line.starts_with(['#', '-']) {
            true => egg.is_some_and(|egg| line.starts_with('-') && distribution(egg) == name),
            false => !line.is_empty() && distribution(egg.unwrap_or(line)) == name,
        }
    })
}

/// The name of a requirement such as `Foo.Bar[extra]>=1; python_version > "3"`, as the index spells it.
fn distribution(requirement: &str) -> String {
    let is_part = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let end = requirement.find(|c| !is_part(c));
    let name = &requirement[..end.unwrap_or(requirement.len())];
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").to_lowercase()
}

fn in_go(text: &str, name: &str) -> bool {
    let name = name.split(['@', ' ']).next().unwrap_or(name);
    let mut in_block = false;
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or_default().trim();
        let required = match line.strip_prefix("require") {
            _ if in_block && line == ")" => {
                in_block = false;
                continue;
            }
            _ if in_block => line,
            Some(rest) if rest.trim() == "(" => {
                in_block = true;
                continue;
            }
            Some(rest) => rest,
            None => continue,
        };
        let module = required.split_whitespace().next().unwrap_or_default();
        let module = module.trim_matches('"');
        // A plan may name a package of the module.
        let below = name
            .strip_prefix(module)
            .is_some_and(|rest| rest.starts_with('/'));
        if !module.is_empty() && (module == name || below) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::stands;

    fn check(path: &str, text: &str, there: &[&str], missing: &[&str]) {
        for name in there {
            assert_eq!(stands(path, text, name), Some(true), "{path}: {name}");
        }
        for name in missing {
            assert_eq!(stands(path, text, name), Some(false), "{path}: {name}");
        }
    }

    #[test]
    fn a_crate_stands_in_any_of_the_tables_and_by_either_name() {
        let text = r#"
            [package]
            name = "argon2"
            keywords = ["rand"]
            [features]
            hyper = []
            [dependencies]
            serde_json = "1" # not anyhow
            json = { package = "Sonic-RS", version = "0.3" }
            [dependencies.tokio]
            version = "1"
            [target.'cfg(unix)'.dev-dependencies]
            rustix = "1"
            [workspace.dependencies]
            clap.workspace = true
        "#;
        check(
            "crates/a/Cargo.toml",
            text,
            &[
                "serde-json",
                "serde_json@1",
                "json",
                "sonic_rs",
                "tokio = \"1\"",
                "rustix",
                "clap",
            ],
            &["argon2", "rand", "hyper", "anyhow", "serde", "version"],
        );
    }

    #[test]
    fn a_package_stands_in_any_of_the_kinds() {
        let text = r#"{"name": "left", "scripts": {"vite": "vite"},
            "dependencies": {"@scope/name": "1", "react": "^19"}, "devDependencies": {"jest": "30"},
            "bundleDependencies": ["packed"]}"#;
        check(
            "package.json",
            text,
            &[
                "@scope/name",
                "@scope/name@1.0.0",
                "react@19",
                "jest",
                "packed",
            ],
            &["left", "vite", "name", "@scope", "React"],
        );
    }

    #[test]
    fn a_distribution_stands_in_lists_groups_and_tables_however_it_is_spelled() {
        let text = r#"
            [build-system]
            requires = ["hatchling"]
            [project]
            name = "mine"
            dependencies = ["Foo.Bar[all] >=1; python_version > '3'", "requests", "here @ file:///x"]
            [project.optional-dependencies]
            docs = ["sphinx~=8.0"]
            [dependency-groups]
            dev = ["pytest", {include-group = "docs"}]
            [tool.poetry.dependencies]
            python = "^3.11"
            Flask = "*"
            [tool.poetry.group.lint.dependencies]
            ruff = { version = "1" }
        "#;
        check(
            "pyproject.toml",
            text,
            &[
                "foo_bar",
                "Foo-Bar>=2",
                "requests",
                "here",
                "sphinx",
                "pytest",
                "flask",
                "ruff",
                "hatchling",
            ],
            &["mine", "all", "docs", "request", "lint", "foo"],
        );
        check(
            "requirements-dev.txt",
            "# black\n-r other.txt\nruff==1.0 # linter\nA_b\n-e git+https://x/y#egg=made_here\n",
            &["ruff", "a.b", "made-here"],
            &["black", "other.txt", "linter", ""],
        );
    }

    #[test]
    fn a_module_stands_required_alone_or_in_a_block() {
        let text = "module example.com/m\n\ngo 1.22\n\nrequire github.com/a/b v1.0.0\nrequire (\n\tgolang.org/x/net v0.1.0 // indirect\n\t// github.com/no/no v1\n)\nreplace github.com/c/d => ../d\nexclude (\n\tgithub.com/e/f v1.0.0\n)\n";
        check(
            "go.mod",
            text,
            &[
                "github.com/a/b",
                "github.com/a/b v1.0.0",
                "golang.org/x/net/html",
            ],
            &[
                "example.com/m",
                "github.com/a",
                "github.com/a/bc",
                "github.com/no/no",
                "github.com/c/d",
                "github.com/e/f",
            ],
        );
    }

    #[test]
    fn what_is_no_manifest_is_not_judged_and_what_is_torn_declares_nothing() {
        for path in ["README.md", "requirements.md", "notes.txt"] {
            assert_eq!(stands(path, "argon2", "argon2"), None, "{path}");
        }
        check(
            "Cargo.toml",
            "[dependencies\nargon2 = \"1\"",
            &[],
            &["argon2"],
        );
        check("package.json", "{", &[], &["a"]);
    }
}
