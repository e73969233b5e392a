//! Composes the program: the only place that picks implementations and starts tasks.

mod admin_token;
mod browser_key;
mod clickhouse_place;
mod coroot_cache;
mod data_dir_upkeep;
mod deletion;
mod demo_fleet;
mod forget_command;
mod forgetting;
mod health_check;
mod identity;
mod init_keys;
mod instance_secret;
pub(crate) mod observed_installation;
mod operator_switch;
mod public_url;
mod running_program;
mod settings_erasure;
pub mod statistics_service;
mod statistics_switch;
mod statistics_tasks;
mod unreported_measurements;

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use axum::Router;
use headcount_collector::{
    Collector, CollectorConfig, RetentionPolicy,
    backup::{BackupPlan, BackupSecrets, back_up},
};
use headcount_platform::{
    clock::{self, Clock, SystemClock},
    disk::{DataDir, free_space::FileSystemOf},
    random_id,
};
use headcount_profiler::code_pages;
use headcount_shared::{
    api::Status,
    payload::{DatabaseType, InstanceSection},
    routes::RouteTable,
};
use headcount_web::{
    access::{AccessConfig, AccessControl, EqualTokens, SessionProgram},
    forwarded::EventSenders,
    listen::{self, ReservedAddress},
};
use reqwest::Url;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use self::{
    admin_token::OperatorToken,
    clickhouse_place::clickhouse_place,
    public_url::link_base,
    statistics_service::{StatisticsPlan, StatisticsService},
};
pub use self::{
    deletion::{DeletionError, DeletionOutcome},
    demo_fleet::fill_with_demo_fleet,
    forget_command::forget,
    health_check::health,
    init_keys::init_keys,
    operator_switch::ServerStops,
    running_program::{preview, sign_in},
};
use crate::{
    config::{BasePath, Collect, CollectBackup, Serve},
    http::{self, ListenerRoutes, ServerState, StaticAssets, assets::AssetsError},
    metrics::ProcessMetrics,
    report::assemble::Installation,
    store::{BootstrapPrometheus, SettingsStore},
};

/// The version of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How long requests that are under way may take to end after the signal to stop.
const DRAIN: Duration = Duration::from_secs(2);

/// How long closing the settings database may take.
const CLOSING: Duration = Duration::from_secs(1);

/// Runs a server until `stop`. When this returns, everything counted is on disk.
///
/// # Errors
/// One sentence for the operator: the data directory, the database or the address cannot be used.
pub async fn serve(config: Serve, stop: CancellationToken) -> anyhow::Result<()> {
    let address = ProgramAddress::reserve(config.listen)?;
    let server = Server::open(&config, Arc::new(SystemClock::new()), None).await?;
    let listener = address.listen()?;
    let url = format!("http://{}{}", listener.local_addr()?, config.url_base_path.as_str());
    let statistics = server.statistics.describe();
    match &server.operator {
        Some(operator) => tracing::info!(statistics, admin_token = %operator, "serving on {url}"),
        None => tracing::info!(statistics, "serving on {url}"),
    }
    announce_reports(&server.statistics.status(), config.collector(), &url);
    let _code = AbortOnDropHandle::new(tokio::spawn(code_pages::give_back_regularly()));
    let routes = ListenerRoutes::new(&config.url_base_path, server.http_state());
    listen::serve(listener, routes, stop, DRAIN).await;
    let is_on = server.statistics.is_on();
    server.close().await;
    tracing::info!("{}", if is_on { "everything counted is on disk" } else { "stopped" });
    Ok(())
}

