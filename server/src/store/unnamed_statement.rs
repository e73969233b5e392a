//! Makes the statements of the settings. Has sqlx's functions of the same names, but for unnamed statements.
//!
//! A named statement stays in a session of PostgreSQL. A pooler in transaction mode, such as PgBouncer, gives
//! each transaction another session, which lacks the statement or has another client's under the same name.

use sqlx::{
    Any, FromRow, SqlSafeStr,
    any::{AnyArguments, AnyRow},
    query::{Query, QueryAs, QueryScalar},
};

/// A statement whose rows are counted or read by hand.
pub(super) fn query<'q>(sql: impl SqlSafeStr) -> Query<'q, Any, AnyArguments> {
    sqlx::query(sql).persistent(false)
}

/// A statement whose rows are read as `O`.
pub(super) fn query_as<'q, O>(sql: impl SqlSafeStr) -> QueryAs<'q, Any, O, AnyArguments>
where
    O: for<'r> FromRow<'r, AnyRow>,
{
    sqlx::query_as(sql).persistent(false)
}

/// A statement whose rows have one column.
pub(super) fn query_scalar<'q, O>(sql: impl SqlSafeStr) -> QueryScalar<'q, Any, O, AnyArguments>
where
    (O,): for<'r> FromRow<'r, AnyRow>,
{
    sqlx::query_scalar(sql).persistent(false)
}
