//! The requests of the page about usage statistics.

use headcount_shared::api::{FleetComparison, ReportEntries, ReportedHistory, StoredReceipts, WouldForget};

use crate::ui::{
    answer::{ApiFailure, read},
    api::{ApiClient, TimedAnswer},
};

impl ApiClient {
    /// What switching off now would delete.
    pub(super) async fn would_forget(self) -> Result<TimedAnswer<WouldForget>, ApiFailure> {
        self.get("api/usage-statistics/forgets").await
    }

    /// The reports that the server lists.
    pub(super) async fn reports(self) -> Result<TimedAnswer<ReportEntries>, ApiFailure> {
        self.get("api/usage-statistics/reports").await
    }

    /// What was reported in the last 90 days.
    pub(super) async fn history(self) -> Result<TimedAnswer<ReportedHistory>, ApiFailure> {
        self.get("api/usage-statistics/history").await
    }

    /// The receipts for what was deleted.
    pub(super) async fn receipts(self) -> Result<TimedAnswer<StoredReceipts>, ApiFailure> {
        self.get("api/usage-statistics/receipts").await
    }

    /// This installation beside the fleet, by what was downloaded so far.
    pub(super) async fn fleet(self) -> Result<TimedAnswer<FleetComparison>, ApiFailure> {
        self.get("api/usage-statistics/fleet").await
    }

    /// The same after a download.
    pub(super) async fn compare_with_fleet(self) -> Result<FleetComparison, ApiFailure> {
        read(&self.request("POST", "api/usage-statistics/fleet", None).await?.value)
    }

    /// The bytes of a report, which `source` names: see [`source_of_report`].
    pub(super) async fn report(self, source: &str) -> Result<TimedAnswer<Vec<u8>>, ApiFailure> {
        self.request("GET", &format!("api/usage-statistics/{source}"), None).await
    }

    /// The URL of the bytes of a report.
    pub(super) fn report_url(self, source: &str) -> String {
        self.url(&format!("api/usage-statistics/{source}"))
    }
}

/// The name of the report as it would be sent now, in the API and in lists to choose from.
pub(super) const PREVIEW: &str = "preview";

/// The name of a stored report.
pub(super) fn source_of_report(id: &str) -> String {
    format!("reports/{id}")
}

/// The name of the file that a report is saved as.
pub(super) fn report_file(source: &str) -> String {
    format!("headcount-{}.json", source.replace("reports/", "report-"))
}
