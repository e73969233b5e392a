//! Defines the fields of all forms, as data.

use headcount_shared::payload::AlertingIntegration;

/// A field of a form.
#[derive(Debug, Clone, Copy)]
pub(in crate::ui) struct FormField {
    /// The member of the request; a dot leads into an object.
    pub(in crate::ui) name: &'static str,
    pub(in crate::ui) label: &'static str,
    /// What it means, below the label; may be empty.
    pub(in crate::ui) help: &'static str,
    pub(in crate::ui) kind: FieldKind,
    pub(in crate::ui) required: bool,
}

/// How a field is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum FieldKind {
    /// One line.
    Line,
    /// Several lines.
    Text,
    /// A whole number, with this one for a new form.
    Number(u32),
    /// Yes or no, with this one for a new form.
    Flag(bool),
    /// A secret: an answer only says whether one is stored.
    Secret,
    /// One of these values, each with its name.
    Choice(&'static [(&'static str, &'static str)]),
    /// Headers: rows of a name and a secret.
    Headers,
    /// Patterns by name: rows of a name and lines.
    Patterns,
}

impl FormField {
    const fn new(name: &'static str, label: &'static str, help: &'static str, kind: FieldKind) -> Self {
        Self { name, label, help, kind, required: false }
    }

    const fn required(self) -> Self {
        Self { required: true, ..self }
    }
}

/// A destination of notifications with its fields.
#[derive(Debug)]
pub(in crate::ui) struct DestinationFields {
    pub(in crate::ui) kind: AlertingIntegration,
    pub(in crate::ui) title: &'static str,
    pub(in crate::ui) fields: &'static [FormField],
}

use FieldKind::{Choice, Flag, Headers, Line, Number, Patterns, Secret, Text};

const NAME: FormField = FormField::new(
    "name",
    "Name of the project",
    "3 to 64 characters of a-z, 0-9, - and _, such as production.",
    Line,
)
.required();

const URL: FormField = FormField::new(
    "url",
    "Address of Prometheus",
    "Begins with http:// or https:// and has the path before /api/v1, such as http://prometheus:9090. \
     Thanos, Mimir and VictoriaMetrics work, too. Without a name and a password.",
    Line,
)
.required();

const INTERVAL: FormField = FormField::new(
    "refresh_interval_s",
    "Refresh interval, in seconds",
    "How often it is asked: from 1 to 3600, best the interval in which it scrapes.",
    Number(30),
)
.required();

const SELECTOR: FormField = FormField::new(
    "extra_selector",
    "Extra selector",
    "Labels that every query selects, such as {cluster=\"a\"}. Empty for everything.",
    Line,
);

const USER: FormField =
    FormField::new("basic_auth.user", "User name", "Empty without basic authentication.", Line);

const PASSWORD: FormField = FormField::new("basic_auth.password", "Password", "", Secret);

const HEADERS: FormField = FormField::new(
    "custom_headers",
    "Headers",
    "Sent with every request, such as X-Scope-OrgID or Authorization. A stored value stays unless another is typed.",
    Headers,
);

const SKIP_VERIFY: FormField = FormField::new(
    "tls_skip_verify",
    "Accept any certificate",
    "The connection is encrypted, but not protected against somebody in between.",
    Flag(false),
);

const INCIDENTS: FormField = FormField::new(
    "incidents",
    "Notify about incidents",
    "Off, it stays configured and gets only tests.",
    Flag(true),
);

/// The name of a project.
pub(in crate::ui) const PROJECT_NAME: &[FormField] = &[NAME];

/// The Prometheus of a project.
pub(in crate::ui) const PROMETHEUS: &[FormField] =
    &[URL, INTERVAL, SELECTOR, USER, PASSWORD, HEADERS, SKIP_VERIFY];

/// A new project with its Prometheus.
pub(in crate::ui) const NEW_PROJECT: &[FormField] =
    &[NAME, URL, INTERVAL, SELECTOR, USER, PASSWORD, HEADERS, SKIP_VERIFY];

