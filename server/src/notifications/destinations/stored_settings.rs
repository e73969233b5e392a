//! Reads, checks and writes the stored settings of a destination.

use headcount_outbound::{ForbiddenTarget, TargetPolicy};
use headcount_shared::api::{KeptSecrets, UnclearHeaders};
use reqwest::Url;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::notifications::TemplateError;

/// The stored settings of a destination, with members that this program does not know.
pub type StoredSettings = Map<String, Value>;

/// A member of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettingsMember {
    /// Its name, as it is stored.
    pub name: &'static str,
    /// Its name in error texts.
    pub called: &'static str,
}

/// Why settings of a destination are refused. The text is for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidDestination {
    /// A required member is neither given nor stored.
    #[error("{} is needed", .0.called)]
    Missing(SettingsMember),
    /// An address is not an http or https URL.
    #[error("{} is not an http or https URL", .0.called)]
    Url(SettingsMember),
    /// The address is not allowed.
    #[error("{} is not allowed: {}", .0.called, ForbiddenTarget::REASON)]
    ForbiddenTarget(SettingsMember),
    /// Stored secrets would go to another origin than the one that they were given for.
    #[error("{0}")]
    OtherOrigin(KeptSecrets),
    /// A stored address, which is a secret, would be told to another server than the one that it was given
    /// for.
    #[error("give {} again, because another server could get it", .0.called)]
    OtherServer(SettingsMember),
    /// It is not clear which stored value a header keeps.
    #[error(transparent)]
    UnclearHeaders(#[from] UnclearHeaders),
    /// A header has no name.
    #[error("every header must have a name")]
    HeaderName,
    /// A template is not understood.
    #[error("the template is not understood: {1}")]
    Template(SettingsMember, TemplateError),
    /// A token or a key has characters that no request can have.
    #[error("{} must have only visible ASCII characters, and no white space", .0.called)]
    Characters(SettingsMember),
}

/// Parses stored settings. A member that cannot be read has its default, and so has one that is absent.
pub(super) fn read_members<T: Default + Serialize + DeserializeOwned>(stored: &StoredSettings) -> T {
    let Ok(Value::Object(defaults)) = serde_json::to_value(T::default()) else { return T::default() };
    let mut known = defaults.clone();
    for (name, default) in defaults {
        let Some(value) = stored.get(&name) else { continue };
        known.insert(name.clone(), value.clone());
        if T::deserialize(Value::Object(known.clone())).is_err() {
            known.insert(name, default);
        }
    }
    T::deserialize(Value::Object(known)).unwrap_or_default()
}

/// Puts the members of `settings` into the stored ones. Other members stay.
pub(super) fn write_members<T: Serialize>(
    settings: &T,
    stored: &mut StoredSettings,
) -> serde_json::Result<()> {
    stored.extend(serde_json::from_value::<StoredSettings>(serde_json::to_value(settings)?)?);
    Ok(())
}

/// A stored member that is a text; empty otherwise.
pub(super) fn stored_text<'s>(stored: &'s StoredSettings, name: &str) -> &'s str {
    stored.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The default: a destination is notified about incidents.
pub(super) const fn notified() -> bool {
    true
}

/// Checks that a text is not empty.
pub(super) fn required(text: &str, member: SettingsMember) -> Result<(), InvalidDestination> {
    if text.trim().is_empty() { Err(InvalidDestination::Missing(member)) } else { Ok(()) }
}

/// Checks that a token or a key is not empty and can be sent, also in a header. What is stored already stays
/// as it is.
pub(super) fn check_key(
    key: &str,
    member: SettingsMember,
    stored: &StoredSettings,
) -> Result<(), InvalidDestination> {
    required(key, member)?;
    let is_sendable = key.trim().bytes().all(|byte| byte.is_ascii_graphic());
    let is_stored = key == stored_text(stored, member.name);
    if is_sendable || is_stored { Ok(()) } else { Err(InvalidDestination::Characters(member)) }
}

/// Checks that a text is an http or https URL.
pub(crate) fn check_url(text: &str, member: SettingsMember) -> Result<(), InvalidDestination> {
    let is_http = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    let is_url = Url::parse(text).is_ok_and(|url| is_http(&url));
    if is_url { Ok(()) } else { Err(InvalidDestination::Url(member)) }
}

/// Checks that an address is allowed, if it is one.
pub(super) fn check_target(
    text: &str,
    member: SettingsMember,
    targets: TargetPolicy,
) -> Result<(), InvalidDestination> {
    match Url::parse(text.trim()).map(|url| targets.check(&url)) {
        Ok(Err(ForbiddenTarget)) => Err(InvalidDestination::ForbiddenTarget(member)),
        _ => Ok(()),
    }
}
