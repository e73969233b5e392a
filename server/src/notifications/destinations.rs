//! Lists the kinds of destinations. Each has a file with its settings, its requests, and the meaning of its
//! answers.

mod opsgenie;
mod pagerduty;
mod slack;
mod stored_settings;
mod teams;
mod webhook;

use std::{borrow::Cow, fmt, time::Duration};

use headcount_outbound::TargetPolicy;
use headcount_shared::payload::AlertingIntegration;
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeSeed};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{OneOfBuilder, RefBuilder, Schema},
    },
};

pub(crate) use self::stored_settings::check_url;
use self::stored_settings::{read_members, write_members};
pub use self::{
    opsgenie::OpsgenieConfig,
    pagerduty::PagerdutyConfig,
    slack::SlackConfig,
    stored_settings::{InvalidDestination, SettingsMember, StoredSettings},
    teams::TeamsConfig,
    webhook::WebhookConfig,
};
use super::{
    IncidentNotification, ServiceEndpoints, TemplateError,
    message::IncidentMessage,
    notification_outcome::{NotificationOutcome, classify_status},
    notification_request::{NotificationAnswer, NotificationRequest, UnusableConfig},
};

/// What a request is made of, besides the settings of its destination.
pub(super) struct RequestContext<'n> {
    pub(super) notification: &'n IncidentNotification,
    pub(super) message: IncidentMessage<'n>,
    pub(super) endpoints: &'n ServiceEndpoints,
    /// The destination's id of the conversation; empty if there is none.
    pub(super) conversation: &'n str,
}

/// Makes requests to a destination, and classifies its answers.
pub(super) trait NotificationDestination: Sync {
    /// Checks settings that are to replace the `stored` ones.
    fn check(&self, stored: &StoredSettings, targets: TargetPolicy) -> Result<(), InvalidDestination>;

    /// The id of the conversation about an incident. `known` is the one that was used before; empty if there
    /// is none.
    fn conversation(&self, _known: &str, _incident_key: &str) -> String {
        String::new()
    }

    /// The request for a notification.
    fn request(&self, context: &RequestContext<'_>) -> Result<NotificationRequest, UnusableConfig>;

    /// Classifies an answer. `now` is the time since the Unix epoch.
    fn classify(
        &self,
        answer: &NotificationAnswer,
        conversation: &str,
        now: Duration,
    ) -> NotificationOutcome {
        classify_status(answer, conversation, now)
    }

    /// Why the operator's template is not used; `None` if it is used, or there is none.
    fn template_error(&self) -> Option<TemplateError> {
        None
    }
}

/// The settings of a destination. One type is what requests contain, what is stored, and what notifications
/// use: a secret that a request omits is absent until [`keep_secrets`](Self::keep_secrets).
pub(crate) trait DestinationSettings: Default + Serialize + for<'de> Deserialize<'de> {
    /// The settings in a response, without secrets.
    type Shown: Serialize + ToSchema;

    /// Reads stored settings. What cannot be read has its default.
    fn read(stored: &StoredSettings) -> Self {
        read_members(stored)
    }

    /// Replaces the stored settings. Members that this program does not know stay.
    fn write(&self, stored: &mut StoredSettings) -> serde_json::Result<()> {
        write_members(self, stored)
    }

    /// The settings without secrets.
    fn shown(&self) -> Self::Shown;

    /// Keeps the stored value of each secret that is absent.
    fn keep_secrets(&mut self, stored: &Self);

