//! Whether everything that a commit needs is there.
//!
//! An executor can name a commit whose objects were pruned, damaged, or never written. Git would notice at
//! the first checkout; we notice before the commit is believed.

use std::collections::HashSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use git2::{ObjectType, Oid, Tree};

use super::{Repo, mode};

/// What can be read of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Soundness {
    /// All of it.
    Whole,
    /// Something is not there, or is what git would not lay out.
    Incomplete,
    /// This object ends too early, and must not be read.
    Torn(Oid),
}

impl Repo {
    /// Whether every commit, tree and blob that `tip` reaches can be read, taking for granted what `base` has.
    pub fn is_whole(&self, tip: Oid, base: Oid) -> Result<bool> {
        Ok(self.soundness(tip, base)? == Soundness::Whole)
    }

    /// What can be read of `tip`, taking for granted what `base` has.
    pub fn soundness(&self, tip: Oid, base: Oid) -> Result<Soundness> {
        if let Some(torn) = self.torn_commit(tip, base) {
            return Ok(Soundness::Torn(torn));
        }
        let mut walk = Walk {
            repo: self,
            odb: self.raw().odb()?,
            seen: HashSet::new(),
            torn: None,
        };
        let base_tree = self.tree_of(base)?;
        let commits = self.commits_between(base, tip);
        let is_whole = commits.is_ok_and(|commits| {
            commits.into_iter().all(|commit| {
                if !walk.is_sound_commit(commit) {
                    return false;
                }
                let tree = self.commit_at(commit).map(|commit| commit.tree_id());
                tree.is_ok_and(|tree| walk.tree(tree, Some(base_tree)))
            })
        });
        Ok(match (is_whole, walk.torn) {
            (true, _) => Soundness::Whole,
            (false, Some(torn)) => Soundness::Torn(torn),
            (false, None) => Soundness::Incomplete,
        })
    }
}

impl Repo {
    /// A commit from `tip` down to `base` whose file ends too early: nothing else may read it before this was
    /// asked. What lies in packs was checked when it got there.
    fn torn_commit(&self, tip: Oid, base: Oid) -> Option<Oid> {
        let mut seen = HashSet::from([base]);
        let mut open = vec![tip];
        while let Some(commit) = open.pop() {
            let file = self.loose_file(commit);
            if !seen.insert(commit) || !file.exists() {
                continue;
            }
            if is_torn(&file) {
                return Some(commit);
            }
            if let Ok(commit) = self.raw().find_commit(commit) {
                open.extend(commit.parent_ids());
            }
        }
        None
    }

    /// Moves the file of an object that ends too early into `dir`, where nobody looks for objects: then it is merely
    /// missing, and can be written again or fetched.
    pub fn move_torn(&self, oid: Oid, dir: &Path) -> Result<()> {
        let place = dir.join(oid.to_string());
        std::fs::create_dir_all(dir)
            .and_then(|()| std::fs::rename(self.loose_file(oid), &place))
            .with_context(|| {
                format!(
                    "the damaged object cannot be moved to `{}`",
                    place.display()
                )
            })
    }

    /// Where objects are.
    pub(in crate::git) fn objects(&self) -> PathBuf {
        self.common_dir().join("objects")
    }

    /// Where an object is as long as it is in no pack.
    pub(in crate::git) fn loose_file(&self, oid: Oid) -> PathBuf {
        let hex = oid.to_string();
        let (dir, name) = hex.split_at(2);
        self.objects().join(dir).join(name)
    }

    /// Whether an object is known and has no file of its own: git takes it for written, whatever became of the pack.
    pub fn is_packed(&self, oid: Oid) -> bool {
        let is_known = self.raw().odb().is_ok_and(|odb| odb.exists(oid));
        is_known && !self.loose_file(oid).exists()
    }

    /// Refuses what nobody comes back from reading.
    pub(in crate::git) fn refuse_torn(&self, oid: Oid) -> Result<()> {
        ensure!(
            !self.is_torn(oid),
            "object {oid} ends too early: `git enact doctor` says what helps"
        );
        Ok(())
    }

