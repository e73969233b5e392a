//! Starts a virtual display for an engine that cannot run without one.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, anyhow};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    process_log::ProcessLog,
    wait::{SOON, eventually, farewell},
};

/// A running `Xvfb`. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct VirtualDisplay {
    server: Child,
    number: u32,
}

impl VirtualDisplay {
    /// Starts one under a free number, with a home directory.
    pub(super) async fn start(home: &Path) -> anyhow::Result<Self> {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "4200x1200x24", "-nolisten", "tcp"])
            .env("HOME", home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("`Xvfb` cannot be started; Debian's package `xvfb` has it")?;
        let said = server.stdout.take().context("`Xvfb` has no output")?;
        // From here on it is ended when this is dropped, even if it does not print its number.
        let mut display = Self { server, number: 0 };
        let (log, _reader) = ProcessLog::follow(said, None);
        let number = eventually("`Xvfb` says the number of its display", SOON, async || {
            if let Some(line) = log.lines().first() {
                return Some(line.trim().parse::<u32>().context("the number of the display"));
            }
            let ended = display.server.try_wait().ok()??;
            Some(Err(anyhow!("`Xvfb` has ended: {ended}")))
        });
        display.number = number.await??;
        Ok(display)
    }

    /// The value of `DISPLAY` for its clients.
    pub(super) fn name(&self) -> String {
        format!(":{}", self.number)
    }
}

impl Drop for VirtualDisplay {
    fn drop(&mut self) {
        // It gets a signal first, so that it removes its socket and its lock.
        let process = i32::try_from(self.server.id()).ok().and_then(Pid::from_raw);
        process.map(|process| kill_process(process, Signal::TERM).ok());
        farewell(|| !matches!(self.server.try_wait(), Ok(None)));
        // Fails if it has ended already.
        self.server.kill().ok();
        self.server.wait().ok();
    }
}
