//! A `headcount` that runs: where it listens, what it says, and how it ends.

use std::{
    net::SocketAddr,
    os::unix::process::ExitStatusExt,
    process::{Child, ExitStatus, Stdio},
    thread::JoinHandle,
    time::Duration,
};

use anyhow::{Context, anyhow, bail};
use reqwest::Url;
use rustix::process::{Pid, kill_process};

pub use rustix::process::Signal;

use crate::{http, log::Log, program::Program, wait::eventually};

/// How long a start may take, on a machine that has much else to do.
const START: Duration = Duration::from_secs(30);

/// A running process. It is killed when this is dropped.
#[derive(Debug)]
pub struct Process {
    program: Program,
    child: Child,
    log: Log,
    reader: Option<JoinHandle<()>>,
    url: Url,
}

impl Process {
    pub(crate) async fn start(program: Program) -> anyhow::Result<Self> {
        let mut child = program
            .command()?
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("the program cannot be started")?;
        let stderr = child.stderr.take().context("the program has no standard error")?;
        let (log, reader) = Log::follow(stderr, program.label());
        // Wherever this goes from here on, the child is ended with it.
        let url = Url::parse("http://127.0.0.1/").context("a valid address")?;
        let mut process = Self { program, child, log, reader: Some(reader), url };
        process.url = process.announced().await?;
        process.healthy().await?;
        Ok(process)
    }

    /// The address of a path under its base path, which begins without a slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Its announcement names no address.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        let addresses = self.url.socket_addrs(|| None).context("the announced address")?;
        addresses.first().copied().context("the announced address is empty")
    }

    /// What it says on standard error.
    #[must_use]
    pub const fn log(&self) -> &Log {
        &self.log
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended, and how.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.child.try_wait().context("the system does not tell whether the process runs")
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// It has ended before.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let id = i32::try_from(self.child.id())
            .ok()
            .and_then(Pid::from_raw)
            .context("the process has no number")?;
        kill_process(id, signal).context("the process takes no signal")
    }

    /// Sends it a signal that ends it, and waits for the end.
    ///
    /// # Errors
    /// It has not ended `within` that time.
    pub async fn end(&mut self, signal: Signal, within: Duration) -> anyhow::Result<ExitStatus> {
        self.signal(signal)?;
        let ended = eventually("the process ends", within, async || self.ended().transpose()).await??;
        self.read_to_the_end();
        Ok(ended)
    }

    /// Ends it as `kill -9` does. What is returned starts the same anew at the same address.
    ///
    /// # Errors
    /// It had ended by itself before.
    pub fn kill(mut self) -> anyhow::Result<Program> {
        if let Some(status) = self.ended()? {
            bail!("the process had ended before: {status}; it said: {}", self.last_words());
        }
        self.child.kill().context("the process cannot be killed")?;
        let status = self.child.wait().context("the end of the process cannot be awaited")?;
        if status.signal() != Some(Signal::KILL.as_raw()) {
            bail!("the process ended by itself: {status}");
        }
        self.same_again()
    }

    /// Ends it as an operator does. What is returned starts the same anew at the same address.
    ///
    /// # Errors
    /// It does not end well, or not within 5 seconds.
    pub async fn stop(mut self) -> anyhow::Result<Program> {
        let status = self.end(Signal::TERM, Duration::from_secs(5)).await?;
        if !status.success() {
            bail!("the process did not end well: {status}; it said: {}", self.last_words());
        }
        self.same_again()
    }

    fn same_again(&self) -> anyhow::Result<Program> {
        Ok(self.program.clone().listen(self.address()?))
    }

    /// The address in its first line.
    async fn announced(&mut self) -> anyhow::Result<Url> {
        let announcement = self.program.announcement();
        let found = eventually("the process says where it listens", START, async || {
            if let Some(url) = self.log.word_after(announcement) {
                return Some(Ok(url));
            }
            self.failure().transpose()
        });
        let url = found
            .await?
            .and_then(|url| Url::parse(&url).with_context(|| format!("the announced address {url}")))?;
        Ok(url)
    }

    async fn healthy(&mut self) -> anyhow::Result<()> {
        let client = http::client()?;
        let url = self.url("health");
        eventually("the process is healthy", START, async || {
            let answer = client.get(&url).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Some(Ok(()));
            }
            self.failure().transpose().map(|failure| failure.map(|_: String| ()))
        })
        .await?
    }

    /// Fails if the process has ended, with what it said last.
    fn failure<T>(&mut self) -> anyhow::Result<Option<T>> {
        match self.ended()? {
            None => Ok(None),
            Some(_) => {
                self.read_to_the_end();
                Err(anyhow!(self.last_words()))
            }
        }
    }

    fn last_words(&self) -> String {
        let last = self.log.lines().pop().unwrap_or_else(|| "it ended without a word".to_owned());
        last.trim_start_matches("headcount: ").to_owned()
    }

    fn read_to_the_end(&mut self) {
        if let Some(reader) = self.reader.take() {
            // A reader that failed has kept what came before.
            reader.join().ok();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails when it has ended, which is what is wanted.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