    /// Checks that no secret would be kept that another server than the stored one could get, and that it is clear
    /// which secret is kept.
    ///
    /// # Errors
    /// [`InvalidDestination::OtherOrigin`], [`InvalidDestination::OtherServer`] and
    /// [`InvalidDestination::UnclearHeaders`].
    fn check_kept(&self, _stored: &Self) -> Result<(), InvalidDestination> {
        Ok(())
    }
}

/// Where this program chooses the id of a conversation, it is the key of the incident.
fn known_or_incident(known: &str, incident_key: &str) -> String {
    if known.is_empty() { incident_key } else { known }.to_owned()
}

macro_rules! destinations {
    ($($kind:ident: $settings:ident,)*) => {
        /// The settings of one destination.
        #[derive(Clone, PartialEq, Eq)]
        pub enum DestinationConfig {
            $(#[doc = concat!("Of the kind ", stringify!($kind), ".")] $kind($settings),)*
        }

        /// The settings of one destination in a response, without secrets.
        #[derive(Serialize)]
        #[serde(untagged)]
        pub(crate) enum ShownDestination {
            $($kind(<$settings as DestinationSettings>::Shown),)*
        }

        impl DestinationConfig {
            /// Reads the stored settings of a kind. What cannot be read has its default.
            #[must_use]
            pub fn read(kind: AlertingIntegration, stored: &StoredSettings) -> Self {
                match kind {
                    $(AlertingIntegration::$kind => Self::$kind($settings::read(stored)),)*
                }
            }

            /// Replaces the stored settings. Members that this program does not know stay.
            ///
            /// # Errors
            /// The settings cannot be written as JSON.
            pub fn write(&self, stored: &mut StoredSettings) -> serde_json::Result<()> {
                match self {
                    $(Self::$kind(settings) => settings.write(stored),)*
                }
            }

            /// The kind of this destination.
            #[must_use]
            pub const fn kind(&self) -> AlertingIntegration {
                match self {
                    $(Self::$kind(_) => AlertingIntegration::$kind,)*
                }
            }

            /// Whether it receives incidents.
            #[must_use]
            pub const fn incidents(&self) -> bool {
                match self {
                    $(Self::$kind(settings) => settings.incidents,)*
                }
            }

            /// The settings for a response.
            pub(crate) fn shown(&self) -> ShownDestination {
                match self {
                    $(Self::$kind(settings) => ShownDestination::$kind(settings.shown()),)*
                }
            }

            /// Keeps the stored value of each secret that is absent.
            ///
            /// # Errors
            /// [`InvalidDestination::OtherOrigin`], [`InvalidDestination::OtherServer`] and
            /// [`InvalidDestination::UnclearHeaders`]. Nothing changed.
            pub fn keep_secrets(&mut self, stored: &Self) -> Result<(), InvalidDestination> {
                match (self, stored) {
                    $((Self::$kind(settings), Self::$kind(stored)) => {
                        settings.check_kept(stored)?;
                        settings.keep_secrets(stored);
                    })*
                    _ => {}
                }
                Ok(())
            }

            pub(super) fn destination(&self) -> &dyn NotificationDestination {
                match self {
                    $(Self::$kind(settings) => settings,)*
                }
            }
        }

        impl<'de> DeserializeSeed<'de> for SettingsOfKind {
            type Value = DestinationConfig;

            fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<DestinationConfig, D::Error> {
                match self.0 {
                    $(AlertingIntegration::$kind => $settings::deserialize(from).map(Into::into),)*
                }
            }
        }

        $(
            impl From<$settings> for DestinationConfig {
                fn from(settings: $settings) -> Self {
                    Self::$kind(settings)
                }
            }

            /// Leaves out secrets, and the texts of the operator.
            impl fmt::Debug for $settings {
                fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                    let name = stringify!($settings);
                    formatter.debug_struct(name).field("incidents", &self.incidents).finish_non_exhaustive()
                }
            }
        )*

        impl PartialSchema for ShownDestination {
            fn schema() -> RefOr<Schema> {
                let of_kinds = [$((
                    AlertingIntegration::$kind,
                    <$settings as DestinationSettings>::Shown::name(),
                ),)*];
                one_of("Of", of_kinds, "`GET <base>api/projects/{id}/integrations/{kind}`: one integration, without its secrets.")
            }
        }

        impl ToSchema for ShownDestination {
            fn name() -> Cow<'static, str> {
                "Integration".into()
            }

            fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                $(add_schema::<<$settings as DestinationSettings>::Shown>(schemas);)*
            }
        }

        impl PartialSchema for SettingsOfKind {
            fn schema() -> RefOr<Schema> {
                let for_kinds = [$((AlertingIntegration::$kind, $settings::name()),)*];
                one_of("For", for_kinds, "The settings of an integration in a request, by kind.")
            }
        }

        impl ToSchema for SettingsOfKind {
            fn name() -> Cow<'static, str> {
                "SetIntegration".into()
            }

            fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                $(add_schema::<$settings>(schemas);)*
            }
        }
    };
}

// A new destination is a file, a line here, and a kind in the payload.
destinations! {
    Slack: SlackConfig,
    Teams: TeamsConfig,
    Pagerduty: PagerdutyConfig,
    Opsgenie: OpsgenieConfig,
    Webhook: WebhookConfig,
}

/// Parses the settings of a kind in a request.
#[derive(Debug, Clone, Copy)]
pub struct SettingsOfKind(pub AlertingIntegration);

impl DestinationConfig {
    /// Checks settings that are to replace the `stored` ones.
    ///
    /// # Errors
    /// Every [`InvalidDestination`].
    pub fn check(&self, stored: &StoredSettings, targets: TargetPolicy) -> Result<(), InvalidDestination> {
        self.destination().check(stored, targets)
    }
}

impl fmt::Debug for DestinationConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind().name();
        formatter.debug_struct(kind).field("incidents", &self.incidents()).finish_non_exhaustive()
    }
}

fn one_of<'n>(
    preposition: &str,
    kinds: impl IntoIterator<Item = (AlertingIntegration, Cow<'n, str>)>,
    description: &str,
) -> RefOr<Schema> {
    let mut one_of = OneOfBuilder::new().description(Some(description));
    for (kind, schema) in kinds {
        let described = format!("{preposition} the kind `{}`.", kind.name());
        one_of = one_of.item(
            RefBuilder::new().ref_location_from_schema_name(schema).description(Some(described)).build(),
        );
    }
    RefOr::T(one_of.build().into())
}

fn add_schema<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}

#[cfg(test)]
mod tests;
