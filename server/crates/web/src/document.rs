//! Renders the frame that all HTML pages share.

use std::fmt;

use crate::page_files::{MARK, SHARED_STYLE};

/// An HTML page. No field is escaped here.
#[derive(Debug)]
pub struct HtmlDocument<'a> {
    /// The base path, which needs no escaping: see [`BasePath`](super::base_path::BasePath).
    pub base: &'a str,
    /// The title of the page.
    pub title: &'a str,
    /// The file name of the style sheet beside the one of all pages.
    pub stylesheet: &'a str,
    /// Elements for the end of the head.
    pub head: &'a str,
    /// The content, as HTML.
    pub body: &'a str,
}

impl fmt::Display for HtmlDocument<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { base, title, stylesheet, head, body } = self;
        write!(
            f,
            r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<meta name="headcount-base" content="{base}">
<title>{title}</title>
<link rel="icon" type="image/svg+xml" href="{base}static/{MARK}">
<link rel="stylesheet" href="{base}static/{SHARED_STYLE}">
<link rel="stylesheet" href="{base}static/{stylesheet}">
{head}
</head>
<body>
{body}
</body>
</html>
"#
        )
    }
}

/// The header of a page that has no links: the mark and the name. `base` needs no escaping.
pub fn plain_header(base: &str) -> String {
    format!(
        r#"<header class="header"><a class="brand" href="{base}"><img class="mark" src="{base}static/{MARK}" alt="" width="24" height="24">Headcount</a></header>"#
    )
}

/// Escapes text for an element or an attribute.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}
