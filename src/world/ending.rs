//! What an attempt left when its process had ended: claim, commits, residue; all of it made safe.
//!
//! Nothing is cleaned here. What is uncommitted becomes a commit that the event pins; only once that is
//! recorded may anybody discard it.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::slots::Slot;
use super::{context, room};
use crate::attempt::Files;
use crate::attempt::output::{self, Secrets};
use crate::crash;
use crate::git::{
    self, Expected, Identity, Message, Named, NewCommit, Oid, Repo, Soundness, Worktree,
};
use crate::journal::layout;
use crate::plan::Task;
use crate::process::supervise::Ended;
use crate::run::engine::{Arrived, Attachment};
use crate::run::event::{Event, Residue};
use crate::run::evidence::{Claim, ClaimForm, ClaimStatus, Outcome, Usage};
use crate::run::policy::CommitMode;
use crate::run::reader::Reader;
use crate::verify::commands::refusal;
use crate::verify::facts::CheckRun;

/// Which attempt it was, and by what rules its end is read.
pub(super) struct Particulars {
    pub(super) run: String,
    pub(super) task: Task,
    pub(super) attempt: u32,
    pub(super) base: Oid,
    pub(super) branch: String,
    pub(super) commit: CommitMode,
    pub(super) author: Identity,
    /// How what the executor's program leaves is read.
    pub(super) reader: Reader,
    /// Values that must not be stored.
    pub(super) secrets: Secrets,
    /// Whether the executor reads a prompt.
    pub(super) reads_prompt: bool,
    /// What its executor was told, as it may be stored, once that is known.
    pub(super) told: Vec<Attachment>,
    /// Where the worktree is moved when git cannot tell what it holds; without a place, that is an error.
    pub(super) aside: Option<PathBuf>,
}

/// What git shows in the slot when the process has ended.
struct Left {
    tip: Option<Oid>,
    salvage: Option<Oid>,
    strays: Vec<Oid>,
    residue: Residue,
    committed_by_tool: bool,
}

/// The event of an attempt whose process ended as `ended` says.
pub(super) fn arrived(
    what: &Particulars,
    slot: &mut Slot,
    ended: &Ended,
    files: &Files,
) -> Result<Arrived> {
    files.cleanse(&what.secrets)?;
    if ended.outcome == Outcome::Cancelled {
        return abandoned(what, slot, "it was interrupted", files);
    }
    let printed = ended.output.read().unwrap_or_default();
    let (claim, usage) = files.claim(ended, &what.reader, now(), &what.secrets);
    let claim = told(claim, ended);
    if ended.starved && room::came_to_nothing(what, slot, &claim)? {
        return abandoned(what, slot, "the disk was full when it ended", files);
    }
    Ok(Arrived {
        event: attempt_ended(what, slot, ended.outcome, claim, usage, ended.millis)?,
        attachments: attachments(what, &printed, files),
    })
}

fn attempt_ended(
    what: &Particulars,
    slot: &mut Slot,
    outcome: Outcome,
    claim: Claim,
    usage: Usage,
    millis: u64,
) -> Result<Event> {
    let left = gather(what, slot, &claim)?;
    slot.used = !slot.worktree.is_settled(&slot.repo);
    let hex = |oid: Oid| oid.to_string();
    Ok(Event::AttemptEnded {
        task: what.task.id.clone(),
        attempt: what.attempt,
        outcome,
        claim: redacted(claim, &what.secrets),
        tip: left.tip.map(hex),
        salvage: left.salvage.map(hex),
        strays: left.strays.into_iter().map(hex).collect(),
        committed_by_tool: left.committed_by_tool,
        residue: left.residue,
        usage,
        millis,
    })
}

/// The event of an attempt whose executor was not started, because `hook` refused.
pub(super) fn vetoed(
    what: &Particulars,
    slot: &mut Slot,
    hook: &CheckRun,
    millis: u64,
    files: &Files,
) -> Result<Arrived> {
    let claim = Claim {
        reason: format!("pre-task {}", refusal(hook)),
        ..Claim::default()
    };
    Ok(Arrived {
        event: attempt_ended(what, slot, Outcome::Vetoed, claim, Usage::default(), millis)?,
        attachments: attachments(what, hook.output.as_bytes(), files),
    })
}

