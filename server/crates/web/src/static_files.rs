//! Sends files that are part of the program: in the best encoding that a browser accepts, or 304 if it has
//! the file already.

mod accepted;
mod encoded_file;

use std::collections::HashMap;

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use self::accepted::{accepts, has_it_already};
pub use self::encoded_file::{EncodedCopy, FileEncoding, StaticFile};
use crate::problem::ProblemResponse;

/// Files by name.
#[derive(Debug, Default)]
pub struct StaticFiles {
    files: HashMap<&'static str, StaticFile>,
}

impl StaticFiles {
    /// The files with these names and bytes, of which `<name>.br` and `<name>.gz` are compressed copies. Files
    /// of a type that is not sent are left out.
    #[must_use]
    pub fn of(files: &[(&'static str, &'static [u8])]) -> Self {
        let find = |name: &str| files.iter().find(|(file, _)| *file == name).map(|(_, bytes)| *bytes);
        let sendable = files.iter().filter_map(|&(name, bytes)| {
            let mut file = StaticFile::new(name, bytes)?;
            for encoding in FileEncoding::BEST_FIRST {
                if let Some(bytes) = find(&format!("{name}.{}", encoding.ending())) {
                    file.add(encoding, bytes);
                }
            }
            Some((name, file))
        });
        Self { files: sendable.collect() }
    }

    /// The file of a name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&StaticFile> {
        self.files.get(name)
    }

    /// Adds a file, or replaces the one of that name.
    pub fn insert(&mut self, name: &'static str, file: StaticFile) {
        self.files.insert(name, file);
    }

    /// The names of all files, in no order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.files.keys().copied()
    }

    /// Leaves out the files whose names are not among these.
    #[must_use]
    pub fn only(mut self, names: &[&str]) -> Self {
        self.files.retain(|name, _| names.contains(name));
        self
    }
}

/// The answer to a request with these headers: the file, or 304.
///
/// # Errors
/// A [`ProblemResponse`] when there is no file.
pub fn send(file: Option<&StaticFile>, headers: &HeaderMap) -> Result<Response, ProblemResponse> {
    let not_found = || ProblemResponse::new(StatusCode::NOT_FOUND, "there is no such file");
    let file = file.ok_or_else(not_found)?;
    let stored = file.stored(|encoding| accepts(headers, encoding.token()));
    if has_it_already(headers, stored.tag()) {
        return Ok((StatusCode::NOT_MODIFIED, validity(stored)).into_response());
    }
    Ok((validity(stored), whole(file, stored)).into_response())
}

fn whole(file: &StaticFile, stored: &EncodedCopy) -> Response {
    let mut response = ([(header::CONTENT_TYPE, file.content_type())], stored.bytes()).into_response();
    if let Some(encoding) = stored.encoding() {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding.token()));
    }
    response
}

/// The headers on caching and on use by other origins, also of a 304.
fn validity(stored: &EncodedCopy) -> [(HeaderName, &str); 6] {
    [
        (header::ETAG, stored.tag()),
        // A new version of this program has new files under the same names.
        (header::CACHE_CONTROL, "no-cache"),
        (header::VARY, "accept-encoding"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // The files are public: a product may serve them from one origin and use them on another.
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ]
}
