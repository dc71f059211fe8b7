//! What a phase says of files and of the dependencies in a manifest.

use std::borrow::Cow;
use std::collections::HashSet;

use super::parts::{Part, Topic, codes};
use crate::plan::markdown::Block;
use crate::plan::text::{Text, find_word};
use crate::plan::{Fault, fields, scope};

/// What a phase says of files.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// All that it declares.
    pub(super) all: Vec<String>,
    /// Those that it makes.
    pub(super) made: Vec<String>,
    /// Those that it changes.
    pub(super) changed: Vec<String>,
}

/// The files that a phase declares.
pub(super) fn files(parts: &[Part<'_>], text: &Text<'_>, faults: &mut Vec<Fault>) -> Files {
    let (mut all, mut made, mut changed) = (Vec::new(), Vec::new(), Vec::new());
    for part in parts {
        let (creates, is_changed) = (part.is(Topic::Creates), part.is(Topic::Modifies));
        if !creates && !is_changed && !part.is(Topic::Files) {
            continue;
        }
        let own = std::iter::once((&*part.text, &part.place));
        let below = part
            .below
            .iter()
            .map(|line| (line.text.as_str(), &line.range));
        for (words, place) in own.chain(below) {
            let is_new = creates || says_new(words);
            for path in paths(words) {
                let glob = scope::glob_of(&path);
                if let Some(objection) = scope::objection(&glob) {
                    // Paths of another machine say that there are files, but not which.
                    let unchecked = "what this phase may change is not checked";
                    let message = format!("`{path}` {objection}: {unchecked}");
                    faults.push(text.warning(place.clone(), message));
                    return Files::default();
                }
                let is_one = !path.contains(['*', '?', '[']) && !path.ends_with('/');
                if is_one && is_new {
                    made.push(glob.clone().into_owned());
                } else if is_one && is_changed {
                    changed.push(glob.clone().into_owned());
                }
                all.push(glob.into_owned());
            }
        }
    }
    Files {
        all: fields::without_repeats(all),
        made: fields::without_repeats(made),
        changed: fields::without_repeats(changed),
    }
}

/// Whether a line says of its files that they are to be made.
fn says_new(words: &str) -> bool {
    find_word(words, "(new").is_some()
        || ["new:", "create "]
            .iter()
            .any(|word| find_word(words, word) == Some(0))
}

/// The path that a line is about: its first code that looks like one, or its first word; several with commas between.
fn paths(words: &str) -> Vec<Cow<'_, str>> {
    let mut found = Vec::new();
    if !words.contains('`') {
        for piece in words.split([',', '，', '、', ';']) {
            let word = piece
                .split([' ', '(', '（'])
                .find(|word| !word.is_empty() && *word != "-");
            match word {
                Some(word) if scope::is_hidden_file(word) => found.push(word.into()),
                Some(word) => take_path(word, &mut found),
                None => {}
            }
        }
        return found;
    }
    let mut rest = Some(words);
    while let Some(words) = rest {
        let (about, next) = about(words);
        for span in codes(about) {
            // In a list of files these are names of such: `.env`, `CODEOWNERS`.
            match scope::is_hidden_file(span) || is_loud(span) {
                true => found.push(span.into()),
                false => take_path(span, &mut found),
            }
        }
        rest = next;
    }
    found
}

/// What names files: up to a dash or a remark, which say why and may name others; and where a list goes on behind a
/// remark, its rest.
fn about(words: &str) -> (&str, Option<&str>) {
    const ENDS: [&str; 5] = ["` - ", "` – ", "` — ", "`: ", "` ("];
    let mut quotes = words.match_indices('`').map(|(at, _)| at);
    let end = quotes.find(|at| ENDS.iter().any(|end| words[*at..].starts_with(end)));
    let Some(end) = end else {
        return (words, None);
    };
    let remark = words[end + 1..].strip_prefix(" (");
    let next = remark.and_then(|remark| {
        let (_, rest) = remark.split_once(')')?;
        let rest = rest.trim_start();
        let rest = rest
            .strip_prefix([',', ';', '，', '、', '+', '&'])
            .or_else(|| rest.strip_prefix("and "))?;
        Some(rest.trim_start()).filter(|rest| rest.starts_with('`'))
    });
    (&words[..=end], next)
}

/// Whether a word is in capitals, as the names of files are that every repository has.
fn is_loud(word: &str) -> bool {
    word.len() >= 4 && word.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Adds a path as globs; `{name}` stands for anything, `{a,b}` for either.
fn take_path<'w>(written: &'w str, found: &mut Vec<Cow<'w, str>>) {
    let (Some(open), Some(close)) = (written.find('{'), written.find('}')) else {
        if scope::looks_like_path(written) {
            found.push(written.into());
        }
        return;
    };
    let Some(inside) = written.get(open + 1..close) else {
        return;
    };
    let (front, back) = (&written[..open], &written[close + 1..]);
    let choices: Vec<&str> = if inside.contains(',') {
        inside.split(',').map(str::trim).collect()
    } else {
        vec!["*"]
    };
    let whole = choices
        .into_iter()
        .map(|choice| format!("{front}{choice}{back}"));
    let paths = whole.filter(|path| scope::looks_like_path(path));
    found.extend(paths.map(Cow::Owned));
}

