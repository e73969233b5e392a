//! Serves the pages about the fleet: gathers the answers of each, and has it rendered.

use axum::{
    Extension, Router,
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse, Response},
    routing::get,
};
use headcount_fleet::{
    answers::{
        answer_period::{AnswerPeriod, PeriodParameters},
        changes_answer::weeks_answer,
        distributions_answer::DistributionGroup,
        shares_answer::ShareLabel,
    },
    calendar_day::CalendarDay,
    cells::cell_table::CellTable,
    profiles::FunctionShare,
};
use headcount_fleet_pages::{
    ChangeAnswers, EnvironmentAnswers, FeatureAnswers, FleetPage, OverviewAnswers, PageFilter, PageFrame,
    PageReader, PerformanceAnswers, ProfileAnswers, ProfileChoice, ShownProfiles, UsageAnswers, changes_page,
    environment_page, features_page, overview_page, performance_page, profiles_page, render_page, trust_page,
    usage_page, versions_page,
};
use headcount_shared::api::{FleetDistributionsAnswer, FleetSharesAnswer};
use headcount_web::{access::AccessRole, problem::ProblemResponse};
use maud::Markup;
use serde::Deserialize;

use super::{
    Collector, DEFAULT_PRODUCT,
    fleet_profiles::ComparedVersions,
    fleet_reader::FleetReadError,
    fleet_routes::{bad_request, flame_measure, profiled_resource},
    published_page_routes::published,
    published_routes::USUAL_DAYS,
    routes::{page_headers, style_sheet},
};

/// The versions that can be chosen.
const CHOOSABLE_VERSIONS: usize = 100;

/// The pages for analysts. They check no access.
pub(super) fn analyst_pages() -> Router<Collector> {
    FleetPage::ALL.into_iter().fold(Router::new(), |router, page| {
        let serve =
            async move |collector: State<Collector>,
                        role: Option<Extension<AccessRole>>,
                        query: PageQuery| { serve_page(page, collector, role, query).await };
        router.route(&format!("/{}", page.path()), get(serve))
    })
}

/// The page of a role: the overview of the fleet, and for a viewer what is published.
pub(super) async fn first_page(
    collector: State<Collector>,
    role: Option<Extension<AccessRole>>,
    query: PageQuery,
) -> Result<Response, ProblemResponse> {
    match role {
        Some(Extension(AccessRole::Viewer)) => published(collector, role, query).await,
        Some(Extension(AccessRole::Analyst | AccessRole::Administrator)) | None => {
            serve_page(FleetPage::Overview, collector, role, query).await
        }
    }
}

/// Who looks at a page. Without access control that is the administrator.
pub(super) fn reader_of(role: Option<AccessRole>) -> PageReader {
    match role {
        Some(AccessRole::Viewer) => PageReader::Viewer,
        Some(AccessRole::Analyst) => PageReader::Analyst,
        Some(AccessRole::Administrator) | None => PageReader::Administrator,
    }
}

/// The style sheet of pages.
pub(super) async fn style() -> impl IntoResponse {
    style_sheet([headcount_charts::STYLE, headcount_fleet_pages::STYLE].concat())
}

/// What a page is about. A form sends what was not chosen as an empty text.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PageParameters {
    product: String,
    from: String,
    to: String,
    version: String,
    database: String,
    size: String,
    pub(super) resource: String,
    measure: String,
    before: String,
    after: String,
    pub(super) focus: String,
    function: String,
    /// One installation alone: the report that is shown.
    pub(super) report: String,
    /// One installation alone: the newest report of the list.
    pub(super) until: String,
    /// What is published alone: the day of the release that is shown.
    pub(super) day: String,
}

/// The parameters of a page, as they were sent.
pub(super) type PageQuery = Result<Query<PageParameters>, QueryRejection>;

/// The parameters of a page.
///
/// # Errors
/// A sentence about one that is unknown, or given twice.
pub(super) fn page_parameters(query: PageQuery) -> Result<PageParameters, ProblemResponse> {
    query.map(|Query(parameters)| parameters).map_err(|rejection| bad_request(rejection.body_text()))
}

