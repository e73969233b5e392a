//! Records the tracker's behaviours in each engine. Each test in an engine is a cell of the table in
//! `docs/tracker.md`.

use std::{fs, path::Path};

use headcount_harness::browser::{Browser, Engine};
use serde_json::json;

/// The outcome of a test that did not fail.
pub(crate) enum BehaviourOutcome {
    /// The behaviour holds in a browser of this version. The note is for the reader of the table.
    Holds(String, Option<&'static str>),
    /// The engine cannot show it, for this reason.
    Cannot(&'static str),
}

/// Ends a successful test.
pub(crate) async fn holds(browser: Browser) -> BehaviourOutcome {
    shown(browser, None).await
}

/// Ends a successful test with a note for the reader of the table.
pub(crate) async fn holds_though(browser: Browser, note: &'static str) -> BehaviourOutcome {
    shown(browser, Some(note)).await
}

async fn shown(browser: Browser, note: Option<&'static str>) -> BehaviourOutcome {
    let version = browser.version();
    browser.close().await;
    BehaviourOutcome::Holds(version, note)
}

/// Writes the outcome of a test to a file. The `behaviours` program makes the table from these files.
pub(crate) fn record(module: &str, behaviour: &str, engine: Engine, outcome: &BehaviourOutcome) {
    let group = module.rsplit("::").nth(1).unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("behaviours").join(group).join(behaviour);
    fs::create_dir_all(&folder).unwrap();
    let cell = match outcome {
        BehaviourOutcome::Holds(version, note) => json!({ "version": version, "note": note }),
        BehaviourOutcome::Cannot(reason) => json!({ "note": reason }),
    };
    fs::write(folder.join(engine.to_string()), cell.to_string()).unwrap();
}

/// Turns every `async fn name(engine: Engine) -> Outcome` into one test for each engine, such as
/// `name::firefox`.
macro_rules! behaviours {
    ($($behaviour:ident),+ $(,)?) => {$(
        mod $behaviour {
            use headcount_harness::browser::Engine;

            async fn check(engine: Engine) {
                let outcome = super::$behaviour(engine).await;
                crate::behaviour_outcome::record(module_path!(), stringify!($behaviour), engine, &outcome);
            }

            #[tokio::test]
            async fn chromium() {
                check(Engine::Chromium).await;
            }

            #[tokio::test]
            async fn firefox() {
                check(Engine::Firefox).await;
            }

            #[tokio::test]
            async fn webkit() {
                check(Engine::WebKit).await;
            }
        }
    )+};
}

pub(crate) use behaviours;
