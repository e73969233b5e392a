//! Tests connections to a small router: in memory with a paused clock, and on loopback.

use std::net::Ipv4Addr;

use axum::{
    body::Bytes,
    routing::{get, post},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    net::TcpStream,
    sync::Notify,
    task::JoinHandle,
    time::Instant,
};

use super::*;

/// A limit on every wait of a test on loopback.
const LIMIT: Duration = Duration::from_secs(20);

const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

fn router() -> Router {
    Router::new()
        .route("/small", get("small"))
        .route("/large", get(async || vec![b'x'; 1 << 20]))
        .route("/length", post(async |body: Bytes| body.len().to_string()))
}

/// A connection in memory, the handle of its task, and its watch.
fn connected(buffer: usize) -> (DuplexStream, JoinHandle<Duration>, Arc<ConnectionWatch>) {
    let (client, server) = tokio::io::duplex(buffer);
    let watch = Arc::new(ConnectionWatch::new(AddressHasher::new().hash(PEER.ip())));
    let graceful = GracefulShutdown::new();
    let connection = connection(server, PEER, Arc::new(router()), &graceful, Arc::clone(&watch));
    let served = tokio::spawn(async move {
        let started = Instant::now();
        connection.await;
        // Dropped earlier, it would end the connection.
        drop(graceful);
        started.elapsed()
    });
    (client, served, watch)
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_reads_a_large_answer_is_let_go_after_thirty_seconds() {
    let (mut client, served, watch) = connected(1024);
    client.write_all(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let took = served.await.unwrap();
    assert!((seconds(30)..seconds(31)).contains(&took), "{took:?}");
    assert!(watch.is_closing());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_asks_again_and_again_and_never_reads_is_let_go() {
    let (client, served, watch) = connected(4096);
    let (_unread, mut asking) = tokio::io::split(client);
    let asks = tokio::spawn(async move {
        while asking.write_all(b"GET /small HTTP/1.1\r\nhost: a\r\n\r\n").await.is_ok() {}
    });
    let took = served.await.unwrap();
    assert!((seconds(30)..seconds(31)).contains(&took), "{took:?}");
    assert!(watch.is_closing());
    asks.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_slowly_gets_the_whole_answer() {
    let (mut client, served, watch) = connected(64 * 1024);
    client.write_all(b"GET /large HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    let (mut received, mut part) = (0, vec![0; 32 * 1024]);
    loop {
        tokio::time::sleep(seconds(20)).await;
        match client.read(&mut part).await.unwrap() {
            0 => break,
            bytes => received += bytes,
        }
    }
    assert!(received > 1 << 20, "{received}");
    assert!(served.await.unwrap() > seconds(300) && !watch.is_closing());
}

#[tokio::test(start_paused = true)]
async fn a_body_below_the_pace_is_answered_with_408_and_the_connection_ends() {
    let (mut client, served, _) = connected(4096);
    client.write_all(b"POST /length HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n").await.unwrap();
    let (mut answers, mut sends) = tokio::io::split(client);
    let trickle = tokio::spawn(async move {
        while sends.write_all(b"x").await.is_ok() {
            tokio::time::sleep(seconds(1)).await;
        }
    });
    let mut answer = String::new();
    answers.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("connection: close") && answer.contains("came too slowly"), "{answer}");
    let took = served.await.unwrap();
    assert!((seconds(10)..seconds(12)).contains(&took), "{took:?}");
    trickle.abort();
}

#[tokio::test(start_paused = true)]
async fn a_body_that_falls_silent_is_ended_however_much_came_before() {
    let (mut client, served, _) = connected(128 * 1024);
    client.write_all(b"POST /length HTTP/1.1\r\nhost: a\r\ncontent-length: 70000\r\n\r\n").await.unwrap();
    client.write_all(&[b'x'; 60_000]).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    let took = served.await.unwrap();
    assert!((seconds(20)..seconds(22)).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_keeps_the_pace_is_received() {
    let (mut client, served, _) = connected(4096);
    client
        .write_all(b"POST /length HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 61440\r\n\r\n")
        .await
        .unwrap();
    let (mut answers, mut sends) = tokio::io::split(client);
    let sending = tokio::spawn(async move {
        for _ in 0..40 {
            tokio::time::sleep(seconds(1)).await;
            sends.write_all(&[b'x'; 1536]).await.unwrap();
        }
        sends
    });
    let mut answer = String::new();
    answers.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("61440"), "{answer}");
    assert!(served.await.unwrap() >= seconds(40));
    sending.await.unwrap();
}

#[tokio::test]
async fn what_a_peer_does_not_take_is_held_in_bounds() {
    let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let _peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (accepted, _) = listener.accept().await.unwrap();
    let held = TcpSocket::from_std_stream(accepted.into_std().unwrap()).send_buffer_size().unwrap();
    assert!((SEND_BUFFER_BYTES..=2 * SEND_BUFFER_BYTES).contains(&held), "{held}");
}

/// A server on loopback with few places.
struct ServedListener {
    address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl ServedListener {
    async fn start(router: Router, places: usize) -> Self {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let places = ConnectionPlaces::new(places);
        let task = tokio::spawn(serve_with(listener, Arc::new(router), stop.clone(), seconds(1), places));
        Self { address, stop, task }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Requests `path` over a new connection.
    async fn get(&self, path: &str) -> String {
        let mut stream = self.connect().await;
        let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

#[tokio::test]
async fn connections_that_send_no_request_make_room_for_those_that_do() {
    let test = async {
        let served = ServedListener::start(router(), 4).await;
        let mut held = Vec::new();
        for n in 0..12 {
            let mut stream = served.connect().await;
            // An incomplete head counts as none.
            stream.write_all(b"GET /small HT").await.unwrap();
            held.push(stream);
            if n >= 3 {
                assert!(served.get("/small").await.ends_with("small"));
            }
        }
        // The first ones were closed.
        let mut rest = Vec::new();
        assert!(matches!(held[0].read_to_end(&mut rest).await, Ok(0) | Err(_)));
        served.stop().await;
    };
    tokio::time::timeout(LIMIT, test).await.unwrap();
}

#[tokio::test]
async fn connections_whose_peers_do_not_read_make_room() {
    let test = async {
        let served = ServedListener::start(router(), 4).await;
        let mut held = Vec::new();
        for _ in 0..8 {
            let mut stream = served.connect().await;
            for _ in 0..20 {
                stream.write_all(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
            }
            held.push(stream);
        }
        assert!(served.get("/small").await.ends_with("small"));
        served.stop().await;
    };
    tokio::time::timeout(LIMIT, test).await.unwrap();
}

#[tokio::test]
async fn a_request_that_is_at_work_is_not_ended_for_a_new_connection() {
    let test = async {
        let (began, may_end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (handler_began, handler_may_end) = (Arc::clone(&began), Arc::clone(&may_end));
        let work = get(async move || {
            handler_began.notify_one();
            handler_may_end.notified().await;
            "done"
        });
        let served = Arc::new(ServedListener::start(router().route("/work", work), 1).await);
        let working = tokio::spawn({
            let served = Arc::clone(&served);
            async move { served.get("/work").await }
        });
        began.notified().await;
        let waiting = tokio::spawn({
            let served = Arc::clone(&served);
            async move { served.get("/small").await }
        });
        tokio::time::sleep(LOOK_AGAIN_TWICE).await;
        assert!(!working.is_finished() && !waiting.is_finished());
        may_end.notify_one();
        assert!(working.await.unwrap().ends_with("done"));
        assert!(waiting.await.unwrap().ends_with("small"));
        Arc::into_inner(served).unwrap().stop().await;
    };
    tokio::time::timeout(LIMIT, test).await.unwrap();
}

/// Long enough for the places to look twice for a connection that can make room.
const LOOK_AGAIN_TWICE: Duration = Duration::from_millis(120);
