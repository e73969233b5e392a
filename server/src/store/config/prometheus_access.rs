//! Reads and changes the access to Prometheus in the column `project.prometheus`.

use std::time::Duration;

use headcount_prometheus::{client::check, prometheus_access::PrometheusAccess};
use percent_encoding::percent_decode_str;
use reqwest::Url;
use serde_json::{Value, json};

use super::project_row::ProjectColumn;
use crate::store::{
    SettingsStore,
    json_column::{JsonObject, flag, object, put, text},
    store_error::{InvalidChange, SettingsResult},
};

/// The default refresh interval.
const REFRESH_INTERVAL: Duration = Duration::from_secs(30);

/// The longest refresh interval.
const LONGEST_INTERVAL: Duration = Duration::from_secs(3600);

/// A name and a password.
type StoredLogin = (String, String);

/// Neither a name nor a password.
const NO_LOGIN: StoredLogin = (String::new(), String::new());

/// The access in the column; `None` without an address. A name and a password that another program has put into
/// the address are its basic authentication, as they are for an HTTP client, unless the column has another one.
pub(super) fn access(column: &JsonObject) -> Option<PrometheusAccess> {
    let url = Some(text(column, "url")).filter(|url| !url.is_empty())?;
    let (url, login_in_url) = split_login(url);
    let refresh_interval = column.get("refresh_interval").and_then(duration).unwrap_or(REFRESH_INTERVAL);
    Some(PrometheusAccess {
        url,
        refresh_interval: refresh_interval.max(Duration::from_secs(1)),
        tls_skip_verify: flag(column, "tls_skip_verify"),
        basic_auth: basic_auth(column).filter(|auth| *auth != NO_LOGIN).or(login_in_url),
        extra_selector: text(column, "extra_selector"),
        custom_headers: headers(column),
    })
}

impl SettingsStore {
    /// Sets the Prometheus of a project to what `update` returns for the stored one. Returns what is stored then.
    ///
    /// # Errors
    /// [`InvalidChange`], or a failure of the database. Nothing changed.
    pub async fn set_prometheus<U>(
        &self,
        project: &str,
        update: U,
    ) -> SettingsResult<Option<PrometheusAccess>>
    where
        U: FnOnce(Option<PrometheusAccess>) -> SettingsResult<PrometheusAccess, InvalidChange> + Send,
    {
        let targets = self.targets;
        self.change_column(project, ProjectColumn::Prometheus, |column| {
            let updated = update(access(column))?;
            check(&updated, targets).map_err(InvalidChange::Prometheus)?;
            if !(Duration::from_secs(1)..=LONGEST_INTERVAL).contains(&updated.refresh_interval) {
                return Err(InvalidChange::RefreshInterval.into());
            }
            write(column, &updated);
            Ok(access(column))
        })
        .await
    }

    /// Removes the address of the Prometheus of a project, and all its secrets, if `check` allows it for the stored
    /// one.
    ///
    /// # Errors
    /// [`InvalidChange`], or a failure of the database. Nothing changed.
    pub async fn remove_prometheus<C>(&self, project: &str, check: C) -> SettingsResult<()>
    where
        C: FnOnce(Option<&PrometheusAccess>) -> SettingsResult<(), InvalidChange> + Send,
    {
        self.change_column(project, ProjectColumn::Prometheus, |column| {
            check(access(column).as_ref())?;
            put(column, [("url", json!("")), ("basic_auth", Value::Null), ("custom_headers", Value::Null)]);
            Ok(())
        })
        .await
    }
}

/// Replaces the access in the column. Unknown members stay.
fn write(column: &mut JsonObject, access: &PrometheusAccess) {
    let login = access.basic_auth.as_ref();
    let header = |(name, value): &(String, String)| json!({"key": name, "value": value});
    put(
        column,
        [
            ("url", json!(access.url)),
            ("refresh_interval", milliseconds(access.refresh_interval)),
            ("tls_skip_verify", json!(access.tls_skip_verify)),
            ("basic_auth", login.map(|(user, password)| json!({"user": user, "password": password})).into()),
            ("extra_selector", json!(access.extra_selector)),
            ("custom_headers", access.custom_headers.iter().map(header).collect()),
        ],
    );
}

