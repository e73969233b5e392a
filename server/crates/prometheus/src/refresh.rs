//! Brings the cache up to date in rounds, in which no query waits for a slow one.

mod fill_counter;

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    fmt::Debug,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use headcount_platform::{joined::joined, lock::lock};
use tokio::{
    task::{self, JoinSet},
    time::timeout,
};
use tokio_util::task::TaskTracker;

pub use self::fill_counter::{FillCounter, FillProgress};
use super::{
    cache::{IncomingSeries, SampleTimes, SeriesCache, spans},
    client::{PrometheusClient, QueryError, QuerySpan, QueryStats},
    query::{Label, PrometheusQuery, QueryRetention},
    query_costs::QueryCosts,
};

/// Counts what becomes of queries.
pub trait QueryMetrics: Debug + Send + Sync {
    /// The answer to a query, of so many bytes, is in the cache.
    fn query_answered(&self, bytes: u64);

    /// A query failed. It is sent again.
    fn query_failed(&self);
}

/// How many queries run at the same time.
const AT_ONCE: usize = 10;

/// How many of them may be queries that were slow or failed the last time.
const SLOW_AT_ONCE: usize = 5;

/// The latency from which a query is slow.
const SLOW: Duration = Duration::from_secs(2);

/// How long a round waits for the last answers before the world is loaded without them.
const GRACE: Duration = Duration::from_secs(2);

/// The shortest and the longest timeout of a request.
const REQUEST_TIMEOUT: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(60)];

/// The age in seconds below which a time is requested more than once: remote-written samples arrive late, and
/// `VictoriaMetrics` hides series that are younger than 30 seconds if steps are small.
const LATE: u32 = 120;

/// If a query had this many series and has none, it is repeated for [`LATE`] seconds before the empty answer
/// is accepted.
const MANY: u64 = 1000;

/// The range of a rate, in steps.
const RANGE_STEPS: u32 = 3;

/// The times of samples of nodes. The remainder keeps the numbers small enough for 32 bits.
static SCRAPES: PrometheusQuery = PrometheusQuery {
    name: "scrapes",
    expression: "timestamp(node_info) % 100000",
    labels: &[Label::MachineId, Label::SystemUuid],
    prefers_exported: false,
    kind: QueryRetention::Now,
};

/// The range in which the distance between samples is measured, and how long a result is valid, in seconds.
const SCRAPES_WINDOW: u32 = 600;
const STEP_HOLDS: u32 = 3600;

/// Brings a cache up to date in rounds. A query that takes longer than a round continues during the next.
#[derive(Debug)]
pub struct CacheRefresher {
    asking: QueryRunner,
    costs: Arc<Mutex<QueryCosts>>,
    metrics: Arc<dyn QueryMetrics>,
    /// How long Prometheus may be silent before all unanswered queries count as failed.
    patience: Duration,
    step: Option<u32>,
    step_known_until: Option<u32>,
    under_way: JoinSet<RefreshOutcome>,
    /// The query of each task.
    asked: HashMap<task::Id, &'static str>,
    /// The queries that were already up to date in this round.
    not_due: Vec<&'static str>,
    slow_under_way: BTreeSet<&'static str>,
    /// The latest failure in this round.
    why: Option<QueryError>,
    /// The number of received series in this round.
    series: u64,
    /// Whether all queries that were not running already had something to fetch in this round.
    all_were_due: bool,
    /// Since when queries with formerly many series are without an answer, in Unix seconds.
    doubted: HashMap<&'static str, u32>,
}

/// What a query needs to run.
#[derive(Debug, Clone)]
struct QueryRunner {
    prometheus: Arc<PrometheusClient>,
    store: Arc<SeriesCache>,
    work: TaskTracker,
    filled: Arc<FillCounter>,
    request_timeout: Duration,
    /// Whether Prometheus has hidden values of its newest time that it showed together with earlier times.
    hides: Arc<AtomicBool>,
}

/// The state of a query before it runs.
#[derive(Debug, Clone, Copy)]
struct PreviousAnswer {
    /// The number of series in its latest answer, if there was one.
    series: Option<u64>,
    /// Whether an answer without series is accepted.
    may_be_empty: bool,
}

