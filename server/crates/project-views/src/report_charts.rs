//! Draws together what a report of the auditor looked at: series of the last hour, and what happened in it.

use std::collections::HashSet;

use headcount_health::{
    auditor::slo,
    counter_increase::CounterIncreases,
    health_status::HealthStatus,
    incidents::ApplicationIncident,
    matching_row::MatchingRows,
    sli::{ObjectiveSeries, SLOT_S},
};
use headcount_prometheus::{
    query::{Label, PrometheusQuery, WINDOW},
    results::QueryResults,
};
use headcount_shared::api::{ChartMark, ChartMarkKind, ChartUnit, ReportCharts, ViewChart};
use headcount_topology::{
    application_key::ApplicationKey,
    model::{
        Application, ApplicationInstance, ArenaIndex as _, Container, ContainerId, InstanceId, OneToMany,
        RowId,
    },
    queries::{
        AWS_RDS_CPU_USAGE_PERCENT, AWS_RDS_LOG_MESSAGES_TOTAL, CONTAINER_CPU_USAGE,
        CONTAINER_DNS_REQUESTS_TOTAL, CONTAINER_LOG_MESSAGES, CONTAINER_MEMORY_RSS,
        CONTAINER_OOM_KILLS_TOTAL, CONTAINER_RESTARTS, FARGATE_CONTAINER_CPU_USAGE_SECONDS,
        FARGATE_CONTAINER_MEMORY_RSS, FARGATE_CONTAINER_OOM_EVENTS_TOTAL, NODE_CPU_USAGE_PERCENT,
        NODE_DISK_READ_TIME, NODE_DISK_WRITE_TIME, UP,
    },
};

use crate::{
    chart_html::{CHARTS_ID, charts_html},
    hour_series::{ChartWords, HourGrid, HourSeries},
    node_names::NodeNames,
    world_sight::WorldSight,
};

/// The log levels that the report on logs counts.
const ERROR_LEVELS: [&str; 2] = ["error", "critical"];

/// The most events that are marked.
const MOST_MARKS: usize = 100;

/// Percent as a share.
const OF_PERCENT: f64 = 0.01;

/// A query, and a row of its answer in the world.
type SeriesRow = (&'static PrometheusQuery, Option<RowId>);

/// The second series of a container that has one.
const NO_SERIES: SeriesRow = (&UP, None);

const GOOD_REQUESTS: ChartWords = ChartWords {
    title: "Good requests",
    value_title: "share of the requests in five minutes",
    unit: ChartUnit::Share,
};
const REQUESTS: ChartWords =
    ChartWords { title: "Requests", value_title: "requests a second", unit: ChartUnit::Count };
const RESTARTS: ChartWords =
    ChartWords { title: "Restarts of containers", value_title: "restarts", unit: ChartUnit::Count };
const KILLS: ChartWords = ChartWords {
    title: "Containers killed for lack of memory",
    value_title: "kills",
    unit: ChartUnit::Count,
};
const INSTANCE_CPU: ChartWords =
    ChartWords { title: "CPU usage of instances", value_title: "processor time", unit: ChartUnit::Cores };
const INSTANCE_MEMORY: ChartWords =
    ChartWords { title: "Memory of instances", value_title: "memory in use", unit: ChartUnit::Bytes };
const NODE_CPU: ChartWords =
    ChartWords { title: "CPU usage of nodes", value_title: "share of all cores", unit: ChartUnit::Share };
const DISK_LOAD: ChartWords = ChartWords {
    title: "Waiting for disks",
    value_title: "seconds a second, of all processes",
    unit: ChartUnit::Seconds,
};
const DNS_REQUESTS: ChartWords = ChartWords {
    title: "DNS requests by their result",
    value_title: "requests a second",
    unit: ChartUnit::Count,
};
const LOG_ERRORS: ChartWords =
    ChartWords { title: "Errors in logs", value_title: "messages", unit: ChartUnit::Count };

/// The queries whose values over time the charts of a report need.
#[must_use]
pub fn charts_need(report: &str) -> &'static [&'static PrometheusQuery] {
    match report {
        "Instances" => const { &[&UP, &CONTAINER_RESTARTS] },
        "CPU" => {
            const {
                &[
                    &CONTAINER_CPU_USAGE,
                    &FARGATE_CONTAINER_CPU_USAGE_SECONDS,
                    &NODE_CPU_USAGE_PERCENT,
                    &AWS_RDS_CPU_USAGE_PERCENT,
                ]
            }
        }
        "Memory" => {
            const {
                &[
                    &UP,
                    &CONTAINER_MEMORY_RSS,
                    &FARGATE_CONTAINER_MEMORY_RSS,
                    &CONTAINER_OOM_KILLS_TOTAL,
                    &FARGATE_CONTAINER_OOM_EVENTS_TOTAL,
                ]
            }
        }
        "Storage" => const { &[&NODE_DISK_READ_TIME, &NODE_DISK_WRITE_TIME] },
        "DNS" => const { &[&CONTAINER_DNS_REQUESTS_TOTAL] },
        "Logs" => const { &[&UP, &CONTAINER_LOG_MESSAGES, &AWS_RDS_LOG_MESSAGES_TOTAL] },
        _ => &[],
    }
}

