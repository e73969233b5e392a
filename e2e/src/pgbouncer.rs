//! Runs a real PgBouncer in transaction mode in front of a PostgreSQL.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    os::unix::process::CommandExt,
    path::Path,
    process::Command,
};

use anyhow::{Context, bail};
use tempfile::TempDir;

use crate::{
    child::ChildProcess,
    postgres::RunningPostgres,
    run,
    wait::{SOON, eventually},
};

/// Debian installs it in a directory that is only in root's `PATH`.
const PROGRAM: &str = "/usr/sbin/pgbouncer";

/// How many ports are tried: another program may take a free one before the start.
const ATTEMPTS: usize = 5;

/// A running PgBouncer. It is killed when this is dropped.
#[derive(Debug)]
pub struct PgBouncerProcess {
    // Dropped before the directory that it uses.
    _running: ChildProcess,
    _directory: TempDir,
    listen: SocketAddr,
}

impl PgBouncerProcess {
    /// Starts one that shares `sessions` sessions of `postgres` among all clients of a database.
    ///
    /// # Errors
    /// It is not installed, or does not run.
    pub async fn start(postgres: &RunningPostgres, sessions: u32) -> anyhow::Result<Self> {
        if !Path::new(PROGRAM).exists() {
            bail!("pgbouncer is not installed; Debian's package `pgbouncer` has it");
        }
        for _ in 0..ATTEMPTS {
            let listener = TcpListener::bind((postgres.address().ip(), 0)).context("no port is free")?;
            let listen = listener.local_addr().context("no port is free")?;
            drop(listener);
            let directory = run::temporary_directory()?;
            configure(directory.path(), postgres, listen, sessions)?;
            let mut command = Command::new(PROGRAM);
            command.current_dir(directory.path()).arg("pgbouncer.ini").process_group(0);
            postgres.run_as_owner(&mut command, directory.path())?;
            let mut running = ChildProcess::start(command, None).context("pgbouncer cannot be started")?;
            let begins = eventually("pgbouncer takes connections", SOON, async || {
                if running.log().count("process up") > 0 {
                    return Some(Ok(()));
                }
                running.failure().transpose()
            });
            match begins.await? {
                Ok(()) => return Ok(Self { _running: running, _directory: directory, listen }),
                Err(_) if running.log().count("Address already in use") > 0 => {}
                Err(error) => return Err(error),
            }
        }
        bail!("the port of pgbouncer was taken at every attempt")
    }

    /// The URL of a database through it.
    #[must_use]
    pub fn url(&self, postgres: &RunningPostgres, database: &str) -> String {
        postgres.url(database).replace(&postgres.address().to_string(), &self.listen.to_string())
    }
}

fn configure(
    directory: &Path,
    postgres: &RunningPostgres,
    listen: SocketAddr,
    sessions: u32,
) -> anyhow::Result<()> {
    let [name, password] = RunningPostgres::owner();
    let (server, port) = (postgres.address(), listen.port());
    let configuration = format!(
        "[databases]
* = host={} port={}
[pgbouncer]
listen_addr = {}
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = users
pool_mode = transaction
default_pool_size = {sessions}
ignore_startup_parameters = extra_float_digits
",
        server.ip(),
        server.port(),
        listen.ip()
    );
    fs::write(directory.join("pgbouncer.ini"), configuration).context("cannot write the configuration")?;
    fs::write(directory.join("users"), format!("\"{name}\" \"{password}\"\n"))
        .context("cannot write the users")
}
