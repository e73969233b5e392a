//! Runs a ClickHouse 18.16, alone or as a replica of a cluster.

use std::{
    fmt::Write,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use headcount_guarded::GuardedDirectory;
use rcgen::{CertificateParams, KeyPair};

use crate::{
    blocking_http::{PATIENCE, PROBE_PATIENCE, run_statement},
    loopback_ports::{HOST, PortBlock},
    server_process::{ServerProcess, server_directory},
};

/// Debian's package, which has no client.
const PROGRAM: &str = "/usr/sbin/clickhouse-server";

/// The user of a server that wants a password.
pub const USER: &str = "headcount";

/// The password of that user. It has what has to be escaped in a URL.
pub const PASSWORD: &str = "only in: t@sts/,%";

/// The same for a URL.
const ESCAPED_PASSWORD: &str = "only%20in%3A%20t%40sts%2F%2C%25";

/// Where a server listens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NodePorts {
    pub(crate) http: u16,
    pub(crate) native: u16,
    pub(crate) interserver: u16,
}

impl NodePorts {
    pub(crate) fn next_of(block: &mut PortBlock) -> Self {
        Self { http: block.next_port(), native: block.next_port(), interserver: block.next_port() }
    }
}

/// A server. It ends when it is dropped.
#[derive(Debug)]
pub struct ClickHouseServer {
    process: ServerProcess,
    address: SocketAddr,
    /// The port for TLS, and the file with the certificate.
    tls: Option<(u16, PathBuf)>,
    /// Lines of a request.
    credentials: String,
    data: PathBuf,
    /// What a server that is alone has for itself.
    _own: Option<(GuardedDirectory, PortBlock)>,
}

impl ClickHouseServer {
    /// Starts a server that is alone and asks for no password.
    #[must_use]
    pub fn start() -> Self {
        let (directory, mut block) = (server_directory(), PortBlock::reserve());
        let ports = NodePorts::next_of(&mut block);
        let configuration = common_configuration(&directory.path().join("alone"), ports);
        let server = Self::launch(directory.path(), "alone", ports, &configuration, "");
        Self { _own: Some((directory, block)), ..server.ready() }
    }

    /// Starts a server that is alone, listens also with TLS, and accepts only [`USER`] with [`PASSWORD`]. It
    /// has a certificate for its address, which is its own authority.
    #[must_use]
    pub fn start_with_password() -> Self {
        let (directory, mut block) = (server_directory(), PortBlock::reserve());
        let (https, ports) = (block.next_port(), NodePorts::next_of(&mut block));
        let (certificate, key) = (directory.path().join("server.crt"), directory.path().join("server.key"));
        write_certificate(&certificate, &key);
        let mut configuration = common_configuration(&directory.path().join("alone"), ports);
        write!(
            configuration,
            "<https_port>{https}</https_port><openSSL><server><certificateFile>{}</certificateFile>\
             <privateKeyFile>{}</privateKeyFile><verificationMode>none</verificationMode>\
             <loadDefaultCAFile>false</loadDefaultCAFile></server></openSSL>",
            certificate.display(),
            key.display()
        )
        .unwrap();
        let mut server = Self::launch(directory.path(), "alone", ports, &configuration, PASSWORD);
        server.credentials = format!("X-ClickHouse-User: {USER}\r\nX-ClickHouse-Key: {PASSWORD}\r\n");
        server.tls = Some((https, certificate));
        Self { _own: Some((directory, block)), ..server.ready() }
    }

    /// Starts a server in a directory, without waiting for it.
    pub(crate) fn launch(
        directory: &Path,
        name: &str,
        ports: NodePorts,
        configuration: &str,
        password: &str,
    ) -> Self {
        assert!(Path::new(PROGRAM).exists(), "ClickHouse is needed for tests: see .ci/install");
        let folder = directory.join(name);
        fs::create_dir(&folder).unwrap();
        let user = if password.is_empty() { "default" } else { USER };
        fs::write(folder.join("config.xml"), format!("<yandex>{configuration}</yandex>")).unwrap();
        fs::write(folder.join("users.xml"), users(user, password)).unwrap();
        let arguments = vec![format!("--config-file={}", folder.join("config.xml").display())];
        Self {
            process: ServerProcess::start(directory, name, Path::new(PROGRAM), arguments),
            address: (HOST, ports.http).into(),
            tls: None,
            credentials: String::new(),
            data: folder.join("data"),
            _own: None,
        }
    }

    /// Waits until it answers.
    pub(crate) fn ready(self) -> Self {
        self.wait_until_it_answers();
        self
    }

    fn wait_until_it_answers(&self) {
        self.wait_for_answer("SELECT 1", "1");
    }

    /// Where it answers HTTP.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The directory with its data.
    #[must_use]
    pub fn data_directory(&self) -> &Path {
        &self.data
    }

    /// Its URL, with user and password if it wants them.
    #[must_use]
    pub fn url(&self) -> String {
        let credentials =
            if self.credentials.is_empty() { String::new() } else { format!("{USER}:{ESCAPED_PASSWORD}@") };
        format!("http://{credentials}{}/default", self.address)
    }

