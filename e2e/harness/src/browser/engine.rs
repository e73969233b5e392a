//! Defines the three browser engines and the program that drives each.

use std::{fmt, path::Path};

use serde_json::Value;

use super::{chromium, driver::DriverProcess, firefox, network::BrowserNetwork, webkit};

/// A browser engine, with the browser of Debian that uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Engine {
    /// Chromium.
    Chromium,
    /// Firefox ESR.
    Firefox,
    /// The `MiniBrowser` of WebKitGTK, on a display of its own.
    WebKit,
}

impl Engine {
    /// All engines.
    pub const ALL: [Self; 3] = [Self::Chromium, Self::Firefox, Self::WebKit];

    /// Whether its browser reports what it and its pages write to the console. An automated WebKit does not:
    /// a page has to observe its own console.
    #[must_use]
    pub const fn tells_errors(self) -> bool {
        !matches!(self, Self::WebKit)
    }

    /// Starts the program that drives it.
    pub(super) async fn driver(self) -> anyhow::Result<DriverProcess> {
        match self {
            Self::Chromium => chromium::driver().await,
            Self::Firefox => firefox::driver().await,
            Self::WebKit => webkit::driver().await,
        }
    }

    /// The capabilities of a session. The browser writes only below `home`.
    pub(super) fn capabilities(
        self,
        home: &Path,
        network: BrowserNetwork,
    ) -> anyhow::Result<Vec<(&'static str, Value)>> {
        match self {
            Self::Chromium => Ok(chromium::capabilities(home, network)),
            Self::Firefox => Ok(firefox::capabilities(network)),
            Self::WebKit => webkit::capabilities(network),
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Chromium => "Chromium",
            Self::Firefox => "Firefox",
            Self::WebKit => "WebKit",
        })
    }
}

/// Turns every `async fn name(engine: Engine)` into one test for each engine, such as `name::firefox`.
#[macro_export]
macro_rules! in_every_engine {
    ($($test:ident),+ $(,)?) => {$(
        mod $test {
            use $crate::browser::Engine;

            #[tokio::test]
            async fn chromium() {
                super::$test(Engine::Chromium).await;
            }

            #[tokio::test]
            async fn firefox() {
                super::$test(Engine::Firefox).await;
            }

            #[tokio::test]
            async fn webkit() {
                super::$test(Engine::WebKit).await;
            }
        }
    )+};
}
