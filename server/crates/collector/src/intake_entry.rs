//! Lists everything that the intake ledger counts, with the names under which it is stored and shown.
//!
//! All lists are closed: no entry has a text that a sender wrote.

use std::sync::LazyLock;

use super::{IngestError, closed_list::closed_list};

/// The fields of a report, and what else can be set aside, in the order of the payload.
const FIELDS: [&str; 46] = [
    "headers",
    "instance",
    "instance.version",
    "instance.database_type",
    "integration",
    "integration.prometheus",
    "integration.node_agent",
    "integration.kube_state_metrics",
    "integration.inspection_overrides",
    "integration.application_categories",
    "integration.alerting_integrations",
    "integration.cloud_costs",
    "integration.clickhouse",
    "integration.tracing",
    "integration.logs",
    "integration.profiles",
    "stack",
    "stack.clouds",
    "stack.services",
    "stack.instrumented_service",
    "infra",
    "infra.projects",
    "infra.nodes",
    "infra.applications",
    "infra.instances",
    "infra.deployments",
    "infra.deployment_summaries",
    "ux",
    "ux.world_load_time_avg",
    "ux.audit_time_avg",
    "ux.page_views",
    "ux.users_by_screen_size",
    "ux.users",
    "ux.sent_notifications",
    "performance",
    "performance.constructor",
    "performance.constructor.stages",
    "performance.constructor.queries",
    "performance.cpu_usage",
    "performance.memory_usage",
    "profile",
    "profile.from",
    "profile.to",
    "profile.cpu",
    "profile.memory",
    "other",
];

/// A field whose values were set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SetAsideField(&'static str);

impl SetAsideField {
    /// Headers of a report.
    pub const HEADERS: Self = Self("headers");

    /// What is in no known field.
    pub const OTHER: Self = Self("other");

    /// The field that has a value, by the members on the way to it: the field itself, or the known one
    /// nearest above it.
    #[must_use]
    pub fn of_members<'m>(members: impl IntoIterator<Item = &'m str>) -> Self {
        let mut found = Self::OTHER;
        let mut path = String::new();
        for member in members {
            if !path.is_empty() {
                path.push('.');
            }
            // Some versions of Coroot send it in the plural.
            path.push_str(if member == "instrumented_services" { "instrumented_service" } else { member });
            match Self::named(&path) {
                Some(field) => found = field,
                None => break,
            }
        }
        found
    }

    /// The field with a name: the names of its members, joined by dots.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        FIELDS.iter().find(|known| **known == name).map(|known| Self(known))
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}

closed_list! {
    /// Why a report that arrived was not stored.
    NotStoredReason {
        /// The same report was stored before.
        Duplicate = "duplicate",
        /// Another report was stored under its id.
        Conflict = "conflict",
        /// Its installation is deleted.
        Deleted = "deleted",
        /// Its installation had too much stored in this hour.
        InstallationQuota = "installation_quota",
        /// Too many new installations report in this hour.
        NewInstallationQuota = "new_installation_quota",
        /// Its media type is not JSON.
        MediaType = "media_type",
        /// Its coding is unknown.
        Coding = "coding",
        /// Its id is invalid.
        IdempotencyKey = "idempotency_key",
        /// It is too large.
        TooLarge = "too_large",
        /// It has too many values.
        TooManyValues = "too_many_values",
        /// It cannot be decompressed.
        Damaged = "damaged",
        /// It is not valid JSON.
        Json = "json",
        /// It is JSON, but no report.
        NotAReport = "not_a_report",
        /// It took too long to arrive.
        TooSlow = "too_slow",
        /// The connection ended in the middle of it.
        Interrupted = "interrupted",
        /// Too many reports arrived at once.
        Busy = "busy",
        /// Not even counts fit in `--max-disk`. On a disk that is full, it is `failed`.
        Full = "full",
        /// The database failed, or the collector was closing.
        Failed = "failed",
    }
}

impl NotStoredReason {
    /// Why a report is refused.
    pub(super) const fn of_error(error: &IngestError) -> Self {
        match error {
            IngestError::MediaType => Self::MediaType,
            IngestError::Coding => Self::Coding,
            IngestError::Key => Self::IdempotencyKey,
            IngestError::TooLarge => Self::TooLarge,
            IngestError::TooManyValues => Self::TooManyValues,
            IngestError::TooSlow => Self::TooSlow,
            IngestError::Interrupted => Self::Interrupted,
            IngestError::Damaged(_) => Self::Damaged,
            IngestError::Json(_) => Self::Json,
            IngestError::Unusable(_) => Self::NotAReport,
            IngestError::Deleted => Self::Deleted,
            IngestError::Conflict => Self::Conflict,
            IngestError::OverQuota => Self::InstallationQuota,
            IngestError::TooManyNew => Self::NewInstallationQuota,
            IngestError::Busy => Self::Busy,
            IngestError::Full => Self::Full,
            IngestError::Failed => Self::Failed,
        }
    }

    /// Whether the program that sent the report did something wrong, as a new version of it may.
    pub(super) const fn is_of_sender(self) -> bool {
        match self {
            Self::MediaType
            | Self::Coding
            | Self::IdempotencyKey
            | Self::TooLarge
            | Self::TooManyValues
            | Self::Damaged
            | Self::Json
            | Self::NotAReport
            | Self::Conflict => true,
            Self::Duplicate
            | Self::Deleted
            | Self::InstallationQuota
            | Self::NewInstallationQuota
            | Self::TooSlow
            | Self::Interrupted
            | Self::Busy
            | Self::Full
            | Self::Failed => false,
        }
    }
}

