//! A simulated fleet feeds a real Prometheus.

use std::{fs::File, io::BufWriter, ops::RangeInclusive, path::PathBuf};

use headcount_e2e::{
    clock::now,
    fleet::{Fleet, shape::Shape, write_openmetrics},
    prometheus::{Prometheus, Setting},
};
use reqwest::Url;
use serde_json::Value;

use crate::scene::{Scene, own_address};

/// Writes the past of fleets into a file of the scene.
fn past(scene: &Scene, fleets: &[Fleet], between: RangeInclusive<i64>, every: i64) -> PathBuf {
    let path = scene.path("past.om");
    let mut file = BufWriter::new(File::create(&path).unwrap());
    write_openmetrics(fleets, between, every, &mut file).unwrap();
    path
}

/// What a query gives now, when it gives one number.
async fn number(scene: &Scene, prometheus: &Prometheus, query: &str, at: i64) -> f64 {
    let parameters = [("query", query), ("time", &at.to_string())];
    let url = Url::parse_with_params(&prometheus.url("api/v1/query"), parameters).unwrap();
    let answer: Value = scene.get(url.as_str()).await.json().await.unwrap();
    let value = &answer["data"]["result"][0]["value"][1];
    value.as_str().unwrap_or_else(|| panic!("{query} gives {answer}")).parse().unwrap()
}

#[tokio::test]
async fn a_past_is_found_in_a_real_prometheus() {
    let scene = Scene::new();
    let epoch = now();
    let fleets = [Fleet::invent("a", &Shape::document_a(), 1, epoch).unwrap()];
    let setting = Setting::new(scene.path("prometheus")).listen(own_address());
    setting.backfill(&past(&scene, &fleets, epoch - 3600..=epoch, 15)).unwrap();
    let prometheus = setting.start().await.unwrap();
    let nodes = fleets[0].truth(epoch).nodes;
    let agents = number(&scene, &prometheus, "count(node_info{fleet=\"a\"})", epoch).await;
    assert_eq!(agents as u64, nodes);
    let all = number(&scene, &prometheus, "count({fleet=\"a\"})", epoch).await;
    assert_eq!(all as usize, fleets[0].series_at(epoch));
}
