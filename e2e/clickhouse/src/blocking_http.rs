//! Sends a request to a server that starts, or that a test looks into, and waits for the answer.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// The longest wait for a connection, and for the next bytes, of a test.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The same of a question whether a server is ready. One that starts may accept connections that it never
/// serves.
pub(crate) const PROBE_PATIENCE: Duration = Duration::from_secs(1);

/// Posts `body` to a path, with further header lines. Returns the status and the body of the answer.
///
/// HTTP/1.0: the answer ends with the connection.
fn post(
    address: SocketAddr,
    path: &str,
    headers: &str,
    body: &[u8],
    patience: Duration,
) -> io::Result<(u16, Vec<u8>)> {
    let head = format!("POST {path} HTTP/1.0\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    let answer = exchange(address, &[head.as_bytes(), body].concat(), patience)?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let status = answer.get(9..12).and_then(|digits| str::from_utf8(digits).ok()?.parse().ok());
    let (Some(end), Some(status)) = (end, status) else { return Err(io::ErrorKind::InvalidData.into()) };
    Ok((status, answer.get(end + 4..).unwrap_or_default().to_vec()))
}

/// Sends bytes, and returns what comes until the server closes the connection.
pub(crate) fn exchange(address: SocketAddr, request: &[u8], patience: Duration) -> io::Result<Vec<u8>> {
    let mut connection = TcpStream::connect_timeout(&address, patience)?;
    connection.set_read_timeout(Some(patience))?;
    connection.write_all(request)?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer)?;
    Ok(answer)
}

/// Runs a statement of ClickHouse. Returns the answer without the end of its last line, or the error of the
/// server.
pub(crate) fn run_statement(
    address: SocketAddr,
    credentials: &str,
    statement: &str,
    patience: Duration,
) -> Result<String, String> {
    let answer = post(address, "/", credentials, statement.as_bytes(), patience);
    let (status, body) = answer.map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&body).trim_end_matches('\n').to_owned();
    if status == 200 { Ok(text) } else { Err(text) }
}