closed_list! {
    /// What is remarkable about a stored report.
    StoredRemark {
        /// Its day is before the day of its arrival.
        Late = "late",
        /// Its time overlaps that of an earlier report of its installation.
        Overlap = "overlap",
        /// No report covers the time before or after it: one more gap.
        Gap = "gap",
        /// It covers the time of a gap: one less.
        GapClosed = "gap_closed",
        /// It has another commitment than the first report of its installation.
        Clone = "clone",
        /// One of its profiles cannot be read.
        UnreadableProfile = "unreadable_profile",
        /// It was not stored as it was sent, as on a disk that is too full.
        WithoutRawCopy = "without_raw_copy",
    }
}

closed_list! {
    /// What was dropped after it had been stored, and why.
    LaterDrop {
        /// Reports older than `--retention`.
        ReportRetention = "report_retention",
        /// Reports of deleted installations.
        ReportDeletion = "report_deletion",
        /// Raw copies older than `--raw-retention`.
        RawRetention = "raw_retention",
        /// Raw copies that were dropped to keep to `--max-disk`.
        RawDiskLimit = "raw_disk_limit",
        /// Raw copies of deleted installations.
        RawDeletion = "raw_deletion",
        /// Raw copies whose file was missing at a start.
        RawMissing = "raw_missing",
    }
}

impl LaterDrop {
    /// Whether the report is dropped, and not only its raw copy.
    pub(super) const fn is_of_report(self) -> bool {
        matches!(self, Self::ReportRetention | Self::ReportDeletion)
    }
}

/// A line of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum IntakeEntry {
    /// A report arrived, and its outcome is known.
    Received,
    /// It was stored.
    Stored,
    /// It was not stored.
    NotStored(NotStoredReason),
    /// It was stored, and something is remarkable about it.
    Remark(StoredRemark),
    /// A value of a stored report was set aside.
    SetAside(SetAsideField),
    /// Something that was stored was dropped.
    Dropped(LaterDrop),
}

/// All entries with their names.
static NAMES: LazyLock<Vec<(IntakeEntry, String)>> = LazyLock::new(|| {
    let reasons = NotStoredReason::ALL.iter().map(|reason| IntakeEntry::NotStored(*reason));
    let remarks = StoredRemark::ALL.iter().map(|remark| IntakeEntry::Remark(*remark));
    let fields = FIELDS.iter().map(|field| IntakeEntry::SetAside(SetAsideField(field)));
    let drops = LaterDrop::ALL.iter().map(|drop| IntakeEntry::Dropped(*drop));
    let all = [IntakeEntry::Received, IntakeEntry::Stored].into_iter().chain(reasons).chain(remarks);
    all.chain(fields).chain(drops).map(|entry| (entry, entry.name())).collect()
});

impl IntakeEntry {
    /// The name in storage.
    pub(super) fn name(self) -> String {
        match self {
            Self::Received => "received".to_owned(),
            Self::Stored => "stored".to_owned(),
            Self::NotStored(reason) => format!("not_stored/{}", reason.name()),
            Self::Remark(remark) => format!("noted/{}", remark.name()),
            Self::SetAside(field) => format!("set_aside/{}", field.name()),
            Self::Dropped(drop) => format!("dropped/{}", drop.name()),
        }
    }

    /// The entry with a name; `None` for one of a later version.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, known)| known == name).map(|(entry, _)| *entry)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use headcount_shared::payload::{fields, sections};

    use super::*;

    #[test]
    fn every_entry_has_a_name_of_its_own_and_is_found_by_it() {
        let names: BTreeSet<&String> = NAMES.iter().map(|(_, name)| name).collect();
        assert_eq!(names.len(), NAMES.len());
        for (entry, name) in NAMES.iter() {
            assert_eq!(IntakeEntry::from_name(name), Some(*entry));
        }
        assert_eq!(IntakeEntry::from_name("not_stored/by-a-later-version"), None);
    }

    #[test]
    fn the_list_has_every_field_of_a_report_that_can_be_set_aside() {
        // A report without a valid UUID is refused.
        let known = fields().into_iter().map(|field| field.path);
        let known = known.filter(|path| !path.contains('*') && path != "instance.uuid");
        let sections = sections().into_iter().map(|(name, _)| name.to_owned());
        let beside = ["headers", "other", "performance.constructor"].map(str::to_owned);
        let expected: BTreeSet<String> = known.chain(sections).chain(beside).collect();
        assert_eq!(FIELDS.map(str::to_owned).into_iter().collect::<BTreeSet<_>>(), expected);
    }

    #[test]
    fn a_value_is_of_the_nearest_known_field_above_it() {
        for (members, field) in [
            (&["ux", "page_views", "a name that a sender made up"][..], "ux.page_views"),
            (
                &["performance", "constructor", "queries", "q", "query_time"],
                "performance.constructor.queries",
            ),
            (&["stack", "instrumented_services"], "stack.instrumented_service"),
            (&["profile", "more"], "profile"),
            (&["ux"], "ux"),
            (&["other section", "ux"], "other"),
            (&[], "other"),
        ] {
            assert_eq!(SetAsideField::of_members(members.iter().copied()).name(), field, "{members:?}");
        }
    }
}
