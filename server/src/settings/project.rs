//! Projects and their Prometheus.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::Value;
use sqlx::SqlitePool;

use crate::world::project::{Project, PrometheusAccess};

/// The project that the flags `--bootstrap-prometheus-…` fill.
const DEFAULT: &str = "default";

/// How often a Prometheus is asked when the project does not say.
const REFRESH_INTERVAL: Duration = Duration::from_secs(30);

/// A Prometheus for the project `default`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bootstrap {
    /// Its address.
    pub url: String,
    /// How often it is asked.
    pub refresh_interval: Duration,
    /// A label selector added to every query; empty for none.
    pub extra_selector: String,
}

/// A row of the table `project`.
#[derive(Debug, Clone, Default, sqlx::FromRow)]
pub(super) struct StoredProject {
    id: String,
    prometheus: Option<String>,
    settings: Option<String>,
}

/// The column `project.prometheus`. Members that are not listed are kept as they are.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Prometheus {
    #[serde(default, deserialize_with = "or_default")]
    url: String,
    /// In milliseconds, or a text such as `1m30s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_interval: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    extra_selector: Option<String>,
    #[serde(flatten)]
    others: serde_json::Map<String, Value>,
}

#[derive(Debug, Deserialize)]
struct BasicAuth {
    user: String,
    password: String,
}

#[derive(Debug, Deserialize)]
struct Header {
    key: String,
    value: String,
}

/// What a world needs of the column `project.settings`.
#[derive(Debug, Default, Deserialize)]
struct ProjectSettings {
    #[serde(default, deserialize_with = "or_default")]
    application_categories: BTreeMap<String, Option<Vec<String>>>,
    /// Where later versions keep the patterns of categories.
    #[serde(default, deserialize_with = "or_default")]
    application_category_settings: BTreeMap<String, Option<CategorySettings>>,
    #[serde(default, deserialize_with = "or_default")]
    custom_applications: BTreeMap<String, Option<CustomApplication>>,
}

#[derive(Debug, Default, Deserialize)]
struct CategorySettings {
    #[serde(default, deserialize_with = "or_default")]
    custom_patterns: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
struct CustomApplication {
    // The misspelling is that of earlier versions.
    #[serde(default, alias = "instance_pattens", deserialize_with = "or_default")]
    instance_patterns: Vec<String>,
}

impl StoredProject {
    pub(super) async fn all(pool: &SqlitePool) -> sqlx::Result<Vec<Self>> {
        sqlx::query_as("SELECT id, prometheus, settings FROM project ORDER BY id").fetch_all(pool).await
    }

    /// Whether the project has the address of a Prometheus.
    pub(super) fn has_prometheus(&self) -> bool {
        self.prometheus().is_some()
    }

    /// The categories that have patterns of the operator's.
    pub(super) fn categories(&self) -> BTreeMap<String, Vec<String>> {
        let settings: ProjectSettings = read(self.settings.as_deref());
        let later = settings
            .application_category_settings
            .into_iter()
            .filter_map(|(name, category)| Some((name, category?.custom_patterns)))
            .filter(|(_, patterns)| !patterns.is_empty());
        let earlier = settings
            .application_categories
            .into_iter()
            .map(|(name, patterns)| (name, patterns.unwrap_or_default()));
        // The same category in both places has the patterns of the later one.
        earlier.chain(later).collect()
    }

    /// The project as the world sees it; `None` without a Prometheus, and for an id that is no file name.
    pub(super) fn observed(&self) -> Option<Project> {
        let is_file_name =
            |id: &str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        let prometheus = self.prometheus().filter(|_| is_file_name(&self.id))?;
        let settings: ProjectSettings = read(self.settings.as_deref());
        let custom_applications = settings
            .custom_applications
            .into_iter()
            .map(|(name, custom)| (name, custom.unwrap_or_default().instance_patterns));
        Some(Project {
            id: self.id.clone(),
            prometheus: prometheus.access(),
            application_categories: self.categories(),
            custom_applications: custom_applications.collect(),
        })
    }

    fn prometheus(&self) -> Option<Prometheus> {
        Some(read::<Prometheus>(self.prometheus.as_deref())).filter(|prometheus| !prometheus.url.is_empty())
    }
}

impl Prometheus {
    fn access(self) -> PrometheusAccess {
        let refresh_interval = self.refresh_interval.as_ref().and_then(duration);
        PrometheusAccess {
            refresh_interval: refresh_interval.unwrap_or(REFRESH_INTERVAL).max(Duration::from_secs(1)),
            tls_skip_verify: self.member::<bool>("tls_skip_verify").unwrap_or_default(),
            basic_auth: self.member::<BasicAuth>("basic_auth").map(|auth| (auth.user, auth.password)),
            custom_headers: self
                .member::<Vec<Header>>("custom_headers")
                .unwrap_or_default()
                .into_iter()
                .map(|header| (header.key, header.value))
                .collect(),
            url: self.url,
            extra_selector: self.extra_selector.unwrap_or_default(),
        }
    }

    fn member<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let value = self.others.get(name).filter(|value| !value.is_null())?;
        serde_json::from_value(value.clone()).ok()
    }
}

/// Milliseconds, or a text such as `1m30s`; `None` for zero and for what is neither.
fn duration(value: &Value) -> Option<Duration> {
    let duration = match value {
        Value::String(text) => humantime::parse_duration(text).ok()?,
        other => Duration::from_millis(other.as_u64()?),
    };
    Some(duration).filter(|duration| !duration.is_zero())
}

