//! Describes a `headcount` process to be started: its binary, flags and environment.

use std::{
    env,
    ffi::{OsStr, OsString},
    net::SocketAddr,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context, bail};

use crate::{command_output::output, http::ADMIN_TOKEN, processes::HeadcountProcess};

/// The environment variable with the admin token.
const TOKEN_VARIABLE: &str = "ADMIN_TOKEN";

/// The environment variable that names another binary than the one beside this program.
const BINARY: &str = "HEADCOUNT_BIN";

/// The environment variable that names another demo than the one beside this program.
const DEMO_BINARY: &str = "HEADCOUNT_DEMO";

/// Any free port of this machine.
const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// A `headcount` to be started. Its environment has only `PATH`, [`ADMIN_TOKEN`] and the variables given
/// here, so that a test behaves the same everywhere.
#[derive(Debug, Clone)]
pub struct HeadcountProgram {
    command: &'static str,
    /// The text before the address in its first log line.
    announcement: &'static str,
    listen: SocketAddr,
    data_dir: PathBuf,
    arguments: Vec<OsString>,
    admin_token: Option<&'static str>,
    environment: Vec<(OsString, OsString)>,
    wrapper: Vec<OsString>,
    label: Option<String>,
    own_group: bool,
}

impl HeadcountProgram {
    /// A server: `headcount serve`.
    #[must_use]
    pub fn serve(data_dir: impl Into<PathBuf>) -> Self {
        Self::new("serve", "serving on ", data_dir.into())
    }

    /// A collector: `headcount collect`.
    #[must_use]
    pub fn collect(data_dir: impl Into<PathBuf>) -> Self {
        Self::new("collect", "collecting on ", data_dir.into())
    }

    const fn new(command: &'static str, announcement: &'static str, data_dir: PathBuf) -> Self {
        Self {
            command,
            announcement,
            listen: ANY_PORT,
            data_dir,
            arguments: Vec::new(),
            admin_token: Some(ADMIN_TOKEN),
            environment: Vec::new(),
            wrapper: Vec::new(),
            label: None,
            own_group: false,
        }
    }

    /// Adds a flag with its value.
    #[must_use]
    pub fn flag(self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.argument(name).argument(value)
    }

    /// Adds an argument as it is.
    #[must_use]
    pub fn argument(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Gives it no admin token.
    #[must_use]
    pub const fn without_admin_token(mut self) -> Self {
        self.admin_token = None;
        self
    }

    /// Listens there instead of on any free port of 127.0.0.1.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Starts it through another program, which has to `exec` it, as `sh -c 'exec "$@"' sh` does: signals go
    /// to the started process.
    #[must_use]
    pub fn under<S: AsRef<OsStr>>(mut self, wrapper: impl IntoIterator<Item = S>) -> Self {
        self.wrapper = wrapper.into_iter().map(|word| word.as_ref().to_owned()).collect();
        self
    }

    /// Also prints its log to standard error, with `label` as prefix.
    #[must_use]
    pub fn shown_as(mut self, label: &str) -> Self {
        self.label = Some(label.to_owned());
        self
    }

    /// Keeps the signals of the terminal from it: its starter ends it.
    #[must_use]
    pub const fn in_own_group(mut self) -> Self {
        self.own_group = true;
        self
    }

    /// The data directory.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Its listening address. Port 0 means any free one.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.listen
    }

    /// Starts it and waits until it is healthy.
    ///
    /// # Errors
    /// One sentence with the reason why it does not run.
    pub async fn start(self) -> anyhow::Result<HeadcountProcess> {
        HeadcountProcess::start(self).await
    }

    /// Starts it in the expectation that it ends by itself, and waits for that.
    ///
    /// # Errors
    /// It runs on.
    pub async fn refused(self) -> anyhow::Result<Output> {
        output(self.command()?).await
    }

    /// The command that prints a sign-in link for this program at `address`.
    pub(crate) fn sign_in_command(&self, address: SocketAddr) -> anyhow::Result<Command> {
        let mut command = Command::new(binary()?);
        command.args(["sign-in", self.command, "--listen", &address.to_string()]);
        self.complete(&mut command);
        Ok(command)
    }

    pub(crate) const fn announcement(&self) -> &'static str {
        self.announcement
    }

    pub(crate) fn label(&self) -> Option<String> {
        self.label.clone()
    }

    pub(crate) fn command(&self) -> anyhow::Result<Command> {
        let binary = binary()?.into_os_string();
        let mut words = self.wrapper.iter().chain([&binary]);
        let mut command = Command::new(words.next().unwrap_or(&binary));
        command.args(words).arg(self.command).args(["--listen", &self.listen.to_string()]);
        self.complete(&mut command);
        if self.own_group {
            command.process_group(0);
        }
        Ok(command)
    }

    /// Adds the flags and sets the environment.
    fn complete(&self, command: &mut Command) {
        command.arg("--data-dir").arg(&self.data_dir).args(&self.arguments);
        command.env_clear();
        command.envs(env::var_os("PATH").map(|path| ("PATH", path)));
        command.envs(self.admin_token.map(|token| (TOKEN_VARIABLE, token)));
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
    }
}

/// The binary `headcount`: the one that `HEADCOUNT_BIN` names, else the one built beside this program.
///
/// # Errors
/// There is none. The error names the command that builds it.
pub fn binary() -> anyhow::Result<PathBuf> {
    built_program(BINARY, "headcount", "headcount")
}

/// The binary of the demo: the one that `HEADCOUNT_DEMO` names, else the one built beside this program.
///
/// # Errors
/// There is none. The error names the command that builds it.
pub fn demo_binary() -> anyhow::Result<PathBuf> {
    built_program(DEMO_BINARY, "demo", "headcount-demo")
}

fn built_program(variable: &str, name: &str, package: &str) -> anyhow::Result<PathBuf> {
    if let Some(named) = env::var_os(variable) {
        let named = PathBuf::from(named);
        if !named.is_file() {
            bail!("{variable} names {}, and there is no such file", named.display());
        }
        return Ok(named);
    }
    let beside = build_directory()?.join(name);
    if !beside.is_file() {
        bail!(
            "{} is missing; `cargo build -p {package}` builds it (with `--release` for a release)",
            beside.display()
        );
    }
    Ok(beside)
}

/// The directory that cargo built this program into, such as `target/debug`.
///
/// # Errors
/// The system does not tell where this program is.
pub fn build_directory() -> anyhow::Result<PathBuf> {
    let program = env::current_exe().context("cannot find the path of this program")?;
    let directory = program.parent().context("this program is in no directory")?;
    // Tests are built one level deeper than programs.
    let directory =
        if directory.ends_with("deps") { directory.parent().unwrap_or(directory) } else { directory };
    Ok(directory.to_owned())
}
