//! Converts a report to the form in which it is stored.

use std::io;

use headcount_shared::{
    json::{self, JsonError},
    limits::REPORT_BYTES,
    payload::{DatabaseType, Payload, ProfileSection, UxSection},
};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    IngestError,
    decode_body::{ContentCoding, DecodeError, decode},
    validated_report::{ValidatedReport, validate},
    value_bounds::keep_within_bounds,
};

/// The compression level of raw reports. Profiles, the bulk of them, are compressed already, so a higher
/// level gains little.
const ZSTD_LEVEL: i32 = 3;

/// The SHA-256 of a report as it was sent, decompressed.
pub(super) type ReportDigest = [u8; 32];

/// A report, ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PreparedReport {
    /// The UUID of the installation.
    pub instance: String,
    /// The version that it runs; empty when it is longer than a version can be.
    pub version: String,
    /// Its settings database; empty if the report has none.
    pub database_type: &'static str,
    /// The number of browsers.
    pub users: u64,
    /// The number of page views.
    pub page_views: u64,
    /// The number of values that could not be read or are out of bounds.
    pub set_aside: u64,
    /// The time that the report covers; `None` if the report does not state it.
    pub period: Option<ReportPeriod>,
    /// The result of [`encode_counts`].
    pub counts: Vec<u8>,
    /// The size of the report, decompressed.
    pub bytes: u64,
    /// Identifies the content of the report.
    pub digest: ReportDigest,
    /// The report byte for byte as it was sent, compressed with zstd.
    pub raw: Vec<u8>,
}

/// The time that a report covers, in Unix seconds by the clock of its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReportPeriod {
    /// Its beginning.
    pub from: i64,
    /// Its end, later than the beginning.
    pub to: i64,
}

impl ReportPeriod {
    /// The period of a profile; `None` if it has none.
    fn of(profile: &ProfileSection) -> Option<Self> {
        let (from, to) = (i64::try_from(profile.from).ok()?, i64::try_from(profile.to).ok()?);
        (0 < from && from < to).then_some(Self { from, to })
    }
}

impl PreparedReport {
    /// The memory and disk space that it takes, as far as the sender determines it.
    pub(super) const fn held_bytes(&self) -> usize {
        self.counts.len() + self.raw.len()
    }
}

/// Reads a report. Takes time and memory: a few times its size.
///
/// # Errors
/// [`IngestError::TooLarge`], [`IngestError::Damaged`], [`IngestError::Json`] and [`IngestError::Unusable`].
pub(super) fn prepare(coding: ContentCoding, body: Vec<u8>) -> Result<PreparedReport, IngestError> {
    let text = decode(coding, body, REPORT_BYTES).map_err(|error| match error {
        DecodeError::TooLarge => IngestError::TooLarge,
        DecodeError::Damaged => IngestError::Damaged(coding),
    })?;
    let report = json::parse(&text).map_err(|error| match error {
        JsonError::TooMany => IngestError::TooManyValues,
        error => IngestError::Json(error),
    })?;
    let ValidatedReport { mut payload, names_database, set_aside } = validate(report)?;
    let set_aside = set_aside + keep_within_bounds(&mut payload);
    let views = payload.ux.page_views.values();
    Ok(PreparedReport {
        instance: payload.instance.uuid.to_string(),
        database_type: match payload.instance.database_type {
            _ if !names_database => "",
            DatabaseType::Sqlite => "sqlite",
            DatabaseType::Postgres => "postgres",
        },
        users: payload.ux.users.len() as u64,
        page_views: views.fold(0, |sum: u64, views| sum.saturating_add(*views)),
        set_aside,
        period: ReportPeriod::of(&payload.profile),
        version: payload.instance.version.clone(),
        counts: encode_counts(payload).map_err(|_| IngestError::Failed)?,
        bytes: text.len() as u64,
        digest: digest_of(&text),
        raw: compress(&text).map_err(|_| IngestError::Failed)?,
    })
}

/// Encodes what remains of a report after the report itself is dropped: JSON, compressed with zstd. It has
/// the members of the payload, except that `ux.users` is the number of browsers and that there is no
/// `profile`.
fn encode_counts(payload: Payload) -> io::Result<Vec<u8>> {
    let users = payload.ux.users.len();
    let without_users = UxSection { users: Vec::new(), ..payload.ux };
    let mut counts =
        serde_json::to_value(Payload { profile: ProfileSection::default(), ux: without_users, ..payload })?;
    if let Some(ux) = counts.pointer_mut("/ux/users") {
        *ux = users.into();
    }
    if let Value::Object(sections) = &mut counts {
        sections.remove("profile");
    }
    compress(counts.to_string().as_bytes())
}

