//! Rails for an executor in a linked worktree: of all refs, its git moves the task's own branch and no other.
//!
//! What is in a worktree is shared with the user's checkout more than it seems: `git stash`, a tag or another branch
//! show up there. A directory of hooks takes the place of the user's for the executor's git alone, by a variable of its
//! environment: in it, `reference-transaction` looks at every ref before it moves, and each hook of the user's is a
//! line that goes on to theirs. It is a rail and no wall: who clears the environment is past it, and found out when the
//! attempt is judged. One script and no process besides, because it runs twice for each commit.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::Repo;
use super::ignored::setting;
use super::slots::remove_all;

/// The setting that names a directory of hooks.
pub const HOOKS_PATH: &str = "core.hooksPath";

/// The hook that is ours.
const OURS: &str = "reference-transaction";

/// Hooks that git runs where people work: those that may come and go with the files of a worktree.
const HOOKS: [&str; 17] = [
    "applypatch-msg",
    "commit-msg",
    "post-applypatch",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-merge",
    "post-rewrite",
    "pre-applypatch",
    "pre-auto-gc",
    "pre-commit",
    "pre-merge-commit",
    "pre-push",
    "pre-rebase",
    "prepare-commit-msg",
    "sendemail-validate",
    OURS,
];

impl Repo {
    /// Makes the directory of hooks `dir` for whoever is to move `branch` and no other ref.
    pub fn lay_rails(&self, dir: &Path, branch: &str) -> Result<()> {
        let users = self.users_hooks();
        let write = || -> Result<()> {
            remove_all(dir)?;
            std::fs::create_dir_all(dir)?;
            for name in HOOKS {
                let hook = users.join(name);
                if name == OURS {
                    write_script(&dir.join(name), &guard(branch, &hook))?;
                } else if users.is_relative() {
                    // Whether it is there is for the worktree to say, each time.
                    let asks = [b"test -x ", quoted(&hook).as_slice(), b" || exit 0\n"].concat();
                    write_script(&dir.join(name), &[asks, goes_on(&hook)].concat())?;
                } else if is_run(&hook) {
                    write_script(&dir.join(name), &goes_on(&hook))?;
                }
            }
            Ok(())
        };
        write().with_context(|| format!("`{}` cannot be made", dir.display()))
    }

    /// Where git finds the user's hooks; relative to the worktree if they say so.
    fn users_hooks(&self) -> PathBuf {
        let set = setting(self.raw(), |config| config.get_path(HOOKS_PATH).ok());
        set.unwrap_or_else(|| self.common_dir().join("hooks"))
    }
}

/// The script that looks at refs before they move, and then asks the user's own.
fn guard(branch: &str, hook: &Path) -> Vec<u8> {
    let [branch, hook] = [quoted(OsStr::new(branch)), quoted(hook)];
    let parts: [&[u8]; 5] = [
        b"hook=",
        &hook,
        b"\nbranch=",
        &branch,
        br#"
if test "$1" != prepared; then
	test -f "$hook" && test -x "$hook" || exit 0
	exec "$hook" "$@"
fi
moves=
while read -r old new ref; do
	case $ref in
	"$branch" | refs/bisect/* | refs/rewritten/* | refs/worktree/*) ;;
	refs/stash)
		echo "git enact: a stash would be the user's own, \`$ref\` stays: commit on \`$branch\` instead" >&2
		exit 1
		;;
	refs/* | main-worktree/* | worktrees/*)
		echo "git enact: \`$ref\` is not this task's to move: commit on \`$branch\`" >&2
		exit 1
		;;
	esac
	moves="$moves$old $new $ref
"
done
test -f "$hook" && test -x "$hook" || exit 0
printf %s "$moves" | "$hook" "$@"
"#,
    ];
    parts.concat()
}

/// The line that becomes the user's hook.
fn goes_on(hook: &Path) -> Vec<u8> {
    [b"exec ", quoted(hook).as_slice(), b" \"$@\"\n"].concat()
}

fn write_script(path: &Path, text: &[u8]) -> Result<()> {
    std::fs::write(path, [b"#!/bin/sh\n", text].concat())?;
    let runnable = std::fs::Permissions::from_mode(0o755);
    Ok(std::fs::set_permissions(path, runnable)?)
}

fn is_run(path: &Path) -> bool {
    let found = path.metadata();
    found.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// One word of a shell.
fn quoted(word: impl AsRef<OsStr>) -> Vec<u8> {
    let mut quoted = OsString::from("'").into_encoded_bytes();
    for byte in word.as_ref().as_bytes() {
        match byte {
            b'\'' => quoted.extend(br"'\''"),
            byte => quoted.push(*byte),
        }
    }
    quoted.push(b'\'');
    quoted
}
