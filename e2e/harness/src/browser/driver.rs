//! Runs the WebDriver program of a browser: starts it, finds its port, follows its output, and ends it with
//! its browser.

use std::{
    env,
    ffi::OsStr,
    fs, io,
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

use anyhow::{Context, bail};
use procfs::{
    net::{self, TcpState},
    process::{FDTarget, Process},
};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::display::VirtualDisplay;
use crate::{
    process_log::ProcessLog,
    test_run,
    wait::{SOON, eventually},
};

/// How many starts are tried: a driver ends at once if the port that it got for one version of the Internet
/// Protocol is taken for the other.
const ATTEMPTS: usize = 5;

/// The start parameters of a driver.
#[derive(Debug, Clone, Copy)]
pub(super) struct DriverStart<'a> {
    pub(super) program: &'a OsStr,
    pub(super) arguments: &'a [&'a str],
    pub(super) environment: &'a [(&'a str, &'a str)],
    /// The text before the port in its output; `None` if it does not print its port.
    pub(super) announcement: Option<&'a str>,
    /// Whether its browser needs a display.
    pub(super) shows_itself: bool,
}

/// A running driver. When this is dropped, the driver, its browser and the display end. The processes of the
/// browser are found by its home directory.
#[derive(Debug)]
pub(super) struct DriverProcess {
    child: Child,
    log: ProcessLog,
    read: AtomicUsize,
    port: u16,
    home: TempDir,
    _display: Option<VirtualDisplay>,
}

impl DriverProcess {
    /// Starts it with a home directory of its own, and waits until it listens.
    pub(super) async fn start(start: DriverStart<'_>) -> anyhow::Result<Self> {
        let mut failures = Vec::new();
        for _ in 0..ATTEMPTS {
            match Self::attempt(start).await {
                Ok(driver) => return Ok(driver),
                Err(error) => failures.push(format!("{error:#}")),
            }
        }
        bail!("{} does not start: {failures:#?}", start.program.display())
    }

    async fn attempt(start: DriverStart<'_>) -> anyhow::Result<Self> {
        let home = test_run::temporary_directory()?;
        let display = if start.shows_itself { Some(VirtualDisplay::start(home.path()).await?) } else { None };
        let (output, input) = io::pipe().context("cannot create a pipe")?;
        let child = Command::new(start.program)
            .args(start.arguments)
            .env_clear()
            .envs(env::var_os("PATH").map(|path| ("PATH", path)))
            .envs(display.as_ref().map(|display| ("DISPLAY", display.name())))
            .envs(start.environment.iter().copied())
            .env("HOME", home.path())
            .env("TMPDIR", home.path())
            .stdin(Stdio::null())
            .stdout(input.try_clone().context("cannot duplicate the end of a pipe")?)
            .stderr(input)
            .spawn()
            .with_context(|| format!("{} is not installed: it drives a browser", start.program.display()))?;
        let (log, _reader) = ProcessLog::follow(output, None);
        let mut driver = Self { child, log, read: AtomicUsize::new(0), port: 0, home, _display: display };
        driver.port = driver.listens(start.announcement).await?;
        Ok(driver)
    }

    /// Waits until it listens or has ended.
    async fn listens(&mut self, announcement: Option<&str>) -> anyhow::Result<u16> {
        let id = self.child.id();
        let found = eventually("the driver of the browser listens", SOON, async || {
            let port = match announcement {
                Some(announcement) => self.log.number_after(announcement),
                None => listens_at(id),
            };
            match (port, self.child.try_wait()) {
                (Some(port), _) => Some(Ok(port)),
                (None, Ok(None)) => None,
                (None, Ok(Some(status))) => Some(Err(format!("it has ended: {status}"))),
                (None, Err(error)) => Some(Err(error.to_string())),
            }
        });
        let found = found.await.unwrap_or_else(|error| Err(error.to_string()));
        found.map_err(|error| anyhow::anyhow!("{error}; it said: {:?}", self.log.lines()))
    }

    /// The URL of the driver.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The home directory of the browser.
    pub(super) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Whether the driver or its browser has written a line that contains `text`.
    pub(super) fn has_said(&self, text: &str) -> bool {
        self.log.count(text) > 0
    }

    /// Applies `pick` to the lines that the driver and its browser have written since the last call.
    pub(super) fn new_lines(&self, pick: impl Fn(&str) -> Option<String>) -> Vec<String> {
        let lines = self.log.lines();
        let read = self.read.swap(lines.len(), Ordering::Relaxed);
        lines.iter().skip(read).filter_map(|line| pick(line)).collect()
    }
}

impl Drop for DriverProcess {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        for browser in processes_that_know(self.home()) {
            kill_process(browser, Signal::KILL).ok();
        }
    }
}

/// The loopback port on which a process listens. Not every driver prints the free port that it took.
fn listens_at(process: u32) -> Option<u16> {
    let files = Process::new(process.try_into().ok()?).ok()?.fd().ok()?;
    let sockets: Vec<u64> = files
        .filter_map(|file| match file.ok()?.target {
            FDTarget::Socket(inode) => Some(inode),
            _ => None,
        })
        .collect();
    let listening = net::tcp()
        .ok()?
        .into_iter()
        .find(|entry| entry.state == TcpState::Listen && sockets.contains(&entry.inode))?;
    Some(listening.local_address.port())
}

/// The processes that have a path in their command line or in their environment.
fn processes_that_know(path: &Path) -> Vec<Pid> {
    let path = path.to_string_lossy();
    let ids = fs::read_dir("/proc").into_iter().flatten();
    let ids = ids.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    let knows = |id: &i32| {
        ["cmdline", "environ"].iter().any(|file| {
            // A process may end at any time.
            let text = fs::read(format!("/proc/{id}/{file}")).unwrap_or_default();
            String::from_utf8_lossy(&text).contains(&*path)
        })
    };
    ids.filter(knows).filter_map(Pid::from_raw).collect()
}
