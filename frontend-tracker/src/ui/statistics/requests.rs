//! Names the reports in requests of the page about usage statistics, and in lists to choose from.

use crate::ui::{
    answer::ApiFailure,
    api::{ApiAnswer, ApiClient},
};

impl ApiClient {
    /// The bytes of a report, which `source` names: [`PREVIEW`], or [`source_of_report`].
    pub(super) async fn report(self, source: &str) -> Result<ApiAnswer, ApiFailure> {
        self.request("GET", &["api/usage-statistics/", source].concat(), None).await
    }

    /// The URL of the bytes of a report.
    pub(super) fn report_url(self, source: &str) -> String {
        self.url(&["api/usage-statistics/", source].concat())
    }
}

/// Why a request failed, to be said where it was made; `None` without a session, which is said in place of the
/// page.
pub(super) fn told(failure: ApiFailure) -> Option<String> {
    match failure {
        ApiFailure::SignedOut => None,
        ApiFailure::Told(why) => Some(why),
    }
}

/// The name of the report as it would be sent now.
pub(super) const PREVIEW: &str = "preview";

/// The name of a stored report.
pub(super) fn source_of_report(id: &str) -> String {
    ["reports/", id].concat()
}

/// The name of the file that a report is saved as.
pub(super) fn report_file(source: &str) -> String {
    ["headcount-", &source.replace("reports/", "report-"), ".json"].concat()
}
