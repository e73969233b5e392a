//! Runs a real PostgreSQL in a temporary directory on a free port.

use std::{
    env, fs,
    net::{IpAddr, SocketAddr, TcpListener},
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context, bail};
use rustix::process::{Signal, getuid};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::{
    child::ChildProcess,
    command::output,
    run,
    wait::{SOON, eventually, farewell},
};

/// The name and password of the superuser.
const OWNER: [&str; 2] = ["headcount", "only in tests"];

/// The system account that runs it if this program runs as root: PostgreSQL refuses to run as root.
const ACCOUNT: &str = "postgres";

/// How many ports are tried: another program may take a free one before the start.
const ATTEMPTS: usize = 5;

/// A stopped PostgreSQL. Its directory is removed when this is dropped.
#[derive(Debug)]
pub struct StoppedPostgres {
    directory: TempDir,
    programs: PathBuf,
    account: Option<SystemAccount>,
    listen: SocketAddr,
}

/// A running PostgreSQL. When this is dropped, it ends and its directory is removed.
#[derive(Debug)]
pub struct RunningPostgres {
    // Dropped before the directory that it uses.
    server: PostgresProcess,
    cluster: StoppedPostgres,
}

/// The ids of a user and its group.
#[derive(Debug, Clone, Copy)]
struct SystemAccount {
    user: u32,
    group: u32,
}

/// The process. It is not killed, because that would leave shared memory behind.
#[derive(Debug)]
struct PostgresProcess(ChildProcess);

impl StoppedPostgres {
    /// Creates a new one, which will listen on a free port of this address.
    ///
    /// # Errors
    /// PostgreSQL is not installed, or refuses something.
    pub async fn new(listen: IpAddr) -> anyhow::Result<Self> {
        static FIRST: OnceCell<StoppedPostgres> = OnceCell::const_new();
        let first = FIRST.get_or_try_init(|| Self::initialized(listen)).await?;
        let cluster = Self::empty(listen)?;
        let mut command = cluster.command("cp".as_ref());
        command.arg("--archive").arg(first.data()).arg(cluster.data());
        succeeded(command).await?;
        Ok(cluster)
    }

    /// Creates the template that all others of this program are copied from: `initdb` takes longer than a
    /// copy.
    async fn initialized(listen: IpAddr) -> anyhow::Result<Self> {
        let cluster = Self::empty(listen)?;
        let password = cluster.directory.path().join("password");
        fs::write(&password, OWNER[1]).context("the password cannot be written")?;
        cluster.give_away(&password)?;
        let mut command = cluster.command(&cluster.programs.join("initdb"));
        command.arg("--pgdata").arg(cluster.data()).arg("--pwfile").arg(&password);
        command.args(["--username", OWNER[0], "--auth", "scram-sha-256"]);
        command.args(["--locale", "C", "--encoding", "UTF8", "--no-sync"]);
        succeeded(command).await?;
        Ok(cluster)
    }

    fn empty(listen: IpAddr) -> anyhow::Result<Self> {
        let account = getuid().is_root().then(account).transpose()?;
        let directory = run::temporary_directory()?;
        let cluster = Self { directory, programs: programs()?, account, listen: SocketAddr::new(listen, 0) };
        cluster.give_away(cluster.directory.path())?;
        Ok(cluster)
    }

    /// Gives a path to the account that runs PostgreSQL.
    fn give_away(&self, path: &Path) -> anyhow::Result<()> {
        let Some(SystemAccount { user, group }) = self.account else { return Ok(()) };
        chown(path, Some(user), Some(group)).context("cannot change the owner of a directory")
    }

    /// Starts it and waits until it accepts connections, on its earlier port if it ran before.
    ///
    /// # Errors
    /// One sentence with the reason why it does not run.
    pub async fn start(mut self) -> anyhow::Result<RunningPostgres> {
        let ran_before = self.listen.port() != 0;
        for _ in 0..ATTEMPTS {
            if !ran_before {
                self.listen = free(self.listen.ip())?;
            }
            let mut server = self.launch()?;
            match server.ready().await {
                Ok(()) => return Ok(RunningPostgres { server, cluster: self }),
                Err(_) if server.found_its_port_taken() => {}
                Err(error) => return Err(error),
            }
        }
        bail!("the port of postgres was taken at every attempt")
    }

    fn launch(&self) -> anyhow::Result<PostgresProcess> {
        let mut command = self.command(&self.programs.join("postgres"));
        command.arg("-D").arg(self.data());
        for setting in [
            &format!("listen_addresses={}", self.listen.ip()),
            &format!("port={}", self.listen.port()),
            "unix_socket_directories=",
            // So that a killed one leaves nothing outside of its directory.
            "dynamic_shared_memory_type=mmap",
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            "shared_buffers=16MB",
        ] {
            command.args(["-c", setting]);
        }
        // It does not get the signals of the terminal: its starter ends it.
        command.process_group(0);
        ChildProcess::start(command, None).context("postgres cannot be started").map(PostgresProcess)
    }

    /// A command that runs as the owner of the directory, without the environment of this program.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(env::var_os("PATH").map(|path| ("PATH", path)));
        command.current_dir(self.directory.path());
        if let Some(SystemAccount { user, group }) = self.account {
            command.uid(user).gid(group);
        }
        command
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }
}

