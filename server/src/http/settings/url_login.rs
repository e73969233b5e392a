//! Removes names and passwords from addresses in responses, and compares where addresses lead.

use axum::http::StatusCode;
use headcount_web::problem::ProblemResponse;
use reqwest::Url;

/// An address as it is stored, without the name and the password that another program may have put into it.
pub(super) fn without_login(stored: &str) -> String {
    let Some(mut url) = with_login(stored) else { return stored.to_owned() };
    // This cannot fail for an address with a host.
    if url.set_username("").is_err() || url.set_password(None).is_err() {
        return String::new();
    }
    url.into()
}

/// Refuses an address with a name or a password in it: it would be shown.
pub(super) fn check_has_no_login(given: &str, field: &str) -> Result<(), ProblemResponse> {
    if with_login(given).is_none() {
        return Ok(());
    }
    let why = "an address is given without a name and a password, because it is shown";
    Err(ProblemResponse::new(StatusCode::UNPROCESSABLE_ENTITY, why).about(field))
}

/// Whether two addresses have the same scheme, host and port.
pub(super) fn is_same_origin(one: &str, other: &str) -> bool {
    match (Url::parse(one.trim()), Url::parse(other.trim())) {
        (Ok(one), Ok(other)) => one.origin() == other.origin(),
        _ => false,
    }
}

fn with_login(text: &str) -> Option<Url> {
    let url = Url::parse(text.trim()).ok()?;
    (!url.username().is_empty() || url.password().is_some()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_as_it_is_stored_but_for_name_and_password() {
        for (stored, shown) in [
            ("http://p:9090", "http://p:9090"),
            ("http://me:hidden@p:9090/a?b", "http://p:9090/a?b"),
            ("http://:hidden@p/", "http://p/"),
            ("http://hidden@p/", "http://p/"),
            ("no address", "no address"),
            ("", ""),
        ] {
            assert_eq!(without_login(stored), shown);
            assert_eq!(check_has_no_login(stored, "url").is_err(), stored.contains("hidden"), "{stored}");
        }
    }

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
