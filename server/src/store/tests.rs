//! Tests of the settings with real databases: each test of `on_both` runs with SQLite, with PostgreSQL, and
//! with PostgreSQL behind a PgBouncer in transaction mode.

use super::*;

pub(crate) use headcount_postgres::{pgbouncer, postgres};

mod test_database;
use test_database::{TestDatabase, on_both};

mod bootstrap;
mod configuration;
mod coroot_versions;
mod failing;
mod forgetting;
mod inspection_overrides;
mod leader;
mod ledger;
mod opening;
mod outbox;
mod pooler;
mod project_history;
mod shared_values;
