//! `git-enact`, the command.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    // A supervisor comes before every attempt and must not wait for a command line to be understood.
    if args.next().is_some_and(|command| command == "supervise") {
        let status = git_enact::process::supervise::main();
        return ExitCode::from(u8::try_from(status).unwrap_or(1));
    }
    git_enact::cli::main()
}
