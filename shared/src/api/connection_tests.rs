//! The answers to tests: of the access to a Prometheus, and of a destination of notifications.

use serde::{Deserialize, Serialize};

/// `POST <base>api/prometheus-test` and `POST <base>api/projects/{id}/prometheus/test`: what a Prometheus answers
/// to a few queries. Nothing of it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PrometheusTest {
    /// What was found.
    pub outcome: PrometheusTestOutcome,
    /// The same in a sentence, with what to do about it. It has no address.
    pub sentence: String,
    /// Nodes that a node agent describes; 0 also if Prometheus did not answer.
    pub nodes: u64,
    /// Containers that a node agent describes.
    pub containers: u64,
    /// Pods that kube-state-metrics describes.
    pub pods: u64,
    /// Targets that it scrapes.
    pub targets: u64,
    /// How long the first answer took, in milliseconds; `null` without an answer.
    pub latency_ms: Option<u64>,
}

/// What a test of the access to a Prometheus found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PrometheusTestOutcome {
    /// It answers, and has the metrics of a node agent.
    Ready,
    /// It answers, and has no metrics of a node agent.
    NoNodeAgent,
    /// It answers, and has no metrics of anything with this selector.
    NoMetrics,
    /// The name of its host has no address.
    UnknownName,
    /// Nothing listens at the port.
    ConnectionRefused,
    /// There is no way to the host.
    NoRoute,
    /// Its certificate is not accepted.
    Certificate,
    /// TLS failed for a reason that is not about the certificate.
    Tls,
    /// It wants another user name, password or header: status 401.
    Unauthorized,
    /// It forbids the request: status 403.
    Forbidden,
    /// There is no Prometheus at the path of the address: status 404.
    NotFound,
    /// It redirects to another address.
    Redirected,
    /// It refuses with another status.
    Refused,
    /// It answers with a web page.
    WebPage,
    /// It answers with something else that is not of Prometheus.
    NotPrometheus,
    /// It did not answer in time.
    TimedOut,
    /// The policy of this server forbids the address.
    ForbiddenTarget,
    /// The connection failed for another reason.
    ConnectionFailed,
}

/// `POST <base>api/projects/{id}/integrations/{kind}/test`: what a destination answers to a test notification.
/// It is not counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NotificationTest {
    /// Whether the destination has accepted it.
    pub accepted: bool,
    /// What happened, in a sentence. It has no address and no secret.
    pub sentence: String,
}
