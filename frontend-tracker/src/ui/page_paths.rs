//! Reads and writes the paths of pages, and of what the API has about their subjects, in which names are escaped.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What is escaped in a segment of a path.
const ESCAPED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':').remove(b'@');

/// The pages of [`headcount_shared::routes::ROUTES`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum PageKind {
    /// No page is at the path.
    #[default]
    Unknown,
    Overview,
    Welcome,
    UsageStatistics,
    NewProject,
    Project,
    Application,
    Node,
    Settings,
}

/// What the path of a page says. Texts that it does not have are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PageAddress {
    pub(super) kind: PageKind,
    /// The id of the project.
    pub(super) project: String,
    /// The id of the application, or the name of the node.
    pub(super) subject: String,
    /// The report on the application, or the tab of the settings.
    pub(super) tab: String,
}

impl PageAddress {
    /// What `path` says: the browser's `location.pathname` without the base path. One slash at its end does not
    /// matter, as in [`headcount_shared::routes::RouteTable::page_key`].
    pub(super) fn of(path: &str) -> Self {
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.strip_suffix('/').unwrap_or(path);
        let parts: Vec<String> = path.split('/').map(text_of).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let (kind, project, subject, tab) = match parts[..] {
            [""] => (PageKind::Overview, "", "", ""),
            _ if parts.contains(&"") => (PageKind::Unknown, "", "", ""),
            ["welcome"] => (PageKind::Welcome, "", "", ""),
            ["usage-statistics"] => (PageKind::UsageStatistics, "", "", ""),
            ["p", "new"] => (PageKind::NewProject, "", "", ""),
            ["p", "new", tab] => (PageKind::NewProject, "", "", tab),
            ["p", project] => (PageKind::Project, project, "", ""),
            ["p", project, "app", subject] => (PageKind::Application, project, subject, ""),
            ["p", project, "app", subject, tab] => (PageKind::Application, project, subject, tab),
            ["p", project, "node", subject] => (PageKind::Node, project, subject, ""),
            ["p", project, "settings"] => (PageKind::Settings, project, "", ""),
            ["p", project, "settings", tab] => (PageKind::Settings, project, "", tab),
            _ => (PageKind::Unknown, "", "", ""),
        };
        let [project, subject, tab] = [project, subject, tab].map(str::to_owned);
        Self { kind, project, subject, tab }
    }
}

/// The text that a segment of a path stands for.
fn text_of(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

/// A segment of a path that stands for a text.
pub(super) fn segment(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// The page of a project.
pub(super) fn project_page(project: &str) -> String {
    format!("/p/{}", segment(project))
}

/// The page of an application.
pub(super) fn application_page(project: &str, id: &str) -> String {
    format!("/p/{}/app/{}", segment(project), segment(id))
}

/// The page of a node.
pub(super) fn node_page(project: &str, name: &str) -> String {
    format!("/p/{}/node/{}", segment(project), segment(name))
}

/// The settings of a project, without a tab.
pub(super) fn settings_page(project: &str) -> String {
    project_page(project) + "/settings"
}

#[cfg(test)]
mod tests {
    use headcount_shared::routes::{KeyPlaceholder, ROUTES, RouteTable, UNMATCHED};

    use super::*;

    fn address(kind: PageKind, project: &str, subject: &str, tab: &str) -> PageAddress {
        let [project, subject, tab] = [project, subject, tab].map(str::to_owned);
        PageAddress { kind, project, subject, tab }
    }

    #[test]
    fn a_path_holds_any_name_and_is_read_again() {
        let (application, node) = ("x:Deployment:c/d", "ñ%");
        assert_eq!(application_page("a b", application), "/p/a%20b/app/x:Deployment:c%2Fd");
        assert_eq!(node_page("p", node), "/p/p/node/%C3%B1%25");
        let read = |path: String| PageAddress::of(&path);
        assert_eq!(
            read(application_page("a b", application)),
            address(PageKind::Application, "a b", application, "")
        );
        assert_eq!(read(node_page("p", node)), address(PageKind::Node, "p", node, ""));
        assert_eq!(read(settings_page("/") + "/aws/"), address(PageKind::Settings, "/", "", "aws"));
        assert_eq!(read("/p/new".to_owned()), address(PageKind::NewProject, "", "", ""));
        assert_eq!(read("/p/%FF".to_owned()), address(PageKind::Project, "\u{fffd}", "", ""));
    }

    /// Paths that a route of the table matches, without and with its optional parameter.
    fn paths_of(route: &str) -> Vec<String> {
        let segment = |part: &str| match (part.strip_prefix(':'), part.split_once('(')) {
            (None, _) => part.to_owned(),
            (Some(name), None) => format!("a-{name}"),
            (Some(_), Some((_, values))) => values.split('|').next().unwrap().to_owned(),
        };
        let all: Vec<String> = route.split('/').map(segment).collect();
        let short = route.strip_suffix('?').map(|_| all[..all.len() - 1].join("/"));
        short.into_iter().chain([all.join("/")]).collect()
    }

    #[test]
    fn every_route_of_the_route_table_has_a_page_of_its_own() {
        let mut kinds = Vec::new();
        for route in ROUTES {
            let found: Vec<PageKind> =
                paths_of(route).iter().map(|path| PageAddress::of(path).kind).collect();
            let kind = found[0];
            assert!(kind != PageKind::Unknown && found.iter().all(|other| *other == kind), "{route}");
            assert!(!kinds.contains(&kind), "{route}");
            kinds.push(kind);
        }
        assert_eq!(kinds.len(), ROUTES.len());
    }

    #[test]
    fn a_path_has_a_page_exactly_if_it_has_a_key() {
        let routes = RouteTable::of_the_interface();
        for path in [
            "/",
            "/welcome",
            "/welcome/",
            "/usage-statistics",
            "/p",
            "/p/new",
            "/p/new/aws",
            "/p/new/x/y",
            "/p/abc",
            "/p/abc/app",
            "/p/abc/app/x",
            "/p/abc/app/x/SLO",
            "/p/abc/app/x/SLO/more",
            "/p/abc/node",
            "/p/abc/node/n",
            "/p/abc/node/n/more",
            "/p/abc/settings",
            "/p/abc/settings/aws",
            "/p/abc/else",
            "/elsewhere",
            "//",
            "//p/abc",
            "/p/abc//",
            "/p//app/x",
            "/%77elcome",
            "/p/%6Eew",
        ] {
            let is_counted = routes.page_key(path, KeyPlaceholder::default()) != UNMATCHED;
            assert_eq!(PageAddress::of(path).kind != PageKind::Unknown, is_counted, "{path}");
        }
    }
}
