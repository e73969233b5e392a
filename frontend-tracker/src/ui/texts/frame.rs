//! Texts that all pages have around them or in common.

/// What the window and pages call the product.
pub(in crate::ui) const PRODUCT: &str = "Headcount";

pub(in crate::ui) const SKIP: &str = "Skip to content";
pub(in crate::ui) const PAGES: &str = "Pages";
pub(in crate::ui) const OVERVIEW: &str = "Overview";
pub(in crate::ui) const USAGE_STATISTICS: &str = "Usage statistics";
pub(in crate::ui) const LOADING: &str = "Loading…";
pub(in crate::ui) const LOADING_HTML: &str = r#"<p class="waiting">Loading…</p>"#;
pub(in crate::ui) const PAGE_IS_FETCHED: &str = "The page is being fetched";

pub(in crate::ui) const TRY_AGAIN: &str = "Try again";

pub(in crate::ui) const NOT_FOUND: &str = "Page not found";
pub(in crate::ui) const NO_PAGE: &str = "There is no page at this address.";
pub(in crate::ui) const TO_OVERVIEW: &str = "Go to the overview";

pub(in crate::ui) const SIGN_OUT: &str = "Sign out";
pub(in crate::ui) const SIGNED_OUT: &str = "You are signed out";
pub(in crate::ui) const SESSION_OVER: &str =
    "The session is over: it ends after twelve hours without a request, and when you sign out in any tab.";
pub(in crate::ui) const SIGN_IN: &str = "Sign in";
pub(in crate::ui) const SIGN_IN_REST: &str =
    ", and come back to this page. If you sign in in another tab, this one goes on with what you typed.";

pub(in crate::ui) const NO_ANSWER: &str = "The server does not answer.";
pub(in crate::ui) const OTHER_ANSWER: &str = "The server gave an answer that this page does not read.";

/// The answer has another content than this page knows.
pub(in crate::ui) fn unread_answer(why: &str) -> String {
    format!("The server gave an answer that this page does not read: {why}.")
}

/// A refusal without a reason.
pub(in crate::ui) fn refused(status: u16) -> String {
    format!("The server refused with status {status} and gave no reason.")
}
