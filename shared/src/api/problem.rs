//! Defines the body of refused requests.

use serde::{Deserialize, Serialize};

/// A refusal as a problem document (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// What kind of problem: the phrase of the status.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong with this request, in one sentence.
    pub detail: String,
    /// The wrong member of the request's body, such as `refresh_interval_s`; absent if it is not a single
    /// one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}
