#![doc = include_str!("protocol.md")]
//!
//! # This module
//!
//! One executor in one worktree, once: what it is told ([`package`], [`prompt`]), how it is started
//! ([`Invocation`]), how what its program leaves is read ([`reading`], by what [`profile`] knows of known
//! ones), what it claims ([`claim`]), and what of its output may be stored ([`output`]). It takes plain
//! values and files; it knows neither git nor the journal, and believes no claim.

pub mod claim;
mod json;
mod limits;
mod marks;
pub mod output;
pub mod package;
pub mod profile;
pub mod prompt;
pub mod reading;
mod sample;
pub mod summary;
mod text;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use serde::Deserialize;

use crate::plan::{TaskId, or_meant, secrets_in, without_secrets};
use crate::process::environment;
use crate::process::supervise::{self, Ended, Order};
use crate::run::evidence::{Claim, ClaimForm, ClaimStatus, Outcome, Usage};
use crate::run::policy::{Executor, Policy};
use crate::run::reader::{Reader, Source};
use marks::Marks;
use output::Secrets;
use package::Package;
use reading::{Answer, Reading};

/// The largest result file, in bytes; a longer one is no JSON any more.
const RESULT_MAX: u64 = 1 << 20;
/// The largest answer file that is read, in bytes: agents write all that they did into it.
const ANSWER_MAX: u64 = 64 << 20;
/// The longest answer to a question that the next prompt is given, in bytes.
const FINDINGS_MAX: usize = 16 << 10;

/// Where an attempt takes place and by which names it goes. All paths are absolute.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    /// The run's id.
    pub run: &'a str,
    /// The attempt's number.
    pub attempt: u32,
    /// The commit that it starts from.
    pub base: &'a str,
    /// Where the executor runs.
    pub worktree: &'a Path,
    /// The worktree's own git directory.
    pub git_dir: &'a Path,
    /// The git directory that all worktrees share.
    pub git_common_dir: &'a Path,
    /// How the names of the attempt's own files begin, which are made here, outside the worktree.
    pub files: &'a Path,
    /// How the names of the files begin that tell it what to do; the next attempt in the same worktree is told
    /// in the same files.
    pub told: &'a Path,
}

/// The files of an attempt, whose names begin alike, so that whoever resumes a run finds them again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The context package.
    pub package: PathBuf,
    /// The prompt.
    pub prompt: PathBuf,
    /// Where the executor may leave its claim.
    pub result: PathBuf,
    /// Where a program that is told to leaves its answer.
    pub answer: PathBuf,
    /// What it printed.
    pub output: PathBuf,
    /// The marks of what must not be stored of it, where there is any.
    pub hidden: PathBuf,
    /// What its supervisor leaves, for [`supervise::sweep`] and [`supervise::outcome_of`].
    pub mark: PathBuf,
}

impl Files {
    /// Those of the attempt whose own begin with `stem`, and that is told what to do in those that begin with
    /// `told`.
    pub fn of(stem: &Path, told: &Path) -> Self {
        Self {
            package: ending(told, "task.json"),
            prompt: ending(told, "prompt.md"),
            result: ending(stem, "result.json"),
            answer: ending(stem, "answer"),
            output: ending(stem, "output"),
            hidden: ending(stem, "hidden"),
            mark: ending(stem, supervise::MARK),
        }
    }

    /// The marks of what must not be stored of the attempt, as whoever started it knew it.
    pub fn marks(&self) -> Marks {
        let stored = fs::read(&self.hidden).unwrap_or_default();
        serde_json::from_slice(&stored).unwrap_or_default()
    }

    /// Takes what must not be stored out of what the executor left, now that it has ended: the files stay until its run
    /// is over, and whoever finishes the attempt after a crash may know less.
    pub fn cleanse(&self, secrets: &Secrets) -> Result<()> {
        for path in [&self.output, &self.result, &self.answer] {
            // Where there is nothing, or no file, nothing is kept.
            let Ok(left) = supervise::read_left(path, u64::MAX) else {
                continue;
            };
            let clean = output::redact(&left, secrets);
            if clean != left {
                write(path, &clean)?;
            }
        }
        Ok(())
    }