    /// A commit to read.
    pub(in crate::git) fn commit_at(&self, oid: Oid) -> Result<git2::Commit<'_>> {
        self.refuse_torn(oid)?;
        Ok(self.raw().find_commit(oid)?)
    }

    /// A tree to read.
    pub(in crate::git) fn tree_at(&self, oid: Oid) -> Result<Tree<'_>> {
        self.refuse_torn(oid)?;
        Ok(self.raw().find_tree(oid)?)
    }

    pub(in crate::git) fn is_torn(&self, oid: Oid) -> bool {
        is_torn(&self.loose_file(oid))
    }

    /// Whether the file of an object holds none, to whoever reads it.
    pub(in crate::git) fn is_broken(&self, oid: Oid) -> bool {
        reading(&self.loose_file(oid)) != Reading::Well
    }

    /// Whether the file of an object whose name begins so ends too early.
    pub(in crate::git) fn has_torn_file(&self, name: &str) -> bool {
        let (dir, rest) = name.split_at(2);
        let dir = self.objects().join(dir);
        let files = std::fs::read_dir(dir).into_iter().flatten().flatten();
        let mut meant = files.filter(|file| file.file_name().to_string_lossy().starts_with(rest));
        meant.any(|file| is_torn(&file.path()))
    }

    /// Refuses a commit one of whose files is not what its name says. Git believes the name when it lays out files, so
    /// whoever may write objects could put another content there; in a pack it would break more than that.
    pub fn refuse_forged(&self, commit: Oid) -> Result<()> {
        // What this handle has read before would be taken from memory.
        let repo = self.reopen()?;
        let odb = repo.raw().odb()?;
        let mut open = vec![(String::new(), repo.tree_of(commit)?)];
        while let Some((above, tree)) = open.pop() {
            for entry in &repo.tree_at(tree)? {
                let path = format!("{above}{}", String::from_utf8_lossy(entry.name_bytes()));
                match entry.kind() {
                    Some(ObjectType::Tree) => open.push((format!("{path}/"), entry.id())),
                    Some(ObjectType::Commit) => {}
                    _ if !repo.loose_file(entry.id()).exists() => {}
                    _ => ensure!(
                        odb.read(entry.id()).is_ok(),
                        "`{path}` is not in the repository as commit {commit} has it: object {} was written over; \
                         `git enact doctor` says what helps",
                        entry.id()
                    ),
                }
            }
        }
        Ok(())
    }

    /// What cannot be read at or below `tree`, with its path; what `seen` has is not looked at again.
    pub fn unreadable(&self, tree: Oid, seen: &mut HashSet<Oid>) -> Result<Vec<(String, Oid)>> {
        let odb = self.raw().odb()?;
        let mut found = Vec::new();
        let mut open = vec![(String::new(), tree)];
        while let Some((path, tree)) = open.pop() {
            if !seen.insert(tree) {
                continue;
            }
            let Ok(entries) = self.tree_at(tree) else {
                found.push((path, tree));
                continue;
            };
            for entry in &entries {
                let name = String::from_utf8_lossy(entry.name_bytes()).into_owned();
                let path = match path.as_str() {
                    "" => name,
                    above => format!("{above}/{name}"),
                };
                match entry.kind() {
                    Some(ObjectType::Tree) => open.push((path, entry.id())),
                    Some(ObjectType::Commit) => {}
                    _ if !seen.insert(entry.id()) || odb.read(entry.id()).is_ok() => {}
                    _ => found.push((path, entry.id())),
                }
            }
        }
        Ok(found)
    }
}

/// How what is kept in the file of an object begins.
const KINDS: [&[u8]; 4] = [b"blob ", b"tree ", b"commit ", b"tag "];

struct Walk<'a> {
    repo: &'a Repo,
    odb: git2::Odb<'a>,
    seen: HashSet<Oid>,
    /// What was met that ends too early.
    torn: Option<Oid>,
}

/// How much of an object's file is looked at in one go, in bytes.
const PIECE: usize = 16 << 10;

/// The largest file that is read to be sure of it, in bytes; of a larger one, the beginning is.
const READ_MAX: usize = 64 << 20;

