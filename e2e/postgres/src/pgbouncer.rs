//! Runs a PgBouncer in transaction mode in front of a PostgreSQL.
//!
//! It listens where the PostgreSQL does: on a socket in its directory without a password, or, if the server
//! has an address, on a port of that address with one.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    os::unix::net::UnixStream,
    path::Path,
    sync::OnceLock,
    thread,
    time::Duration,
};

use headcount_guarded::GuardedDirectory;

use crate::{
    postgres::{PASSWORD, TestPostgres, free_port, url},
    server_directory,
};

/// Runs the program from the time on when its configuration is there, and ends it at the end of the tests.
const GUARD: &str = r#"
read -r _
"$1" pgbouncer.ini & bouncer=$!
read -r _
kill -KILL $bouncer"#;

/// Its path on Debian, which is in the search path of root only.
const PROGRAM: &str = "/usr/sbin/pgbouncer";

/// The port that names its socket.
const PORT: u16 = 6432;

/// The pause between two attempts to connect to a pooler that starts, and the number of attempts: half a
/// minute.
const LOOK: Duration = Duration::from_millis(10);
const LOOKS: usize = 3000;

/// A pooler. It ends when it is dropped.
#[derive(Debug)]
pub struct TestPgBouncer {
    directory: GuardedDirectory,
    listen: Option<SocketAddr>,
}

impl TestPgBouncer {
    /// The pooler in front of the server that all tests of this program share, with two sessions for each
    /// database.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<TestPgBouncer> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(TestPostgres::shared(), "extra_float_digits"))
    }

    /// Starts a pooler in front of a server, with two sessions for each database. It accepts connections with
    /// unknown startup parameters only if these are `ignored`.
    #[must_use]
    pub fn start(postgres: &TestPostgres, ignored: &str) -> Self {
        assert!(Path::new(PROGRAM).exists(), "PgBouncer is needed for tests: see .ci/install");
        let mut directory = server_directory(GUARD, Path::new(PROGRAM));
        let listen = postgres.listen().map(|at| free_port(at.ip()));
        configure(directory.path(), postgres, listen, ignored);
        directory.tell_guard();
        let pooler = Self { directory, listen };
        let listens = (0..LOOKS).any(|_| {
            // PgBouncer does not announce that it listens.
            thread::sleep(LOOK);
            pooler.listens()
        });
        assert!(listens, "PgBouncer does not listen");
        pooler
    }

    fn listens(&self) -> bool {
        match self.listen {
            Some(address) => TcpStream::connect(address).is_ok(),
            None => UnixStream::connect(self.directory.path().join(format!(".s.PGSQL.{PORT}"))).is_ok(),
        }
    }

    /// The connection string of a database through it, over its socket.
    #[must_use]
    pub fn address(&self, database: &str) -> String {
        format!("host={} port={PORT} user=postgres dbname={database}", self.directory.path().display())
    }

    /// The URL of a database through it. Only in front of a server with an address.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        url(self.listen.expect("this pooler listens on its socket alone"), database)
    }
}

fn configure(directory: &Path, postgres: &TestPostgres, listen: Option<SocketAddr>, ignored: &str) {
    let (here, server, port) = (directory.display(), postgres.path().display(), postgres.port());
    let access = match listen {
        None => format!("unix_socket_dir = {here}\nlisten_port = {PORT}\nauth_type = trust"),
        Some(at) => format!(
            "unix_socket_dir =\nlisten_addr = {}\nlisten_port = {}\nauth_type = scram-sha-256",
            at.ip(),
            at.port()
        ),
    };
    let configuration = format!(
        "[databases]\n* = host={server} port={port}\n[pgbouncer]\n{access}\nauth_file = {here}/users
pool_mode = transaction\ndefault_pool_size = 2\nignore_startup_parameters = {ignored}
server_idle_timeout = 5\n"
    );
    fs::write(directory.join("users"), format!("\"postgres\" \"{PASSWORD}\"\n")).unwrap();
    fs::write(directory.join("pgbouncer.ini"), configuration).unwrap();
}
