//! What does the tracker do, in which engine? Every test of it in an engine is a cell of the table in `docs/tracker.md`.

use std::{fs, path::Path};

use headcount_e2e::browser::{Browser, Engine};
use serde_json::json;

/// What came of a test, unless it failed.
pub(crate) enum Outcome {
    /// It holds in a browser of this version, and what the reader of the table has to know beside that.
    Holds(String, Option<&'static str>),
    /// The engine cannot be brought to show it, and why.
    Cannot(&'static str),
}

/// Ends a test that has shown what it was to show.
pub(crate) async fn holds(browser: Browser) -> Outcome {
    shown(browser, None).await
}

/// Ends a test that has shown what it was to show, in a way that the reader of the table has to know.
pub(crate) async fn holds_though(browser: Browser, note: &'static str) -> Outcome {
    shown(browser, Some(note)).await
}

async fn shown(browser: Browser, note: Option<&'static str>) -> Outcome {
    let version = browser.version();
    browser.close().await;
    Outcome::Holds(version, note)
}

/// Writes down what came of the test of a module. The `behaviours` program makes a table of it.
pub(crate) fn record(module: &str, behaviour: &str, engine: Engine, outcome: &Outcome) {
    let group = module.rsplit("::").nth(1).unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("behaviours").join(group).join(behaviour);
    fs::create_dir_all(&folder).unwrap();
    let cell = match outcome {
        Outcome::Holds(version, note) => json!({ "version": version, "note": note }),
        Outcome::Cannot(reason) => json!({ "note": reason }),
    };
    fs::write(folder.join(engine.to_string()), cell.to_string()).unwrap();
}

/// Makes a test in each engine of every `async fn name(engine: Engine) -> Outcome`, such as `name::firefox`.
macro_rules! behaviours {
    ($($behaviour:ident),+ $(,)?) => {$(
        mod $behaviour {
            use headcount_e2e::browser::Engine;

            async fn check(engine: Engine) {
                let outcome = super::$behaviour(engine).await;
                crate::behaviour::record(module_path!(), stringify!($behaviour), engine, &outcome);
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
