//! Answers what became of every report: `GET <base>api/fleet/trust`.

use std::sync::Arc;

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use headcount_fleet::{
    answers::answer_period::{AnswerPeriod, PeriodParameters},
    calendar_day::CalendarDay,
};
use headcount_shared::api::{FleetTrustAnswer, FleetTrustCount, FleetTrustDay, FleetTrustTotals, Problem};
use headcount_web::{described_refusals::GuardedResponses, problem::ProblemResponse};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Collector, DEFAULT_PRODUCT, DatabaseUnreadable,
    fleet_csv::CsvAnswer,
    fleet_routes::{AnswerFormat, bad_request, formatted},
    intake_entry::{IntakeEntry, StoredRemark},
    intake_ledger::{IntakeTally, LedgerSums, TallyKey},
    query_refusal::query_refusal,
};

/// The route. It checks no access.
pub(super) fn trust_routes() -> OpenApiRouter<Collector> {
    OpenApiRouter::new().routes(routes!(trust))
}

/// Which days, and the form of the answer.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct TrustParameters {
    /// The product, or `other` for those without a place; all without.
    product: Option<String>,
    /// The first day, such as `2026-11-28`; 30 days with the last one, without.
    from: Option<String>,
    /// The last day; today without.
    to: Option<String>,
    /// `json`, or `csv` for a file.
    format: Option<String>,
}

/// What became of every report that arrived, by day: a ledger that balances.
#[utoipa::path(get, path = "/api/fleet/trust", tag = "fleet", params(TrustParameters), responses(
    (status = 200, description = "The days, and the sums since the beginning.", body = FleetTrustAnswer),
    (status = 400, description = "A parameter is invalid.", body = Problem, content_type = "application/problem+json"), GuardedResponses))]
async fn trust(
    State(collector): State<Collector>,
    query: Result<Query<TrustParameters>, QueryRejection>,
) -> Result<Response, ProblemResponse> {
    let Query(TrustParameters { product, from, to, format }) =
        query.map_err(|rejection| query_refusal(&rejection))?;
    let format = AnswerFormat::from_parameter(format.as_deref())?;
    let today = CalendarDay::from_unix_seconds(collector.now().as_secs());
    let days = PeriodParameters { from, to, ..PeriodParameters::default() };
    let AnswerPeriod { first, last, .. } = AnswerPeriod::from_parameters(days, DEFAULT_PRODUCT, today)
        .map_err(|invalid| bad_request(invalid.to_string()))?;
    formatted(&collector.trust(product, first, last).await?, format)
}

impl Collector {
    /// Whether the store keeps a ledger.
    pub(super) fn keeps_ledger(&self) -> bool {
        self.inner.store.keeps_ledger()
    }

    /// What became of the reports that arrived from one day to another, both included, of a product or of
    /// all.
    ///
    /// # Errors
    /// [`DatabaseUnreadable`].
    pub async fn trust(
        &self,
        product: Option<String>,
        first: CalendarDay,
        last: CalendarDay,
    ) -> Result<FleetTrustAnswer, DatabaseUnreadable> {
        let computed_at = self.now().as_secs();
        // A disk that is full must not hide what is refused because of it.
        let unwritten = self.unwritten().await?;
        let store = &self.inner.store;
        let mut days = self.read(store.ledger(first, last, product.as_deref()).await)?;
        let mut whole = self.read(store.whole_ledger(product.as_deref()).await)?;
        for (TallyKey { day, product: counted, entry }, count) in unwritten.counts {
            if product.as_ref().is_some_and(|product| *product != counted) {
                continue;
            }
            whole.add(entry, count);
            if (first..=last).contains(&day) {
                days.entry(day).or_default().add(entry, count);
            }
        }
        Ok(FleetTrustAnswer {
            product,
            from: first.to_string(),
            to: last.to_string(),
            computed_at,
            days: days.iter().map(|(day, sums)| trust_day(*day, sums)).collect(),
            since_beginning: totals(&whole),
        })
    }

