//! Runs a child process: follows its output, sends it signals, and waits for its end.

use std::{
    os::unix::process::ExitStatusExt,
    process::{Child, Command, ExitStatus, Stdio},
    thread::JoinHandle,
    time::Duration,
};

use anyhow::{Context, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::{process_log::ProcessLog, wait::eventually};

/// A child process. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct ChildProcess {
    child: Child,
    log: ProcessLog,
    reader: Option<JoinHandle<()>>,
}

impl ChildProcess {
    /// Starts it with an empty standard input, and follows its standard error.
    pub(crate) fn start(mut command: Command, label: Option<String>) -> anyhow::Result<Self> {
        let streams = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = streams.spawn().context("the program cannot be started")?;
        let stderr = child.stderr.take().context("the program has no standard error")?;
        let (log, reader) = ProcessLog::follow(stderr, label);
        Ok(Self { child, log, reader: Some(reader) })
    }

    pub(crate) const fn log(&self) -> &ProcessLog {
        &self.log
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.child.try_wait().context("cannot get the state of the process")
    }

    pub(crate) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let id = i32::try_from(self.child.id())
            .ok()
            .and_then(Pid::from_raw)
            .context("the process has no valid id")?;
        kill_process(id, signal).context("cannot send a signal to the process")
    }

    /// Sends it a signal that ends it, and waits for the end.
    pub(crate) async fn end(&mut self, signal: Signal, within: Duration) -> anyhow::Result<ExitStatus> {
        self.signal(signal)?;
        let ended = eventually("the process ends", within, async || self.ended().transpose()).await??;
        self.read_to_the_end();
        Ok(ended)
    }

    /// Ends it as `kill -9` does. Fails if it had ended by itself before.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.ended()? {
            bail!("the process had ended before: {status}; it said: {}", self.last_words());
        }
        self.child.kill().context("the process cannot be killed")?;
        let status = self.child.wait().context("cannot wait for the end of the process")?;
        if status.signal() != Some(Signal::KILL.as_raw()) {
            bail!("the process ended by itself: {status}");
        }
        Ok(())
    }

    /// Fails with its last output line if it has ended.
    pub(crate) fn failure<T>(&mut self) -> anyhow::Result<Option<T>> {
        match self.ended()? {
            None => Ok(None),
            Some(_) => {
                self.read_to_the_end();
                Err(anyhow!(self.last_words()))
            }
        }
    }

    pub(crate) fn last_words(&self) -> String {
        let last = self.log.lines().pop().unwrap_or_else(|| "it ended without output".to_owned());
        last.trim_start_matches("headcount: ").to_owned()
    }

    fn read_to_the_end(&mut self) {
        if let Some(reader) = self.reader.take() {
            // A reader that failed has stored what came before.
            reader.join().ok();
        }
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        // Fails if it has ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