/// The same for the counts of version 0.1.0, which are a payload without a profile.
///
/// # Errors
/// If `kept` is not such a payload.
pub(super) fn encode_old_counts(kept: &str) -> io::Result<Vec<u8>> {
    let mut payload = Payload::deserialize(&mut serde_json::Deserializer::from_str(kept))?;
    keep_within_bounds(&mut payload);
    encode_counts(payload)
}

/// The digest of a report as it was sent, decompressed.
pub(super) fn digest_of(text: &[u8]) -> ReportDigest {
    Sha256::digest(text).into()
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

    const DOCUMENTED: &[u8] = include_bytes!("../../../../shared/tests/payload.json");
    const UUID: &str = "4423595b-9d97-4e01-a19f-8e3d60c83b2a";

    fn plain(text: &str) -> Result<PreparedReport, IngestError> {
        prepare(ContentCoding::Identity, text.as_bytes().to_vec())
    }

    #[test]
    fn the_documented_report_is_understood_and_kept_as_it_is() {
        let prepared = prepare(ContentCoding::Identity, DOCUMENTED.to_vec()).unwrap();
        assert_eq!(prepared.instance, UUID);
        assert_eq!((prepared.version.as_str(), prepared.database_type), ("0.20.0", "sqlite"));
        assert_eq!((prepared.users, prepared.page_views, prepared.set_aside), (1, 4, 0));
        assert_eq!(prepared.bytes, DOCUMENTED.len() as u64);
        assert_eq!(restore(&prepared.raw, prepared.bytes).unwrap(), DOCUMENTED);
        assert_eq!(prepared.digest, digest_of(DOCUMENTED));
        assert_eq!(prepared.period, Some(ReportPeriod { from: 1_678_113_877, to: 1_678_114_877 }));
        let counts = decoded(&prepared.counts);
        assert_eq!(counts["infra"]["nodes"], 10);
        assert_eq!(counts.get("profile"), None);
    }

    fn decoded(counts: &[u8]) -> Value {
        serde_json::from_slice(&zstd::decode_all(counts).unwrap()).unwrap()
    }

    #[test]
    fn counts_have_the_number_of_browsers_and_nothing_else_is_changed() {
        let mut expected: Value = serde_json::from_slice(DOCUMENTED).unwrap();
        expected.as_object_mut().unwrap().remove("profile");
        expected["ux"]["users"] = json!(1);
        let prepared = prepare(ContentCoding::Identity, DOCUMENTED.to_vec()).unwrap();
        assert_eq!(decoded(&prepared.counts), expected);
    }

    #[test]
    fn counts_of_the_first_version_become_the_same() {
        let mut kept: Value = serde_json::from_slice(DOCUMENTED).unwrap();
        kept.as_object_mut().unwrap().remove("profile");
        let prepared = prepare(ContentCoding::Identity, DOCUMENTED.to_vec()).unwrap();
        assert_eq!(encode_old_counts(&kept.to_string()).unwrap(), prepared.counts);
        assert!(encode_old_counts("[]").is_err());
    }

    #[test]
    fn a_period_begins_before_it_ends() {
        for (from, to, period) in [
            (0, 0, None),
            (0, 10, None),
            (10, 10, None),
            (11, 10, None),
            (10, u64::MAX, None),
            (10, 11, Some(ReportPeriod { from: 10, to: 11 })),
        ] {
            let profile = ProfileSection { from, to, ..ProfileSection::default() };
            assert_eq!(ReportPeriod::of(&profile), period, "{from} {to}");
        }
    }

    #[test]
    fn what_strangers_write_is_bounded() {
        let version = "é".repeat(1000);
        let views = json!({"a": u64::MAX, "b": u64::MAX});
        let report = json!({"instance": {"uuid": UUID, "version": version}, "ux": {"page_views": views}});
        let prepared = plain(&report.to_string()).unwrap();
        assert_eq!((prepared.version.as_str(), prepared.set_aside), ("", 1));
        assert_eq!(prepared.page_views, u64::MAX);
        assert_eq!(prepared.database_type, "");
    }

    #[test]
    fn every_reason_not_to_take_a_report_is_told_apart() {
        assert!(matches!(plain(""), Err(IngestError::Json(JsonError::Malformed(_)))));
        assert!(matches!(plain("{} {}"), Err(IngestError::Json(JsonError::Malformed(_)))));
        assert!(matches!(plain("{}"), Err(IngestError::Unusable(_))));
        assert!(matches!(plain(&"[".repeat(99)), Err(IngestError::Json(JsonError::TooDeep))));
        let values = format!("[{}0]", "0,".repeat(JSON_VALUES));
        assert!(matches!(plain(&values), Err(IngestError::TooManyValues)));
        assert!(matches!(
            prepare(ContentCoding::Gzip, b"{}".to_vec()),
            Err(IngestError::Damaged(ContentCoding::Gzip))
        ));
        let large = vec![b' '; REPORT_BYTES + 1];
        assert!(matches!(prepare(ContentCoding::Identity, large), Err(IngestError::TooLarge)));
    }
}
