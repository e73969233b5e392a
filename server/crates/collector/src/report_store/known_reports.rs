//! Reads what is stored of the reports of a group, and of their installations, before any of it is stored.

use std::collections::{HashMap, HashSet};

use sqlx::SqliteConnection;

use super::{
    IncomingReport,
    delete_installation::column_of,
    report_periods::{PeriodFindings, compare_periods},
    report_rows::ROWS_AT_ONCE,
};
use crate::{collector_keys::CollectorKeys, storage_quota::QuotaRequest};

/// What is stored of reports that are about to be stored, and of their installations.
#[derive(Debug)]
pub(super) struct KnownReports {
    buried: HashSet<i64>,
    reports: HashMap<String, KnownReport>,
    instances: HashMap<String, Option<Vec<u8>>>,
    periods: Vec<PeriodFindings>,
}

/// A report that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KnownReport {
    /// Its installation.
    pub(super) instance: String,
    /// Its digest; `None` if it was stored by version 0.1.0.
    pub(super) digest: Option<Vec<u8>>,
    /// Its size.
    pub(super) bytes: i64,
}

/// Divides a group into parts whose reports do not depend on each other: all of a part have different ids and
/// installations. A part has at most [`ROWS_AT_ONCE`] reports.
pub(super) fn independent_parts(reports: &[IncomingReport]) -> Vec<&[IncomingReport]> {
    let (mut ids, mut instances) = (HashSet::new(), HashSet::new());
    let mut starts = Vec::from_iter((!reports.is_empty()).then_some(0));
    for (at, arrived) in reports.iter().enumerate() {
        let is_new = ids.insert(&arrived.id) & instances.insert(arrived.report.instance);
        if !is_new || ids.len() > ROWS_AT_ONCE {
            starts.push(at);
            ids = HashSet::from([&arrived.id]);
            instances = HashSet::from([arrived.report.instance]);
        }
    }
    let ends = starts.iter().skip(1).copied().chain([reports.len()]);
    starts.iter().zip(ends).filter_map(|(start, end)| reports.get(*start..end)).collect()
}

const BURIED: &str =
    "SELECT installation FROM tombstone WHERE installation IN (SELECT value FROM json_each(?))";

const REPORTS: &str =
    "SELECT id, instance, digest, bytes FROM report WHERE id IN (SELECT value FROM json_each(?))";

const INSTANCES: &str =
    "SELECT instance, commitment FROM instance WHERE instance IN (SELECT value FROM json_each(?))";

impl KnownReports {
    /// Reads what is stored of the reports of an independent part.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(super) async fn read(
        connection: &mut SqliteConnection,
        keys: &CollectorKeys,
        part: &[IncomingReport],
    ) -> sqlx::Result<Self> {
        let hashes =
            json_list(part.iter().map(|arrived| column_of(keys.installation(arrived.report.instance))));
        let buried: Vec<i64> = sqlx::query_scalar(BURIED).bind(hashes).fetch_all(&mut *connection).await?;
        let ids = json_list(part.iter().map(|arrived| arrived.id.as_str()));
        let reports: Vec<(String, String, Option<Vec<u8>>, i64)> =
            sqlx::query_as(REPORTS).bind(ids).fetch_all(&mut *connection).await?;
        let instances = json_list(part.iter().map(|arrived| arrived.report.instance.to_string()));
        let instances: Vec<(String, Option<Vec<u8>>)> =
            sqlx::query_as(INSTANCES).bind(instances).fetch_all(&mut *connection).await?;
        Ok(Self {
            buried: buried.into_iter().collect(),
            reports: reports
                .into_iter()
                .map(|(id, instance, digest, bytes)| (id, KnownReport { instance, digest, bytes }))
                .collect(),
            instances: instances.into_iter().collect(),
            periods: compare_periods(connection, part).await?,
        })
    }

    /// Whether reports of an installation are refused.
    pub(super) fn is_buried(&self, keys: &CollectorKeys, arrived: &IncomingReport) -> bool {
        self.buried.contains(&column_of(keys.installation(arrived.report.instance)))
    }

    /// The stored report with the id of this one.
    pub(super) fn with_same_id(&self, arrived: &IncomingReport) -> Option<&KnownReport> {
        self.reports.get(&arrived.id)
    }

    /// The hash of the first commitment of the report's installation.
    pub(super) fn first_commitment(&self, arrived: &IncomingReport) -> Option<&[u8]> {
        self.instances.get(&arrived.report.instance.to_string())?.as_deref()
    }

    /// What the time of the report at a place of the part shows.
    pub(super) fn period_findings(&self, place: usize) -> PeriodFindings {
        self.periods.get(place).copied().unwrap_or_default()
    }

    /// The request of a report to the quotas.
    pub(super) fn quota_request(&self, arrived: &IncomingReport) -> QuotaRequest {
        let IncomingReport { report, prefix, .. } = arrived;
        QuotaRequest {
            instance: report.instance,
            is_new: !self.instances.contains_key(&report.instance.to_string()),
            prefix: *prefix,
            bytes: report.held_bytes() as u64,
        }
    }
}

/// A list as JSON, for one parameter of a statement.
pub(super) fn json_list<T: Into<serde_json::Value>>(values: impl Iterator<Item = T>) -> String {
    serde_json::Value::Array(values.map(Into::into).collect()).to_string()
}
