//! Loading: from the paths a user named to a plan with its texts, or to faults that say what is wrong.
//!
//! The only part of `plan` that touches the file system, and it only reads. It opens nothing that is not
//! a regular file, reads no more than a cap, and knows no format beyond which reader to ask.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use super::dialect::Reading;
use super::recognize::{self, Found};
use super::text::{BOM, Text};
use super::{Change, Dialect, Fault, Plan, Progress, Selection, fault};

/// More than any plan that a person wrote; less than what hurts.
const BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A text that a plan was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// As the user named it.
    pub path: PathBuf,
    /// All of it, byte for byte.
    pub text: String,
}

impl Source {
    pub(super) fn text(&self) -> Text<'_> {
        Text::new(&self.path, &self.text)
    }
}

/// A plan that could be read.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What the text says.
    pub plan: Plan,
    /// The text.
    pub sources: Vec<Source>,
    /// What was not understood, and does not change the meaning.
    pub warnings: Vec<Fault>,
}

/// Why a plan could not be read.
#[derive(Debug, Clone)]
pub struct Faults {
    /// At least one error; warnings may stand beside it.
    pub faults: Vec<Fault>,
    /// The texts that could be read, to show what is meant.
    pub sources: Vec<Source>,
    /// None when no format was recognized.
    pub dialect: Option<Dialect>,
}

/// Reads the plan that `paths` name: one file, one directory, or the job files of one plan.
pub fn load(paths: &[PathBuf], selection: &Selection) -> Result<Loaded, Faults> {
    let (found, sources) = texts(paths, selection)?;
    let Reading { plan, mut faults } = found.dialect.format().read(&sources);
    faults.extend(found.doubt);
    fault::in_text_order(&mut faults);
    if faults.iter().all(Fault::is_warning) {
        Ok(Loaded {
            plan,
            sources,
            warnings: faults,
        })
    } else {
        Err(Faults {
            faults,
            sources,
            dialect: Some(found.dialect),
        })
    }
}

/// What the files of the plan that `paths` name become when they say `progress`. Files that cannot be read as
/// their format asks are not touched: then there are faults instead.
pub fn written(
    paths: &[PathBuf],
    selection: &Selection,
    progress: &Progress,
) -> Result<Vec<Change>, Faults> {
    let loaded = load(paths, selection)?;
    let format = loaded.plan.dialect.format();
    Ok(format.write(&loaded.sources, progress))
}

/// The subject of a commit that says in the plan's own files how far a run came.
pub fn progress_message(plan: &Plan) -> String {
    plan.dialect.format().progress_message(plan)
}

fn texts(paths: &[PathBuf], selection: &Selection) -> Result<(Found, Vec<Source>), Faults> {
    let found = recognize::recognize(paths, selection)?;
    let mut sources = Vec::new();
    let mut faults = Vec::new();
    for path in &found.files {
        match read(path) {
            Ok(text) => sources.push(Source {
                path: path.clone(),
                text,
            }),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() {
        return Ok((found, sources));
    }
    Err(Faults {
        faults,
        sources,
        dialect: Some(found.dialect),
    })
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
        for part in [name, source.text.as_bytes()] {
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

/// The text of a regular file, if it is text.
pub(super) fn read(path: &Path) -> Result<String, Fault> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    let shown = path.display();
    if metadata.is_dir() {
        return Err(Fault::error(format!("`{shown}` is a directory")));
    }
    if !metadata.is_file() {
        return Err(Fault::error(format!("`{shown}` is not a regular file"))
            .help("a plan is not read from a pipe or a device; save it as a file"));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(path, &error))?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(Fault::error(format!("`{shown}` is larger than 16 MiB"))
            .help("split the plan; a plan is text that people read"));
    }
    decode(path, bytes)
}

pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Fault {
    let shown = path.display();
    match error.kind() {
        ErrorKind::NotFound => Fault::error(format!("`{shown}` does not exist"))
            .help("name a plan file or the directory of a plan"),
        ErrorKind::PermissionDenied => {
            Fault::error(format!("`{shown}` may not be read: permission denied"))
        }
        _ => Fault::error(format!("`{shown}` cannot be read: {error}")),
    }
}

fn decode(path: &Path, bytes: Vec<u8>) -> Result<String, Fault> {
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
    let places = Text::new(path, &text);
    if let Some(at) = text.find('\0') {
        return Err(places.error(
            at..at + 1,
            format!("`{shown}` has a NUL byte at offset {at}"),
        ));
    }
    match text.trim_start_matches(BOM) {
        "" => Err(places.error(0..0, format!("`{shown}` is empty"))),
        blank if blank.trim().is_empty() => {
            Err(places.error(0..0, format!("`{shown}` holds nothing but white space")))
        }
        _ => Ok(text),
    }
}
