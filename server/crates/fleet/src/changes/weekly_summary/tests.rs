//! Tests the sentences, the feed and the mail.

use proptest::prelude::*;

use super::*;
use crate::{
    activity::ActivityCounts,
    changes::{ChangedField, FieldKind},
};

fn day(text: &str) -> CalendarDay {
    text.parse().unwrap()
}

fn activity(day: CalendarDay, active_7d: u64, new: u64, returning: u64, gone: u64) -> ActivityDay {
    let total =
        ActivityCounts { active_1d: active_7d, active_7d, active_30d: active_7d, new, returning, gone };
    ActivityDay { day, total, versions: Vec::new() }
}

fn uptake(version: &str, released_on: &str, days: &[(&str, u64, u64)]) -> ReleaseUptake {
    let days = days.iter().map(|(on, installations, total)| UptakeDay {
        day: day(on),
        installations: *installations,
        total: *total,
    });
    ReleaseUptake { version: version.to_owned(), released_on: day(released_on), days: days.collect() }
}

fn change(kind: FieldKind, name: &str, size: ChangeSize, certainty: f64) -> FoundChange {
    FoundChange {
        release: "1.9.0".to_owned(),
        released_on: day("2026-11-24"),
        previous: "1.8.0".to_owned(),
        field: ChangedField::new(kind, name),
        found_on: day("2026-11-25"),
        size,
        certainty,
    }
}

fn texts(input: &WeekInput<'_>) -> Vec<String> {
    summarize_week(input).sentences.into_iter().map(|sentence| sentence.text).collect()
}

fn nothing() -> WeekInput<'static> {
    WeekInput {
        product: "Example",
        week: day("2026-11-23"),
        last_day: day("2026-11-29"),
        activity: &[],
        releases: &[],
        changes: &[],
        gaps: &[],
    }
}

#[test]
fn a_week_is_told_in_sentences() {
    let monday = day("2026-11-23");
    let days: Vec<_> = monday
        .minus_days(7)
        .days_until(monday.plus_days(6))
        .map(|day| {
            let is_sunday = day == monday.plus_days(6);
            activity(day, if is_sunday { 842 } else { 830 }, u64::from(day > monday), u64::from(is_sunday), 1)
        })
        .collect();
    let releases = [
        uptake("1.8.0", "2026-10-27", &[("2026-11-22", 600, 800), ("2026-11-29", 500, 805)]),
        uptake("1.9.0", "2026-11-24", &[("2026-11-29", 3, 805)]),
        uptake("2.0.0", "2026-12-01", &[("2026-12-01", 3, 805)]),
    ];
    let slower = ChangeSize::Relative { size: 0.102, low: 0.081, high: 0.123 };
    let lost = ChangeSize::Share { size: -0.05, low: -0.07, high: -0.03 };
    let changes = [
        change(FieldKind::Query, "up", slower, 0.999_99),
        change(FieldKind::Flag, "logs", lost, 0.9876),
        FoundChange { found_on: day("2026-11-30"), ..change(FieldKind::Query, "later", slower, 1.0) },
    ];
    let gaps = [
        ReportingGap { from: day("2026-11-21"), until: day("2026-11-23"), received: 40, usual: 300 },
        ReportingGap { from: day("2026-11-29"), until: day("2026-11-29"), received: 0, usual: 100 },
        ReportingGap { from: day("2026-11-01"), until: day("2026-11-02"), received: 0, usual: 100 },
    ];
    let input = WeekInput {
        activity: &days,
        releases: &releases,
        changes: &changes,
        gaps: &gaps,
        week: monday,
        ..nothing()
    };
    assert_eq!(
        texts(&input),
        [
            "842 installations were active, 12 more than in the week before.",
            "6 installations were new.",
            "7 installations are gone: nothing has come from them for 30 days.",
            "1 installation came back after 30 days of silence or more.",
            "Release 1.9.0 began to spread on 24 Nov 2026: on 29 Nov 2026, 3 of 805 installations had it (0.4 %).",
            "On 29 Nov 2026, 500 of 805 installations had 1.8.0 (62 %; a week before, 75 %).",
            "Since 1.9.0 of 24 Nov 2026, the time of the query up is 10.2 % higher than with 1.8.0 \
             (8.1 to 12.3 %), found on 25 Nov 2026 with a certainty of more than 99.99 %.",
            "Since 1.9.0 of 24 Nov 2026, the share of installations with logs is 5.0 points lower than with \
             1.8.0 (3.0 to 7.0 points), found on 25 Nov 2026 with a certainty of 98.7 %.",
            "From 21 Nov 2026 to 23 Nov 2026, the collector received 40 of about 300 usual reports.",
            "On 29 Nov 2026, the collector received none of about 100 usual reports.",
        ]
    );
}

#[test]
fn a_week_without_anything_says_so() {
    assert_eq!(texts(&nothing()), ["No installation reported.", "No change by a release was found."]);
}

