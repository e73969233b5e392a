//! Tests of projects that are added, changed and removed.

mod clocks;
mod remembering;
mod viewing;

use headcount_platform::{clock::SystemClock, disk::DiskDirectory};
use headcount_prometheus::{
    mock_prometheus::{IgnoredMetrics, MockAnswer, MockPrometheus},
    prometheus_access::PrometheusAccess,
};

use super::{price_list::PriceSource, *};

impl ObserverMetrics for IgnoredMetrics {
    fn world_loaded(&self) {}
}

fn world(disk: &Arc<dyn DataDisk>) -> WorldObserver {
    world_with(disk, Arc::new(SystemClock::new()), None)
}

fn world_with(
    disk: &Arc<dyn DataDisk>,
    clock: Arc<dyn Clock>,
    records: Option<Arc<dyn HistoryStore>>,
) -> WorldObserver {
    let source =
        PriceSource::new(&"file:///there-is-none".parse().unwrap(), TargetPolicy::default()).unwrap();
    let prices = Arc::new(PriceList::open(source, Arc::clone(disk)));
    WorldObserver::new(
        Arc::clone(disk),
        clock,
        Arc::new(IgnoredMetrics),
        prices,
        Duration::from_secs(3600),
        TargetPolicy::default(),
        records,
    )
}

fn project(id: &str, url: &str, seconds: u64) -> ObservedProject {
    ObservedProject {
        id: id.to_owned(),
        prometheus: PrometheusAccess {
            url: url.to_owned(),
            refresh_interval: Duration::from_secs(seconds),
            tls_skip_verify: false,
            basic_auth: None,
            extra_selector: String::new(),
            custom_headers: Vec::new(),
        },
        application_categories: BTreeMap::new(),
        custom_applications: BTreeMap::new(),
    }
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(tokio::time::Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn what_came_instead_of_an_answer_is_known_until_one_comes() {
    let dir = tempfile::tempdir().unwrap();
    let disk: Arc<dyn DataDisk> = Arc::new(DiskDirectory::new(dir.path()));
    let (url, stand_in) = MockPrometheus::serve(|_| MockAnswer::Refusal).await;
    let world = world(&disk);
    world.configure(vec![project("one", &url, 1), project("two", "ftp://nowhere", 1)]);
    until("both fail", || world.failures().len() == 2).await;
    let failures = world.failures();
    assert!(failures["one"].starts_with("Prometheus answers 4"), "{failures:?}");
    assert_eq!(failures["two"], "the address of Prometheus is not an http or https URL");
    stand_in.behave(|_| MockAnswer::Series);
    until("one answers", || !world.failures().contains_key("one")).await;
    world.stop().await;
}

#[tokio::test]
async fn projects_add_up_and_take_their_caches_with_them() {
    let dir = tempfile::tempdir().unwrap();
    let disk: Arc<dyn DataDisk> = Arc::new(DiskDirectory::new(dir.path()));
    let (url, _) = MockPrometheus::serve(|_| MockAnswer::Series).await;
    let world = world(&disk);
    // A data directory that belonged to Coroot has Coroot's cache.
    let coroots = ["cache/a1b2c3d4/chunk.db", "cache/db.sqlite"];
    disk.create_dir("cache/a1b2c3d4").unwrap();
    coroots.iter().for_each(|file| disk.write(file, b"Coroot's").unwrap());
    let caches =
        || disk.list(CACHE).unwrap().into_iter().filter(|name| is_own_cache(name)).collect::<Vec<_>>();
    let nodes = || world.peek().facts.nodes;
    disk.create_dir("cache/gone-00000000").unwrap();

    let [a, b] = ["a", "b"].map(|id| project(id, &url, 3600));
    world.configure(vec![a.clone(), b.clone()]);
    until("both are known", || nodes() == 2).await;
    until("only they have a cache", || caches() == [a.cache_name(), b.cache_name()]).await;

    // A change that does not affect the Prometheus keeps the cache, and its contents are used at once.
    world.configure(vec![project("a", &url, 1800), b.clone()]);
    until("a is known again", || nodes() == 2).await;
    assert_eq!(caches(), [a.cache_name(), b.cache_name()]);

    let elsewhere = project("b", "http://127.0.0.1:9", 3600);
    world.configure(vec![elsewhere.clone()]);
    until("only b's queries have failed", || world.peek().queries.0.values().all(|query| query.failed)).await;
    until("the caches are gone", || caches().is_empty()).await;
    coroots.iter().for_each(|file| assert_eq!(disk.read(file).unwrap(), b"Coroot's", "{file}"));
    assert_eq!(nodes(), 0);
    world.stop().await;
}

#[tokio::test]
async fn what_was_stopped_can_be_forgotten_for_good() {
    let dir = tempfile::tempdir().unwrap();
    let disk: Arc<dyn DataDisk> = Arc::new(DiskDirectory::new(dir.path()));
    let (url, _) = MockPrometheus::serve(|_| MockAnswer::Series).await;
    let world = world(&disk);
    world.configure(vec![project("a", &url, 1)]);
    until("something is stored", || disk.list("cache").is_ok_and(|names| !names.is_empty())).await;
    world.stop().await;
    forget_on_disk(&*disk).unwrap();
    assert!(!dir.path().join(CACHE).exists());
}
