//! Renders the page of analysts and viewers as HTML: where their numbers are.

use std::fmt::Write as _;

use headcount_web::access::AccessRole;

/// The addresses of exact numbers, and what is there.
const EXACT: [(&str, &str); 5] = [
    ("overview", "the pages of the fleet"),
    ("api/fleet/activity", "active installations by day, exactly"),
    ("api/fleet/shares/versions", "versions by day, exactly"),
    ("api/fleet/trust", "what became of every report"),
    ("api/openapi.json", "all other answers"),
];

/// The addresses of what is published, and what is there.
const PUBLISHED: [(&str, &str); 3] = [
    ("api/fleet/published/tables", "the tables and releases that are published"),
    ("api/fleet/published/tables/versions?format=csv", "published versions, as CSV"),
    ("api/fleet/published/export.zip", "all published tables"),
];

/// The page.
pub(super) fn render(role: AccessRole) -> String {
    let mut links = String::new();
    let exact = if role >= AccessRole::Analyst { &EXACT[..] } else { &[] };
    for (address, what) in exact.iter().chain(&PUBLISHED) {
        // Writing to a text does not fail.
        writeln!(links, "<li><a href=\"{address}\">{address}</a>: {what}</li>").ok();
    }
    let name = role.name();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Headcount: numbers</title>\n<link rel=\"icon\" type=\"image/svg+xml\" href=\"static/mark.svg\">\n\
         <link rel=\"stylesheet\" href=\"static/visual-style.css\">\n</head>\n\
         <body>\n<header class=\"header\"><a class=\"brand\" href=\"./\"><img class=\"mark\" src=\"static/mark.svg\" alt=\"\" \
         width=\"24\" height=\"24\">Headcount</a><form class=\"session sign-out\" method=\"post\" action=\"sign-out\">\
         <button type=\"submit\">Sign out</button></form></header>\n<main>\n<h1>Numbers of the fleet</h1>\n<p>You are signed in as {name}.</p>\n<ul>\n{links}</ul>\n</main>\n</body>\n</html>\n"
    )
}
