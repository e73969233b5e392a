//! Runs a PostgreSQL server for tests, which ends with them.
//!
//! It listens on a socket in a directory of its own, and nowhere else. A shell waits beside it for the end of
//! the tests, however they end, and then stops the server and removes the directory.

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader},
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Starts the server in `$2` with the programs in `$1`, and ends it when its input does.
const KEEPER: &str = r#"
trap '' INT
"$1/pg_ctl" -D data -l log -w -o "-k '$2'" start >/dev/null && echo ready
read -r _
"$1/pg_ctl" -D data -m immediate -w stop >/dev/null 2>&1
cd / && rm -rf "$2"
"#;

/// Nothing here has to survive a power cut.
const CONFIGURATION: &str = "port = 5432\nlisten_addresses = ''\nfsync = off\nfull_page_writes = off
shared_buffers = 16MB\nmax_connections = 100\nautovacuum = off\n";

/// Every user may connect, and `locked` only with a password.
const ACCESS: &str = "local all locked scram-sha-256\nlocal all all trust\n";

/// A server.
pub(crate) struct TestPostgres {
    directory: PathBuf,
    keeper: Child,
}

/// The user of the server, which is never root.
pub(crate) struct PostgresUser {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl TestPostgres {
    /// The server that all tests of this program share.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<TestPostgres> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A separate server. It ends when it is dropped.
    pub(crate) fn start() -> Self {
        let directory = tempfile::Builder::new().prefix("pg").tempdir().unwrap().keep();
        if let Some(user) = PostgresUser::of_server() {
            chown(&directory, Some(user.uid), Some(user.gid)).unwrap();
        }
        let initdb = ["-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
        run(&directory, "initdb", initdb);
        append(&directory.join("data/postgresql.conf"), CONFIGURATION);
        fs::write(directory.join("data/pg_hba.conf"), ACCESS).unwrap();
        let mut keeper = as_server_user(&directory, "sh".as_ref())
            .args(["-c", KEEPER, "keeper"])
            .args([programs().as_os_str(), directory.as_os_str()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "ready\n", "{}", fs::read_to_string(directory.join("log")).unwrap_or_default());
        Self { directory, keeper }
    }

    /// Creates an empty database and returns its name.
    pub(crate) fn create_database(&self) -> String {
        static CREATED: AtomicUsize = AtomicUsize::new(0);
        let name = format!("database_{}", CREATED.fetch_add(1, Ordering::Relaxed));
        self.psql("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    /// The connection string of a database for the owner of everything.
    pub(crate) fn address(&self, database: &str) -> String {
        self.address_as("postgres", database)
    }

    /// The connection string of a database for a user.
    pub(crate) fn address_as(&self, user: &str, database: &str) -> String {
        format!("host={} port=5432 user={user} dbname={database}", self.directory.display())
    }

    /// The socket on which it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.join(".s.PGSQL.5432")
    }

    /// Runs statements.
    pub(crate) fn psql(&self, database: &str, statements: &str) {
        let host = self.directory.to_str().unwrap();
        let common = ["-h", host, "-U", "postgres", "-d", database, "-q", "-v", "ON_ERROR_STOP=1"];
        run(&self.directory, "psql", common.into_iter().chain(["-c", statements]));
    }

    /// All that is in a database, as text.
    pub(crate) fn dump(&self, database: &str) -> String {
        let host = self.directory.to_str().unwrap();
        let dump = run(&self.directory, "pg_dump", ["-h", host, "-U", "postgres", database]);
        // Newer versions put a random word into every dump.
        dump.lines().filter(|line| !line.contains("restrict ")).collect::<Vec<_>>().join("\n")
    }

    /// Stops the server.
    pub(crate) fn stop(&self) {
        run(&self.directory, "pg_ctl", ["-D", "data", "-m", "immediate", "-w", "stop"]);
    }

    /// Starts it again.
    pub(crate) fn start_again(&self) {
        let socket = format!("-k '{}'", self.directory.display());
        run(&self.directory, "pg_ctl", ["-D", "data", "-l", "log", "-w", "-o", &socket, "start"]);
    }
}

impl Drop for TestPostgres {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        self.keeper.wait().unwrap();
    }
}

impl PostgresUser {
    /// `None` if the tests do not run as root: then the server runs as the same user.
    pub(crate) fn of_server() -> Option<Self> {
        if fs::metadata("/proc/self").unwrap().uid() != 0 {
            return None;
        }
        let users = fs::read_to_string("/etc/passwd").unwrap();
        let line =
            users.lines().find(|line| line.starts_with("postgres:")).expect("there is no user postgres");
        let numbers: Vec<u32> =
            line.split(':').skip(2).take(2).map(|number| number.parse().unwrap()).collect();
        Some(Self { uid: numbers[0], gid: numbers[1] })
    }
}

fn as_server_user(directory: &Path, program: &OsStr) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(directory)
        .env("LC_ALL", "C")
        .env_remove("PGPASSWORD")
        .env_remove("PGPORT")
        .stdin(Stdio::null());
    if let Some(user) = PostgresUser::of_server() {
        command.uid(user.uid).gid(user.gid);
    }
    command
}

/// Runs a program of PostgreSQL to its end and returns its output. The output goes through files, because a
/// server that it starts holds its outputs open.
fn run(directory: &Path, program: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> String {
    let mut printed = tempfile::tempfile().unwrap();
    let status = as_server_user(directory, programs().join(program).as_os_str())
        .args(arguments)
        .stdout(printed.try_clone().unwrap())
        .stderr(printed.try_clone().unwrap())
        .status()
        .unwrap();
    let mut text = String::new();
    std::io::Seek::rewind(&mut printed).unwrap();
    std::io::Read::read_to_string(&mut printed, &mut text).unwrap();
    assert!(status.success(), "{program}: {text}");
    text
}

/// Where the programs are: Debian keeps those of each version in a directory of its own.
fn programs() -> PathBuf {
    let versions =
        fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is needed for tests: see .ci/install");
    let mut found: Vec<PathBuf> = versions
        .map(|version| version.unwrap().path().join("bin"))
        .filter(|programs| programs.join("initdb").exists())
        .collect();
    found.sort();
    found.pop().expect("PostgreSQL is needed for tests: see .ci/install")
}

fn append(file: &Path, text: &str) {
    let before = fs::read_to_string(file).unwrap();
    fs::write(file, before + text).unwrap();
}
