//! The file in which git keeps many refs at once: whether all of it can be read, and found again.
//!
//! Knows how its lines look, and not what the refs are for.

use super::Repo;

/// What keeps refs in `packed-refs` from being read; lines count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackedDamage {
    /// This line is none: with one of those, git and libgit2 read no ref at all, or not the same ones.
    Line(usize),
    /// The ref in this line belongs before the one above it, though the file says that it is sorted: who looks for a
    /// ref halves the file, and does not find all that stand in it.
    Order(usize),
}

impl Repo {
    /// The first damage of `packed-refs`; a line that is none is the worst.
    pub fn damaged_packed_refs(&self) -> Option<PackedDamage> {
        let bytes = std::fs::read(self.common_dir().join("packed-refs")).ok()?;
        let lines = || bytes.split_inclusive(|byte| *byte == b'\n');
        let first_bad = lines().position(|line| !self.is_packed_ref(line));
        if let Some(before) = first_bad {
            return Some(PackedDamage::Line(before + 1));
        }
        let header = lines().next().filter(|line| line.starts_with(b"#"))?;
        let mut traits = header.split(u8::is_ascii_whitespace);
        traits.find(|one| *one == b"sorted")?;
        let named = (1..).zip(lines()).filter_map(|(number, line)| {
            let at = line.iter().position(|byte| *byte == b' ')?;
            (!line.starts_with(b"#")).then(|| (number, line[at..].trim_ascii()))
        });
        let mut last: &[u8] = b"";
        for (number, name) in named {
            if name <= last {
                return Some(PackedDamage::Order(number));
            }
            last = name;
        }
        None
    }

    fn is_packed_ref(&self, line: &[u8]) -> bool {
        let Some(text) = line.strip_suffix(b"\n") else {
            return false;
        };
        // The names of refs need not be text; what stands before them is.
        let Ok(text) = std::str::from_utf8(text) else {
            let before = text.split(|byte| *byte == b' ').next();
            let object = before.and_then(|before| std::str::from_utf8(before).ok());
            return object.is_some_and(|object| self.oid(object).is_ok());
        };
        if let Some(peeled) = text.strip_prefix('^') {
            return self.oid(peeled).is_ok();
        }
        let is_header = text.starts_with("# pack-refs with:");
        let named = text.split_once(' ');
        is_header
            || named.is_some_and(|(oid, name)| {
                self.oid(oid).is_ok() && git2::Reference::is_valid_name(name)
            })
    }
}
