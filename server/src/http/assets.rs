//! Serves the embedded browser programs: `GET <base>static/<file>`.

mod tracker;

use std::{io, sync::Arc};

use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
};
use headcount_shared::{browser_storage::OFF_SCRIPT, routes::RouteTable};
use headcount_web::{
    problem::ProblemResponse,
    static_files::{FileEncoding, StaticFile, StaticFiles, send},
};
use thiserror::Error;

use crate::app::statistics_service::StatisticsService;

/// Name and bytes of every file. `<name>.br` and `<name>.gz` are compressed copies.
static EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The script of the tracker, and the WebAssembly that it fetches.
const TRACKER: &str = "tracker.js";
const TRACKER_PROGRAM: &str = "tracker_bg.wasm";

/// The script of the interface.
const INTERFACE: &str = "ui.js";

/// The script that takes over on the pages of a collector, and the WebAssembly that it fetches.
const PAGES: &str = "pages.js";
const PAGES_PROGRAM: &str = "pages_bg.wasm";

/// The files that the pages of a collector load.
pub fn fleet_page_files() -> StaticFiles {
    StaticFiles::of(EMBEDDED).only(&[PAGES, PAGES_PROGRAM])
}

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
    files: StaticFiles,
    /// The tracker while statistics are off.
    forgetting: Option<StaticFile>,
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
        let Some(built) = self.files.find(TRACKER) else { return Ok(self) };
        let script = tracker::with_routes(&built.plain(), routes).ok_or(AssetsError::NoPlace)?;
        // Brotli would save a few hundred bytes and take a library for it.
        let gzip = tracker::gzip(&script)?;
        if let Some(mut file) = StaticFile::new(TRACKER, script) {
            file.add(FileEncoding::Gzip, gzip);
            self.files.insert(TRACKER, file);
        }
        Ok(self)
    }

    fn of(files: &[(&'static str, &'static [u8])]) -> Self {
        Self { files: StaticFiles::of(files), forgetting: StaticFile::new(TRACKER, OFF_SCRIPT) }
    }

    /// The file of a name, as it is while statistics are on or off.
    fn find(&self, name: &str, is_on: bool) -> Option<&StaticFile> {
        match name {
            _ if is_on => self.files.find(name),
            TRACKER => self.forgetting.as_ref(),
            TRACKER_PROGRAM => None,
            _ => self.files.find(name),
        }
    }

    /// The names of all files, whether statistics are on or off.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        let tracker = self.files.find(TRACKER).is_none().then_some(TRACKER);
        self.files.names().chain(tracker)
    }

    /// Whether the browser programs were built when this binary was.
    #[must_use]
    pub fn are_built(&self) -> bool {
        self.files.find(INTERFACE).is_some()
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

#[cfg(test)]
mod tests;
