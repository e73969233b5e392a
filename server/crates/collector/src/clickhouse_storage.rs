//! Stores reports in ClickHouse, which any number of collectors share.
//!
//! Nothing is locked. A report is identified by a keyed hash of its id, rows are inserted again until they
//! are known to be durable, and a row that is there twice counts once. What belongs to a report is inserted
//! before the row in `headcount_id` that says that it is stored. A day is computed from the rows that the
//! earliest row of each id names, so that collectors that did not see each other agree. Installations are
//! named by keyed hashes everywhere but in the table of installations.

mod block_parts;
mod block_rows;
mod browser_keys;
mod day_rows;
mod erasure;
mod identified_report;
mod insert_reports;
mod known_context;
mod partition_drops;
mod process_lead;
mod product_places;
mod profile_name_rows;
mod report_lookups;
mod table_definitions;
mod tombstone_rows;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex as StdMutex},
    time::Duration,
};

use headcount_clickhouse::{
    ClickHouseAddress, ClickHouseClient, ClickHouseError, ClusterShape, DurabilityMismatch,
    DurabilityRefusal, RequestLimits, RowBatch, ServerFacts, VolatileStorage, check_settings,
    decide_durability, sql_literal,
};
use headcount_fleet::{calendar_day::CalendarDay, installation_day::InstallationHash, published::NoiseKey};
use headcount_platform::lock::lock;
use thiserror::Error;
use tokio::{sync::Mutex, time};
use uuid::Uuid;

use self::{
    block_rows::UndatedVersions,
    browser_keys::KnownBrowserKeys,
    day_rows::ContestedDay,
    erasure::ErasureState,
    process_lead::ProcessLead,
    table_definitions::{BLOCKS, ClickHouseTable, NOTES, OldPartTimes, REPORT_IDS, prepare_tables},
};
use super::{
    collector_keys::CollectorKeys,
    fleet_storage::{StorageError, StorageResult},
    known_products::KnownProducts,
    report_store::KnownStacks,
};

/// The largest block or typed report that is read, in bytes.
const LARGEST_ROW: usize = 256 << 20;

/// How long a server keeps the files of merged and deleted rows. For less than the time in which a system
/// writes its memory to the disk, a power cut could lose what was merged.
const OLD_PARTS_KEPT: Duration = Duration::from_secs(60);

/// The version of the tables, which a change of them raises.
const TABLES_VERSION: u64 = 1;

/// After this time, another collector that found no keys has noted its own. Notes of one second are told
/// apart by their text.
const KEYS_SETTLE: Duration = Duration::from_millis(1500);

const DAY_SECONDS: u64 = 24 * 60 * 60;
const WEEK_SECONDS: u64 = 7 * DAY_SECONDS;

/// Where ClickHouse is, and what is demanded of it.
#[derive(Debug, Clone)]
pub struct ClickHousePlace {
    /// Every node.
    pub address: ClickHouseAddress,
    /// Whether a server may be used that loses what it has answered when its machine loses power.
    pub volatile: VolatileStorage,
    /// The bounds on statements.
    pub limits: RequestLimits,
    /// How long the files of deleted rows are kept, in tables that are made now.
    pub old_parts_kept: Duration,
}

impl ClickHousePlace {
    /// The place with the usual bounds.
    #[must_use]
    pub fn new(address: ClickHouseAddress, volatile: VolatileStorage) -> Self {
        let limits =
            RequestLimits { row_bytes: LARGEST_ROW, answer_bytes: LARGEST_ROW, ..RequestLimits::default() };
        Self { address, volatile, limits, old_parts_kept: OLD_PARTS_KEPT }
    }
}

