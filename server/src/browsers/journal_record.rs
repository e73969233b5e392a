//! Reads and writes lines of the journal.
//!
//! A line is a checksum (CRC-32, eight hex digits), a space, and one of:
//!
//! ```text
//! v <browser or -> <size> <page>   a page view
//! o <browser> <page>               a page view of a browser for which there was no place
//! x <a line v or o>                takes one such line back: its event was given up while it was written
//! b <browser> <size>               a browser was seen
//! p <count> <page>                 page views, summed up
//! d <browsers> <page views>        what was dropped, summed up
//! e <register> <rank>              a register of the estimate of dropped browsers
//! ```
//!
//! A browser is its pseudonym. In the journal of version 0.1.0 it is the UUID that the browser sent.

use std::{borrow::Cow, str::FromStr};

use headcount_shared::breakpoint::Breakpoint;
use uuid::Uuid;

use super::pseudonym::BrowserPseudonym;

/// The content of a line, with browsers as `B`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum JournalRecord<'a, B = BrowserPseudonym> {
    /// A page view; without a browser if that has no valid UUID.
    View { browser: Option<B>, size: Breakpoint, page: Cow<'a, str> },
    /// A page view of a browser for which there was no place: the browser is dropped.
    Overflow { browser: B, page: Cow<'a, str> },
    /// One equal record, which was written before, is not counted.
    TakenBack(Box<Self>),
    /// A browser was seen.
    Browser { browser: B, size: Breakpoint },
    /// Page views, summed up.
    Views { count: u64, page: Cow<'a, str> },
    /// What was dropped, summed up.
    Dropped { browsers: u64, page_views: u64 },
    /// A register of the estimate of dropped browsers has at least this rank.
    DroppedRank { register: u16, rank: u8 },
}

/// The checksum and the space behind it.
const PREFIX_BYTES: usize = 9;

impl JournalRecord<'_> {
    /// Adds this record as a line. The page must not hold a line break, which no page key does.
    pub(super) fn write_line(&self, line: &mut Vec<u8>) {
        let start = line.len();
        line.extend_from_slice(&[b' '; PREFIX_BYTES]);
        self.write_text(line);
        let checksum = checksum(&line[start + PREFIX_BYTES..]);
        line[start..start + PREFIX_BYTES - 1].copy_from_slice(&checksum);
        line.push(b'\n');
    }

    fn write_text(&self, line: &mut Vec<u8>) {
        match self {
            Self::View { browser, size, page } => {
                line.extend_from_slice(b"v ");
                match browser {
                    Some(browser) => push_browser(line, *browser),
                    None => line.push(b'-'),
                }
                line.push(b' ');
                line.extend_from_slice(size.as_str().as_bytes());
                line.push(b' ');
                line.extend_from_slice(page.as_bytes());
            }
            Self::Overflow { browser, page } => {
                line.extend_from_slice(b"o ");
                push_browser(line, *browser);
                line.push(b' ');
                line.extend_from_slice(page.as_bytes());
            }
            Self::TakenBack(record) => {
                line.extend_from_slice(b"x ");
                record.write_text(line);
            }
            Self::Browser { browser, size } => {
                line.extend_from_slice(b"b ");
                push_browser(line, *browser);
                line.push(b' ');
                line.extend_from_slice(size.as_str().as_bytes());
            }
            Self::Views { count, page } => line.extend_from_slice(format!("p {count} {page}").as_bytes()),
            Self::Dropped { browsers, page_views } => {
                line.extend_from_slice(format!("d {browsers} {page_views}").as_bytes());
            }
            Self::DroppedRank { register, rank } => {
                line.extend_from_slice(format!("e {register} {rank}").as_bytes());
            }
        }
    }
}

impl<'a, B: FromStr> JournalRecord<'a, B> {
    /// Reads a line, without its line break. `None` when it is damaged.
    pub(super) fn read_line(line: &'a [u8]) -> Option<Self> {
        let (sum, rest) = line.split_at_checked(PREFIX_BYTES)?;
        if sum[..PREFIX_BYTES - 1] != checksum(rest) {
            return None;
        }
        let text = std::str::from_utf8(rest).ok()?;
        match text.strip_prefix("x ") {
            Some(taken_back) => Some(Self::TakenBack(Box::new(Self::read_text(taken_back)?))),
            None => Self::read_text(text),
        }
    }

    /// Whether a line takes another one back. The line may be damaged.
    pub(super) fn line_takes_back(line: &[u8]) -> bool {
        line.get(PREFIX_BYTES) == Some(&b'x')
    }

    fn read_text(text: &'a str) -> Option<Self> {
        let (kind, rest) = text.split_once(' ')?;
        let (first, second) = rest.split_once(' ')?;
        match kind {
            "v" => {
                let (size, page) = second.split_once(' ')?;
                let browser = if first == "-" { None } else { Some(first.parse().ok()?) };
                Some(Self::View { browser, size: size.parse().ok()?, page: page.into() })
            }
            "o" => Some(Self::Overflow { browser: first.parse().ok()?, page: second.into() }),
            "b" => Some(Self::Browser { browser: first.parse().ok()?, size: second.parse().ok()? }),
            "p" => Some(Self::Views { count: first.parse().ok()?, page: second.into() }),
            "d" => Some(Self::Dropped { browsers: first.parse().ok()?, page_views: second.parse().ok()? }),
            "e" => Some(Self::DroppedRank { register: first.parse().ok()?, rank: second.parse().ok()? }),
            _ => None,
        }
    }
}

impl<'a, B> JournalRecord<'a, B> {
    /// The same record with browsers mapped by `other`. Where that returns `None`, views are counted without
    /// a browser, and a record without views is `None`.
    pub(super) fn with_browsers<C>(self, other: &impl Fn(B) -> Option<C>) -> Option<JournalRecord<'a, C>> {
        Some(match self {
            Self::View { browser, size, page } => {
                JournalRecord::View { browser: browser.and_then(other), size, page }
            }
            Self::Overflow { browser, page } => match other(browser) {
                Some(browser) => JournalRecord::Overflow { browser, page },
                None => JournalRecord::Views { count: 1, page },
            },
            Self::TakenBack(record) => JournalRecord::TakenBack(Box::new(record.with_browsers(other)?)),
            Self::Browser { browser, size } => JournalRecord::Browser { browser: other(browser)?, size },
            Self::Views { count, page } => JournalRecord::Views { count, page },
            Self::Dropped { browsers, page_views } => JournalRecord::Dropped { browsers, page_views },
            Self::DroppedRank { register, rank } => JournalRecord::DroppedRank { register, rank },
        })
    }
}

