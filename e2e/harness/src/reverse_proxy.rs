//! Runs reverse proxies in front of the programs: a real nginx and a real Caddy, each with the configuration
//! under test. They are killed when they are dropped.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
};

use anyhow::{Context, bail};
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::{
    child_process::ChildProcess,
    test_run,
    wait::{SOON, eventually},
};

/// A running proxy.
#[derive(Debug)]
pub struct ReverseProxy {
    address: SocketAddr,
    running: ChildProcess,
    directory: TempDir,
}

impl ReverseProxy {
    /// Starts an nginx on a free port of `listen`, with `server` as the content of its only `server` block.
    ///
    /// # Errors
    /// It is not installed, or refuses the configuration.
    pub async fn nginx(listen: SocketAddr, server: &str) -> anyhow::Result<Self> {
        let directory = directory()?;
        let (address, path) = (free(listen)?, directory.path().display());
        // All its files are in the directory. It is one process, because a killed master leaves its workers
        // behind.
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {path}/{name};\n"))
            .concat();
        let config = format!(
            "daemon off;
master_process off;
pid {path}/pid;
error_log stderr;
worker_processes 1;
events {{}}
http {{
access_log {path}/access.log;
{temporary}
server {{
listen {address};
{server}
}}
}}
"
        );
        let file = directory.path().join("nginx.conf");
        fs::write(&file, config).context("the configuration cannot be written")?;
        // Debian installs it in a directory that is only in root's `PATH`.
        let debian = Path::new("/usr/sbin/nginx");
        let mut command = Command::new(if debian.exists() { debian } else { Path::new("nginx") });
        command.arg("-p").arg(directory.path()).arg("-c").arg(file).args(["-e", "stderr"]);
        Self::start(command, address, directory).await
    }

    /// Starts a Caddy on a free port of `listen`, with `site` as the content of its only site, over plain
    /// http.
    ///
    /// # Errors
    /// It is not installed, or refuses the configuration.
    pub async fn caddy(listen: SocketAddr, site: &str) -> anyhow::Result<Self> {
        let directory = directory()?;
        let address = free(listen)?;
        let config =
            format!("{{\nadmin off\n}}\nhttp://:{} {{\nbind {}\n{site}\n}}\n", address.port(), address.ip());
        let file = directory.path().join("Caddyfile");
        fs::write(&file, config).context("the configuration cannot be written")?;
        let mut command = Command::new("caddy");
        command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
        command.env("HOME", directory.path()).env("XDG_DATA_HOME", directory.path());
        Self::start(command, address, directory).await
    }

    async fn start(command: Command, address: SocketAddr, directory: TempDir) -> anyhow::Result<Self> {
        let program = command.get_program().display().to_string();
        let missing = || format!("{program} cannot be started; `.ci/install test` installs it");
        let running = ChildProcess::start(command, None).with_context(missing)?;
        let mut proxy = Self { address, running, directory };
        eventually(&format!("{program} listens"), SOON, async || {
            if TcpStream::connect(address).await.is_ok() {
                return Some(Ok(()));
            }
            proxy.running.failure().transpose()
        })
        .await??;
        Ok(proxy)
    }

    /// Its listening address.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of a path, given without a leading slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// The access log of nginx so far.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn access_log(&self) -> anyhow::Result<String> {
        fs::read_to_string(self.directory.path().join("access.log")).context("the log cannot be read")
    }
}

/// Creates a directory that nginx can read even if it changes its user.
fn directory() -> anyhow::Result<TempDir> {
    let directory = test_run::temporary_directory()?;
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).context("the directory")?;
    Ok(directory)
}

/// Returns an address with a free port. No other test uses the host of `listen`, so the port stays free.
fn free(listen: SocketAddr) -> anyhow::Result<SocketAddr> {
    if !listen.ip().is_loopback() {
        bail!("{listen} is not a loopback address");
    }
    let found = TcpListener::bind(listen).and_then(|listener| listener.local_addr());
    found.with_context(|| format!("no port of {} is free", listen.ip()))
}
