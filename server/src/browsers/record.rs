//! One line of the journal.
//!
//! A line is a checksum (CRC-32, eight hex digits), a space, and one of:
//!
//! ```text
//! v <browser or -> <size> <page>   a page view
//! b <browser> <size>               a browser was seen
//! p <count> <page>                 page views, summed up
//! d <browsers> <page views>        what was dropped, summed up
//! ```

use std::borrow::Cow;

use headcount_shared::breakpoint::Breakpoint;
use uuid::Uuid;

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Record<'a> {
    /// A page view, by a browser unless that could not keep its UUID.
    View { browser: Option<Uuid>, size: Breakpoint, page: Cow<'a, str> },
    /// A browser was seen.
    Browser { browser: Uuid, size: Breakpoint },
    /// Page views, summed up.
    Views { count: u64, page: Cow<'a, str> },
    /// What was dropped, summed up.
    Dropped { browsers: u64, page_views: u64 },
}

/// The checksum and the space behind it.
const PREFIX_BYTES: usize = 9;

impl<'a> Record<'a> {
    /// Adds this record as a line. The page must not hold a line break, which no page key does.
    pub(super) fn write_line(&self, line: &mut Vec<u8>) {
        let start = line.len();
        line.extend_from_slice(&[b' '; PREFIX_BYTES]);
        match self {
            Self::View { browser, size, page } => {
                line.extend_from_slice(b"v ");
                match browser {
                    Some(browser) => push_uuid(line, *browser),
                    None => line.push(b'-'),
                }
                line.push(b' ');
                line.extend_from_slice(size.as_str().as_bytes());
                line.push(b' ');
                line.extend_from_slice(page.as_bytes());
            }
            Self::Browser { browser, size } => {
                line.extend_from_slice(b"b ");
                push_uuid(line, *browser);
                line.push(b' ');
                line.extend_from_slice(size.as_str().as_bytes());
            }
            Self::Views { count, page } => line.extend_from_slice(format!("p {count} {page}").as_bytes()),
            Self::Dropped { browsers, page_views } => {
                line.extend_from_slice(format!("d {browsers} {page_views}").as_bytes());
            }
        }
        let checksum = checksum(&line[start + PREFIX_BYTES..]);
        line[start..start + PREFIX_BYTES - 1].copy_from_slice(&checksum);
        line.push(b'\n');
    }

    /// Reads a line, without its line break. `None` when it is damaged.
    pub(super) fn read_line(line: &'a [u8]) -> Option<Self> {
        let (sum, rest) = line.split_at_checked(PREFIX_BYTES)?;
        if sum[..PREFIX_BYTES - 1] != checksum(rest) {
            return None;
        }
        let (kind, rest) = std::str::from_utf8(rest).ok()?.split_once(' ')?;
        let (first, second) = rest.split_once(' ')?;
        match kind {
            "v" => {
                let (size, page) = second.split_once(' ')?;
                let browser = if first == "-" { None } else { Some(first.parse().ok()?) };
                Some(Self::View { browser, size: size.parse().ok()?, page: page.into() })
            }
            "b" => Some(Self::Browser { browser: first.parse().ok()?, size: second.parse().ok()? }),
            "p" => Some(Self::Views { count: first.parse().ok()?, page: second.into() }),
            "d" => Some(Self::Dropped { browsers: first.parse().ok()?, page_views: second.parse().ok()? }),
            _ => None,
        }
    }
}

fn push_uuid(line: &mut Vec<u8>, uuid: Uuid) {
    line.extend_from_slice(uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes());
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

    fn written(record: &Record<'_>) -> Vec<u8> {
        let mut line = Vec::new();
        record.write_line(&mut line);
        assert_eq!(line.pop(), Some(b'\n'));
        line
    }

    fn any_record() -> impl Strategy<Value = Record<'static>> {
        let size = proptest::sample::select(Breakpoint::ALL.to_vec());
        let uuid = any::<u128>().prop_map(Uuid::from_u128);
        let page = "[ -~]{0,40}".prop_map(Cow::<str>::from);
        prop_oneof![
            (proptest::option::of(uuid.clone()), size.clone(), page.clone())
                .prop_map(|(browser, size, page)| Record::View { browser, size, page }),
            (uuid, size).prop_map(|(browser, size)| Record::Browser { browser, size }),
            (any::<u64>(), page).prop_map(|(count, page)| Record::Views { count, page }),
            any::<(u64, u64)>().prop_map(|(browsers, page_views)| Record::Dropped { browsers, page_views }),
        ]
    }

    #[test]
    fn a_line_is_readable_by_people() {
        let record = Record::View { browser: None, size: Breakpoint::Lg, page: "/p/$projectId".into() };
        assert_eq!(String::from_utf8(written(&record)).unwrap(), "01cab1ed v - lg /p/$projectId");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(record in any_record()) {
            let line = written(&record);
            prop_assert_eq!(Record::read_line(&line), Some(record));
        }

        #[test]
        fn a_damaged_line_is_not_read(record in any_record(), place in any::<prop::sample::Index>(), bit in 0..8_u32) {
            let mut line = written(&record);
            let place = place.index(line.len());
            // The space behind the checksum is the one byte that is not covered.
            prop_assume!(place != PREFIX_BYTES - 1);
            line[place] ^= 1 << bit;
            prop_assert_eq!(Record::read_line(&line), None);
        }

        #[test]
        fn a_line_cut_short_is_not_read(record in any_record(), place in any::<prop::sample::Index>()) {
            let line = written(&record);
            prop_assert_eq!(Record::read_line(&line[..place.index(line.len())]), None);
        }

        #[test]
        fn no_bytes_panic(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _: Option<Record<'_>> = Record::read_line(&line);
        }
    }
}
