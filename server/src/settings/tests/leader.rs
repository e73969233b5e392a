//! Which of several servers speaks?

use super::*;

#[tokio::test]
async fn a_file_has_one_server() {
    let place = Place::sqlite();
    let lead = Lead::new(place.open().await);
    assert!(lead.was_ours().await && lead.is_ours().await);
}

#[tokio::test]
async fn one_of_several_servers_speaks_and_another_does_when_it_is_gone() {
    let place = Place::postgres();
    let [one, other] = [Lead::new(place.open().await), Lead::new(place.open().await)];
    assert!(one.was_ours().await && one.is_ours().await && one.is_ours().await);
    assert!(!other.is_ours().await && !other.was_ours().await);
    one.give_up().await;
    assert!(other.is_ours().await);
    assert!(!one.is_ours().await && !one.was_ours().await);
}

#[tokio::test]
async fn who_spoke_goes_on_while_the_database_is_away() {
    let server = postgres::Postgres::start();
    let name = server.create_database();
    let source = Source::Postgres { address: server.address(&name).parse().unwrap(), read_only: false };
    let [one, other] = [(); 2].map(|()| Settings::open(&source));
    let [one, other] = [Lead::new(one.await.unwrap()), Lead::new(other.await.unwrap())];
    assert!(one.is_ours().await && !other.is_ours().await);
    drop(server);
    assert!(one.is_ours().await && !other.is_ours().await);
}
