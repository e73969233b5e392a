//! Talks to ClickHouse over HTTP: the address of its nodes, typed rows, and the settings that make an insert
//! durable.
//!
//! [`ClickHouseAddress`] is what an operator gives. [`ClickHouseClient`] asks the nodes behind it, one after
//! the other if one is away, and never logs or returns what is in a statement, a row or an answer. Rows are
//! encoded by [`row_binary`], in the intersection of what a server of 2018 and one of today understand.
//! [`server_facts`] asks what a server is and knows, and [`durability_plan`] decides from that, without asking
//! anybody, which settings every statement gets, or why the server is refused.

pub mod clickhouse_address;
pub mod clickhouse_client;
pub mod clickhouse_error;
pub mod durability_plan;
mod exception_text;
pub mod row_binary;
mod row_stream;
pub mod server_facts;
pub mod sql_literal;

pub use self::{
    clickhouse_address::{AddressError, ClickHouseAddress},
    clickhouse_client::{ClickHouseClient, RequestLimits},
    clickhouse_error::ClickHouseError,
    durability_plan::{
        ClusterShape, DurabilityPlan, DurabilityRefusal, ServerSetting, VolatileStorage, decide_durability,
    },
    row_binary::{DecodeColumn, DecodeRow, EncodeColumn, EncodeRow, RowBatch, RowError, RowReader},
    row_stream::RowStream,
    server_facts::{DurabilityMismatch, ServerFacts, check_settings, check_table},
    sql_literal::sql_literal,
};
