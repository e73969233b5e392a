//! The settings in real databases: every test of `on_both` runs with SQLite and with PostgreSQL.

use super::*;

#[path = "../../tests/support/postgres.rs"]
pub(crate) mod postgres;

mod place;
use place::{Place, on_both};

mod bootstrap;
mod changes;
mod eras;
mod failing;
mod forgetting;
mod leader;
mod ledger;
mod opening;
mod outbox;
mod overrides;
mod records;
mod shared_values;
