//! The texts that plans are read from, and the file system as far as plans need it.
//!
//! It only reads. It opens nothing that is not a regular file, reads no more than a cap, and knows no format.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use sha2::{Digest as _, Sha256};

use super::Fault;
use super::suggest::nearest;
use super::text::{BOM, Parsed, Text, with_line_ends};

/// Five times the largest plan that was ever seen, and read within a second.
const BYTES_MAX: u64 = 8 * 1024 * 1024;

/// How many files of a directory are compared with a name that is not there.
const NEIGHBOURS_MAX: usize = 2_000;

/// A text that a plan was read from.
#[derive(Debug, Clone)]
pub struct Source {
    /// As the user named it.
    pub path: PathBuf,
    content: Content,
}

/// What is held of a text.
#[derive(Debug, Clone)]
enum Content {
    /// All of it.
    Whole(Held),
    /// Nothing but the digest of the bytes that were seen first: it is read again by whoever needs it, and must
    /// be the same then.
    Apart(OnceLock<String>),
}

/// A text that is held.
#[derive(Debug, Clone)]
struct Held {
    /// Byte for byte.
    text: String,
    /// The same as it is read, where that is something else: each byte stands where it does in the file.
    lines: Option<String>,
    parsed: Arc<Parsed>,
}

impl Held {
    fn as_read(&self) -> &str {
        self.lines.as_ref().unwrap_or(&self.text)
    }
}

impl Source {
    /// A text that is held.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        let text = text.into();
        let held = Held {
            lines: with_line_ends(&text),
            text,
            parsed: Arc::default(),
        };
        Self {
            path: path.into(),
            content: Content::Whole(held),
        }
    }

    /// The text of a regular file, if it is text.
    pub(super) fn read(path: &Path) -> Result<Self, Fault> {
        Ok(Self::new(path, decode(path, raw(path)?)?))
    }

    /// The text of a regular file, if there is one and it is text; it may be empty.
    pub fn of_file(path: &Path) -> Result<Option<Self>, Fault> {
        if matches!(fs::symlink_metadata(path), Err(error) if error.kind() == ErrorKind::NotFound) {
            return Ok(None);
        }
        Ok(Some(Self::new(path, utf8(path, raw(path)?)?)))
    }

    /// A file of which only the digest is held, once it was read.
    pub(super) fn apart(path: PathBuf) -> Self {
        Self {
            path,
            content: Content::Apart(OnceLock::new()),
        }
    }

    /// The text that is held; empty for one that is read apart.
    pub(super) fn text(&self) -> Text<'_> {
        match &self.content {
            Content::Whole(held) => {
                Text::parsed(&self.path, held.as_read(), Arc::clone(&held.parsed))
            }
            Content::Apart(_) => Text::new(&self.path, ""),
        }
    }

    /// All of it as it is read, now if it is not held.
    pub fn whole(&self) -> Result<Cow<'_, str>, Fault> {
        match &self.content {
            Content::Whole(held) => Ok(Cow::Borrowed(held.as_read())),
            Content::Apart(_) => lines(&self.path, self.bytes()?.into_owned()).map(Cow::Owned),
        }
    }

    /// Its bytes, which are those that were seen first or a fault.
    pub fn bytes(&self) -> Result<Cow<'_, [u8]>, Fault> {
        let seen = match &self.content {
            Content::Whole(held) => return Ok(Cow::Borrowed(held.text.as_bytes())),
            Content::Apart(seen) => seen,
        };
        let bytes = raw(&self.path)?;
        let digest = sha256([&bytes[..]]);
        if *seen.get_or_init(|| digest.clone()) == digest {
            return Ok(Cow::Owned(bytes));
        }
        let message = format!(
            "`{}` was changed while the plan was read",
            self.path.display()
        );
        Err(Fault::error(message).help("try again"))
    }

    /// What tells whether it is the same: its bytes, or their digest.
    fn identity(&self) -> Cow<'_, [u8]> {
        match &self.content {
            Content::Whole(held) => Cow::Borrowed(held.text.as_bytes()),
            Content::Apart(seen) => {
                let digest = seen.get().cloned();
                let digest = digest.or_else(|| self.bytes().ok().map(|bytes| sha256([&*bytes])));
                Cow::Owned(digest.unwrap_or_default().into_bytes())
            }
        }
    }
}

