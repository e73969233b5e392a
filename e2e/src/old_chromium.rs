//! A Chromium of 2022, which is started at a page and shows it. There is no driver for it.

use std::{
    env,
    process::{Child, Command, Stdio},
};

use anyhow::Context;
use tempfile::TempDir;

use crate::{program::build_directory, run};

/// What it needs to run as root, without a display and without a process of its own for each page, which it starts in vain
/// where it was taken out of its package.
const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-zygote",
    "--single-process",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    // It goes to loopback without a proxy by itself, and nowhere else.
    "--proxy-server=http://127.0.0.1:9",
];

/// A running browser. It ends with this.
#[derive(Debug)]
pub struct OldChromium {
    child: Child,
    _home: TempDir,
}

impl OldChromium {
    /// Opens a page, with a profile that is new.
    ///
    /// # Errors
    /// It is not installed.
    pub fn open(url: &str) -> anyhow::Result<Self> {
        let program = build_directory()?.with_file_name("tools/old-chromium");
        let home = run::temporary_directory()?;
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
