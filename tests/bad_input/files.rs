//! Files that are no plans (1 to 11).

use std::fs;

use super::{Case, Refused, Warned, case, plan, plan_with, say};

pub(super) fn cases() -> Vec<Case> {
    let large = vec![b'#'; 9 << 20];
    vec![
        case(1, "", Refused, |_| say(["run", "plan.toml", "--yes"])),
        case(1, "of nearly that name", Refused, |user| {
            user.write("plans/login.toml", &plan_with("\"a\"", ""));
            say(["run", "plans/logn.toml", "--yes"])
        }),
        case(1, "checked", Refused, |_| say(["check", "nowhere/plan.md"])),
        case(2, "", Refused, |user| {
            user.write("docs/readme.md", "# Hello\n");
            say(["run", "docs", "--yes"])
        }),
        case(2, "called like a plan", Refused, |user| {
            fs::create_dir(user.path().join("plan.toml")).expect("a directory");
            say(["run", "plan.toml", "--yes"])
        }),
        case(3, "", Refused, |user| {
            // Nobody's rights stop root, so a file that nobody can read stands for one that this user may not.
            let path = user.path().join("plan.toml");
            std::os::unix::fs::symlink("plan.toml", path).expect("a link to itself");
            say(["run", "plan.toml", "--yes"])
        }),
        plan(4, "", "plan.toml", ""),
        plan(5, "", "plan.md", " \n\t\r\n"),
        plan(5, "behind a byte order mark", "plan.toml", "\u{feff}\n"),
        plan(6, "", "plan.toml", b"\xff\xfe[\0p\0"),
        plan(7, "", "plan.toml", b"[plan]\ntitle = \"\xe9\"\n"),
        plan(8, "", "plan.toml", "[plan]\ntitle = \"a\0b\"\n"),
        plan(9, "", "plan.toml", large),
        case(10, "a pipe", Refused, |user| {
            pipe(&user.path().join("plan.toml"));
            say(["run", "plan.toml", "--yes"])
        }),
        case(10, "a pipe in a directory", Refused, |user| {
            fs::create_dir(user.path().join("p")).expect("a directory");
            pipe(&user.path().join("p/plan.toml"));
            say(["check", "p"])
        }),
        case(10, "a device", Refused, |_| {
            say(["run", "/dev/zero", "--yes"])
        }),
        case(10, "a pipe for settings", Refused, |user| {
            user.write("plan.toml", &plan_with("\"a\"", ""));
            pipe(&user.path().join("enact.toml"));
            say(["run", "plan.toml", "--yes"])
        }),
        case(11, "", Warned, |user| {
            fs::write(user.outside("mine.toml"), plan_with("\"a\"", "")).expect("a file");
            let path = user.path().join("plan.toml");
            std::os::unix::fs::symlink("../mine.toml", path).expect("a link");
            say(["check", "plan.toml"])
        }),
        case(11, "to what is no plan", Refused, |user| {
            fs::write(
                user.outside("key"),
                "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n",
            )
            .expect("a file");
            let path = user.path().join("plan.toml");
            std::os::unix::fs::symlink("../key", path).expect("a link");
            say(["run", "plan.toml", "--yes"])
        }),
    ]
}

fn pipe(path: &std::path::Path) {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
}
