//! `GET <base>api/fleet/changes` and `GET <base>api/fleet/weeks` of a collector: what releases changed, and
//! what else happened to a fleet. `PUT <base>api/fleet/notes/{day}` sets what the maker notes of a day.

use serde::{Deserialize, Serialize};

/// What happened to the fleet of a product from one day to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetChangesAnswer {
    /// The product.
    pub product: String,
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
    /// The last day that was looked at; `null` before the first one. A day is looked at two hours after its
    /// end.
    pub looked_at: Option<String>,
    /// The releases of these days, in order.
    pub releases: Vec<FleetRelease>,
    /// What was found on these days, by release, then by field.
    pub changes: Vec<FleetChange>,
    /// The releases and changes of the days before; `null` if none is known.
    pub before: Option<FleetChangesBefore>,
    /// The first days on which reports had something new, in order.
    pub schema_changes: Vec<FleetSchemaChange>,
    /// The days of which the collector has too few reports, in order.
    pub gaps: Vec<FleetGap>,
    /// What the maker notes of these days, in order.
    pub notes: Vec<FleetDayNotes>,
}

/// How much is known of the days before those of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetChangesBefore {
    /// The day of the first of these releases and changes.
    pub from: String,
    /// The number of releases.
    pub releases: u64,
    /// The number of changes.
    pub changes: u64,
}

/// A version that was taken by at least 5 installations and 0.5 % of all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetRelease {
    /// The version.
    pub version: String,
    /// The first day on which so many had it.
    pub released_on: String,
    /// The installations that have it on the last day that was looked at, until `to`.
    pub installations: u64,
    /// All installations of that day.
    pub total: u64,
    /// The days from the release until half of all installations had it; `null` if they do not yet.
    pub days_to_half: Option<u32>,
}

/// What a release changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetChange {
    /// The version of the release.
    pub release: String,
    /// Its first day.
    pub released_on: String,
    /// The version before it.
    pub previous: String,
    /// What kind of number changed, such as `query` or `cpu_function`.
    pub kind: String,
    /// The name of the number in reports.
    pub name: String,
    /// What changed, in words: `the time of the query up`.
    pub field: String,
    /// `relative`: by which part the value is another one; `share`: by how much the share of installations
    /// is another one.
    pub unit: String,
    /// The most likely size: 0.1 for a tenth more, or for ten of a hundred installations more.
    pub size: f64,
    /// The lower end of the interval that has the true size in it with a probability of 95 %.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// The last day of the data in which it was found.
    pub found_on: String,
    /// The probability, 0 to 1, that chance alone would have found nothing so clear.
    pub certainty: f64,
    /// Whether the interval is on one side of 0. If it is not, later days did not confirm what was found.
    pub confirmed: bool,
    /// All of it in a sentence.
    pub sentence: String,
}

/// The first day on which reports had numbers of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetSchemaChange {
    /// The day.
    pub day: String,
    /// The tables with their first numbers, such as `queries`.
    pub tables: Vec<String>,
}

/// Days of which the collector has less than half of the usual reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetGap {
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
    /// The reports of these days.
    pub received: u64,
    /// The reports that so many days usually have.
    pub usual: u64,
}

/// What the maker notes of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetDayNotes {
    /// The day.
    pub day: String,
    /// The notes.
    pub notes: Vec<String>,
}

/// The notes of a day, in place of those before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewFleetNotes {
    /// At most 10 notes of at most 200 characters. None removes those of the day.
    pub notes: Vec<String>,
}

/// The weeks of a fleet in sentences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetWeeksAnswer {
    /// The product.
    pub product: String,
    /// The weeks that were looked at, the newest first; at most 13. The newest one may not be over.
    pub weeks: Vec<FleetWeek>,
}

/// A week in sentences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetWeek {
    /// Its Monday.
    pub week: String,
    /// The last day that is counted: its Sunday, or an earlier day if the week is not over.
    pub last_day: String,
    /// Whether all of its days are counted. If they are not, the sentences will be others.
    pub is_over: bool,
    /// What happened.
    pub sentences: Vec<FleetSentence>,
}

/// A sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetSentence {
    /// What it is about: `activity`, `releases`, `changes` or `gaps`.
    pub topic: String,
    /// The sentence.
    pub text: String,
}
