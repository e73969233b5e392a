//! Mocks the installations of a site: each has a base path, and is on or off.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use axum::http::StatusCode;

/// What an installation serves under its base path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owned {
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
const OWNED: [(&str, Owned); 6] = [
    ("stats", Owned::Stats),
    ("static/tracker.js", Owned::Script),
    ("static/tracker_bg.wasm", Owned::Program),
    ("npm/index.js", Owned::Packaged("index.js")),
    ("npm/script.js", Owned::Packaged("script.js")),
    ("npm/tracker_bg.wasm", Owned::Program),
];

/// The base path of the installation that serves a path, and what it serves there.
pub(super) fn at(path: &str) -> Option<(&str, Owned)> {
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
pub(super) struct Answers {
    /// To `GET <base>stats`.
    pub(super) question: StatusCode,
    /// To `POST <base>stats`.
    pub(super) view: StatusCode,
    /// Whether it serves the script of a server that is off.
    pub(super) is_off: bool,
}

impl Default for Answers {
    fn default() -> Self {
        Self { question: StatusCode::NO_CONTENT, view: StatusCode::NO_CONTENT, is_off: false }
    }
}

/// The installations whose answers were changed, by their base paths.
#[derive(Debug, Default)]
pub(super) struct Installations(Mutex<BTreeMap<String, Answers>>);

impl Installations {
    pub(super) fn of(&self, base: &str) -> Answers {
        self.all().get(base).copied().unwrap_or_default()
    }

    pub(super) fn switch_off(&self, base: &str, status: StatusCode) {
        let off = Answers { question: status, view: status, is_off: true };
        self.all().insert(base.to_owned(), off);
    }

    pub(super) fn answer_questions(&self, base: &str, status: StatusCode) {
        self.all().entry(base.to_owned()).or_default().question = status;
    }

    pub(super) fn answer_views(&self, base: &str, status: StatusCode) {
        self.all().entry(base.to_owned()).or_default().view = status;
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Answers>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
