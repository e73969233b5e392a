//! Finds what a release changed in the numbers of a fleet, and says it in sentences.
//!
//! [`ChangeFinder`] reads the days of a product in their order. It finds releases by their
//! [`release_uptake`], and compares each with the release before it, field by field and day by day:
//!
//! * What an installation says of itself is compared within the installation, before and after its upgrade
//!   (`upgrade_pairs`), because installations that upgrade early differ from others.
//! * Pages are known by version only, and so are times and functions if a collector keeps no
//!   [`InstallationReadings`]. There the mean of the whole fleet is compared with the share of it that has
//!   the release (`fleet_series`): the fleet is the same before and after, whoever upgrades first.
//!
//! A change is found when chance would give such a difference too rarely. What is too rare follows from
//! [`ALARMS_PER_FIELD_YEAR`]: each field earns that part of a false alarm in a year, whatever the number of
//! fields and releases. A release spends what its fields earned since the release before, and spends it by
//! parts over the days on which it is looked at. The sum of the parts bounds the expected number of false
//! alarms under any dependence between days and fields (Bonferroni's inequality; the per-family error rate of
//! Spjøtvoll, "On the Optimality of Some Multiple Comparison Procedures", 1972; spending over looks as by Lan
//! and De Mets, "Discrete Sequential Boundaries for Clinical Trials", 1983, here without their gain from
//! correlated looks).
//!
//! [`reporting_gaps`] are days of which too little is known. A [`weekly_summary`] tells it all to people.

mod change_day;
mod change_finder;
mod change_test;
mod changed_field;
mod day_facts;
mod fleet_series;
mod installation_readings;
mod readings_rollup;
pub mod release_uptake;
pub mod reporting_gaps;
#[cfg(any(test, feature = "test-support"))]
pub mod simulated_changes;
mod upgrade_pairs;
pub mod weekly_summary;

pub use self::{
    change_day::{ChangeDay, ChangeHistory, SchemaChange},
    change_finder::{ALARMS_PER_FIELD_YEAR, ChangeFinder, DayInput, FoundChange, LOOK_DAYS, find_changes},
    change_test::ChangeSize,
    changed_field::{ChangedField, FieldKind},
    fleet_series::FunctionShares,
    installation_readings::InstallationReadings,
    readings_rollup::{OpenReadings, ReadingsRollup},
};
