//! Tests the access to a Prometheus before it is stored: `<base>api/prometheus-test`, and
//! `<base>api/projects/{id}/prometheus/test` with the secrets that are stored.

use axum::Json;
use headcount_observer::access_check::{AccessCheckError, PrometheusContents};
use headcount_outbound::UnreachableCause;
use headcount_prometheus::{client::QueryError, prometheus_access::PrometheusAccess};
use headcount_shared::api::{PrometheusTest, PrometheusTestOutcome, SetPrometheus};
use headcount_web::problem::ProblemResponse;

use super::{
    extractors::{JsonBody, OutgoingTests, ProjectPath, UrlParameters, nothing_is_tested},
    load_configuration::load_configuration,
    prometheus::updated,
    settings_errors::{BodyProblems, SettingsProblems},
    url_login::check_has_no_login,
};
use crate::{app::observed_installation::ObservedInstallation, store::InvalidChange};

/// Asks a Prometheus of no project yet what it has. Nothing is stored.
#[utoipa::path(post, path = "/api/prometheus-test", tag = "prometheus", request_body = SetPrometheus,
    responses((status = 200, description = "What was found.", body = PrometheusTest), BodyProblems, SettingsProblems))]
pub(super) async fn test_new_prometheus(
    OutgoingTests { installation, .. }: OutgoingTests,
    JsonBody(sent): JsonBody<SetPrometheus>,
) -> Result<Json<PrometheusTest>, ProblemResponse> {
    test(&installation, sent, None).await
}

/// Asks a Prometheus what it has. Secrets that are not given are those that the project has, if the scheme, the host
/// and the port are those of its Prometheus; they are sent nowhere else. Nothing is stored.
#[utoipa::path(post, path = "/api/projects/{id}/prometheus/test", tag = "prometheus", params(ProjectPath),
    request_body = SetPrometheus,
    responses((status = 200, description = "What was found.", body = PrometheusTest), BodyProblems, SettingsProblems))]
pub(super) async fn test_prometheus(
    OutgoingTests { installation, settings }: OutgoingTests,
    UrlParameters(ProjectPath { id }): UrlParameters<ProjectPath>,
    JsonBody(sent): JsonBody<SetPrometheus>,
) -> Result<Json<PrometheusTest>, ProblemResponse> {
    let stored = load_configuration(&settings, &id).await?.prometheus;
    test(&installation, sent, stored).await
}

async fn test(
    installation: &ObservedInstallation,
    sent: SetPrometheus,
    stored: Option<PrometheusAccess>,
) -> Result<Json<PrometheusTest>, ProblemResponse> {
    check_has_no_login(&sent.url, "url")?;
    let checked = installation.check_prometheus(&updated(sent, stored)?).await;
    match checked.ok_or_else(nothing_is_tested)? {
        Ok(contents) => Ok(Json(answered(&contents))),
        Err(AccessCheckError::Query(error)) => Ok(Json(failed(error))),
        Err(AccessCheckError::Invalid(invalid)) => Err(InvalidChange::Prometheus(invalid).into()),
    }
}

fn answered(contents: &PrometheusContents) -> PrometheusTest {
    let PrometheusContents { nodes, containers, pods, targets, latency } = *contents;
    let (outcome, sentence) = if nodes + containers > 0 {
        let found = "Prometheus answers, and has the metrics of coroot-node-agent";
        (
            PrometheusTestOutcome::Ready,
            format!("{found}: {}, {}.", count(nodes, "node"), count(containers, "container")),
        )
    } else if targets + pods > 0 {
        let found = "Prometheus answers, but has no metrics of coroot-node-agent now";
        let do_this =
            "Install it on the nodes and let this Prometheus scrape it, or check the extra selector";
        (
            PrometheusTestOutcome::NoNodeAgent,
            format!("{found}; it scrapes {}. {do_this}.", count(targets, "target")),
        )
    } else {
        let found = "Prometheus answers, but has no metrics now";
        let do_this = "Check the extra selector, and whether the address is that of the right tenant";
        (PrometheusTestOutcome::NoMetrics, format!("{found}. {do_this}."))
    };
    let latency_ms = Some(u64::try_from(latency.as_millis()).unwrap_or(u64::MAX));
    PrometheusTest { outcome, sentence, nodes, containers, pods, targets, latency_ms }
}

fn count(count: u64, what: &str) -> String {
    let many = if count == 1 { "" } else { "s" };
    format!("{count} {what}{many}")
}

fn failed(error: QueryError) -> PrometheusTest {
    let (outcome, what_to_do) = diagnosis(error);
    let what_to_do = if what_to_do.is_empty() { String::new() } else { format!(" {what_to_do}") };
    let sentence = format!("{}.{what_to_do}", with_capital(&error.to_string()));
    PrometheusTest { outcome, sentence, nodes: 0, containers: 0, pods: 0, targets: 0, latency_ms: None }
}