/// Whether a field of this name lists dependencies to add.
fn adds(name: &str) -> bool {
    let starts = [
        "dependencies to add",
        "new dependencies",
        "add dependencies",
    ];
    starts.iter().any(|start| {
        let head = name.get(..start.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(start))
    })
}

/// The dependencies that are to stand in a manifest, where the plan says in which.
pub(super) fn depends(section: &[Block], parts: &[Part<'_>]) -> Vec<String> {
    let mut depends: Vec<String> = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    for part in parts.iter().filter(|part| adds(part.name)) {
        let in_name = manifest_in(&part.name.to_lowercase());
        let mut manifest = in_name.or_else(|| manifest_in(&part.text));
        let mut add = |manifest: &Option<String>, name: &str| {
            let entry = manifest
                .as_ref()
                .map(|manifest| format!("{manifest}: {name}"));
            depends.extend(entry.filter(|entry| seen.insert(entry.clone())));
        };
        for block in &section[part.next..] {
            match block {
                Block::Line(line) => {
                    if let Some(lead) = &line.lead {
                        // Another such field lists its own.
                        match manifest_in(lead).filter(|_| !adds(lead)) {
                            Some(next) => manifest = Some(next),
                            None => break,
                        }
                    } else if line.depth > 0
                        && let Some(name) = crate_name(&line.text)
                    {
                        add(&manifest, name);
                    }
                }
                Block::Fence(fence) if fence.language == "toml" => {
                    for line in fence.text.lines() {
                        let line = line.trim();
                        if line.starts_with('#') {
                            manifest = manifest_in(line).or(manifest);
                        } else if let Some((name, _)) =
                            line.split_once('=').filter(|_| !line.starts_with('['))
                        {
                            let name = name
                                .trim()
                                .split('.')
                                .next()
                                .unwrap_or_default()
                                .trim_matches('"');
                            add(&manifest, name);
                        }
                    }
                }
                _ => break,
            }
        }
    }
    depends
}

/// The manifest that a text names.
fn manifest_in(text: &str) -> Option<String> {
    let words = text.split(|c: char| c.is_whitespace() || "`():,#*".contains(c));
    let mut named = words.filter(|word| {
        let file = word.rsplit('/').next().unwrap_or_default().to_lowercase();
        ["cargo.toml", "package.json", "pyproject.toml", "go.mod"].contains(&file.as_str())
    });
    // The name of a field is given in lower case.
    let named = named.next()?;
    Some(match named.strip_suffix("cargo.toml") {
        Some(directory) => format!("{directory}Cargo.toml"),
        None => named.to_owned(),
    })
}

/// The name that a line of a list begins with: `serde = "1"`, `tokio` - why.
fn crate_name(text: &str) -> Option<&str> {
    let text = text.trim_start_matches('`');
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
    let name = &text[..end.unwrap_or(text.len())];
    let rest = text[name.len()..].trim_start();
    let is_named =
        rest.is_empty() || rest.starts_with(['`', '=', '-', '–', '—', '(', '@', ':', '"']);
    (is_named && name.starts_with(|c: char| c.is_ascii_alphabetic())).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::{crate_name, paths, take_path};

    #[test]
    fn the_path_of_a_line_is_what_it_begins_with() {
        assert_eq!(paths("`src/a.rs` - like `src/b.rs`"), ["src/a.rs"]);
        assert_eq!(paths("`src/a.rs`, `src/b.rs`"), ["src/a.rs", "src/b.rs"]);
        assert_eq!(
            paths("Root `Cargo.toml` - with `[workspace]`"),
            ["Cargo.toml"]
        );
        assert_eq!(paths("src/a.rs (lines 1-3)"), ["src/a.rs"]);
        assert_eq!(
            paths("`src/a.rs` (new), `src/b.rs` (see `src/d.rs`) and `src/c.rs` - as `src/e.rs`"),
            ["src/a.rs", "src/b.rs", "src/c.rs"]
        );
        let path = |written: &'static str| {
            let mut found = Vec::new();
            take_path(written, &mut found);
            found
        };
        assert_eq!(path("lib/{language}/x.scm"), ["lib/*/x.scm"]);
        assert_eq!(path("lib/{a,b}.rs"), ["lib/a.rs", "lib/b.rs"]);
        assert!(path("}{").is_empty());
    }

    #[test]
    fn files_without_an_ending_are_files_where_files_are_listed() {
        for (line, files) in [
            ("`.gitignore` - ignore what is built", &[".gitignore"][..]),
            (".gitignore (ignore what is built)", &[".gitignore"]),
            ("`.env`, `Procfile`", &[".env", "Procfile"]),
            ("`CODEOWNERS`", &["CODEOWNERS"]),
            ("Makefile, Jenkinsfile", &["Makefile", "Jenkinsfile"]),
            ("None", &[]),
            ("... and others", &[]),
            ("`Config` of the parser", &[]),
            ("TBD", &[]),
        ] {
            assert_eq!(paths(line), files, "{line}");
        }
    }

    #[test]
    fn a_dependency_is_the_name_that_a_line_begins_with() {
        assert_eq!(crate_name("`tokio-util` - for codecs"), Some("tokio-util"));
        assert_eq!(crate_name("serde = \"1\""), Some("serde"));
        assert_eq!(crate_name("None required"), None);
    }
}
