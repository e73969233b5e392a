//! Compares where addresses lead. What is secret for one origin goes to no other one.

use reqwest::Url;

/// Whether two addresses have the same scheme, host and port. A text that is no address has no origin.
#[must_use]
pub fn is_same_origin(one: &str, other: &str) -> bool {
    match (Url::parse(one.trim()), Url::parse(other.trim())) {
        (Ok(one), Ok(other)) => one.origin() == other.origin(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_a_host_and_a_port() {
        for same in ["http://p:9090", "http://P:9090/prometheus?a", "http://me:hidden@p:9090/"] {
            assert!(is_same_origin("http://p:9090/", same), "{same}");
        }
        assert!(is_same_origin("https://p/", "https://p:443"));
        for other in
            ["https://p:9090/", "http://p/", "http://p.evil:9090/", "http://p:9090@evil/", "p:9090", ""]
        {
            assert!(!is_same_origin("http://p:9090/", other), "{other}");
        }
        assert!(!is_same_origin("", ""));
    }
}
