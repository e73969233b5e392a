//! Converts a report to the form in which it is stored.

use std::io;

use headcount_fleet::{compression, typed_report::TypedReport};
use headcount_shared::{
    json::{self, JsonError},
    limits::REPORT_BYTES,
    payload::{DatabaseType, Payload, ProfileSection},
};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    IngestError,
    decode_body::{ContentCoding, DecodeError, decode},
    report_profiles::{ReportProfiles, stack_values},
    set_aside::SetAsideCounts,
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
    pub instance: Uuid,
    /// The version that it runs; empty when it is longer than a version can be.
    pub version: String,
    /// Its settings database; empty if the report has none.
    pub database_type: &'static str,
    /// The browsers.
    pub browsers: Vec<Uuid>,
    /// The number of page views.
    pub page_views: u64,
    /// The numbers of values that could not be read or are out of bounds, by field.
    pub set_aside: SetAsideCounts,
    /// The time that the report covers; `None` if the report does not state it.
    pub period: Option<ReportPeriod>,
    /// What the numbers of the fleet are computed from: the result of [`TypedReport::encode`].
    pub typed: Vec<u8>,
    /// The profiles, with the names of their stacks.
    pub profiles: ReportProfiles,
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
    pub(super) fn held_bytes(&self) -> usize {
        self.typed.len()
            + self.browsers.len() * size_of::<Uuid>()
            + self.profiles.held_bytes()
            + self.raw.len()
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
    let raw = compress(&text).map_err(|_| IngestError::Failed)?;
    prepare_validated(validate(report)?, &text, raw)
}

/// Prepares a report that was read. `text` is what it was read from, and `raw` what is stored of that.
///
/// # Errors
/// [`IngestError::Failed`], if it cannot be encoded.
pub(super) fn prepare_validated(
    report: ValidatedReport,
    text: &[u8],
    raw: Vec<u8>,
) -> Result<PreparedReport, IngestError> {
    let ValidatedReport { mut payload, names_database, mut set_aside } = report;
    let profiles = ReportProfiles::decode(&payload.profile);
    set_aside.merge(&keep_within_bounds(&mut payload));
    let typed = TypedReport {
        cpu_stacks: stack_values(&profiles.cpu),
        memory_stacks: stack_values(&profiles.heap),
        ..TypedReport::from_payload(&payload, names_database)
    };
    let typed = typed.encode().map_err(|_| IngestError::Failed)?;
    let views = payload.ux.page_views.values();
    Ok(PreparedReport {
        instance: payload.instance.uuid,
        database_type: match payload.instance.database_type {
            _ if !names_database => "",
            DatabaseType::Sqlite => "sqlite",
            DatabaseType::Postgres => "postgres",
        },
        page_views: views.fold(0, |sum: u64, views| sum.saturating_add(*views)),
        set_aside,
        period: ReportPeriod::of(&payload.profile),
        version: payload.instance.version.clone(),
        typed,
        profiles,
        browsers: std::mem::take(&mut payload.ux.users),
        bytes: text.len() as u64,
        digest: digest_of(text),
        raw,
    })
}

/// The typed form of the counts that an earlier version kept, as JSON: a payload without a profile, in which
/// `ux.users` is a list or its length.
///
/// # Errors
/// If `kept` is not such a payload.
pub(super) fn encode_old_counts(kept: &str) -> io::Result<Vec<u8>> {
    let mut kept: serde_json::Value = serde_json::from_str(kept)?;
    let names_database = kept.pointer("/instance/database_type").is_some();
    let users = kept.pointer("/ux/users").and_then(serde_json::Value::as_u64);
    if let Some(list) = kept.pointer_mut("/ux/users").filter(|_| users.is_some()) {
        list.take();
    }
    let mut payload = Payload::deserialize(&kept)?;
    keep_within_bounds(&mut payload);
    let typed = TypedReport::from_payload(&payload, names_database);
    let browsers = users.unwrap_or(typed.browsers);
    TypedReport { browsers, ..typed }.encode().map_err(io::Error::other)
}

/// The digest of a report as it was sent, decompressed.
pub(super) fn digest_of(text: &[u8]) -> ReportDigest {
    Sha256::digest(text).into()
}

/// The compressed form in which raw reports are stored.
pub(super) fn compress(text: &[u8]) -> io::Result<Vec<u8>> {
    compression::compress(text, ZSTD_LEVEL)
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
    use headcount_fleet::typed_report::TypedReportDecoder;
    use headcount_shared::limits::JSON_VALUES;
    use serde_json::{Value, json};

    use super::*;

    const DOCUMENTED: &[u8] = include_bytes!("../../../../shared/tests/payload.json");
    const UUID: &str = "4423595b-9d97-4e01-a19f-8e3d60c83b2a";

    fn plain(text: &str) -> Result<PreparedReport, IngestError> {
        prepare(ContentCoding::Identity, text.as_bytes().to_vec())
    }

    #[test]
    fn the_documented_report_is_understood_and_kept_as_it_is() {
        let prepared = prepare(ContentCoding::Identity, DOCUMENTED.to_vec()).unwrap();
        assert_eq!(prepared.instance.to_string(), UUID);
        assert_eq!((prepared.version.as_str(), prepared.database_type), ("0.20.0", "sqlite"));
        assert_eq!((prepared.browsers.len(), prepared.page_views, prepared.set_aside.total()), (1, 4, 0));
        assert_eq!(prepared.bytes, DOCUMENTED.len() as u64);
        assert_eq!(restore(&prepared.raw, prepared.bytes).unwrap(), DOCUMENTED);
        assert_eq!(prepared.digest, digest_of(DOCUMENTED));
        assert_eq!(prepared.period, Some(ReportPeriod { from: 1_678_113_877, to: 1_678_114_877 }));
        let mut decoder = TypedReportDecoder::new().unwrap();
        assert_eq!(decoder.decode(&prepared.typed).unwrap().sizes.nodes, 10);
    }

    #[test]
    fn counts_of_earlier_versions_become_the_same() {
        let prepared = prepare(ContentCoding::Identity, DOCUMENTED.to_vec()).unwrap();
        let mut kept: Value = serde_json::from_slice(DOCUMENTED).unwrap();
        kept.as_object_mut().unwrap().remove("profile");
        assert_eq!(encode_old_counts(&kept.to_string()).unwrap(), prepared.typed);
        kept["ux"]["users"] = json!(1);
        assert_eq!(encode_old_counts(&kept.to_string()).unwrap(), prepared.typed);
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
        assert_eq!((prepared.version.as_str(), prepared.set_aside.total()), ("", 1));
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
