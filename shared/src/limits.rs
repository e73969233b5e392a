//! Defines the bounds of what is accepted, stored and sent.

/// The largest browser event, in bytes. An event of ours has about 130.
pub const EVENT_BYTES: usize = 4 * 1024;

/// The longest page key, in bytes. The longest one of our own routes has 40.
pub const PAGE_KEY_BYTES: usize = 256;

/// How deeply arrays and objects may nest in an event or a report. The payload needs 5.
pub const JSON_DEPTH: usize = 32;

/// How many values a report may have, over all levels. Parsed values need many times the memory of their
/// text. A full report (10,000 browsers, a day of samples) has 20,000.
pub const JSON_VALUES: usize = 100_000;

/// Browsers counted in one report; events of further ones count as page views only.
pub const BROWSERS_PER_REPORT: usize = 10_000;

/// Different pages counted in one report; views of further ones are dropped and counted as dropped.
pub const PAGES_PER_REPORT: usize = 512;

/// Process samples that are stored until the next report: a day at the default interval. The oldest are
/// dropped first.
pub const PROCESS_SAMPLES: usize = 24 * 60;

/// The largest report that a collector accepts, in bytes, decompressed. A full one (10,000 browsers, two
/// large profiles) has less than a quarter of it.
pub const REPORT_BYTES: usize = 8 * 1024 * 1024;

/// Reports that wait for a collector: two weeks of hourly ones. While that many wait, no new one is made, and
/// counts add up in the journal.
pub const QUEUED_REPORTS: usize = 14 * 24;

/// Bytes of reports that wait for a collector; the same rule as for [`QUEUED_REPORTS`].
pub const QUEUED_BYTES: u64 = 256 * 1024 * 1024;

/// Delivered reports that are stored for inspection; the oldest are deleted first.
pub const SENT_REPORTS: usize = 48;

/// Bytes of delivered reports that are stored for inspection; the same bound applies to refused and to
/// unknown ones. The oldest are deleted first.
pub const SENT_BYTES: u64 = 32 * 1024 * 1024;

/// Bytes of the numbers that are kept of sent reports, to show them over time; the oldest are deleted first. 90
/// days of hourly reports have a fifth of it.
pub const REPORTED_BYTES: u64 = 2 * 1024 * 1024;

/// Refused reports that are stored for inspection; the oldest are deleted first.
pub const REFUSED_REPORTS: usize = 48;

/// The longest program version that a collector stores, in bytes. Ours have 10.
pub const VERSION_BYTES: usize = 64;

/// The longest name of a product, in bytes.
pub const PRODUCT_NAME_BYTES: usize = 64;

/// The longest name in a report, in bytes: of a query, a stage, a kind of service. The longest of ours has
/// 40.
pub const NAME_BYTES: usize = 128;

/// The most names in one list or map of a report. The longest of ours, the queries to Prometheus, has less than a
/// fifth of it.
pub const NAMES_PER_REPORT: usize = 1024;

/// Reports of one installation that a collector stores per hour. A full spool fits.
pub const STORED_REPORTS_PER_HOUR: u32 = 1000;

/// Bytes of reports of one installation, in stored form, that a collector stores per hour.
pub const STORED_BYTES_PER_HOUR: u64 = 64 * 1024 * 1024;

/// Reports without an answer when statistics were switched off, stored for inspection; the oldest are deleted
/// first.
pub const UNKNOWN_REPORTS: usize = 48;

/// The longest `Idempotency-Key` that a collector accepts, in bytes.
pub const REPORT_ID_BYTES: usize = 64;

/// The largest change of the settings, in bytes. The longest one, of a webhook with a template, has a few
/// thousand.
pub const SETTINGS_BYTES: usize = 64 * 1024;

/// Rollouts, incidents or notifications of a project in one list; the oldest are left out.
pub const LISTED_RECORDS: usize = 100;
