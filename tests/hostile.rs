//! Executors that break things or mean harm: 62 of them, each in a worktree of the user's own repository, each with
//! what becomes of it. Whatever they do, the run goes on without them and everything that the oracle asks for holds.
//!
//! [`CATALOGUE`] says which test holds which; a test of its own checks that none is missing. Some numbers differ from
//! what one might expect, and say why: where a limit would have to be invented (how large a file may be, how many
//! commits a task may have), nothing is refused; what cannot be had without a file system or a control group of
//! its own is scaled down.

mod commits;
mod files;
mod processes;
mod shared;

use crate::support::digest::Digest;
use crate::support::oracle;
use crate::support::user::{Output, User};

/// What becomes of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It is refused for a reason of its own, kept, and tried again.
    Refused,
    /// It is accepted: what it does is allowed, or harms nobody.
    Accepted,
    /// What it leaves behind is ended, removed or cut, and only its work counts.
    Contained,
    /// The run is stopped, and a person looks.
    Quarantined,
    /// It may be everyday work of the user's: it is told with what puts it back.
    Told,
    /// It runs out of time.
    TimedOut,
    /// The run is resumed.
    Resumed,
    /// The run waits for what is missing.
    Paused,
}

use Fate::{Accepted, Contained, Paused, Quarantined, Refused, Resumed, TimedOut, Told};