/// A query and its result; `None` if it was up to date.
type RefreshOutcome = (&'static PrometheusQuery, Result<Option<FillStats>, RefreshError>);

/// The cost of filling the cache.
#[derive(Debug, Clone, Copy, Default)]
struct FillStats {
    latency: Duration,
    series: u64,
    bytes: u64,
}

/// Why a query failed.
#[derive(Debug, thiserror::Error)]
enum RefreshError {
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error("Prometheus did not answer in time")]
    TimedOut,
    #[error("the answer could not be stored: {0}")]
    Store(#[from] io::Error),
    #[error("Prometheus returned no series, although there were many before")]
    Doubtful,
}

/// The result of a round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RoundResult {
    /// The number of answered queries.
    pub answered: usize,
    /// The number of failed queries.
    pub failed: usize,
}

impl CacheRefresher {
    /// Begins without an answer. `work` tracks everything that uses `store`, and `filled` counts what of it is
    /// there.
    #[must_use]
    pub fn new(
        prometheus: Arc<PrometheusClient>,
        store: Arc<SeriesCache>,
        costs: Arc<Mutex<QueryCosts>>,
        metrics: Arc<dyn QueryMetrics>,
        work: TaskTracker,
        refresh_interval: Duration,
        filled: Arc<FillCounter>,
    ) -> Self {
        let [shortest, longest] = REQUEST_TIMEOUT;
        Self {
            asking: QueryRunner {
                prometheus,
                store,
                work,
                filled,
                request_timeout: (refresh_interval * 2).clamp(shortest, longest),
                hides: Arc::default(),
            },
            costs,
            metrics,
            patience: refresh_interval,
            step: None,
            step_known_until: None,
            under_way: JoinSet::new(),
            asked: HashMap::new(),
            not_due: Vec::new(),
            slow_under_way: BTreeSet::new(),
            why: None,
            series: 0,
            all_were_due: false,
            doubted: HashMap::new(),
        }
    }

    /// The distance between two points in seconds: that between two scrapes, at least `refresh_interval`.
    /// Measured again every hour, and until Prometheus has answered.
    pub async fn step(&mut self, now: u32, refresh_interval: Duration) -> u32 {
        let refresh_interval = u32::try_from(refresh_interval.as_secs()).unwrap_or(u32::MAX).max(1);
        if self.step_known_until.is_none_or(|until| now >= until) {
            let span =
                QuerySpan { from: now.saturating_sub(SCRAPES_WINDOW), to: now, step: refresh_interval };
            let times = SampleTimes::default();
            let scrapes = self.asking.prometheus.range(&SCRAPES, span, refresh_interval, times);
            // Limited, so that a Prometheus that hangs is reported as failing.
            if let Ok(Ok((times, _))) = timeout(self.patience, scrapes).await {
                self.step = Some(times.step(refresh_interval));
                self.step_known_until = Some(now.saturating_add(STEP_HOLDS));
            }
        }
        self.step.unwrap_or(refresh_interval)
    }

    /// Measures the distance between two scrapes again, since it was measured at the time of a wrong clock.
    pub const fn forget_step(&mut self) {
        self.step_known_until = None;
    }

    /// Whether Prometheus has answered in this run.
    pub const fn has_heard(&self) -> bool {
        self.step.is_some()
    }

    /// The newest time in a span with a sample of a metric that every installation has; `None` without one,
    /// or without an answer.
    pub async fn newest_sample(&self, span: QuerySpan) -> Option<u32> {
        for query in self.asking.store.plan().presence {
            let request = self.asking.request(query, span, span.step);
            let (incoming, _) = timeout(self.patience, request).await.ok()?.ok()?;
            if let Some(newest) = incoming.newest() {
                return Some(newest);
            }
        }
        None
    }

    /// Rejects the answers of this round if none has series: then every query has failed. A round with few
    /// queries proves nothing about the others.
    pub fn doubt_emptiness(&mut self, round: RoundResult) -> RoundResult {
        if round.answered == 0 || self.series > 0 || !self.all_were_due {
            return round;
        }
        self.why = Some(QueryError::ClocksDiffer);
        let mut costs = lock(&self.costs);
        self.asking.store.plan().all().for_each(|query| costs.failed(query.name));
        RoundResult { answered: 0, failed: round.answered + round.failed }
    }

