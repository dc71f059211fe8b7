//! How words of the operating system are written as JSON: as text where they are text, byte by byte where
//! they are not, so that no path and no variable changes on its way to the supervisor.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Word {
    Text(String),
    Bytes(Vec<u8>),
}

impl Word {
    fn new(word: &OsStr) -> Self {
        match word.to_str() {
            Some(text) => Word::Text(text.to_owned()),
            None => Word::Bytes(word.as_bytes().to_vec()),
        }
    }

    fn into_os(self) -> OsString {
        match self {
            Word::Text(text) => text.into(),
            Word::Bytes(bytes) => OsString::from_vec(bytes),
        }
    }
}

pub(super) mod one {
    use super::{
        Deserialize as _, Deserializer, OsStr, OsString, Serialize as _, Serializer, Word,
    };

    pub(in super::super) fn serialize<T: AsRef<OsStr>, S: Serializer>(
        word: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        Word::new(word.as_ref()).serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, T: From<OsString>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        Ok(Word::deserialize(deserializer)?.into_os().into())
    }
}

pub(super) mod maybe {
    use super::{
        Deserialize as _, Deserializer, OsStr, OsString, Serialize as _, Serializer, Word,
    };

    pub(in super::super) fn serialize<T: AsRef<OsStr>, S: Serializer>(
        word: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        word.as_ref()
            .map(|word| Word::new(word.as_ref()))
            .serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, T: From<OsString>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        let word = Option::<Word>::deserialize(deserializer)?;
        Ok(word.map(|word| word.into_os().into()))
    }
}

pub(in crate::process) mod many {
    use super::{Deserialize as _, Deserializer, OsString, Serializer, Word};

    pub(in crate::process) fn serialize<S: Serializer>(
        words: &[OsString],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(words.iter().map(|word| Word::new(word)))
    }

    pub(in crate::process) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<OsString>, D::Error> {
        let words = Vec::<Word>::deserialize(deserializer)?;
        Ok(words.into_iter().map(Word::into_os).collect())
    }
}

pub(super) mod pairs {
    use super::{Deserialize as _, Deserializer, OsString, Serializer, Word};

    pub(in super::super) fn serialize<S: Serializer>(
        pairs: &[(OsString, OsString)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let words = pairs
            .iter()
            .map(|(name, value)| (Word::new(name), Word::new(value)));
        serializer.collect_seq(words)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(OsString, OsString)>, D::Error> {
        let pairs = Vec::<(Word, Word)>::deserialize(deserializer)?;
        Ok(pairs
            .into_iter()
            .map(|(name, value)| (name.into_os(), value.into_os()))
            .collect())
    }
}