/// What each of them does, what becomes of it, and which tests hold that.
const CATALOGUE: [(u32, &str, Fate, &[&str]); 62] = [
    (
        1,
        "commits nothing",
        Refused,
        &["truth::no_commit_is_not_done"],
    ),
    (
        2,
        "leaves all uncommitted",
        Refused,
        &["truth::work_without_a_commit_is_not_done_and_is_kept"],
    ),
    (
        3,
        "fails with a good commit",
        Refused,
        &["truth::a_bad_exit_is_not_done_whatever_was_committed_or_claimed"],
    ),
    // Several commits are allowed.
    (
        4,
        "commits twice",
        Accepted,
        &["hostile/commits::two_commits_are_one_task"],
    ),
    (
        5,
        "commits nothing new",
        Refused,
        &["truth::an_empty_commit_changes_nothing"],
    ),
    (
        6,
        "commits and leaves more",
        Refused,
        &["truth::a_good_commit_beside_a_dirty_worktree_is_not_done"],
    ),
    (
        7,
        "commits on another branch",
        Refused,
        &["truth::a_commit_on_another_branch_is_not_on_the_task_branch"],
    ),
    (
        8,
        "commits on no branch",
        Refused,
        &["truth::a_commit_on_a_detached_head_is_not_on_the_task_branch"],
    ),
    (
        9,
        "amends its base",
        Refused,
        &["truth::amending_the_base_does_not_descend_from_it"],
    ),
    (
        10,
        "makes a new root",
        Refused,
        &["truth::a_new_root_does_not_descend_from_the_base"],
    ),
    // Whether the files that a merge brings may be changed is the scope's business, as with any commit.
    (
        11,
        "merges a branch of the user's",
        Accepted,
        &["hostile/commits::a_merge_of_another_branch_is_judged_by_what_it_brings"],
    ),
    (
        12,
        "takes another task's commit",
        Refused,
        &["hostile/commits::what_another_task_committed_is_not_ones_own"],
    ),
    (
        13,
        "moves its branch after it ended",
        Contained,
        &["hostile/commits::nobody_is_left_to_move_the_branch_later"],
    ),
    (
        14,
        "leaves a merge or a rebase",
        Refused,
        &[
            "truth::a_merge_or_a_rebase_under_way_is_not_done",
            "worktrees::an_unfinished_merge_is_seen_and_ended",
        ],
    ),
    (
        15,
        "hangs",
        TimedOut,
        &["failures::an_attempt_over_its_time_is_ended_salvaged_and_has_a_status_of_its_own"],
    ),
    (
        16,
        "ignores to be ended",
        TimedOut,
        &["supervision::an_executor_that_ignores_every_signal_is_killed"],
    ),
    (
        17,
        "leaves a process of its own session",
        Contained,
        &[
            "supervision::what_an_executor_leaves_running_is_killed",
            "hostile/processes::whatever_is_left_running_is_ended",
        ],
    ),
    (
        18,
        "leaves a daemon",
        Contained,
        &[
            "supervision::what_an_executor_leaves_running_is_killed",
            "hostile/processes::whatever_is_left_running_is_ended",
        ],
    ),
    (
        19,
        "leaves a process that holds its output",
        Contained,
        &["supervision::what_an_executor_leaves_running_is_killed"],
    ),
    (
        20,
        "leaves a process without an environment",
        Contained,
        &["hostile/processes::whatever_is_left_running_is_ended"],
    ),
    // Sixty, and not as many as there can be: how many there may be is for the user's own limits to say.
    (
        21,
        "starts processes without end",
        Contained,
        &["hostile/processes::whatever_is_left_running_is_ended"],
    ),
    (
        22,
        "stops itself",
        TimedOut,
        &["supervision::an_executor_that_stops_itself_ends_in_time"],
    ),
    (
        23,
        "kills its supervisor",
        Refused,
        &["supervision::a_killed_supervisor_is_lost_and_its_attempt_is_swept"],
    ),
    (
        24,
        "kills the driver",
        Resumed,
        &[
            "tampering::the_files_of_a_worktree_that_git_no_longer_knows_are_moved_aside",
            "quarantine::a_driver_that_died_leaves_the_tampering_to_be_seen",
        ],
    ),
    (
        25,
        "crashes",
        Refused,
        &[
            "truth::an_executor_that_was_killed_is_not_done",
            "hostile/processes::a_crash_is_a_failure_that_names_the_signal",
        ],
    ),
    (
        26,
        "waits for input",
        Contained,
        &["supervision::an_executor_gets_its_input_its_directory_and_no_other_environment"],
    ),
    (
        27,
        "opens the terminal",
        Contained,
        &["hostile/processes::no_executor_has_a_terminal"],
    ),
    (
        28,
        "prints without end",
        Contained,
        &["supervision::noise_is_capped_at_its_beginning_and_its_end"],
    ),
    (
        29,
        "prints one endless line that is no text",
        Contained,
        &[
            "supervision::one_long_line_is_kept_whole",
            "hostile/processes::nothing_that_is_printed_repaints_a_terminal",
        ],
    ),
    (
        30,
        "prints escape sequences",
        Contained,
        &["hostile/processes::nothing_that_is_printed_repaints_a_terminal"],
    ),
    (
        31,
        "prints what looks like the run's own words",
        Refused,
        &["hostile/processes::words_of_the_run_are_not_believed"],
    ),
    // Within a limit of its own: which process the kernel ends when all memory is used is not ours to say.
    (
        32,
        "uses up memory",
        Refused,
        &["hostile/processes::an_executor_without_memory_has_failed"],
    ),
    // As little room as an executor may write: a full disk takes a file system of its own.
    (
        33,
        "fills the disk",
        Paused,
        &["hostile/files::a_file_that_must_not_be_larger_is_a_failure"],
    ),
    // There is no limit to be met; two thousand, so that it does not take minutes.
    (
        34,
        "makes very many files",
        Refused,
        &["hostile/files::very_many_files_are_kept_and_removed"],
    ),
    (
        35,
        "takes rights away",
        Contained,
        &[
            "hostile/files::a_directory_without_rights_is_removed",
            "worktrees::a_file_made_unreadable_is_kept_as_well",
        ],
    ),
    (
        36,
        "puts a link in place of the worktree",
        Refused,
        &["hostile/files::a_link_in_place_of_the_worktree_is_not_followed"],
    ),
    // A link to anywhere is a commit as any other; nothing of ours follows it.
    (
        37,
        "commits a link that leads outside",
        Accepted,
        &[
            "hostile/files::a_link_that_leads_outside_is_not_followed",
            "untouched::a_link_in_place_of_what_an_executor_is_told_leads_to_no_file_of_the_users",
        ],
    ),
    (
        38,
        "leaves pipes and sockets",
        Accepted,
        &[
            "hostile/files::a_pipe_holds_up_nobody",
            "claims::a_pipe_in_place_of_the_result_file_holds_up_nobody",
        ],
    ),
    (
        39,
        "deletes its worktree",
        Refused,
        &["truth::a_deleted_worktree_is_not_done"],
    ),
    (
        40,
        "deletes its `.git` file and commits",
        Refused,
        &["truth::a_commit_without_the_worktrees_git_file_reaches_nobodys_branch"],
    ),
    (
        41,
        "makes a repository of its worktree",
        Refused,
        &["truth::a_repository_of_its_own_in_place_of_the_worktree_is_not_believed"],
    ),
    (
        42,
        "points its worktree at a repository of its own",
        Refused,
        &["hostile/files::another_repository_in_place_of_ours_is_never_asked"],
    ),
    (
        43,
        "makes names that are no text",
        Accepted,
        &[
            "hostile/files::any_name_is_taken_and_shown_as_text",
            "worktrees::paths_that_are_no_text_are_kept",
        ],
    ),
    // Git has both; a policy against them would be the project's own hook.
    (
        44,
        "makes twins",
        Accepted,
        &["hostile/files::any_name_is_taken_and_shown_as_text"],
    ),
    (
        45,
        "changes undeclared files",
        Refused,
        &["truth::files_outside_the_declared_ones_are_scope_creep_when_enforced"],
    ),
    (
        46,
        "commits a repository",
        Refused,
        &["tampering::a_commit_that_only_names_a_repository_is_not_done_and_its_files_are_kept"],
    ),
    // How large a file may be is for the project to say.
    (
        47,
        "commits a large file",
        Accepted,
        &["hostile/files::a_large_file_is_a_file"],
    ),
    // Stopped with evidence, told without: people edit their files while a run goes on.
    (
        48,
        "edits the user's checkout",
        Quarantined,
        &[
            "quarantine::an_attempt_that_works_in_the_checkout_is_told_from_its_user",
            "quarantine::everyday_work_in_the_checkout_stops_nothing",
        ],
    ),
    (49, "plants hooks", Quarantined, &["hostile/shared::hooks"]),
    (
        50,
        "plants settings that are executed",
        Quarantined,
        &[
            "hostile/shared::settings",
            "hostile/shared::a_planted_filter_does_not_run_through_us",
        ],
    ),
    (
        51,
        "plants hooks by settings",
        Quarantined,
        &["hostile/shared::settings"],
    ),
    (
        52,
        "has objects looked for elsewhere",
        Quarantined,
        &["hostile/shared::alternates"],
    ),
    (
        53,
        "replaces objects",
        Quarantined,
        &["hostile/shared::replaced_objects"],
    ),
    (
        54,
        "hides history",
        Quarantined,
        &["hostile/shared::hidden_history"],
    ),
    // Stopped where the user's checkout hangs on it, told otherwise: people delete branches.
    (
        55,
        "deletes or moves the user's refs",
        Quarantined,
        &[
            "truth::moving_the_users_own_branch_is_a_failure_of_its_own_kind",
            "hostile/shared::refs_that_are_gone_are_told_with_what_puts_them_back",
        ],
    ),
    (
        56,
        "deletes another task's branch and worktree",
        Refused,
        &["hostile/shared::what_another_task_loses_is_done_again"],
    ),
    (
        57,
        "deletes the journal or the notes",
        Quarantined,
        &[
            "interruptions::a_journal_that_is_moved_under_the_run_stops_it_and_is_put_back",
            "hostile/shared::deleted_notes_are_written_again",
        ],
    ),
    // What is on record is reachable, so that nothing of it is taken.
    (
        58,
        "has everything unreachable removed",
        Accepted,
        &["hostile/shared::housekeeping_takes_nothing_of_the_run"],
    ),
    (
        59,
        "leaves locks",
        Contained,
        &[
            "hostile/shared::a_lock_that_others_share_is_told_and_left",
            "doctor::what_dead_processes_left_is_removed",
        ],
    ),
    (
        60,
        "truncates refs and objects",
        Quarantined,
        &[
            "hostile/shared::a_damaged_list_of_refs_stops_the_run",
            "tampering::objects_that_end_too_early_are_not_read_and_stop_no_run",
        ],
    ),
    // Everyday settings: told, and not put back unasked.
    (
        61,
        "changes everyday settings",
        Told,
        &["hostile/shared::everyday_settings_are_told"],
    ),
    (
        62,
        "makes objects that git refuses",
        Refused,
        &["hostile/shared::objects_that_git_would_refuse_are_not_done"],
    ),
];

