//! Reads and writes the text of a key file: a line `name = "64 hexadecimal digits"` for each key, in TOML.

use headcount_platform::hex;
use serde::Deserialize;
use thiserror::Error;

use super::{CollectorKeys, RawKey};

/// What precedes the keys in a file.
const COMMENT: &str =
    "# The keys of a Headcount collector. Keep a copy in a safe place, and keep them secret.\n";

/// Why a text is no key file. Quotes nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidKeyFile {
    /// It is not UTF-8.
    #[error("the key file is no text")]
    NotText,
    /// It is no TOML, or lacks a key, or has a line that is none.
    #[error(
        "the key file does not have the lines installations, noise, signatures and tokens, and no other line than earlier-signatures"
    )]
    OtherLines,
    /// The value of a key has another form.
    #[error("the key file: {0} is not 64 hexadecimal digits")]
    NotAKey(&'static str),
}

/// The content of a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct KeyFileContent {
    installations: String,
    noise: String,
    signatures: String,
    tokens: String,
    /// Public keys.
    #[serde(default)]
    earlier_signatures: Vec<String>,
}

/// The keys in a text.
///
/// # Errors
/// Every [`InvalidKeyFile`] but the first.
pub(super) fn parse(text: &str) -> Result<CollectorKeys, InvalidKeyFile> {
    // The parser's message quotes the line.
    let file: KeyFileContent = toml::from_str(text).map_err(|_| InvalidKeyFile::OtherLines)?;
    let earlier = file.earlier_signatures.iter().map(|key| key_of("earlier-signatures", key));
    Ok(CollectorKeys::new(
        key_of("installations", &file.installations)?,
        key_of("noise", &file.noise)?,
        key_of("signatures", &file.signatures)?,
        key_of("tokens", &file.tokens)?,
        earlier.collect::<Result<_, _>>()?,
    ))
}

/// The text of a file with these keys.
pub(super) fn format(keys: &CollectorKeys) -> String {
    let named = [
        ("installations", &keys.installations),
        ("noise", &keys.noise),
        ("signatures", &keys.signatures),
        ("tokens", &keys.tokens),
    ];
    let lines = named.map(|(name, key)| format!("{name} = \"{}\"\n", hex::encode(key)));
    let earlier: Vec<String> = keys.earlier.iter().map(|key| format!("\"{}\"", hex::encode(key))).collect();
    let earlier = match earlier.as_slice() {
        [] => String::new(),
        keys => format!("earlier-signatures = [{}]\n", keys.join(", ")),
    };
    format!("{COMMENT}{}{earlier}", lines.concat())
}

fn key_of(name: &'static str, digits: &str) -> Result<RawKey, InvalidKeyFile> {
    let bytes = hex::decode(digits).and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or(InvalidKeyFile::NotAKey(name))
}
