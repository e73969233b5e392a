//! Serves the pages about the fleet: gathers the answers of each, and has it rendered.

use axum::{
    Extension, Router,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
    routing::get,
};
use headcount_fleet::{
    answers::{
        answer_period::AnswerPeriod, changes_answer::weeks_answer, distributions_answer::DistributionGroup,
        shares_answer::ShareLabel,
    },
    calendar_day::CalendarDay,
    cells::cell_table::CellTable,
    profiles::FunctionShare,
};
use headcount_fleet_pages::{
    ChangeAnswers, ComparedReleases, EnvironmentAnswers, FeatureAnswers, FleetPage, KnownDays, NewestRelease,
    OverviewAnswers, PageFilter, PageFrame, PageNotes, PageReader, PerformanceAnswers, PerformanceTable,
    ProfileAnswers, ProfileChoice, ReleaseChoice, ReleaseDistributions, ShownProfiles, UsageAnswers,
    changes_page, day_events, environment_page, features_page, mean_installations, newest_release,
    overview_page, page_notes, performance_page, profiles_page, render_page, trust_page, usage_page,
    versions_page,
};
use headcount_shared::api::{FleetDistributionsAnswer, FleetSharesAnswer};
use headcount_web::{access::AccessRole, problem::ProblemResponse};
use maud::{Markup, html};

use super::{
    Collector,
    fleet_profiles::ComparedVersions,
    fleet_reader::{DistributionQuery, FleetReadError, ProductDays, ShareQuery},
    page_parameters::{PageQuery, page_parameters},
    published_page_routes::published,
    routes::{page_headers, style_sheet},
};

/// The versions that can be chosen.
const CHOOSABLE_VERSIONS: usize = 100;

/// The versions that can be chosen are those of the last days alone: older ones are rarely asked for, and can
/// be named in an address.
const CHOOSABLE_DAYS: u32 = 7;

/// The pages for analysts. They check no access.
pub(super) fn analyst_pages() -> Router<Collector> {
    FleetPage::ALL.into_iter().fold(Router::new(), |router, page| {
        let serve = async move |collector: State<Collector>,
                                role: Option<Extension<AccessRole>>,
                                headers: HeaderMap,
                                query: PageQuery| {
            serve_page(page, collector, role, headers, query).await
        };
        router.route(&format!("/{}", page.path()), get(serve))
    })
}

/// The page of a role: the overview of the fleet, and for a viewer what is published.
pub(super) async fn first_page(
    collector: State<Collector>,
    role: Option<Extension<AccessRole>>,
    headers: HeaderMap,
    query: PageQuery,
) -> Result<Response, ProblemResponse> {
    match role {
        Some(Extension(AccessRole::Viewer)) => published(collector, role, query).await,
        Some(Extension(AccessRole::Analyst | AccessRole::Administrator)) | None => {
            serve_page(FleetPage::Overview, collector, role, headers, query).await
        }
    }
}

/// The host that a browser requested; pages check that it is one.
pub(super) fn requested_host(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST).and_then(|host| host.to_str().ok())
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