/// What an error means, and what to do about it.
fn diagnosis(error: QueryError) -> (PrometheusTestOutcome, &'static str) {
    match error {
        QueryError::Unreachable(reason) => unreachable_diagnosis(UnreachableCause::of(reason)),
        QueryError::Refused { status: 401, .. } => (
            PrometheusTestOutcome::Unauthorized,
            "Set the user name and the password, or the header with the token, that it asks for.",
        ),
        QueryError::Refused { status: 403, .. } => (
            PrometheusTestOutcome::Forbidden,
            "The user or the token may not query it, or something before it blocks this server.",
        ),
        QueryError::Refused { status: 404, .. } => (
            PrometheusTestOutcome::NotFound,
            "Give the address with the path before /api/v1, such as /prometheus or /select/0/prometheus.",
        ),
        QueryError::Refused { status: 300..=399, .. } => (
            PrometheusTestOutcome::Redirected,
            "It redirects to another address, perhaps to sign in. Give the address to which it redirects.",
        ),
        QueryError::Refused { .. } => (PrometheusTestOutcome::Refused, ""),
        QueryError::WebPage => (
            PrometheusTestOutcome::WebPage,
            "Something else listens there, such as Grafana, or a page to sign in stands before it.",
        ),
        QueryError::NotUnderstood
        | QueryError::TooLarge
        | QueryError::InvalidQuery
        | QueryError::ClocksDiffer => {
            (PrometheusTestOutcome::NotPrometheus, "Check the port and the path of the address.")
        }
        QueryError::TimedOut => (
            PrometheusTestOutcome::TimedOut,
            "It is overloaded, or a firewall drops what is sent to this port.",
        ),
    }
}

fn unreachable_diagnosis(cause: UnreachableCause) -> (PrometheusTestOutcome, &'static str) {
    match cause {
        UnreachableCause::UnknownName => (
            PrometheusTestOutcome::UnknownName,
            "Check the spelling; in Kubernetes the name of a service in another namespace ends with that namespace.",
        ),
        UnreachableCause::Refused => {
            (PrometheusTestOutcome::ConnectionRefused, "Check the port, and whether Prometheus runs.")
        }
        UnreachableCause::NoRoute => (PrometheusTestOutcome::NoRoute, "Check the address and the network."),
        UnreachableCause::NoConnection => (
            PrometheusTestOutcome::TimedOut,
            "Check the address; a firewall may drop what is sent to this port.",
        ),
        UnreachableCause::ExpiredCertificate
        | UnreachableCause::EarlyCertificate
        | UnreachableCause::OtherName
        | UnreachableCause::UnknownSigner
        | UnreachableCause::InvalidCertificate => (PrometheusTestOutcome::Certificate, ""),
        UnreachableCause::Tls => {
            (PrometheusTestOutcome::Tls, "If it does not use TLS, the address begins with http:// instead.")
        }
        UnreachableCause::Forbidden => (PrometheusTestOutcome::ForbiddenTarget, ""),
        UnreachableCause::Broken | UnreachableCause::Other => {
            (PrometheusTestOutcome::ConnectionFailed, "If it uses TLS, the address begins with https://.")
        }
    }
}

fn with_capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().into_iter().flat_map(char::to_uppercase).chain(characters.clone()).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_prometheus_lacks_is_told_apart() {
        let contents = |nodes, containers, pods, targets| PrometheusContents {
            nodes,
            containers,
            pods,
            targets,
            latency: Duration::from_millis(7),
        };
        for (contents, outcome, said) in [
            (contents(1, 20, 0, 5), PrometheusTestOutcome::Ready, "1 node, 20 containers"),
            (contents(0, 0, 0, 5), PrometheusTestOutcome::NoNodeAgent, "it scrapes 5 targets"),
            (contents(0, 0, 3, 0), PrometheusTestOutcome::NoNodeAgent, "no metrics of coroot-node-agent"),
            (contents(0, 0, 0, 0), PrometheusTestOutcome::NoMetrics, "extra selector"),
        ] {
            let test = answered(&contents);
            assert_eq!((test.outcome, test.latency_ms), (outcome, Some(7)));
            assert!(test.sentence.contains(said), "{}", test.sentence);
        }
    }

    #[test]
    fn every_failure_has_an_outcome_and_a_sentence() {
        let refused = |status| QueryError::Refused { status, kind: None };
        let unreachable = |cause: UnreachableCause| QueryError::Unreachable(cause.text());
        for (error, outcome) in [
            (unreachable(UnreachableCause::UnknownName), PrometheusTestOutcome::UnknownName),
            (unreachable(UnreachableCause::Refused), PrometheusTestOutcome::ConnectionRefused),
            (unreachable(UnreachableCause::NoRoute), PrometheusTestOutcome::NoRoute),
            (unreachable(UnreachableCause::NoConnection), PrometheusTestOutcome::TimedOut),
            (unreachable(UnreachableCause::ExpiredCertificate), PrometheusTestOutcome::Certificate),
            (unreachable(UnreachableCause::UnknownSigner), PrometheusTestOutcome::Certificate),
            (unreachable(UnreachableCause::Tls), PrometheusTestOutcome::Tls),
            (unreachable(UnreachableCause::Forbidden), PrometheusTestOutcome::ForbiddenTarget),
            (unreachable(UnreachableCause::Broken), PrometheusTestOutcome::ConnectionFailed),
            (refused(401), PrometheusTestOutcome::Unauthorized),
            (refused(403), PrometheusTestOutcome::Forbidden),
            (refused(404), PrometheusTestOutcome::NotFound),
            (refused(302), PrometheusTestOutcome::Redirected),
            (refused(500), PrometheusTestOutcome::Refused),
            (QueryError::WebPage, PrometheusTestOutcome::WebPage),
            (QueryError::NotUnderstood, PrometheusTestOutcome::NotPrometheus),
            (QueryError::TimedOut, PrometheusTestOutcome::TimedOut),
        ] {
            let test = failed(error);
            assert_eq!(test.outcome, outcome, "{error}");
            assert!(test.sentence.ends_with('.') && !test.sentence.ends_with(".."), "{}", test.sentence);
            assert!(test.sentence.starts_with(char::is_uppercase), "{}", test.sentence);
        }
    }
}
