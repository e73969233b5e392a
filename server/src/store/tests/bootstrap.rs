//! Tests of the operator's choice about statistics, and of the project of the command line.

use super::*;

fn bootstrap(url: &str) -> BootstrapPrometheus {
    BootstrapPrometheus {
        url: url.to_owned(),
        refresh_interval: Duration::from_secs(15),
        extra_selector: "{a=\"b\"}".to_owned(),
    }
}

on_both! {
    async fn statistics_are_on_until_switched_off_and_that_is_remembered(place) {
        let settings = place.open().await;
        assert!(settings.statistics_choice().await.unwrap().enabled);
        for enabled in [false, true, false] {
            settings.choose_statistics(enabled, 1).await.unwrap();
            assert_eq!(settings.statistics_choice().await.unwrap().enabled, enabled);
        }
        settings.close().await;
        assert!(!place.open().await.statistics_choice().await.unwrap().enabled);
    }

    async fn an_unreadable_choice_means_off(place) {
        let settings = place.open().await;
        place.execute("INSERT INTO settings VALUES ('usage_statistics', 'off')").await;
        assert!(!settings.statistics_choice().await.unwrap().enabled);
    }

    async fn without_projects_there_is_no_prometheus(place) {
        assert_eq!(place.open().await.facts().await.unwrap(), Default::default());
    }

    async fn the_first_bootstrap_makes_the_project_and_later_ones_change_nothing(place) {
        let settings = place.open().await;
        for (url, id) in [("http://one:9090", "8f3k2j1x"), ("http://two:9090", "other")] {
            settings.bootstrap(&bootstrap(url), id).await.unwrap();
        }
        let (integration, infra) = settings.facts().await.unwrap();
        assert!(integration.prometheus);
        assert_eq!(infra.projects, 1);
        let observed = settings.observed_projects().await.unwrap();
        assert_eq!(observed.len(), 1);
        assert_eq!(observed[0].prometheus.refresh_interval, Duration::from_secs(15));
        assert_eq!(observed[0].prometheus.url, "http://one:9090");
        assert_eq!(place.texts("SELECT id || name FROM project").await, ["8f3k2j1xdefault"]);
        assert_eq!(
            place.json("SELECT prometheus FROM project").await,
            [serde_json::json!({"extra_selector": "{a=\"b\"}", "refresh_interval": 15000, "url": "http://one:9090"})]
        );
    }

    async fn a_bootstrap_fills_a_project_without_address_and_keeps_the_rest(place) {
        let settings = place.open().await;
        place
            .execute(
                r#"INSERT INTO project VALUES ('a', 'default', '{"url":"","tls_skip_verify":true}', NULL), ('b', 'other', NULL, NULL)"#,
            )
            .await;
        assert!(!settings.facts().await.unwrap().0.prometheus);
        settings.bootstrap(&bootstrap("http://one:9090"), "c").await.unwrap();
        let prometheus = place.texts("SELECT prometheus FROM project WHERE id = 'a'").await.concat();
        assert!(prometheus.contains("http://one:9090") && prometheus.contains(r#""tls_skip_verify":true"#));
        assert_eq!(settings.facts().await.unwrap().1.projects, 2);
    }
}
