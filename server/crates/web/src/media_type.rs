//! Recognizes JSON by the header `Content-Type` of a request.

use axum::http::{HeaderMap, HeaderValue, header};

/// The media type of a body, from the one that is most like JSON to the one that is least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BodyMediaType {
    /// There is no header.
    Unstated,
    /// `application/json` (RFC 8259).
    Json,
    /// A type with the suffix `+json` (RFC 6839).
    JsonSuffix,
    /// Any other type, or an unreadable one.
    Other,
}

impl BodyMediaType {
    /// Reads the header, whatever its parameters. Of several headers, the one that is least like JSON counts.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        headers.get_all(header::CONTENT_TYPE).iter().map(Self::of_value).max().unwrap_or(Self::Unstated)
    }

    fn of_value(value: &HeaderValue) -> Self {
        let Ok(text) = value.to_str() else { return Self::Other };
        let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.split_once('/') {
            Some(("application", "json")) => Self::Json,
            Some((_, subtype)) if subtype.ends_with("+json") => Self::JsonSuffix,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_is_recognized_whatever_its_case_and_parameters() {
        for (values, expected) in [
            (&[][..], BodyMediaType::Unstated),
            (&["application/json"], BodyMediaType::Json),
            (&["Application/JSON; charset=utf-8"], BodyMediaType::Json),
            (&[" application/json ;x=y"], BodyMediaType::Json),
            (&["application/vnd.headcount+json"], BodyMediaType::JsonSuffix),
            (&["application/x+JSON; x=y"], BodyMediaType::JsonSuffix),
            (&[""], BodyMediaType::Other),
            (&["json"], BodyMediaType::Other),
            (&["+json"], BodyMediaType::Other),
            (&["text/plain"], BodyMediaType::Other),
            (&["text/plain; x=application/json"], BodyMediaType::Other),
            (&["text/json"], BodyMediaType::Other),
            (&["application/jsonp"], BodyMediaType::Other),
            (&["application/x-www-form-urlencoded"], BodyMediaType::Other),
            (&["é/+json"], BodyMediaType::Other),
            (&["application/json", "application/json"], BodyMediaType::Json),
            (&["application/json", "a/b+json"], BodyMediaType::JsonSuffix),
            (&["application/json", "text/plain"], BodyMediaType::Other),
            (&["text/plain", "application/json"], BodyMediaType::Other),
        ] {
            let value = |text: &&str| HeaderValue::from_bytes(text.as_bytes()).unwrap();
            let mut headers = HeaderMap::new();
            for text in values {
                headers.append(header::CONTENT_TYPE, value(text));
            }
            assert_eq!(BodyMediaType::of(&headers), expected, "{values:?}");
        }
    }
}
