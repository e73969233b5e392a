//! Runs a PostgreSQL.
//!
//! It listens on a socket in its directory, where no password is needed, and on a port of a loopback address
//! if one is given, where it is.

use std::{
    env, fs,
    net::{IpAddr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use headcount_guarded::GuardedDirectory;
use rustix::process::{Pid, Signal, kill_process};

use crate::{program_output::output_of, server_directory, server_user};

/// Ends the server at the end of the tests. One that is paused does not handle the signal to end.
const GUARD: &str = r#"
read -r _
kill -CONT "$(head -n 1 data/postmaster.pid)"
"$1/pg_ctl" -D data -m immediate -w stop"#;

/// Nothing here has to survive a power cut. Shared memory is a file, so that a killed server leaves nothing
/// outside of its directory.
const CONFIGURATION: &str = "fsync = off\nsynchronous_commit = off
full_page_writes = off\nshared_buffers = 16MB\nmax_connections = 100\nautovacuum = off
dynamic_shared_memory_type = mmap\n";

/// On the socket every user may connect, and `locked` only with a password.
const ACCESS: &str =
    "local all locked scram-sha-256\nlocal all all trust\nhost all all 127.0.0.0/8 scram-sha-256\n";

/// The name of the superuser.
const OWNER: &str = "postgres";

/// The password of the superuser.
pub(crate) const PASSWORD: &str = "only in tests";

/// How many ports are tried: another program may take a free one before the start.
const ATTEMPTS: usize = 5;

/// A server. It ends when it is dropped.
#[derive(Debug)]
pub struct TestPostgres {
    directory: GuardedDirectory,
    listen: Option<SocketAddr>,
}

impl TestPostgres {
    /// The server that all tests of this program share. It listens on its socket alone.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<TestPostgres> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Starts a server that listens on its socket alone.
    #[must_use]
    pub fn start() -> Self {
        let server = Self { directory: new_cluster(), listen: None };
        server.launch().expect("PostgreSQL starts");
        server
    }

    /// Starts a server that also listens on a free port of a loopback address.
    #[must_use]
    pub fn start_on(address: IpAddr) -> Self {
        let mut server = Self { directory: new_cluster(), listen: None };
        let mut last = String::new();
        for _ in 0..ATTEMPTS {
            server.listen = Some(free_port(address));
            match server.launch() {
                Ok(()) => return server,
                Err(error) if error.contains("could not create any TCP/IP sockets") => last = error,
                Err(error) => panic!("{error}"),
            }
        }
        panic!("the port of PostgreSQL was taken at every attempt: {last}");
    }

    /// Starts it and waits until it accepts connections. The error has its log.
    fn launch(&self) -> Result<(), String> {
        let host = self.listen.map_or_else(String::new, |at| at.ip().to_string());
        let socket = self.path().display();
        let options = format!("-k '{socket}' -c listen_addresses='{host}' -c port={}", self.port());
        let log = self.path().join("log");
        fs::remove_file(&log).ok();
        let started = self.run("pg_ctl", ["-D", "data", "-l", "log", "-w", "-o", &options, "start"]);
        started.map(drop).map_err(|error| error + "\n" + &fs::read_to_string(log).unwrap_or_default())
    }

    /// Creates an empty database, and returns its name, which no other database has.
    #[must_use]
    pub fn create_database(&self) -> String {
        static CREATED: AtomicUsize = AtomicUsize::new(0);
        let name = format!("database_{}", CREATED.fetch_add(1, Ordering::Relaxed));
        self.create(&name);
        name
    }

    /// Creates an empty database of this name.
    pub fn create(&self, database: &str) {
        self.psql("postgres", &format!("CREATE DATABASE \"{database}\""));
    }

    /// The connection string of a database for the superuser, over the socket.
    #[must_use]
    pub fn address(&self, database: &str) -> String {
        self.address_as(OWNER, database)
    }

    /// The connection string of a database for a user, over the socket.
    #[must_use]
    pub fn address_as(&self, user: &str, database: &str) -> String {
        format!("host={} port={} user={user} dbname={database}", self.path().display(), self.port())
    }

    /// The URL of a database, with the name and password of the superuser. Only for a server with an address.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        url(self.listen.expect("this server listens on its socket alone"), database)
    }

    /// The socket on which it listens.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.path().join(format!(".s.PGSQL.{}", self.port()))
    }

    /// Runs statements, and returns a line for each row, with `|` between columns.
    pub fn psql(&self, database: &str, statements: &str) -> Vec<String> {
        self.try_psql(database, statements).unwrap_or_else(|refused| panic!("{refused}"))
    }

    /// Does the same with statements that may be refused.
    ///
    /// # Errors
    /// The output of `psql`.
    pub fn try_psql(&self, database: &str, statements: &str) -> Result<Vec<String>, String> {
        let form = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"];
        let printed = self.run(
            "psql",
            self.as_owner(&["--dbname", database, "--command", statements])
                .into_iter()
                .chain(form.map(str::to_owned)),
        );
        printed.map(|text| text.lines().map(str::to_owned).collect())
    }

    /// Everything in a database, as SQL statements.
    #[must_use]
    pub fn dump(&self, database: &str) -> String {
        let dump = self.run("pg_dump", self.as_owner(&[database])).unwrap();
        // Newer versions put random words around it.
        dump.lines().filter(|line| !line.contains("restrict ")).collect::<Vec<_>>().join("\n")
    }

    /// Stops it as an operator does. Clients lose their connections.
    pub fn stop(&self) {
        self.run("pg_ctl", ["-D", "data", "-m", "fast", "-w", "stop"]).unwrap();
    }

    /// Starts it again at the same address.
    pub fn start_again(&self) {
        self.launch().expect("PostgreSQL starts again");
    }

    /// Pauses it, so that it accepts connections and does not answer, or resumes it. Open connections keep
    /// working.
    pub fn hold(&self, held: bool) {
        let file = fs::read_to_string(self.path().join("data/postmaster.pid")).unwrap();
        let process = file.lines().next().and_then(|id| id.parse().ok()).and_then(Pid::from_raw);
        let signal = if held { Signal::STOP } else { Signal::CONT };
        kill_process(process.expect("the server runs"), signal).unwrap();
    }

    pub(crate) const fn listen(&self) -> Option<SocketAddr> {
        self.listen
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn port(&self) -> u16 {
        self.listen.map_or(5432, |at| at.port())
    }

    fn as_owner(&self, more: &[&str]) -> Vec<String> {
        let (host, port) = (self.path().display().to_string(), self.port().to_string());
        let connection = ["--host", &host, "--port", &port, "--username", OWNER];
        connection.into_iter().chain(more.iter().copied()).map(str::to_owned).collect()
    }

    fn run(
        &self,
        program: &str,
        arguments: impl IntoIterator<Item = impl AsRef<std::ffi::OsStr>>,
    ) -> Result<String, String> {
        output_of(server_command(self.path(), &programs().join(program)).args(arguments))
    }
}

/// The URL of a database at an address.
pub(crate) fn url(address: SocketAddr, database: &str) -> String {
    format!("postgres://{OWNER}:{}@{address}/{database}", PASSWORD.replace(' ', "%20"))
}

/// An address with a free port.
pub(crate) fn free_port(address: IpAddr) -> SocketAddr {
    TcpListener::bind((address, 0)).and_then(|listener| listener.local_addr()).unwrap()
}

/// A new cluster in a directory of its own, copied from the first one of this program: `initdb` takes longer
/// than a copy.
fn new_cluster() -> GuardedDirectory {
    static FIRST: OnceLock<GuardedDirectory> = OnceLock::new();
    let first = FIRST.get_or_init(initialized_cluster);
    let directory = server_directory(GUARD, &programs());
    let mut copy = server_command(directory.path(), "cp".as_ref());
    output_of(copy.arg("--archive").arg(first.path().join("data")).arg("data")).unwrap();
    directory
}

fn initialized_cluster() -> GuardedDirectory {
    let directory = server_directory(GUARD, &programs());
    let password = directory.path().join("password");
    fs::write(&password, PASSWORD).unwrap();
    if let Some(user) = server_user() {
        user.own(&password);
    }
    let mut initdb = server_command(directory.path(), &programs().join("initdb"));
    initdb.args(["-D", "data", "-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
    output_of(initdb.args(["--pwfile", "password"])).unwrap();
    let file = directory.path().join("data/postgresql.conf");
    let defaults = fs::read_to_string(&file).unwrap();
    fs::write(file, defaults + CONFIGURATION).unwrap();
    fs::write(directory.path().join("data/pg_hba.conf"), ACCESS).unwrap();
    directory
}

/// A command that runs in a directory as the user of the server, without the environment of this program.
fn server_command(directory: &Path, program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(env::var_os("PATH").map(|path| ("PATH", path)));
    command.current_dir(directory).env("LC_ALL", "C").env("PGCONNECT_TIMEOUT", "10");
    if let Some(user) = server_user() {
        user.run(&mut command);
    }
    command
}

/// Where the programs of the newest version are: Debian keeps those of each version in a directory of its
/// own.
fn programs() -> PathBuf {
    let versions =
        fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is needed for tests: see .ci/install");
    let version = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let complete =
        versions.map(|version| version.unwrap().path()).filter(|path| path.join("bin/initdb").exists());
    let newest = complete.max_by_key(version).expect("PostgreSQL is needed for tests: see .ci/install");
    newest.join("bin")
}

#[cfg(test)]
mod tests {
    use std::{
        io::{ErrorKind, Read, Write},
        os::unix::net::UnixStream,
        time::Duration,
    };

    use super::*;

    /// A request for TLS, as the protocol of PostgreSQL has it. Every server answers it with one byte.
    const TLS_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

    #[test]
    fn a_server_keeps_its_data_and_its_address_when_it_is_stopped_and_started() {
        let postgres = TestPostgres::start_on(IpAddr::from([127, 0, 0, 1]));
        postgres.create("settings");
        let write = "CREATE TABLE told (what TEXT, count INT); INSERT INTO told VALUES ('a', 1), ('b', NULL)";
        assert_eq!(postgres.psql("settings", write), [""; 0]);
        let url = postgres.url("settings");

        postgres.stop();
        assert!(postgres.try_psql("settings", "SELECT 1").is_err());
        postgres.start_again();
        assert_eq!(postgres.url("settings"), url);
        assert_eq!(postgres.psql("settings", "SELECT * FROM told ORDER BY what"), ["a|1", "b|"]);
        let refused = postgres.try_psql("settings", "SELECT * FROM untold").unwrap_err();
        assert!(refused.contains("\"untold\" does not exist"), "{refused}");
    }

    #[test]
    fn a_server_that_is_held_accepts_connections_and_answers_once_it_is_resumed() {
        let postgres = TestPostgres::start();
        postgres.hold(true);
        let mut connection = UnixStream::connect(postgres.socket()).unwrap();
        connection.write_all(&TLS_REQUEST).unwrap();
        connection.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let mut answer = [0];
        assert_eq!(connection.read(&mut answer).unwrap_err().kind(), ErrorKind::WouldBlock);
        postgres.hold(false);
        connection.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        assert_eq!(connection.read(&mut answer).unwrap(), 1);
    }

    #[test]
    fn a_server_that_is_dropped_leaves_no_directory_also_while_it_is_held() {
        let postgres = TestPostgres::start();
        let directory = postgres.path().to_owned();
        postgres.hold(true);
        drop(postgres);
        assert!(!directory.exists());
    }
}
