//! Output in bounded space: the beginning goes to its file at once, the end is kept in a ring and follows
//! when the process has ended, what lies between is counted and dropped. Bytes are not looked at.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::{Captured, absent};

pub(super) struct Capture {
    path: PathBuf,
    /// Made with the first byte: many an executor says nothing.
    file: Option<File>,
    head_left: u64,
    head: u64,
    ring: Vec<u8>,
    ring_max: usize,
    /// Where the oldest byte stands once the ring is full.
    oldest: usize,
    dropped: u64,
}

impl Capture {
    pub(super) fn new(path: &Path, head: u64, tail: u64) -> io::Result<Self> {
        // What an earlier process printed under this name is not what this one does.
        absent(fs::remove_file(path))?;
        Ok(Self {
            path: path.into(),
            file: None,
            head_left: head,
            head: 0,
            ring: Vec::new(),
            ring_max: usize::try_from(tail).unwrap_or(usize::MAX),
            oldest: 0,
            dropped: 0,
        })
    }

    /// A full disk costs output and not the attempt: what cannot be written counts as dropped.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let split = bytes
            .len()
            .min(usize::try_from(self.head_left).unwrap_or(usize::MAX));
        let (head, rest) = bytes.split_at(split);
        if !head.is_empty() {
            self.head_left -= head.len() as u64;
            match self.write(head) {
                Ok(()) => self.head += head.len() as u64,
                Err(_) => self.dropped += head.len() as u64,
            }
        }
        self.add_to_ring(rest);
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        if self.file.is_none() {
            self.file = Some(File::create(&self.path)?);
        }
        self.file
            .as_mut()
            .map_or(Ok(()), |file| file.write_all(bytes))
    }

    fn add_to_ring(&mut self, mut bytes: &[u8]) {
        let room = self.ring_max - self.ring.len();
        let (fits, over) = bytes.split_at(bytes.len().min(room));
        self.ring.extend_from_slice(fits);
        bytes = over;
        self.dropped += bytes.len() as u64;
        if bytes.len() > self.ring_max {
            bytes = &bytes[bytes.len() - self.ring_max..];
        }
        while !bytes.is_empty() {
            let span = bytes.len().min(self.ring_max - self.oldest);
            let (now, later) = bytes.split_at(span);
            self.ring[self.oldest..self.oldest + span].copy_from_slice(now);
            self.oldest = (self.oldest + span) % self.ring_max;
            bytes = later;
        }
    }

    /// Writes the end behind the beginning.
    pub(super) fn finish(mut self) -> Captured {
        let ring = std::mem::take(&mut self.ring);
        let (newer, older) = ring.split_at(self.oldest);
        for part in [older, newer] {
            if self.write(part).is_err() {
                self.dropped += part.len() as u64;
            }
        }
        Captured {
            path: self.path,
            head: self.head,
            dropped: self.dropped,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::Capture;

    fn kept(head: u64, tail: u64, chunks: &[&[u8]]) -> (String, u64) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("output");
        let mut capture = Capture::new(&path, head, tail).unwrap();
        for chunk in chunks {
            capture.add(chunk);
        }
        let captured = capture.finish();
        let bytes = captured.read().unwrap();
        (String::from_utf8(bytes).unwrap(), captured.dropped)
    }

    #[test]
    fn the_beginning_and_the_end_are_kept_however_the_bytes_arrive() {
        let text: String = ('a'..='z').collect();
        for size in 1..=26 {
            let chunks: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            assert_eq!(
                kept(4, 5, &chunks),
                ("abcdvwxyz".to_owned(), 17),
                "in chunks of {size}"
            );
            assert_eq!(kept(4, 22, &chunks), (text.clone(), 0), "all of it fits");
            assert_eq!(kept(0, 0, &chunks), (String::new(), 26), "nothing is kept");
        }
    }
}