#[test]
fn each_of_them_is_held_by_a_test_that_exists() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    for (place, (number, what, fate, tests)) in (1..).zip(CATALOGUE) {
        assert_eq!(number, place, "`{what}` has its place");
        assert!(!tests.is_empty(), "{number}: {fate:?} is held by a test");
        for test in tests {
            let (file, name) = test.split_once("::").expect("a file and a test");
            let text = std::fs::read_to_string(root.join(file).with_extension("rs"));
            let text = text.unwrap_or_else(|error| panic!("{number}: {file}: {error}"));
            let is_there = text.contains(&format!("#[test]\nfn {name}() {{"));
            assert!(is_there, "{number}: {test} is a test");
        }
    }
}

const PLAN: &str = r#"
[plan]
title = "Hostile"
[[task]]
id = "t"
title = "Is attempted by somebody who means harm, then by an honest one"
[[task]]
id = "after"
title = "Comes after it"
after = ["t"]
"#;

/// A run whose first attempt was hostile.
struct Attacked {
    user: User,
    before: Digest,
    output: Output,
}

/// A user with a plan.
fn victim() -> User {
    let user = User::new();
    user.plan(PLAN);
    user
}

/// Has the first attempt of `t` do `deed`, and all others what they should.
fn attack(user: User, deed: &str) -> Attacked {
    let before = oracle::untouched(&user);
    let executor = user.executor(&format!(
        "shared=$ENACT_GIT_COMMON_DIR; ran=\"$HOME/../ran\"\n\
         if test $ENACT_TASK$ENACT_ATTEMPT = t1; then\n{deed}\nelse commit $ENACT_TASK.txt w; fi"
    ));
    let flags = ["--sequential", "--retries", "1", "--on-failure", "skip"];
    let output = user.run("plan.toml", &executor, &flags);
    Attacked {
        user,
        before,
        output,
    }
}