/// Why ClickHouse is not used, in one sentence for the operator.
#[derive(Debug, Error)]
pub enum ClickHouseRefusal {
    /// It fails, or cannot be reached.
    #[error(transparent)]
    Failed(#[from] ClickHouseError),
    /// It would lose reports.
    #[error(transparent)]
    NotDurable(#[from] DurabilityRefusal),
    /// A later version of this program has changed the tables.
    #[error("the tables in ClickHouse were made by a newer version of this program")]
    Newer,
    /// Its settings or tables are not those that a collector needs.
    #[error(transparent)]
    Mismatch(#[from] DurabilityMismatch),
    /// Nodes are missing in the address.
    #[error(
        "the cluster of ClickHouse has {nodes} nodes and its address names {named}: it must name each of them"
    )]
    MissingNodes {
        /// The number of nodes of the cluster.
        nodes: u64,
        /// The number of nodes in the address.
        named: usize,
    },
}

/// The reports and numbers of a collector in ClickHouse.
#[derive(Debug)]
pub(super) struct ClickHouseStorage {
    client: ClickHouseClient,
    /// A client of each node.
    nodes: Vec<ClickHouseClient>,
    database: String,
    cluster: Option<ClusterShape>,
    keys: Arc<CollectorKeys>,
    known_stacks: KnownStacks,
    browser_keys: KnownBrowserKeys,
    contested: Mutex<Option<ContestedDay>>,
    products: KnownProducts,
    places: ArrivalPlaces,
    undated_versions: UndatedVersions,
    lead: ProcessLead,
    erasure: Mutex<ErasureState>,
}

impl ClickHouseStorage {
    /// Connects, decides what makes inserts durable, and makes the tables that are missing.
    ///
    /// # Errors
    /// Every [`ClickHouseRefusal`].
    pub(super) async fn open(
        place: &ClickHousePlace,
        keys: Arc<CollectorKeys>,
    ) -> Result<Self, ClickHouseRefusal> {
        let client = ClickHouseClient::new(&place.address, place.limits)?;
        let facts = ServerFacts::ask(&client).await?;
        let plan = decide_durability(&facts, place.address.cluster(), place.volatile)?;
        let client = client.with_plan(&plan);
        let nodes = client.clients_of_nodes();
        if let Some(cluster) = &plan.cluster {
            check_nodes(&client, cluster, nodes.len()).await?;
        }
        check_settings(&client, &plan).await?;
        let kept = place.old_parts_kept.as_secs().max(1);
        let old_parts = OldPartTimes { lifetime: kept, pace: (kept / 2).max(1) };
        prepare_tables(&nodes, &client, place.address.database(), &plan, old_parts).await?;
        let store = Self {
            client,
            nodes,
            database: place.address.database().to_owned(),
            cluster: plan.cluster,
            keys,
            known_stacks: KnownStacks::default(),
            browser_keys: KnownBrowserKeys::default(),
            contested: Mutex::default(),
            products: KnownProducts::default(),
            places: ArrivalPlaces::new(),
            undated_versions: UndatedVersions::default(),
            lead: ProcessLead::new(),
            erasure: Mutex::default(),
        };
        store.check_tables_version().await?;
        Ok(store)
    }

    async fn check_tables_version(&self) -> Result<(), ClickHouseRefusal> {
        let select = format!("SELECT max(value) FROM {} WHERE kind = 'tables'", NOTES.name);
        match self.client.query::<(u64,)>(&select).await?.first().map_or(0, |(version,)| *version) {
            TABLES_VERSION => {}
            version if version > TABLES_VERSION => return Err(ClickHouseRefusal::Newer),
            _ => {
                let mut batch = RowBatch::default();
                batch.push(&("tables", 0_u64, TABLES_VERSION, ""));
                self.client.insert(NOTES.name, &["kind", "key", "value", "text"], batch).await?;
            }
        }
        Ok(())
    }

    /// The hash under which an installation is counted.
    pub(super) fn installation_hash(&self, instance: Uuid) -> InstallationHash {
        self.keys.installation(instance)
    }

    /// The key of the noise in what is published.
    pub(super) fn noise_key(&self) -> NoiseKey {
        NoiseKey::new(*self.keys.noise())
    }