impl RunningPostgres {
    /// Creates an empty database.
    ///
    /// # Errors
    /// It is there already, or the server does not answer.
    pub async fn create(&self, database: &str) -> anyhow::Result<()> {
        self.query("postgres", &format!("CREATE DATABASE \"{database}\"")).await.map(drop)
    }

    /// The URL of a database, with the name and password of the superuser.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let [owner, password] = OWNER;
        format!("postgres://{owner}:{}@{}/{database}", password.replace(' ', "%20"), self.cluster.listen)
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.cluster.listen
    }

    /// The name and password of the superuser.
    pub(crate) const fn owner() -> [&'static str; 2] {
        OWNER
    }

    /// Lets a program run as the account of this server, and gives it its directory.
    pub(crate) fn run_as_owner(&self, command: &mut Command, directory: &Path) -> anyhow::Result<()> {
        let Some(SystemAccount { user, group }) = self.cluster.account else { return Ok(()) };
        command.uid(user).gid(group);
        self.cluster.give_away(directory)
    }

    /// Runs a statement in a database and returns a line for each row, with `|` between columns.
    ///
    /// # Errors
    /// The statement is refused, or the server does not answer.
    pub async fn query(&self, database: &str, statement: &str) -> anyhow::Result<Vec<String>> {
        let mut command = self.client("psql", database);
        command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"]);
        command.args(["--command", statement]);
        let output = succeeded(command).await?;
        Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
    }

    /// Dumps a database as SQL statements.
    ///
    /// # Errors
    /// There is no such database, or the server does not answer.
    pub async fn dump(&self, database: &str) -> anyhow::Result<String> {
        let output = succeeded(self.client("pg_dump", database)).await?;
        let dump = String::from_utf8_lossy(&output.stdout);
        // Newer versions put random words around it.
        let lines =
            dump.lines().filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"));
        Ok(lines.collect::<Vec<_>>().join("\n"))
    }

    /// A client program that connects to a database as the superuser.
    fn client(&self, program: &str, database: &str) -> Command {
        let [owner, password] = OWNER;
        let mut command = self.cluster.command(&self.cluster.programs.join(program));
        command.env("PGPASSWORD", password).env("PGCONNECT_TIMEOUT", "10");
        command.arg("--host").arg(self.cluster.listen.ip().to_string());
        command.arg("--port").arg(self.cluster.listen.port().to_string());
        command.args(["--username", owner, "--dbname", database]);
        command
    }

    /// Ends it as an operator does: clients lose their connections. The returned value starts it again at the
    /// same address.
    ///
    /// # Errors
    /// It does not end well, or not at all.
    pub async fn stop(mut self) -> anyhow::Result<StoppedPostgres> {
        let status = self.server.0.end(Signal::INT, SOON).await?;
        if !status.success() {
            bail!("postgres did not end well: {status}; it said: {}", self.server.0.last_words());
        }
        Ok(self.cluster)
    }

    /// Pauses it, so that it accepts connections and does not answer, or resumes it. Open connections keep
    /// working.
    ///
    /// # Errors
    /// It has ended before.
    pub fn hold(&self, held: bool) -> anyhow::Result<()> {
        self.server.0.signal(if held { Signal::STOP } else { Signal::CONT })
    }
}

impl PostgresProcess {
    async fn ready(&mut self) -> anyhow::Result<()> {
        eventually("postgres takes connections", SOON, async || {
            if self.0.log().count("ready to accept connections") > 0 {
                return Some(Ok(()));
            }
            self.0.failure().transpose()
        })
        .await?
    }

    fn found_its_port_taken(&self) -> bool {
        self.0.log().count("could not create any TCP/IP sockets") > 0
    }
}

impl Drop for PostgresProcess {
    fn drop(&mut self) {
        // A paused one does not handle the signal to end. All of this fails if it has ended already.
        self.0.signal(Signal::CONT).ok();
        self.0.signal(Signal::QUIT).ok();
        farewell(|| !matches!(self.0.ended(), Ok(None)));
    }
}

/// Where the programs of the newest PostgreSQL are.
fn programs() -> anyhow::Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let complete = versions.map(|entry| entry.path()).filter(|path| path.join("bin/initdb").is_file());
    let newest = complete.max_by_key(|path| version(path));
    let newest = newest.context("initdb is not installed; Debian's package `postgresql` has it")?;
    Ok(newest.join("bin"))
}

fn account() -> anyhow::Result<SystemAccount> {
    let users = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
    let line = users.lines().find_map(|line| line.strip_prefix(ACCOUNT)?.strip_prefix(':'));
    let mut numbers = line.into_iter().flat_map(|line| line.split(':').skip(1)).map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(user)), Some(Ok(group))) => Ok(SystemAccount { user, group }),
        _ => bail!("there is no user {ACCOUNT} on this machine"),
    }
}

fn free(address: IpAddr) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((address, 0)).context("no port is free")?;
    listener.local_addr().context("no port is free")
}

async fn succeeded(command: Command) -> anyhow::Result<Output> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = output(command).await?;
    if !output.status.success() {
        bail!("{program} fails: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output)
}
