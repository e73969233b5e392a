//! The closed list of tables of cells, with their labels.

use serde::{Deserialize, Serialize};

/// A table of cells. Every cell has a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CellTable {
    /// Installations; value: reports. The denominator of the other tables.
    Installations,
    /// Installations by flag of `integration`.
    Flags,
    /// Installations by kind of alerting integration.
    Alerting,
    /// Installations by cloud.
    Clouds,
    /// Installations by service.
    Services,
    /// Installations by instrumented service.
    InstrumentedServices,
    /// Installations by overridden inspection; value: projects and applications that override it.
    InspectionOverrides,
    /// Installations by size (`nodes`, …) and bucket; value: the sum of the sizes.
    Sizes,
    /// Installations by the class of their number of nodes, as it is published.
    NodeClasses,
    /// Installations by the class of their number of applications, as it is published.
    ApplicationClasses,
    /// Installations by page; value: views.
    Pages,
    /// Installations by the number of all their page views; label: bucket; value: views.
    PageViews,
    /// Installations by size of screen; value: browsers.
    ScreenSizes,
    /// Installations by number of browsers; value: browsers.
    Browsers,
    /// Installations by type of destination; value: notifications.
    Notifications,
    /// Installations with rollouts; value: rollouts.
    Deployments,
    /// Installations by change that a rollout brought; value: changes.
    DeploymentSummaries,
    /// Installations by CPU usage (`mean`, `p95`) and bucket.
    Cpu,
    /// Installations by resident memory (`mean`, `p95`) and bucket.
    Memory,
    /// Reports by stage and bucket of its time.
    Stages,
    /// Reports by query and bucket of its time; value: failures.
    Queries,
    /// Reports by query; value: series.
    QuerySeries,
    /// Reports by `world_load_time_avg` and `audit_time_avg`, and bucket.
    WorldTimes,
}

impl CellTable {
    /// All tables.
    pub const ALL: [Self; 23] = [
        Self::Installations,
        Self::Flags,
        Self::Alerting,
        Self::Clouds,
        Self::Services,
        Self::InstrumentedServices,
        Self::InspectionOverrides,
        Self::Sizes,
        Self::NodeClasses,
        Self::ApplicationClasses,
        Self::Pages,
        Self::PageViews,
        Self::ScreenSizes,
        Self::Browsers,
        Self::Notifications,
        Self::Deployments,
        Self::DeploymentSummaries,
        Self::Cpu,
        Self::Memory,
        Self::Stages,
        Self::Queries,
        Self::QuerySeries,
        Self::WorldTimes,
    ];

    /// The name of the table in storage and in exports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Installations => "installations",
            Self::Flags => "flags",
            Self::Alerting => "alerting",
            Self::Clouds => "clouds",
            Self::Services => "services",
            Self::InstrumentedServices => "instrumented_services",
            Self::InspectionOverrides => "inspection_overrides",
            Self::Sizes => "sizes",
            Self::NodeClasses => "node_classes",
            Self::ApplicationClasses => "application_classes",
            Self::Pages => "pages",
            Self::PageViews => "page_views",
            Self::ScreenSizes => "screen_sizes",
            Self::Browsers => "browsers",
            Self::Notifications => "notifications",
            Self::Deployments => "deployments",
            Self::DeploymentSummaries => "deployment_summaries",
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Stages => "stages",
            Self::Queries => "queries",
            Self::QuerySeries => "query_series",
            Self::WorldTimes => "world_times",
        }
    }

    /// The table with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }

    /// Whether its cells have a kind of database and a size class.
    #[must_use]
    pub const fn has_database_and_size(self) -> bool {
        matches!(
            self,
            Self::Installations
                | Self::Flags
                | Self::Alerting
                | Self::Clouds
                | Self::Services
                | Self::InstrumentedServices
                | Self::InspectionOverrides
                | Self::Sizes
        )
    }

    /// Whether its cells have a size class.
    #[must_use]
    pub const fn has_size(self) -> bool {
        self.has_database_and_size() || matches!(self, Self::Cpu | Self::Memory)
    }

    /// Whether its cells have buckets: what is asked of it are distributions.
    #[must_use]
    pub const fn has_buckets(self) -> bool {
        matches!(self, Self::Sizes | Self::PageViews | Self::Browsers | Self::Cpu | Self::Memory)
            || self.counts_reports()
    }

    /// Whether it counts reports instead of installations.
    #[must_use]
    pub const fn counts_reports(self) -> bool {
        matches!(self, Self::Stages | Self::Queries | Self::QuerySeries | Self::WorldTimes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_a_name_of_its_own() {
        for table in CellTable::ALL {
            assert_eq!(CellTable::from_name(table.name()), Some(table));
        }
        assert_eq!(CellTable::from_name("nothing"), None);
    }
}