impl Attacked {
    /// It was refused, saying so; the next attempt is done, and so is the task after it.
    #[track_caller]
    fn is_refused(self, reason: &str) -> Self {
        let output = self.output.clone().success();
        output
            .complains("t (Is attempted by somebody who means harm, then by an honest one): attempt 1 refused: ")
            .complains(reason);
        assert_eq!(self.user.task("t")["attempts"], 2);
        self.holds()
    }

    /// It is done at once.
    #[track_caller]
    fn is_accepted(self) -> Self {
        let output = self.output.clone().success();
        assert_eq!(self.user.task("t")["attempts"], 1, "{output}");
        self.holds()
    }

    /// The run stopped, saying so; put back what is to be, it goes on to its end.
    #[track_caller]
    fn is_quarantined(self, reason: &str) -> Self {
        let output = self.output.clone().code(3);
        output.complains("quarantined: ").complains(reason);
        assert_eq!(self.user.status()["run"]["status"], "quarantined");
        self.user.enact(["doctor", "--repair"]).success();
        self.user.enact(["resume"]).success();
        self.forgiven().holds()
    }

    /// What was put back byte for byte has another time.
    fn forgiven(self) -> Self {
        for path in [".git/config", ".git/packed-refs", ".git/info/exclude"] {
            let file = std::fs::File::options()
                .write(true)
                .open(self.user.path().join(path));
            if let Ok(file) = file {
                file.set_modified(self.before.time_of(path))
                    .expect("a time");
            }
        }
        self
    }

    /// Everything that must hold of a run that has ended holds, and nothing that was planted ran.
    #[track_caller]
    fn holds(self) -> Self {
        oracle::check(&self.user, &self.before);
        assert!(!self.user.outside("ran").exists(), "nothing planted ran");
        self
    }

    /// The same where the user's own side is what the deed made of it.
    #[track_caller]
    fn holds_as_it_is(mut self) -> Self {
        self.before = oracle::untouched(&self.user);
        self.holds()
    }
}
