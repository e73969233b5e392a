//! Renders the sign-in page: a plain form without tracker, inline script or inline style.

use crate::document::{HtmlDocument, escaped, plain_header};

/// The page.
#[derive(Debug)]
pub(super) struct SignInPage<'a> {
    /// The base path, which needs no escaping.
    pub(super) base: &'a str,
    /// The address after the sign-in: visible ASCII.
    pub(super) to: String,
    /// The message about a failed attempt, without markup.
    pub(super) message: Option<&'static str>,
}

impl SignInPage<'_> {
    /// The page as a document.
    pub(super) fn html(&self) -> String {
        let Self { base, to, message } = self;
        let to = escaped(to);
        let message = message.map(|text| format!(r#"<p role="alert">{text}</p>"#)).unwrap_or_default();
        let header = plain_header(base);
        let body = format!(
            r#"{header}
<main>
<h1>Sign in</h1>
<p id="said" role="status"></p>
{message}
<form method="post" action="{base}sign-in">
<input type="hidden" name="to" value="{to}">
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button type="submit">Sign in</button>
</form>
<p class="note">The program says at its start where the token is. <code>headcount sign-in</code> prints a link that needs none.</p>
</main>"#
        );
        let head = format!(r#"<script type="module" src="{base}static/sign-in.js"></script>"#);
        let document = HtmlDocument {
            base,
            title: "Sign in · Headcount",
            stylesheet: "sign-in.css",
            head: &head,
            body: &body,
        };
        document.to_string()
    }
}