/// The event of an attempt that does not count: what it left is kept, and it runs again.
pub(super) fn abandoned(
    what: &Particulars,
    slot: &mut Slot,
    reason: &str,
    files: &Files,
) -> Result<Arrived> {
    let left = gather(what, slot, &Claim::default())?;
    slot.used = !slot.worktree.is_settled(&slot.repo);
    let reason = match left.residue.lost.as_str() {
        "" => reason.to_owned(),
        lost => format!("{reason}; its worktree could not be read: {lost}"),
    };
    let event = Event::AttemptAbandoned {
        task: what.task.id.clone(),
        attempt: what.attempt,
        tip: left.tip.map(|oid| oid.to_string()),
        salvage: left.salvage.map(|oid| oid.to_string()),
        reason,
    };
    Ok(Arrived {
        event,
        attachments: context::kept(what, files),
    })
}

/// The event of an attempt whose worktree at `slot` git no longer knows: its branch is kept, and the files that
/// may still stand there are moved aside.
pub(super) fn abandoned_without_slot(
    what: &Particulars,
    tip: Option<Oid>,
    slot: &Path,
    files: &Files,
) -> Result<Arrived> {
    let place = what.aside.as_deref();
    let kept = match place {
        Some(place) if slot.symlink_metadata().is_ok() => move_aside(slot, place)?,
        // A driver that died after it had moved them could not say so.
        Some(place) if place.exists() => {
            format!("what it held was moved to `{}`", place.display())
        }
        _ => "nothing is there".to_owned(),
    };
    let event = Event::AttemptAbandoned {
        task: what.task.id.clone(),
        attempt: what.attempt,
        tip: tip
            .filter(|tip| *tip != what.base)
            .map(|oid| oid.to_string()),
        salvage: None,
        reason: format!("its driver died and its worktree is gone; {kept}"),
    };
    Ok(Arrived {
        event,
        attachments: context::kept(what, files),
    })
}

/// A claim with why the process could not be started or supervised, when that is all there is to say.
fn told(mut claim: Claim, ended: &Ended) -> Claim {
    if let Some(trouble) = &ended.trouble
        && claim.form == ClaimForm::ExitStatus
    {
        claim.reason.clone_from(trouble);
    }
    claim
}

fn attachments(what: &Particulars, printed: &[u8], files: &Files) -> Vec<Attachment> {
    let mut kept = Vec::new();
    if !printed.is_empty() {
        let bytes = output::redact(printed, &what.secrets);
        kept.push(Attachment {
            name: "output".to_owned(),
            bytes,
        });
    }
    kept.extend(context::kept(what, files));
    kept
}

/// The claim without what must not be stored: executors quote what they saw.
fn redacted(mut claim: Claim, secrets: &Secrets) -> Claim {
    let clean = |text: &mut String| {
        let bytes = output::redact(text.as_bytes(), secrets);
        *text = String::from_utf8_lossy(&bytes).into_owned();
    };
    let lists = claim
        .suggested_split
        .iter_mut()
        .chain(&mut claim.files_changed);
    lists.chain(&mut claim.commit).for_each(clean);
    for text in [
        &mut claim.verification,
        &mut claim.notes,
        &mut claim.reason,
        &mut claim.last_completed,
        &mut claim.details,
        &mut claim.recommendation,
    ] {
        clean(text);
    }
    claim
}

fn gather(what: &Particulars, slot: &mut Slot, claim: &Claim) -> Result<Left> {
    slot.worktree.clear_traps(&slot.repo)?;
    // Whoever could write it has ended.
    slot.repo.clear_stale_locks(&[&what.branch])?;
    match (examine(what, slot, claim), &what.aside) {
        // What failed once may have been the machine's doing.
        (Err(_), Some(place)) => {
            examine(what, slot, claim).or_else(|error| set_aside(what, slot, &error, place))
        }
        (left, _) => left,
    }
}

/// Git cannot tell what the slot holds, for a second driver already: its files are moved where they can be
/// looked at, and the slot is made anew.
fn set_aside(
    what: &Particulars,
    slot: &mut Slot,
    error: &anyhow::Error,
    place: &Path,
) -> Result<Left> {
    let moved = move_aside(slot.worktree.path(), place)?;
    let tip = slot.repo.read(&what.branch)?;
    let mut left = Left::at(tip.filter(|tip| *tip != what.base));
    left.residue.lost = format!("{error:#}; {moved}");
    Ok(left.tidied(what))
}