pub(super) fn chosen(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

impl PageParameters {
    /// The same from a year before the last day on, unless a first day is given: as the API of what is published.
    pub(super) fn period_of_releases(&self, today: CalendarDay) -> Result<AnswerPeriod, ProblemResponse> {
        let last = if self.to.is_empty() { Some(today) } else { self.to.parse().ok() };
        match last.filter(|_| self.from.is_empty()) {
            Some(last) => {
                let from = last.minus_days(USUAL_DAYS - 1).to_string();
                Self { from, ..self.clone() }.period(today)
            }
            None => self.period(today),
        }
    }

    pub(super) fn period(&self, today: CalendarDay) -> Result<AnswerPeriod, ProblemResponse> {
        let text = |text: &str| chosen(text.to_owned());
        let parameters = PeriodParameters {
            product: text(&self.product),
            from: text(&self.from),
            to: text(&self.to),
            version: text(&self.version),
            database: text(&self.database),
            size: text(&self.size),
        };
        AnswerPeriod::from_parameters(parameters, DEFAULT_PRODUCT, today)
            .map_err(|invalid| bad_request(invalid.to_string()))
    }

    fn profile_choice(self) -> Result<ProfileChoice, ProblemResponse> {
        let resource = profiled_resource(chosen(self.resource).as_deref())?;
        let measure = flame_measure(chosen(self.measure).as_deref(), resource)?;
        let focus = chosen(self.focus).map(|focus| {
            focus.parse().map_err(|_| bad_request(format!("focus must be a number, not \"{focus}\"")))
        });
        Ok(ProfileChoice {
            resource,
            measure,
            before: chosen(self.before),
            after: chosen(self.after),
            focus: focus.transpose()?,
            function: chosen(self.function),
        })
    }
}

async fn serve_page(
    page: FleetPage,
    State(collector): State<Collector>,
    role: Option<Extension<AccessRole>>,
    query: PageQuery,
) -> Result<Response, ProblemResponse> {
    let parameters = page_parameters(query)?;
    let today = CalendarDay::from_unix_seconds(collector.now().as_secs());
    let rollup_lag = collector.rollup_lag().await?.behind.as_secs();
    let period = AnswerPeriod { rollup_lag, ..parameters.period(today)? };
    let (filter, choice) = (PageFilter::of_period(&period), parameters.profile_choice()?);
    let period = PageFilter::period_of(page, period);
    let answers = PageAnswers { collector: &collector, period: &period };
    let versions = answers.versions().await?;
    let choosable: Vec<String> =
        versions.labels.iter().take(CHOOSABLE_VERSIONS).map(|version| version.label.clone()).collect();
    let content = match page {
        FleetPage::Overview => answers.overview(&filter).await?,
        FleetPage::Changes => answers.changes(&filter, today).await?,
        FleetPage::Versions => versions_page(&filter, &versions),
        FleetPage::Features => answers.features(&filter).await?,
        FleetPage::Environment => answers.environment().await?,
        FleetPage::Usage => answers.usage(&filter).await?,
        FleetPage::Performance => answers.performance().await?,
        FleetPage::Profiles => answers.profiles(&filter, &choice, &choosable).await?,
        FleetPage::Trust => answers.trust(&filter).await?,
    };
    let products = collector.fleet_reader().products().await?.products;
    let choices = if page == FleetPage::Profiles { choice.kept() } else { Vec::new() };
    let frame = PageFrame {
        page,
        filter: &filter,
        products: &products,
        versions: &choosable,
        reader: reader_of(role.map(|Extension(role)| role)),
        choices: &choices,
    };
    Ok((page_headers(), render_page(frame, &content)).into_response())
}

/// Gathers answers about a period.
struct PageAnswers<'a> {
    collector: &'a Collector,
    period: &'a AnswerPeriod,
}

