//! The inspections with their default thresholds, and the thresholds that the operator sets.

mod threshold_unit;

use std::collections::{BTreeMap, HashMap};

use headcount_topology::application_key::ApplicationKey;

pub use self::threshold_unit::ThresholdUnit;

/// Declares the inspections with their ids and default thresholds.
macro_rules! inspections {
    ($($(#[$about:meta])* $inspection:ident = $threshold:literal,)*) => {
        /// An inspection: a check of one aspect of an application. Its name is its id in the settings.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Inspection {
            $($(#[$about])* $inspection,)*
        }

        impl Inspection {
            /// All inspections.
            pub const ALL: &[Self] = &[$(Self::$inspection,)*];

            /// Its id in the settings and in the report.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self {
                    $(Self::$inspection => stringify!($inspection),)*
                }
            }

            /// The threshold if the operator sets none, in the unit of the inspection.
            #[must_use]
            pub const fn default_threshold(self) -> f32 {
                match self {
                    $(Self::$inspection => $threshold,)*
                }
            }
        }
    };
}

inspections! {
    /// The share of requests that succeed: the objective in percent.
    SLOAvailability = 99.0,
    /// The share of requests that are answered quickly: the objective in percent.
    SLOLatency = 99.0,
    /// CPU usage of a node, in percent.
    CPUNode = 80.0,
    /// CPU usage of a container, in percent of its limit.
    CPUContainer = 80.0,
    /// OOM kills.
    MemoryOOM = 0.0,
    /// Growth of the memory in use, in percent per hour.
    MemoryLeakPercent = 10.0,
    /// Used space of a volume, in percent.
    StorageSpace = 80.0,
    /// Seconds per second that processes waited for a disk.
    StorageIOLoad = 5.0,
    /// Round-trip time to another application, in seconds.
    NetworkRTT = 0.01,
    /// Another application cannot be reached.
    NetworkConnectivity = 0.0,
    /// Connections to another application fail.
    NetworkTCPConnections = 0.0,
    /// Available instances, in percent of the desired number.
    InstanceAvailability = 75.0,
    /// Restarts of containers.
    InstanceRestarts = 0.0,
    /// How long a rollout may take, in seconds.
    DeploymentStatus = 180.0,
    /// Errors in logs.
    LogErrors = 0.0,
    /// PostgreSQL does not answer.
    PostgresAvailability = 0.0,
    /// Mean latency of PostgreSQL's queries, in seconds.
    PostgresLatency = 0.1,
    /// How far a replica of PostgreSQL is behind, in seconds.
    PostgresReplicationLag = 30.0,
    /// Connections to PostgreSQL, in percent of the limit.
    PostgresConnections = 90.0,
    /// Redis does not answer.
    RedisAvailability = 0.0,
    /// Mean latency of Redis' commands, in seconds.
    RedisLatency = 0.005,
    /// MySQL does not answer.
    MysqlAvailability = 0.0,
    /// A replica of MySQL does not replicate.
    MysqlReplicationStatus = 0.0,
    /// How far a replica of MySQL is behind, in seconds.
    MysqlReplicationLag = 30.0,
    /// Connections to MySQL, in percent of the limit.
    MysqlConnections = 90.0,
    /// MongoDB does not answer.
    MongodbAvailability = 0.0,
    /// How far a replica of MongoDB is behind, in seconds.
    MongodbReplicationLag = 30.0,
    /// Memcached does not answer.
    MemcachedAvailability = 0.0,
    /// A JVM does not run.
    JvmAvailability = 0.0,
    /// Seconds per second that a JVM was stopped at safepoints.
    JvmSafepointTime = 0.05,
    /// A .NET application does not run.
    DotNetAvailability = 0.0,
    /// Seconds per second that Python threads waited for the interpreter lock.
    PythonGILWaitingTime = 0.05,
    /// 95th percentile of the latency of DNS requests, in seconds.
    DnsLatency = 0.1,
    /// DNS requests that failed on the server.
    DnsServerErrors = 0.0,
    /// DNS requests for names that do not exist.
    DnsNxdomainErrors = 0.0,
}

impl Inspection {
    /// The inspection with that id; `None` for any other text.
    #[must_use]
    pub fn of(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|inspection| inspection.id() == id)
    }
}

/// The objective for the share of requests that succeed.
#[derive(Debug, Clone, PartialEq)]
pub struct AvailabilityObjective {
    /// The share that must succeed, in percent.
    pub percent: f32,
    /// Custom queries of the operator: all requests, and those that failed. `None` for the requests that the
    /// node agent sees.
    pub custom: Option<[String; 2]>,
}

/// The objective for the share of requests that are answered quickly.
#[derive(Debug, Clone, PartialEq)]
pub struct LatencyObjective {
    /// The share that must be quick, in percent.
    pub percent: f32,
    /// The upper bound of a quick request, in seconds.
    pub bucket_s: f32,
    /// A custom histogram of the operator. `None` for the requests that the node agent sees.
    pub custom: Option<String>,
}