/// Moves what stands at `from` to `place`, where git no longer takes it for a worktree; in words.
fn move_aside(from: &Path, place: &Path) -> Result<String> {
    git::move_aside(from, place)?;
    Ok(format!("what it holds was moved to `{}`", place.display()))
}

fn examine(what: &Particulars, slot: &mut Slot, claim: &Claim) -> Result<Left> {
    let Slot { repo, worktree, .. } = slot;
    let refused = worktree.bring_in(repo, &what.branch, what.base)?;
    let tip = repo.read(&what.branch)?;
    let mut left = Left::at(tip.filter(|tip| *tip != what.base));
    left.residue.malformed = refused.unwrap_or_default();
    // What cannot be read is kept as far as its files are still there.
    let (soundness, torn) = set_torn_aside(what, repo, tip)?;
    if torn.is_some() {
        left.tip = None;
    }
    let tip = tip.filter(|_| soundness == Some(Soundness::Whole));
    left.residue.torn = torn.map_or_else(String::new, |torn| torn.to_string());
    if let Some(name) = &claim.commit
        && let Named::Commit(named) = repo.find(name)
        && torn != Some(named)
    {
        left.strays.push(named);
    }
    left.strays.extend(worktree.visited(repo, what.base, tip));
    let at = tip.unwrap_or(what.base);
    left.residue.escaped = escaped(what, repo, worktree, left.tip);
    if let Err(lost) = worktree.verify() {
        left.residue.lost = lost;
        // Its files may still be there although git can no longer be asked in the usual way.
        let found = slot.worktree.path().symlink_metadata();
        if found.is_ok_and(|found| found.is_dir()) {
            slot.worktree.mend(&slot.repo)?;
            left.salvage = salvage(what, slot, at, &[])?;
        }
        return Ok(left.tidied(what));
    }
    match worktree.head(repo) {
        Ok(head) => {
            left.strays
                .extend(head.commit.filter(|head| torn != Some(*head)));
            if head.branch.as_deref() != Some(what.branch.as_str()) {
                left.residue.head = head.branch.unwrap_or_else(|| "a detached HEAD".to_owned());
            }
        }
        Err(_) => {
            left.residue.head = "nothing that git understands".to_owned();
            worktree.reattach(&what.branch)?;
        }
    }
    if soundness.is_some() && tip.is_none() {
        // Git would look at what its HEAD names before it looks at the files.
        worktree.rest_on(at)?;
    }
    left.residue.in_progress = worktree.in_progress().unwrap_or_default().to_owned();
    let dirty = worktree.dirty(repo, at)?;
    let mut links = worktree
        .loose_links(repo, what.base, at)
        .unwrap_or_default();
    links.retain(|link| !dirty.links.contains(link));
    let named = links.iter().map(|link| format!("{link}/"));
    left.residue.dirty_count = dirty.count + links.len();
    left.residue.dirty = dirty.paths.iter().cloned().chain(named).collect();
    links.extend(dirty.links.iter().cloned());
    if !links.is_empty() {
        left.salvage = salvage(what, slot, at, &links)?;
    } else if dirty.is_clean() && tip.is_some_and(|tip| is_our_commit(what, slot, tip)) {
        left.committed_by_tool = true;
    } else if commits_for_executor(what, claim, &left) {
        commit_for_executor(what, slot, &mut left, at)?;
    } else if !dirty.is_clean() {
        left.salvage = salvage(what, slot, at, &[])?;
    }
    Ok(left.tidied(what))
}

/// What can be read of `tip`, and `tip` itself if it is not there or objects of it end too early: those are moved where
/// nobody reads them, for that is what nobody comes back from.
fn set_torn_aside(
    what: &Particulars,
    repo: &Repo,
    tip: Option<Oid>,
) -> Result<(Option<Soundness>, Option<Oid>)> {
    let Some(tip) = tip else {
        return Ok((None, None));
    };
    let mut torn = None;
    loop {
        match repo.soundness(tip, what.base)? {
            Soundness::Torn(object) => {
                repo.move_torn(object, &layout::torn_dir(repo.common_dir()))?;
                torn = Some(tip);
            }
            soundness => {
                // A branch may name what never reached the disk.
                let missing = (!repo.is_commit(tip)).then_some(tip);
                return Ok((Some(soundness), torn.or(missing)));
            }
        }
    }
}

