//! Runs the current ClickHouse engine behind HTTP: the library `chdb` in a small server in Python.

use std::{
    env, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use headcount_guarded::GuardedDirectory;

use crate::{
    blocking_http::{PATIENCE, PROBE_PATIENCE, run_statement},
    loopback_ports::PortBlock,
    server_process::{ServerProcess, server_directory},
};

/// The server in Python.
const SERVER: &str = include_str!("chdb_over_http.py");

/// The engine of 2026. It ends when it is dropped.
#[derive(Debug)]
pub struct ChdbServer {
    process: ServerProcess,
    address: SocketAddr,
    data: PathBuf,
    _directory: GuardedDirectory,
    _ports: PortBlock,
}

impl ChdbServer {
    /// Starts one with an empty database.
    #[must_use]
    pub fn start() -> Self {
        let (directory, mut block) = (server_directory(), PortBlock::reserve());
        let address = block.next_address();
        let script = directory.path().join("chdb_over_http.py");
        fs::write(&script, SERVER).unwrap();
        let data = directory.path().join("data");
        let arguments = [
            script.display().to_string(),
            data.display().to_string(),
            address.ip().to_string(),
            address.port().to_string(),
        ];
        let process = ServerProcess::start(directory.path(), "chdb", &python(), arguments.to_vec());
        let server = Self { process, address, data, _directory: directory, _ports: block };
        server.wait_until_it_answers();
        server
    }

    /// The directory with its data.
    #[must_use]
    pub fn data_directory(&self) -> &Path {
        &self.data
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/default", self.address)
    }

    /// Runs a statement. Returns the answer, in the format `TabSeparated` if the statement names none, without
    /// the end of the last line.
    ///
    /// # Errors
    /// The text of the engine, or why there is no answer.
    pub fn ask(&self, statement: &str) -> Result<String, String> {
        run_statement(self.address, "", statement, PATIENCE)
    }

    /// Kills it with SIGKILL.
    pub fn kill(&self) {
        self.process.kill();
    }

    /// Starts it again with the same data, after it was killed.
    pub fn start_again(&self) {
        self.process.start_again();
        self.wait_until_it_answers();
    }

    fn wait_until_it_answers(&self) {
        let probe = || run_statement(self.address, "", "SELECT 1", PROBE_PATIENCE);
        self.process.wait_until(|| probe().is_ok_and(|answer| answer == "1"));
    }
}

/// The interpreter of the environment that `.ci/install` makes among the built tools.
fn python() -> PathBuf {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let built = env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository.join("target"), PathBuf::from);
    let python = built.join("tools/chdb/bin/python");
    assert!(python.exists(), "chdb is needed for tests: see .ci/install");
    python
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_behind_http_is_a_current_one_and_keeps_its_data_when_it_is_killed() {
        let server = ChdbServer::start();
        assert!(server.ask("SELECT version()").unwrap().starts_with("26."));
        server.ask("CREATE TABLE kept (n UInt8) ENGINE = MergeTree ORDER BY n").unwrap();
        server.ask("INSERT INTO kept VALUES (7)").unwrap();
        server.kill();
        assert!(server.ask("SELECT n FROM kept").is_err());
        server.start_again();
        assert_eq!(server.ask("SELECT n FROM kept").unwrap(), "7");
        let refused = server.ask("SELECT n FROM missing").unwrap_err();
        assert!(refused.starts_with("Code: 60. DB::Exception: "), "{refused}");
    }
}