/// What a column holds. One that cannot be read is as good as empty: the rest of the project is reported.
fn read<T: DeserializeOwned + Default>(json: Option<&str>) -> T {
    json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

/// `null`, and what has another shape than expected, is the default.
fn or_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: DeserializeOwned + Default,
    D: Deserializer<'de>,
{
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

pub(super) async fn bootstrap(
    pool: &SqlitePool,
    bootstrap: &Bootstrap,
    new_project_id: &str,
) -> anyhow::Result<()> {
    let mut transaction = pool.begin().await?;
    let stored: Option<Option<String>> = sqlx::query_scalar("SELECT prometheus FROM project WHERE name = ?")
        .bind(DEFAULT)
        .fetch_optional(&mut *transaction)
        .await?;
    let is_new = stored.is_none();
    let mut prometheus: Prometheus = match stored.flatten() {
        Some(json) => serde_json::from_str(&json)?,
        None => Prometheus::default(),
    };
    if !prometheus.url.is_empty() {
        return Ok(());
    }
    prometheus.url.clone_from(&bootstrap.url);
    prometheus.refresh_interval = Some(u64::try_from(bootstrap.refresh_interval.as_millis())?.into());
    prometheus.extra_selector = Some(bootstrap.extra_selector.clone());
    let json = serde_json::to_string(&prometheus)?;
    let statement = if is_new {
        sqlx::query("INSERT INTO project (prometheus, name, id) VALUES (?, ?, ?)")
            .bind(json)
            .bind(DEFAULT)
            .bind(new_project_id)
    } else {
        sqlx::query("UPDATE project SET prometheus = ? WHERE name = ?").bind(json).bind(DEFAULT)
    };
    statement.execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(prometheus: &str, settings: &str) -> StoredProject {
        StoredProject {
            id: "8f3k2j1x".to_owned(),
            prometheus: Some(prometheus.to_owned()),
            settings: Some(settings.to_owned()),
        }
    }

    #[test]
    fn a_project_is_read_with_all_that_its_prometheus_needs() {
        let project = stored(
            r#"{"url":"https://p:9090/x","refresh_interval":15000,"tls_skip_verify":true,"basic_auth":{"user":"u","password":"p"},
                "extra_selector":"{a=\"b\"}","custom_headers":[{"key":"X-Scope","value":"1"}],"use_clickhouse":false}"#,
            r#"{"custom_applications":{"shop":{"instance_pattens":["shop-*"]},"mail":{"instance_patterns":["mail-*"]},"none":null}}"#,
        )
        .observed()
        .unwrap();
        assert_eq!(
            project.prometheus,
            PrometheusAccess {
                url: "https://p:9090/x".to_owned(),
                refresh_interval: Duration::from_secs(15),
                tls_skip_verify: true,
                basic_auth: Some(("u".to_owned(), "p".to_owned())),
                extra_selector: "{a=\"b\"}".to_owned(),
                custom_headers: vec![("X-Scope".to_owned(), "1".to_owned())],
            }
        );
        let applications = [("mail", vec!["mail-*"]), ("none", vec![]), ("shop", vec!["shop-*"])];
        let expected = applications
            .map(|(name, patterns)| (name.to_owned(), patterns.into_iter().map(ToOwned::to_owned).collect()));
        assert_eq!(project.custom_applications, BTreeMap::from(expected));
    }

    #[test]
    fn a_refresh_interval_is_milliseconds_or_a_text_and_otherwise_half_a_minute() {
        for (json, seconds) in [
            ("15000", 15),
            ("\"1m30s\"", 90),
            ("0", 30),
            ("\"0s\"", 30),
            ("null", 30),
            ("-5", 30),
            ("\"soon\"", 30),
            ("200", 1),
        ] {
            let project = stored(&format!(r#"{{"url":"http://p","refresh_interval":{json}}}"#), "{}");
            let interval = project.observed().unwrap().prometheus.refresh_interval;
            assert_eq!(interval, Duration::from_secs(seconds), "{json}");
        }
    }

    #[test]
    fn members_that_cannot_be_read_cost_only_themselves() {
        let project = stored(
            r#"{"url":"http://p","basic_auth":7,"custom_headers":null,"extra_selector":null}"#,
            r#"{"application_categories":[1],"custom_applications":{"shop":{"instance_patterns":["shop-*"]}}}"#,
        )
        .observed()
        .unwrap();
        assert_eq!(project.prometheus.basic_auth, None);
        assert!(project.application_categories.is_empty());
        assert_eq!(project.custom_applications.len(), 1);
    }

    #[test]
    fn a_project_without_an_address_or_with_an_id_that_is_a_path_is_not_observed() {
        for json in ["", "{}", "null", "no json", r#"{"url":null}"#, r#"{"url":""}"#] {
            let project = stored(json, "{}");
            assert!(!project.has_prometheus() && project.observed().is_none(), "{json}");
        }
        let project = StoredProject { id: "../x".to_owned(), ..stored(r#"{"url":"http://p"}"#, "{}") };
        assert!(project.has_prometheus() && project.observed().is_none());
    }

    #[test]
    fn categories_are_those_with_patterns_of_the_operator_in_either_place() {
        let project = stored(
            "{}",
            r#"{"application_categories":{"monitoring":["a/*"],"mine":["b/*"]},
                "application_category_settings":{"mine":{"custom_patterns":["c/*"]},"control-plane":null,
                "seen":{"notify_of_deployments":true},"own":{"custom_patterns":["d/*"]}}}"#,
        );
        let expected = [("mine", "c/*"), ("monitoring", "a/*"), ("own", "d/*")]
            .map(|(name, pattern)| (name.to_owned(), vec![pattern.to_owned()]));
        assert_eq!(project.categories(), BTreeMap::from(expected));
    }
}
