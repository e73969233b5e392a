//! Tests with databases that are locked or stopped, and then work again.

use sqlx::Executor;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
};

use super::{postgres::TestPostgres, *};

/// A proxy before the shared server, which forwards bytes while it is open.
struct ConnectionGate {
    port: u16,
    open: watch::Sender<bool>,
}

impl ConnectionGate {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (open, gate) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = UnixStream::connect(TestPostgres::shared().socket()).await.unwrap();
                pass(client, server, &gate);
            }
        });
        Self { port, open }
    }
}

fn pass(client: TcpStream, server: UnixStream, gate: &watch::Receiver<bool>) {
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    tokio::spawn(pump(from_client, to_server, gate.clone()));
    tokio::spawn(pump(from_server, to_client, gate.clone()));
}

async fn pump(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut gate: watch::Receiver<bool>,
) {
    let mut bytes = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        if gate.wait_for(|open| *open).await.is_err() || to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_server_that_falls_silent_is_an_error_and_works_when_it_speaks_again() {
    let gate = ConnectionGate::new().await;
    let database = TestPostgres::shared().create_database();
    let port = gate.port;
    let address =
        format!("postgres://postgres@127.0.0.1:{port}/{database}?sslmode=disable&connect_timeout=1");
    let source = DatabaseSource::Postgres { address: address.parse().unwrap(), read_only: false };
    let settings = SettingsStore::open(&source).await.unwrap();
    settings.create_project("aaaaaaaa", "one").await.unwrap();
    gate.open.send(false).unwrap();
    let (reading, writing) = (settings.overview().await, settings.rename_project("aaaaaaaa", "two").await);
    for result in [reading.map(drop), writing] {
        assert!(
            matches!(result, Err(SettingsError::Unavailable(UnavailableCause::Unreachable))),
            "{result:?}"
        );
    }
    assert!(matches!(SettingsStore::open(&source).await, Err(DatabaseOpenError::Silent(..))));
    gate.open.send(true).unwrap();
    settings.rename_project("aaaaaaaa", "two").await.unwrap();
    assert_eq!(settings.overview().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_locked_file_is_an_error_after_a_while_and_works_when_it_is_let_go() {
    let place = TestDatabase::sqlite();
    let settings = place.open().await;
    let mut other = place.connect().await;
    other.execute("BEGIN EXCLUSIVE").await.unwrap();
    let (reading, writing) = (settings.overview().await, settings.create_project("aaaaaaaa", "one").await);
    for result in [reading.map(drop), writing] {
        assert!(matches!(result, Err(SettingsError::Unavailable(UnavailableCause::Locked))), "{result:?}");
    }
    other.execute("COMMIT").await.unwrap();
    settings.create_project("aaaaaaaa", "one").await.unwrap();
    assert_eq!(settings.overview().await.unwrap().len(), 1);
}

#[tokio::test]
async fn operations_take_turns_while_another_program_holds_a_file_for_some_seconds() {
    let place = TestDatabase::sqlite();
    let settings = place.open().await;
    let mut other = place.connect().await;
    other.execute("BEGIN EXCLUSIVE").await.unwrap();
    let commit = async {
        // Longer than the driver waits by itself: the time is what is tested.
        tokio::time::sleep(Duration::from_secs(6)).await;
        other.execute("COMMIT").await.unwrap();
    };
    let (one, two) = (settings.create_project("aaaaaaaa", "one"), settings.create_project("bbbbbbbb", "two"));
    let (one, two, read, ()) = tokio::join!(one, two, settings.overview(), commit);
    assert!(one.is_ok() && two.is_ok() && read.is_ok(), "{one:?} {two:?} {:?}", read.map(drop));
    assert_eq!(settings.overview().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_stopped_server_is_an_error_and_works_when_it_is_back() {
    let postgres = TestPostgres::start();
    let database = postgres.create_database();
    let address = postgres.address(&database).parse().unwrap();
    let settings =
        SettingsStore::open(&DatabaseSource::Postgres { address, read_only: false }).await.unwrap();
    settings.create_project("aaaaaaaa", "one").await.unwrap();
    postgres.stop();
    let (reading, writing) = (settings.overview().await, settings.create_project("bbbbbbbb", "two").await);
    for result in [reading.map(drop), writing] {
        assert!(
            matches!(result, Err(SettingsError::Unavailable(UnavailableCause::Unreachable))),
            "{result:?}"
        );
    }
    postgres.start_again();
    settings.create_project("bbbbbbbb", "two").await.unwrap();
    assert_eq!(settings.overview().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_locked_row_is_an_error_after_a_while() {
    let place = TestDatabase::postgres();
    let settings = place.open().await;
    settings.create_project("aaaaaaaa", "one").await.unwrap();
    let mut other = place.connect().await;
    other.execute("BEGIN; UPDATE project SET name = name").await.unwrap();
    let result = settings.set_base_url("aaaaaaaa", |_| "https://coroot.example.com/".to_owned()).await;
    assert!(matches!(result, Err(SettingsError::Unavailable(UnavailableCause::Locked))), "{result:?}");
    other.execute("COMMIT").await.unwrap();
    settings.set_base_url("aaaaaaaa", |_| "https://coroot.example.com/".to_owned()).await.unwrap();
}
