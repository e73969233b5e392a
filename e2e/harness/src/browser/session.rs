//! Manages a WebDriver session: begins it, and resets it for its next user.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use thirtyfour::{Capabilities, WebDriver};

use super::{Engine, chromium, driver::DriverProcess, firefox, network::BrowserNetwork};
use crate::{
    http,
    wait::{SOON, eventually},
};

/// The height of windows, in pixels.
pub(super) const HEIGHT: u32 = 900;

/// The width of new windows, in pixels. Most tests use this width.
const WIDTH: u32 = 1400;

/// A running browser and its driver. Both end when this is dropped.
#[derive(Debug)]
pub(super) struct WebDriverSession {
    engine: Engine,
    network: BrowserNetwork,
    pub(super) driver: DriverProcess,
    pub(super) web: WebDriver,
}

impl WebDriverSession {
    pub(super) async fn start(engine: Engine, network: BrowserNetwork) -> anyhow::Result<Self> {
        let driver = engine.driver().await?;
        let web = begin(engine, &driver, network).await?;
        Ok(Self { engine, network, driver, web })
    }

    pub(super) const fn engine(&self) -> Engine {
        self.engine
    }

    /// Leaves one empty tab, and removes what pages have stored and logged.
    pub(super) async fn renew(&mut self) -> anyhow::Result<()> {
        match self.engine {
            Engine::Chromium => {
                self.leave_one_tab().await?;
                chromium::forget(&self.web).await
            }
            Engine::Firefox => {
                self.leave_one_tab().await?;
                firefox::forget(&self.web).await?;
                self.driver.new_lines(|_| None);
                Ok(())
            }
            // A new browser starts within half a second.
            Engine::WebKit => {
                self.end().await?;
                self.web = begin(self.engine, &self.driver, self.network).await?;
                Ok(())
            }
        }
    }

    /// Ends the browser cleanly.
    pub(super) async fn end(&self) -> anyhow::Result<()> {
        self.web.clone().quit().await.context("the browser does not end")
    }

    async fn leave_one_tab(&self) -> anyhow::Result<()> {
        let empty = self.web.new_tab().await?;
        for tab in self.web.windows().await? {
            if tab != empty {
                self.web.switch_to_window(tab).await?;
                if self.engine == Engine::Firefox {
                    self.hear_out().await?;
                }
                self.web.close_window().await?;
            }
        }
        self.web.switch_to_window(empty).await.context("the empty tab is gone")
    }

    /// Waits until everything that the current tab has written is in the log. Lines keep their order, so it
    /// writes one and waits for it.
    async fn hear_out(&self) -> anyhow::Result<()> {
        static HEARD: AtomicUsize = AtomicUsize::new(0);
        let last = format!("headcount: this tab ends, {}", HEARD.fetch_add(1, Ordering::Relaxed));
        self.web.execute(format!("console.warn('{last}')"), vec![]).await?;
        eventually("the last line of a tab", SOON, async || self.driver.has_said(&last).then_some(())).await
    }
}

impl Drop for WebDriverSession {
    fn drop(&mut self) {
        // A session that was not ended cleanly ends with its driver, so no request is sent for it.
        self.web.clone().leak().ok();
    }
}

/// Begins a session. It makes a connection for each command, so it is not tied to the test that begins it.
async fn begin(engine: Engine, driver: &DriverProcess, network: BrowserNetwork) -> anyhow::Result<WebDriver> {
    let mut capabilities = Capabilities::new();
    for (name, value) in engine.capabilities(driver.home(), network)? {
        capabilities.set(name, value).context("capabilities are JSON")?;
    }
    let client = http::builder().build()?;
    let session = WebDriver::builder(driver.url(), capabilities).client(client).connect();
    let web = session.await.context("the browser does not start")?;
    web.set_window_rect(0, 0, WIDTH, HEIGHT).await.context("the window has no size")?;
    Ok(web)
}
