//! The units of the thresholds of inspections.

use super::Inspection;

/// The unit of a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThresholdUnit {
    /// A number of events or items.
    Count,
    /// Percent from 0 to 100.
    Percent,
    /// Growth in percent per hour, without an upper bound.
    PercentPerHour,
    /// Seconds.
    Seconds,
    /// Seconds per second; more than 1 if several processes wait at once.
    SecondsPerSecond,
}

impl Inspection {
    /// The unit of its threshold, or of its objective if it has one.
    #[must_use]
    pub const fn unit(self) -> ThresholdUnit {
        match self {
            Self::SLOAvailability
            | Self::SLOLatency
            | Self::CPUNode
            | Self::CPUContainer
            | Self::StorageSpace
            | Self::InstanceAvailability
            | Self::PostgresConnections
            | Self::MysqlConnections => ThresholdUnit::Percent,
            Self::MemoryLeakPercent => ThresholdUnit::PercentPerHour,
            Self::NetworkRTT
            | Self::DeploymentStatus
            | Self::PostgresLatency
            | Self::PostgresReplicationLag
            | Self::RedisLatency
            | Self::MysqlReplicationLag
            | Self::MongodbReplicationLag
            | Self::DnsLatency => ThresholdUnit::Seconds,
            Self::StorageIOLoad | Self::JvmSafepointTime | Self::PythonGILWaitingTime => {
                ThresholdUnit::SecondsPerSecond
            }
            Self::MemoryOOM
            | Self::NetworkConnectivity
            | Self::NetworkTCPConnections
            | Self::InstanceRestarts
            | Self::LogErrors
            | Self::PostgresAvailability
            | Self::RedisAvailability
            | Self::MysqlAvailability
            | Self::MysqlReplicationStatus
            | Self::MongodbAvailability
            | Self::MemcachedAvailability
            | Self::JvmAvailability
            | Self::DotNetAvailability
            | Self::DnsServerErrors
            | Self::DnsNxdomainErrors => ThresholdUnit::Count,
        }
    }

    /// Whether a number is a valid threshold.
    #[must_use]
    pub fn allows(self, threshold: f32) -> bool {
        let most = if self.unit() == ThresholdUnit::Percent { 100.0 } else { f32::MAX };
        (0.0..=most).contains(&threshold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_is_a_number_that_its_unit_can_have() {
        for inspection in Inspection::ALL {
            assert!(inspection.allows(inspection.default_threshold()), "{inspection:?}");
            for never in [-0.1, f32::NAN, f32::INFINITY] {
                assert!(!inspection.allows(never), "{inspection:?} {never}");
            }
        }
        assert!(Inspection::CPUNode.allows(100.0) && !Inspection::CPUNode.allows(100.5));
        assert!(Inspection::MemoryLeakPercent.allows(300.0));
    }
}