/// The charts of a report on an application, and what happened within the hour up to `now`, in Unix seconds;
/// `None` if there is no such application or report. `points` has the answers that [`charts_need`] lists;
/// `incidents` are those of the project.
#[must_use]
pub fn report_charts(
    sight: WorldSight<'_, '_>,
    points: &QueryResults,
    (key, report): (&ApplicationKey, &str),
    incidents: &[ApplicationIncident],
    now: u32,
) -> Option<ReportCharts> {
    let audit = sight.audit_of(key)?;
    audit.reports.iter().find(|of| of.name == report)?;
    let containers = sight.world.containers_by_instance();
    let application = &sight.world.apps[audit.application];
    let points = MatchingRows::of(points);
    let charted = ChartedApplication { sight, points: &points, application, containers: &containers };
    let charts = match report {
        slo::NAME => charted.service_levels(key),
        "Instances" => vec![charted.restarts()],
        "CPU" => vec![charted.container_cpu(), charted.node_cpu()],
        "Memory" => vec![charted.memory(), charted.kills()],
        "Storage" => vec![charted.disk_load()],
        "DNS" => vec![charted.dns_requests()],
        "Logs" => vec![charted.log_errors()],
        _ => Vec::new(),
    };
    let charts: Vec<ViewChart> = charts.into_iter().flatten().collect();
    let marks = marks(sight, key, incidents, now);
    let drawn = charts_html(CHARTS_ID, &charts, &marks);
    Some(ReportCharts { charts, marks, drawn })
}

/// The newest rollouts and incidents of an application within the hour up to `now`, the oldest first.
fn marks(
    sight: WorldSight<'_, '_>,
    key: &ApplicationKey,
    incidents: &[ApplicationIncident],
    now: u32,
) -> Vec<ChartMark> {
    let from = now.saturating_sub(u32::try_from(WINDOW.as_secs()).unwrap_or(u32::MAX));
    let rollouts = sight.history.deployments.iter().filter(|rollout| rollout.application == *key);
    let rollouts = rollouts.map(|rollout| ChartMark {
        at: rollout.started_at,
        kind: ChartMarkKind::Rollout,
        label: rollout.name.clone(),
    });
    let incidents = incidents.iter().filter(|incident| incident.application == *key);
    let incidents = incidents.flat_map(|incident| {
        let mark = |at, kind| ChartMark { at, kind, label: incident_label(incident) };
        let opened = mark(incident.opened_at, ChartMarkKind::IncidentOpened);
        let resolved = incident.resolved_at.map(|at| mark(at, ChartMarkKind::IncidentResolved));
        [Some(opened), resolved].into_iter().flatten()
    });
    let mut marks: Vec<_> =
        rollouts.chain(incidents).filter(|mark| (from..=now).contains(&mark.at)).collect();
    marks.sort_by_key(|mark| mark.at);
    marks.drain(..marks.len().saturating_sub(MOST_MARKS));
    marks
}

/// What an incident is about, and how severe it is.
fn incident_label(incident: &ApplicationIncident) -> String {
    let severity = match incident.severity {
        HealthStatus::Critical => " (critical)",
        HealthStatus::Warning => " (warning)",
        HealthStatus::Unknown | HealthStatus::Ok | HealthStatus::Info => "",
    };
    ["missed service levels", severity].concat()
}

/// A slot of requests: its end, all requests, and the bad ones.
type RequestSlot = (u32, [f32; 2]);