    /// When a collector last wrote here, by its own time; `None` if none ever did.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(super) async fn last_time(&self) -> StorageResult<Option<u64>> {
        let (notes, ids) = (NOTES.name, REPORT_IDS.name);
        let noted = format!("SELECT max(value) FROM {notes} WHERE kind = 'clock'");
        let newest = format!("SELECT max(received_at) FROM {ids}");
        let (noted, newest) = tokio::try_join!(self.number(&noted), self.number(&newest))?;
        Ok(Some(noted.max(newest)).filter(|at| *at > 0))
    }

    /// Stores the time, for collectors that receive no reports for long.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(super) async fn note_time(&self, now: u64) -> StorageResult<()> {
        self.note("clock", 0, now, "").await
    }

    /// The fingerprint of the keys that the hashes here were made with; `None` before the first start.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(super) async fn key_fingerprint(&self) -> StorageResult<Option<String>> {
        // Of two collectors that started at once with different keys, the one that noted them first went on.
        let select = format!(
            "SELECT text FROM {} WHERE kind = 'keys' GROUP BY text ORDER BY max(value) DESC, text LIMIT 1",
            NOTES.name
        );
        Ok(self.texts(&select).await?.into_iter().next())
    }

    /// Notes the keys that are used from now on, unless another collector notes others at the same time:
    /// [`ClickHouseStorage::key_fingerprint`] says then which ones are used.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(super) async fn note_keys(&self, fingerprint: &str) -> StorageResult<()> {
        let key =
            fingerprint.bytes().fold(0_u64, |key, byte| key.wrapping_mul(257).wrapping_add(byte.into()));
        let now = self.number("SELECT toUInt64(toUnixTimestamp(now()))").await?;
        // The highest value stays, so it is the one of the earliest time.
        self.note("keys", key, earliest(now), fingerprint).await?;
        time::sleep(KEYS_SETTLE).await;
        Ok(())
    }

    async fn note(&self, kind: &str, key: u64, value: u64, text: &str) -> StorageResult<()> {
        let mut batch = RowBatch::default();
        batch.push(&(kind, key, value, text));
        self.insert(&NOTES, &["kind", "key", "value", "text"], batch).await
    }

    /// The size of the files on all nodes that are not away.
    ///
    /// # Errors
    /// When a node of ClickHouse fails, or all are away.
    pub(super) async fn disk_bytes(&self) -> StorageResult<u64> {
        let select = "SELECT toUInt64(sum(bytes_on_disk)) FROM system.parts \
                      WHERE database = currentDatabase() AND table LIKE 'headcount_%'";
        let (mut bytes, mut away) = (None, None);
        for node in &self.nodes {
            match number_of(node, select).await {
                Ok(of_node) => bytes = Some(bytes.unwrap_or(0) + of_node),
                Err(StorageError::ClickHouse(error)) if error.is_temporary() => away = Some(error),
                Err(error) => return Err(error),
            }
        }
        match (bytes, away) {
            (None, Some(error)) => Err(error.into()),
            (bytes, _) => Ok(bytes.unwrap_or(0)),
        }
    }

    async fn insert(
        &self,
        table: &ClickHouseTable,
        columns: &[&'static str],
        rows: RowBatch,
    ) -> StorageResult<()> {
        Ok(self.client.insert(table.name, columns, rows).await?)
    }

    /// The one number that a statement returns; 0 for no row.
    async fn number(&self, select: &str) -> StorageResult<u64> {
        number_of(&self.client, select).await
    }

    /// The name of a table for statements to one node.
    const fn local(&self, table: &ClickHouseTable) -> &'static str {
        table.local(self.cluster.as_ref())
    }

    /// The name of the table with the rows of a node, for subqueries that each shard answers by itself.
    fn qualified(&self, table: &ClickHouseTable) -> String {
        format!("{}.{}", self.database, self.local(table))
    }

    fn is_replicated(&self) -> bool {
        self.cluster.as_ref().is_some_and(|cluster| cluster.is_replicated)
    }

    /// The products and days of which the installations are stored, the days of a product in order.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(crate) async fn days_of_installations(&self) -> StorageResult<Vec<(String, CalendarDay)>> {
        let select = format!(
            "SELECT DISTINCT product, day FROM {} WHERE layer = 'installations' ORDER BY product, day",
            BLOCKS.name
        );
        let rows = self.client.query::<(String, u32)>(&select).await?;
        rows.into_iter().map(|(product, day)| Ok((product, stored_day(day)?))).collect()
    }

    /// The first and the last day with installations of each product, sorted by product.
    ///
    /// # Errors
    /// When ClickHouse fails.
    pub(crate) async fn product_days(&self) -> StorageResult<Vec<(String, CalendarDay, CalendarDay)>> {
        let select = format!(
            "SELECT product, min(day), max(day) FROM {} WHERE layer = 'installations' GROUP BY product \
             ORDER BY product",
            BLOCKS.name
        );
        let rows = self.client.query::<(String, u32, u32)>(&select).await?.into_iter();
        rows.map(|(product, first, last)| Ok((product, stored_day(first)?, stored_day(last)?))).collect()
    }
}

