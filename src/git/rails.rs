//! Rails for an executor in a linked worktree: of all refs, its git moves the task's own branch and no other.
//!
//! What is in a worktree is shared with the user's checkout more than it seems: `git stash`, a tag or another branch
//! show up there. A directory of hooks takes the place of the user's for the executor's git alone, by a variable of its
//! environment: in it, `reference-transaction` looks at every ref before it moves, and each hook of the user's is a
//! line that goes on to theirs. It is a rail and no wall: who clears the environment is past it, and found out when the
//! attempt is judged. One script and, where it is meant to run, no process besides, because git
//! runs it five times for a commit.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::ignored::setting;
use super::slots::remove_all;
use super::{Repo, Worktree};

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
    /// Makes the directory of hooks `dir` for whoever works in `worktree` and is to move `branch` and no other ref.
    pub fn lay_rails(&self, dir: &Path, worktree: &Worktree, branch: &str) -> Result<()> {
        let set = setting(self.raw(), |config| config.get_path(HOOKS_PATH).ok());
        let users = set
            .clone()
            .unwrap_or_else(|| self.common_dir().join("hooks"));
        let common_dir = super::absolute(self.common_dir())?;
        let git_dir = super::absolute(worktree.git_dir())?;
        let write = || -> Result<()> {
            remove_all(dir)?;
            std::fs::create_dir_all(dir)?;
            for name in HOOKS {
                let hook = users.join(name);
                // Whether a relative one is there is for the worktree to say, each time.
                if name != OURS && users.is_absolute() && !is_run(&hook) {
                    continue;
                }
                // Hooks of another repository are to run there; without one here, that cannot be told beforehand.
                let elsewhere = match set {
                    Some(_) => "",
                    None => name,
                };
                let place = [
                    words("ours", &common_dir),
                    words("here", &git_dir),
                    words("hook", &hook),
                    words("elsewhere", elsewhere),
                    words("branch", branch),
                ];
                let rest = if name == OURS { GUARD } else { GOES_ON };
                write_script(&dir.join(name), &[&place.concat(), PLACE, rest].concat())?;
            }
            Ok(())
        };
        write().with_context(|| format!("`{}` cannot be made", dir.display()))
    }
}

/// Finds out where it runs. The environment of an executor reaches every git below it, in submodules, in what tests make
/// and in what is cloned: there the hooks of that place count, and there is nothing to guard. In a linked worktree git
/// says where it is; to ask takes longer than all the rest.
const PLACE: &[u8] = br#"if test "$GIT_DIR" = "$here" && test -z "$GIT_COMMON_DIR"; then
	its=$ours
else
	its=$(git rev-parse --path-format=absolute --git-common-dir 2>/dev/null) || its=
fi
if test "$its" != "$ours"; then
	test -z "$elsewhere" || hook=$its/hooks/$elsewhere
fi
"#;

/// Looks at refs before they move, and then asks the user's own hook.
const GUARD: &[u8] = br#"if test "$1" != prepared || test "$its" != "$ours"; then
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
"#;

/// Becomes the user's hook, where there is one.
const GOES_ON: &[u8] = br#"test -f "$hook" && test -x "$hook" || exit 0
exec "$hook" "$@"
"#;

/// A variable of a shell that is this word.
fn words(name: &str, word: impl AsRef<OsStr>) -> Vec<u8> {
    [name.as_bytes(), b"=", &quoted(word), b"\n"].concat()
}

fn is_run(path: &Path) -> bool {
    let found = path.metadata();
    found.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

fn write_script(path: &Path, text: &[u8]) -> Result<()> {
    std::fs::write(path, [b"#!/bin/sh\n", text].concat())?;
    let runnable = std::fs::Permissions::from_mode(0o755);
    Ok(std::fs::set_permissions(path, runnable)?)
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
