//! Tests of changes by operators: projects, their Prometheus, integrations and categories.

use std::collections::BTreeMap;

use headcount_prometheus::{client::InvalidAccess, prometheus_access::PrometheusAccess};
use headcount_shared::{
    api::{Secret, SetAuth, SetHeader},
    payload::AlertingIntegration,
};

use super::*;
use crate::notifications::{
    DestinationConfig, OpsgenieConfig, PagerdutyConfig, SlackConfig, TeamsConfig, WebhookConfig,
};

async fn with_project(place: &TestDatabase) -> SettingsStore {
    let settings = place.open().await;
    settings.create_project("aaaaaaaa", "one").await.unwrap();
    settings
}

fn access(url: &str, password: &str, header: &str) -> PrometheusAccess {
    PrometheusAccess {
        url: url.to_owned(),
        refresh_interval: Duration::from_secs(15),
        tls_skip_verify: true,
        basic_auth: Some(("u".to_owned(), password.to_owned())),
        extra_selector: "{a=\"b\"}".to_owned(),
        custom_headers: vec![("X-Scope".to_owned(), header.to_owned())],
    }
}

fn categories(of: &[(&str, &str)]) -> BTreeMap<String, Vec<String>> {
    of.iter().map(|(name, pattern)| ((*name).to_owned(), vec![(*pattern).to_owned()])).collect()
}

async fn configured(settings: &SettingsStore) -> ProjectConfiguration {
    settings.configuration("aaaaaaaa").await.unwrap().unwrap()
}

/// Why a change was refused.
fn why<T>(result: SettingsResult<T>) -> Option<InvalidChange> {
    match result.map(drop) {
        Err(SettingsError::Invalid(why)) => Some(why),
        other => panic!("{other:?}"),
    }
}