    /// Its URL for TLS, with user and password, which names the file with its certificate. Only for a server
    /// with a password.
    #[must_use]
    pub fn https_url(&self) -> String {
        let (port, certificate) = self.tls.as_ref().expect("this server has no TLS");
        let host = self.address.ip();
        let certificate = certificate.display();
        format!("https://{USER}:{ESCAPED_PASSWORD}@{host}:{port}/default?ca={certificate}")
    }

    /// Runs a statement. Returns the answer, in the format `TabSeparated` if the statement names none, without
    /// the end of the last line.
    ///
    /// # Errors
    /// The text of the server, or why there is no answer.
    pub fn ask(&self, statement: &str) -> Result<String, String> {
        run_statement(self.address, &self.credentials, statement, PATIENCE)
    }

    /// Kills it with SIGKILL.
    pub fn kill(&self) {
        self.process.kill();
    }

    /// Starts it again after it was killed, and waits until it answers and takes part in replication.
    ///
    /// A killed replica may have parts on disk that ZooKeeper has not heard of. If they have more than half of
    /// the rows, it refuses to start: "The local set of parts … doesn't look like the set of parts in
    /// ZooKeeper". The flag that is set here is what its operator has to set then: such parts are put aside,
    /// and what is missing is fetched from the other replica.
    pub fn start_again(&self) {
        fs::write(self.data.join("flags/force_restore_data"), "").unwrap();
        self.process.start_again();
        self.wait_until_it_answers();
        let read_only = "SELECT count() FROM system.replicas WHERE is_readonly OR is_session_expired";
        self.wait_for_answer(read_only, "0");
    }

    fn wait_for_answer(&self, statement: &str, expected: &str) {
        let probe = || run_statement(self.address, &self.credentials, statement, PROBE_PATIENCE);
        self.process.wait_until(|| probe().is_ok_and(|answer| answer == expected));
    }
}

/// What every server is told: its files, its ports and little memory.
pub(crate) fn common_configuration(folder: &Path, ports: NodePorts) -> String {
    let (here, NodePorts { http, native, interserver }) = (folder.display(), ports);
    format!(
        "<logger><level>warning</level><log>{here}/log</log><errorlog>{here}/errors</errorlog></logger>\
         <listen_host>{HOST}</listen_host><http_port>{http}</http_port><tcp_port>{native}</tcp_port>\
         <interserver_http_port>{interserver}</interserver_http_port>\
         <interserver_http_host>{HOST}</interserver_http_host>\
         <path>{here}/data/</path><tmp_path>{here}/temporary/</tmp_path>\
         <users_config>users.xml</users_config><default_profile>default</default_profile>\
         <default_database>default</default_database><timezone>UTC</timezone>\
         <mark_cache_size>16777216</mark_cache_size>"
    )
}

fn users(user: &str, password: &str) -> String {
    format!(
        "<yandex><profiles><default></default></profiles><quotas><default></default></quotas><users><{user}>\
         <password>{password}</password><networks><ip>127.0.0.0/8</ip></networks><profile>default</profile>\
         <quota>default</quota></{user}></users></yandex>"
    )
}

fn write_certificate(certificate: &Path, key: &Path) {
    let pair = KeyPair::generate().unwrap();
    let signed = CertificateParams::new([HOST.to_string()]).unwrap().self_signed(&pair).unwrap();
    fs::write(certificate, pem("CERTIFICATE", signed.der())).unwrap();
    fs::write(key, pem("PRIVATE KEY", &pair.serialize_der())).unwrap();
}

fn pem(what: &str, der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let (lines, rest) = text.as_bytes().as_chunks::<64>();
    let lines = lines.iter().map(|line| line.as_slice()).chain([rest]);
    let lines = lines.map(|line| str::from_utf8(line).unwrap()).collect::<Vec<_>>();
    format!("-----BEGIN {what}-----\n{}\n-----END {what}-----\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_keeps_its_data_and_its_address_when_it_is_killed_and_started_again() {
        let server = ClickHouseServer::start();
        assert_eq!(server.ask("CREATE TABLE kept (n UInt8) ENGINE = MergeTree ORDER BY n").unwrap(), "");
        server.ask("INSERT INTO kept VALUES (7)").unwrap();
        let url = server.url();
        server.kill();
        assert!(server.ask("SELECT n FROM kept").is_err());
        server.start_again();
        assert_eq!((server.ask("SELECT n FROM kept").unwrap().as_str(), server.url()), ("7", url));
        let refused = server.ask("SELECT n FROM missing").unwrap_err();
        assert!(refused.starts_with("Code: 60,"), "{refused}");
    }

    #[test]
    fn a_server_that_is_dropped_leaves_no_directory() {
        let server = ClickHouseServer::start();
        let data = server.data.clone();
        assert!(data.exists());
        drop(server);
        assert!(!data.parent().unwrap().parent().unwrap().exists());
    }
}
