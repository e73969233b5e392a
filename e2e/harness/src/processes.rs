//! Runs a `headcount` process: finds its address, follows its log, and ends it.

use std::{net::SocketAddr, path::Path, process::ExitStatus, time::Duration};

use anyhow::{Context, bail};
use reqwest::Url;

pub use rustix::process::Signal;

use crate::{
    child_process::ChildProcess,
    command_output::output,
    http,
    process_log::ProcessLog,
    program::HeadcountProgram,
    wait::{SOON, eventually},
};

/// A running process. It is killed when this is dropped.
#[derive(Debug)]
pub struct HeadcountProcess {
    program: HeadcountProgram,
    running: ChildProcess,
    url: Url,
}

impl HeadcountProcess {
    pub(crate) async fn start(program: HeadcountProgram) -> anyhow::Result<Self> {
        let running = ChildProcess::start(program.command()?, program.label())?;
        // From here on, the child ends with this on every path.
        let url = Url::parse("http://127.0.0.1/").context("a valid address")?;
        let mut process = Self { program, running, url };
        process.url = process.announced().await?;
        process.healthy().await?;
        Ok(process)
    }

    /// The URL of a path below its base path, given without a leading slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Its data directory.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        self.program.data_dir()
    }

    /// Its listening address.
    ///
    /// # Errors
    /// Its announcement names no address.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        let addresses = self.url.socket_addrs(|| None).context("the announced address")?;
        addresses.first().copied().context("the announced address is empty")
    }

    /// A link that opens its interface signed in, once and within five minutes: what `headcount sign-in`
    /// prints.
    ///
    /// # Errors
    /// The command fails; the error has its reason.
    pub async fn sign_in_link(&self) -> anyhow::Result<String> {
        let output = output(self.program.sign_in_command(self.address()?)?).await?;
        if !output.status.success() {
            bail!("there is no link: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8(output.stdout).context("the link")?.trim().to_owned())
    }

    /// Its standard error.
    #[must_use]
    pub const fn log(&self) -> &ProcessLog {
        self.running.log()
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.running.id()
    }

    /// Whether it has ended, and how.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.running.ended()
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// It has ended before.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        self.running.signal(signal)
    }

    /// Sends it a signal that ends it, and waits for the end.
    ///
    /// # Errors
    /// It has not ended `within` that time.
    pub async fn end(&mut self, signal: Signal, within: Duration) -> anyhow::Result<ExitStatus> {
        self.running.end(signal, within).await
    }

    /// Kills it as `kill -9` does. The returned program starts it again at the same address.
    ///
    /// # Errors
    /// It had ended by itself before.
    pub fn kill(mut self) -> anyhow::Result<HeadcountProgram> {
        self.running.kill()?;
        self.same_again()
    }

    /// Ends it as an operator does. The returned program starts it again at the same address.
    ///
    /// # Errors
    /// It does not end well, or not at all.
    pub async fn stop(mut self) -> anyhow::Result<HeadcountProgram> {
        let status = self.end(Signal::TERM, SOON).await?;
        if !status.success() {
            bail!("the process did not end well: {status}; it said: {}", self.running.last_words());
        }
        self.same_again()
    }

    fn same_again(&self) -> anyhow::Result<HeadcountProgram> {
        Ok(self.program.clone().listen(self.address()?))
    }

    /// Waits for the address in its first log line.
    async fn announced(&mut self) -> anyhow::Result<Url> {
        let announcement = self.program.announcement();
        let found = eventually("the process says where it listens", SOON, async || {
            if let Some(url) = self.running.log().word_after(announcement) {
                return Some(Ok(url));
            }
            self.running.failure().transpose()
        });
        let url = found
            .await?
            .and_then(|url| Url::parse(&url).with_context(|| format!("the announced address {url}")))?;
        Ok(url)
    }

    async fn healthy(&mut self) -> anyhow::Result<()> {
        let client = http::client()?;
        let url = self.url("health");
        eventually("the process is healthy", SOON, async || {
            let answer = client.get(&url).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Some(Ok(()));
            }
            self.running.failure().transpose()
        })
        .await?
    }
}
