//! A display without a screen, for an engine that cannot do without.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};

/// A running `Xvfb`. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Display {
    server: Child,
    number: u32,
}

impl Display {
    /// Starts one under a number that is free.
    pub(super) fn start() -> anyhow::Result<Self> {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "4200x1200x24", "-nolisten", "tcp"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("`Xvfb` cannot be started; Debian's package `xvfb` has it")?;
        let said = server.stdout.take().context("`Xvfb` has no output")?;
        // From here on it ends with this, also when it does not say its number.
        let mut display = Self { server, number: 0 };
        let mut line = String::new();
        BufReader::new(said).read_line(&mut line).context("`Xvfb` cannot be heard")?;
        display.number = line.trim().parse().context("`Xvfb` does not say the number of its display")?;
        Ok(display)
    }

    /// What programs find in `DISPLAY`.
    pub(super) fn name(&self) -> String {
        format!(":{}", self.number)
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // It is asked, so that it takes away its socket and its lock.
        let process = i32::try_from(self.server.id()).ok().and_then(Pid::from_raw);
        if process.is_none_or(|process| kill_process(process, Signal::TERM).is_err()) {
            self.server.kill().ok();
        }
        self.server.wait().ok();
    }
}
