//! Promise: a run works in every shape of repository that git has, from its start over a retry, landing and a revert, or
//! says in one line why not, and makes nothing.

use std::path::PathBuf;

use crate::support::user::{Output, User};

const PLAN: &str = "[plan]\ntitle = \"Two\"\nretries = 0\n[[task]]\nid = \"a\"\ntitle = \"Do a\"\n\
    [[task]]\nid = \"b\"\ntitle = \"Do b\"\nneeds = [\"a\"]\n";

/// What becomes of a run.
#[derive(Clone, Copy)]
enum Ends {
    /// It works, to the end.
    Works,
    /// It works, and only landing is refused, with these words.
    LandsNot(&'static str),
    /// It is refused with these words before anything is made.
    Refused(&'static str),
}
use Ends::{LandsNot, Refused, Works};

/// A shape, how it is made of a plain repository, and what becomes of a run in it. Where it is elsewhere than the plain one,
/// making it says where.
type Shape = (&'static str, fn(&User) -> Option<PathBuf>, Ends);

const SHAPES: [Shape; 27] = [
    ("plain", |_| None, Works),
    ("sha-256", sha256, Works),
    (
        "reftable",
        |user| cloned(user, &["--ref-format=reftable"]),
        Refused("reftables are not supported"),
    ),
    ("shallow", |user| cloned(user, &["--depth=1"]), Works),
    (
        "partial: blobless",
        |user| partial(user, &["--filter=blob:none"]),
        Works,
    ),
    (
        "partial: treeless",
        |user| partial(user, &["--filter=tree:0"]),
        Works,
    ),
    ("partial and sparse", partial_and_sparse, Works),
    (
        "partial, and its remote is gone",
        orphaned,
        Refused("this clone lacks"),
    ),
    (
        "sparse: cone",
        |user| configured(user, &["sparse-checkout set --cone dir"]),
        Works,
    ),
    (
        "sparse: patterns",
        |user| configured(user, &["sparse-checkout set --no-cone /dir/ /plan.toml"]),
        Works,
    ),
    (
        "sparse: index",
        |user| configured(user, &["sparse-checkout set --cone --sparse-index dir"]),
        Works,
    ),
    (
        "split index",
        |user| configured(user, &["update-index --split-index"]),
        Works,
    ),
    (
        "index version 4",
        |user| {
            configured(
                user,
                &["config index.version 4", "update-index --index-version 4"],
            )
        },
        Works,
    ),
    (
        "index without checksum",
        |user| {
            configured(
                user,
                &["config index.skipHash true", "reset --quiet --hard"],
            )
        },
        Works,
    ),
    ("linked worktree", linked, Works),
    (
        "worktree configuration",
        |user| {
            configured(
                user,
                &[
                    "config extensions.worktreeConfig true",
                    "config --worktree user.name Bea",
                ],
            )
        },
        Works,
    ),
    ("git directory elsewhere", elsewhere, Works),
    (
        "objects elsewhere",
        |user| cloned(user, &["--shared"]),
        Works,
    ),
    (
        "packed",
        |user| configured(user, &["gc --quiet", "pack-refs --all"]),
        Works,
    ),
    ("with a submodule", submodule, Works),
    (
        "in a submodule",
        |user| {
            submodule(user);
            Some(user.path().join("inner"))
        },
        Works,
    ),
    ("filters as of LFS", filters, Works),
    (
        "line ends",
        |user| {
            configured(
                user,
                &[
                    "config core.autocrlf true",
                    "rm -r --quiet --cached .",
                    "reset --quiet --hard",
                ],
            )
        },
        Works,
    ),
    (
        "file names without case",
        |user| {
            configured(
                user,
                &["config core.ignoreCase true", "config core.fileMode false"],
            )
        },
        Works,
    ),
    (
        "bare",
        bare,
        LandsNot("a bare repository has no branch checked out"),
    ),
    (
        "detached",
        |user| configured(user, &["switch --quiet --detach"]),
        LandsNot("HEAD is detached"),
    ),
    (
        "refs by name",
        |user| {
            configured(
                user,
                &[
                    "config core.repositoryFormatVersion 1",
                    "config extensions.refStorage files",
                ],
            )
        },
        Refused("config --unset extensions.refStorage"),
    ),
];

#[test]
fn every_shape_of_repository_is_worked_in_or_refused_at_once() {
    // Half of them beside the other half: each waits for processes most of the time.
    let (first, second) = SHAPES.split_at(SHAPES.len() / 2);
    std::thread::scope(|scope| {
        for half in [first, second] {
            scope.spawn(move || {
                for (name, make, ends) in half {
                    journey(name, *make, *ends);
                }
            });
        }
    });
}

/// From the start of a run to the landing of what is left after a revert.
fn journey(name: &str, make: fn(&User) -> Option<PathBuf>, ends: Ends) {
    let user = plain();
    let place = make(&user).unwrap_or_else(|| user.path());
    let enact = |args: &[&str], status: i32| {
        let output = said(&user, &place, args);
        assert_eq!(
            output.status,
            status,
            "{name}: `{}`: {output}",
            args.join(" ")
        );
        output
    };
    let executor = user.executor(
        "test \"$ENACT_TASK.$ENACT_ATTEMPT\" != b.1 || exit 1\ncommit \"dir/$ENACT_TASK.txt\" \"by $ENACT_TASK\"",
    );
    let run = [
        "run",
        "plan.toml",
        "--yes",
        "--name",
        "r",
        "--durability",
        "process",
        "--",
        &executor,
    ];
    if let Refused(words) = ends {
        let output = enact(&run, 2);
        assert!(output.stderr.contains(words), "{name}: {output}");
        assert_eq!(output.stderr.trim().lines().count(), 1, "{name}: {output}");
        assert!(!has_traces(&user, &place), "{name}: nothing is made");
        return;
    }
    enact(&run, 3);
    enact(&["retry", "b"], 0);
    enact(&["resume"], 0);
    enact(&["revert", "a", "--yes"], 0);
    enact(&["retry", "a"], 0);
    enact(&["resume"], 0);
    let land = ["land", "--yes"];
    if let LandsNot(words) = ends {
        assert!(enact(&land, 2).stderr.contains(words), "{name}");
    } else {
        enact(&land, 0);
        let landed = std::fs::read_to_string(place.join("dir/b.txt")).unwrap_or_default();
        assert_eq!(landed.trim_end(), "by b", "{name}: it is in the checkout");
        let status = git(
            &user,
            &place,
            &["status", "--porcelain", "--untracked-files=no"],
        );
        assert_eq!(
            status.stdout, "",
            "{name}: the checkout is as its branch has it"
        );
    }
    enact(&["doctor"], 0);
    let fsck = git(
        &user,
        &place,
        &["fsck", "--strict", "--full", "--no-dangling"],
    );
    assert_eq!(fsck.status, 0, "{name}: {fsck}");
    assert_eq!(
        git(&user, &place, &["worktree", "list"])
            .stdout
            .matches("/slot-")
            .count(),
        0,
        "{name}"
    );
}

fn plain() -> User {
    let user = User::new();
    user.write("dir/f.txt", "old\n");
    user.write("other/g.txt", "g\n");
    user.plan(PLAN);
    user.write("dir/f.txt", "new\n");
    user.commit("More");
    user
}

fn said(user: &User, place: &PathBuf, args: &[&str]) -> Output {
    Output::of(user.enact_command(args).current_dir(place))
}

fn git(user: &User, place: &PathBuf, args: &[&str]) -> Output {
    Output::of(user.command("git").args(args).current_dir(place))
}

fn has_traces(user: &User, place: &PathBuf) -> bool {
    let refs = git(
        user,
        place,
        &["for-each-ref", "refs/enact", "refs/heads/enact"],
    );
    let common = git(user, place, &["rev-parse", "--git-common-dir"]).stdout;
    !refs.stdout.is_empty() || place.join(common.trim()).join("enact").exists()
}

/// The plain repository after these commands of git.
fn configured(user: &User, commands: &[&str]) -> Option<PathBuf> {
    for command in commands {
        user.git(command.split(' ')).success();
    }
    None
}

fn cloned(user: &User, flags: &[&str]) -> Option<PathBuf> {
    let from = match flags.contains(&"--shared") {
        true => user.path().display().to_string(),
        false => format!("file://{}", user.path().display()),
    };
    let to = user.outside("clone");
    let place = to.to_string_lossy().into_owned();
    user.git([&["clone", "--quiet"], flags, &[&from, &place]].concat())
        .success();
    Some(to)
}

fn partial(user: &User, flags: &[&str]) -> Option<PathBuf> {
    configured(
        user,
        &[
            "config uploadpack.allowFilter true",
            "config uploadpack.allowAnySHA1InWant true",
        ],
    );
    cloned(user, flags)
}

/// Most of the files of its commit are not there.
fn partial_and_sparse(user: &User) -> Option<PathBuf> {
    let place = partial(user, &["--filter=blob:none", "--no-checkout"])?;
    git(user, &place, &["sparse-checkout", "set", "--cone", "dir"]).success();
    git(user, &place, &["checkout", "--quiet", "main"]).success();
    Some(place)
}

fn orphaned(user: &User) -> Option<PathBuf> {
    let place = partial_and_sparse(user)?;
    std::fs::rename(user.path(), user.outside("gone")).expect("it is moved away");
    std::fs::create_dir(user.path()).expect("a place to stand in");
    Some(place)
}

fn sha256(user: &User) -> Option<PathBuf> {
    let place = user.outside("wide");
    let named = place.to_string_lossy().into_owned();
    user.git(["init", "--quiet", "--object-format=sha256", &named])
        .success();
    std::fs::create_dir(place.join("dir")).expect("a directory");
    for file in ["plan.toml", "dir/f.txt"] {
        std::fs::copy(user.path().join(file), place.join(file)).expect("a copy");
    }
    git(user, &place, &["add", "."]).success();
    git(user, &place, &["commit", "--quiet", "-m", "Begin"]).success();
    Some(place)
}

fn linked(user: &User) -> Option<PathBuf> {
    let place = user.outside("linked");
    let named = place.to_string_lossy().into_owned();
    user.git(["worktree", "add", "--quiet", "-b", "side", &named])
        .success();
    Some(place)
}

fn elsewhere(user: &User) -> Option<PathBuf> {
    let place = user.outside("elsewhere.git").to_string_lossy().into_owned();
    user.git(["init", "--quiet", "--separate-git-dir", &place])
        .success();
    None
}

fn submodule(user: &User) -> Option<PathBuf> {
    let source = user.outside("source").to_string_lossy().into_owned();
    user.git(["clone", "--quiet", ".", &source]).success();
    let add = [
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        &source,
        "inner",
    ];
    user.git(add).success();
    user.commit("Add a submodule");
    None
}

/// A filter that changes what is checked out, in a repository where it is required.
fn filters(user: &User) -> Option<PathBuf> {
    let (clean, smudge) = (
        user.script("clean", "tr a-z A-Z"),
        user.script("smudge", "tr A-Z a-z"),
    );
    user.git(["config", "filter.upper.clean", &clean]).success();
    user.git(["config", "filter.upper.smudge", &smudge])
        .success();
    user.git(["config", "filter.upper.required", "true"])
        .success();
    user.write(".gitattributes", "dir/f.txt filter=upper\n");
    user.git(["add", "--renormalize", "."]).success();
    user.commit("Filter");
    None
}

fn bare(user: &User) -> Option<PathBuf> {
    let place = cloned(user, &["--bare"])?;
    std::fs::copy(user.path().join("plan.toml"), place.join("plan.toml")).expect("a copy");
    Some(place)
}

/// What git says to its hooks about the commit that is being made is not said to anybody that a run starts.
#[test]
fn a_run_within_a_hook_leaks_nothing_of_the_commit_that_is_being_made() {
    let user = plain();
    let executor = user.executor("commit \"dir/$ENACT_TASK.txt\" x");
    let program = env!("CARGO_BIN_EXE_git-enact");
    let outside = user.outside("").display().to_string();
    for hook in ["pre-commit", "post-commit"] {
        let name = hook.replace('-', "");
        let script = format!(
            "#!/bin/sh\ncase $PWD in *repo.enact*) exit 0;; esac\ntest -e \"{outside}/{hook}.done\" && exit 0\n: > \"{outside}/{hook}.done\"\n\
             env | grep ^GIT_ > \"{outside}/{hook}.env\"\n\
             {program} run plan.toml --new --yes --name {name} --durability process -- {executor} > \"{outside}/{hook}.log\" 2>&1\n\
             echo $? > \"{outside}/{hook}.status\"\n"
        );
        user.write(&format!(".git/hooks/{hook}"), &script);
        let path = user.path().join(".git/hooks").join(hook);
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(path, mode).expect("an executable");
    }
    user.write("mine.txt", "mine\n");
    user.git(["add", "mine.txt"]).success();
    user.git(["commit", "--quiet", "-m", "Mine", "--", "mine.txt"])
        .success();
    for hook in ["pre-commit", "post-commit"] {
        assert!(
            user.noted(&format!("{hook}.env"))
                .contains("GIT_INDEX_FILE="),
            "git says something to {hook}"
        );
        assert_eq!(
            user.noted(&format!("{hook}.status")),
            "0",
            "{}",
            user.noted(&format!("{hook}.log"))
        );
    }
    let changed = user
        .git(["show", "--name-only", "--format=", "HEAD"])
        .success();
    assert_eq!(
        changed.stdout, "mine.txt\n",
        "the commit has what its author gave it"
    );
    assert_eq!(user.git(["status", "--porcelain"]).stdout, "");
    for run in ["precommit", "postcommit"] {
        let tip = format!("enact/{run}/integration");
        assert_eq!(user.at(&tip, "dir/b.txt"), "x\n");
        let files = user.git(["ls-tree", "--name-only", &tip]).success();
        let has_mine = files.stdout.contains("mine.txt");
        assert_eq!(
            has_mine,
            run == "postcommit",
            "what was not committed yet is in no task"
        );
    }
    user.assert_whole();
}
