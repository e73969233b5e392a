//! Where are Slack, PagerDuty and Opsgenie?

use std::fmt;

use reqwest::Url;

use crate::outgoing::TargetPolicy;

/// The addresses of the services that have one for everybody.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Of Slack's Web API, such as `https://slack.com/api/`.
    pub slack: Url,
    /// Of PagerDuty's Events API, such as `https://events.pagerduty.com/`.
    pub pagerduty: Url,
    /// Of Opsgenie; `None` for the one of the account's region.
    pub opsgenie: Option<Url>,
    /// Which addresses may be told, webhooks included.
    pub targets: TargetPolicy,
}

/// Prints no address: a proxy is somebody's.
impl fmt::Debug for Endpoints {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Endpoints").finish_non_exhaustive()
    }
}

/// `base` with `segments` after its path, which are percent-encoded; a slash at the end of `base` makes no difference.
pub(super) fn below(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    // Only an address without a host has no path, and no such address gets here.
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
