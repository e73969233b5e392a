//! Starts a server process and reads its CPU time and memory from the system.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::Context;
use procfs::process::Process;

/// A server process that is killed when this is dropped.
pub(crate) struct BenchServer {
    child: Child,
    pub(crate) address: String,
    data: Option<tempfile::TempDir>,
}

impl BenchServer {
    /// The program itself, with an empty data directory and the address of a collector that does not run.
    pub(crate) fn headcount(flags: &[&str]) -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_headcount"));
        command.args(["serve", "--listen=127.0.0.1:0", "--collector-url=http://127.0.0.1:9/"]).args(flags);
        command.arg("--data-dir").arg(data.path()).stderr(Stdio::piped());
        let mut child = command.spawn().context("the program does not start")?;
        let log = child.stderr.take().context("no log")?;
        Self::announced(child, log, Some(data))
    }

    /// The bare handler.
    pub(crate) fn baseline() -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut child = command.arg(super::baseline::ARGUMENT).stdout(Stdio::piped()).spawn()?;
        let log = child.stdout.take().context("no log")?;
        Self::announced(child, log, None)
    }

    fn announced(
        child: Child,
        log: impl Read + Send + 'static,
        data: Option<tempfile::TempDir>,
    ) -> anyhow::Result<Self> {
        let mut lines = BufReader::new(log).lines();
        let address = loop {
            let line = lines.next().context("the server ended before it served")??;
            if let Some((_, rest)) = line.split_once("serving on http://") {
                break rest.split('/').next().unwrap_or_default().to_owned();
            }
        };
        // The rest of the log is read and dropped, so that it does not fill its pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self { child, address, data })
    }

    /// CPU time used so far.
    pub(crate) fn cpu_time(&self) -> anyhow::Result<Duration> {
        let stat = self.process()?.stat()?;
        Ok(Duration::from_secs_f64((stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64))
    }

    /// Resident memory, in MiB.
    pub(crate) fn resident_mib(&self) -> anyhow::Result<f64> {
        Ok((self.process()?.statm()?.resident * procfs::page_size()) as f64 / (1024.0 * 1024.0))
    }

    /// Resident memory at its highest, in MiB.
    pub(crate) fn peak_mib(&self) -> anyhow::Result<f64> {
        let peak_kib = self.process()?.status()?.vmhwm.context("the system does not tell")?;
        Ok(peak_kib as f64 / 1024.0)
    }

    /// The text at a path.
    pub(crate) fn get(&self, path: &str) -> anyhow::Result<String> {
        let mut connection = TcpStream::connect(&self.address)?;
        write!(
            connection,
            "GET /{path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
            self.address,
            self.admin_token()?
        )?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// The token that the program made at its start.
    fn admin_token(&self) -> anyhow::Result<String> {
        let data = self.data.as_ref().context("this server has no data directory")?;
        let token = std::fs::read_to_string(data.path().join("admin-token"))?;
        Ok(token.trim().to_owned())
    }

    fn process(&self) -> anyhow::Result<Process> {
        Ok(Process::new(i32::try_from(self.child.id())?)?)
    }
}

impl Drop for BenchServer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