async fn number_of(client: &ClickHouseClient, select: &str) -> StorageResult<u64> {
    Ok(client.query::<(u64,)>(select).await?.first().map_or(0, |(number,)| *number))
}

async fn check_nodes(
    client: &ClickHouseClient,
    cluster: &ClusterShape,
    named: usize,
) -> Result<(), ClickHouseRefusal> {
    let select =
        format!("SELECT count() FROM system.clusters WHERE cluster = {}", sql_literal(&cluster.name));
    let nodes = client.query::<(u64,)>(&select).await?.first().map_or(0, |(nodes,)| *nodes);
    if usize::try_from(nodes) == Ok(named) {
        Ok(())
    } else {
        Err(ClickHouseRefusal::MissingNodes { nodes, named })
    }
}

/// Values between commas, for `IN (…)`. No values are one that no row has.
fn list_of<T: ToString>(values: impl IntoIterator<Item = T>) -> String {
    let values: Vec<_> = values.into_iter().map(|value| value.to_string()).collect();
    if values.is_empty() { "NULL".to_owned() } else { values.join(", ") }
}

fn stored_day(days: u32) -> StorageResult<CalendarDay> {
    CalendarDay::try_from(days).map_err(|_| ClickHouseError::Malformed("a stored day is out of range").into())
}

/// The week of a time in Unix seconds, as a number of weeks since 1970-01-01.
fn week_of(seconds: u64) -> u32 {
    u32::try_from(seconds / WEEK_SECONDS).unwrap_or(u32::MAX)
}

/// A place has the time of arrival in its upper bits.
const PLACE_SHIFT: u32 = 20;

/// The lowest bits of a place tell collectors from each other.
const PROCESS_BITS: u32 = 8;

/// Gives reports places in the order of arrival. They fit into the numbers of JavaScript.
#[derive(Debug)]
struct ArrivalPlaces {
    process: u64,
    /// The second of the last place, and how many there were in it.
    last: StdMutex<(u64, u64)>,
}

impl ArrivalPlaces {
    fn new() -> Self {
        Self { process: rand::random_range(0..1 << PROCESS_BITS), last: StdMutex::default() }
    }

    /// The place of the next report that arrived at a time in Unix seconds.
    fn next(&self, received_at: u64) -> u64 {
        let mut last = lock(&self.last);
        let before = if last.0 == received_at { last.1 + 1 } else { 0 };
        *last = (received_at, before.min((1 << (PLACE_SHIFT - PROCESS_BITS)) - 1));
        (received_at << PLACE_SHIFT) | (last.1 << PROCESS_BITS) | self.process
    }
}

/// The version of a row that the earliest one wins.
const fn earliest(place: u64) -> u64 {
    u64::MAX - place
}

/// Groups what belongs to the same key.
fn grouped<K: std::hash::Hash + Eq, V>(pairs: impl IntoIterator<Item = (K, V)>) -> HashMap<K, Vec<V>> {
    let mut groups: HashMap<K, Vec<V>> = HashMap::new();
    for (key, value) in pairs {
        groups.entry(key).or_default().push(value);
    }
    groups
}
