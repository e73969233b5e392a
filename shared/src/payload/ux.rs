//! `ux`: how the web interface is used.

use std::collections::BTreeMap;

use documented::DocumentedFields;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{AlertingIntegration, or_default};
use crate::breakpoint::Breakpoint;

/// The use of the web interface.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(default)]
pub struct UxSection {
    /// The number of browsers by display breakpoint (<https://vuetifyjs.com/en/features/breakpoints/>) since
    /// the last report. A browser seen at two sizes counts in both. Sizes without a browser are absent.
    #[serde(deserialize_with = "or_default")]
    pub users_by_screen_size: BTreeMap<Breakpoint, u64>,
    /// Pseudonyms of the browsers seen since the last report, sorted; at most 10,000. Each is a UUID of
    /// version 8 that the server makes of the browser's random UUID with a key of its own, which never leaves
    /// it: the same browser has other pseudonyms at other installations.
    #[serde(deserialize_with = "or_default")]
    pub users: Vec<Uuid>,
    /// The number of page views by route template since the last report. A template comes from the program's
    /// own table, never from the text of a URL; a page that is not in the table counts as `(unmatched)`.
    #[serde(deserialize_with = "or_default")]
    pub page_views: BTreeMap<String, u64>,
    /// The average time to load telemetry from the Prometheus cache since the last report, in seconds. 0
    /// without Prometheus.
    pub world_load_time_avg: f64,
    /// The average time to audit telemetry since the last report, in seconds. 0 without Prometheus.
    pub audit_time_avg: f64,
    /// The number of notifications about incidents that were sent since the last report, by type of
    /// destination, never a channel or an address. Types without one are absent.
    #[serde(deserialize_with = "or_default")]
    pub sent_notifications: BTreeMap<AlertingIntegration, u64>,
}
