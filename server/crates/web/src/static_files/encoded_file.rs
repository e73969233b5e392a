//! Stores a file in several encodings.

use std::sync::OnceLock;

use bytes::Bytes;
use headcount_platform::hex;
use sha2::{Digest, Sha256};

/// How bytes are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileEncoding {
    /// Brotli.
    Brotli,
    /// Gzip.
    Gzip,
}

impl FileEncoding {
    /// The smallest result first.
    pub const BEST_FIRST: [Self; 2] = [Self::Brotli, Self::Gzip];

    /// The name in HTTP headers.
    pub const fn token(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// The ending of a compressed file's name.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gz",
        }
    }
}

/// A file of a type that browsers load.
#[derive(Debug)]
pub struct StaticFile {
    content_type: &'static str,
    plain: EncodedCopy,
    /// The best first.
    compressed: Vec<EncodedCopy>,
}

impl StaticFile {
    /// A file that is not compressed. `None` when its name is not of a type that is sent.
    pub fn new(name: &str, bytes: impl Into<Bytes>) -> Option<Self> {
        let content_type = content_type(name)?;
        Some(Self { content_type, plain: EncodedCopy::new(None, bytes.into()), compressed: Vec::new() })
    }

    /// Adds a compressed copy. Better encodings must be added first.
    pub fn add(&mut self, encoding: FileEncoding, bytes: impl Into<Bytes>) {
        self.compressed.push(EncodedCopy::new(Some(encoding), bytes.into()));
    }

    /// The copy to send to a browser that accepts these encodings.
    pub fn stored(&self, accepts: impl Fn(FileEncoding) -> bool) -> &EncodedCopy {
        self.compressed.iter().find(|stored| stored.encoding.is_some_and(&accepts)).unwrap_or(&self.plain)
    }

    /// The file as it is without compression.
    pub fn plain(&self) -> Bytes {
        self.plain.bytes()
    }

    /// The `Content-Type`.
    pub const fn content_type(&self) -> &'static str {
        self.content_type
    }
}

/// The bytes of a file in one encoding.
#[derive(Debug)]
pub struct EncodedCopy {
    encoding: Option<FileEncoding>,
    bytes: Bytes,
    tag: OnceLock<String>,
}

impl EncodedCopy {
    const fn new(encoding: Option<FileEncoding>, bytes: Bytes) -> Self {
        Self { encoding, bytes, tag: OnceLock::new() }
    }

    /// How the bytes are compressed; `None` if they are not.
    pub const fn encoding(&self) -> Option<FileEncoding> {
        self.encoding
    }

    /// The bytes.
    pub fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    /// The `ETag`, which depends on the bytes. Computed on first use, so that the start does not wait for it.
    pub fn tag(&self) -> &str {
        self.tag.get_or_init(|| {
            let digest = Sha256::digest(&self.bytes);
            let digits = hex::encode(&digest[..16]);
            format!("\"{digits}\"")
        })
    }
}

fn content_type(name: &str) -> Option<&'static str> {
    match name.rsplit_once('.')?.1 {
        "js" => Some("text/javascript; charset=utf-8"),
        "wasm" => Some("application/wasm"),
        "css" => Some("text/css; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_known_types_are_sent() {
        assert_eq!(content_type("tracker.js"), Some("text/javascript; charset=utf-8"));
        assert_eq!(content_type("tracker_bg.wasm"), Some("application/wasm"));
        assert_eq!(content_type("tracker.js.br"), None);
        assert_eq!(content_type("tracker"), None);
    }

    #[test]
    fn a_browser_gets_the_best_that_it_accepts() {
        let mut file = StaticFile::new("a.js", "plain").unwrap();
        file.add(FileEncoding::Brotli, "br");
        file.add(FileEncoding::Gzip, "gzip");
        let sent = |accepted: &[FileEncoding]| file.stored(|encoding| accepted.contains(&encoding)).bytes();
        assert_eq!(sent(&[FileEncoding::Gzip, FileEncoding::Brotli]), "br");
        assert_eq!(sent(&[FileEncoding::Gzip]), "gzip");
        assert_eq!(sent(&[]), "plain");
    }

    #[test]
    fn each_encoding_has_a_tag_of_its_own_that_only_its_bytes_decide() {
        let tag = |bytes: &'static str| StaticFile::new("a.js", bytes).unwrap().plain.tag().to_owned();
        assert_eq!(tag("one"), tag("one"));
        assert_ne!(tag("one"), tag("two"));
        assert_eq!(tag("one").len(), 34);
    }
}