/// Runs a collector until `stop`. When this returns, every report that was taken is on disk.
///
/// # Errors
/// One sentence for the operator: the data directory, the database or the address cannot be used.
pub async fn collect(config: Collect, stop: CancellationToken) -> anyhow::Result<()> {
    let address = ProgramAddress::reserve(config.listen)?;
    let clickhouse = clickhouse_place(&config)?;
    let collector_config = CollectorConfig {
        data_dir: config.data_dir.clone(),
        keys: config.keys.clone(),
        retention: RetentionPolicy::new(config.retention, config.raw_retention),
        max_disk: config.max_disk.map(|size| size.as_u64()),
        free_space: Arc::new(FileSystemOf(config.data_dir.clone())),
        alert_webhook: config.alert_webhook.clone(),
    };
    // Writing an old database anew may take minutes, and may be interrupted.
    let opening = async {
        let clock = Arc::new(SystemClock::new());
        match &clickhouse {
            Some(place) => Collector::open_on_clickhouse(&collector_config, place, clock).await,
            None => Collector::open(&collector_config, clock).await,
        }
    };
    let Some(collector) = stop.run_until_cancelled(opening).await else { return Ok(()) };
    let collector = collector?;
    let make = || collector.keys().admin_token();
    let operator = OperatorToken::load_or_make(config.admin_token.as_ref(), &config.data_dir, make)?;
    EqualTokens::check(&operator.token, config.analyst_token.as_ref(), config.viewer_token.as_ref())?;
    let access = AccessConfig {
        interface: SessionProgram::Collector,
        admin_token: Some(operator.token.clone()),
        analyst_token: config.analyst_token.clone(),
        viewer_token: config.viewer_token.clone(),
        metrics_token: config.metrics_token.clone(),
        base_path: BasePath::root(),
        public_url: public_base(config.public_url.as_ref(), &BasePath::root())?,
    };
    let access = AccessControl::new(access, Arc::new(SystemClock::new()));
    let access = access.observed_by(Arc::new(collector.access_log().clone()));
    let proxies = config.trusted_proxy.into_iter().collect();
    let interface = http::assets::fleet_page_files();
    let router = headcount_collector::routes::router(&access, &collector, proxies, config.publish, interface);
    let listener = address.listen()?;
    tracing::info!(admin_token = %operator, "collecting on http://{}/", listener.local_addr()?);
    let _code = AbortOnDropHandle::new(tokio::spawn(code_pages::give_back_regularly()));
    listen::serve(listener, router, stop, DRAIN).await;
    collector.close().await;
    tracing::info!("stopped; every received report is on disk");
    Ok(())
}

/// Copies the data directory of a collector, which may be running. Returns what was copied, in a sentence.
///
/// # Errors
/// One sentence for the operator: there is no such collector, or the copy cannot be written.
pub async fn back_up_collector(backup: CollectBackup) -> anyhow::Result<String> {
    let CollectBackup { data_dir, to, with_keys, keys } = backup;
    let secrets = if with_keys { BackupSecrets::Included { keys } } else { BackupSecrets::LeftOut };
    let copied = back_up(&BackupPlan { data_dir, to: to.clone(), secrets }).await?;
    let secrets = if with_keys { "with" } else { "without" };
    Ok(format!(
        "{} has {} reports and {} files with raw copies, {secrets} the keys and the admin token",
        to.display(),
        copied.reports,
        copied.segments,
    ))
}

/// Logs where and when the first report goes, where to look at it, and how to switch reports off.
///
/// Only the origin of the collector's address is logged: the rest may be a secret.
fn announce_reports(status: &Status, collector: &Url, url: &str) {
    let Some(first) = status.next_report_at else { return };
    let (collector, first) =
        (collector.origin().ascii_serialization(), clock::rfc3339(Duration::from_secs(first)));
    tracing::info!("usage statistics are on: the first report goes to {collector} at {first}");
    tracing::info!("what it holds is shown on {url}usage-statistics");
    tracing::info!("to switch it off, use that page, --disable-usage-statistics or DO_NOT_TRACK=1");
}

/// The address of `--listen`. It is taken before anything is opened or started: where another program
/// listens, this one leaves no trace.
struct ProgramAddress {
    address: SocketAddr,
    reserved: ReservedAddress,
}

impl ProgramAddress {
    fn reserve(address: SocketAddr) -> anyhow::Result<Self> {
        let reserved = ReservedAddress::of(address).with_context(|| format!("cannot listen on {address}"))?;
        Ok(Self { address, reserved })
    }

    fn listen(self) -> anyhow::Result<TcpListener> {
        self.reserved.listen().with_context(|| format!("cannot listen on {}", self.address))
    }
}

/// Usage statistics of one installation: routes for a web server, and tasks in the background.
#[derive(Debug)]
pub struct Server {
    config: Serve,
    metrics: ProcessMetrics,
    /// `None` when switched off for the whole run and no token was given: then there is nothing to look at.
    operator: Option<OperatorToken>,
    access: AccessControl,
    statistics: Arc<StatisticsService>,
    assets: Arc<StaticAssets>,
    /// Follows the choice that was made at other servers, and erases what deleted rows left.
    following: Vec<AbortOnDropHandle<()>>,
    /// `None` when switched off for the whole run: then nothing is opened or created.
    kept: Option<(Arc<DataDir>, SettingsStore)>,
}

