//! Answers what releases changed: `api/fleet/changes`, `api/fleet/weeks`, the feed and the mail of the weeks,
//! and sets the notes of the maker.

use axum::{
    Extension, Json, Router,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use headcount_fleet::{
    answers::{
        answer_period::{AnswerPeriod, PeriodParameters},
        changes_answer::weeks_answer,
    },
    calendar_day::CalendarDay,
    changes::weekly_summary::{FeedAddresses, WeeklySummary, atom_feed, is_disruptive},
};
use headcount_shared::{
    api::{FleetChangesAnswer, FleetWeeksAnswer, NewFleetNotes, Problem},
    json::StrictJson,
};
use headcount_web::{described_refusals::GuardedResponses, problem::ProblemResponse};
use reqwest::Url;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Collector, DEFAULT_PRODUCT,
    fleet_csv::CsvAnswer,
    fleet_page_routes::requested_host,
    fleet_routes::{AnswerFormat, bad_request, formatted},
    page_forms::EnteredFields,
    query_refusal::query_refusal,
};

/// The most notes of a day.
const MOST_NOTES: usize = 10;

/// The most characters of a note.
const NOTE_CHARACTERS: usize = 200;

/// The routes. They check no access.
pub(super) fn change_routes() -> OpenApiRouter<Collector> {
    OpenApiRouter::new()
        .routes(routes!(changes))
        .routes(routes!(weeks))
        .routes(routes!(weeks_feed))
        .routes(routes!(week_mail))
        .routes(routes!(set_notes))
}

/// Which days, and the form of the answer.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ChangeParameters {
    /// The product; `coroot` without.
    product: Option<String>,
    /// The first day, such as `2026-11-28`; 30 days with the last one, without.
    from: Option<String>,
    /// The last day; today without.
    to: Option<String>,
    /// `json`, or `csv` for a file with the changes.
    format: Option<String>,
}

/// Which product.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ProductParameters {
    /// The product; `coroot` without.
    product: Option<String>,
}

/// What releases changed, with releases, changes of what is reported, gaps and notes.
#[utoipa::path(get, path = "/api/fleet/changes", tag = "fleet", params(ChangeParameters), responses(
    (status = 200, description = "What happened on these days.", body = FleetChangesAnswer),
    (status = 400, description = "A parameter is invalid.", body = Problem, content_type = "application/problem+json"), GuardedResponses))]
async fn changes(
    State(collector): State<Collector>,
    query: Result<Query<ChangeParameters>, QueryRejection>,
) -> Result<Response, ProblemResponse> {
    let Query(ChangeParameters { product, from, to, format }) = read(query)?;
    let format = AnswerFormat::from_parameter(format.as_deref())?;
    let parameters = PeriodParameters { product, from, to, ..PeriodParameters::default() };
    let period = AnswerPeriod::from_parameters(parameters, DEFAULT_PRODUCT, today(&collector))
        .map_err(|invalid| bad_request(invalid.to_string()))?;
    formatted(&collector.fleet_reader().changes(period).await?, format)
}

/// The weeks of the fleet in sentences.
#[utoipa::path(get, path = "/api/fleet/weeks", tag = "fleet", params(ProductParameters), responses(
    (status = 200, description = "The weeks, the newest first.", body = FleetWeeksAnswer),
    (status = 400, description = "A parameter is invalid.", body = Problem, content_type = "application/problem+json"), GuardedResponses))]
async fn weeks(
    State(collector): State<Collector>,
    query: Result<Query<ProductParameters>, QueryRejection>,
) -> Result<Json<FleetWeeksAnswer>, ProblemResponse> {
    let ToldWeeks { product, summaries } = told_weeks(&collector, query).await?;
    Ok(Json(weeks_answer(&product, &summaries)))
}

/// The weeks of the fleet as an Atom feed, with an entry for each week that is over.
#[utoipa::path(get, path = "/api/fleet/weeks.atom", tag = "fleet", params(ProductParameters), responses(
    (status = 200, description = "The feed.", body = String, content_type = "application/atom+xml"),
    (status = 400, description = "A parameter is invalid.", body = Problem, content_type = "application/problem+json"), GuardedResponses))]
