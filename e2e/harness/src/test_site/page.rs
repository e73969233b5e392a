//! Builds the HTML of the site's pages.

use super::ROUTES;

/// Records errors and console output of a page, and gives tests access to the tracker. It is a file because a
/// policy may forbid inline scripts.
pub(super) const WATCH: &str = r"
window.seen = { errors: [], lines: [], restored: false }
addEventListener('error', event => seen.errors.push(String(event.message)))
addEventListener('unhandledrejection', event => seen.errors.push(String(event.reason)))
addEventListener('pageshow', event => { seen.restored = event.persisted })
for (const level of ['debug', 'info', 'log', 'warn', 'error']) {
  const write = console[level]
  console[level] = (...values) => {
    seen.lines.push(level + ' ' + values.map(String).join(' '))
    write.apply(console, values)
  }
}
window.tracker = () => import('/static/tracker.js')
";

/// The content of a page.
#[derive(Debug, Clone)]
pub(super) struct TestPage {
    tracked: bool,
    attributes: Vec<(String, String)>,
    early: String,
    content: String,
}

impl Default for TestPage {
    fn default() -> Self {
        Self { tracked: true, attributes: Vec::new(), early: String::new(), content: String::new() }
    }
}

impl TestPage {
    pub(super) fn without_tracker() -> Self {
        Self { tracked: false, ..Self::default() }
    }

    pub(super) fn attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn early(mut self, script: &str) -> Self {
        script.clone_into(&mut self.early);
        self
    }

    pub(super) fn content(mut self, html: &str) -> Self {
        html.clone_into(&mut self.content);
        self
    }

    /// The script that runs before all others.
    pub(super) fn first_script(&self) -> &str {
        &self.early
    }

    /// The page at a path.
    pub(super) fn html(&self, path: &str) -> String {
        let Self { content, .. } = self;
        let tracker = if self.tracked { self.tracker() } else { String::new() };
        format!(
            r#"<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title>
<link rel="icon" href="data:,"><script src="/early.js?{path}"></script><script src="/watch.js"></script>{tracker}</head>
<body><h1>A page</h1>{content}</body></html>"#
        )
    }

    fn tracker(&self) -> String {
        let attributes: String =
            self.attributes.iter().map(|(name, value)| format!(r#" {name}="{value}""#)).collect();
        format!(
            r#"<script type="module" src="/static/tracker.js" data-routes="{ROUTES}"{attributes}></script>"#
        )
    }
}
