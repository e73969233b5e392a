//! Builds and parses the names of report files.
//!
//! `<id>-<sha-256>[.n<number>][.h<bytes>][.left].report`: everything about a report that is not in its file,
//! so that one rename changes it. The file begins with so many bytes of headers. Earlier
//! versions wrote `<id>-<sha-256>[.n<number>][.replica][.left].json`, without headers in the file and, in
//! 0.1.0, without a number.

use std::fmt;

use uuid::Uuid;

const ENDING: &str = ".report";
const OLD_ENDING: &str = ".json";
const REPLICA: &str = "replica";
const LEFT: &str = "left";

/// The parts of a report's file name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileName {
    /// The id of the report.
    pub(super) id: Uuid,
    /// The SHA-256 of the file, in lower case hexadecimal.
    pub(super) sha256: String,
    /// Reports are numbered in the order in which they were made; the clock may jump. `None` for those of
    /// 0.1.0.
    pub(super) number: Option<u64>,
    /// Where its headers are.
    pub(super) headers: HeaderPlace,
    /// Whether an attempt to send it began and got no answer.
    pub(super) left: bool,
}

/// Where the headers of a report are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeaderPlace {
    /// At the beginning of the file.
    InFile {
        /// How many bytes they have.
        bytes: usize,
    },
    /// In the name, as earlier versions wrote it.
    InName {
        /// Whether it is from a replica.
        replica: bool,
    },
}

impl FileName {
    /// `None` for the name of any other file.
    pub(super) fn parse(name: &str) -> Option<Self> {
        match name.strip_suffix(ENDING) {
            Some(stem) => Self::parse_parts(stem, HeaderPlace::InFile { bytes: 0 }),
            None => Self::parse_parts(name.strip_suffix(OLD_ENDING)?, HeaderPlace::InName { replica: false }),
        }
    }

    fn parse_parts(stem: &str, headers: HeaderPlace) -> Option<Self> {
        let mut parts = stem.split('.');
        let (id, sha256) = parts.next()?.rsplit_once('-')?;
        let is_digest = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        let mut parsed = Self {
            id: id.parse().ok()?,
            sha256: is_digest.then(|| sha256.to_owned())?,
            number: None,
            headers,
            left: false,
        };
        for part in parts {
            match (part, &mut parsed.headers) {
                (LEFT, _) => parsed.left = true,
                (REPLICA, HeaderPlace::InName { replica }) => *replica = true,
                (part, HeaderPlace::InFile { bytes }) if part.starts_with('h') => {
                    *bytes = part.strip_prefix('h')?.parse().ok()?;
                }
                (number, _) => parsed.number = Some(number.strip_prefix('n')?.parse().ok()?),
            }
        }
        Some(parsed)
    }

    /// How many bytes of headers the file has.
    pub(super) const fn header_bytes(&self) -> usize {
        match self.headers {
            HeaderPlace::InFile { bytes } => bytes,
            HeaderPlace::InName { .. } => 0,
        }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.id, self.sha256)?;
        if let Some(number) = self.number {
            write!(f, ".n{number}")?;
        }
        let ending = match self.headers {
            HeaderPlace::InFile { bytes } => {
                write!(f, ".h{bytes}")?;
                ENDING
            }
            HeaderPlace::InName { replica } => {
                f.write_str(if replica { ".replica" } else { "" })?;
                OLD_ENDING
            }
        };
        f.write_str(if self.left { ".left" } else { "" })?;
        f.write_str(ending)
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
            format!("{id}-{DIGEST}.h7.json"),
            format!("{id}-{DIGEST}.replica.report"),
            format!("{id}-{DIGEST}.h.report"),
            format!("{id}-{DIGEST}.h-1.report"),
            format!("{id}-abc.report"),
        ] {
            assert_eq!(FileName::parse(&name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn what_a_name_says_is_read_back(
            id: u128, number: Option<u64>, in_file: Option<usize>, replica: bool, left: bool,
        ) {
            let headers = in_file
                .map_or(HeaderPlace::InName { replica }, |bytes| HeaderPlace::InFile { bytes });
            let name = FileName { id: Uuid::from_u128(id), sha256: DIGEST.to_owned(), number, headers, left };
            prop_assert_eq!(FileName::parse(&name.to_string()), Some(name));
        }

        #[test]
        fn any_text_is_read_without_a_panic(name: String) {
            FileName::parse(&name);
        }
    }
}
