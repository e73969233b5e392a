//! Tests of the settings with real databases: each test of `on_both` runs with SQLite, with PostgreSQL, and
//! with PostgreSQL behind a PgBouncer in transaction mode.

use super::*;

pub(crate) use headcount_postgres::{pgbouncer, postgres};

mod place;
use place::{TestDatabase, on_both};

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
mod pooler;
mod records;
mod shared_values;
