//! Reads the headers of a report and refuses unsupported ones.

use std::str::FromStr;

use axum::http::{HeaderMap, header};
use headcount_shared::{
    deletion_commitment::DeletionCommitment,
    delivery::{COMMITMENT, IDEMPOTENCY_KEY, PRODUCT, REPLICA},
    limits::REPORT_ID_BYTES,
    product::ProductName,
};
use headcount_web::media_type::BodyMediaType;

use super::{IngestError, decode_body::ContentCoding};

/// The valid headers of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportHeaders {
    /// The sender's id of the report; optional.
    pub id: Option<String>,
    /// How the body is compressed.
    pub coding: ContentCoding,
    /// Whether the sender is a replica: one of several servers of an installation, and not their leader.
    pub replica: bool,
    /// The product that the report is about: Coroot if no header names one.
    pub product: ProductName,
    /// The commitment of the installation to its deletion secret; optional.
    pub commitment: Option<DeletionCommitment>,
    /// The number of headers that could not be read. No report is lost for one: it counts as absent.
    pub set_aside: u64,
}

impl ReportHeaders {
    /// Reads the six headers that matter. No other header is looked at.
    ///
    /// # Errors
    /// [`IngestError::MediaType`], [`IngestError::Coding`] and [`IngestError::Key`].
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, IngestError> {
        if BodyMediaType::of(headers) == BodyMediaType::Other {
            return Err(IngestError::MediaType);
        }
        let commitment = one_value(headers, COMMITMENT);
        Ok(Self {
            coding: coding(headers)?,
            id: id(headers)?,
            replica: is_replica(headers),
            product: product_of(headers),
            commitment: commitment.value,
            set_aside: one_value::<ProductName>(headers, PRODUCT).set_aside + commitment.set_aside,
        })
    }
}

/// The product that a report names; Coroot if it names none, or in a way that cannot be read.
pub(super) fn product_of(headers: &HeaderMap) -> ProductName {
    one_value(headers, PRODUCT).value.unwrap_or_else(ProductName::of_coroot)
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

/// An optional header, and whether it was set aside.
struct OptionalHeader<T> {
    value: Option<T>,
    /// 1 or 0.
    set_aside: u64,
}

/// A header that may be there once. One that cannot be read, or is there several times, is set aside.
fn one_value<T: FromStr>(headers: &HeaderMap, name: &str) -> OptionalHeader<T> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return OptionalHeader { value: None, set_aside: 0 } };
    let value = value.to_str().ok().and_then(|text| text.parse().ok()).filter(|_| values.next().is_none());
    OptionalHeader { set_aside: u64::from(value.is_none()), value }
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
    fn a_report_is_about_the_product_that_it_names_and_else_about_coroot() {
        for (headers, product, set_aside) in [
            (&[][..], "coroot", 0),
            (&[("headcount-product", "a-shop")], "a-shop", 0),
            (&[("headcount-product", "coroot")], "coroot", 0),
            (&[("headcount-product", "")], "coroot", 1),
            (&[("headcount-product", "A Shop")], "coroot", 1),
            (&[("headcount-product", "\u{e9}")], "coroot", 1),
            (&[("headcount-product", "a"), ("headcount-product", "b")], "coroot", 1),
        ] {
            let read = check(headers).unwrap();
            assert_eq!((read.product.as_str(), read.set_aside), (product, set_aside), "{headers:?}");
        }
    }

    #[test]
    fn a_commitment_is_64_digits_and_no_report_is_lost_for_another() {
        let digits = "0a".repeat(32);
        let longer = "0a".repeat(33);
        for (value, is_read) in [(digits.as_str(), true), ("0a", false), ("", false), (&longer, false)] {
            let read = check(&[("deletion-commitment", value)]).unwrap();
            assert_eq!(read.commitment.is_some(), is_read, "{value}");
            assert_eq!(read.set_aside, u64::from(!is_read), "{value}");
        }
        let twice = check(&[("deletion-commitment", &digits), ("deletion-commitment", &digits)]).unwrap();
        assert_eq!((twice.commitment, twice.set_aside), (None, 1));
        assert_eq!(check(&[]).unwrap().set_aside, 0);
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
