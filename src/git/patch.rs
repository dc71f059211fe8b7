//! An index changed as bytes: a few entries of many, and the rest not even looked into.
//!
//! The private index is brought to another tree more than once a task. With 50,000 entries, to read it into memory
//! and write it again takes libgit2 60 ms and `git update-index` 30, about as long as git needs for the status;
//! here it takes 6, half of them for the checksum. So the entries that differ are replaced, and everything else
//! is copied as it stands. To keep the names of cached trees is worth its lines as well: without them, each
//! `git status` and `git commit` in the worktree takes 15 ms more.
//!
//! The format is git's own (gitformat-index), version 2 or 3; of any other shape nothing is made, and libgit2
//! reads and writes it all.

use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use super::Change;

/// What precedes the entries: signature, version, count.
const HEADER: usize = 12;
/// The stat data of an entry, whose place its mode has within.
const STAT: usize = 40;
const MODE: std::ops::Range<usize> = 24..28;
/// Of an entry's flags, the length of its name; this long or longer, it must be measured.
const NAME_MAX: usize = 0xFFF;

/// `index` with `changes` made, `hash` being the length of an object's name. The new entries have no stat
/// data, so that git looks into their files. `None` when the index has an unusual shape, or is not what the
/// changes start from.
pub(super) fn patched(index: &[u8], changes: &[Change], hash: usize) -> Option<Vec<u8>> {
    let mut changes: Vec<&Change> = changes.iter().collect();
    changes.sort_by(|a, b| a.raw.cmp(&b.raw));
    // All but the checksum.
    let index = &index[..index.len().checked_sub(hash)?];
    let version = number(index, 4)?;
    if index.get(..4)? != b"DIRC" || !(2..=3).contains(&version) {
        return None;
    }
    let mut patched = Patched {
        bytes: Vec::with_capacity(index.len() + 4096),
        count: 0,
        hash,
    };
    patched.bytes.extend_from_slice(&index[..HEADER]);
    let mut coming = changes.iter().copied().peekable();
    let mut at = HEADER;
    for _ in 0..number(index, 8)? {
        let (path, end) = entry(index, at, hash)?;
        while let Some(change) = coming.next_if(|change| change.raw.as_slice() < path) {
            patched.add(change, false)?;
        }
        match coming.next_if(|change| change.raw == path) {
            Some(change) => patched.add(change, true)?,
            None => patched.keep(&index[at..end]),
        }
        at = end;
    }
    for change in coming {
        patched.add(change, false)?;
    }
    while at < index.len() {
        let name = index.get(at..at + 4)?;
        let size = usize::try_from(number(index, at + 4)?).ok()?;
        let body = index.get(at + 8..at + 8 + size)?;
        match name {
            b"TREE" => patched.trees(body, &changes),
            // What is optional begins with a capital, and is a cache or a hint that no longer holds.
            [b'A'..=b'Z', ..] => {}
            _ => return None,
        }
        at += 8 + size;
    }
    Some(patched.finish())
}

/// The path of the entry at `at`, and where the next one begins.
fn entry(index: &[u8], at: usize, hash: usize) -> Option<(&[u8], usize)> {
    let flags_at = at + STAT + hash;
    let flags = u16::from_be_bytes(index.get(flags_at..flags_at + 2)?.try_into().ok()?);
    // Trusted blindly, extended or of an unfinished merge: none of that is ours.
    if flags & 0xF000 != 0 {
        return None;
    }
    let name = flags_at + 2;
    let length = match usize::from(flags) & NAME_MAX {
        NAME_MAX => index[name..].iter().position(|byte| *byte == 0)?,
        length => length,
    };
    let end = at + padded(name - at + length);
    Some((index.get(name..name + length)?, end)).filter(|_| end <= index.len())
}

/// An entry ends with one to eight zeros.
fn padded(length: usize) -> usize {
    (length + 8) & !7
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_be_bytes(four))
}

struct Patched {
    bytes: Vec<u8>,
    count: u32,
    hash: usize,
}