#[test]
fn what_did_not_happen_in_a_week_is_not_counted() {
    let sunday = nothing().last_day;
    let of = |new, returning, gone| {
        let days = [activity(sunday, 3, new, returning, gone)];
        texts(&WeekInput { activity: &days, week: sunday.minus_days(6), ..nothing() })[1..].to_vec()
    };
    let began = "The first reports are of 29 Nov 2026.";
    let no_change = "No change by a release was found.";
    for ((new, returning, gone), told) in [
        ((0, 0, 0), vec!["No installation was new, and none is gone."]),
        ((1, 0, 0), vec!["1 installation was new."]),
        ((0, 0, 1), vec!["1 installation is gone: nothing has come from it for 30 days."]),
        (
            (2, 2, 0),
            vec!["2 installations were new.", "2 installations came back after 30 days of silence or more."],
        ),
    ] {
        assert_eq!(of(new, returning, gone), [told, vec![began, no_change]].concat());
    }
}

#[test]
fn a_week_that_is_not_over_says_until_when_it_is_counted() {
    let (monday, wednesday) = (day("2026-11-23"), day("2026-11-25"));
    let days: Vec<_> =
        monday.minus_days(7).days_until(wednesday).map(|day| activity(day, 5, 0, 0, 0)).collect();
    let releases = [uptake("1.9.0", "2026-11-24", &[("2026-11-25", 1, 5)])];
    let later = [ReportingGap { from: day("2026-11-26"), until: day("2026-11-26"), received: 0, usual: 100 }];
    let input =
        WeekInput { last_day: wednesday, activity: &days, releases: &releases, gaps: &later, ..nothing() };
    assert_eq!(
        texts(&input),
        [
            "5 installations were active in the 7 days until 25 Nov 2026, as many as in the 7 days before.",
            "No installation was new, and none is gone.",
            "Release 1.9.0 began to spread on 24 Nov 2026: on 25 Nov 2026, 1 of 5 installations had it (20 %).",
            "No change by a release was found.",
        ]
    );
    let summary = summarize_week(&input);
    assert_eq!(summary.title(), "Example in the week from 23 Nov 2026, so far until 25 Nov 2026");
    assert!(!summary.is_over() && !atom_feed("Example", ADDRESSES, &[summary]).contains("<entry>"));
}

#[test]
fn a_release_that_nobody_has_any_more_is_told_once() {
    let days = [("2026-11-22", 2, 100), ("2026-11-29", 0, 90)];
    let releases = [uptake("1.7.0", "2026-10-01", &[]), uptake("1.8.0", "2026-10-27", &days)];
    let told = |week: &str| {
        let week = day(week);
        let input = WeekInput { week, last_day: week.plus_days(6), releases: &releases, ..nothing() };
        release_sentences(&input)
    };
    assert_eq!(
        told("2026-11-23"),
        ["On 29 Nov 2026, none of 90 installations had 1.8.0 (0 %; a week before, 2.0 %)."]
    );
    assert_eq!(told("2026-11-30"), [""; 0]);
}

#[test]
fn a_change_that_later_days_do_not_confirm_is_told_as_that() {
    let size = ChangeSize::Relative { size: 0.02, low: -0.01, high: 0.05 };
    let sentence = change_sentence(&change(FieldKind::WorldTime, "world_load", size, 0.99));
    assert!(sentence.contains("the average time to load telemetry seemed to be higher since"), "{sentence}");
    assert!(sentence.ends_with("than with 1.8.0, but later days do not confirm it."), "{sentence}");
    assert!(!sentence.contains('%'), "{sentence}");
}

#[test]
fn numbers_of_two_weeks_are_compared_in_words() {
    let monday = nothing().week;
    for (before, now, sentence) in [
        (Some(5), 5, "5 installations were active, as many as in the week before."),
        (Some(6), 1, "1 installation was active, 5 fewer than in the week before."),
        (Some(6), 0, "No installation was active, after 6 in the week before."),
        (Some(0), 2, "2 installations were active, after none in the week before."),
        (Some(0), 0, "No installation was active."),
        (None, 7, "7 installations were active."),
    ] {
        let sunday = monday.plus_days(6);
        let mut days: Vec<_> =
            before.into_iter().map(|before| activity(sunday.minus_days(7), before, 0, 0, 0)).collect();
        days.push(activity(sunday, now, 0, 0, 0));
        assert_eq!(texts(&WeekInput { activity: &days, ..nothing() })[0], sentence);
    }
}

/// Checks what XML 1.0 asks of the parts that a feed has: one root, closed elements, quoted attributes, known
/// entities. Answers the texts between the tags.
fn read_xml(xml: &str) -> Result<Vec<String>, String> {
    let mut rest = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"utf-8\"?>").ok_or("no declaration")?;
    let (mut open, mut texts, mut roots) = (Vec::new(), Vec::new(), 0);
    while let Some((text, after)) = rest.split_once('<') {
        texts.push(read_text(text)?);
        let tag;
        (tag, rest) = after.split_once('>').ok_or("an open tag")?;
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Err(format!("{name} is closed, but was not opened last"));
            }
            continue;
        }
        let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let quotes: Vec<_> = attributes.split('"').collect();
        if quotes.len() % 2 == 0 {
            return Err(format!("an attribute of {name} has no end"));
        }
        for pair in quotes.chunks(2) {
            let [key, value] = pair else { continue };
            read_text(value)?;
            if !key.ends_with('=') {
                return Err(format!("{key} is no attribute"));
            }
        }
        roots += usize::from(open.is_empty());
        if !is_empty {
            open.push(name);
        }
    }
    if roots != 1 || !open.is_empty() || !rest.trim().is_empty() {
        return Err(format!("{roots} roots, {open:?} is open"));
    }
    Ok(texts)
}