async fn weeks_feed(
    State(collector): State<Collector>,
    public: Option<Extension<PublicAddress>>,
    headers: HeaderMap,
    query: Result<Query<ProductParameters>, QueryRejection>,
) -> Result<Response, ProblemResponse> {
    let ToldWeeks { product, summaries } = told_weeks(&collector, query).await?;
    let base = base_address(public, &headers);
    let feed = format!("{base}api/fleet/weeks.atom?{}", product_query(&product));
    let page = format!("{base}changes?{}", product_query(&product));
    let feed = atom_feed(&product, FeedAddresses { feed: &feed, page: &page }, &summaries);
    Ok(([(header::CONTENT_TYPE, "application/atom+xml; charset=utf-8")], feed).into_response())
}

/// The newest week of the fleet that is over, as the text of a mail.
#[utoipa::path(get, path = "/api/fleet/weeks.txt", tag = "fleet", params(ProductParameters), responses(
    (status = 200, description = "The body of the mail, with its subject in the first line.", body = String, content_type = "text/plain"),
    (status = 400, description = "A parameter is invalid.", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "No week is over yet.", body = Problem, content_type = "application/problem+json"), GuardedResponses))]
async fn week_mail(
    State(collector): State<Collector>,
    public: Option<Extension<PublicAddress>>,
    headers: HeaderMap,
    query: Result<Query<ProductParameters>, QueryRejection>,
) -> Result<Response, ProblemResponse> {
    let ToldWeeks { product, summaries } = told_weeks(&collector, query).await?;
    let Some(newest) = summaries.iter().find(|summary| summary.is_over()) else {
        return Err(ProblemResponse::new(StatusCode::NOT_FOUND, "no week of this product is over yet"));
    };
    let page = format!("{}changes?{}", base_address(public, &headers), product_query(&product));
    let content_type = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    Ok((content_type, newest.mail_body(&page)).into_response())
}

/// Sets what the maker notes of a day; charts show it there.
#[utoipa::path(put, path = "/api/fleet/notes/{day}", tag = "fleet", params(("day" = String, Path, description = "The day, such as `2026-11-28`."), ProductParameters), request_body = NewFleetNotes, responses(
    (status = 204, description = "The day has these notes."),
    (status = 400, description = "The day, a parameter or the body is invalid.", body = Problem, content_type = "application/problem+json"), GuardedResponses))]
async fn set_notes(
    State(collector): State<Collector>,
    Path(day): Path<String>,
    query: Result<Query<ProductParameters>, QueryRejection>,
    body: Result<Json<StrictJson<NewFleetNotes>>, axum::extract::rejection::JsonRejection>,
) -> Result<StatusCode, ProblemResponse> {
    let Query(ProductParameters { product }) = read(query)?;
    let Json(StrictJson(NewFleetNotes { notes })) =
        body.map_err(|rejection| bad_request(rejection.body_text()))?;
    let day =
        day.parse().map_err(|_| bad_request(format!("the day must be like 2026-11-28, not \"{day}\"")))?;
    collector.set_fleet_notes(product.as_deref().unwrap_or(DEFAULT_PRODUCT), day, notes).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The form that adds or removes a note. It checks no access.
pub(super) fn note_forms() -> Router<Collector> {
    Router::new().route("/notes", post(change_notes))
}

/// Adds a note to a day, or removes one, and shows the page again.
async fn change_notes(
    State(collector): State<Collector>,
    Extension(form): Extension<EnteredFields>,
) -> Result<Response, ProblemResponse> {
    let [product, from, to, day] = ["product", "from", "to", "day"].map(|name| form.value(name));
    let (note, remove) = (form.value("note"), form.value("remove"));
    let noted = read_day(day)?;
    let _turn = collector.fleet_reader().change_notes().await;
    let mut notes = collector.fleet_reader().notes(product, noted).await?;
    if remove.is_empty() {
        notes.push(note.to_owned());
    } else {
        notes.retain(|note| *note != remove);
    }
    collector.set_fleet_notes(product, noted, notes).await?;
    let (first, last) = (read_day(from)?.min(noted), read_day(to)?.max(noted));
    let query = [("product", product.to_owned()), ("from", first.to_string()), ("to", last.to_string())];
    let query = serde_urlencoded::to_string(query).unwrap_or_default();
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, format!("changes?{query}#notes"))]).into_response())
}