/// The branch that the user has checked out, when it names a commit that this attempt made: nobody but its
/// executor can have moved it there.
fn escaped(what: &Particulars, repo: &Repo, worktree: &Worktree, tip: Option<Oid>) -> String {
    let Ok(head) = repo.head() else {
        return String::new();
    };
    let made = worktree.visited(repo, what.base, None);
    let is_ours = |commit: Oid| tip == Some(commit) || made.contains(&commit);
    match (head.branch, head.commit) {
        (Some(branch), Some(commit)) if branch != what.branch && is_ours(commit) => branch,
        _ => String::new(),
    }
}

/// A commit on `at` that holds what is not committed; `None` when nothing differs.
fn salvage(what: &Particulars, slot: &mut Slot, at: Oid, links: &[String]) -> Result<Option<Oid>> {
    let subject = format!(
        "{}: left uncommitted by attempt {}",
        what.task.id, what.attempt
    );
    let text = trailed(what, &subject);
    let message = Message {
        text: &text,
        author: &what.author,
        time: now(),
    };
    slot.worktree.salvage(&slot.repo, at, links, message)
}

/// With `tool`, always; with `auto`, when a good claim left something; for an empty result, when it may be.
fn commits_for_executor(what: &Particulars, claim: &Claim, left: &Left) -> bool {
    let is_good = claim.status == ClaimStatus::Done
        && left.residue.in_progress.is_empty()
        && left.residue.head.is_empty();
    let is_dirty = left.residue.dirty_count > 0;
    let may = what.commit != CommitMode::Executor;
    is_good && ((may && is_dirty) || (what.task.allow_empty && left.tip.is_none() && !is_dirty))
}

/// Whether a driver that died committed `tip` for the executor before it could say so.
fn is_our_commit(what: &Particulars, slot: &Slot, tip: Oid) -> bool {
    let may = what.commit != CommitMode::Executor || what.task.allow_empty;
    may && slot
        .repo
        .commit(tip)
        .is_ok_and(|commit| commit.message == message_for_executor(what))
}

/// What a commit says that we make of what the executor left.
fn message_for_executor(what: &Particulars) -> String {
    trailed(what, &format!("{}: {}", what.task.id, what.task.title))
}

fn commit_for_executor(
    what: &Particulars,
    slot: &mut Slot,
    left: &mut Left,
    at: Oid,
) -> Result<()> {
    let text = message_for_executor(what);
    let time = now();
    let message = Message {
        text: &text,
        author: &what.author,
        time,
    };
    let made = if left.residue.dirty_count > 0 {
        slot.worktree
            .commit_all(&slot.repo, &what.branch, at, message)?
    } else {
        let is_settled = slot.worktree.is_settled(&slot.repo);
        let tree = slot.repo.tree_of(at)?;
        let commit = NewCommit {
            tree,
            parents: &[at],
            message: &text,
            author: &what.author,
            time,
        };
        let made = slot.repo.write_commit(&commit)?;
        let moved = slot
            .repo
            .move_to(&what.branch, made, Expected::At(at), "git enact: commit")?;
        crash::step("tool-committed");
        // The same files: a worktree that was clean at the one is clean at the other.
        if moved.is_ok() && is_settled {
            slot.worktree.settle_at(made);
        }
        moved.is_ok().then_some(made)
    };
    if let Some(made) = made {
        left.tip = Some(made);
        left.committed_by_tool = true;
        left.residue.dirty_count = 0;
        left.residue.dirty.clear();
    }
    Ok(())
}

impl Left {
    /// Nothing but a task branch that moved to `tip`.
    fn at(tip: Option<Oid>) -> Self {
        Self {
            tip,
            salvage: None,
            strays: Vec::new(),
            residue: Residue::default(),
            committed_by_tool: false,
        }
    }

    /// Without the strays that are pinned anyway.
    fn tidied(mut self, what: &Particulars) -> Self {
        let pinned = [Some(what.base), self.tip, self.salvage];
        self.strays.retain(|stray| !pinned.contains(&Some(*stray)));
        self.strays.sort();
        self.strays.dedup();
        self
    }
}

/// A commit message with the trailers that say where it belongs.
fn trailed(what: &Particulars, subject: &str) -> String {
    let subject = crate::journal::codec::subject_text(subject);
    format!(
        "{subject}\n\nRun: {}\nTask: {}\nAttempt: {}\n",
        what.run, what.task.id, what.attempt
    )
}

fn now() -> i64 {
    crate::journal::Clock::from_env().map_or(0, |mut clock| clock.now())
}
