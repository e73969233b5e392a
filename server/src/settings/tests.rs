//! The settings database on real files.

use super::*;

async fn open(dir: &Path) -> Settings {
    Settings::open(dir).await.unwrap()
}

fn bootstrap(url: &str) -> Bootstrap {
    Bootstrap {
        url: url.to_owned(),
        refresh_interval: Duration::from_secs(15),
        extra_selector: "{a=\"b\"}".to_owned(),
    }
}

#[tokio::test]
async fn statistics_are_on_until_switched_off_and_that_is_remembered() {
    let dir = tempfile::tempdir().unwrap();
    let settings = open(dir.path()).await;
    assert!(settings.statistics_enabled().await.unwrap());
    for enabled in [false, true, false] {
        settings.set_statistics_enabled(enabled).await.unwrap();
        assert_eq!(settings.statistics_enabled().await.unwrap(), enabled);
    }
    settings.close().await;
    assert!(!open(dir.path()).await.statistics_enabled().await.unwrap());
}

#[tokio::test]
async fn an_unreadable_choice_means_off() {
    let dir = tempfile::tempdir().unwrap();
    let settings = open(dir.path()).await;
    sqlx::query("INSERT INTO settings VALUES ('usage_statistics', 'off')")
        .execute(&settings.pool)
        .await
        .unwrap();
    assert!(!settings.statistics_enabled().await.unwrap());
}

#[tokio::test]
async fn without_projects_there_is_no_prometheus() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(open(dir.path()).await.facts().await.unwrap(), Default::default());
}

#[tokio::test]
async fn the_first_bootstrap_makes_the_project_and_later_ones_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let settings = open(dir.path()).await;
    for url in ["http://one:9090", "http://two:9090"] {
        settings.bootstrap(&bootstrap(url), "8f3k2j1x").await.unwrap();
    }
    let (integration, infra) = settings.facts().await.unwrap();
    assert!(integration.prometheus);
    assert_eq!(infra.projects, 1);
    let observed = settings.observed_projects().await.unwrap();
    assert_eq!(observed.len(), 1);
    assert_eq!(observed[0].prometheus.refresh_interval, Duration::from_secs(15));
    let (id, name, prometheus): (String, String, String) =
        sqlx::query_as("SELECT id, name, prometheus FROM project").fetch_one(&settings.pool).await.unwrap();
    assert_eq!((id.as_str(), name.as_str()), ("8f3k2j1x", "default"));
    assert_eq!(
        prometheus,
        r#"{"url":"http://one:9090","refresh_interval":15000,"extra_selector":"{a=\"b\"}"}"#
    );
}

#[tokio::test]
async fn a_bootstrap_fills_a_project_without_address_and_keeps_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let settings = open(dir.path()).await;
    sqlx::query(r#"INSERT INTO project VALUES ('a', 'default', '{"url":"","tls_skip_verify":true}', NULL), ('b', 'other', NULL, NULL)"#)
        .execute(&settings.pool)
        .await
        .unwrap();
    assert!(!settings.facts().await.unwrap().0.prometheus);
    settings.bootstrap(&bootstrap("http://one:9090"), "c").await.unwrap();
    let prometheus: String = sqlx::query_scalar("SELECT prometheus FROM project WHERE id = 'a'")
        .fetch_one(&settings.pool)
        .await
        .unwrap();
    assert!(prometheus.contains("http://one:9090") && prometheus.contains(r#""tls_skip_verify":true"#));
    assert_eq!(settings.facts().await.unwrap().1.projects, 2);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("db.sqlite"),
        "not a database, but long enough to be read as one. ".repeat(100),
    )
    .unwrap();
    let error = Settings::open(dir.path()).await.unwrap_err().to_string();
    assert!(error.contains("cannot be used"), "{error}");
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let settings = open(dir.path()).await;
    sqlx::query("INSERT INTO _sqlx_migrations VALUES (9999, 'future', 0, TRUE, x'00', 0)")
        .execute(&settings.pool)
        .await
        .unwrap();
    settings.close().await;
    assert!(matches!(Settings::open(dir.path()).await, Err(OpenError::Newer)));
}