impl Server {
    /// Opens the files and databases that `config` names, and starts to count unless statistics are switched
    /// off. The facts about the installation come from `installation`, or from the settings database and the
    /// Prometheus servers that it names.
    ///
    /// # Errors
    /// One sentence for the operator: the data directory or the database cannot be used, or a product with
    /// its own `installation` does not set `--collector-url`.
    pub async fn open(
        config: &Serve,
        clock: Arc<dyn Clock>,
        installation: Option<Arc<dyn Installation>>,
    ) -> anyhow::Result<Self> {
        let (config, metrics) = (config.clone(), ProcessMetrics::new());
        let assets = Arc::new(assets(config.routes.as_ref())?);
        if let Some(reason) = config.switched_off_by() {
            tracing::info!("usage statistics are switched off for this run by {reason}");
            let statistics = Arc::new(StatisticsService::off(&config, reason));
            let operator = config.admin_token.as_ref().map(OperatorToken::given);
            let access = access(&config, operator.as_ref(), clock)?;
            return Ok(Self {
                config,
                metrics,
                operator,
                access,
                statistics,
                assets,
                following: Vec::new(),
                kept: None,
            });
        }
        config.check_targets()?;
        config.check_collector(installation.is_some())?;
        let (data_dir, settings) = open_kept(&config).await?;
        let data_dir = Arc::new(data_dir);
        let settings = settings.with_targets(config.target_policy());
        let operator = operator_token(&config, &settings).await?;
        let access = access(&config, Some(&operator), Arc::clone(&clock))?;
        if let Some(bootstrap) = bootstrap(&config) {
            set_up_default_project(&settings, &bootstrap).await?;
        }
        let plan = StatisticsPlan::new(
            &config,
            Arc::clone(&data_dir),
            settings.clone(),
            installation,
            clock,
            metrics.clone(),
        )?;
        let statistics = Arc::new(StatisticsService::open(plan).await?);
        let (erasing, switching) = (Arc::clone(&statistics), Arc::clone(&statistics));
        let following = vec![
            AbortOnDropHandle::new(tokio::spawn(async move { erasing.erase_left_rows().await })),
            AbortOnDropHandle::new(tokio::spawn(async move { switching.follow_choice().await })),
        ];
        Ok(Self {
            config,
            metrics,
            operator: Some(operator),
            access,
            statistics,
            assets,
            following,
            kept: Some((data_dir, settings)),
        })
    }

    /// The routes for the axum program of another product: the address for events, the browser programs, and
    /// the interface, which requires the admin token or a session cookie wherever a request comes from.
    ///
    /// With a base path, such as `--url-base-path=/usage/`, all of them are below `/usage/`, and
    ///
    /// * [`Router::merge`] adds them to a program with any other routes and a fallback of its own;
    /// * [`Router::nest_service`]`("/usage", …)`, and [`any_service`](axum::routing::any_service) in routes
    ///   for `/usage/` and `/usage/{*rest}`, do the same;
    /// * [`Router::route_service`] takes [`Router::into_service`] of them for the same addresses.
    ///
    /// Without a base path, [`Router::nest`] and [`Router::nest_service`] put them below any path; links in
    /// the interface and the path of its cookie begin there. With `nest`, the first page and pages of
    /// projects are answered by the program around it. `nest` adds its path to the base path. To nest at the
    /// base path itself, use `nest_service`. Merged without a base path, they have their places at the root
    /// of the program, such as `/health`, `/metrics`, `/stats`, `/sign-in` and `/static/tracker.js`. Where
    /// the program has a route of its own at one of them, its methods are answered by the program and the
    /// others by the library; if it takes any method, `merge` panics.
    ///
    /// `router().with_state(())` fits into a router that has yet to get its state.
    ///
    /// They have no fallback and take nothing from the path parameters of the program around them. The
    /// address that an event counts for is that of [`ConnectInfo`](axum::extract::ConnectInfo)`<SocketAddr>`,
    /// if the program serves with it; otherwise the events of all senders share the places in a report.
    /// Bounds on connections are those of the program around them.
    pub fn router(&self) -> Router {
        self.routes().mountable()
    }

    /// The routes under the base path, with an answer to every other address: what `headcount serve` serves.
    pub fn standalone_router(&self) -> Router {
        self.routes().standalone()
    }

    fn routes(&self) -> http::ServerRoutes {
        http::server_routes(&self.config.url_base_path, self.http_state())
    }

