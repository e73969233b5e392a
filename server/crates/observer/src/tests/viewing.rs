//! Tests of the worlds that pages look at.

use headcount_project_views::{application_rows, node_rows};
use headcount_shared::api::ObservationState;

use super::*;
use crate::world_views::WorldUnavailable;

async fn nodes(world: &WorldObserver, id: &str) -> Result<usize, WorldUnavailable> {
    world.view(id, |world| node_rows(world.sight).0.len()).await
}

#[tokio::test]
async fn pages_see_the_world_of_the_cache_and_how_far_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let disk: Arc<dyn DataDisk> = Arc::new(DiskDirectory::new(dir.path()));
    let (url, stand_in) = MockPrometheus::serve(|_| MockAnswer::Series).await;
    let world = world(&disk);
    assert!(world.glance("a").is_none());
    assert_eq!(nodes(&world, "a").await, Err(WorldUnavailable::NotObserved));
    world.configure(vec![project("a", &url, 3600)]);
    let glance = || world.glance("a").unwrap();
    until("all is answered", || glance().0.state == ObservationState::Observed).await;
    until("it was looked at", || glance().1.is_some_and(|health| health.nodes == 1)).await;
    let (status, _) = glance();
    assert_eq!((status.answered_queries, status.failed_query_count), (status.queries, 0));
    assert!(status.answered_at.is_some() && status.failure.is_none());
    assert_eq!((status.rounds, status.found.map(|found| found.nodes)), (1, Some(1)));
    assert!(status.missing_spans > 0 && status.filled_spans == status.missing_spans);

    // Prometheus is not asked for a page, also when it fails.
    stand_in.behave(|_| MockAnswer::Silence);
    assert_eq!(nodes(&world, "a").await, Ok(1));
    let rows = world.view("a", |world| application_rows(world.sight).0.len()).await;
    assert!(rows.is_ok());
    world.stop().await;
    assert_eq!(nodes(&world, "a").await, Err(WorldUnavailable::NotObserved));

    // After a restart the same is known, without any new answer.
    stand_in.behave(|_| MockAnswer::Refusal);
    let again = self::world(&disk);
    again.configure(vec![project("a", &url, 3600)]);
    let found = || again.glance("a").unwrap().0.found;
    until("the cache was looked at", || found().is_some_and(|found| found.nodes == 1)).await;
    again.stop().await;
}

#[tokio::test]
async fn requests_share_a_world_until_there_are_newer_answers() {
    let dir = tempfile::tempdir().unwrap();
    let disk: Arc<dyn DataDisk> = Arc::new(DiskDirectory::new(dir.path()));
    let (url, _) = MockPrometheus::serve(|_| MockAnswer::Series).await;
    let world = world(&disk);
    world.configure(vec![project("a", &url, 3600)]);
    until("it was looked at", || world.glance("a").is_some_and(|(_, health)| health.is_some())).await;
    // A world has the same place in memory for as long as it is the same.
    let place = || world.view("a", |world| std::ptr::from_ref(world.sight.world).addr());
    until("the first round is over", || world.peek().facts.nodes == 1).await;
    let (one, other) = tokio::join!(place(), place());
    assert_eq!(one, other);
    assert_eq!(one, place().await);
    world.stop().await;
}

#[tokio::test]
async fn a_failing_prometheus_is_told_with_the_queries_that_fail() {
    let dir = tempfile::tempdir().unwrap();
    let disk: Arc<dyn DataDisk> = Arc::new(DiskDirectory::new(dir.path()));
    let (url, _) = MockPrometheus::serve(|_| MockAnswer::Refusal).await;
    let world = world(&disk);
    world.configure(vec![project("a", &url, 3600)]);
    let glance = || world.glance("a").unwrap().0;
    until("all queries have failed", || glance().failed_query_count == glance().queries).await;
    until("the failure is known", || glance().failure.is_some()).await;
    let status = glance();
    assert_eq!((status.answered_queries, status.failed_queries.len()), (0, 10));
    assert_eq!(status.found, None);
    // Nothing has to be waited for any more.
    assert_eq!(status.state, ObservationState::Observed);
    world.stop().await;
}
