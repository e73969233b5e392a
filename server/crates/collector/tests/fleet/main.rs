//! Tests what a collector says of a simulated fleet, over HTTP and over time.

#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

mod changes;
mod filled_collector;
mod large_day;
mod published;
