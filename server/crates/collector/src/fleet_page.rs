//! Renders the fleet page as HTML.

use std::time::Duration;

use axum::http::{HeaderMap, header};
use headcount_charts::number_format::grouped;
use headcount_platform::clock;
use headcount_shared::api::{ClockDoubt, FleetInstance, FleetOverview};

/// The style sheet of the page, served beside it so that the page needs no inline styles.
pub const STYLE: &str = include_str!("fleet_page.css");

/// Installations on the page; all are in `api/fleet`.
const SHOWN: usize = 500;

/// The page at `now`, in Unix seconds. `host` is the host that the browser requested; ignored if it is not a
/// valid host.
#[must_use]
pub fn render(fleet: &FleetOverview, now: u64, host: Option<&str>) -> String {
    let notices = notices(fleet);
    let content = if fleet.instances.is_empty() { empty(host) } else { table(fleet, now) };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Headcount: installations</title>\n<link rel=\"stylesheet\" href=\"style.css\">\n</head>\n\
         <body>\n<main>\n<form class=\"sign-out\" method=\"post\" action=\"sign-out\"><button type=\"submit\">Sign out</button></form>\n\
         <h1>Installations</h1>\n<p><a href=\"overview\">Numbers of the fleet</a></p>\n{notices}{content}</main>\n</body>\n</html>\n"
    )
}

/// Notices for the operator.
fn notices(fleet: &FleetOverview) -> String {
    let counted = [
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
            "asked to come back since the start of the collector, because a quota was used up.",
        ),
    ];
    let counted = counted.into_iter().filter(|(count, _)| *count > 0);
    let counted = counted.map(|(count, what)| {
        let verb = if count == 1 { "was" } else { "were" };
        format!("<p class=\"notice\">{} {verb} {what}</p>\n", self::counted(count, "report"))
    });
    fleet.clock.as_ref().map(clock_notice).into_iter().chain(counted).collect()
}

fn clock_notice(doubt: &ClockDoubt) -> String {
    let ends = match doubt.believed_in {
        Some(seconds) => {
            format!("until it has gone on like that for {}", counted(seconds.div_ceil(3600), "hour"))
        }
        None => "for as long as it is like that".to_owned(),
    };
    format!(
        "<p class=\"notice\"><strong>The clock of this machine jumped.</strong> It says {}, and by what is stored it \
         is {}. Nothing is dropped because of it {ends}. If it is right, say so with \
         <code>POST api/clock</code>.</p>\n",
        utc(doubt.wall),
        utc(doubt.believed),
    )
}

/// The host that a browser requested, if it is a valid one.
pub(super) fn requested_host(headers: &HeaderMap) -> Option<&str> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host.filter(|host| is_host(host))
}

fn empty(host: Option<&str>) -> String {
    let host = host.filter(|host| is_host(host)).unwrap_or("address-of-this-collector");
    format!(
        "<section class=\"empty\">\n<p><strong>No installation has reported yet.</strong></p>\n\
         <p>An installation reports here, minutes after its start and then once an hour, when it is told to:</p>\n\
         <pre><code>headcount serve --collector-url http://{}/ce/usage-statistics</code></pre>\n\
         <p>Reload this page after its first report.</p>\n</section>\n",
        escape(host)
    )
}