async fn serve_page(
    page: FleetPage,
    State(collector): State<Collector>,
    role: Option<Extension<AccessRole>>,
    headers: HeaderMap,
    query: PageQuery,
) -> Result<Response, ProblemResponse> {
    let parameters = page_parameters(query)?;
    let today = CalendarDay::from_unix_seconds(collector.now().as_secs());
    let products = collector.fleet_reader().product_days().await?;
    let rollup_lag = collector.rollup_lag().await?.behind.as_secs();
    let period = AnswerPeriod { rollup_lag, ..parameters.period(today, &products)? };
    let filter = PageFilter::of_period(&period).on(today);
    let choice = parameters.profile_choice()?;
    let period = PageFilter::period_of(page, period);
    let answers = PageAnswers { collector: &collector, period: &period };
    let filter = if page.is_over_time() {
        filter.with_events(day_events(&collector.fleet_reader().changes(period.clone()).await?))
    } else {
        filter
    };
    let known = products.iter().find(|known| known.product == period.product);
    let versions = answers.versions(page, known).await?;
    let choosable: Vec<String> =
        versions.labels.iter().take(CHOOSABLE_VERSIONS).map(|version| version.label.clone()).collect();
    let notes = PageNotes {
        known: known.map(|known| KnownDays { first: known.first, last: known.last }),
        host: requested_host(&headers),
        installations: match page {
            FleetPage::Trust => None,
            _ if period.version.is_some() || period.database.is_some() || period.size.is_some() => {
                Some(mean_installations(&answers.installations_by(ShareLabel::Size).await?))
            }
            _ => Some(mean_installations(&versions)),
        },
    };
    let (notes, has_content) = page_notes(page, &filter, notes);
    let content = match page {
        FleetPage::Trust => answers.trust(&filter).await?,
        _ if !has_content => Markup::default(),
        FleetPage::Overview => answers.overview(&filter, &versions).await?,
        FleetPage::Changes => answers.changes(&filter).await?,
        FleetPage::Versions => versions_page(&filter, &versions),
        FleetPage::Features => answers.features(&filter, &versions).await?,
        FleetPage::Environment => answers.environment(&filter).await?,
        FleetPage::Usage => answers.usage(&filter).await?,
        FleetPage::Performance => answers.performance(&filter, &choice, &versions, &choosable).await?,
        FleetPage::Profiles => answers.profiles(&filter, &choice, &versions, &choosable).await?,
    };
    let choices = match page {
        FleetPage::Profiles => choice.kept(),
        FleetPage::Performance => release_choice(&choice).kept(),
        _ => Vec::new(),
    };
    let products: Vec<_> = products.into_iter().map(|known| known.product).collect();
    let frame = PageFrame {
        page,
        filter: &filter,
        products: &products,
        versions: &choosable,
        reader: reader_of(role.map(|Extension(role)| role)),
        choices: &choices,
    };
    Ok((page_headers(), render_page(frame, &html! { (notes) (content) })).into_response())
}

/// The versions that were chosen for a comparison.
fn release_choice(choice: &ProfileChoice) -> ReleaseChoice {
    ReleaseChoice { before: choice.before.clone(), after: choice.after.clone() }
}