fn read_day(day: &str) -> Result<CalendarDay, ProblemResponse> {
    day.parse().map_err(|_| bad_request(format!("the day must be like 2026-11-28, not \"{day}\"")))
}

impl Collector {
    /// Sets what the maker notes of a day, in place of the notes before.
    ///
    /// # Errors
    /// A sentence about notes that are empty, too long or too many, about a product without numbers, or about
    /// the database.
    pub(super) async fn set_fleet_notes(
        &self,
        product: &str,
        day: CalendarDay,
        notes: Vec<String>,
    ) -> Result<(), ProblemResponse> {
        let notes: Vec<_> = notes.iter().map(|note| note.trim().to_owned()).collect();
        if notes.len() > MOST_NOTES {
            return Err(bad_request(format!("a day has at most {MOST_NOTES} notes")));
        }
        let is_note = |note: &String| {
            (1..=NOTE_CHARACTERS).contains(&note.chars().count()) && !note.chars().any(is_disruptive)
        };
        if !notes.iter().all(is_note) {
            let must = format!("a note must have 1 to {NOTE_CHARACTERS} characters, on one line");
            return Err(bad_request(must));
        }
        if !self.fleet_reader().products().await?.products.iter().any(|known| known == product) {
            return Err(bad_request(format!("no installation of the product \"{product}\" has reported")));
        }
        Ok(self.fleet_reader().set_notes(product, day, &notes, self.now().as_secs()).await?)
    }
}

/// The weeks of a product that are told.
struct ToldWeeks {
    product: String,
    summaries: Vec<WeeklySummary>,
}

async fn told_weeks(
    collector: &Collector,
    query: Result<Query<ProductParameters>, QueryRejection>,
) -> Result<ToldWeeks, ProblemResponse> {
    let Query(ProductParameters { product }) = read(query)?;
    let product = product.unwrap_or_else(|| DEFAULT_PRODUCT.to_owned());
    let summaries = collector.fleet_reader().weekly_summaries(&product, today(collector)).await?;
    Ok(ToldWeeks { product, summaries })
}

fn product_query(product: &str) -> String {
    // A text can always be written.
    serde_urlencoded::to_string([("product", product)]).unwrap_or_default()
}

fn read<T>(query: Result<Query<T>, QueryRejection>) -> Result<Query<T>, ProblemResponse> {
    query.map_err(|rejection| query_refusal(&rejection))
}

fn today(collector: &Collector) -> CalendarDay {
    CalendarDay::from_unix_seconds(collector.now().as_secs())
}

/// The address at which readers reach the collector, if its operator said so; handlers find it in extensions.
#[derive(Debug, Clone)]
pub(super) struct PublicAddress(pub Option<Url>);

/// The address of the collector: the public one, or as the client names it. A feed needs absolute addresses.
fn base_address(public: Option<Extension<PublicAddress>>, headers: &HeaderMap) -> String {
    if let Some(Extension(PublicAddress(Some(public)))) = public {
        return format!("{}/", public.as_str().trim_end_matches('/'));
    }
    format!("http://{}/", requested_host(headers).unwrap_or("localhost"))
}

impl CsvAnswer for FleetChangesAnswer {
    fn columns(&self) -> Vec<String> {
        [
            "release",
            "released_on",
            "previous",
            "kind",
            "name",
            "unit",
            "size",
            "low",
            "high",
            "found_on",
            "certainty",
            "confirmed",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let row = |change: &headcount_shared::api::FleetChange| {
            let texts = [
                &change.release,
                &change.released_on,
                &change.previous,
                &change.kind,
                &change.name,
                &change.unit,
            ];
            let numbers = [change.size, change.low, change.high].map(|number| number.to_string());
            let end = [change.found_on.clone(), change.certainty.to_string(), change.confirmed.to_string()];
            texts.into_iter().cloned().chain(numbers).chain(end).collect()
        };
        self.changes.iter().map(row).collect()
    }
}
