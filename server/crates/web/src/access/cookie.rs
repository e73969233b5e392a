//! Reads, sets and removes cookies.

use axum::http::{HeaderMap, header};

use crate::base_path::BasePath;

/// The values of the cookies called `name`. A browser may send several, of different paths.
pub(crate) fn values<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .filter_map(move |(found, value)| (found == name).then_some(value))
}

/// The value of a `Set-Cookie` header that sets a cookie for requests under `base_path`: invisible to
/// scripts, and never sent with requests that another site causes.
pub(crate) fn set(name: &str, value: &str, base_path: &BasePath, max_age_s: u64, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!(
        "{name}={value}; Path={}; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{secure}",
        base_path.as_str()
    )
}

/// The value of a `Set-Cookie` header that removes that cookie.
pub(crate) fn remove(name: &str, base_path: &BasePath, secure: bool) -> String {
    set(name, "", base_path, 0, secure)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_values_of_a_name_are_found_among_others() {
        for (cookies, found) in [
            (&["a=1"][..], &["1"][..]),
            (&["b=2; a=1"], &["1"]),
            (&["b=2;a=1;a=3"], &["1", "3"]),
            (&["a=1", "a=2"], &["1", "2"]),
            (&["a=1=2"], &["1=2"]),
            (&["aa=1; =a; a; A=1"], &[]),
            (&[], &[]),
        ] {
            let mut headers = HeaderMap::new();
            for line in cookies {
                headers.append(header::COOKIE, HeaderValue::from_static(line));
            }
            assert_eq!(values(&headers, "a").collect::<Vec<_>>(), found, "{cookies:?}");
        }
    }

    #[test]
    fn a_cookie_is_for_this_program_alone() {
        let base: BasePath = "/x/".parse().unwrap();
        assert_eq!(set("n", "v", &base, 60, false), "n=v; Path=/x/; Max-Age=60; HttpOnly; SameSite=Strict");
        assert!(set("n", "v", &base, 60, true).ends_with("; SameSite=Strict; Secure"));
        assert_eq!(remove("n", &base, false), "n=; Path=/x/; Max-Age=0; HttpOnly; SameSite=Strict");
    }
}