/// Gathers answers about a period.
#[derive(Clone, Copy)]
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

    fn share_query(&self, table: CellTable, label: ShareLabel) -> ShareQuery {
        ShareQuery { period: self.period_of(table), table, label }
    }

    /// The shares of several tables.
    async fn shares<const N: usize>(
        &self,
        tables: [CellTable; N],
    ) -> Result<[FleetSharesAnswer; N], FleetReadError> {
        let queries = tables.map(|table| self.share_query(table, ShareLabel::Label));
        self.collector.fleet_reader().all_shares(queries).await
    }

    async fn installations_by(&self, label: ShareLabel) -> Result<FleetSharesAnswer, FleetReadError> {
        let table = CellTable::Installations;
        self.collector.fleet_reader().shares(self.period_of(table), table, label).await
    }

    /// The versions of all installations, whatever version was chosen: over the whole period for pages that
    /// show or compare them, and else of its last days with numbers.
    async fn versions(
        &self,
        page: FleetPage,
        known: Option<&ProductDays>,
    ) -> Result<FleetSharesAnswer, FleetReadError> {
        let AnswerPeriod { first, last, .. } = *self.period;
        let last = known.map_or(last, |known| last.min(known.last));
        let needs_all = match page {
            FleetPage::Overview | FleetPage::Versions | FleetPage::Performance | FleetPage::Profiles => true,
            FleetPage::Changes
            | FleetPage::Features
            | FleetPage::Environment
            | FleetPage::Usage
            | FleetPage::Trust => false,
        };
        let first = if needs_all { first } else { first.max(last.minus_days(CHOOSABLE_DAYS - 1)) };
        let period = AnswerPeriod { first, version: None, database: None, size: None, ..self.period.clone() };
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

    async fn overview(
        &self,
        filter: &PageFilter,
        versions: &FleetSharesAnswer,
    ) -> Result<Markup, FleetReadError> {
        let reader = self.collector.fleet_reader();
        let weeks = reader.weekly_summaries(&self.period.product, self.period.last).await?;
        let weeks = weeks_answer(&self.period.product, &weeks);
        let answers = OverviewAnswers {
            activity: &reader.activity(self.period.clone()).await?,
            retention: &reader.retention(self.period.clone()).await?,
            versions,
            week: weeks.weeks.iter().find(|week| week.is_over).or(weeks.weeks.first()),
        };
        Ok(overview_page(filter, answers))
    }

    async fn changes(&self, filter: &PageFilter) -> Result<Markup, FleetReadError> {
        let reader = self.collector.fleet_reader();
        let weeks = reader.weekly_summaries(&self.period.product, self.period.last).await?;
        let answers = ChangeAnswers {
            changes: &reader.changes(self.period.clone()).await?,
            weeks: &weeks_answer(&self.period.product, &weeks),
        };
        Ok(changes_page(filter, answers))
    }

    async fn features(
        &self,
        filter: &PageFilter,
        versions: &FleetSharesAnswer,
    ) -> Result<Markup, FleetReadError> {
        let [flags, alerting, inspection_overrides, notifications, deployment_summaries] = self
            .shares([
                CellTable::Flags,
                CellTable::Alerting,
                CellTable::InspectionOverrides,
                CellTable::Notifications,
                CellTable::DeploymentSummaries,
            ])
            .await?;
        let newest = newest_release(versions).filter(|_| self.period.version.is_none());
        let of_newest = match newest {
            None => None,
            Some(version) => {
                let period = AnswerPeriod { version: Some(version.to_owned()), ..self.period.clone() };
                let of_release = PageAnswers { period: &period, ..*self };
                Some(of_release.shares([CellTable::Flags, CellTable::Alerting]).await?)
            }
        };
        let newest = newest.zip(of_newest.as_ref());
        let answers = FeatureAnswers {
            flags: &flags,
            alerting: &alerting,
            inspection_overrides: &inspection_overrides,
            notifications: &notifications,
            deployment_summaries: &deployment_summaries,
            newest: newest.map(|(version, [flags, alerting])| NewestRelease { version, flags, alerting }),
        };
        Ok(features_page(filter, answers))
    }

    async fn environment(&self, filter: &PageFilter) -> Result<Markup, FleetReadError> {
        let of = |table| self.share_query(table, ShareLabel::Label);
        let installations = |label| self.share_query(CellTable::Installations, label);
        let queries = [
            of(CellTable::Clouds),
            of(CellTable::Services),
            of(CellTable::InstrumentedServices),
            of(CellTable::ScreenSizes),
            installations(ShareLabel::Database),
            installations(ShareLabel::Size),
        ];
        let [clouds, services, instrumented_services, screen_sizes, databases, size_classes] =
            self.collector.fleet_reader().all_shares(queries).await?;
        let answers = EnvironmentAnswers {
            clouds: &clouds,
            services: &services,
            instrumented_services: &instrumented_services,
            databases: &databases,
            screen_sizes: &screen_sizes,
            size_classes: &size_classes,
            sizes: &self.distributions(CellTable::Sizes, DistributionGroup::None).await?,
        };
        Ok(environment_page(filter, answers))
    }

    async fn usage(&self, filter: &PageFilter) -> Result<Markup, FleetReadError> {
        let [pages] = self.shares([CellTable::Pages]).await?;
        let answers = UsageAnswers {
            pages: &pages,
            page_views: &self.distributions(CellTable::PageViews, DistributionGroup::None).await?,
            browsers: &self.distributions(CellTable::Browsers, DistributionGroup::None).await?,
        };
        Ok(usage_page(filter, answers))
    }

    async fn performance(
        &self,
        filter: &PageFilter,
        choice: &ProfileChoice,
        versions: &FleetSharesAnswer,
        choosable: &[String],
    ) -> Result<Markup, FleetReadError> {
        let choice = release_choice(choice);
        let compared = choice.resolve(versions);
        let of = |table| self.performance_table(table, compared.as_ref().ok());
        // Each table is decoded and added up on a thread of its own.
        let (cpu, memory, world_times, stages, queries) = tokio::try_join!(
            of(CellTable::Cpu),
            of(CellTable::Memory),
            of(CellTable::WorldTimes),
            of(CellTable::Stages),
            of(CellTable::Queries),
        )?;
        let answers = PerformanceAnswers {
            versions: choosable,
            choice: &choice,
            compared: compared.as_ref(),
            cpu: &cpu,
            memory: &memory,
            world_times: &world_times,
            stages: &stages,
            queries: &queries,
        };
        Ok(performance_page(filter, answers))
    }

    async fn performance_table(
        &self,
        table: CellTable,
        compared: Option<&ComparedReleases>,
    ) -> Result<PerformanceTable, FleetReadError> {
        let query =
            |version: Option<&str>, group| DistributionQuery { version: version.map(str::to_owned), group };
        let mut queries = vec![query(self.period.version.as_deref(), DistributionGroup::None)];
        let groups = [Some(DistributionGroup::None), table.has_size().then_some(DistributionGroup::Size)];
        for version in compared.into_iter().flat_map(ComparedReleases::versions) {
            queries.extend(groups.into_iter().flatten().map(|group| query(Some(version), group)));
        }
        let reader = self.collector.fleet_reader();
        let answers = reader.all_distributions(self.period_of(table), table, queries).await?;
        let mut answers = answers.into_iter();
        let mut next = || answers.next().ok_or(FleetReadError::Interrupted);
        let all = next()?;
        let mut release = || {
            let all = next()?;
            let by_size = if table.has_size() { Some(next()?) } else { None };
            Ok::<_, FleetReadError>(ReleaseDistributions { all, by_size })
        };
        let compared = if compared.is_some() { Some([release()?, release()?]) } else { None };
        Ok(PerformanceTable { all, compared })
    }

    async fn profiles(
        &self,
        filter: &PageFilter,
        choice: &ProfileChoice,
        versions: &FleetSharesAnswer,
        choosable: &[String],
    ) -> Result<Markup, FleetReadError> {
        let reader = self.collector.fleet_reader();
        let resource = choice.resource;
        let compared = release_choice(choice).resolve_chosen(versions);
        if let Ok(Some(compared)) = &compared {
            let [before, after] = compared.versions().map(str::to_owned);
            let compared = ComparedVersions { before, after };
            let period = AnswerPeriod { version: None, ..self.period.clone() };
            let difference = reader.flame_difference(period.clone(), resource, compared.clone()).await?;
            let ranking = reader.function_ranking(period, resource, compared, FunctionShare::Total).await?;
            let shown = ShownProfiles::Compared {
                difference: difference.difference(),
                ranking: ranking.ranking(),
                installations: difference.installations(),
            };
            let answers = ProfileAnswers { scope: difference.scope(), no_comparison: None, shown };
            return Ok(profiles_page(filter, choice, choosable, answers));
        }
        let whole = reader.flame_graph(self.period.clone(), resource, choice.measure).await?;
        let shown = ShownProfiles::Whole { graph: whole.graph(), installations: whole.installations() };
        let answers = ProfileAnswers { scope: whole.scope(), no_comparison: compared.as_ref().err(), shown };
        Ok(profiles_page(filter, choice, choosable, answers))
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
