//! `git-enact`, the command.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    // A supervisor comes before every attempt and must not wait for a command line to be understood.
    let command = args.next();
    let status = match command.as_deref().and_then(std::ffi::OsStr::to_str) {
        Some("supervise") => git_enact::process::supervise::main(),
        Some(git_enact::process::sandbox::CONFINE) => git_enact::process::sandbox::main(args),
        _ => return git_enact::cli::main(),
    };
    ExitCode::from(u8::try_from(status).unwrap_or(1))
}