    /// Writes what is counted, even if the request that needs it ends before. Returns what cannot be written.
    async fn unwritten(&self) -> Result<IntakeTally, DatabaseUnreadable> {
        let flush = Arc::clone(&self.inner.flush);
        let written = self.inner.tasks.spawn(async move { flush.write_or_return().await }).await;
        written.map_err(|_| DatabaseUnreadable)
    }

    /// Writes what is counted and not in the database yet, even if the request that needs it ends before.
    pub(super) async fn write_ledger(&self) -> Result<(), DatabaseUnreadable> {
        let flush = Arc::clone(&self.inner.flush);
        let written = self.inner.tasks.spawn(async move { flush.write().await }).await;
        written.map_err(|_| DatabaseUnreadable)?.map_err(|_| DatabaseUnreadable)
    }
}

fn trust_day(day: CalendarDay, sums: &LedgerSums) -> FleetTrustDay {
    let remark = |remark| sums.of(IntakeEntry::Remark(remark));
    let named = |name: fn(IntakeEntry) -> Option<&'static str>| {
        let counts = sums.entries().filter_map(|(entry, count)| Some((name(entry)?, count)));
        counts.map(|(name, count)| FleetTrustCount { name: name.to_owned(), count }).collect()
    };
    FleetTrustDay {
        day: day.to_string(),
        received: sums.of(IntakeEntry::Received),
        stored: sums.of(IntakeEntry::Stored),
        not_stored: named(|entry| match entry {
            IntakeEntry::NotStored(reason) => Some(reason.name()),
            _ => None,
        }),
        late: remark(StoredRemark::Late),
        overlaps: remark(StoredRemark::Overlap),
        gaps: remark(StoredRemark::Gap),
        gaps_closed: remark(StoredRemark::GapClosed),
        clones: remark(StoredRemark::Clone),
        unreadable_profiles: remark(StoredRemark::UnreadableProfile),
        without_raw_copy: remark(StoredRemark::WithoutRawCopy),
        set_aside: named(|entry| match entry {
            IntakeEntry::SetAside(field) => Some(field.name()),
            _ => None,
        }),
        dropped: named(|entry| match entry {
            IntakeEntry::Dropped(drop) => Some(drop.name()),
            _ => None,
        }),
    }
}

fn totals(sums: &LedgerSums) -> FleetTrustTotals {
    let (stored, kept) = (sums.of(IntakeEntry::Stored), sums.kept());
    FleetTrustTotals {
        received: sums.of(IntakeEntry::Received),
        stored,
        not_stored: sums.not_stored(),
        dropped: stored - kept,
        kept,
    }
}

impl CsvAnswer for FleetTrustAnswer {
    fn columns(&self) -> Vec<String> {
        ["day", "number", "name", "count"].map(str::to_owned).to_vec()
    }

    fn rows(&self) -> Vec<Vec<String>> {
        self.days.iter().flat_map(rows_of_day).collect()
    }
}

/// The rows of a day: every number, and of those with names each name.
fn rows_of_day(day: &FleetTrustDay) -> Vec<Vec<String>> {
    let row = |number: &str, name: &str, count: u64| {
        vec![day.day.clone(), number.to_owned(), name.to_owned(), count.to_string()]
    };
    let numbers = [
        ("received", day.received),
        ("stored", day.stored),
        ("late", day.late),
        ("overlaps", day.overlaps),
        ("gaps", day.gaps),
        ("gaps_closed", day.gaps_closed),
        ("clones", day.clones),
        ("unreadable_profiles", day.unreadable_profiles),
        ("without_raw_copy", day.without_raw_copy),
    ];
    let named = [("not_stored", &day.not_stored), ("set_aside", &day.set_aside), ("dropped", &day.dropped)];
    let named =
        named.into_iter().flat_map(|(number, counts)| counts.iter().map(move |count| (number, count)));
    let numbers = numbers.into_iter().map(|(number, count)| row(number, "", count));
    numbers.chain(named.map(|(number, count)| row(number, &count.name, count.count))).collect()
}
