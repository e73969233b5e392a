//! Invents a fleet: installations that come and go, and the reports that they send, all from one seed.
//!
//! [`simulated_fleet`] makes the reports of any day, without those of the days before. [`fleet_truth`] says what
//! is true about all of them. It adds up what reports are made of, not the reports, by rules that are written
//! down here a second time: what a collector answers can be compared with it. Everything is pure: no files, no
//! network, no clock, and no chance but the seed.

pub mod fleet_plan;
pub mod fleet_truth;
pub mod simulated_fleet;

mod changed_functions;
mod day_schedule;
mod installation_life;
mod installation_traits;
mod known_names;
mod payload_of_report;
mod performance_section;
mod profile_encoding;
mod profile_section;
mod profile_stacks;
mod release_history;
mod report_state;
mod report_use;
mod seeded_chance;
mod truth_counting;
