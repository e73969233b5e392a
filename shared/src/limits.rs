//! How much of anything is accepted, kept or sent.

/// The largest browser event, in bytes. An event of ours has about 130.
pub const EVENT_BYTES: usize = 4 * 1024;

/// The longest page-view key, in bytes. The longest of our own routes has 40.
pub const PAGE_KEY_BYTES: usize = 256;

/// How deeply arrays and objects may nest in an event or a report. The payload needs 5.
pub const JSON_DEPTH: usize = 32;

/// How many values a report may hold, counted over all levels. Parsed ones cost memory many times their text. A full
/// report (10,000 browsers, a day of samples) has 20,000.
pub const JSON_VALUES: usize = 100_000;

/// Browsers counted in one report; events of further ones count as page views only.
pub const BROWSERS_PER_REPORT: usize = 10_000;

/// Different pages counted in one report; views of further ones are dropped and counted as dropped.
pub const PAGES_PER_REPORT: usize = 512;

/// Process samples kept until the next report: a day of the default pace. The oldest go first.
pub const PROCESS_SAMPLES: usize = 24 * 60;

/// The largest report that a collector takes, in bytes, decompressed. A full one (10,000 browsers, two large profiles)
/// stays under a quarter of it.
pub const REPORT_BYTES: usize = 8 * 1024 * 1024;

/// Reports waiting for a collector: two weeks of hourly ones. While that many wait, no new one is made and counts go on
/// adding up in the journal.
pub const QUEUED_REPORTS: usize = 14 * 24;

/// Bytes of reports waiting for a collector; the same rule as for [`QUEUED_REPORTS`].
pub const QUEUED_BYTES: u64 = 256 * 1024 * 1024;

/// Delivered reports kept to be looked at; the oldest go first.
pub const SENT_REPORTS: usize = 48;

/// Bytes of delivered reports kept to be looked at; the same bound holds for refused ones and for unknown ones. The oldest
/// go first.
pub const SENT_BYTES: u64 = 32 * 1024 * 1024;

/// Refused reports kept to be looked at; the oldest go first.
pub const REFUSED_REPORTS: usize = 48;

/// The longest version of a program that a collector keeps, in bytes. Ours have 10.
pub const VERSION_BYTES: usize = 64;

/// The longest name in a report, in bytes: of a query, a stage, a kind of service. The longest of ours has 40.
pub const NAME_BYTES: usize = 128;

/// The most names in one list or map of a report. The longest of ours, the queries to Prometheus, has 150.
pub const NAMES_PER_REPORT: usize = 1024;

/// Reports that a collector stores of one installation in an hour. A spool that is full fits.
pub const STORED_REPORTS_PER_HOUR: u32 = 1000;

/// Bytes of reports, as they are stored, that a collector stores of one installation in an hour.
pub const STORED_BYTES_PER_HOUR: u64 = 64 * 1024 * 1024;

/// Reports whose answer never came before statistics were switched off, kept to be looked at; the oldest go first.
pub const UNKNOWN_REPORTS: usize = 48;

/// The longest `Idempotency-Key` that a collector takes, in bytes.
pub const REPORT_ID_BYTES: usize = 64;

/// The largest change of the settings, in bytes. The longest one, of a webhook with a template, has a few thousand.
pub const SETTINGS_BYTES: usize = 64 * 1024;

/// Rollouts, incidents or notifications of a project in one list; the oldest are left out.
pub const LISTED_RECORDS: usize = 100;
