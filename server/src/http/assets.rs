//! `GET <base>static/<file>`: the browser programs, which are part of this binary.

use axum::{
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::problem::Refusal;

/// Name and bytes of every file. `<name>.br` and `<name>.gz` are the same compressed.
static ASSETS: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Whether the browser programs were built when this binary was.
#[must_use]
pub fn are_built() -> bool {
    find("ui.js").is_some()
}

/// Sends a file, compressed as the browser likes.
///
/// # Errors
/// A [`Refusal`] when there is no such file.
pub async fn file(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Refusal> {
    let not_found = || Refusal::new(StatusCode::NOT_FOUND, "there is no such file");
    let content_type = content_type(&name).ok_or_else(not_found)?;
    let (bytes, encoding) = encoded(&name, &headers).ok_or_else(not_found)?;
    let mut response = ([(header::CONTENT_TYPE, content_type)], bytes).into_response();
    let answer_headers = response.headers_mut();
    // A new version of this program has new files under the same names.
    answer_headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    answer_headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    answer_headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(encoding) = encoding {
        answer_headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    Ok(response)
}

fn find(name: &str) -> Option<&'static [u8]> {
    let place = ASSETS.binary_search_by_key(&name, |(name, _)| name).ok()?;
    ASSETS.get(place).map(|(_, bytes)| *bytes)
}

fn encoded(name: &str, headers: &HeaderMap) -> Option<(&'static [u8], Option<&'static str>)> {
    let accepted =
        headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    for (encoding, ending) in [("br", "br"), ("gzip", "gz")] {
        if accepts(accepted, encoding)
            && let Some(bytes) = find(&format!("{name}.{ending}"))
        {
            return Some((bytes, Some(encoding)));
        }
    }
    Some((find(name)?, None))
}

/// Whether `Accept-Encoding` lists a coding and does not give it the weight zero (RFC 9110, section 12.5.3).
fn accepts(accepted: &str, encoding: &str) -> bool {
    accepted.split(',').any(|item| {
        let (coding, weight) = item.split_once(';').unwrap_or((item, ""));
        let weight = weight.trim().trim_start_matches("q=");
        coding.trim().eq_ignore_ascii_case(encoding)
            && !matches!(weight, "0" | "0." | "0.0" | "0.00" | "0.000")
    })
}

fn content_type(name: &str) -> Option<&'static str> {
    match name.rsplit_once('.')?.1 {
        "js" => Some("text/javascript; charset=utf-8"),
        "wasm" => Some("application/wasm"),
        "css" => Some("text/css; charset=utf-8"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coding_is_used_when_the_browser_lists_it() {
        let cases = [
            ("gzip, deflate, br", "br", true),
            ("gzip, deflate", "br", false),
            ("GZIP", "gzip", true),
            ("br;q=0, gzip;q=0.5", "br", false),
            ("br;q=0, gzip;q=0.5", "gzip", true),
            ("", "gzip", false),
            ("brotli", "br", false),
        ];
        for (accepted, encoding, used) in cases {
            assert_eq!(accepts(accepted, encoding), used, "{accepted} {encoding}");
        }
    }

    #[test]
    fn only_files_of_known_types_are_sent() {
        assert_eq!(content_type("tracker.js"), Some("text/javascript; charset=utf-8"));
        assert_eq!(content_type("tracker_bg.wasm"), Some("application/wasm"));
        assert_eq!(content_type("tracker.js.br"), None);
        assert_eq!(content_type("tracker"), None);
    }
}