/// The slots of the last hour.
fn slots_of_hour<'s>(series: &'s ObjectiveSeries<'_>) -> impl Iterator<Item = RequestSlot> + 's {
    series.slots(u32::try_from(WINDOW.as_secs()).unwrap_or(u32::MAX))
}

/// An application, and answers with points.
struct ChartedApplication<'s, 'w, 'a> {
    sight: WorldSight<'w, 'a>,
    points: &'s MatchingRows<'s>,
    application: &'w Application,
    containers: &'s OneToMany<InstanceId, ContainerId>,
}

impl<'w> ChartedApplication<'_, 'w, '_> {
    /// Shares of good requests, and requests a second.
    fn service_levels(&self, key: &ApplicationKey) -> Vec<Option<ViewChart>> {
        let overrides = &self.sight.history.overrides;
        let Some(known) = self.sight.indicators.requests_to(key) else { return Vec::new() };
        let newest = self.sight.indicators.newest().unwrap_or_default();
        let Some(grid) = HourGrid::with_step(newest, SLOT_S) else { return Vec::new() };
        let availability = known.availability(&overrides.availability_of(key));
        let latency = known.latency(&overrides.latency_of(key, self.application.category.is_auxiliary()));
        let (mut shares, mut rates) = (HourSeries::new(grid), HourSeries::new(grid));
        for (name, series) in [("succeeded", &availability), ("fast enough", &latency)] {
            let slots = series.iter().flat_map(slots_of_hour).filter(|(_, [all, _])| *all > 0.0);
            shares.add_levels(name, slots.map(|(end, [all, bad])| (end, 1.0 - bad / all)));
        }
        for (name, place) in [("all", 0), ("failed", 1)] {
            let slots = availability.iter().flat_map(slots_of_hour);
            rates.add_levels(name, slots.map(|(end, requests)| (end, requests[place] / SLOT_S as f32)));
        }
        vec![shares.into_chart(&GOOD_REQUESTS, 1.0), rates.into_chart(&REQUESTS, 1.0)]
    }

    fn restarts(&self) -> Option<ViewChart> {
        self.events(&RESTARTS, &self.of_containers(|of| [(&CONTAINER_RESTARTS, of.restarts), NO_SERIES]))
    }

    fn kills(&self) -> Option<ViewChart> {
        let rows = self.of_containers(|Container { oom_kills, .. }| {
            [
                (&CONTAINER_OOM_KILLS_TOTAL, oom_kills.agent),
                (&FARGATE_CONTAINER_OOM_EVENTS_TOTAL, oom_kills.fargate),
            ]
        });
        self.events(&KILLS, &rows)
    }

    fn container_cpu(&self) -> Option<ViewChart> {
        let rows = self.of_containers(|Container { cpu_usage, .. }| {
            [
                (&CONTAINER_CPU_USAGE, cpu_usage.agent),
                (&FARGATE_CONTAINER_CPU_USAGE_SECONDS, cpu_usage.fargate),
            ]
        });
        levels(self.sight, self.points, &INSTANCE_CPU, &rows, 1.0)
    }

    fn memory(&self) -> Option<ViewChart> {
        let rows = self.of_containers(|Container { memory_rss, .. }| {
            [(&CONTAINER_MEMORY_RSS, memory_rss.agent), (&FARGATE_CONTAINER_MEMORY_RSS, memory_rss.fargate)]
        });
        levels(self.sight, self.points, &INSTANCE_MEMORY, &rows, 1.0)
    }

    fn node_cpu(&self) -> Option<ViewChart> {
        let world = self.sight.world;
        let (names, mut nodes, mut rows) = (NodeNames::of(self.sight), HashSet::new(), Vec::new());
        for (_, instance) in self.instances() {
            let Some(node) = instance.node.filter(|node| nodes.insert(*node)) else { continue };
            let name = names.name(node).into_owned();
            rows.push(ChartedRow { name, query: &NODE_CPU_USAGE_PERCENT, row: world.nodes[node].cpu_usage });
        }
        // Summed over modes.
        rows.extend(self.of_managed(&AWS_RDS_CPU_USAGE_PERCENT));
        levels(self.sight, self.points, &NODE_CPU, &rows, OF_PERCENT)
    }