fn push_browser(line: &mut Vec<u8>, browser: BrowserPseudonym) {
    line.extend_from_slice(
        browser.as_uuid().hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes(),
    );
}

fn checksum(bytes: &[u8]) -> [u8; PREFIX_BYTES - 1] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let sum = crc32fast::hash(bytes);
    std::array::from_fn(|place| DIGITS[(sum >> (28 - 4 * place)) as usize & 15])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(record: &JournalRecord<'_>) -> Vec<u8> {
        let mut line = Vec::new();
        record.write_line(&mut line);
        assert_eq!(line.pop(), Some(b'\n'));
        line
    }

    fn any_record() -> impl Strategy<Value = JournalRecord<'static>> {
        let size = proptest::sample::select(Breakpoint::ALL.to_vec());
        let uuid = any::<u128>().prop_map(BrowserPseudonym::from_bits);
        let page = "[ -~]{0,40}".prop_map(Cow::<str>::from);
        prop_oneof![
            (proptest::option::of(uuid.clone()), size.clone(), page.clone())
                .prop_map(|(browser, size, page)| JournalRecord::View { browser, size, page }),
            (proptest::option::of(uuid.clone()), size.clone(), page.clone()).prop_map(
                |(browser, size, page)| {
                    JournalRecord::TakenBack(Box::new(JournalRecord::View { browser, size, page }))
                }
            ),
            (uuid.clone(), page.clone())
                .prop_map(|(browser, page)| JournalRecord::Overflow { browser, page }),
            any::<(u16, u8)>().prop_map(|(register, rank)| JournalRecord::DroppedRank { register, rank }),
            (uuid, size).prop_map(|(browser, size)| JournalRecord::Browser { browser, size }),
            (any::<u64>(), page).prop_map(|(count, page)| JournalRecord::Views { count, page }),
            any::<(u64, u64)>()
                .prop_map(|(browsers, page_views)| JournalRecord::Dropped { browsers, page_views }),
        ]
    }

    #[test]
    fn a_line_is_readable_by_people() {
        let record =
            JournalRecord::View { browser: None, size: Breakpoint::Lg, page: "/p/$projectId".into() };
        assert_eq!(String::from_utf8(written(&record)).unwrap(), "01cab1ed v - lg /p/$projectId");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(record in any_record()) {
            let line = written(&record);
            prop_assert_eq!(JournalRecord::read_line(&line), Some(record));
        }

        #[test]
        fn a_damaged_line_is_not_read(record in any_record(), place in any::<prop::sample::Index>(), bit in 0..8_u32) {
            let mut line = written(&record);
            let place = place.index(line.len());
            // The space behind the checksum is the one byte that is not covered.
            prop_assume!(place != PREFIX_BYTES - 1);
            line[place] ^= 1 << bit;
            prop_assert_eq!(JournalRecord::<BrowserPseudonym>::read_line(&line), None);
        }

        #[test]
        fn a_line_cut_short_is_not_read(record in any_record(), place in any::<prop::sample::Index>()) {
            let line = written(&record);
            prop_assert_eq!(JournalRecord::<BrowserPseudonym>::read_line(&line[..place.index(line.len())]), None);
        }

        #[test]
        fn no_bytes_panic(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _: Option<JournalRecord<'_>> = JournalRecord::read_line(&line);
        }

        #[test]
        fn a_uuid_that_is_no_pseudonym_is_not_read(uuid in any::<u128>()) {
            let uuid = Uuid::from_u128(uuid);
            prop_assume!(uuid.get_version_num() != 8 || uuid.get_variant() != uuid::Variant::RFC4122);
            let text = format!("v {uuid} lg /");
            let mut line = checksum(text.as_bytes()).to_vec();
            line.push(b' ');
            line.extend_from_slice(text.as_bytes());
            prop_assert_eq!(JournalRecord::<BrowserPseudonym>::read_line(&line), None);
            prop_assert!(JournalRecord::<Uuid>::read_line(&line).is_some());
        }
    }
}
