//! Tests of parsing price lists and finding prices.

use std::io::Write;

use super::*;

const LIST: &str = r#"{
    "aws": {
        "compute": {"us-East-1": {"m5.large": {"on_demand": 0.36, "spot": 0.18, "x": [1]}, "free": {"on_demand": 0}}},
        "managed_db": {"us-east-1": {"postgres": {"db.t3.micro":
            {"single_az": {"on_demand": 1, "spot": 0}, "multi_az": {"on_demand": 2, "spot": 0}}}}},
        "managed_cache": {"us-east-1": {"redis": {"cache.t3.micro": {"on_demand": 0.5, "spot": 0}, "none": null}}},
        "internet_egress": {"us-east-1": [{"price": 1}]}
    },
    "gcp": {"compute": {"europe-west1": {"e2-small": {"spot": 0.01, "on_demand": null}}}, "managed_db": null},
    "azure": null,
    "version": {"compute": {}}
}"#;

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn machines_have_the_price_of_their_life_cycle() {
    use LifeCycle::{OnDemand, Spot};
    let prices = CloudPrices::read(&gzip(LIST)).unwrap();
    let price = |provider, region, instance_type, life_cycle| {
        let price = prices.machine(provider, region, instance_type, life_cycle)?;
        Some((price.dollars() * 1000.0).round())
    };
    assert_eq!(price("AWS", "US-East-1", "m5.large", OnDemand), Some(360.0));
    assert_eq!(price("aws", "us-east-1", "m5.large", OnDemand), Some(360.0));
    assert_eq!(price("aws", "us-east-1", "M5.large", Spot), Some(180.0));
    assert_eq!(price("gcp", "europe-west1", "e2-small", Spot), Some(10.0));
    assert_eq!(price("gcp", "europe-west1", "e2-small", OnDemand), None);
    assert_eq!(price("aws", "us-east-1", "free", OnDemand), None);
    assert_eq!(price("aws", "us-east-1", "negative", OnDemand), None);
    assert_eq!(price("azure", "us-east-1", "m5.large", OnDemand), None);
    assert_eq!(price("hetzner", "us-east-1", "m5.large", OnDemand), None);
    assert_eq!(price("aws", "us-east-1", "", OnDemand), None);
}

#[test]
fn managed_databases_and_caches_have_prices_of_their_own() {
    let prices = CloudPrices::read(LIST.as_bytes()).unwrap();
    let db = |multi_zone| prices.managed_database("us-east-1", "postgres", "db.t3.micro", multi_zone);
    assert_eq!(db(false).map(HourlyPrice::dollars), Some(1.0));
    assert_eq!(db(true).map(HourlyPrice::dollars), Some(2.0));
    assert_eq!(prices.managed_database("us-east-1", "redis", "cache.t3.micro", false), None);
    let cache = |instance_type| prices.managed_cache("us-east-1", "redis", instance_type);
    assert_eq!(cache("cache.t3.micro").map(HourlyPrice::dollars), Some(0.5));
    assert_eq!(cache("none"), None);
    assert_eq!(prices.number_of_prices(), 4);
}

#[test]
fn a_number_is_a_price_on_demand() {
    let prices = CloudPrices::read(
        br#"{"aws":{"managed_db":{"r":{"mysql":{"t":{"single_az":1,"multi_az":{"on_demand":2}}}}},
            "managed_cache":{"r":{"redis":{"t":0.5}}},"compute":{"r":{"t":3}}}}"#,
    )
    .unwrap();
    let dollars = |price: Option<HourlyPrice>| price.map(HourlyPrice::dollars);
    let database = |multi_zone| dollars(prices.managed_database("r", "mysql", "t", multi_zone));
    assert_eq!((database(false), database(true)), (Some(1.0), Some(2.0)));
    assert_eq!(dollars(prices.managed_cache("r", "redis", "t")), Some(0.5));
    assert_eq!(dollars(prices.machine("aws", "r", "t", LifeCycle::OnDemand)), Some(3.0));
}

#[test]
fn what_cannot_be_read_costs_only_itself() {
    const UNREADABLE: [&str; 9] =
        ["null", "true", "-1", "5", "0.5", r#""1""#, "[1,[2]]", "{}", r#"{"on_demand":[{"spot":1}],"x":{}}"#];
    let good = r#"{"on_demand":7,"spot":1}"#;
    for bad in UNREADABLE {
        for list in [
            format!(r#"{{"gcp":{bad},"aws":{{"compute":{{"r":{{"t":{good}}}}}}}}}"#),
            format!(
                r#"{{"aws":{{"managed_db":{bad},"managed_cache":{bad},"compute":{{"r":{{"t":{good}}}}}}}}}"#
            ),
            format!(r#"{{"aws":{{"compute":{{"a":{bad},"r":{{"t":{good}}}}}}}}}"#),
            format!(r#"{{"aws":{{"compute":{{"r":{{"a":{bad},"t":{good}}}}}}}}}"#),
            format!(r#"{{"aws":{{"compute":{{"r":{{"t":{{"spot":{bad},"on_demand":7}}}}}}}}}}"#),
            format!(
                r#"{{"aws":{{"managed_db":{{"r":{{"mysql":{{"t":{{"single_az":{bad},"multi_az":{bad}}}}}}}}},
                    "compute":{{"r":{{"t":{good}}}}}}}}}"#
            ),
        ] {
            let prices = CloudPrices::read(list.as_bytes()).unwrap();
            let price = prices.machine("aws", "r", "t", LifeCycle::OnDemand);
            assert_eq!(price.map(HourlyPrice::dollars), Some(7.0), "{list}");
        }
    }
}

#[test]
fn what_has_no_price_in_it_is_no_list() {
    for bytes in [
        b"" as &[u8],
        b"{}",
        b"[]",
        b"null",
        b"<html>",
        &LIST.as_bytes()[..LIST.len() - 1],
        &gzip(LIST)[..100],
        &[gzip(LIST), b"rest".to_vec()].concat(),
        br#"{"aws":{"compute":{"r":{"t":{"on_demand":0}}}}}"#,
        br#"{"aws":{"compute":{"r":{"t":{"on_demand":"1"}}}}}"#,
        br#"{"aws":{"compute":{"r":5}}}"#,
    ] {
        assert_eq!(
            CloudPrices::read(bytes).err(),
            Some(InvalidPriceList),
            "{}",
            String::from_utf8_lossy(bytes)
        );
    }
}

#[test]
fn tens_of_thousands_of_prices_are_small() {
    let types: Vec<String> =
        (0..1000).map(|number| format!(r#""type-{number}":{{"on_demand":1,"spot":1}}"#)).collect();
    let regions: Vec<String> =
        (0..50).map(|number| format!(r#""region-{number}":{{{}}}"#, types.join(","))).collect();
    let prices =
        CloudPrices::read(format!(r#"{{"aws":{{"compute":{{{}}}}}}}"#, regions.join(",")).as_bytes())
            .unwrap();
    assert_eq!(prices.number_of_prices(), 50_000);
    assert!(size_of::<cloud_prices::PriceEntry>() * prices.number_of_prices() < 2_000_000);
    assert!(prices.machine("aws", "region-49", "type-999", LifeCycle::Spot).is_some());
}