impl Patched {
    fn keep(&mut self, entry: &[u8]) {
        self.bytes.extend_from_slice(entry);
        self.count += 1;
    }

    /// Makes one change, where an entry of its path `is_there` or not.
    fn add(&mut self, change: &Change, is_there: bool) -> Option<()> {
        if change.old.is_some() != is_there {
            return None;
        }
        let Some((mode, oid)) = change.new else {
            return Some(());
        };
        let start = self.bytes.len();
        let mut stat = [0; STAT];
        stat[MODE].copy_from_slice(&u32::try_from(mode).ok()?.to_be_bytes());
        self.bytes.extend_from_slice(&stat);
        self.bytes
            .extend_from_slice(oid.as_bytes().get(..self.hash)?);
        let length = u16::try_from(change.raw.len().min(NAME_MAX)).ok()?;
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(&change.raw);
        let length = padded(self.bytes.len() - start);
        self.bytes.resize(start + length, 0);
        self.count += 1;
        Some(())
    }

    /// Keeps the names of the trees that did not change, which spare git the reading of them. Trees that
    /// cannot be understood are left out.
    fn trees(&mut self, body: &[u8], changes: &[&Change]) {
        let mut trees = Trees {
            body,
            at: 0,
            kept: Vec::with_capacity(body.len()),
            hash: self.hash,
            changes,
        };
        if trees.node(&mut Vec::new(), true).is_some()
            && let Ok(size) = u32::try_from(trees.kept.len())
        {
            self.bytes.extend_from_slice(b"TREE");
            self.bytes.extend_from_slice(&size.to_be_bytes());
            self.bytes.extend_from_slice(&trees.kept);
        }
    }

    /// Ends with the checksum. Git can do without, but the worktree gets a copy, and what an executor or a check
    /// reads that with need not: libgit2 cannot before 1.8.
    fn finish(mut self) -> Vec<u8> {
        self.bytes[8..HEADER].copy_from_slice(&self.count.to_be_bytes());
        let checksum = match self.hash {
            20 => Sha1::digest(&self.bytes).to_vec(),
            _ => Sha256::digest(&self.bytes).to_vec(),
        };
        self.bytes.extend(checksum);
        self.bytes
    }
}

/// The cached trees: each a name, how many entries it covers (-1: unknown), how many trees are in it, and
/// its object, followed by the trees in it.
struct Trees<'a> {
    body: &'a [u8],
    at: usize,
    kept: Vec<u8>,
    hash: usize,
    changes: &'a [&'a Change],
}

impl Trees<'_> {
    /// Takes over one tree and those in it; `prefix` is the path of the tree around it.
    fn node(&mut self, prefix: &mut Vec<u8>, is_root: bool) -> Option<()> {
        let name = self.until(0)?;
        let covers = self.until(b' ')?;
        let inside = self.until(b'\n')?;
        let is_known = !covers.starts_with(b"-");
        let object = self.at..self.at + if is_known { self.hash } else { 0 };
        let object = self.body.get(object)?;
        self.at += object.len();
        let outside = prefix.len();
        prefix.extend_from_slice(name);
        if !is_root {
            // A file may stand where the tree stood.
            let path = prefix.as_slice();
            let found = self
                .changes
                .binary_search_by(|it| it.raw.as_slice().cmp(path));
            if found.is_ok() {
                return None;
            }
            prefix.push(b'/');
        }
        let first = self.changes.partition_point(|change| change.raw < *prefix);
        let has_changed = (self.changes.get(first)).is_some_and(|it| it.raw.starts_with(prefix));
        self.kept.extend_from_slice(name);
        self.kept.push(0);
        self.kept
            .extend_from_slice(if has_changed { b"-1" } else { covers });
        self.kept.push(b' ');
        self.kept.extend_from_slice(inside);
        self.kept.push(b'\n');
        if !has_changed {
            self.kept.extend_from_slice(object);
        }
        for _ in 0..std::str::from_utf8(inside).ok()?.parse::<usize>().ok()? {
            self.node(prefix, false)?;
        }
        prefix.truncate(outside);
        Some(())
    }
}

