//! Defines the default resource usage of each container and the default traffic of each connection.

/// Cores used by a container.
pub(crate) const CORES: f64 = 0.4;

/// Memory used by a container, in bytes.
pub(crate) const MEMORY_BYTES: f64 = 1.2e8;

/// Errors per second in the log of a container.
pub(crate) const ERRORS: f64 = 0.02;

/// Warnings per second in the log of a container.
pub(crate) const WARNINGS: f64 = 0.02;

/// Requests per second over a connection.
pub(crate) const REQUESTS: f64 = 20.0;

/// The mean duration of a request, in seconds.
pub(crate) const MEAN_LATENCY_S: f64 = 0.045;

/// The upper bounds of latency in seconds, as agents write them, with the share of requests that take no
/// longer.
pub(crate) const LATENCIES: [(&str, f64); 12] = [
    ("0.005", 0.2),
    ("0.01", 0.4),
    ("0.025", 0.6),
    ("0.05", 0.75),
    ("0.1", 0.9),
    ("0.25", 0.98),
    ("0.5", 0.998),
    ("1", 0.9993),
    ("2.5", 0.9998),
    ("5", 0.9999),
    ("10", 1.0),
    ("+Inf", 1.0),
];

/// The index of the first bound that slow requests do not exceed.
pub(crate) const SLOW: usize = 9;

/// The mean duration of a slow request, in seconds.
pub(crate) const SLOW_LATENCY_S: f64 = 3.5;