    /// Runs every query that is not running already, for what is missing up to `now` (Unix seconds) at `step`
    /// (seconds).
    pub async fn round(&mut self, now: u32, step: u32) -> RoundResult {
        self.why = None;
        self.series = 0;
        let round = self.put_all(now, step).await;
        self.doubted.retain(|_, since| now.saturating_sub(*since) <= 2 * LATE);
        let silent = round.answered == 0 && round.failed > 0;
        let mut costs = lock(&self.costs);
        self.all_were_due = self.not_due.is_empty();
        for name in std::mem::take(&mut self.not_due) {
            // If Prometheus is silent, all queries count as failed, including those that run less often.
            if silent { costs.failed(name) } else { costs.up_to_date(name) }
        }
        round
    }

    /// The error of the last round; the latest if several queries failed.
    pub const fn why(&self) -> Option<QueryError> {
        self.why
    }

    async fn put_all(&mut self, now: u32, step: u32) -> RoundResult {
        let (mut quick, mut slow) = self.due();
        let wanted = quick.iter().chain(&slow).map(|query| self.asking.missing(query, now, step).len());
        self.asking.filled.begin(wanted.sum());
        let mut round = RoundResult::default();
        loop {
            self.put(&mut quick, &mut slow, now, step);
            let nothing_waits = quick.is_empty() && slow.is_empty();
            let patience = if nothing_waits { self.patience.min(GRACE) } else { self.patience };
            match timeout(patience, self.under_way.join_next_with_id()).await {
                Ok(None) => return round,
                Ok(Some(Ok((task, asked)))) => {
                    self.ended(task);
                    self.note(asked, now, &mut round);
                }
                // The process is stopping, or the task panicked. The query runs again in the next round.
                Ok(Some(Err(error))) => self.ended(error.id()),
                Err(_) if nothing_waits && round.answered > 0 => return round,
                Err(_) => return self.give_up(quick.into_iter().chain(slow), round),
            }
        }
    }

    /// The queries that are not running: those that were fast the last time, and the others, fastest first.
    fn due(&self) -> (VecDeque<&'static PrometheusQuery>, VecDeque<&'static PrometheusQuery>) {
        let costs = lock(&self.costs);
        let asked: BTreeSet<&str> = self.asked.values().copied().collect();
        let mut due: Vec<_> = self
            .asking
            .store
            .plan()
            .all()
            .filter(|query| !asked.contains(query.name))
            .map(|query| (costs.0.get(query.name).copied().unwrap_or_default(), query))
            .collect();
        due.sort_by_key(|(cost, _)| (cost.failed, cost.latency));
        let quick = due.partition_point(|(cost, _)| !cost.failed && cost.latency < SLOW);
        let slow = due.split_off(quick);
        let queries =
            |due: Vec<(_, &'static PrometheusQuery)>| due.into_iter().map(|(_, query)| query).collect();
        (queries(due), queries(slow))
    }

    fn put(
        &mut self,
        quick: &mut VecDeque<&'static PrometheusQuery>,
        slow: &mut VecDeque<&'static PrometheusQuery>,
        now: u32,
        step: u32,
    ) {
        while self.under_way.len() < AT_ONCE {
            let query = match quick.pop_front() {
                Some(query) => query,
                None if self.slow_under_way.len() == SLOW_AT_ONCE => return,
                None => {
                    let Some(query) = slow.pop_front() else { return };
                    self.slow_under_way.insert(query.name);
                    query
                }
            };
            let asking = self.asking.clone();
            let before = self.before(query, now);
            // Tracked, because an aborted task may be about to write.
            let work = self.asking.work.clone();
            let asked = work.track_future(async move { (query, asking.ask(query, before, now, step).await) });
            let task = self.under_way.spawn(asked);
            self.asked.insert(task.id(), query.name);
        }
    }

    fn before(&self, query: &'static PrometheusQuery, now: u32) -> PreviousAnswer {
        let costs = lock(&self.costs);
        let series = costs.0.get(query.name).map(|cost| cost.series);
        let since = self.doubted.get(query.name);
        let is_late = since.is_some_and(|since| now.saturating_sub(*since) >= LATE);
        PreviousAnswer { series, may_be_empty: is_late || series.is_none_or(|series| series < MANY) }
    }

    /// Removes a task that has ended.
    fn ended(&mut self, task: task::Id) {
        if let Some(query) = self.asked.remove(&task) {
            self.slow_under_way.remove(query);
        }
    }

    fn note(&mut self, (query, outcome): RefreshOutcome, now: u32, round: &mut RoundResult) {
        match &outcome {
            Err(RefreshError::Doubtful) => {
                self.doubted.entry(query.name).or_insert(now);
            }
            _ => {
                self.doubted.remove(query.name);
            }
        }
        let mut costs = lock(&self.costs);
        match outcome {
            Ok(None) => self.not_due.push(query.name),
            Ok(Some(filled)) => {
                round.answered += 1;
                self.series += filled.series;
                costs.answered(query.name, filled.latency, filled.series);
                self.metrics.query_answered(filled.bytes);
            }
            Err(error) => {
                round.failed += 1;
                self.why = error.of_prometheus().or(self.why);
                costs.failed(query.name);
                self.metrics.query_failed();
                tracing::debug!(query = query.name, %error, "a query failed");
            }
        }
    }

    /// Prometheus is silent: running and waiting queries count as failed for now.
    fn give_up(
        &mut self,
        waiting: impl Iterator<Item = &'static PrometheusQuery>,
        mut round: RoundResult,
    ) -> RoundResult {
        self.why = self.why.or(Some(QueryError::TimedOut));
        let mut costs = lock(&self.costs);
        for name in self.asked.values().copied().chain(waiting.map(|query| query.name)) {
            costs.failed(name);
            round.failed += 1;
        }
        round
    }
}

impl RefreshError {
    /// The error, if Prometheus caused it.
    const fn of_prometheus(&self) -> Option<QueryError> {
        match self {
            Self::Query(error) => Some(*error),
            Self::TimedOut => Some(QueryError::TimedOut),
            Self::Store(_) | Self::Doubtful => None,
        }
    }
}

impl QueryRunner {
    /// Fetches the missing parts of a query and stores them one by one. Returns `None` if nothing is missing.
    async fn ask(
        self,
        query: &'static PrometheusQuery,
        before: PreviousAnswer,
        now: u32,
        step: u32,
    ) -> Result<Option<FillStats>, RefreshError> {
        let mut filled: Option<FillStats> = None;
        let mut missing = self.missing(query, now, step).into_iter();
        while let Some(span) = missing.next() {
            let (mut incoming, mut answered) = self.request(query, span, step).await?;
            let is_newest = missing.len() == 0;
            if answered.series == 0 && is_newest {
                if query.kind == QueryRetention::Now && before.series != Some(0) {
                    (incoming, answered) = self.look_back(query, span, step).await?;
                }
                if answered.series == 0 && !before.may_be_empty {
                    return Err(RefreshError::Doubtful);
                }
            }
            self.store(incoming, span.to, step).await?;
            self.filled.stored();
            filled = Some(FillStats {
                latency: answered.latency,
                series: answered.series,
                bytes: filled.unwrap_or_default().bytes + answered.bytes,
            });
        }
        Ok(filled)
    }

