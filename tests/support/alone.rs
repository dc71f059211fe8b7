//! Commands in an environment of their own, which nothing of the machine's reaches but PATH.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use git_enact::process::environment;

/// `program` with PATH and nothing else. It is looked for here and now: left to look on another environment's PATH, the
/// standard library would copy the whole process of the tests first, which costs more than most of what they start.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let program = program.as_ref();
    let path = std::env::var_os("PATH").expect("PATH");
    let found = environment::program(&program.to_string_lossy(), &path, None);
    let mut command = Command::new(found.as_deref().map_or(program, Path::as_os_str));
    command.arg0(program).env_clear().env("PATH", path);
    command
}