    /// What attempt `attempt` of `task` is told, as long as these files are its own.
    pub fn given(&self, task: &TaskId, attempt: u32) -> Option<Given> {
        #[derive(Deserialize)]
        struct Of {
            task: Named,
            attempt: u32,
        }
        #[derive(Deserialize)]
        struct Named {
            id: TaskId,
        }
        let package = fs::read(&self.package).ok()?;
        let of: Of = serde_json::from_slice(&package).ok()?;
        let is_its_own = of.task.id == *task && of.attempt == attempt;
        let prompt = is_its_own.then(|| fs::read(&self.prompt).ok())??;
        Some(Given { package, prompt })
    }

    /// What a program that was asked a question answers, now that it has ended at `now`; why there is no answer.
    pub fn findings(
        &self,
        ended: &Ended,
        reader: &Reader,
        now: i64,
        secrets: &Secrets,
    ) -> Result<String, String> {
        if ended.outcome != Outcome::Exited(0) {
            return Err(ended.outcome.to_string());
        }
        let (printed, reading) = self.reading(ended, reader, now);
        let claim = self.claimed(&printed, &reading, ended.outcome, secrets);
        let is_answer = claim.form == ClaimForm::ExitStatus || claim.status == ClaimStatus::Done;
        if !is_answer {
            return Err(claim.reason);
        }
        let told = match reading.answer {
            Answer::Message(message) => message,
            Answer::Printed => String::from_utf8_lossy(&printed).into_owned(),
            Answer::Missing => String::new(),
        };
        let said = [claim.notes, claim.details, told].into_iter();
        let words = said
            .map(|text| text.trim().to_owned())
            .find(|text| !text.is_empty());
        let words = words.ok_or("it said nothing")?;
        let words = output::redact(claim::cut(&words, FINDINGS_MAX).as_bytes(), secrets);
        Ok(String::from_utf8_lossy(&words).into_owned())
    }

    /// What the executor claims and has used up, now that it has ended at `now` (in seconds since 1970), where
    /// it says nothing in a form of ours without `secrets`.
    pub fn claim(
        &self,
        ended: &Ended,
        reader: &Reader,
        now: i64,
        secrets: &Secrets,
    ) -> (Claim, Usage) {
        let (printed, reading) = self.reading(ended, reader, now);
        let claim = self.claimed(&printed, &reading, ended.outcome, secrets);
        (claim, reading.usage.plausible())
    }

    /// What was printed but for the prompt, and what `reader` finds in that and in the answer file.
    fn reading(&self, ended: &Ended, reader: &Reader, now: i64) -> (Vec<u8>, Reading) {
        let mut printed = ended.output.read().unwrap_or_default();
        let prompt = supervise::read_left(&self.prompt, u64::MAX).unwrap_or_default();
        forget_echo(&mut printed, &prompt);
        let answer = match reader.source {
            Source::Output => Vec::new(),
            Source::AnswerFile => {
                supervise::read_left(&self.answer, ANSWER_MAX).unwrap_or_default()
            }
        };
        let reading = reading::read(reader, &printed, &answer, ended.outcome, now);
        (printed, reading)
    }

    /// The claim, in the result file or in what was printed.
    fn claimed(
        &self,
        printed: &[u8],
        reading: &Reading,
        outcome: Outcome,
        secrets: &Secrets,
    ) -> Claim {
        let result = match supervise::read_left(&self.result, RESULT_MAX) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            // Something is there that is no file: no claim, and no leave to look for one elsewhere.
            other => Some(other.unwrap_or_else(|_| b"unreadable".to_vec())),
        };
        claim::read(result.as_deref(), reading, printed, outcome, secrets)
    }
}

/// What an attempt is told, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The context package.
    pub package: Vec<u8>,
    /// The prompt.
    pub prompt: Vec<u8>,
}

/// An attempt ready to start: its files are written, its order is complete.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// What the supervisor is to run.
    pub order: Order,
    /// Where everything stands.
    pub files: Files,
    /// What must not be stored, for [`output::redact`].
    pub secrets: Secrets,
}

