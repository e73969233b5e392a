//! Defines the routes of Coroot's interface, for `--routes coroot`.

use super::RouteTable;

/// The routes of Coroot's own interface, of version 1.6 and later. A view or a report that is on no list does
/// not have a key of its own.
const COROOT: [&str; 15] = [
    "/",
    "/login",
    "/logout",
    "/sso/saml",
    "/auth/mcp-consent",
    "/welcome",
    "/p/settings/:tab?",
    "/p/:projectId/settings/:tab(prometheus|clickhouse|aws|inspections|applications|notifications|organization|ai|cloud)?",
    "/p/:projectId/settings/:tab",
    // Version 1.6; without a report, the page of an application is one of the view `app`.
    "/p/:projectId/:view(health|incidents|map|traces|nodes|deployments|costs|anomalies|app|node)?/:app?",
    "/p/:projectId/app/:id/:report(SLO|Instances|CPU|Memory|Storage|Net|Network|DNS|Logs|Postgres|Mysql|Redis|Mongodb|Memcached|JVM|.NET|Python|Deployments|Profiling|Tracing)?",
    "/p/:projectId/node/:name",
    // Later versions.
    "/p/:projectId/:view(applications|incidents|alerts|map|traces|logs|nodes|kubernetes|costs|risks|dashboards|anomalies|deployments)?/:id?",
    "/p/:projectId/applications/:id/:report(SLO|Instances|CPU|Memory|GPU|Storage|Net|DNS|Logs|Postgres|Mysql|Redis|Mongodb|Memcached|JVM|.NET|Python|Node.js|Deployments|Profiling|Tracing)?",
    "/p/:projectId/:view(incidents|alerts|nodes|kubernetes|dashboards)/:id/:report?",
];

impl RouteTable {
    /// The table of Coroot's own interface.
    #[must_use]
    pub fn of_coroot() -> Self {
        // A test adds each of them with its checks.
        Self::unchecked(COROOT.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_of_coroot_are_a_table_like_any_other() {
        let mut table = RouteTable::default();
        for route in COROOT {
            assert_eq!(table.add(route), Ok(()), "{route}");
        }
        assert_eq!(table, RouteTable::of_coroot());
    }
}
