//! Renders summaries as an Atom feed (RFC 4287).

use super::WeeklySummary;
use crate::calendar_day::CalendarDay;

/// Where a feed and its page are.
#[derive(Debug, Clone, Copy)]
pub struct FeedAddresses<'a> {
    /// The absolute address of the feed. It is also its identity, so it should stay the same.
    pub feed: &'a str,
    /// The absolute address of the page with the summaries.
    pub page: &'a str,
}

/// The feed of a product's summaries, which are in any order; the newest one comes first. An entry stays the
/// same: a week that is not over has none.
#[must_use]
pub fn atom_feed(product: &str, addresses: FeedAddresses<'_>, summaries: &[WeeklySummary]) -> String {
    let (feed, page) = (escaped(addresses.feed), escaped(addresses.page));
    let product = escaped(product);
    let mut newest_first: Vec<_> = summaries.iter().filter(|summary| summary.is_over()).collect();
    newest_first.sort_by_key(|summary| std::cmp::Reverse(summary.week));
    let first_day = CalendarDay::from_unix_seconds(0);
    let updated = newest_first.first().map_or(first_day, |summary| summary.week.plus_days(7));
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <feed xmlns=\"http://www.w3.org/2005/Atom\">\n\
         <title>The installations of {product}</title>\n\
         <id>{feed}</id>\n\
         <link rel=\"self\" type=\"application/atom+xml\" href=\"{feed}\"/>\n\
         <link rel=\"alternate\" type=\"text/html\" href=\"{page}\"/>\n\
         <author><name>{product}</name></author>\n\
         <updated>{updated}T00:00:00Z</updated>\n"
    );
    for summary in newest_first {
        xml.push_str(&entry(&feed, &page, summary));
    }
    xml.push_str("</feed>\n");
    xml
}

fn entry(feed: &str, page: &str, summary: &WeeklySummary) -> String {
    let (title, week, over) = (escaped(&summary.title()), summary.week, summary.week.plus_days(7));
    let items = summary.sentences.iter().map(|sentence| format!("<li>{}</li>\n", escaped(&sentence.text)));
    let items: String = items.collect();
    format!(
        "<entry>\n<title>{title}</title>\n<id>{feed}#{week}</id>\n\
         <link rel=\"alternate\" type=\"text/html\" href=\"{page}#{week}\"/>\n\
         <published>{over}T00:00:00Z</published>\n<updated>{over}T00:00:00Z</updated>\n\
         <content type=\"xhtml\"><div xmlns=\"http://www.w3.org/1999/xhtml\"><ul>\n{items}</ul></div></content>\n\
         </entry>\n"
    )
}

/// A text for an element or an attribute. Characters that XML 1.0 does not have become U+FFFD.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' | '\r' => escaped.push(letter),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(letter),
        }
    }
    escaped
}