    /// The spans of a query that are not in the cache.
    fn missing(&self, query: &'static PrometheusQuery, now: u32, step: u32) -> Vec<QuerySpan> {
        spans(query.kind, self.store.to(query), now, step, self.again(query.kind))
    }

    /// How many of the answered seconds are requested again.
    fn again(&self, kind: QueryRetention) -> u32 {
        let is_asked_again = kind == QueryRetention::Seen || self.hides.load(Ordering::Relaxed);
        if is_asked_again { LATE } else { 0 }
    }

    /// Repeats the request for a time together with earlier times: some back ends then show what they hide in
    /// a request for one time.
    async fn look_back(
        &self,
        query: &'static PrometheusQuery,
        span: QuerySpan,
        step: u32,
    ) -> Result<(IncomingSeries, QueryStats), RefreshError> {
        let from = span.to.saturating_sub(LATE / step.max(1) * step).max(step);
        let (incoming, answered) =
            self.request(query, QuerySpan { from: from.min(span.from), ..span }, step).await?;
        if span.from == span.to && incoming.newest() == Some(span.to) {
            self.hides.store(true, Ordering::Relaxed);
        }
        Ok((incoming, answered))
    }

    async fn request(
        &self,
        query: &'static PrometheusQuery,
        span: QuerySpan,
        step: u32,
    ) -> Result<(IncomingSeries, QueryStats), RefreshError> {
        let request = self.prometheus.range(query, span, RANGE_STEPS * step, IncomingSeries::new(query));
        Ok(timeout(self.request_timeout, request).await.map_err(|_| RefreshError::TimedOut)??)
    }

    async fn store(&self, incoming: IncomingSeries, to: u32, step: u32) -> io::Result<()> {
        let store = Arc::clone(&self.store);
        joined(self.work.spawn_blocking(move || store.write(incoming, to, step))).await?
    }
}

#[cfg(test)]
mod tests;