    fn http_state(&self) -> ServerState {
        let access = self.access.clone();
        let statistics = Arc::clone(&self.statistics);
        let settings = self.kept.as_ref().map(|(_, settings)| settings.clone());
        let (metrics, assets) = (self.metrics.clone(), Arc::clone(&self.assets));
        let senders = EventSenders::behind(self.config.trusted_proxy.iter().cloned().collect());
        ServerState::new(access, statistics, settings, metrics, assets, senders)
    }

    /// Ends all tasks. When this returns, everything counted is on disk.
    pub async fn close(self) {
        let has_ended = self.statistics.close().await;
        drop(self.following);
        if let Some((data_dir, settings)) = self.kept {
            // Everything is stored. A database that does not answer is not waited for.
            tokio::time::timeout(CLOSING, settings.close()).await.ok();
            // The routes may live longer than this. What still writes keeps the directory from other servers.
            if has_ended {
                data_dir.release();
            }
        }
    }
}

/// The admin token of a server that is not switched off for the whole run.
async fn operator_token(config: &Serve, settings: &SettingsStore) -> anyhow::Result<OperatorToken> {
    let (given, own_dir) = (config.admin_token.as_ref(), config.own_dir());
    if settings.kind() == DatabaseType::Postgres && !settings.is_read_only() {
        return OperatorToken::shared(given, &own_dir, settings).await;
    }
    OperatorToken::load_or_make(given, &own_dir, admin_token::random)
}

/// Builds the access control of the interface.
fn access(
    config: &Serve,
    operator: Option<&OperatorToken>,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<AccessControl> {
    let access = AccessConfig {
        interface: SessionProgram::Server,
        admin_token: operator.map(|operator| operator.token.clone()),
        analyst_token: None,
        viewer_token: None,
        metrics_token: config.metrics_token.clone(),
        base_path: config.url_base_path.clone(),
        public_url: public_base(config.public_url.as_ref(), &config.url_base_path)?,
    };
    Ok(AccessControl::new(access, clock))
}

/// The public address with the base path.
fn public_base(given: Option<&Url>, base_path: &BasePath) -> anyhow::Result<Option<Url>> {
    given.map(|url| link_base(url, base_path)).transpose()
}

/// The browser programs, with the product's routes in the tracker.
fn assets(routes: Option<&RouteTable>) -> Result<StaticAssets, AssetsError> {
    let built = StaticAssets::embedded();
    match routes {
        Some(routes) => built.with_routes(routes),
        None => Ok(built),
    }
}

/// Opens the data directory of this program, and the settings.
async fn open_kept(config: &Serve) -> anyhow::Result<(DataDir, SettingsStore)> {
    if !config.read_only_settings {
        let data_dir = DataDir::open(&config.data_dir)?;
        return Ok((data_dir, SettingsStore::open(&config.settings_source()).await?));
    }
    // If there is nothing to read, nothing is created.
    let settings = SettingsStore::open(&config.settings_source()).await?;
    let data_dir = DataDir::open(&config.own_dir())?;
    let settings = settings.with_ledger_in(data_dir.path().join("ledger.sqlite")).await?;
    Ok((data_dir, settings))
}

fn bootstrap(config: &Serve) -> Option<BootstrapPrometheus> {
    let url = config.bootstrap_prometheus_url.clone().filter(|url| !url.is_empty())?;
    Some(BootstrapPrometheus {
        url,
        refresh_interval: config.bootstrap_refresh_interval,
        extra_selector: config.bootstrap_prometheus_extra_selector.clone().unwrap_or_default(),
    })
}

async fn set_up_default_project(
    settings: &SettingsStore,
    bootstrap: &BootstrapPrometheus,
) -> anyhow::Result<()> {
    if settings.is_read_only() {
        tracing::warn!(
            "--read-only-settings: the project default does not get the Prometheus of the command line"
        );
        return Ok(());
    }
    let done = settings.bootstrap(bootstrap, &random_id::new_id()).await;
    done.context("the project default cannot be set up")
}

/// The identity of the reports. Beside a running Coroot it is not the UUID in the data directory: Coroot
/// reports under that one, and the collector would count both as one installation.
fn instance(own_dir: &Path, version: String, database_type: DatabaseType) -> anyhow::Result<InstanceSection> {
    let uuid = identity::load_or_create(own_dir)?;
    Ok(InstanceSection { uuid, version, database_type })
}

#[cfg(test)]
mod tests;
