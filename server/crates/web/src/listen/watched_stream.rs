//! Wraps a stream and reports to its watch whether the peer reads what is written.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::connection_watch::ConnectionWatch;

/// A stream to a peer.
pub(super) trait PeerStream: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Makes the system discard unread data once the stream is dropped.
    fn abandon(&self);
}

impl PeerStream for TcpStream {
    fn abandon(&self) {
        // Otherwise the system retains and resends it for minutes.
        self.set_zero_linger().ok();
    }
}

#[cfg(test)]
impl PeerStream for tokio::io::DuplexStream {
    fn abandon(&self) {}
}

/// A stream and its watch.
#[derive(Debug)]
pub(super) struct WatchedStream<S: PeerStream> {
    stream: S,
    watch: Arc<ConnectionWatch>,
}

impl<S: PeerStream> WatchedStream<S> {
    /// The stream with a watch.
    pub(super) const fn new(stream: S, watch: Arc<ConnectionWatch>) -> Self {
        Self { stream, watch }
    }

    fn observe(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Pending => self.watch.write_blocks(),
            Poll::Ready(Ok(bytes)) if bytes > 0 => self.watch.write_progresses(),
            Poll::Ready(_) => {}
        }
        written
    }
}

impl<S: PeerStream> Drop for WatchedStream<S> {
    fn drop(&mut self) {
        if self.watch.is_closing() {
            self.stream.abandon();
        }
    }
}

impl<S: PeerStream> AsyncRead for WatchedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl<S: PeerStream> AsyncWrite for WatchedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.observe(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.observe(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