impl Walk<'_> {
    fn is_torn(&mut self, oid: Oid) -> bool {
        let is_torn = self.repo.is_torn(oid);
        self.torn = self.torn.or(is_torn.then_some(oid));
        is_torn
    }

    /// Whether git takes the commit: a message with a NUL in it is shown cut off, and refused by whoever fetches it.
    fn is_sound_commit(&self, commit: Oid) -> bool {
        let read = self.odb.read(commit);
        read.is_ok_and(|object| !object.data().contains(&0))
    }

    /// Whether an object is there, and is what its name says.
    fn can_be_read(&mut self, blob: Oid) -> bool {
        if self.is_torn(blob) {
            return false;
        }
        match self.odb.read_header(blob) {
            Ok((size, _)) if size <= READ_MAX => self.odb.read(blob).is_ok(),
            Ok(_) => true,
            Err(_) => false,
        }
    }

    /// Whether all below `tree` exists; a subtree that `known` has at the same place is taken for granted.
    fn tree(&mut self, tree: Oid, known: Option<Oid>) -> bool {
        if Some(tree) == known || !self.seen.insert(tree) {
            return true;
        }
        if self.is_torn(tree) {
            return false;
        }
        let repo = self.repo;
        let Ok(found) = repo.raw().find_tree(tree) else {
            return false;
        };
        let known = known.and_then(|known| repo.tree_at(known).ok());
        if !has_sound_names(&found) {
            return false;
        }
        found.iter().all(|entry| {
            let before = known
                .as_ref()
                .and_then(|known| known.get_name_bytes(entry.name_bytes()));
            match entry.kind() {
                Some(ObjectType::Tree) => {
                    let before = before.filter(|before| before.filemode() == mode::TREE);
                    self.tree(entry.id(), before.map(|before| before.id()))
                }
                // A submodule's commit lives in the submodule.
                Some(ObjectType::Commit) => true,
                _ => {
                    before.is_some_and(|before| before.id() == entry.id())
                        || !self.seen.insert(entry.id())
                        || self.can_be_read(entry.id())
                }
            }
        })
    }
}

/// Whether git would lay a tree out: no name leads elsewhere or into a repository's own directory, none comes
/// twice, and each is of a kind that git has.
fn has_sound_names(tree: &Tree<'_>) -> bool {
    let mut seen = HashSet::new();
    tree.iter().all(|entry| {
        let is_kind = matches!(
            entry.filemode_raw(),
            0o040000 | 0o100644 | 0o100664 | 0o100755 | 0o120000 | 0o160000
        );
        is_kind && is_sound_name(entry.name_bytes()) && seen.insert(entry.name_bytes().to_vec())
    })
}

/// The names by which some file systems know `.git` are none for anything else.
fn is_sound_name(name: &[u8]) -> bool {
    let text = String::from_utf8_lossy(name).to_lowercase();
    // What HFS+ does not see in a name, and what NTFS does not see at its end.
    let is_unseen = |c: char| matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}');
    let seen: String = text.chars().filter(|c| !is_unseen(*c)).collect();
    let plain = seen.trim_end_matches(['.', ' ']);
    let is_other = !matches!(plain, ".git" | "git~1") && !seen.starts_with(".git:");
    is_other && !matches!(name, b"" | b"." | b"..") && !name.contains(&b'/')
}

fn is_torn(file: &Path) -> bool {
    reading(file) == Reading::Endless
}

/// What becomes of whoever reads the file of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Nothing is wrong, as far as can be told without its name; or there is no such file.
    Well,
    /// It ends too early: libgit2 never comes back from reading some of those.
    Endless,
    /// It holds no object.
    Refused,
}

/// What becomes of whoever reads `file`, which a power cut or an executor may have left. Also where all is there but
/// the checksum libgit2 never comes back, which is why the end itself is asked for.
fn reading(file: &Path) -> Reading {
    let Ok(mut file) = std::fs::File::open(file) else {
        return Reading::Well;
    };
    let mut stream = flate2::Decompress::new(true);
    let (mut packed, mut content) = ([0; PIECE], [0; PIECE]);
    let mut left: Vec<u8> = Vec::new();
    let mut is_object = true;
    loop {
        let Ok(length) = file.read(&mut packed) else {
            return Reading::Well;
        };
        left.extend(&packed[..length]);
        // Little may hold much: what was taken in is not yet all given out.
        loop {
            let (taken, given) = (stream.total_in(), stream.total_out());
            let status = stream.decompress(&left, &mut content, flate2::FlushDecompress::None);
            if given == 0 && stream.total_out() > 0 {
                is_object = KINDS.iter().any(|kind| content.starts_with(kind));
            }
            match status {
                Ok(flate2::Status::StreamEnd) if is_object => return Reading::Well,
                Ok(flate2::Status::StreamEnd) | Err(_) => return Reading::Refused,
                Ok(_) => {}
            }
            let taken = usize::try_from(stream.total_in() - taken).unwrap_or(left.len());
            left.drain(..taken);
            if taken == 0 && stream.total_out() == given {
                break;
            }
        }
        if length == 0 {
            return Reading::Endless;
        }
    }
}
