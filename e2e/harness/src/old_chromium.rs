//! Starts a Chromium of 2022 at a page. There is no driver for it.

use std::{
    env,
    process::{Child, Command, Stdio},
};

use anyhow::Context;
use tempfile::TempDir;

use crate::{program::build_directory, test_run};

/// Flags to run as root, without a display, and in one process: outside of its package it cannot start a
/// process for each page.
const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-zygote",
    "--single-process",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    // It bypasses the proxy for loopback addresses by default, and reaches nothing else.
    "--proxy-server=http://127.0.0.1:9",
];

/// A running browser. It ends when this is dropped.
#[derive(Debug)]
pub struct OldChromium {
    child: Child,
    _home: TempDir,
}

impl OldChromium {
    /// Opens a page with a new profile.
    ///
    /// # Errors
    /// It is not installed.
    pub fn open(url: &str) -> anyhow::Result<Self> {
        let program = build_directory()?.with_file_name("tools/old-chromium");
        let home = test_run::temporary_directory()?;
        let child = Command::new(&program)
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", home.path().join("profile").display()))
            // Without it, the browser prints the page and ends.
            .arg("--remote-debugging-port=0")
            .arg(url)
            .env_clear()
            .envs(env::var_os("PATH").map(|path| ("PATH", path)))
            .env("HOME", home.path())
            .env("TMPDIR", home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| {
                format!("{} is missing: `.ci/install test` takes it from npm", program.display())
            })?;
        Ok(Self { child, _home: home })
    }
}

impl Drop for OldChromium {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