    fn disk_load(&self) -> Option<ViewChart> {
        let world = self.sight.world;
        let mut rows = Vec::new();
        for (id, instance) in self.instances() {
            let Some(node) = instance.node else { continue };
            for volume in world.volumes.of(id) {
                let disk = world.disks.of(node).find(|disk| disk.device == volume.device);
                let name = [world.text(volume.mount_point), "@", world.text(instance.name)].concat();
                rows.extend(disk.into_iter().flat_map(|disk| {
                    let of = |query, row| ChartedRow { name: name.clone(), query, row };
                    [of(&NODE_DISK_READ_TIME, disk.read_time), of(&NODE_DISK_WRITE_TIME, disk.write_time)]
                }));
            }
        }
        levels(self.sight, self.points, &DISK_LOAD, &rows, 1.0)
    }

    fn dns_requests(&self) -> Option<ViewChart> {
        let query = &CONTAINER_DNS_REQUESTS_TOTAL;
        let [status] = query.columns([Label::Status]);
        let all = self.containers().flat_map(|(_, id)| self.sight.world.dns_requests.of(id));
        let rows: Vec<ChartedRow> = all
            .map(|row| {
                let status = self.label(query, *row, status);
                let name = if status.is_empty() { "no answer" } else { status };
                ChartedRow { name: name.to_owned(), query, row: Some(*row) }
            })
            .collect();
        levels(self.sight, self.points, &DNS_REQUESTS, &rows, 1.0)
    }

    fn log_errors(&self) -> Option<ViewChart> {
        let world = self.sight.world;
        let of_container = |(instance, id)| {
            world.log_messages.of(id).map(move |row| ChartedRow {
                name: world.text(world.instances[instance].name).to_owned(),
                query: &CONTAINER_LOG_MESSAGES,
                row: Some(*row),
            })
        };
        let all = self.containers().flat_map(of_container);
        let is_error = |of: &ChartedRow| {
            let [level] = of.query.columns([Label::Level]);
            of.row.is_some_and(|row| ERROR_LEVELS.contains(&self.label(of.query, row, level)))
        };
        let all = all.chain(self.of_managed(&AWS_RDS_LOG_MESSAGES_TOTAL));
        self.events(&LOG_ERRORS, &all.filter(is_error).collect::<Vec<_>>())
    }

    fn events(&self, words: &ChartWords, rows: &[ChartedRow]) -> Option<ViewChart> {
        let mut series = HourSeries::new(grid_of(self.points, rows)?);
        let mut queries: Vec<&'static PrometheusQuery> = Vec::new();
        for of in rows {
            if !queries.contains(&of.query) {
                queries.push(of.query);
            }
        }
        for query in queries {
            let increases = CounterIncreases::in_answers(self.points.points(), query);
            for ChartedRow { name, row, .. } in rows.iter().filter(|of| of.query == query) {
                let found = row.and_then(|row| self.points.find(self.sight.world, query, row));
                if let Some((_, place)) = found {
                    series.add_events(name, increases.of_row(RowId::at(place)));
                }
            }
        }
        series.into_chart(words, 1.0)
    }

    fn instances(&self) -> impl Iterator<Item = (InstanceId, &'w ApplicationInstance)> {
        self.application.instances.iter().map(|id| (*id, &self.sight.world.instances[*id]))
    }

    fn containers(&self) -> impl Iterator<Item = (InstanceId, ContainerId)> {
        let of = |id: InstanceId| self.containers.of(id).map(move |container| (id, *container));
        self.application.instances.iter().copied().flat_map(of)
    }

    /// The rows of all containers, by instance.
    fn of_containers(&self, of: impl Fn(&Container) -> [SeriesRow; 2]) -> Vec<ChartedRow> {
        let world = self.sight.world;
        let rows = self.containers().flat_map(|(instance, id)| {
            let name = world.text(world.instances[instance].name);
            of(&world.containers[id]).map(|(query, row)| ChartedRow { name: name.to_owned(), query, row })
        });
        rows.filter(|of| of.row.is_some()).collect()
    }

    /// The rows of all managed databases in the answer to a query, by instance.
    fn of_managed(&self, query: &'static PrometheusQuery) -> impl Iterator<Item = ChartedRow> {
        let world = self.sight.world;
        self.instances().flat_map(move |(_, instance)| {
            let series = instance.managed.into_iter().flat_map(|of| world.managed_series.of(of));
            series.filter(move |(other, _)| *other == query).map(|(query, row)| ChartedRow {
                name: world.text(instance.name).to_owned(),
                query,
                row: Some(*row),
            })
        })
    }

