//! Removes names and passwords from addresses in responses, and refuses them in requests.

use axum::http::StatusCode;
use headcount_web::problem::ProblemResponse;
use reqwest::Url;

/// An address as it is stored, without the name and the password that another program may have put into it. What
/// has no host is not understood, so everything before its last `@` may be secret.
pub(super) fn without_login(stored: &str) -> String {
    let Some(mut url) = Url::parse(stored.trim()).ok().filter(Url::has_host) else {
        return stored.rsplit('@').next().unwrap_or_default().to_owned();
    };
    if !has_login(&url) {
        return stored.to_owned();
    }
    // This cannot fail for an address with a host.
    if url.set_username("").is_err() || url.set_password(None).is_err() {
        return String::new();
    }
    url.into()
}

/// Refuses an address with a name or a password in it: it would be shown.
pub(super) fn check_has_no_login(given: &str, field: &str) -> Result<(), ProblemResponse> {
    if !Url::parse(given.trim()).is_ok_and(|url| has_login(&url)) {
        return Ok(());
    }
    let why = "an address is given without a name and a password, because it is shown";
    Err(ProblemResponse::new(StatusCode::UNPROCESSABLE_ENTITY, why).about(field))
}

fn has_login(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
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
            ("http://p/a@b", "http://p/a@b"),
            ("no address", "no address"),
            ("c:9000", "c:9000"),
            ("", ""),
        ] {
            assert_eq!(without_login(stored), shown);
            assert_eq!(check_has_no_login(stored, "url").is_err(), stored.contains("hidden"), "{stored}");
        }
    }

    #[test]
    fn of_an_address_that_is_not_understood_nothing_is_shown_that_may_be_a_password() {
        for (stored, shown) in [
            ("http://me:hidden@p:99999/", "p:99999/"),
            ("me:hidden@p:9090", "p:9090"),
            ("me:hid@den@p:9090", "p:9090"),
            ("file:///me:hidden@p", "p"),
            ("hidden@", ""),
        ] {
            assert_eq!(without_login(stored), shown);
        }
    }
}
