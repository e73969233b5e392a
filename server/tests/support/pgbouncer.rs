//! Runs a PgBouncer in transaction mode before the PostgreSQL of tests, with two sessions for each database.
//!
//! It listens on a socket in a directory of its own. A shell waits beside it for the end of the tests,
//! however they end, and then stops it and removes the directory.

use std::{
    fs,
    os::unix::{fs::chown, net::UnixStream, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    thread,
    time::Duration,
};

use super::postgres::{PostgresUser, TestPostgres};

/// Runs the program, and ends it when the input does.
const KEEPER: &str = r#"
trap '' INT
"$1" pgbouncer.ini >/dev/null 2>&1 & bouncer=$!
read -r _
kill -KILL $bouncer
cd / && rm -rf "$2"
"#;

/// Its path on Debian, which is in the search path of root only.
const PROGRAM: &str = "/usr/sbin/pgbouncer";

/// How often to check for its socket, every tenth of a second.
const ATTEMPTS: usize = 100;

/// A pooler.
pub(crate) struct TestPgBouncer {
    directory: PathBuf,
    keeper: Child,
}

impl TestPgBouncer {
    /// The pooler before the server that all tests of this program share.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<TestPgBouncer> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(TestPostgres::shared(), "extra_float_digits"))
    }

    /// A pooler before a server. It accepts connections with unknown startup parameters only if these are
    /// `ignored`. It ends when it is dropped.
    pub(crate) fn start(postgres: &TestPostgres, ignored: &str) -> Self {
        assert!(Path::new(PROGRAM).exists(), "PgBouncer is needed for tests: see .ci/install");
        let directory = tempfile::Builder::new().prefix("bouncer").tempdir().unwrap().keep();
        let (here, there) = (directory.display(), postgres.socket());
        let there = there.parent().unwrap().display();
        fs::write(directory.join("users"), "\"postgres\" \"\"\n").unwrap();
        let configuration = format!(
            "[databases]\n* = host={there} port=5432\n[pgbouncer]\nunix_socket_dir = {here}\nlisten_port = 6432\n\
             auth_type = trust\nauth_file = {here}/users\npool_mode = transaction\ndefault_pool_size = 2\n\
             ignore_startup_parameters = {ignored}\nserver_idle_timeout = 5\n"
        );
        fs::write(directory.join("pgbouncer.ini"), configuration).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "keeper", PROGRAM]).arg(&directory).current_dir(&directory);
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        if let Some(user) = PostgresUser::of_server() {
            chown(&directory, Some(user.uid), Some(user.gid)).unwrap();
            command.uid(user.uid).gid(user.gid);
        }
        let bouncer = Self { keeper: command.spawn().unwrap(), directory };
        let listens = (0..ATTEMPTS).any(|_| {
            thread::sleep(Duration::from_millis(100));
            UnixStream::connect(bouncer.directory.join(".s.PGSQL.6432")).is_ok()
        });
        assert!(listens, "PgBouncer does not listen");
        bouncer
    }

    /// The connection string of a database through it.
    pub(crate) fn address(&self, database: &str) -> String {
        format!("host={} port=6432 user=postgres dbname={database}", self.directory.display())
    }
}

impl Drop for TestPgBouncer {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        self.keeper.wait().unwrap();
    }
}
