//! Serves the embedded browser programs: `GET <base>static/<file>`.

mod accepted;
mod file;
mod tracker;

use std::{collections::HashMap, io, sync::Arc};

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use headcount_shared::{browser_storage::OFF_SCRIPT, routes::RouteTable};
use headcount_web::problem::ProblemResponse;
use thiserror::Error;

use self::{
    accepted::{accepts, has_it_already},
    file::{AssetEncoding, AssetFile, EncodedAsset},
};
use crate::app::statistics_service::StatisticsService;

/// Name and bytes of every file. `<name>.br` and `<name>.gz` are compressed copies.
static EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The script of the tracker, and the WebAssembly that it fetches.
const TRACKER: &str = "tracker.js";
const TRACKER_PROGRAM: &str = "tracker_bg.wasm";

/// Why the tracker cannot have a route table.
#[derive(Debug, Error)]
pub enum AssetsError {
    /// The script has no place for a table: it comes from another build.
    #[error("the tracker of this build has no place for a route table")]
    NoPlace,
    /// It could not be compressed.
    #[error(transparent)]
    Compression(#[from] io::Error),
}

/// The files that browsers can request.
#[derive(Debug)]
pub struct StaticAssets {
    files: HashMap<&'static str, AssetFile>,
    /// The tracker while statistics are off.
    forgetting: Option<AssetFile>,
}

impl StaticAssets {
    /// The files as they were built.
    #[must_use]
    pub fn embedded() -> Self {
        Self::of(EMBEDDED)
    }

    /// The same, with a tracker that has the routes of a product. Without the browser programs nothing
    /// changes.
    ///
    /// # Errors
    /// The tracker takes no routes.
    pub fn with_routes(mut self, routes: &RouteTable) -> Result<Self, AssetsError> {
        let Some(built) = self.files.get(TRACKER) else { return Ok(self) };
        let script = tracker::with_routes(&built.plain(), routes).ok_or(AssetsError::NoPlace)?;
        // Brotli would save a few hundred bytes and take a library for it.
        let gzip = tracker::gzip(&script)?;
        if let Some(mut file) = AssetFile::new(TRACKER, script) {
            file.add(AssetEncoding::Gzip, gzip);
            self.files.insert(TRACKER, file);
        }
        Ok(self)
    }

    fn of(files: &[(&'static str, &'static [u8])]) -> Self {
        let find = |name: &str| files.iter().find(|(file, _)| *file == name).map(|(_, bytes)| *bytes);
        let sendable = files.iter().filter_map(|&(name, bytes)| {
            let mut file = AssetFile::new(name, bytes)?;
            for encoding in AssetEncoding::BEST_FIRST {
                if let Some(bytes) = find(&format!("{name}.{}", encoding.ending())) {
                    file.add(encoding, bytes);
                }
            }
            Some((name, file))
        });
        Self { files: sendable.collect(), forgetting: AssetFile::new(TRACKER, OFF_SCRIPT) }
    }

    /// The file of a name, as it is while statistics are on or off.
    fn find(&self, name: &str, is_on: bool) -> Option<&AssetFile> {
        match name {
            _ if is_on => self.files.get(name),
            TRACKER => self.forgetting.as_ref(),
            TRACKER_PROGRAM => None,
            _ => self.files.get(name),
        }
    }

    /// The names of all files, whether statistics are on or off.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        let tracker = (!self.files.contains_key(TRACKER)).then_some(TRACKER);
        self.files.keys().copied().chain(tracker)
    }

    /// Whether the browser programs were built when this binary was.
    #[must_use]
    pub fn are_built(&self) -> bool {
        self.files.contains_key("ui.js")
    }
}

/// Sends a file in the best encoding that the browser accepts, or 304 if the browser has it already. While
/// statistics are off, the tracker is a script that deletes its data, and its WebAssembly is not served.
///
/// # Errors
/// A [`ProblemResponse`] when there is no such file.
pub async fn file(
    State(assets): State<Arc<StaticAssets>>,
    State(statistics): State<Arc<StatisticsService>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ProblemResponse> {
    send(assets.find(&name, statistics.is_on()), &headers)
}

fn send(file: Option<&AssetFile>, headers: &HeaderMap) -> Result<Response, ProblemResponse> {
    let not_found = || ProblemResponse::new(StatusCode::NOT_FOUND, "there is no such file");
    let file = file.ok_or_else(not_found)?;
    let stored = file.stored(|encoding| accepts(headers, encoding.token()));
    if has_it_already(headers, stored.tag()) {
        return Ok((StatusCode::NOT_MODIFIED, validity(stored)).into_response());
    }
    Ok((validity(stored), whole(file, stored)).into_response())
}

fn whole(file: &AssetFile, stored: &EncodedAsset) -> Response {
    let mut response = ([(header::CONTENT_TYPE, file.content_type())], stored.bytes()).into_response();
    if let Some(encoding) = stored.encoding() {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding.token()));
    }
    response
}

/// The headers on caching and on use by other origins, also of a 304.
fn validity(stored: &EncodedAsset) -> [(HeaderName, &str); 6] {
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

#[cfg(test)]
mod tests;
