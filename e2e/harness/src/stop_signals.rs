//! Waits for the signals that stop a program of several processes.

use anyhow::Context;
use tokio::{
    select,
    signal::unix::{Signal, SignalKind, signal},
};

/// The signals with which a terminal or a supervisor stops a program.
#[derive(Debug)]
pub struct StopSignals([Signal; 3]);

impl StopSignals {
    /// Installs the handlers. From now on these signals do not end the program by themselves.
    ///
    /// # Errors
    /// The system does not give them.
    pub fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("signals cannot be received");
        Ok(Self([
            listen(SignalKind::interrupt())?,
            listen(SignalKind::terminate())?,
            listen(SignalKind::hangup())?,
        ]))
    }

    /// Waits for one of them.
    pub async fn asked(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
