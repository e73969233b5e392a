//! Texts about who receives reports, and about having them deleted there.

pub(in crate::ui) const RECIPIENT: &str = "Who receives this";
pub(in crate::ui) const DELETION: &str = "Have it deleted there";
pub(in crate::ui) const NO_PRIVACY_TEXT_HTML: &str = "Their privacy text is not named: <code>--privacy-url</code> says \
     where it is. What a report holds is explained above, field by field.";
pub(in crate::ui) const BY_COMMAND_HTML: &str =
    "While usage statistics are off for the whole run, <code>headcount forget</code> asks for deletion.";

/// Where reports go. `collector` is the HTML of an address.
pub(in crate::ui) fn goes_to_html(collector: &str) -> String {
    format!(
        "Reports go to whoever runs the collector at {collector}. Without <code>--collector-url</code> that is Coroot Inc."
    )
}

/// Where their privacy text is. `link` is HTML.
pub(in crate::ui) fn privacy_text_html(link: &str) -> String {
    format!("Their privacy text: {link}")
}

pub(in crate::ui) const WHAT_IS_ASKED: &str = "The collector is asked to delete every report of this installation, and \
     answers with a signed receipt.";
pub(in crate::ui) const ASK: &str = "Ask for deletion…";
pub(in crate::ui) const CONFIRM: &str = "Confirm the deletion";
/// What the deletion means, by paragraph.
pub(in crate::ui) const CONFIRMATION: [&str; 3] = [
    "This cannot be undone. The collector learns the UUID and the deletion secret of this installation and the version \
     of this program, and deletes what it has of it.",
    "Then this server deletes what it counted, its copies of reports and their numbers over time, and goes on as a new \
     installation with another UUID. Usage statistics stay on or off as they are.",
    "Numbers that the collector published before stay: their change would tell of this installation.",
];
pub(in crate::ui) const DELETE: &str = "Delete what was sent";
pub(in crate::ui) const CANCEL: &str = "Cancel";
pub(in crate::ui) const IS_ASKED: &str = "The collector is asked to delete. This can take a minute.";
pub(in crate::ui) const NOTHING_CHANGED: &str = " Nothing has changed here.";
pub(in crate::ui) const NOT_KNOWN: &str = " It is not known whether anything was deleted, and it may still \
     be. If it was, a receipt is listed below, and this is a new installation.";
pub(in crate::ui) const ASK_AGAIN: &str = "Ask again…";
pub(in crate::ui) const NOTHING_SENT: &str =
    "Nothing was sent by this installation yet, so no request was made.";
pub(in crate::ui) const DELETED: &str =
    "The collector has deleted what this installation sent. This is its receipt.";
pub(in crate::ui) const RECEIPT: &str = "Receipt";
pub(in crate::ui) const SAVE_RECEIPT: &str = "Save the receipt";
pub(in crate::ui) const RECEIPTS: &str = "Receipts for deletions, latest first";
pub(in crate::ui) const RECEIPT_COLUMNS: [&str; 3] = ["Deleted in the hour of", "By", RECEIPT];
pub(in crate::ui) const SAVE: &str = "Save";
pub(in crate::ui) const RECEIPT_GONE: &str = "This receipt is not kept any more.";

/// The name of the button that saves the receipt of a time.
pub(in crate::ui) fn save_receipt_of(time: &str) -> String {
    format!("Save the receipt of {time}")
}
