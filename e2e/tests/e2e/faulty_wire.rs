//! Forwards connections between two processes: it can cut them, and records what was sent.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What happens to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum WireMode {
    /// Everything arrives.
    Forward,
    /// The request arrives; the connection is cut when the answer comes.
    LoseAnswers,
    /// No answer ever comes.
    Hang,
}

const MODES: [WireMode; 3] = [WireMode::Forward, WireMode::LoseAnswers, WireMode::Hang];

/// A forwarder to an address. It ends when this is dropped.
pub(crate) struct FaultyWire {
    pub(crate) address: SocketAddr,
    shared: Arc<WireState>,
    task: JoinHandle<()>,
}

struct WireState {
    to: SocketAddr,
    mode: AtomicU8,
    connections: AtomicUsize,
    lost_answers: AtomicUsize,
    sent: Mutex<Vec<u8>>,
}

impl FaultyWire {
    pub(crate) async fn to(to: SocketAddr, mode: WireMode) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(WireState {
            to,
            mode: AtomicU8::new(mode as u8),
            connections: AtomicUsize::new(0),
            lost_answers: AtomicUsize::new(0),
            sent: Mutex::default(),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared, task }
    }

    /// Sets what happens to connections from now on.
    pub(crate) fn set(&self, mode: WireMode) {
        self.shared.mode.store(mode as u8, Ordering::SeqCst);
    }

    /// The number of connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// The number of lost answers so far.
    pub(crate) fn lost_answers(&self) -> usize {
        self.shared.lost_answers.load(Ordering::SeqCst)
    }

    /// How often `text` was sent over it.
    pub(crate) fn count(&self, text: &str) -> usize {
        String::from_utf8_lossy(&self.shared.sent.lock().unwrap()).matches(text).count()
    }
}

impl FaultyWire {
    /// The head of the last request that has this line in its head. Requests must not overlap.
    pub(crate) fn head_with(&self, line: &str) -> Option<String> {
        let sent = self.shared.sent.lock().unwrap();
        let text = String::from_utf8_lossy(&sent);
        let (before, after) = text.rsplit_once(&format!("\r\n{line}\r\n"))?;
        let (_, first_lines) = before.rsplit_once("POST /")?;
        // The line may be the last one of the head.
        let last_lines = format!("\r\n{after}");
        let (last_lines, _) = last_lines.split_once("\r\n\r\n")?;
        Some(format!("POST /{first_lines}\r\n{line}{last_lines}"))
    }
}

impl Drop for FaultyWire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<WireState>) {
    while let Ok((near, _)) = listener.accept().await {
        shared.connections.fetch_add(1, Ordering::SeqCst);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            match MODES[usize::from(shared.mode.load(Ordering::SeqCst))] {
                WireMode::Hang => hang(near, &shared).await,
                mode => carry(near, &shared, mode).await,
            }
        });
    }
}

/// Reads everything and answers nothing.
async fn hang(mut near: TcpStream, shared: &WireState) {
    let mut bytes = [0; 4096];
    while let Ok(read @ 1..) = near.read(&mut bytes).await {
        shared.note(&bytes[..read]);
    }
}

async fn carry(mut near: TcpStream, shared: &WireState, mode: WireMode) {
    // Nothing listens there: the connection ends, as it would without this.
    let Ok(mut far) = TcpStream::connect(shared.to).await else { return };
    let (mut forth, mut back) = ([0; 4096], [0; 4096]);
    loop {
        tokio::select! {
            read = near.read(&mut forth) => {
                let Ok(read @ 1..) = read else { return };
                shared.note(&forth[..read]);
                if far.write_all(&forth[..read]).await.is_err() {
                    return;
                }
            }
            read = far.read(&mut back) => {
                let Ok(read @ 1..) = read else { return };
                if mode == WireMode::LoseAnswers {
                    shared.lost_answers.fetch_add(1, Ordering::SeqCst);
                    return;
                }
                if near.write_all(&back[..read]).await.is_err() {
                    return;
                }
            }
        }
    }
}

impl WireState {
    fn note(&self, bytes: &[u8]) {
        self.sent.lock().unwrap().extend_from_slice(bytes);
    }
}