    fn label(&self, query: &'static PrometheusQuery, row: RowId, column: usize) -> &'w str {
        let row = self.sight.world.answers.table(query).row(row.place());
        row.map_or("", |row| self.sight.world.text(row.label(column)))
    }
}

/// A row of the world's answers whose values over time are charted.
pub(crate) struct ChartedRow {
    /// The series that it is added to.
    pub(crate) name: String,
    pub(crate) query: &'static PrometheusQuery,
    pub(crate) row: Option<RowId>,
}

/// The chart of levels, each multiplied by `factor`.
pub(crate) fn levels(
    sight: WorldSight<'_, '_>,
    points: &MatchingRows<'_>,
    words: &ChartWords,
    rows: &[ChartedRow],
    factor: f64,
) -> Option<ViewChart> {
    let mut series = HourSeries::new(grid_of(points, rows)?);
    for ChartedRow { name, query, row } in rows {
        if let Some((table, place)) = row.and_then(|row| points.find(sight.world, query, row)) {
            series.add_levels(name, table.points_of(place));
        }
    }
    series.into_chart(words, factor)
}

/// The grid of the first answer that has points.
pub(crate) fn grid_of(points: &MatchingRows<'_>, rows: &[ChartedRow]) -> Option<HourGrid> {
    rows.iter().find_map(|of| HourGrid::of(points.points().table(of.query)))
}

#[cfg(test)]
mod tests {
    use headcount_health::{
        health_status::HealthStatus,
        history_store::ProjectHistory,
        rollouts::DeploymentRollout,
        sli::{ServiceLevelIndicators, SlotBatch, sli_fixture},
    };
    use headcount_topology::fixture::{NOW, PrometheusFixture, scene};

    use super::*;
    use crate::sight_fixture::{see, see_with};

    const SCENE: &str = "node_info machine_id=m hostname=n
        up job=j instance=i =1,1,1,1
        node_cpu_usage_percent machine_id=m =40,50,60
        container_info machine_id=m container_id=/docker/web
        container_cpu_usage machine_id=m container_id=/docker/web =1,2,3
        container_memory_rss machine_id=m container_id=/docker/web =1024,2048
        container_restarts machine_id=m container_id=/docker/web job=j instance=i =5,5,7,8
        container_log_messages machine_id=m container_id=/docker/web level=error pattern_hash=a job=j instance=i =1,2,4
        container_log_messages machine_id=m container_id=/docker/web level=info pattern_hash=b job=j instance=i =9,19,99
        container_info machine_id=m container_id=/docker/other
        container_cpu_usage machine_id=m container_id=/docker/other =7";

    fn key() -> ApplicationKey {
        sli_fixture::key("web")
    }

    fn charts(scene: &PrometheusFixture, history: &ProjectHistory, report: &str) -> Option<ReportCharts> {
        see(scene, history, |sight| report_charts(sight, sight.world.answers, (&key(), report), &[], NOW))
    }

    /// The names and the known values of series.
    type KnownValues = Vec<(String, Vec<f32>)>;

    /// The known values of each series, with the titles of the charts.
    fn known_values(report: &str) -> Vec<(String, KnownValues)> {
        let charts = charts(&scene(SCENE), &ProjectHistory::default(), report).unwrap().charts;
        let series = |chart: &ViewChart| {
            let values = chart.series.iter();
            values.map(|of| (of.name.clone(), of.values.iter().flatten().copied().collect())).collect()
        };
        charts.iter().map(|chart| (chart.title.clone(), series(chart))).collect()
    }

    #[track_caller]
    fn check(report: &str, title: &str, name: &str, last: &[f32]) {
        let charts = known_values(report);
        let (_, series) = charts.iter().find(|(other, _)| other == title).unwrap();
        let [(found, values)] = &**series else { panic!("{series:?}") };
        assert_eq!((found.as_str(), values.get(values.len() - last.len()..)), (name, Some(last)), "{title}");
    }

