//! Sends a request to a server that starts, or that a test looks into, and waits for the answer.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// The longest wait for a connection, and for the next bytes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Posts `body` to a path, with further header lines. Returns the status and the body of the answer.
///
/// HTTP/1.0: the answer ends with the connection.
pub(crate) fn post(
    address: SocketAddr,
    path: &str,
    headers: &str,
    body: &[u8],
) -> io::Result<(u16, Vec<u8>)> {
    let head = format!("POST {path} HTTP/1.0\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    let answer = exchange(address, &[head.as_bytes(), body].concat())?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let status = answer.get(9..12).and_then(|digits| str::from_utf8(digits).ok()?.parse().ok());
    let (Some(end), Some(status)) = (end, status) else { return Err(io::ErrorKind::InvalidData.into()) };
    Ok((status, answer.get(end + 4..).unwrap_or_default().to_vec()))
}

/// Sends bytes, and returns what comes until the server closes the connection.
pub(crate) fn exchange(address: SocketAddr, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut connection = TcpStream::connect_timeout(&address, PATIENCE)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.write_all(request)?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer)?;
    Ok(answer)
}
