//! The program that drives a browser: where does it listen, what does the browser say, and how do both end?

use std::{
    env,
    ffi::OsStr,
    fs, io,
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use anyhow::Context;
use procfs::{
    net::{self, TcpState},
    process::{FDTarget, Process},
};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::display::Display;
use crate::{log::Log, wait::eventually};

/// How long it may take to listen, on a machine that has much else to do.
const START: Duration = Duration::from_secs(60);

/// A running driver. With this end the driver, its browser, by whose home directory its processes are known, and the
/// display.
#[derive(Debug)]
pub(super) struct Driver {
    child: Child,
    log: Log,
    read: AtomicUsize,
    port: u16,
    home: TempDir,
    _display: Option<Display>,
}

impl Driver {
    /// Starts it with a home directory of its own, and waits until it listens.
    pub(super) async fn start(
        program: &OsStr,
        arguments: &[&str],
        environment: &[(&str, &str)],
        display: Option<Display>,
    ) -> anyhow::Result<Self> {
        let home = tempfile::tempdir().context("there is no place for a profile")?;
        let (output, input) = io::pipe().context("the system gives no pipe")?;
        let child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(env::var_os("PATH").map(|path| ("PATH", path)))
            .envs(display.as_ref().map(|display| ("DISPLAY", display.name())))
            .envs(environment.iter().copied())
            .env("HOME", home.path())
            .env("TMPDIR", home.path())
            .stdin(Stdio::null())
            .stdout(input.try_clone().context("the system gives no second end of a pipe")?)
            .stderr(input)
            .spawn()
            .with_context(|| format!("{} is not installed: it drives a browser", program.display()))?;
        let (log, _reader) = Log::follow(output, None);
        let mut driver = Self { child, log, read: AtomicUsize::new(0), port: 0, home, _display: display };
        let id = driver.child.id();
        driver.port = eventually("the driver of the browser listens", START, async || listens_at(id)).await?;
        Ok(driver)
    }

    /// Where it is asked.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The home directory of the browser.
    pub(super) fn home(&self) -> &Path {
        self.home.path()
    }

    /// What `pick` makes of the lines that the driver and its browser have written since the last call.
    pub(super) fn new_lines(&self, pick: impl Fn(&str) -> Option<String>) -> Vec<String> {
        let lines = self.log.lines();
        let read = self.read.swap(lines.len(), Ordering::Relaxed);
        lines.iter().skip(read).filter_map(|line| pick(line)).collect()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        for browser in processes_that_know(self.home()) {
            kill_process(browser, Signal::KILL).ok();
        }
    }
}

/// The port of loopback on which a process listens. Not every driver says the free port that it took.
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
