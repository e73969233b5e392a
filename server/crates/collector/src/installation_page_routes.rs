//! Serves the pages about single installations, which are for the administrator alone, and the form that deletes
//! one.

use axum::{
    Extension, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use headcount_fleet::calendar_day::CalendarDay;
use headcount_fleet_pages::{
    InstallationAnswers, InstallationChoice, NavigationEntry, PageFilter, PageShell, ReadReport, ReportCopy,
    SHOWN_INSTALLATIONS, deleted_page, deletion_form, installation_page, installations_page,
    pending_deletion_page, render_shell,
};
use headcount_platform::joined::joined;
use headcount_shared::{api::CollectorReport, json, payload::ProfileSection};
use headcount_web::{access::AccessRole, problem::ProblemResponse};
use serde::Deserialize;
use tokio::task;
use uuid::Uuid;

use super::{
    Collector, ReportLookup,
    deletion_routes::refusal,
    fleet_page_routes::{reader_of, requested_host},
    fleet_routes::{bad_request, profiled_resource},
    installation_deletion::InstallationRemoval,
    page_forms::EnteredFields,
    page_parameters::{PageParameters, PageQuery, chosen, page_parameters},
    report_profiles::ReportProfiles,
    routes::page_headers,
};

/// The reports of one page of the list.
const LISTED_REPORTS: u16 = 100;

type ReaderRole = Option<Extension<AccessRole>>;

/// The pages. They check no access.
pub(super) fn administrator_pages() -> Router<Collector> {
    Router::new()
        .route("/installations", get(installations))
        .route("/installations/{instance}", get(one_installation))
}

/// The form. It checks no access.
pub(super) fn deletion_forms() -> Router<Collector> {
    Router::new().route("/installations/{instance}/deletion", get(ask_for_deletion).post(delete))
}

/// A page about installations.
fn rendered(
    role: ReaderRole,
    title: &str,
    root: &str,
    filter: Option<&PageFilter>,
    content: &maud::Markup,
) -> Response {
    let shell = PageShell {
        title,
        root,
        reader: reader_of(role.map(|Extension(role)| role)),
        entry: Some(NavigationEntry::Installations),
        filter,
    };
    (page_headers(), render_shell(shell, content)).into_response()
}

/// The list of installations.
async fn installations(
    State(collector): State<Collector>,
    role: ReaderRole,
    query: PageQuery,
    headers: HeaderMap,
) -> Result<Response, ProblemResponse> {
    let now = collector.now().as_secs();
    let products = collector.fleet_reader().product_days().await?;
    let period = page_parameters(query)?.period(CalendarDay::from_unix_seconds(now), &products)?;
    let content =
        installations_page(&collector.fleet(SHOWN_INSTALLATIONS).await?, now, requested_host(&headers));
    let filter = PageFilter::of_period(&period);
    Ok(rendered(role, NavigationEntry::Installations.title(), "", Some(&filter), &content))
}

fn read_uuid(text: &str) -> Result<Uuid, ProblemResponse> {
    Uuid::try_parse(text).map_err(|_| bad_request("the address does not name an installation by its UUID"))
}

/// One installation.
async fn one_installation(
    State(collector): State<Collector>,
    Path(instance): Path<String>,
    role: ReaderRole,
    query: PageQuery,
) -> Result<Response, ProblemResponse> {
    let instance = read_uuid(&instance)?;
    let parameters = page_parameters(query)?;
    let now = collector.now().as_secs();
    let products = collector.fleet_reader().product_days().await?;
    let mut period = parameters.period(CalendarDay::from_unix_seconds(now), &products)?;
    period.rollup_lag = collector.rollup_lag().await?.behind.as_secs();
    let choice = installation_choice(parameters)?;
    let filter = PageFilter::of_period(&period);

    let installation = collector.installation(instance).await?;
    let history = collector.fleet_reader().installation(period, instance).await?;
    if installation.is_none() && history.days.is_empty() {
        let unknown = "no installation with this UUID is known";
        return Err(ProblemResponse::new(StatusCode::NOT_FOUND, unknown));
    }
    let mut reports = collector.reports_until(instance, choice.until.as_deref(), LISTED_REPORTS + 1).await?;
    let older = reports.get(usize::from(LISTED_REPORTS)).cloned();
    reports.truncate(LISTED_REPORTS.into());
    let pair = collector.reports_until(instance, choice.report.as_deref(), 2).await?;
    if pair.is_empty() && choice.report.is_some() {
        let unknown = "there is no report of this installation with this id";
        return Err(ProblemResponse::new(StatusCode::NOT_FOUND, unknown));
    }
    let mut copies = Vec::new();
    for report in &pair {
        copies.push(report_copy(&collector, report).await?);
    }
    let mut shown = pair.iter().zip(&copies);
    let products = collector.fleet_reader().products().await?.products;
    let answers = InstallationAnswers {
        installation: installation.as_ref(),
        history: &history,
        reports: &reports,
        older: older.as_ref(),
        shown: shown.next(),
        before: shown.next(),
        products: &products,
        now,
    };
    let content = installation_page(&filter, &choice, answers);
    Ok(rendered(role, "Installation", "../", Some(&filter), &content))
}

fn installation_choice(parameters: PageParameters) -> Result<InstallationChoice, ProblemResponse> {
    let resource = profiled_resource(chosen(parameters.resource).as_deref())?;
    let focus = chosen(parameters.focus).map(|focus| match focus.parse() {
        Ok(focus) => Ok((resource, focus)),
        Err(_) => Err(bad_request(format!("focus must be a number, not \"{focus}\""))),
    });
    Ok(InstallationChoice {
        report: chosen(parameters.report),
        until: chosen(parameters.until),
        focus: focus.transpose()?,
        function: chosen(parameters.function),
    })
}

/// A report as it was sent, read.
async fn report_copy(collector: &Collector, report: &CollectorReport) -> Result<ReportCopy, ProblemResponse> {
    let bytes = match collector.report(&report.id).await? {
        ReportLookup::Report(bytes) => bytes,
        ReportLookup::Damaged => return Ok(ReportCopy::Damaged),
        // It was listed a moment ago.
        ReportLookup::Dropped | ReportLookup::Unknown => return Ok(ReportCopy::Dropped),
    };
    let read = joined(task::spawn_blocking(move || read_report(&bytes))).await;
    read.map_err(|error| ProblemResponse::internal(&error))
}

/// Reads a report. What is stored was read before, so that it can be.
fn read_report(bytes: &[u8]) -> ReportCopy {
    let Ok(content) = json::parse(bytes) else { return ReportCopy::Damaged };
    let section = content.get("profile").map(ProfileSection::deserialize);
    let profiles = ReportProfiles::decode(&section.and_then(Result::ok).unwrap_or_default());
    let ReportProfiles { cpu, heap, unreadable } = profiles;
    ReportCopy::Kept(ReadReport { content, cpu, heap, unreadable_profiles: unreadable })
}

/// Asks whether an installation is to be deleted.
async fn ask_for_deletion(
    State(collector): State<Collector>,
    Path(instance): Path<String>,
    role: ReaderRole,
) -> Result<Response, ProblemResponse> {
    let instance = read_uuid(&instance)?;
    let installation = collector.installation(instance).await?;
    let content = deletion_form(&instance.to_string(), installation.as_ref(), None);
    Ok(rendered(role, DELETION_TITLE, DELETION_ROOT, None, &content))
}

/// What is said of a form that was not confirmed.
const NOT_CONFIRMED: &str = "Nothing was deleted, because the deletion was not confirmed.";

const DELETION_TITLE: &str = "Delete an installation";

/// The way from the form to the address of the collector.
const DELETION_ROOT: &str = "../../";

/// Deletes an installation.
async fn delete(
    State(collector): State<Collector>,
    Path(instance): Path<String>,
    role: ReaderRole,
    Extension(form): Extension<EnteredFields>,
) -> Result<Response, ProblemResponse> {
    let instance = read_uuid(&instance)?;
    let uuid = instance.to_string();
    if form.value("confirmed") != "yes" {
        let installation = collector.installation(instance).await?;
        let content = deletion_form(&uuid, installation.as_ref(), Some(NOT_CONFIRMED));
        let page = rendered(role, DELETION_TITLE, DELETION_ROOT, None, &content);
        return Ok((StatusCode::BAD_REQUEST, page).into_response());
    }
    let content = match collector.delete_by_operator(instance).await.map_err(refusal)? {
        InstallationRemoval::Removed(receipt) => deleted_page(&uuid, &receipt),
        InstallationRemoval::Pending => pending_deletion_page(&uuid),
    };
    Ok(rendered(role, DELETION_TITLE, DELETION_ROOT, None, &content))
}
