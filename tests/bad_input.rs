//! Promise: bad input is refused at once, with one line that says what is wrong and where, and nothing is made of it; for
//! programs the same facts are one JSON object. What only looks bad is no error, and the table says why.

mod arguments;
mod commands;
mod files;
mod graphs;
mod ids;
mod repositories;
mod rights;
mod settings;
mod texts;
mod values;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::support::user::{Output, User};

/// How a case ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// Exit 2, the cause, and nothing made.
    Refused,
    /// Exit 0 with a warning.
    Warned,
    /// Exit 0, for this reason.
    Fine(&'static str),
}
use Ends::{Fine, Refused, Warned};

/// Everything that people and programs get wrong, by number; each has a case below `bad_input` with its number.
const CATALOGUE: [(u8, &str); 80] = [
    (1, "a plan that is not there"),
    (2, "a directory without a plan"),
    (3, "a plan that may not be read"),
    (4, "an empty plan"),
    (5, "nothing but white space"),
    (6, "UTF-16"),
    (7, "no UTF-8"),
    (8, "a NUL"),
    (9, "too large"),
    (10, "a pipe, a device"),
    (11, "a link out of the repository"),
    (12, "line ends of the other kind"),
    (13, "tabs among spaces"),
    (14, "a fence that is never closed"),
    (15, "no tasks"),
    (16, "an id used twice"),
    (17, "ids that differ in case or composition only"),
    (18, "an empty id"),
    (19, "an id that leads upwards"),
    (20, "an id that is an absolute path"),
    (21, "an id like an option"),
    (22, "white space in an id"),
    (23, "a line end in an id"),
    (24, "what cannot be seen in an id"),
    (25, "an id that ends like a lock"),
    (26, "an id that git takes for something else"),
    (27, "an id that is too long"),
    (28, "an id that is a device elsewhere"),
    (29, "an id below another"),
    (30, "a need that there is not"),
    (31, "a need of itself"),
    (32, "a circle"),
    (33, "a need of what is used twice later"),
    (34, "a hundred thousand tasks"),
    (35, "nesting without end"),
    (36, "a key given twice"),
    (37, "a value of the wrong type"),
    (38, "an unknown key"),
    (39, "a comma too many"),
    (40, "numbers that are none"),
    (41, "time spans that are none"),
    (42, "time spans beyond reason"),
    (43, "fewer than no retries"),
    (44, "nobody to run a task"),
    (45, "files that are none of the repository's"),
    (46, "two tasks with one file"),
    (47, "a template that names what there is not"),
    (48, "a template that is not closed"),
    (49, "a template that holds itself or never ends"),
    (50, "variables that no executor may set"),
    (51, "a secret in a plan"),
    (52, "an empty command"),
    (53, "a program that is not there"),
    (54, "a program that cannot be run"),
    (55, "a line where words are wanted"),
    (56, "a plan of a later version"),
    (57, "a plan that nobody approved"),
    (58, "a plan that was changed under a run"),
    (59, "a done task changed or removed"),
    (60, "an unknown command or flag"),
    (61, "an unknown or ambiguous run"),
    (62, "an unknown task"),
    (63, "flags against each other"),
    (64, "arguments that are no text"),
    (65, "a base that is none"),
    (66, "a base that is a run's own branch"),
    (67, "a run's branch that was moved"),
    (68, "files in the way of landing"),
    (69, "no repository"),
    (70, "a bare repository"),
    (71, "a worktree of our own"),
    (72, "a submodule"),
    (73, "no git, or an old one"),
    (74, "repositories of other shapes"),
    (75, "a repository of somebody else"),
    (76, "a repository that cannot be written"),
    (77, "nobody's name"),
    (78, "no branch, or one without a commit"),
    (79, "from within a push"),
    (80, "a journal that cannot be believed"),
];

/// What is said at the command line.
#[derive(Default)]
struct Said {
    args: Vec<OsString>,
    env: Vec<(&'static str, OsString)>,
    dir: Option<PathBuf>,
    /// A program and its arguments that run ours as somebody else.
    as_other: Vec<String>,
}

/// `git enact` with these arguments, in the checkout.
fn say<S: Into<OsString>>(args: impl IntoIterator<Item = S>) -> Said {
    Said {
        args: args.into_iter().map(Into::into).collect(),
        ..Said::default()
    }
}

impl Said {
    fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    fn from(mut self, dir: PathBuf) -> Self {
        self.dir = Some(dir);
        self
    }
}

/// One bad input.
struct Case {
    number: u8,
    /// What is bad about it, where there are several of one number.
    what: String,
    ends: Ends,
    /// Makes it, and says what to do with it.
    stage: Box<dyn Fn(&User) -> Said>,
    /// Processor time that it may take, in seconds.
    seconds: u32,
    /// Whether the command speaks JSON at all.
    speaks_json: bool,
}

fn case(number: u8, what: &str, ends: Ends, stage: impl Fn(&User) -> Said + 'static) -> Case {
    Case {
        number,
        what: what.to_owned(),
        ends,
        stage: Box::new(stage),
        seconds: 1,
        speaks_json: true,
    }
}

impl Case {
    /// A promise of the release; what is built for tests is slower, and says so.
    fn within(mut self, seconds: u32) -> Self {
        self.seconds = seconds;
        self
    }

