//! What of a report is stored?

use std::io;

use headcount_shared::{
    json::{self, JsonError},
    limits::REPORT_BYTES,
    payload::{DatabaseType, Payload, Profile},
};
use serde_json::Value;

use super::{
    NotTaken,
    decode::{Coding, DecodeError, decode},
    validate::{Validated, validate},
};

/// How hard raw reports are compressed. Profiles, the bulk of them, are compressed already: more effort gains little.
const ZSTD_LEVEL: i32 = 3;

/// The longest version that is shown, in bytes. Ours have 10.
const VERSION_BYTES: usize = 64;

/// A report, ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prepared {
    /// The UUID of the installation.
    pub instance: String,
    /// The version that it runs, cut to 64 bytes.
    pub version: String,
    /// Its settings database; empty when the report does not say.
    pub database_type: &'static str,
    /// The number of browsers.
    pub users: u64,
    /// The number of page views.
    pub page_views: u64,
    /// The number of values that could not be read.
    pub set_aside: u64,
    /// The report as it was understood, without profiles, as JSON.
    pub counts: String,
    /// The size of the report, decompressed.
    pub bytes: u64,
    /// The report byte for byte as it was sent, compressed with zstd.
    pub raw: Vec<u8>,
}

impl Prepared {
    /// How much memory it takes, as far as its size is up to the sender.
    pub(super) fn held_bytes(&self) -> usize {
        self.counts.len() + self.raw.len()
    }
}

/// Reads a report. Takes time and memory: a few times its size.
///
/// # Errors
/// [`NotTaken::TooLarge`], [`NotTaken::Damaged`], [`NotTaken::Json`] and [`NotTaken::Unusable`].
pub(super) fn prepare(coding: Coding, body: Vec<u8>) -> Result<Prepared, NotTaken> {
    let text = decode(coding, body, REPORT_BYTES).map_err(|error| match error {
        DecodeError::TooLarge => NotTaken::TooLarge,
        DecodeError::Damaged => NotTaken::Damaged(coding),
    })?;
    let report = json::parse(&text).map_err(|error| match error {
        JsonError::TooMany => NotTaken::TooManyValues,
        error => NotTaken::Json(error),
    })?;
    let validated = validate(report)?;
    let raw = compress(&text).map_err(|_| NotTaken::Failed)?;
    Ok(Prepared { bytes: text.len() as u64, raw, ..understood(validated)? })
}

/// What is stored of a report besides the report itself.
fn understood(validated: Validated) -> Result<Prepared, NotTaken> {
    let Validated { payload, names_database, set_aside } = validated;
    let views = payload.ux.page_views.values();
    Ok(Prepared {
        instance: payload.instance.uuid.to_string(),
        version: cut(&payload.instance.version, VERSION_BYTES).to_owned(),
        database_type: match payload.instance.database_type {
            _ if !names_database => "",
            DatabaseType::Sqlite => "sqlite",
            DatabaseType::Postgres => "postgres",
        },
        users: payload.ux.users.len() as u64,
        page_views: views.fold(0, |sum: u64, views| sum.saturating_add(*views)),
        set_aside,
        counts: counts(payload).map_err(|_| NotTaken::Failed)?,
        bytes: 0,
        raw: Vec::new(),
    })
}

/// The payload without profiles.
fn counts(payload: Payload) -> serde_json::Result<String> {
    let mut counts = serde_json::to_value(Payload { profile: Profile::default(), ..payload })?;
    if let Value::Object(sections) = &mut counts {
        sections.remove("profile");
    }
    Ok(counts.to_string())
}

/// The longest beginning of `text` with at most `bytes` bytes.
fn cut(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

fn compress(text: &[u8]) -> io::Result<Vec<u8>> {
    zstd::bulk::compress(text, ZSTD_LEVEL)
}

/// The report as it was sent, from what [`prepare`] made of it. `bytes` is its size.
///
/// # Errors
/// If `raw` was damaged since.
pub(super) fn restore(raw: &[u8], bytes: u64) -> io::Result<Vec<u8>> {
    zstd::bulk::decompress(raw, usize::try_from(bytes).map_err(io::Error::other)?)
}

#[cfg(test)]
mod tests {
    use headcount_shared::limits::JSON_VALUES;
    use serde_json::json;

    use super::*;

    const DOCUMENTED: &[u8] = include_bytes!("../../../shared/tests/payload.json");
    const UUID: &str = "4423595b-9d97-4e01-a19f-8e3d60c83b2a";

    fn plain(text: &str) -> Result<Prepared, NotTaken> {
        prepare(Coding::Identity, text.as_bytes().to_vec())
    }

    #[test]
    fn the_documented_report_is_understood_and_kept_as_it_is() {
        let prepared = prepare(Coding::Identity, DOCUMENTED.to_vec()).unwrap();
        assert_eq!(prepared.instance, UUID);
        assert_eq!((prepared.version.as_str(), prepared.database_type), ("0.20.0", "sqlite"));
        assert_eq!((prepared.users, prepared.page_views, prepared.set_aside), (1, 4, 0));
        assert_eq!(prepared.bytes, DOCUMENTED.len() as u64);
        assert_eq!(restore(&prepared.raw, prepared.bytes).unwrap(), DOCUMENTED);
        let counts: Value = serde_json::from_str(&prepared.counts).unwrap();
        assert_eq!(counts["infra"]["nodes"], 10);
        assert_eq!(counts.get("profile"), None);
    }

    #[test]
    fn what_strangers_write_is_bounded() {
        let version = "é".repeat(1000);
        let views = json!({"a": u64::MAX, "b": u64::MAX});
        let report = json!({"instance": {"uuid": UUID, "version": version}, "ux": {"page_views": views}});
        let prepared = plain(&report.to_string()).unwrap();
        assert_eq!(prepared.version, "é".repeat(32));
        assert_eq!(prepared.page_views, u64::MAX);
        assert_eq!(prepared.database_type, "");
    }

    #[test]
    fn every_reason_not_to_take_a_report_is_told_apart() {
        assert!(matches!(plain(""), Err(NotTaken::Json(JsonError::Malformed(_)))));
        assert!(matches!(plain("{} {}"), Err(NotTaken::Json(JsonError::Malformed(_)))));
        assert!(matches!(plain("{}"), Err(NotTaken::Unusable(_))));
        assert!(matches!(plain(&"[".repeat(99)), Err(NotTaken::Json(JsonError::TooDeep))));
        let values = format!("[{}0]", "0,".repeat(JSON_VALUES));
        assert!(matches!(plain(&values), Err(NotTaken::TooManyValues)));
        assert!(matches!(prepare(Coding::Gzip, b"{}".to_vec()), Err(NotTaken::Damaged(Coding::Gzip))));
        let large = vec![b' '; REPORT_BYTES + 1];
        assert!(matches!(prepare(Coding::Identity, large), Err(NotTaken::TooLarge)));
    }
}
