//! Which inspections are there, and when does each of them fire?

mod unit;

use std::collections::{BTreeMap, HashMap};

pub use self::unit::Unit;
use super::application_key::ApplicationKey;

/// Declares the inspections with their ids and default thresholds.
macro_rules! inspections {
    ($($(#[$about:meta])* $inspection:ident = $threshold:literal,)*) => {
        /// An inspection: a question about an application that the auditor answers. Its name is its id in the
        /// settings.
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

            /// What counts as long as nobody says something else; the unit is that of the inspection.
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
    /// Requests succeed often enough: the objective in percent.
    SLOAvailability = 99.0,
    /// Requests are answered quickly often enough: the objective in percent.
    SLOLatency = 99.0,
    /// CPU usage of a node, in percent.
    CPUNode = 80.0,
    /// CPU usage of a container, in percent of its limit.
    CPUContainer = 80.0,
    /// Kills for lack of memory.
    MemoryOOM = 0.0,
    /// Growth of the memory in use, in percent an hour.
    MemoryLeakPercent = 10.0,
    /// Space in use on a volume, in percent.
    StorageSpace = 80.0,
    /// Seconds a second that a disk was waited for.
    StorageIOLoad = 5.0,
    /// Round-trip time to another application, in seconds.
    NetworkRTT = 0.01,
    /// Another application cannot be reached.
    NetworkConnectivity = 0.0,
    /// Connections to another application fail.
    NetworkTCPConnections = 0.0,
    /// Available instances, in percent of those that there are to be.
    InstanceAvailability = 75.0,
    /// Restarts.
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
    /// Connections to PostgreSQL, in percent of those that it takes.
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
    /// Connections to MySQL, in percent of those that it takes.
    MysqlConnections = 90.0,
    /// MongoDB does not answer.
    MongodbAvailability = 0.0,
    /// How far a replica of MongoDB is behind, in seconds.
    MongodbReplicationLag = 30.0,
    /// Memcached does not answer.
    MemcachedAvailability = 0.0,
    /// A JVM does not run.
    JvmAvailability = 0.0,
    /// Seconds a second that a JVM stood still.
    JvmSafepointTime = 0.05,
    /// A .NET application does not run.
    DotNetAvailability = 0.0,
    /// Seconds a second that threads of Python waited for the interpreter.
    PythonGILWaitingTime = 0.05,
    /// 95th percentile of the time that DNS takes, in seconds.
    DnsLatency = 0.1,
    /// DNS requests that servers failed to answer.
    DnsServerErrors = 0.0,
    /// DNS requests for names that do not exist.
    DnsNxdomainErrors = 0.0,
}

impl Inspection {
    /// The inspection of that id.
    #[must_use]
    pub fn of(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|inspection| inspection.id() == id)
    }
}

/// When requests succeed often enough.
#[derive(Debug, Clone, PartialEq)]
pub struct AvailabilityObjective {
    /// The share that is to succeed, in percent.
    pub percent: f32,
    /// The operator's own queries: all requests, and those that failed. `None` for what the node agent sees.
    pub custom: Option<[String; 2]>,
}

/// When requests are answered quickly often enough.
#[derive(Debug, Clone, PartialEq)]
pub struct LatencyObjective {
    /// The share that is to be quick, in percent.
    pub percent: f32,
    /// What is quick, in seconds.
    pub bucket_s: f32,
    /// The operator's own histogram. `None` for what the node agent sees.
    pub custom: Option<String>,
}

/// What the operator says of inspections, for all applications of a project or for one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Thresholds {
    /// Thresholds.
    pub values: BTreeMap<Inspection, f32>,
    /// The objective of `SLOAvailability`.
    pub availability: Option<AvailabilityObjective>,
    /// The objective of `SLOLatency`.
    pub latency: Option<LatencyObjective>,
}

/// What the operator of a project says of inspections.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overrides {
    /// For all applications.
    pub project: Thresholds,
    /// For one.
    pub applications: HashMap<ApplicationKey, Thresholds>,
}

impl Overrides {
    /// The threshold of an inspection: that for the application, else that for the project, else the default.
    /// `None` for an application of which nothing is said.
    #[must_use]
    pub fn threshold(&self, inspection: Inspection, application: Option<&Thresholds>) -> f32 {
        let of_application = application.and_then(|thresholds| thresholds.values.get(&inspection));
        of_application
            .or_else(|| self.project.values.get(&inspection))
            .copied()
            .unwrap_or(inspection.default_threshold())
    }

    /// When requests to an application succeed often enough: what is said of it, else the default. Nothing is
    /// said of all applications.
    #[must_use]
    pub fn availability_of(&self, application: &ApplicationKey) -> AvailabilityObjective {
        let own = self.applications.get(application).and_then(|thresholds| thresholds.availability.clone());
        own.unwrap_or(AvailabilityObjective::DEFAULT)
    }

    /// When requests to an application are answered quickly often enough, by the same rule. `is_auxiliary`
    /// says whether it serves the infrastructure.
    #[must_use]
    pub fn latency_of(&self, application: &ApplicationKey, is_auxiliary: bool) -> LatencyObjective {
        let own = self.applications.get(application).and_then(|thresholds| thresholds.latency.clone());
        own.unwrap_or(LatencyObjective::default_of(is_auxiliary))
    }
}

impl AvailabilityObjective {
    /// What counts where nothing is said.
    pub const DEFAULT: Self = Self { percent: Inspection::SLOAvailability.default_threshold(), custom: None };
}

impl LatencyObjective {
    /// What counts where nothing is said.
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
        let of = |value: f32| Thresholds {
            values: BTreeMap::from([(Inspection::CPUNode, value)]),
            ..Thresholds::default()
        };
        let overrides = Overrides { project: of(70.0), applications: HashMap::new() };
        let app = of(60.0);
        for (overrides, app, expected) in [
            (&overrides, Some(&app), 60.0),
            (&overrides, Some(&Thresholds::default()), 70.0),
            (&overrides, None, 70.0),
            (&Overrides::default(), None, 80.0),
        ] {
            assert!((overrides.threshold(Inspection::CPUNode, app) - expected).abs() < f32::EPSILON);
        }
    }
}
