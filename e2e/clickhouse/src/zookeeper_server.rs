//! Runs a ZooKeeper, which the replicas of a cluster coordinate with.

use std::{fs, net::SocketAddr, path::Path};

use crate::{
    blocking_http::{PROBE_PATIENCE, exchange},
    server_process::ServerProcess,
};

/// Debian's package and what it needs. Its logger is not among them, so that it is silent.
const CLASSES: &str = "/usr/share/java/zookeeper.jar";

/// Small and quick to start: its data are a few kilobytes.
const JAVA: [&str; 5] = [
    "-Xmx128m",
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-Xshare:auto",
    "-Dzookeeper.jmx.log4j.disable=true",
];

/// A ZooKeeper. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct ZooKeeperServer {
    _process: ServerProcess,
}

impl ZooKeeperServer {
    /// Starts one at an address, with its files in `directory`, and waits until it serves.
    pub(crate) fn start(directory: &Path, address: SocketAddr) -> Self {
        assert!(Path::new(CLASSES).exists(), "ZooKeeper is needed for tests: see .ci/install");
        let (folder, file) = (directory.join("zookeeper"), directory.join("zoo.cfg"));
        // A session may last four seconds: so long a replica counts as there after it was killed. Nothing
        // here has to survive a power cut.
        let configuration = format!(
            "tickTime=200\nminSessionTimeout=1000\nmaxSessionTimeout=4000\ndataDir={}\nclientPort={}\n\
             clientPortAddress={}\nadmin.enableServer=false\n4lw.commands.whitelist=srvr\nforceSync=no\n",
            folder.display(),
            address.port(),
            address.ip()
        );
        fs::write(&file, configuration).unwrap();
        let main = ["-cp", CLASSES, "org.apache.zookeeper.server.ZooKeeperServerMain"];
        let mut arguments = JAVA.iter().chain(&main).map(|&word| word.to_owned()).collect::<Vec<_>>();
        arguments.push(file.display().to_string());
        let process = ServerProcess::start(directory, "zookeeper", Path::new("java"), arguments);
        // It accepts connections before it serves them.
        let probe = || exchange(address, b"srvr", PROBE_PATIENCE);
        process.wait_until(|| probe().is_ok_and(|answer| contains(&answer, b"Mode: ")));
        Self { _process: process }
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
