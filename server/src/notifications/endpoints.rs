//! The addresses of Slack, PagerDuty and Opsgenie.

use std::fmt;

use headcount_outbound::TargetPolicy;
use reqwest::Url;

/// The addresses of the services that are the same for all customers.
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceEndpoints {
    /// Slack's Web API, such as `https://slack.com/api/`.
    pub slack: Url,
    /// PagerDuty's Events API, such as `https://events.pagerduty.com/`.
    pub pagerduty: Url,
    /// Opsgenie; `None` for the address of the account's region.
    pub opsgenie: Option<Url>,
    /// Which addresses are allowed, including those of webhooks.
    pub targets: TargetPolicy,
}

/// Leaves out the addresses: one may be that of a private proxy.
impl fmt::Debug for ServiceEndpoints {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ServiceEndpoints").finish_non_exhaustive()
    }
}

/// `base` with `segments`, percent-encoded, after its path. A slash at the end of `base` makes no difference.
pub(super) fn below(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    // Only an address without a host has no path, and such an address is refused earlier.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_proxy_is_kept() {
        for (base, expected) in [
            ("https://slack.com/api/", "https://slack.com/api/chat.postMessage"),
            ("http://proxy:8080/slack", "http://proxy:8080/slack/chat.postMessage"),
            ("http://proxy", "http://proxy/chat.postMessage"),
        ] {
            assert_eq!(below(&Url::parse(base).unwrap(), &["chat.postMessage"]).as_str(), expected);
        }
    }
}