/// The thresholds and objectives that the operator set for all applications of a project, or for one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InspectionThresholds {
    /// Thresholds.
    pub values: BTreeMap<Inspection, f32>,
    /// The objective of `SLOAvailability`; `None` if not set.
    pub availability: Option<AvailabilityObjective>,
    /// The objective of `SLOLatency`; `None` if not set.
    pub latency: Option<LatencyObjective>,
}

/// The thresholds and objectives that the operator set in a project.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProjectThresholds {
    /// For all applications.
    pub project: InspectionThresholds,
    /// For single applications.
    pub applications: HashMap<ApplicationKey, InspectionThresholds>,
}

impl ProjectThresholds {
    /// The threshold of an inspection: the one for the application, else the one for the project, else the
    /// default. Pass `None` for an application without thresholds.
    #[must_use]
    pub fn threshold(&self, inspection: Inspection, application: Option<&InspectionThresholds>) -> f32 {
        let of_application = application.and_then(|thresholds| thresholds.values.get(&inspection));
        of_application
            .or_else(|| self.project.values.get(&inspection))
            .copied()
            .unwrap_or(inspection.default_threshold())
    }

    /// The availability objective of an application: its own, else that of the project, else the default. The
    /// queries of an objective are those of one application.
    #[must_use]
    pub fn availability_of(&self, application: &ApplicationKey) -> AvailabilityObjective {
        let own = self.applications.get(application).and_then(|thresholds| thresholds.availability.clone());
        let of_project = || {
            let percent = self.project.availability.as_ref()?.percent;
            Some(AvailabilityObjective { percent, custom: None })
        };
        own.or_else(of_project).unwrap_or(AvailabilityObjective::DEFAULT)
    }

    /// The latency objective of an application, by the same order. `is_auxiliary` is whether it serves the
    /// infrastructure.
    #[must_use]
    pub fn latency_of(&self, application: &ApplicationKey, is_auxiliary: bool) -> LatencyObjective {
        let own = self.applications.get(application).and_then(|thresholds| thresholds.latency.clone());
        let of_project = || Some(LatencyObjective { custom: None, ..self.project.latency.clone()? });
        own.or_else(of_project).unwrap_or(LatencyObjective::default_of(is_auxiliary))
    }
}

impl AvailabilityObjective {
    /// The default objective.
    pub const DEFAULT: Self = Self { percent: Inspection::SLOAvailability.default_threshold(), custom: None };
}

impl LatencyObjective {
    /// The default objective.
    #[must_use]
    pub const fn default_of(auxiliary: bool) -> Self {
        Self {
            percent: Inspection::SLOLatency.default_threshold(),
            bucket_s: if auxiliary { 5.0 } else { 0.5 },
            custom: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_the_35_inspections_of_coroot_1_6() {
        assert_eq!(Inspection::ALL.len(), 35);
        assert!(
            Inspection::ALL.iter().all(|inspection| Inspection::of(inspection.id()) == Some(*inspection))
        );
        assert_eq!(Inspection::of("Other"), None);
    }

    #[test]
    fn the_application_has_the_first_word_then_the_project_then_the_default() {
        let of = |value: f32| InspectionThresholds {
            values: BTreeMap::from([(Inspection::CPUNode, value)]),
            ..InspectionThresholds::default()
        };
        let overrides = ProjectThresholds { project: of(70.0), applications: HashMap::new() };
        let app = of(60.0);
        for (overrides, app, expected) in [
            (&overrides, Some(&app), 60.0),
            (&overrides, Some(&InspectionThresholds::default()), 70.0),
            (&overrides, None, 70.0),
            (&ProjectThresholds::default(), None, 80.0),
        ] {
            assert!((overrides.threshold(Inspection::CPUNode, app) - expected).abs() < f32::EPSILON);
        }
    }

    #[test]
    fn an_objective_of_the_project_is_one_of_its_applications_without_queries() {
        let key = |text: &str| ApplicationKey::parse(text).unwrap();
        let (cart, other) = (key("shop:Deployment:cart"), key("shop:Deployment:other"));
        let of = |percent: f32| InspectionThresholds {
            availability: Some(AvailabilityObjective { percent, custom: Some(Default::default()) }),
            latency: Some(LatencyObjective { percent, bucket_s: percent, custom: Some(String::new()) }),
            ..InspectionThresholds::default()
        };
        let applications = HashMap::from([(cart.clone(), of(90.0))]);
        let overrides = ProjectThresholds { project: of(95.0), applications };
        let availability = |percent, custom| AvailabilityObjective { percent, custom };
        let latency = |percent, custom| LatencyObjective { percent, bucket_s: percent, custom };
        assert_eq!(overrides.availability_of(&cart), availability(90.0, Some(Default::default())));
        assert_eq!(overrides.availability_of(&other), availability(95.0, None));
        assert_eq!(overrides.latency_of(&cart, false), latency(90.0, Some(String::new())));
        assert_eq!(overrides.latency_of(&other, true), latency(95.0, None));
        let nothing = ProjectThresholds::default();
        assert_eq!(nothing.availability_of(&cart), AvailabilityObjective::DEFAULT);
        assert_eq!(nothing.latency_of(&cart, true), LatencyObjective::default_of(true));
    }
}
