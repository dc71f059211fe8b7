//! How what an executor's program leaves is read: where its last message stands, how it says that it failed
//! itself, what it tells of its cost. A description as plain data, and part of the policy: an old run is
//! read as it was begun, whatever the profiles of a newer version say.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How what a program leaves is read. The default knows nothing of it: the claim is looked for in all that
/// was printed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Reader {
    /// Where its JSON documents are.
    #[serde(skip_serializing_if = "Source::is_output")]
    pub source: Source,
    /// The program's last message, in which the claim is looked for. With a line, all that was printed is
    /// looked through, and the line only shows that there was a message.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub answer: Vec<Pick>,
    /// What it says when it failed itself, such as an error of the model's API. A later message takes it back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failure: Vec<Pick>,
    /// Words in such a failure that mean a limit.
    #[serde(skip_serializing_if = "Limits::is_empty")]
    pub limits: Limits,
    /// What it tells of its cost.
    #[serde(skip_serializing_if = "Counters::is_empty")]
    pub usage: Counters,
}

/// Where a program leaves its JSON documents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// In what it prints.
    #[default]
    Output,
    /// In the file that its command names as `{answer_file}`.
    AnswerFile,
}

/// One place to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Pick {
    /// A value of each JSON document that begins on a line of its own.
    Field {
        /// Its path: names and places joined by dots; `*` is every one, `-1` the last.
        at: String,
        /// Values that the document must have, by path.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        when: BTreeMap<String, Scalar>,
    },
    /// A part of each printed line that has the text around it; of a failure, the whole line.
    Line {
        /// The text, with `{}` in the place of what is wanted, and `*` in that of anything else.
        line: String,
    },
}

/// What a document must have in one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A text, all of it.
    Text(String),
}

/// Words that mean a limit, whatever their case, where they are not part of longer ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Of the service: it goes on by itself, later.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rate: Vec<String>,
    /// Of what one attempt may cost.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub budget: Vec<String>,
    /// Of how often the model may be asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub turns: Vec<String>,
}

/// Where the numbers of a [`super::evidence::Usage`] stand; what is found more than once is added up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "each field is that of `Usage` of the same name"
)]
pub struct Counters {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cost_usd: Vec<Pick>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub input_tokens: Vec<Pick>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cached_tokens: Vec<Pick>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub output_tokens: Vec<Pick>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub turns: Vec<Pick>,
}

impl Reader {
    /// Whether it knows nothing of the program.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

impl Source {
    fn is_output(&self) -> bool {
        *self == Source::Output
    }
}

impl Limits {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Counters {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
