//! Lists the headers of the request that delivers a report: all that leaves an installation besides the
//! report itself.

use alloc::{format, string::String};

/// The header with the program that made a report, and its version.
pub const USER_AGENT: &str = "user-agent";

/// The header with the id of a report, which makes a report that is sent again count once.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The header of a report from a server that shares its database with others and does not lead them.
pub const REPLICA: &str = "headcount-replica";

/// The header with the commitment of an installation to the secret with which it can delete its reports.
pub const COMMITMENT: &str = "deletion-commitment";

/// The header with the name of the product that a report is about.
pub const PRODUCT: &str = "headcount-product";

/// A header of the request that delivers a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryHeader {
    /// Its name, in lower case.
    pub name: &'static str,
    /// Its value.
    pub value: &'static str,
    /// Why it is there, in one sentence.
    pub reason: &'static str,
    /// Whether every report has it.
    pub always: bool,
    /// Whether it is stored with a report, because it depends on the installation that made it.
    pub depends_on_installation: bool,
}

/// All headers that a report can be sent with. The interface, `docs/payload.md` and the tests of deliveries
/// read this list.
pub const DELIVERY_HEADERS: [DeliveryHeader; 9] = [
    DeliveryHeader {
        name: "host",
        value: "the collector's name",
        reason: "Which server is meant: HTTP asks for it.",
        always: true,
        depends_on_installation: false,
    },
    DeliveryHeader {
        name: "content-type",
        value: "`application/json`",
        reason: "What the body is.",
        always: true,
        depends_on_installation: false,
    },
    DeliveryHeader {
        name: "content-length",
        value: "the size of the report",
        reason: "Where the body ends: HTTP asks for it.",
        always: true,
        depends_on_installation: false,
    },
    DeliveryHeader {
        name: "accept",
        value: "`*/*`",
        reason: "The HTTP client sends it; it is the same everywhere.",
        always: true,
        depends_on_installation: false,
    },
    DeliveryHeader {
        name: USER_AGENT,
        value: "`headcount/<version>`",
        reason: "The version of this program that made the report. Without a product, the report tells it too.",
        always: true,
        depends_on_installation: true,
    },
    DeliveryHeader {
        name: IDEMPOTENCY_KEY,
        value: "the id of the report",
        reason: "A report that is sent again counts once. It is a UUID of version 7: the second in which the report was made, \
                 which `profile.to` tells too, and random bits.",
        always: true,
        depends_on_installation: false,
    },
    DeliveryHeader {
        name: COMMITMENT,
        value: "64 hexadecimal digits",
        reason: "With it, this installation and nobody else can delete what it sent: the SHA-256 of a label, its UUID and \
                 the secret in `instance.secret`, which is told to the collector only with that request.",
        always: true,
        depends_on_installation: true,
    },
    DeliveryHeader {
        name: REPLICA,
        value: "`1`",
        reason: "Only from a server that shares its database with others and does not lead them.",
        always: false,
        depends_on_installation: true,
    },
    DeliveryHeader {
        name: PRODUCT,
        value: "the name of the product",
        reason: "Which product the report is about, as `--product` names it. Only with that flag.",
        always: false,
        depends_on_installation: true,
    },
];

/// The headers as a table in Markdown, for `docs/payload.md`.
#[must_use]
pub fn markdown_table() -> String {
    let mut table = String::from("| header | value | why |\n|---|---|---|\n");
    for DeliveryHeader { name, value, reason, .. } in DELIVERY_HEADERS {
        table.push_str(&format!("| `{name}` | {value} | {reason} |\n"));
    }
    table
}
