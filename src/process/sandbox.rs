//! Keeping what we start from writing where it has no business: with Landlock, or in a container of `bwrap`.
//!
//! Everything can be read; only what a [`Sandbox`] names can be written. Landlock can be laid only by a process on
//! itself, so a supervisor starts our own binary once more as `git-enact confine` ([`main`]), which restricts itself
//! and becomes the executor: the supervisor stays free to end it and to tell of it. There is no level that takes what
//! it gets: a sandbox that is not there is an error, and found out by [`require`] before anything is made.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use serde::{Deserialize, Serialize};

use super::supervise::wire;
use super::{Command, environment, run};
use crate::run::sandbox::Level;

/// How this binary is asked to become something confined.
pub const CONFINE: &str = "confine";

/// What programs write to and nobody keeps.
const DEVICES: [&str; 8] = [
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
    "/dev/ptmx",
    "/dev/pts",
];

/// What one process, and all that it starts, may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sandbox {
    /// By what it is enforced.
    pub level: Level,
    /// Files and directories that may be written, which are there.
    #[serde(with = "wire::many")]
    pub writable: Vec<OsString>,
    /// Whether the network is left open.
    pub network: bool,
}

/// Refuses a level that this machine cannot enforce.
pub fn require(level: Level) -> Result<()> {
    match level {
        Level::None => Ok(()),
        Level::Landlock => landlock_rules::probe(),
        Level::Bwrap => {
            let path = std::env::var_os("PATH").unwrap_or_default();
            ensure!(
                environment::has_program("bwrap", &path, None),
                "`--sandbox bwrap` needs the program `bwrap`, which is not installed (the package is called bubblewrap)"
            );
            let nothing = Sandbox {
                level,
                writable: Vec::new(),
                network: false,
            };
            let argv = nothing.bwrap(Path::new("/"), &["true".into()]);
            let command = Command::new(&argv[0]).args(&argv[1..]).env("PATH", path);
            let output = run(&command)?;
            ensure!(
                output.status == 0,
                "`--sandbox bwrap` cannot be enforced here: {}",
                output.complaint()
            );
            Ok(())
        }
    }
}

impl Sandbox {
    /// The command that runs `argv` in `dir` within the sandbox. Its program is looked for on `path` here: whoever
    /// confines it could not tell a missing program from one that ends badly.
    pub(super) fn around(
        &self,
        argv: &[OsString],
        dir: &Path,
        path: &OsStr,
    ) -> Result<Vec<OsString>> {
        let program = argv.first().context("there is no command to run")?;
        let is_there = program
            .to_str()
            .is_none_or(|word| environment::has_program(word, path, Some(dir)));
        ensure!(
            is_there,
            "could not start `{}`: no such program",
            program.to_string_lossy()
        );
        Ok(match self.level {
            Level::None => argv.to_vec(),
            Level::Landlock => {
                let mut confined: Vec<OsString> = vec!["/proc/self/exe".into(), CONFINE.into()];
                confined.extend(self.writable.iter().cloned());
                confined.push("--".into());
                confined.extend(argv.iter().cloned());
                confined
            }
            Level::Bwrap => self.bwrap(dir, argv),
        })
    }

    fn bwrap(&self, dir: &Path, argv: &[OsString]) -> Vec<OsString> {
        let fixed = [
            "bwrap",
            "--die-with-parent",
            "--unshare-pid",
            "--unshare-ipc",
            "--cap-drop",
            "ALL",
            "--ro-bind",
            "/",
            "/",
            "--dev",
            "/dev",
            "--proc",
            "/proc",
        ];
        let mut command: Vec<OsString> = fixed.map(OsString::from).to_vec();
        if !self.network {
            command.push("--unshare-net".into());
        }
        for place in &self.writable {
            command.extend(["--bind".into(), place.clone(), place.clone()]);
        }
        command.extend(["--chdir".into(), dir.into(), "--".into()]);
        command.extend(argv.iter().cloned());
        command
    }
}

/// Restricts this process and becomes what `args` say: paths that may be written, `--`, a program and its arguments.
/// Returns only if that fails, with an exit status.
pub fn main(args: impl IntoIterator<Item = OsString>) -> i32 {
    let Err(error) = become_confined(args.into_iter().collect());
    // The executor's own output is the only place where anybody looks.
    writeln!(std::io::stderr(), "git-enact: {error:#}").unwrap_or_default();
    126
}

fn become_confined(args: Vec<OsString>) -> Result<std::convert::Infallible> {
    let mut parts = args.splitn(2, |arg| arg == "--");
    let writable = parts.next().unwrap_or_default();
    let Some((program, args)) = parts.next().and_then(<[OsString]>::split_first) else {
        bail!("there is no command to run");
    };
    landlock_rules::restrict(writable)?;
    let error = std::process::Command::new(program).args(args).exec();
    Err(anyhow!(error).context(format!("could not start `{}`", program.to_string_lossy())))
}

#[cfg(target_os = "linux")]
mod landlock_rules {
    use std::ffi::OsString;

    use anyhow::{Result, bail, ensure};
    use landlock::{
        ABI, Access as _, AccessFs, CompatLevel, Compatible as _, PathBeneath, PathFd, Ruleset,
        RulesetAttr as _, RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope,
        path_beneath_rules,
    };

    use super::DEVICES;

    /// The first that keeps files from being cut (Linux 6.2).
    const MINIMUM: ABI = ABI::V3;

    /// The rules that must hold, and those that hold where the kernel knows them.
    fn ruleset() -> Result<Ruleset, RulesetError> {
        Ruleset::default()
            .set_compatibility(CompatLevel::HardRequirement)
            .handle_access(AccessFs::from_all(MINIMUM))?
            // Since Linux 6.12: signals reach nobody outside.
            .set_compatibility(CompatLevel::BestEffort)
            .scope(Scope::Signal)
    }

    pub(super) fn probe() -> Result<()> {
        match ruleset().and_then(Ruleset::create) {
            Ok(_) => Ok(()),
            Err(_) => bail!(
                "`--sandbox landlock` cannot be enforced here: Linux 6.2 or newer is needed, with Landlock among its \
                 security modules (`/sys/kernel/security/lsm`)"
            ),
        }
    }

    pub(super) fn restrict(writable: &[OsString]) -> Result<()> {
        let everything = AccessFs::from_all(MINIMUM);
        let status = ruleset()?
            .create()?
            .add_rule(PathBeneath::new(
                PathFd::new("/")?,
                AccessFs::from_read(MINIMUM),
            ))?
            .add_rules(path_beneath_rules(DEVICES, everything))?
            .add_rules(path_beneath_rules(writable, everything))?
            .restrict_self()?;
        ensure!(
            status.ruleset != RulesetStatus::NotEnforced,
            "Landlock is not enforced"
        );
        Ok(())
    }
}

#[cfg(not(target_os = "linux"))]
mod landlock_rules {
    use std::ffi::OsString;

    use anyhow::{Result, bail};

    pub(super) fn probe() -> Result<()> {
        bail!("`--sandbox landlock` is a matter of Linux, and cannot be enforced here")
    }

    pub(super) fn restrict(_writable: &[OsString]) -> Result<()> {
        probe()
    }
}
