//! Lists the headers of the request that delivers a report: all that leaves an installation besides the
//! report itself.

use alloc::{format, string::String};

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
}

/// All headers that a report can be sent with. The interface, `docs/payload.md` and the tests of deliveries
/// read this list.
pub const DELIVERY_HEADERS: [DeliveryHeader; 7] = [
    DeliveryHeader {
        name: "host",
        value: "the collector's name",
        reason: "Which server is meant: HTTP asks for it.",
        always: true,
    },
    DeliveryHeader {
        name: "content-type",
        value: "`application/json`",
        reason: "What the body is.",
        always: true,
    },
    DeliveryHeader {
        name: "content-length",
        value: "the size of the report",
        reason: "Where the body ends: HTTP asks for it.",
        always: true,
    },
    DeliveryHeader {
        name: "accept",
        value: "`*/*`",
        reason: "The HTTP client sends it; it is the same everywhere.",
        always: true,
    },
    DeliveryHeader {
        name: "user-agent",
        value: "`headcount/<version>`",
        reason: "The version of this program, which the report tells too.",
        always: true,
    },
    DeliveryHeader {
        name: "idempotency-key",
        value: "the id of the report",
        reason: "A report that is sent again counts once. It is a UUID of version 7: the second in which the report was made, \
                 which `profile.to` tells too, and random bits.",
        always: true,
    },
    DeliveryHeader {
        name: "headcount-replica",
        value: "`1`",
        reason: "Only from a server that shares its database with others and does not lead them.",
        always: false,
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
