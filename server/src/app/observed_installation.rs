//! Collects the facts about this installation from the settings, the observed world and the ledger, and runs
//! the leader's tasks.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use headcount_observer::{
    WorldObserver,
    access_check::{AccessCheckError, PrometheusContents, check_access},
    observed_project::ObservedProject,
};
use headcount_platform::{clock::Clock, lock::lock};
use headcount_prometheus::prometheus_access::PrometheusAccess;
use headcount_shared::payload::{InfraSection, IntegrationSection};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::statistics_tasks::StatisticsTasks;
use crate::{
    metrics::ProcessMetrics,
    notifications::{
        DestinationConfig, NotificationSender, ServiceEndpoints, TestedDestination, test_destination,
    },
    report::{
        assemble::{FutureFacts, Installation},
        installation_sections::{configured_sections, observed_sections},
        spool::Spool,
    },
    store::{LeaderLock, SettingsStore},
};

/// How often the settings are checked for new, changed and removed projects.
const FOLLOW: Duration = Duration::from_secs(5);

/// The default source of facts: the settings and the world together.
///
/// Several servers may share one settings database. Then one of them leads: it observes, notifies about
/// incidents, and reports what was observed. The reports of the others contain the configuration, their own
/// browsers and their own process. They are marked as reports of replicas, so that sums over reports count
/// the configuration once.
#[derive(Debug)]
pub(crate) struct ObservedInstallation {
    pub(super) settings: SettingsStore,
    /// The observer of all projects.
    pub(crate) world: Arc<WorldObserver>,
    pub(super) lead: LeaderLock,
    pub(super) instance: Uuid,
    pub(super) spool: Arc<Spool>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) metrics: ProcessMetrics,
    pub(super) endpoints: ServiceEndpoints,
    /// What ends before statistics are off.
    pub(super) tasks: StatisticsTasks,
    /// Cancelled when the server stops.
    pub(super) closing: CancellationToken,
    /// The configuration when the settings could last be read.
    pub(super) configured: Mutex<(IntegrationSection, InfraSection)>,
}

/// The tasks of the leader, which it does for all servers.
struct LeaderWork {
    projects: Option<Vec<ObservedProject>>,
    stop: CancellationToken,
    sender: JoinHandle<()>,
}

impl Installation for ObservedInstallation {
    fn facts(&self) -> FutureFacts<'_> {
        Box::pin(async {
            if !self.lead.was_ours().await {
                return configured_sections(self.configured().await);
            }
            // The settings log a failure themselves. If both queries have to time out, they do so at the same
            // time.
            let (configured, counted) = tokio::join!(self.configured(), self.settings.counted());
            observed_sections(configured, counted.unwrap_or_default(), &self.world.peek())
        })
    }

    fn cut(&self, report: Uuid) -> FutureFacts<'_> {
        Box::pin(async move {
            if !self.lead.is_ours().await {
                self.settle().await;
                return configured_sections(self.configured().await);
            }
            let (now, is_kept) = (self.now(), |report| self.spool.holds(report));
            let take = self.settings.take(report, self.instance, now, is_kept);
            let (configured, counted) = tokio::join!(self.configured(), take);
            // Events that cannot be taken now are in a later report.
            observed_sections(configured, counted.unwrap_or_default(), &self.world.cut())
        })
    }
}

impl ObservedInstallation {
    /// Confirms the ledger events of reports that are on disk, and frees those of lost reports. If that
    /// fails, a later report does it.
    pub(super) async fn settle(&self) {
        self.settings.give_back(self.instance, |report| self.spool.holds(report)).await.ok();
    }

    /// Asks a Prometheus what it has, by the rules under which projects are observed. Nothing is kept. `None` if
    /// statistics are switched off before it has answered, which ends the request.
    pub(crate) async fn check_prometheus(
        &self,
        access: &PrometheusAccess,
    ) -> Option<Result<PrometheusContents, AccessCheckError>> {
        let check = check_access(access, self.endpoints.targets, Arc::clone(&self.clock));
        self.tasks.while_on(check).await
    }

    /// Sends a test notification to a destination of a project. It is not counted. The test goes on if nobody waits
    /// for it, so that an alert that was opened is closed, and ends before statistics are off. `None` if they are off.
    pub(crate) fn test_destination(
        self: Arc<Self>,
        project: String,
        base_url: String,
        destination: DestinationConfig,
    ) -> Option<JoinHandle<TestedDestination>> {
        let admitted = self.tasks.admit()?;
        Some(tokio::spawn(async move {
            let _admitted = admitted;
            let Self { endpoints, clock, closing, .. } = &*self;
            test_destination(&project, &base_url, &destination, endpoints, &**clock, closing).await
        }))
    }

    /// The configuration now, or when the settings could last be read.
    async fn configured(&self) -> (IntegrationSection, InfraSection) {
        let read = self.settings.facts().await;
        let mut known = lock(&self.configured);
        if let Ok(read) = read {
            *known = read;
        }
        known.clone()
    }

    fn now(&self) -> u32 {
        self.clock.unix_seconds()
    }

    /// Observes the configured projects and notifies about incidents while this server leads, until `stop`.
    pub(super) async fn follow(&self, stop: &CancellationToken) {
        let mut leading = None;
        stop.run_until_cancelled(async {
            loop {
                if self.lead.is_ours().await {
                    let leading = leading.get_or_insert_with(|| self.begin_to_lead());
                    let look = async {
                        self.look(leading).await;
                        tokio::time::sleep(FOLLOW).await;
                    };
                    // Reading from a slow database must not delay the renewal of the lease.
                    tokio::select! {
                        () = look => continue,
                        () = self.lead.keep() => {}
                    }
                }
                // This comes before the next query, which may take so long that another server leads by then.
                if let Some(ended) = leading.take() {
                    tokio::join!(ended.end(), self.world.rest());
                }
                tokio::time::sleep(FOLLOW).await;
            }
        })
        .await;
        if let Some(ended) = leading.take() {
            ended.end().await;
        }
        self.lead.give_up().await;
    }

    fn begin_to_lead(&self) -> LeaderWork {
        let outbox = Arc::new(self.settings.clone());
        let sender = NotificationSender::new(
            outbox,
            self.endpoints.clone(),
            Arc::clone(&self.clock),
            self.metrics.clone(),
        );
        let stop = CancellationToken::new();
        let until = stop.clone();
        let sender = tokio::spawn(async move { sender.run(&until).await });
        LeaderWork { projects: None, stop, sender }
    }

    /// Passes the list of projects to the world when it changed.
    async fn look(&self, leading: &mut LeaderWork) {
        // If the database cannot be read now, the list of projects stays.
        if let Ok(projects) = self.settings.observed_projects().await
            && leading.projects.as_ref() != Some(&projects)
        {
            self.world.configure(projects.clone());
            leading.projects = Some(projects);
        }
        if self.settings.is_read_only() {
            self.note_sent_by_others().await;
        }
    }

    async fn note_sent_by_others(&self) {
        // The settings log a failure themselves.
        if let Ok(since) = self.settings.counting_since(self.now()).await {
            self.settings.note_sent_by_others(since).await.ok();
        }
    }
}

impl LeaderWork {
    async fn end(self) {
        self.stop.cancel();
        // A task that panicked has ended, too.
        self.sender.await.ok();
    }
}
