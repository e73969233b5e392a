//! Stores what is remembered of projects, and what servers on one database agree on: rollouts, incidents,
//! notifications, the events to report, and who leads.

mod dated_history;
pub(super) mod deployment_rows;
mod destination_name;
mod incident_rows;
mod latest_records;
mod leader_lock;
mod lease_term;
pub(super) mod ledger;
mod outbox;
mod project_history;
mod remembered_rows;
pub(super) mod written_rows;

pub use self::{
    dated_history::DatedHistory,
    latest_records::PastNotification,
    leader_lock::LeaderLock,
    ledger::{LedgerCounts, LedgerFact},
    remembered_rows::RememberedRows,
    written_rows::WrittenRows,
};
