//! Reads `Accept-Encoding` and `If-None-Match`.

use axum::http::{HeaderMap, HeaderName, header};

/// Whether `Accept-Encoding` lists a coding and does not give it the weight zero (RFC 9110, section 12.5.3).
pub(super) fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    items(headers, &header::ACCEPT_ENCODING).any(|item| {
        let (listed, weight) = item.split_once(';').unwrap_or((item, ""));
        let weight = weight.trim().trim_start_matches("q=");
        listed.trim().eq_ignore_ascii_case(coding) && !matches!(weight, "0" | "0." | "0.0" | "0.00" | "0.000")
    })
}

/// Whether `If-None-Match` lists the tag, or any (RFC 9110, section 13.1.2). A comma inside another server's
/// tag does no harm, because no part of that tag has both quotation marks.
pub(super) fn has_it_already(headers: &HeaderMap, tag: &str) -> bool {
    items(headers, &header::IF_NONE_MATCH)
        .any(|item| item == "*" || item.strip_prefix("W/").unwrap_or(item) == tag)
}

/// The items of a list header, in one line or several.
fn items<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn with(name: &HeaderName, lines: &[&'static str]) -> HeaderMap {
        lines.iter().map(|line| (name.clone(), HeaderValue::from_static(line))).collect()
    }

    #[test]
    fn a_coding_is_used_when_the_browser_lists_it() {
        let cases: [(&[&str], &str, bool); 9] = [
            (&["gzip, deflate, br"], "br", true),
            (&["gzip", "br"], "br", true),
            (&["gzip, deflate"], "br", false),
            (&["GZIP"], "gzip", true),
            (&["br;q=0, gzip;q=0.5"], "br", false),
            (&["br;q=0, gzip;q=0.5"], "gzip", true),
            (&[""], "gzip", false),
            (&[], "gzip", false),
            (&["brotli"], "br", false),
        ];
        for (lines, coding, used) in cases {
            assert_eq!(accepts(&with(&header::ACCEPT_ENCODING, lines), coding), used, "{lines:?} {coding}");
        }
    }

    #[test]
    fn a_browser_has_the_file_when_it_names_its_tag() {
        let cases: [(&[&str], bool); 10] = [
            (&[r#""ours""#], true),
            (&[r#"W/"ours""#], true),
            (&[r#""other", "ours""#], true),
            (&[r#""other""#, r#""ours""#], true),
            (&["*"], true),
            (&[r#""other""#], false),
            (&[r#""other,ours""#], false),
            (&["ours"], false),
            (&[""], false),
            (&[], false),
        ];
        for (lines, has) in cases {
            let headers = with(&header::IF_NONE_MATCH, lines);
            assert_eq!(has_it_already(&headers, r#""ours""#), has, "{lines:?}");
        }
    }
}
