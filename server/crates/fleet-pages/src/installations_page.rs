//! Renders the list of installations, for the administrator.

use headcount_charts::{name_text, number_format::grouped};
use headcount_shared::api::{ClockDoubt, FleetInstance, FleetOverview};
use maud::{Markup, html};

use crate::time_text::{counted, moment, utc};

/// The most installations on the page; more are in `api/fleet`.
pub const SHOWN_INSTALLATIONS: u32 = 500;

const SHOWN: usize = SHOWN_INSTALLATIONS as usize;

/// The longest version that is shown.
const VERSION_CHARACTERS: usize = 80;

/// The page at `now`, in Unix seconds. `host` is the host that the browser requested; ignored if it is not a
/// valid host.
#[must_use]
pub fn installations_page(fleet: &FleetOverview, now: u64, host: Option<&str>) -> Markup {
    html! {
        (notices(fleet))
        @if fleet.instances.is_empty() { (empty(host)) } @else { (table(fleet, now)) }
    }
}

/// Notices for the operator.
fn notices(fleet: &FleetOverview) -> Markup {
    let counted_notices = [
        (
            fleet.conflicts,
            "refused: another report was stored under the same key. A sender that is mistaken, or that lies, does so.",
        ),
        (
            fleet.overlaps,
            "for a time that an earlier report of the same installation covers. A restored backup, a copied data \
             directory or a clock that was set back does so; what they count is counted twice.",
        ),
        (
            fleet.clones,
            "of an installation that committed itself to another deletion secret before. A data directory was copied \
             without its secret, or the secret was lost.",
        ),
        (
            fleet.over_quota,
            "refused for the time being since the start of the collector, because a quota was used up. Their senders \
             try again.",
        ),
    ];
    html! {
        @if let Some(doubt) = &fleet.clock { (clock_notice(doubt)) }
        @for (count, what) in counted_notices {
            @if count > 0 {
                p.notice { (counted(count, "report")) " " (if count == 1 { "was" } else { "were" }) " " (what) }
            }
        }
    }
}

fn clock_notice(doubt: &ClockDoubt) -> Markup {
    let ends = match doubt.believed_in {
        Some(seconds) => {
            format!("until it has gone on like that for {}", counted(seconds.div_ceil(3600), "hour"))
        }
        None => "for as long as it is like that".to_owned(),
    };
    html! {
        p.notice {
            strong { "The clock of this machine jumped." } " It says " (utc(doubt.wall))
            ", and by what is stored it is " (utc(doubt.believed)) ". Nothing is dropped because of it " (ends)
            ". If it is right, say so with " code { "POST api/clock" } "."
        }
    }
}

fn empty(host: Option<&str>) -> Markup {
    let host = shown_host(host);
    html! {
        section.empty {
            p { strong { "No installation has reported yet." } }
            p { "An installation reports here, minutes after its start and then once an hour, when it is told to:" }
            pre { code { "headcount serve --collector-url http://" (host) "/ce/usage-statistics" } }
            p { "Reload this page after its first report." }
        }
    }
}

fn table(fleet: &FleetOverview, now: u64) -> Markup {
    html! {
        p.summary { (summary(fleet)) }
        div.scroll {
            table {
                thead {
                    tr {
                        th scope="col" { "Installation" }
                        th scope="col" { "Version" }
                        th scope="col" { "Last seen" }
                        th.n scope="col" { "Reports" }
                        th.n scope="col" { "Browsers" }
                        th.n scope="col" { "Page views" }
                        th scope="col" { "Latest report" }
                    }
                }
                tbody { @for instance in fleet.instances.iter().take(SHOWN) { (row(instance, now)) } }
            }
        }
        p.note {
            "Browsers and page views are those of the latest report. An installation is known by a random \
             number; who runs it is not known."
        }
        p.note { (lag_note(fleet.rollup_lag)) }
    }
}

fn summary(fleet: &FleetOverview) -> Markup {
    let reports: u64 = fleet.instances.iter().map(|instance| instance.reports).sum();
    let shown = fleet.instances.len().min(SHOWN);
    match fleet.total {
        1 => html! { "One installation has sent " (counted(reports, "report")) " so far." },
        total if total == shown as u64 => {
            html! { (grouped(total)) " installations have sent " (counted(reports, "report")) " so far." }
        }
        total => html! {
            "The " (shown) " installations heard from last, of " (grouped(total)) ". "
            a href="api/fleet" { "More as JSON" } "."
        },
    }
}

/// How far the numbers of the fleet are behind.
fn lag_note(seconds: u64) -> String {
    match seconds {
        0 => "Every report is in the numbers of the fleet.".to_owned(),
        seconds => format!(
            "The numbers of the fleet do not have the reports of the last {} yet.",
            counted(seconds.div_ceil(60), "minute")
        ),
    }
}

fn row(instance: &FleetInstance, now: u64) -> Markup {
    let FleetInstance { instance: uuid, version, database_type, last_seen_at, latest, .. } = instance;
    html! {
        tr {
            th scope="row" { a href={ "installations/" (uuid) } { code { (uuid) } } }
            td {
                (version_text(version))
                @if !database_type.is_empty() { " " small { (database_type) } }
            }
            td { (moment(*last_seen_at, now)) }
            @for count in [instance.reports, instance.users, instance.page_views] { td.n { (grouped(count)) } }
            td { a href={ "api/reports/" (latest) } { "JSON" } (remarks(instance)) }
        }
    }
}

/// A version that a report names.
pub(crate) fn version_text(version: &str) -> String {
    if version.is_empty() { "unknown".to_owned() } else { name_text(version, VERSION_CHARACTERS) }
}

