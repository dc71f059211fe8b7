//! `git enact` executes implementation plans: one verified commit per task, with all of its state in git.
//!
//! The modules stand in the order in which a plan passes through them; each uses only those above it.
//!
#![doc = include_str!("architecture.md")]

// A megabyte of plan becomes some hundred thousand small strings.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

// Where a test may kill the process; nothing in release builds.
pub mod crash;

// What the author asked for, read from text.
pub mod plan;

// A plan that was checked once.
pub mod graph;

// The pure core: events, the state they fold into, what to do next, and the loop that does it.
pub mod run;

// The only module that starts processes.
pub mod process;

// The only module that says `git2` or names the `git` program.
pub mod git;

// The stored events of a run: one ref, one checkpoint commit an event.
pub mod journal;

// One executor in one worktree, once: what it is told, and what it claims.
pub mod attempt;

// Deciding whether an attempt is good.
pub mod verify;

// What a run will meet, told before it starts.
pub mod preflight;

// Bringing an accepted commit onto the run's branch.
pub mod integrate;

// Going back to a checkpoint, undoing a task, adopting an edited plan.
pub mod history;

// What a plan's own files say of its run.
pub mod export;

// What users see: live events and replays.
pub mod report;

// Defaults, git config, `enact.toml`, environment, flags.
pub mod config;

// Nothing runs before a person has approved exactly these bytes.
pub mod approval;

// The world for real: each action becomes work in slots, processes and refs.
pub mod world;

// Bringing a run's branch into the user's own.
pub mod land;

// What is wrong with a run and what mends it; removing one without a trace.
pub mod care;

// The command line: one file a command.
pub mod cli;
