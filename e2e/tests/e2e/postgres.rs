//! Tests that the PostgreSQL of the harness is a real one that keeps its data.

use std::time::Duration;

use headcount_e2e::postgres::StoppedPostgres;

use crate::scene::own_address;

#[tokio::test]
async fn a_cluster_keeps_what_it_was_told_when_it_is_stopped_and_started() {
    let postgres = StoppedPostgres::new(own_address().ip()).await.unwrap().start().await.unwrap();
    postgres.create("settings").await.unwrap();
    let write = "CREATE TABLE told (what TEXT, count INT); INSERT INTO told VALUES ('a', 1), ('b', NULL)";
    assert_eq!(postgres.query("settings", write).await.unwrap(), [""; 0]);
    let url = postgres.url("settings");

    let postgres = postgres.stop().await.unwrap().start().await.unwrap();
    assert_eq!(postgres.url("settings"), url);
    assert_eq!(postgres.query("settings", "SELECT * FROM told ORDER BY what").await.unwrap(), ["a|1", "b|"]);
    let refused = postgres.query("settings", "SELECT * FROM untold").await.unwrap_err().to_string();
    assert!(refused.contains("\"untold\" does not exist"), "{refused}");
}

#[tokio::test]
async fn a_cluster_that_is_held_says_nothing_until_it_goes_on() {
    let postgres = StoppedPostgres::new(own_address().ip()).await.unwrap().start().await.unwrap();
    postgres.hold(true).unwrap();
    let asked = tokio::time::timeout(Duration::from_secs(1), postgres.query("postgres", "SELECT 1"));
    assert!(asked.await.is_err(), "it does not answer");
    postgres.hold(false).unwrap();
    assert_eq!(postgres.query("postgres", "SELECT 1").await.unwrap(), ["1"]);
}
