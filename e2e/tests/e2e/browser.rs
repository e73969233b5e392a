//! A real browser: Chromium, driven over WebDriver, with a profile of its own.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use headcount_e2e::{processes::Process, wait::eventually};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::{ChromiumLikeCapabilities, DesiredCapabilities, LoggingPrefsLogLevel, WebDriver};

use crate::scene::SOON;

/// What Chromium needs to run as root without a display, and to ask nobody on the network.
const FLAGS: [&str; 8] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// Says that the driver is ready, and where.
const STARTED: &str = "was started successfully on port ";

/// A browser with its window; it ends with this. The order is the one in which the parts have to end when a test fails:
/// without its driver, a session does not wait for an answer.
pub(crate) struct Browser {
    _driver: Driver,
    web: WebDriver,
}

/// The program that drives the browser, and the browser's profile, by which its processes are known.
struct Driver {
    child: Child,
    port: u16,
    profile: TempDir,
}

impl Driver {
    fn start(profile: TempDir) -> Self {
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .env_clear()
            .envs(env::var_os("PATH").map(|path| ("PATH", path)))
            .env("HOME", profile.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("`chromedriver` is installed: it drives the browser");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port =
            lines.find_map(|line| line.unwrap().split_once(STARTED)?.1.trim_end_matches('.').parse().ok());
        // What it says later is read, so that it is never held up.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, port: port.expect("the driver says its port"), profile }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        for browser in processes_that_name(&self.profile.path().to_string_lossy()) {
            kill_process(browser, Signal::KILL).ok();
        }
    }
}

/// The processes whose command line contains `text`.
fn processes_that_name(text: &str) -> Vec<Pid> {
    let ids =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let names = |id: &i32| {
        // A process may end at any time.
        let line = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(text)
    };
    ids.filter(names).filter_map(Pid::from_raw).collect()
}

impl Browser {
    /// A new browser whose window has this width in pixels.
    pub(crate) async fn open(width: u32) -> Self {
        let profile = tempfile::tempdir().unwrap();
        fs::create_dir(profile.path().join("profile")).unwrap();
        let mut capabilities = DesiredCapabilities::chrome();
        for flag in FLAGS {
            capabilities.add_arg(flag).unwrap();
        }
        capabilities
            .add_arg(&format!("--user-data-dir={}", profile.path().join("profile").display()))
            .unwrap();
        capabilities.add_arg(&format!("--window-size={width},900")).unwrap();
        capabilities.set_browser_log_level(LoggingPrefsLogLevel::All).unwrap();
        let driver = Driver::start(profile);
        let web = WebDriver::new(format!("http://127.0.0.1:{}", driver.port), capabilities).await.unwrap();
        Self { _driver: driver, web }
    }

    /// Opens a page of a server.
    pub(crate) async fn visit(&self, server: &Process, path: &str) {
        self.goto(&server.url(path)).await;
    }

    pub(crate) async fn goto(&self, url: &str) {
        self.web.goto(url.to_owned()).await.unwrap();
    }

    pub(crate) async fn reload(&self) {
        self.web.refresh().await.unwrap();
    }

    pub(crate) async fn back(&self) {
        self.web.back().await.unwrap();
    }

    /// Runs a script in the page, and gives what it returns.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.web.execute(script, vec![]).await.unwrap().json().clone()
    }

    /// Navigates within the page, as an application does.
    pub(crate) async fn push(&self, path: &str) {
        self.run(&format!("history.pushState({{}}, '', {})", json!(path))).await;
    }

    /// Waits until a script in the page gives true.
    pub(crate) async fn wait_for(&self, script: &str) {
        eventually(script, SOON, async || (self.run(script).await == json!(true)).then_some(()))
            .await
            .unwrap();
    }

    /// The errors and warnings of pages and of the browser about them, since the last call.
    pub(crate) async fn errors(&self) -> Vec<String> {
        let log = self.web.browser_log().await.unwrap();
        let bad = log.into_iter().filter(|entry| ["SEVERE", "WARNING"].contains(&entry.level.as_str()));
        bad.map(|entry| entry.message).collect()
    }

    pub(crate) async fn source(&self) -> String {
        self.web.source().await.unwrap()
    }

    /// Ends the program, in order, so that the next test has the machine for itself.
    pub(crate) async fn close(self) {
        self.web.clone().quit().await.unwrap();
    }
}