fn basic_auth(column: &JsonObject) -> Option<StoredLogin> {
    let auth = object(column, "basic_auth")?;
    Some((text(auth, "user"), text(auth, "password")))
}

/// An address without the name and the password in it, and these; an address without them stays as it is.
fn split_login(address: String) -> (String, Option<StoredLogin>) {
    let Ok(mut url) = Url::parse(address.trim()) else { return (address, None) };
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let login = (decoded(url.username()), url.password().map(decoded).unwrap_or_default());
    if login == NO_LOGIN || url.set_username("").is_err() || url.set_password(None).is_err() {
        return (address, None);
    }
    (url.into(), Some(login))
}

fn headers(column: &JsonObject) -> Vec<(String, String)> {
    let list = column.get("custom_headers").and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_object).map(|header| (text(header, "key"), text(header, "value"))).collect()
}

/// A duration as the column stores it.
pub(super) fn milliseconds(duration: Duration) -> Value {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).into()
}

/// Parses milliseconds, or a text such as `1m30s`; `None` for zero and anything else.
fn duration(value: &Value) -> Option<Duration> {
    let duration = match value {
        Value::String(text) => humantime::parse_duration(text).ok()?,
        other => Duration::from_millis(other.as_u64()?),
    };
    Some(duration).filter(|duration| !duration.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::json_column;

    fn read(json: &str) -> Option<PrometheusAccess> {
        access(&json_column::read(Some(json)))
    }

    #[test]
    fn all_that_is_needed_to_ask_is_read() {
        let json = r#"{"url":"https://p:9090/x","refresh_interval":15000,"tls_skip_verify":true,"basic_auth":{"user":"u","password":"p"},
            "extra_selector":"{a=\"b\"}","custom_headers":[{"key":"X-Scope","value":"1"}],"use_clickhouse":false}"#;
        let expected = PrometheusAccess {
            url: "https://p:9090/x".to_owned(),
            refresh_interval: Duration::from_secs(15),
            tls_skip_verify: true,
            basic_auth: Some(("u".to_owned(), "p".to_owned())),
            extra_selector: "{a=\"b\"}".to_owned(),
            custom_headers: vec![("X-Scope".to_owned(), "1".to_owned())],
        };
        assert_eq!(read(json), Some(expected));
    }

    #[test]
    fn a_login_in_the_address_is_the_basic_authentication_unless_there_is_another_one() {
        let login = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        for (url, auth, expected, found) in [
            ("http://me:p%40ss@p:9090", "null", "http://p:9090/", login("me", "p@ss")),
            ("http://me@p/a?b", "null", "http://p/a?b", login("me", "")),
            ("http://:pw@p/", r#"{"user":"","password":""}"#, "http://p/", login("", "pw")),
            ("http://me:pw@p/", r#"{"user":"other","password":""}"#, "http://p/", login("other", "")),
            ("http://p:9090", "null", "http://p:9090", None),
            ("http://@p", "null", "http://@p", None),
            ("http://me:pw@p:99999/", "null", "http://me:pw@p:99999/", None),
        ] {
            let access = read(&format!(r#"{{"url":"{url}","basic_auth":{auth}}}"#)).unwrap();
            assert_eq!((access.url.as_str(), access.basic_auth), (expected, found), "{url}");
        }
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
            let access = read(&format!(r#"{{"url":"http://p","refresh_interval":{json}}}"#)).unwrap();
            assert_eq!(access.refresh_interval, Duration::from_secs(seconds), "{json}");
        }
    }

    #[test]
    fn members_that_cannot_be_read_cost_only_themselves() {
        let access =
            read(r#"{"url":"http://p","basic_auth":7,"custom_headers":null,"extra_selector":null}"#).unwrap();
        assert_eq!(
            (access.basic_auth, access.custom_headers, access.extra_selector),
            (None, vec![], String::new())
        );
    }

    #[test]
    fn without_an_address_there_is_none() {
        for json in ["", "{}", "null", "no json", r#"{"url":null}"#, r#"{"url":""}"#] {
            assert_eq!(read(json), None, "{json}");
        }
    }
}