fn read_text(text: &str) -> Result<String, String> {
    let allowed = |letter: char| !letter.is_control() || "\t\n\r".contains(letter) || letter >= '\u{7f}';
    if text.contains(['<', '>', '\u{fffe}', '\u{ffff}']) || !text.chars().all(allowed) {
        return Err(format!("{text:?} has a character that XML does not have"));
    }
    let mut read = String::new();
    let mut parts = text.split('&');
    read.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (entity, after) = part.split_once(';').ok_or("an entity without end")?;
        read.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "#39" => '\'',
            _ => return Err(format!("{entity} is no entity")),
        });
        read.push_str(after);
    }
    Ok(read)
}

fn summary(product: &str, week: CalendarDay, texts: &[String]) -> WeeklySummary {
    let sentence =
        |text: &String| SummarySentence { topic: SummaryTopic::Changes, text: without_controls(text) };
    WeeklySummary {
        product: without_controls(product),
        week,
        last_day: week.plus_days(6),
        sentences: texts.iter().map(sentence).collect(),
    }
}

const ADDRESSES: FeedAddresses<'static> = FeedAddresses {
    feed: "https://example.com/fleet/feed.atom?product=a&b",
    page: "https://example.com/fleet",
};

#[test]
fn a_feed_has_the_newest_week_first_and_stable_identities() {
    let weeks =
        ["2026-11-16", "2026-11-23"].map(|week| summary("Example", day(week), &["A <b>.".to_owned()]));
    let feed = atom_feed("Example", ADDRESSES, &weeks);
    let texts = read_xml(&feed).unwrap();
    let texts: Vec<_> = texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()).collect();
    assert_eq!(
        texts[..10],
        [
            "The installations of Example",
            "https://example.com/fleet/feed.atom?product=a&b",
            "Example",
            "2026-11-30T00:00:00Z",
            "Example in the week from 23 Nov 2026 to 29 Nov 2026",
            "https://example.com/fleet/feed.atom?product=a&b#2026-11-23",
            "2026-11-30T00:00:00Z",
            "2026-11-30T00:00:00Z",
            "A <b>.",
            "Example in the week from 16 Nov 2026 to 22 Nov 2026",
        ]
    );
    assert!(feed.contains("<feed xmlns=\"http://www.w3.org/2005/Atom\">"));
    assert!(read_xml(&atom_feed("Example", ADDRESSES, &[])).is_ok());
}

#[test]
fn the_check_of_xml_finds_mistakes() {
    let declared = |xml: &str| read_xml(&format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>{xml}"));
    assert!(declared("<a b=\"c\"><d/>e &amp; f</a>").is_ok());
    for wrong in ["<a>", "<a></b>", "<a/><b/>", "<a b=\"c></a>", "<a>&</a>", "<a>&nbsp;</a>", "<a>\u{1}</a>"]
    {
        assert!(declared(wrong).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn a_feed_of_any_texts_is_well_formed(
        product in ".{0,20}",
        texts in prop::collection::vec("\\PC{0,40}|.{0,40}", 0..4),
    ) {
        let summary = summary(&product, day("2026-11-23"), &texts);
        let read = read_xml(&atom_feed(&product, ADDRESSES, std::slice::from_ref(&summary)));
        let read = read.map_err(TestCaseError::fail)?;
        for sentence in &summary.sentences {
            let expected = sentence.text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
            prop_assert!(read.contains(&expected), "{:?} in {:?}", expected, read);
        }
    }

    #[test]
    fn a_mail_has_short_lines_with_all_words_in_order(
        product in ".{0,20}",
        texts in prop::collection::vec("([a-z]{1,20} ?){0,30}|.{0,100}", 0..4),
    ) {
        let summary = summary(&product, day("2026-11-23"), &texts);
        prop_assert!(!summary.mail_subject().contains(char::is_control));
        let body = summary.mail_body("https://example.com/fleet");
        let (_, items) = body.split_once("\n\n").unwrap();
        for line in items.lines() {
            let is_one_word = line.trim_start_matches(['*', ' ']).split_whitespace().count() <= 1;
            prop_assert!(line.chars().count() <= 76 || is_one_word, "{}", line);
        }
        let words = |text: &str| -> Vec<String> {
            text.split_whitespace().filter(|word| *word != "*").map(str::to_owned).collect()
        };
        let all: String = summary.sentences.iter().map(|sentence| format!("{} ", sentence.text)).collect();
        prop_assert_eq!(words(items), words(&format!("{all} https://example.com/fleet")));
    }
}