impl Invocation {
    /// Prepares the attempt of `package` at `place` under `policy`; `current` is our own environment. Writes
    /// the attempt's files and starts nothing.
    pub fn new(
        place: &Place<'_>,
        package: &Package,
        policy: &Policy,
        current: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self> {
        let template = policy.prompt.as_deref();
        let prompt = prompt::render(template, package, place.attempt, policy.commit)?;
        let files = Files::of(place.files, place.told);
        let (argv, on_stdin) = command(&policy.executor, package, &prompt, &files)?;
        let dir = place.files.parent().unwrap_or(place.files);
        fs::create_dir_all(dir).with_context(|| format!("could not create `{}`", dir.display()))?;
        // The package last: it says whose both are.
        write(&files.prompt, prompt.as_bytes())?;
        write(&files.package, &serde_json::to_vec_pretty(package)?)?;
        // What an earlier attempt left here would be taken for this one's claim.
        for left in [&files.result, &files.answer] {
            if fs::symlink_metadata(left).is_ok() {
                fs::remove_file(left)
                    .with_context(|| format!("could not remove `{}`", left.display()))?;
            }
        }
        let mut env = environment::allowed(current, &policy.passed_to_executor());
        let secrets = output::secrets(&env);
        if !secrets.is_empty() {
            write(&files.hidden, &serde_json::to_vec(&secrets.marks())?)?;
        }
        env.extend(policy.executor.env());
        env.extend(environment::fixed(place.worktree));
        env.extend(names(place, &package.task.id));
        let order = Order {
            argv,
            dir: place.worktree.into(),
            env,
            stdin: on_stdin.then(|| files.prompt.clone()),
            timeout_ms: policy.timeout_ms,
            stall_timeout_ms: policy.stall_timeout_ms,
            grace_ms: policy.grace_ms,
            output: files.output.clone(),
            head: supervise::HEAD,
            tail: supervise::TAIL,
            token: supervise::token(),
            sandbox: None,
        };
        Ok(Self {
            order,
            files,
            secrets,
        })
    }
}

/// The file that begins with `stem` and ends with `end`.
pub fn ending(stem: &Path, end: &str) -> PathBuf {
    let mut name = stem.as_os_str().to_owned();
    name.push(".");
    name.push(end);
    name.into()
}

/// Takes the prompt out of `output`: some executors print what they were asked, and a task that speaks of
/// JSON with a `status` would be taken for its own answer.
fn forget_echo(output: &mut Vec<u8>, prompt: &[u8]) {
    let echo = prompt.trim_ascii();
    let Some(first) = echo.first() else {
        return;
    };
    let found =
        (0..output.len()).find(|at| output[*at] == *first && output[*at..].starts_with(echo));
    if let Some(at) = found {
        output.drain(at..at + echo.len());
    }
}

/// The executor's command as it will be run: a program that the user named by a path is meant from where
/// they stand, not from the worktree. Refuses one that cannot be run, before anything is created.
pub fn resolved(command: &[String]) -> Result<Vec<String>> {
    if let Some(word) = command
        .iter()
        .find(|word| !secrets_in(word.as_bytes()).is_empty())
    {
        bail!(
            "the executor's command has a word that looks like a secret (`{}`), and what a run begins with is part of its \
             journal: set it in your environment, and name its variable in `pass_env`",
            without_secrets(word)
        );
    }
    let mut command = command.to_vec();
    let is_alone = command.len() == 1;
    let Some(program) = command.first_mut() else {
        return Ok(command);
    };
    if program.contains('/') {
        let full = std::path::absolute(&*program)?;
        *program = full.to_string_lossy().into_owned();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    if !environment::has_program(program, &path, Some(Path::new("/"))) {
        bail!(cannot_run(program, is_alone, &path));
    }
    Ok(command)
}

/// Why `program` is none, and what was probably meant.
fn cannot_run(program: &str, is_alone: bool, path: &OsStr) -> String {
    if program.trim().is_empty() {
        return "the executor's command is empty: name a program".to_owned();
    }
    let found = Path::new(program);
    if found.is_file() {
        return format!("the executor `{program}` is not executable: `chmod +x {program}`");
    }
    if found.is_dir() {
        return format!("the executor `{program}` is a directory: name a program in it");
    }
    let words: Vec<&str> = program.split_whitespace().collect();
    if is_alone && words.len() > 1 {
        return format!(
            "the executor `{program}` is one word with spaces in it: write each word by itself, as `-- {}`",
            words.join(" ")
        );
    }
    if program.contains('/') {
        return format!("the executor `{program}` is no file that can be run");
    }
    let known = profile::all()
        .values()
        .filter_map(|profile| profile.command.first());
    let meant = or_meant(program, known.map(String::as_str));
    format!(
        "the executor `{program}` is no program on PATH and no file that can be run; PATH is `{}`{meant}",
        path.to_string_lossy()
    )
}

/// The command, and whether the prompt goes to its standard input.
fn command(
    executor: &Executor,
    package: &Package,
    prompt: &str,
    files: &Files,
) -> Result<(Vec<OsString>, bool)> {
    match executor {
        Executor::Shell => {
            let script = package.task.run.as_deref().ok_or_else(|| {
                anyhow!(
                    "task `{}` has no commands for the shell executor",
                    package.task.id
                )
            })?;
            // The first command that fails fails the task.
            Ok((
                ["sh", "-e", "-c", script].map(OsString::from).to_vec(),
                false,
            ))
        }
        Executor::Command { name, argv, .. } => {
            if argv.is_empty() {
                bail!("executor `{name}` has no command");
            }
            let places = [
                ("{prompt}", OsStr::new(prompt)),
                ("{prompt_file}", files.prompt.as_os_str()),
                ("{answer_file}", files.answer.as_os_str()),
            ];
            let filled = argv.iter().map(|word| fill(word, &places)).collect();
            let on_stdin = argv
                .iter()
                .all(|word| !word.contains("{prompt}") && !word.contains("{prompt_file}"));
            Ok((filled, on_stdin))
        }
    }
}

/// `word` with its placeholders replaced, in one pass: a prompt that spells a placeholder is left alone.
fn fill(word: &str, places: &[(&str, &OsStr)]) -> OsString {
    let mut filled = OsString::new();
    let mut rest = word;
    while let Some(at) = rest.find('{') {
        filled.push(&rest[..at]);
        rest = &rest[at..];
        let place = places.iter().find(|(name, _)| rest.starts_with(name));
        let (value, len) = place.map_or((OsStr::new("{"), 1), |(name, value)| (*value, name.len()));
        filled.push(value);
        rest = &rest[len..];
    }
    filled.push(rest);
    filled
}

/// The names by which an executor, and the commands that verify its work, know the attempt of `task`.
pub fn names(place: &Place<'_>, task: &TaskId) -> Vec<(OsString, OsString)> {
    let files = Files::of(place.files, place.told);
    let attempt = place.attempt.to_string();
    [
        ("ENACT_RUN", place.run.as_ref()),
        ("ENACT_TASK", task.as_str().as_ref()),
        ("ENACT_ATTEMPT", attempt.as_ref()),
        ("ENACT_BASE", place.base.as_ref()),
        ("ENACT_WORKTREE", place.worktree.as_os_str()),
        ("ENACT_GIT_DIR", place.git_dir.as_os_str()),
        ("ENACT_GIT_COMMON_DIR", place.git_common_dir.as_os_str()),
        ("ENACT_TASK_FILE", files.package.as_os_str()),
        ("ENACT_PROMPT_FILE", files.prompt.as_os_str()),
        ("ENACT_RESULT_FILE", files.result.as_os_str()),
    ]
    .map(|(name, value)| (name.into(), value.into()))
    .to_vec()
}

/// Writes a file where it stands, which is cheaper than a new one; unless an executor has put a link there,
/// which leads to somebody else's.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let overwrite = || {
        let is_plain = |found: fs::Metadata| found.is_file() && found.nlink() == 1;
        if fs::symlink_metadata(path).is_ok_and(|found| !is_plain(found)) {
            fs::remove_file(path)?;
        }
        let mut open = fs::File::options();
        let mut file = open.write(true).create(true).truncate(false).open(path)?;
        file.write_all(bytes)?;
        file.set_len(bytes.len() as u64)
    };
    overwrite().with_context(|| format!("could not write `{}`", path.display()))
}

#[cfg(test)]
mod tests;
