//! Reads the headers of a report and refuses unsupported ones.

use axum::http::{HeaderMap, header};
use headcount_shared::limits::REPORT_ID_BYTES;
use headcount_web::media_type::BodyMediaType;

use super::{IngestError, decode_body::ContentCoding};

/// The header that names a report, so that it can be sent again without being counted again.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The header of a report from a server that shares its database with others and does not lead them.
const REPLICA: &str = "headcount-replica";

/// The valid headers of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportHeaders {
    /// The sender's id of the report; optional.
    pub id: Option<String>,
    /// How the body is compressed.
    pub coding: ContentCoding,
    /// Whether the sender is a replica: one of several servers of an installation, and not their leader.
    pub replica: bool,
}

impl ReportHeaders {
    /// Reads the four headers that matter. No other header is looked at.
    ///
    /// # Errors
    /// [`IngestError::MediaType`], [`IngestError::Coding`] and [`IngestError::Key`].
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, IngestError> {
        if BodyMediaType::of(headers) == BodyMediaType::Other {
            return Err(IngestError::MediaType);
        }
        Ok(Self { coding: coding(headers)?, id: id(headers)?, replica: is_replica(headers) })
    }
}

/// The one coding of the body (RFC 9110, section 8.4).
fn coding(headers: &HeaderMap) -> Result<ContentCoding, IngestError> {
    let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
    let Some(value) = values.next() else { return Ok(ContentCoding::Identity) };
    if values.next().is_some() {
        return Err(IngestError::Coding);
    }
    match value.to_str().unwrap_or("unreadable").trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(ContentCoding::Identity),
        "gzip" | "x-gzip" => Ok(ContentCoding::Gzip),
        "zstd" => Ok(ContentCoding::Zstd),
        _ => Err(IngestError::Coding),
    }
}

/// Whether the sender declares itself a replica. Every value but `1` means no.
fn is_replica(headers: &HeaderMap) -> bool {
    headers.get(REPLICA).is_some_and(|value| value.as_bytes().trim_ascii() == b"1")
}

/// The sender's id of the report.
fn id(headers: &HeaderMap) -> Result<Option<String>, IngestError> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let id = value.to_str().ok().filter(|id| is_report_id(id) && values.next().is_none());
    id.map(|id| Some(id.to_owned())).ok_or(IngestError::Key)
}

/// Whether a text is a valid id of a report.
fn is_report_id(text: &str) -> bool {
    let in_alphabet = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=REPORT_ID_BYTES).contains(&text.len()) && text.bytes().all(in_alphabet)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn check(headers: &[(&'static str, &str)]) -> Result<ReportHeaders, IngestError> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        ReportHeaders::from_headers(&map)
    }

    #[test]
    fn the_media_type_is_json_or_absent() {
        for media_type in ["application/json", "application/vnd.headcount+json"] {
            assert!(check(&[("content-type", media_type)]).is_ok(), "{media_type}");
        }
        assert!(check(&[]).is_ok());
        for media_type in ["", "text/plain", "application/xml"] {
            let refused = check(&[("content-type", media_type)]);
            assert!(matches!(refused, Err(IngestError::MediaType)), "{media_type}");
        }
    }

    #[test]
    fn one_known_coding_is_taken() {
        let cases = [
            ("gzip", ContentCoding::Gzip),
            ("GZIP", ContentCoding::Gzip),
            ("x-gzip", ContentCoding::Gzip),
            ("zstd", ContentCoding::Zstd),
            ("identity", ContentCoding::Identity),
            ("", ContentCoding::Identity),
        ];
        for (value, coding) in cases {
            assert_eq!(check(&[("content-encoding", value)]).unwrap().coding, coding, "{value}");
        }
        assert_eq!(check(&[]).unwrap().coding, ContentCoding::Identity);
        for value in ["br", "deflate", "gzip, gzip", "gzip, zstd", "identity, gzip", "gzip;q=1", "é"] {
            assert!(matches!(check(&[("content-encoding", value)]), Err(IngestError::Coding)), "{value}");
        }
        let twice = check(&[("content-encoding", "gzip"), ("content-encoding", "zstd")]);
        assert!(matches!(twice, Err(IngestError::Coding)));
    }

    #[test]
    fn a_replica_says_so_with_a_one() {
        assert!(check(&[("headcount-replica", "1")]).unwrap().replica);
        assert!(!check(&[]).unwrap().replica);
        for value in ["", "0", "true", "11"] {
            assert!(!check(&[("headcount-replica", value)]).unwrap().replica, "{value}");
        }
    }

    #[test]
    fn a_report_id_is_short_and_plain() {
        let longest = "a".repeat(REPORT_ID_BYTES);
        for id in ["0", "_-", "0195c1f0-7b1a-7c3e-8f00-2f6d1a7f9a11", longest.as_str()] {
            assert_eq!(check(&[("idempotency-key", id)]).unwrap().id.as_deref(), Some(id));
        }
        assert_eq!(check(&[]).unwrap().id, None);
        let too_long = "a".repeat(REPORT_ID_BYTES + 1);
        for id in ["", " ", "a b", "\"a\"", "../a", "a/b", "é", too_long.as_str()] {
            assert!(matches!(check(&[("idempotency-key", id)]), Err(IngestError::Key)), "{id}");
        }
        let twice = check(&[("idempotency-key", "a"), ("idempotency-key", "b")]);
        assert!(matches!(twice, Err(IngestError::Key)));
    }
}
