//! Mocks the installations of a site: each has a base path, and is on or off.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use axum::http::StatusCode;

/// What an installation serves under its base path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InstallationPath {
    /// `stats`.
    Stats,
    /// The script that its server serves.
    Script,
    /// The WebAssembly program beside a script.
    Program,
    /// A file of the package for npm, which the site has copied.
    Packaged(&'static str),
}

/// The path endings of what installations serve.
const OWNED: [(&str, InstallationPath); 6] = [
    ("stats", InstallationPath::Stats),
    ("static/tracker.js", InstallationPath::Script),
    ("static/tracker_bg.wasm", InstallationPath::Program),
    ("npm/index.js", InstallationPath::Packaged("index.js")),
    ("npm/script.js", InstallationPath::Packaged("script.js")),
    ("npm/tracker_bg.wasm", InstallationPath::Program),
];

/// The base path of the installation that serves a path, and what it serves there.
pub(super) fn at(path: &str) -> Option<(&str, InstallationPath)> {
    OWNED.into_iter().find_map(|(ending, owned)| {
        let base = path.strip_suffix(ending)?;
        base.ends_with('/').then_some((base, owned))
    })
}

/// Whether a path belongs to an installation.
pub(super) fn owns(path: &str) -> bool {
    at(path).is_some()
}

/// The answers of an installation. By default it is on.
#[derive(Debug, Clone, Copy)]
pub(super) struct InstallationAnswers {
    /// To `GET <base>stats`.
    pub(super) question: StatusCode,
    /// To `POST <base>stats`.
    pub(super) view: StatusCode,
    /// Whether it serves the script of a server that is off.
    pub(super) is_off: bool,
}

impl Default for InstallationAnswers {
    fn default() -> Self {
        Self { question: StatusCode::NO_CONTENT, view: StatusCode::NO_CONTENT, is_off: false }
    }
}

/// The installations whose answers were changed, by their base paths.
#[derive(Debug, Default)]
pub(super) struct MockInstallations(Mutex<BTreeMap<String, InstallationAnswers>>);

impl MockInstallations {
    pub(super) fn of(&self, base: &str) -> InstallationAnswers {
        self.all().get(base).copied().unwrap_or_default()
    }

    pub(super) fn switch_off(&self, base: &str, status: StatusCode) {
        let off = InstallationAnswers { question: status, view: status, is_off: true };
        self.all().insert(base.to_owned(), off);
    }

    pub(super) fn answer_questions(&self, base: &str, status: StatusCode) {
        self.all().entry(base.to_owned()).or_default().question = status;
    }

    pub(super) fn answer_views(&self, base: &str, status: StatusCode) {
        self.all().entry(base.to_owned()).or_default().view = status;
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, InstallationAnswers>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