/// The ClickHouse of a project.
pub(in crate::ui) const CLICKHOUSE: &[FormField] = &[
    FormField::new(
        "protocol",
        "Protocol",
        "",
        Choice(&[("native", "Native, usually on port 9000"), ("http", "HTTP, usually on port 8123")]),
    ),
    FormField::new("addr", "Host and port", "Such as clickhouse:9000.", Line).required(),
    FormField::new("database", "Database", "Empty for the default one.", Line),
    FormField::new("auth.user", "User name", "Empty for the default user.", Line),
    FormField::new("auth.password", "Password", "", Secret),
    FormField::new("tls_enable", "Encrypt the connection", "", Flag(false)),
    SKIP_VERIFY,
];

/// The categories of applications.
pub(in crate::ui) const CATEGORIES: &[FormField] = &[FormField::new(
    "categories",
    "Categories",
    "A name of 3 to 64 characters of a-z, 0-9, - and _, and patterns of applications, one a line, such as \
     namespace/name*.",
    Patterns,
)];

/// What all destinations of notifications share.
pub(in crate::ui) const BASE_URL: &[FormField] = &[FormField::new(
    "base_url",
    "Address of this interface",
    "Links in messages begin with it, such as https://headcount.example.com. Empty for messages without links.",
    Line,
)];

/// All destinations of notifications.
pub(in crate::ui) const DESTINATIONS: [DestinationFields; 5] = [
    DestinationFields {
        kind: AlertingIntegration::Slack,
        title: "Slack",
        fields: &[
            FormField::new(
                "token",
                "Bot token",
                "It begins with xoxb- and needs the scope chat:write.",
                Secret,
            )
            .required(),
            FormField::new("default_channel", "Channel", "The bot has to be a member of it.", Line)
                .required(),
            INCIDENTS,
        ],
    },
    DestinationFields {
        kind: AlertingIntegration::Teams,
        title: "Microsoft Teams",
        fields: &[
            FormField::new(
                "webhook_url",
                "Address of the incoming webhook",
                "A secret: it lets anybody post.",
                Secret,
            )
            .required(),
            INCIDENTS,
        ],
    },
    DestinationFields {
        kind: AlertingIntegration::Pagerduty,
        title: "PagerDuty",
        fields: &[
            FormField::new(
                "integration_key",
                "Integration key",
                "Of the Events API v2 of a service.",
                Secret,
            )
            .required(),
            INCIDENTS,
        ],
    },
    DestinationFields {
        kind: AlertingIntegration::Opsgenie,
        title: "Opsgenie",
        fields: &[
            FormField::new("api_key", "API key", "Of an API integration of a team.", Secret).required(),
            FormField::new("eu_instance", "The account is in the European Union", "", Flag(false)),
            INCIDENTS,
        ],
    },
    DestinationFields {
        kind: AlertingIntegration::Webhook,
        title: "Webhook",
        fields: &[
            FormField::new(
                "url",
                "Address",
                "An http or https URL; a secret, because it may have a token.",
                Secret,
            )
            .required(),
            FormField::new(
                "incident_template",
                "Template of the body",
                "In the language of Go's templates. Empty for JSON with everything.",
                Text,
            ),
            USER,
            PASSWORD,
            HEADERS,
            SKIP_VERIFY,
            INCIDENTS,
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_destination_has_its_fields() {
        let kinds: Vec<AlertingIntegration> =
            DESTINATIONS.iter().map(|destination| destination.kind).collect();
        assert_eq!(kinds.len(), AlertingIntegration::ALL.len());
        assert!(AlertingIntegration::ALL.iter().all(|kind| kinds.contains(kind)));
    }

    #[test]
    fn a_new_project_has_a_name_and_all_fields_of_prometheus() {
        let names = |fields: &[FormField]| fields.iter().map(|field| field.name).collect::<Vec<_>>();
        assert_eq!(names(NEW_PROJECT)[1..], names(PROMETHEUS));
        assert_eq!(names(NEW_PROJECT)[..1], names(PROJECT_NAME));
    }
}
