//! Tests of the queries.

use std::collections::BTreeSet;

use headcount_prometheus::{
    client::query_expression::{ExtraSelector, QueryExpressions},
    query::QueryRetention,
};
use promql_parser::{
    label::Matcher,
    parser::{self, Expr},
    util::{ExprVisitor, walk_expr},
};

use super::*;

#[test]
fn every_query_has_a_name_of_its_own_and_columns_of_their_own() {
    let names: BTreeSet<_> = all().map(|query| query.name).collect();
    assert_eq!(names.len(), all().count());
    // The 187 queries of Coroot 1.6 minus its eight histograms, plus two that cover four hours and two of
    // service levels.
    assert_eq!(names.len(), 183);
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

/// The matcher that excludes clients, as Prometheus applies it.
fn leaves_out(client: &str) -> bool {
    let expression = parser::parse(INBOUND_REQUESTS.expression).unwrap().to_string();
    let (_, rest) = expression.split_once("container_id!~").unwrap();
    let pattern = rest.split('"').nth(1).unwrap();
    let selector = parser::parse(&format!("x{{container_id=~\"{pattern}\"}}")).unwrap();
    let parser::Expr::VectorSelector(selector) = selector else { panic!("no selector") };
    selector.matchers.matchers[0].is_match(client)
}

#[test]
fn clients_that_watch_others_are_left_out_of_service_levels() {
    for (client, expected) in [
        ("/k8s/monitoring/anything-1/main", true),
        ("/k8s/shop/prometheus-0/main", true),
        ("/k8s/shop/kube-prometheus-stack-1/main", true),
        ("/k8s-cronjob/loki/compact/main", true),
        ("/nomad/ops/grafana/web/1/main", true),
        ("/nomad/ops/stack/alertmanager/1/main", true),
        ("/swarm/default/coroot-agent/1", true),
        ("/docker/prometheus", true),
        ("/system.slice/grafana-server.service", true),
        ("/system.slice/own.slice/prometheus.service", true),
        ("/k8s/shop/cart-1/prometheus-exporter", false),
        ("/k8s/monitoring-of-shop/cart-1/main", false),
        ("/k8s/shop/monitoring-1/main", false),
        ("/docker/monitoring", false),
        ("/docker/cart", false),
    ] {
        assert_eq!(leaves_out(client), expected, "{client}");
    }
}

#[test]
fn service_levels_are_of_all_requests_and_messages() {
    for query in PROTOCOLS.iter().filter(|query| query.kind == QueryRetention::Seen) {
        let metric = query.expression.trim_start_matches("rate(").trim_end_matches("[$RANGE])");
        assert!(INBOUND_REQUESTS.expression.contains(&format!("rate({metric}{{")), "{metric}");
    }
    for query in PROTOCOLS.iter().filter(|query| query.kind == QueryRetention::Now) {
        let metric = query.expression.trim_start_matches("rate(").split("_sum ").next().unwrap();
        assert!(INBOUND_LATENCY.expression.contains(&format!("rate({metric}_bucket{{")), "{metric}");
    }
}

const SELECTOR: &str = r#"{cluster="a\"b\\c", zone=~"d.*", env!="", team!~`x|y`}"#;

/// The matchers of every selector in an expression.
fn selectors_in(expression: &Expr) -> Vec<Vec<Matcher>> {
    struct MatcherCollector(Vec<Vec<Matcher>>);
    impl ExprVisitor for MatcherCollector {
        type Error = std::convert::Infallible;

        fn pre_visit(&mut self, expression: &Expr) -> Result<bool, Self::Error> {
            match expression {
                Expr::VectorSelector(selector) => self.0.push(selector.matchers.matchers.clone()),
                Expr::MatrixSelector(selector) => self.0.push(selector.vs.matchers.matchers.clone()),
                _ => {}
            }
            Ok(true)
        }
    }
    let mut collecting = MatcherCollector(Vec::new());
    let Ok(_) = walk_expr(&mut collecting, expression);
    collecting.0
}

#[test]
fn every_query_of_the_lists_is_the_same_when_it_is_printed() {
    for query in all() {
        let expression = query.expression.replace("$RANGE", "45s");
        let parsed = parser::parse(&expression).unwrap();
        assert_eq!(parser::parse(&parsed.to_string()).unwrap(), parsed, "{expression}");
    }
}

#[test]
fn every_selector_of_the_lists_gets_the_matchers() {
    let expressions = QueryExpressions::new(ExtraSelector::parse(SELECTOR).unwrap());
    for query in all() {
        let before = parser::parse(&query.expression.replace("$RANGE", "45s")).unwrap();
        let after = parser::parse(&expressions.of(query, 45).unwrap()).unwrap();
        let (before, after) = (selectors_in(&before), selectors_in(&after));
        assert_eq!(before.len(), after.len(), "{}", query.name);
        assert!(!after.is_empty(), "{}", query.name);
        for (before, after) in before.iter().zip(&after) {
            let own = |matcher: &&Matcher| !["cluster", "zone", "env", "team"].contains(&&*matcher.name);
            assert_eq!(&after.iter().filter(own).cloned().collect::<Vec<_>>(), before, "{}", query.name);
            assert_eq!(after.len(), before.len() + 4, "{}", query.name);
            assert!(after.iter().any(|matcher| matcher.value == r#"a"b\c"#));
        }
    }
}
