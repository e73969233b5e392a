//! Switched off, Prometheus is not asked and nothing of it is kept; switched on again, all is as before.

use headcount_e2e::clock::now;
use headcount_shared::payload::Payload;
use reqwest::StatusCode;

use crate::{
    saboteur::Saboteur,
    scene::{Scene, files},
    world::{REFRESH, failed, observer_of, shop, until, until_true},
};

#[tokio::test]
async fn switched_off_prometheus_is_not_asked_and_its_answers_are_gone() {
    let scene = Scene::new();
    let (fleet, observed) = shop(&scene).await;
    let prometheus = Saboteur::start(observed.prometheus.url(""), "").await;
    let program = observer_of(&scene, &prometheus.url(), &fleet);
    let cache = program.data_dir().join("cache");
    let server = program.start().await.unwrap();
    let truth = || fleet.truth(now());
    until_true(&scene, &server, "before", truth).await;
    assert!(files(&cache).len() > 50, "{:?}", files(&cache));

    assert_eq!(scene.switch(&server, false).await.status(), StatusCode::OK);
    assert!(!cache.exists());
    prometheus.is_left_alone().await;
    let asked = prometheus.asked();
    // Long enough to be asked again.
    tokio::time::sleep(2 * REFRESH).await;
    assert_eq!(prometheus.asked(), asked);
    assert!(!cache.exists());

    assert_eq!(scene.switch(&server, true).await.status(), StatusCode::OK);
    let report = until_true(&scene, &server, "switched on again", truth).await;
    assert_eq!(failed(&report), [""; 0]);
    assert!(prometheus.asked() > asked);
    assert!(files(&cache).len() > 50, "{:?}", files(&cache));
}

#[tokio::test]
async fn switched_off_in_the_middle_of_answers_nothing_of_them_is_left() {
    let scene = Scene::new();
    let (fleet, observed) = shop(&scene).await;
    let program = observer_of(&scene, &observed.prometheus.url(""), &fleet);
    let cache = program.data_dir().join("cache");
    let server = program.start().await.unwrap();
    for answered in [1, 10, 20, 40, 60, 80, 100] {
        let enough = |report: &Payload| {
            let queries = report.performance.constructor.queries.len();
            if queries < answered { vec![format!("{queries} queries are answered")] } else { Vec::new() }
        };
        until(&scene, &server, "queries are answered", enough).await;
        assert_eq!(scene.switch(&server, false).await.status(), StatusCode::OK);
        assert!(!cache.exists(), "after {answered} answers");
        assert_eq!(scene.switch(&server, true).await.status(), StatusCode::OK);
    }
    until_true(&scene, &server, "switched on at last", || fleet.truth(now())).await;
}
