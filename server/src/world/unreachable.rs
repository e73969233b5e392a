//! Why does nobody answer, said without a name?

use std::{error::Error, io};

/// What went wrong with a connection. The texts of the errors themselves name hosts.
pub(super) fn reason(error: &(dyn Error + 'static)) -> &'static str {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(reason) = error.downcast_ref().and_then(reason_of_io) {
            return reason;
        }
        next = error.source();
    }
    "the connection failed"
}

fn reason_of_io(error: &io::Error) -> Option<&'static str> {
    let inner = error.get_ref();
    if let Some(inner) = inner.and_then(|inner| inner.downcast_ref()) {
        return reason_of_io(inner);
    }
    match (inner.and_then(|inner| inner.downcast_ref()), error.kind()) {
        (Some(rustls::Error::InvalidCertificate(_)), _) => Some("its certificate is not accepted"),
        (Some(_), _) => Some("TLS failed"),
        (None, io::ErrorKind::ConnectionRefused) => Some("connection refused"),
        (None, io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) => Some("no route"),
        (None, io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof) => {
            Some("the connection broke")
        }
        _ => None,
    }
}