/// Remarks about values that could not be read, and about reports that overlap.
fn remarks(instance: &FleetInstance) -> Markup {
    let remarks = [
        (instance.set_aside, "value", "set aside so far"),
        (instance.overlaps, "report", "overlapping an earlier one"),
    ];
    html! {
        @for (count, noun, what) in remarks {
            @if count > 0 { " " small.warn { (counted(count, noun)) " " (what) } }
        }
    }
}

/// The host that a browser requested, or words in its place if it is not a valid one.
pub(crate) fn shown_host(requested: Option<&str>) -> &str {
    requested.filter(|host| is_host(host)).unwrap_or("address-of-this-collector")
}

/// Whether a text can be a host with a port.
fn is_host(text: &str) -> bool {
    let in_alphabet = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    (1..=255).contains(&text.len()) && text.bytes().all(in_alphabet)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance() -> FleetInstance {
        FleetInstance {
            instance: "4423595b-9d97-4e01-a19f-8e3d60c83b2a".to_owned(),
            version: "0.20.0".to_owned(),
            database_type: "sqlite".to_owned(),
            first_seen_at: 1_700_000_000,
            last_seen_at: 1_700_000_000,
            reports: 1234,
            users: 13,
            page_views: 250,
            set_aside: 0,
            overlaps: 0,
            latest: "0195c1f0-7b1a-7c3e-8f00-2f6d1a7f9a11".to_owned(),
        }
    }

    fn page(instances: Vec<FleetInstance>) -> String {
        let total = instances.len() as u64;
        let fleet = FleetOverview { total, instances, ..FleetOverview::default() };
        installations_page(&fleet, 1_700_000_180, None).into_string()
    }

    #[test]
    fn an_installation_is_shown_with_its_latest_report_and_leads_to_its_page() {
        let page = page(vec![instance()]);
        for shown in [
            "<a href=\"installations/4423595b-9d97-4e01-a19f-8e3d60c83b2a\"><code>4423595b-9d97-4e01-a19f-8e3d60c83b2a",
            "0.20.0 <small>sqlite</small>",
            "3 minutes ago <small><time datetime=\"2023-11-14T22:13:20Z\">14\u{a0}Nov\u{a0}2023, 22:13 UTC</time>",
            "<td class=\"n\">1\u{202f}234</td><td class=\"n\">13</td><td class=\"n\">250</td>",
            "href=\"api/reports/0195c1f0-7b1a-7c3e-8f00-2f6d1a7f9a11\"",
            "One installation has sent 1\u{202f}234 reports so far.",
            "Every report is in the numbers of the fleet.",
        ] {
            assert!(page.contains(shown), "{shown} in {page}");
        }
        for absent in ["set aside", "overlapping", "class=\"notice\""] {
            assert!(!page.contains(absent), "{absent}");
        }
    }

    #[test]
    fn what_the_operator_should_look_at_is_said() {
        let doubt = ClockDoubt { wall: 1_800_000_000, believed: 1_700_000_000, believed_in: Some(3601) };
        let fleet = FleetOverview {
            total: 1,
            instances: vec![FleetInstance { overlaps: 2, set_aside: 1, ..instance() }],
            conflicts: 1,
            overlaps: 2,
            clones: 4,
            over_quota: 3000,
            rollup_lag: 61,
            clock: Some(doubt),
        };
        let page = installations_page(&fleet, 1_700_000_180, None).into_string();
        for shown in [
            "1 report was refused: another report was stored under the same key",
            "2 reports were for a time that an earlier report of the same installation covers",
            "4 reports were of an installation that committed itself to another deletion secret before",
            "3\u{202f}000 reports were refused for the time being",
            "do not have the reports of the last 2 minutes yet",
            "1 value set aside so far",
            "2 reports overlapping an earlier one",
            "It says 2027-01-15T08:00:00Z, and by what is stored it is 2023-11-14T22:13:20Z",
            "until it has gone on like that for 2 hours",
        ] {
            assert!(page.contains(shown), "{shown} in {page}");
        }
        let never = ClockDoubt { believed_in: None, ..doubt };
        let fleet = FleetOverview { clock: Some(never), ..fleet };
        let page = installations_page(&fleet, 1_700_000_180, None).into_string();
        assert!(page.contains("for as long as it is like that"), "{page}");
    }

    #[test]
    fn what_a_sender_wrote_stays_text() {
        let version = "<script>alert('x')</script>&\"\u{202e}".to_owned();
        let page = page(vec![FleetInstance { version, ..instance() }]);
        assert!(page.contains("&lt;script&gt;alert('x')&lt;/script&gt;&amp;&quot;\u{fffd}"), "{page}");
        assert!(!page.contains("<script"));
    }

    #[test]
    fn an_empty_fleet_says_how_to_fill_it() {
        let at = |host| installations_page(&FleetOverview::default(), 0, host).into_string();
        let named = at(Some("stats.example.org:8081"));
        assert!(
            named.contains("--collector-url http://stats.example.org:8081/ce/usage-statistics"),
            "{named}"
        );
        for host in [None, Some(""), Some("a\"b"), Some("<script>"), Some("a b")] {
            assert!(at(host).contains("http://address-of-this-collector/ce/usage-statistics"), "{host:?}");
        }
    }

    #[test]
    fn a_large_fleet_is_cut_and_says_so() {
        let page = page(vec![instance(); SHOWN + 1]);
        assert_eq!(page.matches("<tr><th scope=\"row\">").count(), SHOWN);
        assert!(page.contains("The 500 installations heard from last, of 501."), "{page}");
    }
}