/// The SHA-256 of these parts, one after the other, in hexadecimal digits.
pub(super) fn sha256<'b>(parts: impl IntoIterator<Item = &'b [u8]>) -> String {
    let mut hash = Sha256::new();
    parts.into_iter().for_each(|part| hash.update(part));
    let mut digits = String::with_capacity(64);
    for byte in hash.finalize() {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

/// What a plan's file is called where a journal keeps it: by its place among the plan's files.
pub fn kept_name(place: usize, path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!("{place}-{name}")
}

/// The texts as one byte string that differs whenever a file's name or a byte of it does.
///
/// Directories do not count, so that a plan is the same plan wherever it is read from.
pub fn hash_input(sources: &[Source]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for source in sources {
        let name = source
            .path
            .file_name()
            .unwrap_or_default()
            .as_encoded_bytes();
        for part in [name, &source.identity()] {
            bytes.extend_from_slice(format!("{}:", part.len()).as_bytes());
            bytes.extend_from_slice(part);
            bytes.push(b'\n');
        }
    }
    bytes
}

/// What a plan without a title is about: its directory, or the one above `implementation`.
pub(super) fn feature(path: &Path) -> String {
    let full = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut directories = full.ancestors().skip(1).filter_map(Path::file_name);
    let named = directories.find(|name| !name.eq_ignore_ascii_case("implementation"));
    named.map_or_else(
        || "plan".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// Those of these documents that stand beside a plan, and the plan.
pub(super) fn beside(plan: &Path, names: &[&str]) -> Vec<String> {
    let documents = names.iter().map(|name| plan.with_file_name(name));
    let present = documents.filter(|document| document.exists());
    let all = present.chain([plan.to_path_buf()]);
    all.map(|path| path.display().to_string()).collect()
}

/// The text of a regular file as it is read, if it is text.
pub(super) fn read(path: &Path) -> Result<String, Fault> {
    lines(path, raw(path)?)
}

fn lines(path: &Path, bytes: Vec<u8>) -> Result<String, Fault> {
    decode(path, bytes).map(|text| with_line_ends(&text).unwrap_or(text))
}

/// The bytes of a regular file, if there are not too many.
pub(super) fn raw(path: &Path) -> Result<Vec<u8>, Fault> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    let shown = path.display();
    if metadata.is_dir() {
        return Err(Fault::error(format!("`{shown}` is a directory")));
    }
    if !metadata.is_file() {
        return Err(Fault::error(format!("`{shown}` is not a regular file"))
            .help("nothing is read from a pipe or a device; save it as a file"));
    }
    let mut bytes =
        Vec::with_capacity(usize::try_from(metadata.len().min(BYTES_MAX)).unwrap_or(0) + 1);
    File::open(path)
        .and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(path, &error))?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(Fault::error(format!("`{shown}` is larger than 8 MiB"))
            .help("split the plan; a plan is text that people read"));
    }
    Ok(bytes)
}

pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Fault {
    let shown = named(path);
    match error.kind() {
        ErrorKind::NotFound => Fault::error(format!("`{shown}` does not exist")).help(
            beside_it(path).unwrap_or_else(|| "name a plan file or the directory of a plan".into()),
        ),
        ErrorKind::PermissionDenied => {
            Fault::error(format!("`{shown}` may not be read: permission denied"))
        }
        _ => Fault::error(format!("`{shown}` cannot be read: {error}")),
    }
}

/// A path as a message names it: what is no text of it by its bytes.
fn named(path: &Path) -> Cow<'_, str> {
    match path.to_str() {
        Some(text) => Cow::Borrowed(text),
        None => Cow::Owned(
            path.as_os_str()
                .as_encoded_bytes()
                .escape_ascii()
                .to_string(),
        ),
    }
}

/// The names of what lies in the directory of this path, itself aside, as far as they are text.
pub(super) fn neighbours(path: &Path) -> Vec<String> {
    let directory = path.parent().unwrap_or(path);
    let place = match directory.as_os_str().is_empty() {
        true => Path::new("."),
        false => directory,
    };
    let entries = fs::read_dir(place).into_iter().flatten().flatten();
    entries
        .take(NEIGHBOURS_MAX)
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| Some(name.as_ref()) != path.file_name())
        .collect()
}

/// What lies where somebody looked in vain, under nearly the same name.
fn beside_it(path: &Path) -> Option<String> {
    let directory = path.parent()?;
    let names = neighbours(path);
    let near = nearest(
        path.file_name()?.to_str()?,
        names.iter().map(String::as_str),
    )?;
    Some(format!(
        "did you mean `{}`?",
        directory.join(near).display()
    ))
}

pub(super) fn decode(path: &Path, bytes: Vec<u8>) -> Result<String, Fault> {
    let shown = path.display();
    let text = utf8(path, bytes)?;
    let places = Text::new(path, &text);
    match text.trim_start_matches(BOM) {
        "" => Err(places.error(0..0, format!("`{shown}` is empty"))),
        blank if blank.trim().is_empty() => {
            Err(places.error(0..0, format!("`{shown}` holds nothing but white space")))
        }
        _ => Ok(text),
    }
}

/// Text without a NUL.
fn utf8(path: &Path, bytes: Vec<u8>) -> Result<String, Fault> {
    let shown = path.display();
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Fault::error(format!("`{shown}` is UTF-16 text")).help("save it as UTF-8"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let byte = error.as_bytes()[at];
        let valid = String::from_utf8_lossy(&error.as_bytes()[..at]);
        let message = format!("`{shown}` is not UTF-8: byte 0x{byte:02x} at offset {at}");
        Fault::error(message).at(Text::new(path, &valid).location(at), 1)
    })?;
    match text.find('\0') {
        Some(at) => {
            let message = format!("`{shown}` has a NUL byte at offset {at}");
            Err(Text::new(path, &text).error(at..at + 1, message))
        }
        None => Ok(text),
    }
}

/// Whether a file is called this, in whatever case.
pub(super) fn is_named(path: &Path, name: &str) -> bool {
    path.file_name()
        .is_some_and(|file| file.eq_ignore_ascii_case(name))
}
