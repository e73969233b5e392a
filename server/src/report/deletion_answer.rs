//! Classifies the answer to a request for deletion.

use std::time::Duration;

use headcount_outbound::answer_head::asked_wait;
use headcount_shared::{api::DeletionReceipt, json::StrictJson};
use thiserror::Error;

use super::{collector_answer::CollectorAnswer, transport::DeliveryFailure};

/// How long to wait before asking again whether a deletion is done, unless the collector says otherwise.
const USUAL_WAIT: Duration = Duration::from_secs(2);

/// The longest wait that a collector can request.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
pub enum DeletionProgress {
    /// It is done.
    Done(DeletionReceipt),
    /// It is under way: ask again after this time.
    Pending(Duration),
}

/// Why a deletion has no receipt, in one sentence for the operator. Nothing changes at the installation.
#[derive(Debug, Error)]
pub enum NotDeleted {
    /// The collector stored another commitment first.
    #[error(
        "the collector knows this installation by another secret than the one in instance.secret; its operator can delete \
         what was sent, by the UUID in instance.uuid"
    )]
    OtherSecret,
    /// The collector has no report of this installation with a commitment.
    #[error("the collector does not know this installation, or takes no requests for deletion")]
    Unknown,
    /// It goes on for longer than this program waits.
    #[error("the collector is still deleting; ask again later")]
    StillPending,
    /// The answer is something else.
    #[error("the answer with status {0} is not that of a collector to a request for deletion")]
    NotACollector(u16),
    /// The collector refuses for now.
    #[error("the collector cannot delete now (status {0}); ask again later")]
    NotNow(u16),
    /// There was no answer.
    #[error(transparent)]
    NoAnswer(#[from] DeliveryFailure),
}

/// Classifies an answer to a request for the deletion of the installation with this digest.
///
/// # Errors
/// Every [`NotDeleted`] but [`NotDeleted::StillPending`] and [`NotDeleted::NoAnswer`].
pub fn judge_deletion(answer: &CollectorAnswer, sha256: &str) -> Result<DeletionProgress, NotDeleted> {
    match answer.status {
        200 => receipt(answer, sha256)
            .map(DeletionProgress::Done)
            .ok_or(NotDeleted::NotACollector(answer.status)),
        202 => {
            let asked = asked_wait(answer.retry_after.as_deref(), Duration::ZERO, LONGEST_WAIT);
            Ok(DeletionProgress::Pending(asked.unwrap_or(USUAL_WAIT)))
        }
        403 => Err(NotDeleted::OtherSecret),
        404 => Err(NotDeleted::Unknown),
        408 | 429 | 500..=599 => Err(NotDeleted::NotNow(answer.status)),
        other => Err(NotDeleted::NotACollector(other)),
    }
}

/// The receipt in an answer, if it is for this installation.
fn receipt(answer: &CollectorAnswer, sha256: &str) -> Option<DeletionReceipt> {
    let StrictJson(receipt): StrictJson<DeletionReceipt> = serde_json::from_slice(&answer.body).ok()?;
    (receipt.instance_sha256 == sha256 && !receipt.signature.is_empty()).then_some(receipt)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECEIPT: &str = r#"{"instance_sha256":"ab","hour":1,"reports":1,"raw_reports":1,"days":1,
        "released":"no","tombstone_until":2,"key":"k","signature":"s"}"#;

    fn judged(status: u16, body: &str, retry_after: Option<&str>) -> String {
        let answer = CollectorAnswer {
            status,
            body: body.as_bytes().to_vec(),
            retry_after: retry_after.map(str::to_owned),
            ..CollectorAnswer::default()
        };
        match judge_deletion(&answer, "ab") {
            Ok(DeletionProgress::Done(receipt)) => format!("done {}", receipt.hour),
            Ok(DeletionProgress::Pending(wait)) => format!("pending {}", wait.as_secs()),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn every_answer_has_one_meaning() {
        for (status, body, retry_after, means) in [
            (200, RECEIPT, None, "done 1"),
            (200, &RECEIPT.replace("\"ab\"", "\"cd\""), None, "status 200 is not that of a collector"),
            (200, &RECEIPT.replace("\"s\"", "\"\""), None, "status 200 is not that of a collector"),
            (200, "{}", None, "status 200 is not that of a collector"),
            (200, "<html>", None, "status 200 is not that of a collector"),
            (202, "", None, "pending 2"),
            (202, "", Some("1"), "pending 1"),
            (202, "", Some("86400"), "pending 10"),
            (403, "", None, "by another secret"),
            (404, "", None, "does not know this installation"),
            (429, "", None, "cannot delete now (status 429)"),
            (503, "", None, "cannot delete now (status 503)"),
            (400, "", None, "status 400 is not that of a collector"),
            (302, "", None, "status 302 is not that of a collector"),
            (204, "", None, "status 204 is not that of a collector"),
        ] {
            let said = judged(status, body, retry_after);
            assert!(said.contains(means), "{status} {body}: {said}");
        }
    }
}
