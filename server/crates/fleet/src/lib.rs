//! Turns the reports of many installations into the numbers of a fleet.
//!
//! A report becomes a [`typed_report`] when it arrives. The [`day_rollup`] of a product's day reads all of
//! them and makes one [`installation_day`] per installation and a block of [`cells`] per table. The
//! [`activity`] of installations over time comes from the days. [`profiles`] of all installations are merged.
//! What a release changed is found by [`changes`]. What may be shown to everybody is [`published`]. Everything
//! here is pure: no files, no network, no clock. The collector stores what these modules make, and answers from
//! it.

pub mod activity;
pub mod answers;
#[cfg(any(test, feature = "test-support"))]
pub mod attacker;
pub mod block_codec;
pub mod calendar_day;
pub mod cells;
pub mod changes;
pub mod compression;
pub mod day_rollup;
pub mod installation_day;
pub mod log_bucket;
pub mod name_table;
pub mod percentile_change;
pub mod profiles;
pub mod published;
pub mod size_class;
mod student_t;
pub mod typed_report;
