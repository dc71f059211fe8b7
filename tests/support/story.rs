//! Documents that are executed: what a reader would type is typed, and must print what the document says.
//!
//! A fenced block marked `console` holds commands behind `$ `, each followed by what it prints on standard
//! output and standard error together; `? 3` in front of that is the exit status, when it is not 0. In what
//! is printed, `[..]` stands for anything within a line and `...` alone for any lines. A fenced block below
//! a line that ends in `` `name`: `` is written to that file. All blocks of a document share one repository.

use std::path::Path;

use super::user::{Output, User};

/// Acts the document at `path`, relative to the project, out.
pub(crate) fn act_out(path: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let text = std::fs::read_to_string(&file).expect("the document can be read");
    let user = User::new();
    let mut acted = 0;
    for block in blocks(&text) {
        if block.language == "console" {
            acted += play(&user, path, &block);
        } else if let Some(name) = block.file {
            user.write(name, &format!("{}\n", block.lines.join("\n")));
        }
    }
    assert!(acted > 0, "{path} shows no command");
    user.assert_whole();
}

struct Block<'a> {
    language: &'a str,
    /// The file whose content it is.
    file: Option<&'a str>,
    /// The line of its fence, from 1.
    line: usize,
    lines: Vec<&'a str>,
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let (mut is_open, mut above) = (false, "");
    for (number, line) in text.lines().enumerate() {
        match (is_open, line.strip_prefix("```")) {
            (false, Some(language)) => {
                let file = above
                    .strip_suffix("`:")
                    .and_then(|above| above.rsplit('`').next());
                let (line, lines) = (number + 1, Vec::new());
                blocks.push(Block {
                    language,
                    file,
                    line,
                    lines,
                });
                is_open = true;
            }
            (true, Some(_)) => {
                is_open = false;
                above = "";
            }
            (true, None) => blocks.last_mut().expect("it is open").lines.push(line),
            (false, None) if !line.trim().is_empty() => above = line,
            (false, None) => {}
        }
    }
    assert!(!is_open, "the last block is not closed");
    blocks
}

/// Types the commands of a block and says how many there were.
fn play(user: &User, path: &str, block: &Block<'_>) -> usize {
    let starts: Vec<usize> = (0..block.lines.len())
        .filter(|at| block.lines[*at].starts_with("$ "))
        .collect();
    for (nth, &start) in starts.iter().enumerate() {
        let end = starts.get(nth + 1).copied().unwrap_or(block.lines.len());
        let command = &block.lines[start][2..];
        let mut expected = &block.lines[start + 1..end];
        let mut status = 0;
        if let Some(said) = expected.first().and_then(|line| line.strip_prefix("? ")) {
            status = said.parse().expect("an exit status");
            expected = &expected[1..];
        }
        let output = typed(user, command);
        let printed: Vec<&str> = output
            .stdout
            .trim_end()
            .lines()
            .map(str::trim_end)
            .collect();
        while let Some((&"", rest)) = expected.split_last() {
            expected = rest;
        }
        assert!(
            output.status == status && fits(expected, &printed),
            "{path}:{}: `{command}` must end with {status} and print\n{}\nbut: {output}",
            block.line + 1 + start,
            expected.join("\n"),
        );
    }
    starts.len()
}

/// Runs `command` as a shell would, with our program on PATH and both outputs in one.
fn typed(user: &User, command: &str) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_git-enact"));
    let mut path = program
        .parent()
        .expect("a directory")
        .as_os_str()
        .to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").expect("PATH"));
    let mut shell = user.command("sh");
    shell
        .args(["-c", &format!("exec 2>&1\n{command}")])
        .env("PATH", path);
    Output::of(&mut shell)
}

fn fits(expected: &[&str], printed: &[&str]) -> bool {
    match (expected.split_first(), printed.split_first()) {
        (None, _) => printed.is_empty(),
        (Some((&"...", more)), _) => {
            (0..=printed.len()).any(|skipped| fits(more, &printed[skipped..]))
        }
        (Some((line, more)), Some((found, rest))) => {
            line_fits(line.trim_end(), found) && fits(more, rest)
        }
        (Some(_), None) => false,
    }
}

fn line_fits(expected: &str, found: &str) -> bool {
    let Some((start, more)) = expected.split_once("[..]") else {
        return expected == found;
    };
    found.strip_prefix(start).is_some_and(|rest| {
        let mut ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
        ends.any(|at| line_fits(more, &rest[at..]))
    })
}

#[test]
fn wildcards_stand_for_what_changes_and_nothing_else() {
    assert!(line_fits(
        "done [..] (attempt [..])",
        "done 1f2 (attempt 2)"
    ));
    assert!(!line_fits("done [..] (attempt 1)", "done 1f2 (attempt 2)"));
    assert!(fits(&["a", "...", "d"], &["a", "b", "c", "d"]));
    assert!(!fits(&["a", "..."], &["b"]));
    assert!(!fits(&["a"], &["a", "b"]));
}
