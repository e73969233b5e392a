//! Lists the pages of the interface that are looked at, failing and empty ones among them.

/// A server that has pages.
#[derive(Debug, Clone, Copy)]
pub(super) enum PageServer {
    /// It observes and reports.
    Reporting,
    /// It has no projects, and its operator has switched usage statistics off.
    SwitchedOff,
    /// It was started without usage statistics.
    Disabled,
}

/// A page, and how it comes to be as it is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct InterfacePage {
    /// Its name, which files of its pictures begin with.
    pub(super) name: &'static str,
    /// Its address, where `NODE` is the name of a node.
    pub(super) address: &'static str,
    /// The server that has it.
    pub(super) server: PageServer,
    /// The script that is run in it.
    pub(super) prepared: Option<&'static str>,
}

/// Opens the newest report, and shows nothing else. Its heading has the focus then.
const READ_REPORT: &str = "
    document.querySelector('button[aria-label^=\"Read report\"]').click()
    return new Promise(done => {
        const look = () => {
            if (document.activeElement.id !== 'opened-title') return requestAnimationFrame(look)
            const opened = document.querySelector('.opened')
            for (const part of document.querySelectorAll('main :is(.card, .introduction), .card:has(.opened) > *'))
                if (!part.contains(opened)) part.style.display = 'none'
            done()
        }
        look()
    })";

/// Leaves out what is above the reports.
const BELOW: &str = "
    const cards = [...document.querySelectorAll('main :is(.card, .introduction)')]
    const first = cards.findIndex(card => card.matches('[aria-labelledby=reports-title]'))
    for (const card of cards.slice(0, first)) card.style.display = 'none'";

/// Shows what is wrong with the form of a new project.
const SUBMIT: &str = "document.querySelector('main form button[type=submit]').click()";

const fn page(name: &'static str, address: &'static str) -> InterfacePage {
    InterfacePage { name, address, server: PageServer::Reporting, prepared: None }
}

impl InterfacePage {
    const fn of(self, server: PageServer) -> Self {
        Self { server, ..self }
    }

    const fn prepared(self, script: &'static str) -> Self {
        Self { prepared: Some(script), ..self }
    }
}

/// The pages.
pub(super) const PAGES: [InterfacePage; 22] = [
    page("overview", ""),
    page("overview-empty", "").of(PageServer::SwitchedOff),
    page("welcome", "welcome"),
    page("new-project", "p/new"),
    page("new-project-wrong", "p/new").prepared(SUBMIT),
    page("project", "p/shop"),
    page("project-unanswered", "p/lost"),
    page("application", "p/shop/app/shop:Deployment:orders"),
    page("application-slo", "p/shop/app/shop:Deployment:orders/SLO"),
    page("application-cpu", "p/shop/app/shop:Deployment:orders/CPU"),
    page("node", "p/shop/node/NODE"),
    page("settings", "p/shop/settings"),
    page("settings-prometheus", "p/shop/settings/prometheus"),
    page("settings-clickhouse", "p/shop/settings/clickhouse"),
    page("settings-inspections", "p/shop/settings/inspections"),
    page("settings-applications", "p/shop/settings/applications"),
    page("settings-notifications", "p/shop/settings/notifications"),
    page("usage-statistics", "usage-statistics"),
    page("usage-statistics-below", "usage-statistics").prepared(BELOW),
    page("usage-statistics-off", "usage-statistics").of(PageServer::SwitchedOff),
    page("usage-statistics-disabled", "usage-statistics").of(PageServer::Disabled),
    page("report", "usage-statistics").prepared(READ_REPORT),
];
