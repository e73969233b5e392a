//! Tests what makers can trust, over HTTP on loopback.

#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

mod alerts;
mod hostile;
mod ledger;
mod loopback_collector;
mod restored;
