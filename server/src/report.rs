//! Makes reports, stores them on disk, and delivers them.
//!
//! A report is made ([`reporter`]) from the four sources ([`assemble`]), put on disk ([`spool`]) and
//! delivered from there ([`deliver`]) until a collector has it.

pub mod assemble;
pub mod collector_answer;
pub mod deletion_answer;
pub mod deletion_receipts;
pub mod deliver;
pub mod fleet_position;
pub mod fleet_sentences;
pub mod installation_sections;
pub mod profile_graph;
pub mod published_tables;
pub mod report_id;
pub mod reported_charts;
pub mod reported_rows;
pub mod reporter;
pub mod rounding;
pub mod schedule;
pub mod spool;
pub mod transport;
