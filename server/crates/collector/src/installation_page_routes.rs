//! Serves the pages about single installations, which are for the administrator alone.

use axum::{
    Extension, Router,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
    routing::get,
};
use headcount_fleet::calendar_day::CalendarDay;
use headcount_fleet_pages::{NavigationEntry, PageFilter, PageShell, installations_page, render_shell};
use headcount_web::{access::AccessRole, problem::ProblemResponse};

use super::{
    Collector,
    fleet_page_routes::{PageQuery, page_parameters, reader_of},
    routes::page_headers,
};

/// The pages. They check no access.
pub(super) fn administrator_pages() -> Router<Collector> {
    Router::new().route("/installations", get(installations))
}

/// The list of installations.
async fn installations(
    State(collector): State<Collector>,
    role: Option<Extension<AccessRole>>,
    query: PageQuery,
    headers: HeaderMap,
) -> Result<Response, ProblemResponse> {
    let now = collector.now().as_secs();
    let period = page_parameters(query)?.period(CalendarDay::from_unix_seconds(now))?;
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let entry = NavigationEntry::Installations;
    let shell = PageShell {
        title: entry.title(),
        root: "",
        reader: reader_of(role.map(|Extension(role)| role)),
        entry: Some(entry),
        filter: Some(&PageFilter::of_period(&period)),
    };
    let content = installations_page(&collector.fleet().await?, now, host);
    Ok((page_headers(), render_shell(shell, &content)).into_response())
}