impl PageAnswers<'_> {
    /// The period with the filters that a table has.
    fn period_of(&self, table: CellTable) -> AnswerPeriod {
        let mut period = self.period.clone();
        period.database = period.database.filter(|_| table.has_database_and_size());
        period.size = period.size.filter(|_| table.has_size());
        period
    }

    async fn shares(&self, table: CellTable) -> Result<FleetSharesAnswer, FleetReadError> {
        let reader = self.collector.fleet_reader();
        reader.shares(self.period_of(table), table, ShareLabel::Label).await
    }

    async fn installations_by(&self, label: ShareLabel) -> Result<FleetSharesAnswer, FleetReadError> {
        let table = CellTable::Installations;
        self.collector.fleet_reader().shares(self.period_of(table), table, label).await
    }

    /// The versions of all installations, whatever version was chosen.
    async fn versions(&self) -> Result<FleetSharesAnswer, FleetReadError> {
        let period = AnswerPeriod { version: None, database: None, size: None, ..self.period.clone() };
        let reader = self.collector.fleet_reader();
        reader.shares(period, CellTable::Installations, ShareLabel::Version).await
    }

    async fn distributions(
        &self,
        table: CellTable,
        group: DistributionGroup,
    ) -> Result<FleetDistributionsAnswer, FleetReadError> {
        self.collector.fleet_reader().distributions(self.period_of(table), table, group).await
    }

    async fn overview(&self, filter: &PageFilter) -> Result<Markup, FleetReadError> {
        let reader = self.collector.fleet_reader();
        let answers = OverviewAnswers {
            activity: &reader.activity(self.period.clone()).await?,
            retention: &reader.retention(self.period.clone()).await?,
            versions: &self.versions().await?,
        };
        Ok(overview_page(filter, answers))
    }

    async fn changes(&self, filter: &PageFilter, today: CalendarDay) -> Result<Markup, FleetReadError> {
        let reader = self.collector.fleet_reader();
        let weeks = reader.weekly_summaries(&self.period.product, today).await?;
        let answers = ChangeAnswers {
            changes: &reader.changes(self.period.clone()).await?,
            weeks: &weeks_answer(&self.period.product, &weeks),
        };
        Ok(changes_page(filter, answers))
    }

    async fn features(&self, filter: &PageFilter) -> Result<Markup, FleetReadError> {
        let answers = FeatureAnswers {
            flags: &self.shares(CellTable::Flags).await?,
            alerting: &self.shares(CellTable::Alerting).await?,
            inspection_overrides: &self.shares(CellTable::InspectionOverrides).await?,
            notifications: &self.shares(CellTable::Notifications).await?,
            deployment_summaries: &self.shares(CellTable::DeploymentSummaries).await?,
        };
        Ok(features_page(filter, answers))
    }

    async fn environment(&self) -> Result<Markup, FleetReadError> {
        let answers = EnvironmentAnswers {
            clouds: &self.shares(CellTable::Clouds).await?,
            services: &self.shares(CellTable::Services).await?,
            instrumented_services: &self.shares(CellTable::InstrumentedServices).await?,
            databases: &self.installations_by(ShareLabel::Database).await?,
            screen_sizes: &self.shares(CellTable::ScreenSizes).await?,
            size_classes: &self.installations_by(ShareLabel::Size).await?,
            sizes: &self.distributions(CellTable::Sizes, DistributionGroup::None).await?,
        };
        Ok(environment_page(answers))
    }

    async fn usage(&self, filter: &PageFilter) -> Result<Markup, FleetReadError> {
        let answers = UsageAnswers {
            pages: &self.shares(CellTable::Pages).await?,
            page_views: &self.distributions(CellTable::PageViews, DistributionGroup::None).await?,
            browsers: &self.distributions(CellTable::Browsers, DistributionGroup::None).await?,
        };
        Ok(usage_page(filter, answers))
    }

    async fn performance(&self) -> Result<Markup, FleetReadError> {
        let (all, by_version) = (DistributionGroup::None, DistributionGroup::Version);
        let answers = PerformanceAnswers {
            cpu: &self.distributions(CellTable::Cpu, all).await?,
            cpu_by_version: &self.distributions(CellTable::Cpu, by_version).await?,
            memory: &self.distributions(CellTable::Memory, all).await?,
            memory_by_version: &self.distributions(CellTable::Memory, by_version).await?,
            stages: &self.distributions(CellTable::Stages, all).await?,
            queries: &self.distributions(CellTable::Queries, all).await?,
            world_times: &self.distributions(CellTable::WorldTimes, all).await?,
        };
        Ok(performance_page(answers))
    }

    async fn profiles(
        &self,
        filter: &PageFilter,
        choice: &ProfileChoice,
        versions: &[String],
    ) -> Result<Markup, FleetReadError> {
        let reader = self.collector.fleet_reader();
        let resource = choice.resource;
        if let (Some(before), Some(after)) = (&choice.before, &choice.after) {
            let compared = ComparedVersions { before: before.clone(), after: after.clone() };
            let period = AnswerPeriod { version: None, ..self.period.clone() };
            let difference = reader.flame_difference(period.clone(), resource, compared.clone()).await?;
            let ranking = reader.function_ranking(period, resource, compared, FunctionShare::Total).await?;
            let shown = ShownProfiles::Compared {
                difference: difference.difference(),
                ranking: ranking.ranking(),
                installations: difference.installations(),
            };
            let answers = ProfileAnswers { scope: difference.scope(), shown };
            return Ok(profiles_page(filter, choice, versions, answers));
        }
        let whole = reader.flame_graph(self.period.clone(), resource, choice.measure).await?;
        let shown = ShownProfiles::Whole { graph: whole.graph(), installations: whole.installations() };
        Ok(profiles_page(filter, choice, versions, ProfileAnswers { scope: whole.scope(), shown }))
    }

    async fn trust(&self, filter: &PageFilter) -> Result<Markup, ProblemResponse> {
        if !self.collector.keeps_ledger() {
            return Ok(trust_page(filter, None));
        }
        let AnswerPeriod { product, first, last, .. } = self.period;
        let answer = self.collector.trust(Some(product.clone()), *first, *last).await?;
        Ok(trust_page(filter, Some(&answer)))
    }
}