impl<'a> Trees<'a> {
    /// What comes before the next `end`, which is passed over.
    fn until(&mut self, end: u8) -> Option<&'a [u8]> {
        let rest = self.body.get(self.at..)?;
        let length = rest.iter().position(|byte| *byte == end)?;
        self.at += length + 1;
        Some(&rest[..length])
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::patched;
    use crate::git::{Entry, Oid, Repo};

    /// A tree of some of twelve files in three directories, chosen and filled by the bits of `seed`.
    fn tree(repo: &Repo, seed: u64) -> Oid {
        let bit = |n: u64| seed >> n & 1 == 1;
        let file = |n: u64| {
            let text = if bit(n + 12) { "one\n" } else { "other\n" };
            Entry::file(format!("f{n}"), repo.write_blob(text.as_bytes()).unwrap())
        };
        let some = |range: std::ops::Range<u64>| -> Vec<Entry> {
            range.filter(|n| bit(*n)).map(file).collect()
        };
        // An index knows no empty directories.
        let inner = [some(0..4), vec![file(12)]].concat();
        let inner = repo.write_tree(&inner).unwrap();
        let mut middle = [some(4..8), vec![file(13)]].concat();
        if bit(24) {
            middle.push(Entry::tree("inner", inner));
        }
        let middle = repo.write_tree(&middle).unwrap();
        let mut outer = some(8..12);
        match (bit(25), bit(26)) {
            (true, false) => outer.push(Entry::tree("middle", middle)),
            // A file where a directory was.
            (true, true) => outer.push(Entry::file("middle", repo.write_blob(b"x").unwrap())),
            _ => outer.push(Entry::tree("middle.d", middle)),
        }
        repo.write_tree(&outer).unwrap()
    }

    #[test]
    fn a_patched_index_is_the_index_of_the_other_tree() {
        let dir = tempfile::tempdir().unwrap();
        git2::Repository::init(dir.path()).unwrap();
        let repo = Repo::discover(dir.path()).unwrap();
        let path = dir.path().join("an-index");
        let format = git2::ObjectFormat::Sha1;
        let (mut seed, mut made) = (1_u64, 0);
        for _ in 0..300 {
            let mut next = || {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                seed >> 20
            };
            let (before, after) = (tree(&repo, next()), tree(&repo, next()));
            let _ = std::fs::remove_file(&path);
            let mut index = git2::Index::open_ext(&path, format).unwrap();
            index.read_tree(&repo.tree_at(before).unwrap()).unwrap();
            index.write().unwrap();
            let changes = repo.changed(before, after).unwrap();
            let bytes = std::fs::read(&path).unwrap();
            assert_eq!(patched(&bytes, &[], 20).as_ref(), Some(&bytes));
            let bytes = patched(&bytes, &changes, 20).unwrap();
            std::fs::write(&path, &bytes).unwrap();
            let mut index = git2::Index::open_ext(&path, format).unwrap();
            assert_eq!(index.write_tree_to(repo.raw()).unwrap(), after);
            let is_in_place = changes
                .iter()
                .all(|it| it.old.is_some() && it.new.is_some());
            let again = patched(&bytes, &changes, 20);
            assert_eq!(
                again.is_some(),
                is_in_place,
                "what is there cannot come again"
            );
            made += changes.len();
        }
        assert!(made > 1000, "trees that differ were compared");
    }

    #[test]
    fn what_is_no_index_of_a_usual_shape_is_left_alone() {
        assert_eq!(patched(b"", &[], 20), None);
        assert_eq!(patched(b"DIRC\0\0\0\x04\0\0\0\0", &[], 20), None);
        let mut truncated = b"DIRC\0\0\0\x02\0\0\0\x01".to_vec();
        truncated.resize(60, 0);
        assert_eq!(patched(&truncated, &[], 20), None);
    }
}