on_both! {
    async fn projects_are_created_renamed_and_deleted(place) {
        let settings = with_project(&place).await;
        settings.create_project("bbbbbbbb", "another").await.unwrap();
        settings.rename_project("aaaaaaaa", "zero").await.unwrap();
        let names: Vec<String> = settings.overview().await.unwrap().into_iter().map(|project| project.name).collect();
        assert_eq!(names, ["another", "zero"]);
        assert_eq!(why(settings.create_project("cccccccc", "zero").await), Some(InvalidChange::NameTaken));
        assert_eq!(why(settings.rename_project("bbbbbbbb", "zero").await), Some(InvalidChange::NameTaken));
        assert_eq!(why(settings.rename_project("cccccccc", "three").await), Some(InvalidChange::NoSuchProject));
        for id in ["", "AAAAAAAA", "aaaaaaa", "aaaaaaaaa", "../../aa"] {
            assert_eq!(why(settings.create_project(id, "three").await), Some(InvalidChange::Id), "{id}");
        }
        for name in ["", "ab", "With Space", "a/b/c", &"a".repeat(65)] {
            assert_eq!(why(settings.create_project("cccccccc", name).await), Some(InvalidChange::Name), "{name}");
        }
    }

    async fn with_a_project_goes_all_that_is_remembered_of_it_and_of_no_other(place) {
        let settings = with_project(&place).await;
        settings.create_project("bbbbbbbb", "two").await.unwrap();
        place.execute("CREATE TABLE dashboards (id TEXT PRIMARY KEY, project_id TEXT NOT NULL REFERENCES project (id))").await;
        for id in ["aaaaaaaa", "bbbbbbbb"] {
            place
                .execute(&format!("INSERT INTO check_configs VALUES ('{id}', '::', '{{}}');
                    INSERT INTO incident VALUES ('{id}', 'a:b:c', 'k', 1, 0, 3);
                    INSERT INTO incident_notification VALUES ('{id}', 'a:b:c', 'k', 3, 'slack', 1, 0, '', NULL);
                    INSERT INTO application_deployment VALUES ('{id}', 'a:b:c', 'n', 1, 0, NULL, NULL, NULL);
                    INSERT INTO headcount_ledger VALUES ('{id}', 'i', '\"deployment\"', 1, NULL, NULL, 0);
                    INSERT INTO dashboards VALUES ('{id}', '{id}')"))
                .await;
        }
        // Tables that other programs create are detected at the next start.
        let settings = { settings.close().await; place.open().await };
        settings.delete_project("aaaaaaaa").await.unwrap();
        for table in ["check_configs", "incident", "incident_notification", "application_deployment", "dashboards"] {
            assert_eq!(place.texts(&format!("SELECT project_id FROM {table}")).await, ["bbbbbbbb"], "{table}");
        }
        assert_eq!(why(settings.delete_project("aaaaaaaa").await), Some(InvalidChange::NoSuchProject));
        // The next report contains the counted events all the same.
        assert_eq!(settings.counted().await.unwrap().deployments, 2);
    }

    async fn a_prometheus_is_set_from_what_is_stored_and_removed_without_its_secrets(place) {
        let settings = with_project(&place).await;
        assert_eq!(configured(&settings).await.prometheus, None);
        place.execute(r#"UPDATE project SET prometheus = '{"remote_write_url":"kept"}'"#).await;
        let first = access("http://one:9090", "secret", "1");
        let set = |stored: Option<PrometheusAccess>| { assert_eq!(stored, None); Ok(first.clone()) };
        settings.set_prometheus("aaaaaaaa", set).await.unwrap();
        assert_eq!(configured(&settings).await.prometheus.as_ref(), Some(&first));
        let moved = |stored: Option<PrometheusAccess>| Ok(PrometheusAccess { url: "http://two:9090".to_owned(), ..stored.unwrap() });
        settings.set_prometheus("aaaaaaaa", moved).await.unwrap();
        assert_eq!(configured(&settings).await.prometheus, Some(access("http://two:9090", "secret", "1")));
        settings.set_prometheus("aaaaaaaa", |_| Ok(access("http://two:9090", "", ""))).await.unwrap();
        assert!(!place.texts("SELECT prometheus FROM project").await.concat().contains("secret"));
        settings.set_prometheus("aaaaaaaa", |_| Ok(first)).await.unwrap();
        settings.remove_prometheus("aaaaaaaa", |_| Ok(())).await.unwrap();
        assert_eq!(configured(&settings).await.prometheus, None);
        let stored = place.texts("SELECT prometheus FROM project").await.concat();
        assert!(stored.contains("kept") && !stored.contains("secret"), "{stored}");
    }

    async fn a_prometheus_that_cannot_be_asked_is_refused(place) {
        let settings = with_project(&place).await;
        let good = access("http://one:9090", "", "1");
        for (access, expected) in [
            (PrometheusAccess { url: "one:9090".to_owned(), ..good.clone() }, InvalidChange::Prometheus(InvalidAccess::Url)),
            (PrometheusAccess { extra_selector: "a".to_owned(), ..good.clone() }, InvalidChange::Prometheus(InvalidAccess::Selector)),
            (PrometheusAccess { refresh_interval: Duration::ZERO, ..good.clone() }, InvalidChange::RefreshInterval),
            (PrometheusAccess { refresh_interval: Duration::from_secs(3601), ..good.clone() }, InvalidChange::RefreshInterval),
        ] {
            assert_eq!(why(settings.set_prometheus("aaaaaaaa", |_| Ok(access.clone())).await), Some(expected));
        }
        assert_eq!(why(settings.set_prometheus("bbbbbbbb", |_| Ok(good)).await), Some(InvalidChange::NoSuchProject));
        assert_eq!(configured(&settings).await.prometheus, None);
    }

    async fn integrations_are_set_with_secrets_and_unknown_members_kept_and_removed(place) {
        let settings = with_project(&place).await;
        place.execute(r#"UPDATE project SET settings = '{"integrations":{"slack":{"deployments":true},"aws":{"region":"x"}},"more":1}'"#).await;
        let text = ToOwned::to_owned;
        let given = |text: &str| Secret::new(text.to_owned());
        let all = |secret: &dyn Fn(&str) -> Secret| -> [DestinationConfig; 5] {
            let basic_auth = Some(SetAuth { user: text("u"), password: secret("password") });
            [
                SlackConfig { token: secret("token"), default_channel: text("c"), incidents: true }.into(),
                TeamsConfig { webhook_url: secret("https://teams/"), incidents: true }.into(),
                PagerdutyConfig { integration_key: secret("key"), incidents: false }.into(),
                OpsgenieConfig { api_key: secret("key"), eu_instance: true, incidents: true }.into(),
                WebhookConfig { url: secret("https://hook/"), basic_auth, incident_template: text("{{.Status}}"), ..WebhookConfig::default() }.into(),
            ]
        };
        for destination in all(&given).into_iter().chain(all(&|_| Secret::default())) {
            settings.set_integration("aaaaaaaa", destination, |_, _| Ok(())).await.unwrap();
        }
        let clickhouse = |password: String| ClickhouseAccess { addr: text("ch:9000"), password, ..ClickhouseAccess::default() };
        settings.set_clickhouse("aaaaaaaa", |_| Ok(clickhouse(text("password")))).await.unwrap();
        settings.set_clickhouse("aaaaaaaa", |stored| Ok(clickhouse(stored.unwrap().password))).await.unwrap();
        settings.set_base_url("aaaaaaaa", |_| "https://coroot/".to_owned()).await.unwrap();
        let ProjectConfiguration { integrations: read, clickhouse: read_clickhouse, .. } = configured(&settings).await;
        assert_eq!(read.base_url, "https://coroot/");
        for destination in all(&given) {
            assert_eq!(read.get(destination.kind()), Some(&destination));
        }
        assert_eq!(read_clickhouse, Some(clickhouse(text("password"))));
        let stored = place.texts("SELECT settings FROM project").await.concat();
        for kept in [r#""deployments":true"#, r#""aws":{"region":"x"}"#, r#""more":1"#] {
            assert!(stored.contains(kept), "{stored}");
        }
        let (integration, _) = settings.facts().await.unwrap();
        assert_eq!(integration.alerting_integrations.len(), 5);
        assert!(integration.clickhouse && integration.tracing && integration.logs && integration.profiles);
        settings.remove_clickhouse("aaaaaaaa", |_| Ok(())).await.unwrap();
        settings.remove_integration("aaaaaaaa", AlertingIntegration::Slack, |_| Ok(())).await.unwrap();
        let (integration, _) = settings.facts().await.unwrap();
        assert!(!integration.clickhouse && !integration.alerting_integrations.contains(&AlertingIntegration::Slack));
    }

    async fn integrations_that_cannot_work_are_refused(place) {
        let settings = with_project(&place).await;
        let given = |text: &str| Secret::new(text.to_owned());
        let unnamed = vec![SetHeader { name: String::new(), value: given("v") }];
        let refused: [DestinationConfig; 7] = [
            SlackConfig::default().into(),
            SlackConfig { token: given("t"), ..SlackConfig::default() }.into(),
            TeamsConfig::default().into(),
            PagerdutyConfig::default().into(),
            OpsgenieConfig::default().into(),
            WebhookConfig { url: given("ftp://x"), ..WebhookConfig::default() }.into(),
            WebhookConfig { url: given("http://x"), custom_headers: unnamed, ..WebhookConfig::default() }.into(),
        ];
        for destination in refused {
            let printed = format!("{destination:?}");
            assert!(why(settings.set_integration("aaaaaaaa", destination, |_, _| Ok(())).await).is_some(), "{printed}");
        }
        for addr in ["clickhouse", ":9000", "http://clickhouse:8123"] {
            let access = ClickhouseAccess { addr: addr.to_owned(), ..ClickhouseAccess::default() };
            let refused = settings.set_clickhouse("aaaaaaaa", |_| Ok(access)).await;
            assert_eq!(why(refused), Some(InvalidChange::ClickhouseAddress), "{addr}");
        }
        assert!(why(settings.set_base_url("aaaaaaaa", |_| "coroot".to_owned()).await).is_some());
        assert_eq!(place.texts("SELECT COALESCE(settings, 'none') FROM project").await, ["none"]);
    }

    async fn categories_are_replaced_wherever_a_version_keeps_them(place) {
        let settings = with_project(&place).await;
        place
            .execute(r#"UPDATE project SET settings = '{"application_categories":{"old":["a/*"]},
                "application_category_settings":{"mine":{"custom_patterns":["b/*"],"notify_of_deployments":true},
                "gone":{"custom_patterns":["c/*"]},"seen":null}}'"#)
            .await;
        assert_eq!(settings.facts().await.unwrap().0.application_categories, 3);
        let new = categories(&[("mine", "x/*"), ("monitoring", "y/*")]);
        settings.set_application_categories("aaaaaaaa", &new, |_| Ok(())).await.unwrap();
        assert_eq!(configured(&settings).await.application_categories, new);
        assert!(place.texts("SELECT settings FROM project").await.concat().contains("notify_of_deployments"));
        for (category, expected) in [
            (("No Name", "a/*"), InvalidChange::Name),
            (("mine", "a*"), InvalidChange::Pattern),
            (("mine", "a/b c"), InvalidChange::Pattern),
        ] {
            let refused = settings.set_application_categories("aaaaaaaa", &categories(&[category]), |_| Ok(())).await;
            assert_eq!(why(refused), Some(expected));
        }
    }

    async fn settings_that_cannot_be_read_are_not_overwritten(place) {
        let settings = with_project(&place).await;
        place.execute("UPDATE project SET settings = 'no json', prometheus = '[]'").await;
        let refused = settings.set_base_url("aaaaaaaa", |_| "https://coroot/".to_owned()).await;
        assert!(matches!(refused, Err(SettingsError::Unreadable)));
        let refused = settings.remove_prometheus("aaaaaaaa", |_| Ok(())).await;
        assert!(matches!(refused, Err(SettingsError::Unreadable)));
        assert_eq!(place.texts("SELECT settings || prometheus FROM project").await, ["no json[]"]);
    }
}
