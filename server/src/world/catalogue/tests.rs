//! Tests of the catalogue.

use std::collections::BTreeSet;

use super::*;

#[test]
fn every_query_has_a_name_of_its_own_and_columns_of_their_own() {
    let names: BTreeSet<_> = all().map(|query| query.name).collect();
    assert_eq!(names.len(), all().count());
    // The 187 of Coroot 1.6, and the two that look back four hours.
    assert_eq!(names.len(), 189);
    for query in all() {
        let labels: BTreeSet<_> = query.labels.iter().collect();
        assert_eq!(labels.len(), query.labels.len(), "{}", query.name);
        assert!(!labels.is_empty(), "{}", query.name);
    }
}

#[test]
fn what_belongs_to_people_is_not_fetched() {
    for (query, text) in [
        (&PG_CONNECTIONS, "without(user, query)"),
        (&PG_TOP_QUERY_TIME_PER_SECOND, "without(user, query)"),
        (&PG_LOCK_AWAITING_QUERIES, "without(user, blocking_query)"),
        (&MYSQL_TOP_QUERY_TIME_PER_SECOND, "without(query)"),
        (&CONTAINER_LOG_MESSAGES, "without(sample)"),
        (&AWS_RDS_LOG_MESSAGES_TOTAL, "without(sample)"),
    ] {
        assert!(query.expression.contains(text), "{}", query.name);
    }
}
