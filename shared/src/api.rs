//! Defines the requests and answers of the server and the collector, for the web interface and for programs.
//!
//! All times are Unix seconds. With the feature `openapi`, the types of the server have `OpenAPI` schemas.

/// Implements `Debug` without the fields, for types that contain texts of an operator.
macro_rules! unprinted {
    ($($name:ident),*) => {
        $(
            impl std::fmt::Debug for $name {
                fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    formatter.debug_struct(stringify!($name)).finish_non_exhaustive()
                }
            }
        )*
    };
}

mod categories;
mod changes;
mod clickhouse;
mod collector;
mod connection_tests;
mod deletion;
mod fleet;
mod inspections;
mod integrations;
mod observation;
mod problem;
mod project_views;
mod projects;
mod prometheus;
mod published;
mod records;
mod secrets;
mod session;
mod settings_access;
mod statistics;
mod trust;

pub use self::{
    categories::Categories,
    changes::{
        FleetChange, FleetChangesAnswer, FleetChangesBefore, FleetDayNotes, FleetGap, FleetRelease,
        FleetSchemaChange, FleetSentence, FleetWeek, FleetWeeksAnswer, NewFleetNotes,
    },
    clickhouse::{Clickhouse, ClickhouseProtocol, SetClickhouse},
    collector::{
        ClockDoubt, CollectorReport, CollectorReportPage, ConfirmedClock, FleetInstance, FleetOverview,
        ReceiptStatus, ReportReceipt,
    },
    connection_tests::{NotificationTest, PrometheusTest, PrometheusTestOutcome},
    deletion::{DeletionReceipt, DeletionRequest, PublicKey, PublicKeys, RELEASED_CELLS},
    fleet::{
        FleetActivityAnswer, FleetActivityDay, FleetBucket, FleetDenominator, FleetDistribution,
        FleetDistributionsAnswer, FleetInstallationAnswer, FleetInstallationDay, FleetProducts,
        FleetRetentionAnswer, FleetRetentionWeek, FleetScope, FleetShare, FleetSharesAnswer,
    },
    inspections::{
        ApplicationOverride, AvailabilityOverride, AvailabilityQueries, Inspection, InspectionOverride,
        Inspections, LatencyOverride, ThresholdOverride, Unit,
    },
    integrations::{ConfiguredIntegration, Integrations, SetIntegrations},
    observation::{ObservationState, ObservationStatus, ObservedNumbers},
    problem::Problem,
    project_views::{
        ApplicationRow, ApplicationTable, ApplicationView, ChartMark, ChartMarkKind, ChartUnit, CheckView,
        FailingApplication, InstanceRow, NodeApplication, NodeRow, NodeTable, NodeView, ProjectGlance,
        ProjectHealth, ProjectsOverview, ReportCharts, ReportView, StatusCounts, ViewChart, ViewSeries,
    },
    projects::{NameProject, Project, Projects},
    prometheus::{Prometheus, SetPrometheus},
    published::{
        PublishedCellAnswer, PublishedFlameAnswer, PublishedPercentileAnswer, PublishedRelease,
        PublishedRule, PublishedTableAnswer, PublishedTableKind, PublishedTableRelease, PublishedTables,
        PublishedWithoutNumber,
    },
    records::{
        Deployment, Deployments, Incident, Incidents, Notification, Notifications, Severity, Snapshot,
    },
    secrets::{Auth, Header, KeptSecrets, Secret, SetAuth, SetHeader, UnclearHeaders},
    session::{NewSession, SignInCode},
    settings_access::SettingsAccess,
    statistics::{
        AskProfileGraph, AskPseudonym, FleetComparison, FleetCostPosition, FleetPosition, FleetSharePosition,
        FleetSizePosition, ForgottenInstallation, KeptReceipt, ProfileGraph, ProfileGraphAnswer, ProfileKind,
        Pseudonym, ReportEntries, ReportEntry, ReportState, ReportedDay, ReportedHistory, Status,
        StoredReceipt, StoredReceipts, Switch, WouldForget,
    },
    trust::{FleetTrustAnswer, FleetTrustCount, FleetTrustDay, FleetTrustTotals},
};
