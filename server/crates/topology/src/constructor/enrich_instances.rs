//! Loads the databases that exporters monitor.

mod exporter_targets;

use headcount_prometheus::{
    query::{Label, PrometheusQuery},
    results::{InternedString, ResultRow},
};

use self::exporter_targets::{ExporterTargets, LABELS, is_of_cluster_agent, reached};
use super::world_builder::WorldBuilder;
use crate::{
    model::{
        ArenaIndex as _, DatabaseEngine, DatabaseId, FastMap, InstanceId, LatestText, MonitoredDatabase,
        OneToMany, RowId, keep_larger,
    },
    queries::{
        DATABASES, MEMCACHED_UP, MEMCACHED_VERSION, MONGO_INFO, MONGO_RS_STATUS, MONGO_UP, MYSQL_INFO,
        MYSQL_UP, PG_INFO, PG_UP, REDIS_INSTANCE_INFO, REDIS_UP,
    },
};

/// The prefixes of the queries for each kind of database.
const PREFIXES: [(&str, DatabaseEngine); 5] = [
    ("pg_", DatabaseEngine::Postgres),
    ("redis_", DatabaseEngine::Redis),
    ("mongo_", DatabaseEngine::Mongodb),
    ("memcached_", DatabaseEngine::Memcached),
    ("mysql_", DatabaseEngine::Mysql),
];

const UP: [&PrometheusQuery; 5] = [&PG_UP, &REDIS_UP, &MONGO_UP, &MEMCACHED_UP, &MYSQL_UP];

const VERSIONS: [(&PrometheusQuery, Label); 5] = [
    (&PG_INFO, Label::ServerVersion),
    (&REDIS_INSTANCE_INFO, Label::RedisVersion),
    (&MONGO_INFO, Label::ServerVersion),
    (&MEMCACHED_VERSION, Label::Version),
    (&MYSQL_INFO, Label::ServerVersion),
];

const ROLES: [(&PrometheusQuery, Label); 2] =
    [(&REDIS_INSTANCE_INFO, Label::Role), (&MONGO_RS_STATUS, Label::Role)];

/// The databases found so far, by instance and kind.
#[derive(Default)]
struct DatabaseIndex {
    by_instance: FastMap<(InstanceId, DatabaseEngine), DatabaseId>,
    series: Vec<(DatabaseId, (&'static PrometheusQuery, RowId))>,
}

/// Loads databases and their series. One series of any exporter is enough for a database to be monitored.
pub(super) fn run(site: &mut WorldBuilder<'_, '_>) {
    let mut databases = DatabaseIndex::default();
    let mut subjects = ExporterTargets::of(site);
    for query in [&PG_UP, &REDIS_UP, &MONGO_UP, &MEMCACHED_UP] {
        load_internal(site, &mut databases, query);
    }
    for query in DATABASES {
        load(site, &mut subjects, &mut databases, query);
    }
    site.world.database_series = OneToMany::gather(databases.series);
}

fn engine(query: &PrometheusQuery) -> Option<DatabaseEngine> {
    PREFIXES.iter().find(|(prefix, _)| query.name.starts_with(prefix)).map(|(_, engine)| *engine)
}

impl DatabaseIndex {
    /// The database of that kind in an instance. Adds it if it is new.
    fn enter(
        &mut self,
        site: &mut WorldBuilder<'_, '_>,
        instance: InstanceId,
        engine: DatabaseEngine,
        internal: bool,
    ) -> DatabaseId {
        *self.by_instance.entry((instance, engine)).or_insert_with(|| {
            site.world.databases.add(MonitoredDatabase {
                instance,
                engine,
                is_internal: internal,
                up: f32::NAN,
                version: LatestText::NONE,
                role: LatestText::NONE,
            })
        })
    }
}

/// Loads the databases that the cluster agent monitors: those that it reaches at an address on which an
/// instance listens without a proxy, and managed ones.
fn load_internal(
    site: &mut WorldBuilder<'_, '_>,
    databases: &mut DatabaseIndex,
    query: &'static PrometheusQuery,
) {
    let Some(engine) = engine(query) else { return };
    let columns = query.columns(LABELS);
    for row in site.answers.table(query).rows() {
        let labels = columns.map(|column| row.label(column));
        if !is_of_cluster_agent(site, labels) {
            continue;
        }
        if let Some(instance) = reached(site, labels) {
            databases.enter(site, instance, engine, true);
        }
    }
}

fn load(
    site: &mut WorldBuilder<'_, '_>,
    subjects: &mut ExporterTargets,
    databases: &mut DatabaseIndex,
    query: &'static PrometheusQuery,
) {
    let Some(engine) = engine(query) else { return };
    let (columns, is_up) = (query.columns(LABELS), UP.contains(&query));
    let texts_of = |of: &[(&PrometheusQuery, Label)]| {
        of.iter().find(|(other, _)| *other == query).map(|(_, label)| *label)
    };
    let (version, role) = (texts_of(&VERSIONS), texts_of(&ROLES));
    for row in site.answers.table(query).rows() {
        let labels = columns.map(|column| row.label(column));
        let Some(instance) = subjects.monitored(site, labels, engine) else { continue };
        let id = databases.enter(site, instance, engine, false);
        let from_agent = is_of_cluster_agent(site, labels);
        let database = &mut site.world.databases[id];
        if engine != DatabaseEngine::Mysql && database.is_internal != from_agent {
            continue;
        }
        if is_up {
            keep_larger(&mut database.up, row.last());
        }
        for (kept, label) in [(&mut database.version, version), (&mut database.role, role)] {
            if let Some(text) = label.and_then(|label| text(query, row, label)) {
                kept.update(&site.world.texts, row.last_seen(), text);
            }
        }
        databases.series.push((id, (query, RowId::at(row.index()))));
    }
}

fn text(query: &PrometheusQuery, row: ResultRow<'_>, label: Label) -> Option<InternedString> {
    query.column(label).map(|column| row.label(column))
}
