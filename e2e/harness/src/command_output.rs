//! Runs a program to its end and returns its output.

use std::{
    process::{Output, Stdio},
    time::Duration,
};

use anyhow::Context;
use tokio::process::Command;

use crate::wait::{SOON, within};

/// Runs a program with an empty standard input until it ends. It is killed if the future is dropped.
///
/// # Errors
/// It cannot be started, or does not end [`SOON`].
pub async fn output(command: impl Into<Command>) -> anyhow::Result<Output> {
    output_within(SOON, command).await
}

/// Does the same for a program that may take longer.
///
/// # Errors
/// It cannot be started, or does not end within `limit`.
pub async fn output_within(limit: Duration, command: impl Into<Command>) -> anyhow::Result<Output> {
    let mut command = command.into();
    let program = command.as_std().get_program().display().to_string();
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = within(&format!("{program} ends by itself"), limit, output).await?;
    output.with_context(|| format!("{program} cannot be started"))
}