fn table(fleet: &FleetOverview, now: u64) -> String {
    let reports: u64 = fleet.instances.iter().map(|instance| instance.reports).sum();
    let shown = fleet.instances.len().min(SHOWN);
    let lag = lag_note(fleet.rollup_lag);
    let rows: String = fleet.instances.iter().take(SHOWN).map(|instance| row(instance, now)).collect();
    let summary = match fleet.total {
        1 => format!("One installation has sent {} so far.", counted(reports, "report")),
        total if total == shown as u64 => {
            format!("{} installations have sent {} so far.", grouped(total), counted(reports, "report"))
        }
        total => format!(
            "The {shown} installations heard from last, of {}. <a href=\"api/fleet\">More as JSON</a>.",
            grouped(total)
        ),
    };
    format!(
        "<p class=\"summary\">{summary}</p>\n<div class=\"scroll\">\n<table>\n<thead><tr>\
         <th scope=\"col\">Installation</th><th scope=\"col\">Version</th><th scope=\"col\">Last seen</th>\
         <th scope=\"col\" class=\"n\">Reports</th><th scope=\"col\" class=\"n\">Browsers</th>\
         <th scope=\"col\" class=\"n\">Page views</th><th scope=\"col\">Latest report</th>\
         </tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n\
         <p class=\"note\">Browsers and page views are those of the latest report. An installation is a random number; \
         who runs it is not known.</p>\n<p class=\"note\">{lag}</p>\n"
    )
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

fn row(instance: &FleetInstance, now: u64) -> String {
    let FleetInstance { instance: uuid, version, database_type, last_seen_at, latest, .. } = instance;
    let mut version = escape(if version.is_empty() { "unknown" } else { version });
    if !database_type.is_empty() {
        version = format!("{version} <small>{}</small>", escape(database_type));
    }
    let mut row = format!(
        "<tr><th scope=\"row\"><code>{}</code></th><td>{version}</td><td>{}</td>",
        escape(uuid),
        moment(*last_seen_at, now),
    );
    for count in [instance.reports, instance.users, instance.page_views] {
        row += &format!("<td class=\"n\">{}</td>", grouped(count));
    }
    let latest = escape(latest);
    row += &format!("<td><a href=\"api/reports/{latest}\">JSON</a>{}</td></tr>\n", remarks(instance));
    row
}

/// Remarks about values that could not be read, and about reports that overlap.
fn remarks(instance: &FleetInstance) -> String {
    let remarks = [
        (instance.set_aside, "value", "set aside so far"),
        (instance.overlaps, "report", "overlapping an earlier one"),
    ];
    let remarks = remarks.into_iter().filter(|(count, ..)| *count > 0);
    let remarks = remarks
        .map(|(count, noun, what)| format!(" <small class=\"warn\">{} {what}</small>", counted(count, noun)));
    remarks.collect()
}

/// A time, relative for people and absolute for certainty.
fn moment(at: u64, now: u64) -> String {
    let utc = utc(at);
    let short = utc.get(..16).unwrap_or(&utc).replace('T', " ");
    format!("{} <small><time datetime=\"{utc}\">{short} UTC</time></small>", relative(at, now))
}

/// A time as RFC 3339.
fn utc(at: u64) -> String {
    clock::rfc3339(Duration::from_secs(at))
}

/// How long ago a time was, in its largest unit.
fn relative(at: u64, now: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(24 * 60 * 60, "day"), (60 * 60, "hour"), (60, "minute")];
    let Some(ago) = now.checked_sub(at) else { return "in the future".to_owned() };
    let unit = UNITS.iter().find(|(seconds, _)| ago >= *seconds);
    unit.map_or_else(
        || "just now".to_owned(),
        |(seconds, unit)| format!("{} ago", counted(ago / seconds, unit)),
    )
}

/// A number with its noun.
fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// Whether a text can be a host with a port.
fn is_host(text: &str) -> bool {
    let in_alphabet = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    (1..=255).contains(&text.len()) && text.bytes().all(in_alphabet)
}

/// Escapes text for HTML content and attributes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
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
        render(&FleetOverview { total, instances, ..FleetOverview::default() }, 1_700_000_180, None)
    }

    #[test]
    fn an_installation_is_shown_with_its_latest_report() {
        let page = page(vec![instance()]);
        for shown in [
            "4423595b-9d97-4e01-a19f-8e3d60c83b2a",
            "0.20.0 <small>sqlite</small>",
            "3 minutes ago <small><time datetime=\"2023-11-14T22:13:20Z\">2023-11-14 22:13 UTC</time>",
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
        let page = render(&fleet, 1_700_000_180, None);
        for shown in [
            "1 report was refused: another report was stored under the same key",
            "2 reports were for a time that an earlier report of the same installation covers",
            "4 reports were of an installation that committed itself to another deletion secret before",
            "3\u{202f}000 reports were asked to come back",
            "do not have the reports of the last 2 minutes yet",
            "1 value set aside so far",
            "2 reports overlapping an earlier one",
            "It says 2027-01-15T08:00:00Z, and by what is stored it is 2023-11-14T22:13:20Z",
            "until it has gone on like that for 2 hours",
        ] {
            assert!(page.contains(shown), "{shown} in {page}");
        }
        let never = ClockDoubt { believed_in: None, ..doubt };
        let page = render(&FleetOverview { clock: Some(never), ..fleet }, 1_700_000_180, None);
        assert!(page.contains("for as long as it is like that"), "{page}");
    }

    #[test]
    fn what_a_sender_wrote_stays_text() {
        let version = "<script>alert('x')</script>&\"".to_owned();
        let page = page(vec![FleetInstance { version, ..instance() }]);
        assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;"), "{page}");
        assert!(!page.contains("<script"));
    }

    #[test]
    fn an_empty_fleet_says_how_to_fill_it() {
        let at = |host| render(&FleetOverview::default(), 0, host);
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

    #[test]
    fn times_are_told_in_their_largest_unit() {
        let cases = [
            (0, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (3599, "59 minutes ago"),
            (3600, "1 hour ago"),
            (86_399, "23 hours ago"),
            (86_400, "1 day ago"),
            (400 * 86_400, "400 days ago"),
        ];
        for (ago, text) in cases {
            assert_eq!(relative(1_700_000_000 - ago, 1_700_000_000), text, "{ago}");
        }
        assert_eq!(relative(1, 0), "in the future");
        assert_eq!(utc(u64::MAX), "9999-12-31T23:59:59Z");
    }
}