    /// Of a command that prints no JSON.
    fn without_json(mut self) -> Self {
        self.speaks_json = false;
        self
    }
}

/// A native plan of one task, with more keys.
fn plan_with(id: &str, more: &str) -> String {
    format!("[plan]\ntitle = \"P\"\n\n[[task]]\nid = {id}\ntitle = \"A\"\nrun = \"true\"\n{more}")
}

/// A bad plan, run.
fn plan(number: u8, what: &str, name: &'static str, text: impl AsRef<[u8]>) -> Case {
    let text = text.as_ref().to_vec();
    case(number, what, Refused, move |user| {
        put(user, name, &text);
        say(["run", name, "--yes"])
    })
}

/// A plan that is all right after all, or only warned about.
fn checked(
    number: u8,
    what: &str,
    ends: Ends,
    name: &'static str,
    text: impl Into<String>,
) -> Case {
    let text = text.into();
    case(number, what, ends, move |user| {
        user.write(name, &text);
        say(["check", name])
    })
}

fn put(user: &User, name: &str, bytes: &[u8]) {
    let path = user.path().join(name);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    std::fs::write(path, bytes).expect("a file");
}

fn all() -> [(&'static str, Vec<Case>); 10] {
    [
        ("files", files::cases()),
        ("texts", texts::cases()),
        ("ids", ids::cases()),
        ("graphs", graphs::cases()),
        ("values", values::cases()),
        ("settings", settings::cases()),
        ("commands", commands::cases()),
        ("arguments", arguments::cases()),
        ("repositories", repositories::cases()),
        ("rights", rights::cases()),
    ]
}

/// What was made in a repository and of it.
fn traces(user: &User) -> [String; 3] {
    let refs = user.git(["for-each-ref"]).stdout;
    let files = user.git(["status", "--porcelain", "--ignored"]).stdout;
    let places = [
        user.path().join(".git/enact"),
        user.path().with_file_name("repo.enact"),
        user.outside("home/.local"),
    ];
    let listed = Command::new("find")
        .args(&places)
        .arg("-type")
        .arg("d")
        .output();
    let listed = String::from_utf8_lossy(&listed.expect("find").stdout).into_owned();
    [refs, files, listed]
}

/// Runs it with a limit on its processor time, which no other test can use up, and one on the time that it may wait.
fn limited(user: &User, said: &Said, case: &Case, json: bool) -> Output {
    let mut command = user.command("/usr/bin/timeout");
    let script = r#"ulimit -t "$1"; shift; exec "$@""#;
    command.args(["60", "/bin/sh", "-c", script, "sh"]);
    command.arg(case.seconds.to_string()).args(&said.as_other);
    command.arg(env!("CARGO_BIN_EXE_git-enact"));
    if json {
        command.arg("--json");
    }
    command.args(&said.args);
    command.envs(said.env.iter().map(|(name, value)| (name, value)));
    if let Some(dir) = &said.dir {
        command.current_dir(dir);
    }
    Output::of(&mut command)
}

/// The place of the first error that a person is told, as `file:line:column`.
fn place(text: &str) -> Option<String> {
    let error = text.lines().skip_while(|line| !line.starts_with("error: "));
    let mut lines = error.take_while(|line| !line.is_empty());
    let line = lines.find_map(|line| line.trim_start().strip_prefix("--> "))?;
    Some(line.trim().to_owned())
}

/// One case, looked at in every way; what a person reads, and a program.
fn outcome(case: &Case) -> String {
    let user = User::new();
    let said = (case.stage)(&user);
    let before = traces(&user);
    let human = limited(&user, &said, case, false);
    let text = format!("{}{}", human.stdout, human.stderr);
    let name = format!("{} ({})", case.number, case.what);
    let expected = if case.ends == Refused { 2 } else { 0 };
    assert_eq!(human.status, expected, "{name}: {human}");
    assert!(!text.contains("panicked"), "{name}: {human}");
    let is_unsafe = |c: char| c.is_control() && c != '\n' && c != '\t';
    assert!(
        !text.contains(is_unsafe),
        "{name} steers a terminal: {text:?}"
    );
    let mut told = String::new();
    match case.ends {
        Fine(_) => assert!(!human.stderr.contains("error: "), "{name}: {human}"),
        Warned => assert!(human.stderr.contains("warning: "), "{name}: {human}"),
        Refused => {
            let cause = human
                .stderr
                .lines()
                .find(|line| line.starts_with("error: "));
            assert!(
                cause.is_some_and(|cause| cause.len() > 15),
                "{name}: {human}"
            );
            if case.speaks_json {
                told = refused_for_programs(&user, &said, case, &human);
            }
        }
    }
    if case.ends == Refused {
        assert_eq!(traces(&user), before, "{name} makes nothing");
    }
    shown(&user, &said, &human, &told)
}

/// The same facts for programs, as one object.
fn refused_for_programs(user: &User, said: &Said, case: &Case, human: &Output) -> String {
    let output = limited(user, said, case, true);
    let name = format!("{} ({}) as JSON", case.number, case.what);
    assert_eq!(output.status, 2, "{name}: {output}");
    let parsed: Result<Value, _> = serde_json::from_str(&output.stdout);
    let object = parsed.unwrap_or_else(|error| panic!("{name}: {error}: {output}"));
    let faults = object["faults"].as_array().expect("faults").clone();
    let error = faults.iter().find(|fault| fault["severity"] == "error");
    let error = error.unwrap_or_else(|| panic!("{name} has no error: {output}"));
    let message = error["message"].as_str().expect("a message");
    assert!(message.len() > 8, "{name}: {message}");
    if let Some(place) = place(&human.stderr) {
        let found = faults.iter().any(|fault| {
            let file = fault["file"].as_str().unwrap_or_default();
            place == format!("{file}:{}:{}", fault["line"], fault["column"])
        });
        assert!(found, "{name} should tell {place}: {output}");
    }
    let first: Vec<String> = faults.iter().take(3).map(ToString::to_string).collect();
    first.join("\n")
}

/// As a reader of the snapshots sees it: nothing of this machine.
fn shown(user: &User, said: &Said, human: &Output, told: &str) -> String {
    let args: Vec<_> = said.args.iter().map(|arg| arg.to_string_lossy()).collect();
    let text = match human.status {
        0 => human.stderr.clone(),
        _ => format!("{}{told}\n", human.stderr),
    };
    let root = user.path();
    let root = root
        .parent()
        .expect("a place")
        .to_string_lossy()
        .into_owned();
    let path = std::env::var("PATH").expect("PATH");
    let text = without_names(&text);
    let text = text.replace(&root, "ROOT").replace(&path, "THE-PATH");
    let text: String = text
        .lines()
        .filter(|line| line.trim() != "|")
        .take(40)
        .fold(String::new(), |mut all, line| {
            all.push_str(line.chars().take(300).collect::<String>().trim_end());
            all.push('\n');
            all
        });
    format!(
        "$ git enact {}\n{text}",
        args.join(" ").replace(&root, "ROOT")
    )
}

/// The names of objects differ with how long something took.
fn without_names(text: &str) -> String {
    let is_name =
        |word: &str| word.len() == 40 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let words = text.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
    let named = words.map(|word| match word.split_at_checked(40) {
        Some((name, rest)) if is_name(name) && rest.len() <= 1 => format!("OBJECT{rest}"),
        _ => word.to_owned(),
    });
    named.collect()
}

/// Holds the cases of one kind, and keeps what they say.
fn hold(kind: &str) {
    let (_, cases) = all()
        .into_iter()
        .find(|(name, _)| *name == kind)
        .expect("the kind");
    let mut text = String::new();
    for case in &cases {
        let why = match case.ends {
            Fine(why) => format!(": fine, {why}"),
            _ => String::new(),
        };
        text.push_str(&format!(
            "## {} {}{why}\n{}\n",
            case.number,
            case.what,
            outcome(case)
        ));
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(format!("bad-input-{kind}"), text);
    });
}

#[test]
fn every_number_of_the_catalogue_has_a_case_and_every_case_a_number() {
    let listed: BTreeSet<u8> = CATALOGUE.iter().map(|(number, _)| *number).collect();
    assert_eq!(listed, (1..=80).collect());
    let held: BTreeSet<u8> = all()
        .iter()
        .flat_map(|(_, cases)| cases.iter().map(|case| case.number))
        .collect();
    assert_eq!(held, listed);
}

#[test]
fn files_that_are_no_plans_are_refused() {
    hold("files");
}

#[test]
fn texts_that_make_no_plan_are_refused() {
    hold("texts");
}

#[test]
fn ids_that_mislead_are_refused() {
    hold("ids");
}

#[test]
fn needs_that_cannot_be_met_are_refused() {
    hold("graphs");
}

#[test]
fn values_that_make_no_sense_are_refused() {
    hold("values");
}

#[test]
fn settings_are_looked_at_by_check_as_by_run() {
    hold("settings");
}

#[test]
fn commands_that_cannot_be_run_are_refused() {
    hold("commands");
}

#[test]
fn arguments_that_mean_nothing_are_refused() {
    hold("arguments");
}

/// Without a snapshot: who may do what differs from machine to machine.
#[test]
fn what_may_not_be_used_is_refused() {
    for case in rights::cases() {
        outcome(&case);
    }
}

#[test]
fn places_in_which_nothing_can_run_are_refused() {
    hold("repositories");
}
