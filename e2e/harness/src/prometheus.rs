//! Runs a real Prometheus: fills it with a past, and lets it scrape the present.

use std::{
    fs,
    io::ErrorKind,
    net::SocketAddr,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, bail};

use crate::{
    child_process::ChildProcess,
    command_output::output_within,
    http,
    processes::Signal,
    wait::{SOON, eventually},
};

/// The programs that have to be installed.
const PROGRAMS: [&str; 2] = ["prometheus", "promtool"];

/// How long filling in the past of many fleets may take on a loaded machine.
const FILLED: Duration = Duration::from_secs(600);

/// A Prometheus to be started.
#[derive(Debug, Clone)]
pub struct StoppedPrometheus {
    directory: PathBuf,
    listen: SocketAddr,
    scraped: Option<(SocketAddr, Duration)>,
}

/// A running Prometheus. It is killed when this is dropped; its directory stays.
#[derive(Debug)]
pub struct RunningPrometheus {
    setting: StoppedPrometheus,
    running: ChildProcess,
    address: SocketAddr,
}

/// Fails with a sentence if Prometheus or its tool is not installed.
///
/// # Errors
/// One of them cannot be run.
pub fn installed() -> anyhow::Result<()> {
    for program in PROGRAMS {
        match quiet(Command::new(program).arg("--version")).status() {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {
                bail!("{program} is not installed; Debian's package `prometheus` has it")
            }
            Err(error) => return Err(error).with_context(|| format!("{program} cannot be run")),
        }
    }
    Ok(())
}

impl StoppedPrometheus {
    /// A Prometheus with its data in a directory, which is created if it is missing. It listens on any free
    /// port of this machine and scrapes nothing.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), listen: SocketAddr::from(([127, 0, 0, 1], 0)), scraped: None }
    }

    /// Sets the listening address. Port 0 means any free one.
    #[must_use]
    pub fn listen(self, address: SocketAddr) -> Self {
        Self { listen: address, ..self }
    }

    /// Scrapes `/metrics` of this address at this interval, and keeps the exposed labels `job` and
    /// `instance`.
    #[must_use]
    pub fn scraping(self, address: SocketAddr, every: Duration) -> Self {
        Self { scraped: Some((address, every)), ..self }
    }

    /// Imports an OpenMetrics file whose samples all have timestamps. The server must not run meanwhile.
    ///
    /// # Errors
    /// `promtool` refuses the file.
    pub async fn backfill(&self, file: &Path) -> anyhow::Result<()> {
        let data = self.data()?;
        let mut command = Command::new("promtool");
        command.args(["tsdb", "create-blocks-from", "openmetrics"]).arg(file).arg(data);
        command.process_group(0);
        let output = output_within(FILLED, command).await?;
        if !output.status.success() {
            bail!("promtool refuses {}: {}", file.display(), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(())
    }

    /// Starts it and waits until it answers.
    ///
    /// # Errors
    /// One sentence with the reason why it does not run.
    pub async fn start(self) -> anyhow::Result<RunningPrometheus> {
        let config = self.directory.join("prometheus.yml");
        let data = self.data()?;
        fs::write(&config, self.config()).with_context(|| format!("cannot write {}", config.display()))?;
        let mut command = Command::new("prometheus");
        command.arg(format!("--config.file={}", config.display()));
        command.arg(format!("--storage.tsdb.path={}", data.display()));
        command.arg(format!("--web.listen-address={}", self.listen));
        // It does not get the signals of the terminal: its starter ends it.
        command.process_group(0);
        let running = ChildProcess::start(command, None).context("prometheus cannot be started")?;
        let mut prometheus = RunningPrometheus { address: self.listen, setting: self, running };
        prometheus.address = prometheus.announced().await?;
        prometheus.ready().await?;
        Ok(prometheus)
    }

    fn data(&self) -> anyhow::Result<PathBuf> {
        let data = self.directory.join("data");
        fs::create_dir_all(&data).with_context(|| format!("cannot create {}", data.display()))?;
        Ok(data)
    }

    fn config(&self) -> String {
        let Some((address, every)) = self.scraped else { return "global: {}\n".to_owned() };
        let every = every.as_millis();
        format!(
            "scrape_configs:
- job_name: fleet
  honor_labels: true
  scrape_interval: {every}ms
  scrape_timeout: {every}ms
  static_configs:
  - targets: ['{address}']
"
        )
    }
}

impl RunningPrometheus {
    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.running.id()
    }

    /// The URL of a path, given without a leading slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// Kills it as `kill -9` does. The returned value starts it again at the same address, with its data on
    /// disk.
    ///
    /// # Errors
    /// It had ended by itself before.
    pub fn kill(mut self) -> anyhow::Result<StoppedPrometheus> {
        self.running.kill()?;
        Ok(self.setting.clone().listen(self.address))
    }

    /// Ends it as an operator does. The returned value starts it again at the same address.
    ///
    /// # Errors
    /// It does not end well, or not at all.
    pub async fn stop(mut self) -> anyhow::Result<StoppedPrometheus> {
        let status = self.running.end(Signal::TERM, SOON).await?;
        if !status.success() {
            bail!("prometheus did not end well: {status}; it said: {}", self.running.last_words());
        }
        Ok(self.setting.clone().listen(self.address))
    }

    /// Pauses it, so that it accepts connections and does not answer, or resumes it.
    ///
    /// # Errors
    /// It has ended before.
    pub fn hold(&self, held: bool) -> anyhow::Result<()> {
        self.running.signal(if held { Signal::STOP } else { Signal::CONT })
    }

    /// Whether it has ended, and how.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn ended(&mut self) -> anyhow::Result<Option<std::process::ExitStatus>> {
        self.running.ended()
    }

    /// Waits for the listening address in its log.
    async fn announced(&mut self) -> anyhow::Result<SocketAddr> {
        let said = eventually("prometheus says where it listens", SOON, async || {
            match self.running.log().word_after("msg=\"Listening on\" address=") {
                Some(address) => Some(Ok(address)),
                None => self.running.failure().transpose(),
            }
        });
        let address = said.await??;
        address.parse().with_context(|| format!("the announced address {address}"))
    }

    async fn ready(&mut self) -> anyhow::Result<()> {
        let client = http::client()?;
        let url = self.url("-/ready");
        eventually("prometheus is ready", SOON, async || {
            let answer = client.get(&url).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Some(Ok(()));
            }
            self.running.failure().transpose()
        })
        .await?
    }
}

fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}
