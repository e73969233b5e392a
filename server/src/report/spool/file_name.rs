//! Builds and parses the names of report files.
//!
//! `<id>-<sha-256>[.n<number>][.replica][.left].json`: everything about a report that is not in its bytes, so
//! that one rename changes it. Version 0.1.0 wrote `<id>-<sha-256>.json`.

use std::fmt;

use uuid::Uuid;

use super::DeliveryHeaders;

const ENDING: &str = ".json";
const REPLICA: &str = "replica";
const LEFT: &str = "left";

/// The parts of a report's file name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileName {
    /// The id of the report.
    pub(super) id: Uuid,
    /// The SHA-256 of its bytes, in lower case hexadecimal.
    pub(super) sha256: String,
    /// Reports are numbered in the order in which they were made; the clock may jump. `None` for those of
    /// 0.1.0.
    pub(super) number: Option<u64>,
    /// The headers that it is sent with.
    pub(super) headers: DeliveryHeaders,
    /// Whether an attempt to send it began and got no answer.
    pub(super) left: bool,
}

impl FileName {
    /// `None` for the name of any other file.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let mut parts = name.strip_suffix(ENDING)?.split('.');
        let (id, sha256) = parts.next()?.rsplit_once('-')?;
        let is_digest = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        let mut parsed = Self {
            id: id.parse().ok()?,
            sha256: is_digest.then(|| sha256.to_owned())?,
            number: None,
            headers: DeliveryHeaders::default(),
            left: false,
        };
        for part in parts {
            match part {
                REPLICA => parsed.headers.replica = true,
                LEFT => parsed.left = true,
                number => parsed.number = Some(number.strip_prefix('n')?.parse().ok()?),
            }
        }
        Some(parsed)
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.id, self.sha256)?;
        if let Some(number) = self.number {
            write!(f, ".n{number}")?;
        }
        for (is_set, word) in [(self.headers.replica, REPLICA), (self.left, LEFT)] {
            if is_set {
                write!(f, ".{word}")?;
            }
        }
        f.write_str(ENDING)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DIGEST: &str = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";

    #[test]
    fn a_name_of_version_0_1_0_is_understood_and_kept() {
        let name = format!("{}-{DIGEST}.json", Uuid::from_u128(7));
        let parsed = FileName::parse(&name).unwrap();
        assert_eq!((parsed.id, &*parsed.sha256, parsed.number), (Uuid::from_u128(7), DIGEST, None));
        assert_eq!(parsed.to_string(), name);
    }

    #[test]
    fn names_of_other_files_are_not_understood() {
        let id = Uuid::from_u128(7);
        for name in [
            String::new(),
            "notes.txt".to_owned(),
            "x-y.json".to_owned(),
            format!("{id}-abc.json"),
            format!("{id}-{DIGEST}"),
            format!("{id}-{DIGEST}.json.part"),
            format!("{id}-{DIGEST}.later.json"),
            format!("{id}-{DIGEST}.n.json"),
            format!("{id}-{DIGEST}..json"),
        ] {
            assert_eq!(FileName::parse(&name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn what_a_name_says_is_read_back(
            id: u128, number: Option<u64>, replica: bool, left: bool,
        ) {
            let headers = DeliveryHeaders { replica };
            let name = FileName { id: Uuid::from_u128(id), sha256: DIGEST.to_owned(), number, headers, left };
            prop_assert_eq!(FileName::parse(&name.to_string()), Some(name));
        }

        #[test]
        fn any_text_is_read_without_a_panic(name: String) {
            FileName::parse(&name);
        }
    }
}
