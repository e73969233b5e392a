//! How did requests to each application go during the last day? The raw material of service levels.
//!
//! Requests are known in slots of five minutes that end at multiples of five minutes.

/// What is known of the requests to the applications of one project.
#[derive(Debug, Clone, Default)]
pub struct Indicators {}