    #[test]
    fn a_report_draws_what_it_looked_at() {
        check("CPU", "CPU usage of instances", "web@n", &[1.0, 2.0, 3.0]);
        check("CPU", "CPU usage of nodes", "n", &[0.4, 0.5, 0.6]);
        check("Memory", "Memory of instances", "web@n", &[1024.0, 2048.0]);
        check("Instances", "Restarts of containers", "web@n", &[0.0, 2.0, 1.0]);
        check("Logs", "Errors in logs", "web@n", &[1.0, 2.0]);
        assert!(charts(&scene(SCENE), &ProjectHistory::default(), "Postgres").is_none());
    }

    #[test]
    fn every_query_of_a_chart_is_needed() {
        for report in ["Instances", "CPU", "Memory", "Logs"] {
            let needed = charts_need(report);
            see(&scene(SCENE), &ProjectHistory::default(), |sight| {
                let all = sight.world.answers;
                let whole = report_charts(sight, all, (&key(), report), &[], NOW).unwrap();
                let read = only(all, needed);
                let charts = report_charts(sight, &read, (&key(), report), &[], NOW).unwrap();
                assert!(!charts.charts.is_empty() && charts == whole, "{report}");
            });
        }
    }

    /// The answers to some queries, with symbols of their own.
    fn only(all: &QueryResults, needed: &[&'static PrometheusQuery]) -> QueryResults {
        let mut read = QueryResults::default();
        for query in needed {
            let mut table = all.table(query).clone();
            for label in &mut table.labels {
                *label = read.symbols_mut().intern(all.text(*label));
            }
            read.insert(query, table);
        }
        read
    }

    #[test]
    fn requests_are_drawn_slot_by_slot() {
        let end = sli_fixture::END;
        let mut indicators = ServiceLevelIndicators::default();
        for (ago, failed) in [(2, 0.0), (1, 150.0), (0, 75.0)] {
            let end = end - ago * SLOT_S;
            let slot =
                sli_fixture::slot("web", end, Some([300.0, failed]), &[(0.5, 240.0), (f32::INFINITY, 300.0)]);
            let (requests, latencies) = (vec![end], vec![end]);
            indicators.add(&SlotBatch { requests, latencies, slots: vec![slot], ..SlotBatch::default() });
        }
        let found = see_with(&scene(SCENE), &ProjectHistory::default(), &indicators, |sight| {
            report_charts(sight, sight.world.answers, (&key(), "SLO"), &[], NOW)
        });
        let charts = found.unwrap().charts;
        let last = |chart: &ViewChart, name: &str| {
            let series = chart.series.iter().find(|series| series.name == name).unwrap();
            series.values[9..].to_vec()
        };
        assert_eq!((charts.len(), charts[0].step_s), (2, 300));
        assert_eq!(last(&charts[0], "succeeded"), [Some(1.0), Some(0.5), Some(0.75)]);
        assert_eq!(last(&charts[0], "fast enough"), [Some(0.8); 3]);
        assert_eq!(last(&charts[1], "all"), [Some(1.0); 3]);
        assert_eq!(last(&charts[1], "failed"), [Some(0.0), Some(0.5), Some(0.25)]);
    }

    #[test]
    fn rollouts_and_incidents_of_the_hour_are_marked_in_their_order() {
        let rollout = |application, ago, name: &str| DeploymentRollout {
            application,
            name: name.to_owned(),
            started_at: NOW - ago,
            finished_at: None,
            container_images: Vec::new(),
            snapshot: None,
        };
        let deployments = vec![
            rollout(sli_fixture::key("other"), 60, "other"),
            rollout(key(), 4000, "old"),
            rollout(key(), 600, "new"),
        ];
        let history = ProjectHistory { deployments, ..ProjectHistory::default() };
        let incident = ApplicationIncident {
            application: key(),
            key: "i1".to_owned(),
            opened_at: NOW - 900,
            resolved_at: Some(NOW - 300),
            severity: HealthStatus::Critical,
        };
        let found = see(&scene(SCENE), &history, |sight| {
            report_charts(sight, sight.world.answers, (&key(), "CPU"), &[incident], NOW)
        });
        let marks = found.unwrap().marks;
        let marks: Vec<_> = marks.iter().map(|mark| (NOW - mark.at, mark.kind, &*mark.label)).collect();
        let expected = [
            (900, ChartMarkKind::IncidentOpened, "missed service levels (critical)"),
            (600, ChartMarkKind::Rollout, "new"),
            (300, ChartMarkKind::IncidentResolved, "missed service levels (critical)"),
        ];
        assert_eq!(marks, expected);
    }
}
