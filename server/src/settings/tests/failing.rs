//! Databases that are locked, stopped, and work again.

use sqlx::Executor;

use super::{postgres::Postgres, *};

#[tokio::test]
async fn a_locked_file_is_an_error_after_a_while_and_works_when_it_is_let_go() {
    let place = Place::sqlite();
    let settings = place.open().await;
    let mut other = place.connect().await;
    other.execute("BEGIN EXCLUSIVE").await.unwrap();
    let (reading, writing) = (settings.projects().await, settings.create_project("aaaaaaaa", "one").await);
    for result in [reading.map(drop), writing] {
        assert!(matches!(result, Err(Error::Unavailable(Cause::Locked))), "{result:?}");
    }
    other.execute("COMMIT").await.unwrap();
    settings.create_project("aaaaaaaa", "one").await.unwrap();
    assert_eq!(settings.projects().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_stopped_server_is_an_error_and_works_when_it_is_back() {
    let postgres = Postgres::start();
    let database = postgres.create_database();
    let address = postgres.address(&database).parse().unwrap();
    let settings = Settings::open(&Source::Postgres { address, read_only: false }).await.unwrap();
    settings.create_project("aaaaaaaa", "one").await.unwrap();
    postgres.stop();
    let (reading, writing) = (settings.projects().await, settings.create_project("bbbbbbbb", "two").await);
    for result in [reading.map(drop), writing] {
        assert!(matches!(result, Err(Error::Unavailable(Cause::Unreachable))), "{result:?}");
    }
    postgres.start_again();
    settings.create_project("bbbbbbbb", "two").await.unwrap();
    assert_eq!(settings.projects().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_locked_row_is_an_error_after_a_while() {
    let place = Place::postgres();
    let settings = place.open().await;
    settings.create_project("aaaaaaaa", "one").await.unwrap();
    let mut other = place.connect().await;
    other.execute("BEGIN; UPDATE project SET name = name").await.unwrap();
    let result = settings.set_base_url("aaaaaaaa", "https://coroot.example.com/").await;
    assert!(matches!(result, Err(Error::Unavailable(Cause::Locked))), "{result:?}");
    other.execute("COMMIT").await.unwrap();
    settings.set_base_url("aaaaaaaa", "https://coroot.example.com/").await.unwrap();
}
