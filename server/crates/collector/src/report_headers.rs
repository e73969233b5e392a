//! Reads the headers of a report and refuses unsupported ones.

use axum::http::{HeaderMap, header};
use headcount_shared::{
    delivery::{IDEMPOTENCY_KEY, PRODUCT, REPLICA},
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
    /// The product that the report is about.
    pub product: NamedProduct,
}

/// The product that the headers of a report name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamedProduct {
    /// No header names one: the report is about Coroot.
    Absent,
    /// The one that the header names.
    Named(ProductName),
    /// The header is no name of a product, or there are several. The report counts for Coroot, and the header
    /// as a value that is set aside: no report is lost for it.
    SetAside,
}

impl NamedProduct {
    /// The product that the report counts for.
    #[must_use]
    pub fn counted_as(&self) -> ProductName {
        match self {
            Self::Named(name) => name.clone(),
            Self::Absent | Self::SetAside => ProductName::of_coroot(),
        }
    }

    /// The number of values that are set aside: 1 or 0.
    #[must_use]
    pub const fn set_aside(&self) -> u64 {
        matches!(self, Self::SetAside) as u64
    }
}

impl ReportHeaders {
    /// Reads the five headers that matter. No other header is looked at.
    ///
    /// # Errors
    /// [`IngestError::MediaType`], [`IngestError::Coding`] and [`IngestError::Key`].
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, IngestError> {
        if BodyMediaType::of(headers) == BodyMediaType::Other {
            return Err(IngestError::MediaType);
        }
        Ok(Self {
            coding: coding(headers)?,
            id: id(headers)?,
            replica: is_replica(headers),
            product: product(headers),
        })
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

/// The one product that is named.
fn product(headers: &HeaderMap) -> NamedProduct {
    let mut values = headers.get_all(PRODUCT).iter();
    let Some(value) = values.next() else { return NamedProduct::Absent };
    let name = value.to_str().ok().and_then(|name| name.parse().ok());
    name.filter(|_| values.next().is_none()).map_or(NamedProduct::SetAside, NamedProduct::Named)
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
        let product = |headers: &[_]| check(headers).unwrap().product;
        let named = |value| product(&[("headcount-product", value)]);
        for (product, counted_as, set_aside) in [
            (product(&[]), "coroot", 0),
            (named("a-shop"), "a-shop", 0),
            (named("coroot"), "coroot", 0),
            (named(""), "coroot", 1),
            (named("A Shop"), "coroot", 1),
            (named("\u{e9}"), "coroot", 1),
            (product(&[("headcount-product", "a"), ("headcount-product", "b")]), "coroot", 1),
        ] {
            assert_eq!((product.counted_as().as_str(), product.set_aside()), (counted_as, set_aside));
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
