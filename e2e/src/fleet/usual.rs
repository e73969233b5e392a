//! What does anything usually cost, and how much is asked of it? Of each container and each connection.

/// Cores that a container uses.
pub(crate) const CORES: f64 = 0.4;

/// Memory that a container uses, in bytes.
pub(crate) const MEMORY_BYTES: f64 = 1.2e8;

/// Errors in the log of a container, a second.
pub(crate) const ERRORS: f64 = 0.02;

/// Warnings in the log of a container, a second.
pub(crate) const WARNINGS: f64 = 0.02;

/// Requests over a connection, a second.
pub(crate) const REQUESTS: f64 = 20.0;

/// The mean time that a request takes, in seconds.
pub(crate) const MEAN_LATENCY_S: f64 = 0.045;

/// The upper bounds of latency in seconds, as agents write them, and which share of requests is not slower.
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

/// The place among these of the first bound that slow requests keep.
pub(crate) const SLOW: usize = 9;

/// The mean time that a slow request takes, in seconds.
pub(crate) const SLOW_LATENCY_S: f64 = 3.5;
