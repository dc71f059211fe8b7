//! A driver that is killed before any call that it makes of the machine, and again while it recovers, loses nothing:
//! where `crash` kills between two effects, this kills inside of one.
//!
//! By default a sample of calls of three commands; `ENACT_KILL_ALL=1` kills before every call that each command makes,
//! and each resume after it once more (hours on two cores; `ENACT_PART=1/5` takes a fifth of them), and prints how many
//! deaths there were. Without `strace` the test says so and passes.

use crate::support::operations::{OPERATIONS, Stand, words};
use crate::support::oracle::Spared;
use crate::support::traced::{self, At, CALLS, Injected};
use crate::support::user::Output;

/// A process that was killed, as a shell reports it.
const KILLED: i32 = 128 + 9;

/// How many of them are taken by default.
const USUAL: usize = 3;

/// Runs a command that dies at `at`; what it left.
fn dies(stand: &Stand, command: &[String], at: At<'_>) -> Output {
    let args: Vec<&str> = command.iter().map(String::as_str).collect();
    let output = stand.user.enact_at(&args, at);
    assert!(!output.stderr.contains("panicked"), "{output}");
    output
}

/// A death, and one in the resume that follows.
#[derive(Debug)]
struct Deaths {
    operation: usize,
    call: &'static str,
    nth: usize,
    /// How far the resume after it gets.
    again: Option<(&'static str, usize)>,
}

fn deaths() -> Vec<Deaths> {
    let everything = std::env::var_os("ENACT_KILL_ALL").is_some();
    let mut all = Vec::new();
    let taken = if everything { OPERATIONS.len() } else { USUAL };
    for (operation, of) in OPERATIONS.iter().enumerate().take(taken) {
        let stand = Stand::new();
        (of.prepare)(&stand);
        let command = (of.command)(&stand);
        let args: Vec<&str> = command.iter().map(String::as_str).collect();
        for (kind, (call, count)) in stand.user.count_calls(&args).into_iter().enumerate() {
            let moments: Vec<usize> = match everything {
                true => (1..=count).collect(),
                false => vec![(count * (1 + kind % 3)).div_ceil(4)],
            };
            for nth in moments {
                let second = CALLS[(nth + kind) % CALLS.len()];
                // Some of them again while they recover, early or late.
                let again = (nth % 2 == 0).then_some((second, 1 + (nth * 7) % 40));
                all.push(Deaths {
                    operation,
                    call,
                    nth,
                    again,
                });
            }
        }
    }
    traced::part(all)
}

#[test]
fn a_driver_that_is_killed_inside_of_any_effect_and_again_in_its_recovery_loses_nothing() {
    if !traced::is_possible() {
        return;
    }
    let all = deaths();
    traced::say(&format!("{} deaths", all.len()));
    traced::each(&all, |deaths| {
        let operation = &OPERATIONS[deaths.operation];
        let stand = Stand::new();
        (operation.prepare)(&stand);
        let command = (operation.command)(&stand);
        let at = |call, nth| At {
            call,
            nth,
            injected: Injected::Death,
        };
        let output = dies(&stand, &command, at(deaths.call, deaths.nth));
        assert!([0, 3, KILLED].contains(&output.status), "{output}");
        if let Some((call, nth)) = deaths.again.filter(|_| stand.has_run()) {
            dies(&stand, &words(&["resume", "--yes"]), at(call, nth));
        }
        stand.goes_on(operation, &command, Spared::default());
    });
}

#[test]
fn a_cleaning_that_dies_when_the_branches_are_gone_leaves_nothing_to_mend() {
    if !traced::is_possible() {
        return;
    }
    let clean = OPERATIONS
        .iter()
        .find(|operation| operation.name == "clean");
    let clean = clean.expect("an operation");
    let stand = || {
        let stand = Stand::new();
        (clean.prepare)(&stand);
        stand
    };
    let calm = stand();
    let command = (clean.command)(&calm);
    let args: Vec<&str> = command.iter().map(String::as_str).collect();
    // The lock of the last branch is removed last, right behind it; where `unlink` is no call, `unlinkat` has it.
    let Some(&nth) = calm.user.count_calls(&args).get("unlink") else {
        return;
    };
    let stand = stand();
    let at = At {
        call: "unlink",
        nth,
        injected: Injected::Death,
    };
    assert_eq!(dies(&stand, &command, at).status, KILLED);
    stand.goes_on(clean, &command, Spared::default());
}
