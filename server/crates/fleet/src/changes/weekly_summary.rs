//! Says in sentences what happened to a fleet in a week, for a page, a feed and a mail.

mod atom_feed;
mod mail_text;

use serde::{Deserialize, Serialize};

pub use self::atom_feed::{FeedAddresses, atom_feed};
use super::{
    ChangeSize, FoundChange,
    release_uptake::{ReleaseUptake, UptakeDay},
    reporting_gaps::ReportingGap,
};
use crate::{
    activity::{ActivityDay, GONE_AFTER_DAYS},
    calendar_day::CalendarDay,
};

/// The most weeks that are told, the newest ones.
pub const MOST_WEEKS: u32 = 13;

/// The newest releases whose uptake is told.
const TOLD_RELEASES: usize = 3;

/// What is known of a fleet in a week.
#[derive(Debug, Clone, Copy)]
pub struct WeekInput<'a> {
    /// The name of the product.
    pub product: &'a str,
    /// The Monday of the week.
    pub week: CalendarDay,
    /// The last day of the week that is counted: its Sunday, or an earlier day if the week is not over.
    pub last_day: CalendarDay,
    /// The days until then, in order.
    pub activity: &'a [ActivityDay],
    /// The releases, in order.
    pub releases: &'a [ReleaseUptake],
    /// The changes that were found.
    pub changes: &'a [FoundChange],
    /// The gaps.
    pub gaps: &'a [ReportingGap],
}

/// What a sentence is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SummaryTopic {
    /// How many installations there are.
    Activity,
    /// Who has which release.
    Releases,
    /// What a release changed.
    Changes,
    /// What the collector did not receive.
    Gaps,
}

impl SummaryTopic {
    /// The word for it in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Activity => "activity",
            Self::Releases => "releases",
            Self::Changes => "changes",
            Self::Gaps => "gaps",
        }
    }
}

/// A sentence. It has no line breaks or other control characters, and no markup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SummarySentence {
    /// What it is about.
    pub topic: SummaryTopic,
    /// The sentence.
    pub text: String,
}

/// The summary of a week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeeklySummary {
    /// The name of the product, without control characters.
    pub product: String,
    /// The Monday of the week.
    pub week: CalendarDay,
    /// The last day that is counted: its Sunday, or an earlier day if the week is not over.
    pub last_day: CalendarDay,
    /// The sentences, by topic.
    pub sentences: Vec<SummarySentence>,
}

/// Makes the sentences of a topic.
type TopicSentences = fn(&WeekInput<'_>) -> Vec<String>;

/// The summary of a week.
#[must_use]
pub fn summarize_week(input: &WeekInput<'_>) -> WeeklySummary {
    let topics: [(SummaryTopic, TopicSentences); 4] = [
        (SummaryTopic::Activity, activity_sentences),
        (SummaryTopic::Releases, release_sentences),
        (SummaryTopic::Changes, change_sentences),
        (SummaryTopic::Gaps, gap_sentences),
    ];
    let sentences = topics.into_iter().flat_map(|(topic, sentences)| {
        sentences(input).into_iter().map(move |text| SummarySentence { topic, text: without_controls(&text) })
    });
    WeeklySummary {
        product: without_controls(input.product),
        week: input.week,
        last_day: input.last_day,
        sentences: sentences.collect(),
    }
}

impl WeeklySummary {
    /// Whether all days of the week are counted.
    #[must_use]
    pub fn is_over(&self) -> bool {
        has_all_days(self.week, self.last_day)
    }

    /// `Example in the week from 23 Nov 2026 to 29 Nov 2026`. A week that is not over has `so far` before its
    /// last counted day.
    #[must_use]
    pub fn title(&self) -> String {
        let Self { product, week, last_day, .. } = self;
        let to = if self.is_over() { " to" } else { ", so far until" };
        format!("{product} in the week from {}{to} {}", week.in_words(), last_day.in_words())
    }
}

/// Whether a week is counted to its end if it is counted to a day.
fn has_all_days(week: CalendarDay, last_day: CalendarDay) -> bool {
    week.plus_days(6) <= last_day
}

/// The most characters of a sentence.
const MOST_CHARACTERS: usize = 1000;

/// Whether a character would begin a new line of a mail, or change the direction of the text around it.
#[must_use]
pub fn is_disruptive(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}')
}

/// What a sender put into a name must change nothing but its own place.
fn without_controls(text: &str) -> String {
    let letters = text.chars().take(MOST_CHARACTERS);
    letters.map(|letter| if is_disruptive(letter) { ' ' } else { letter }).collect()
}

fn activity_sentences(input: &WeekInput<'_>) -> Vec<String> {
    let WeekInput { week, last_day, activity, .. } = *input;
    let on = |day: CalendarDay| activity.iter().find(|known| known.day == day).map(|known| known.total);
    let Some(now) = on(last_day) else {
        return vec!["No installation reported.".to_owned()];
    };
    let before = on(last_day.minus_days(7)).map(|before| before.active_7d);
    let mut sentences = vec![active_sentence(input, now.active_7d, before)];
    let of_week = activity.iter().filter(|known| week <= known.day && known.day <= last_day);
    let (new, returning, gone) = of_week.fold((0, 0, 0), |(new, returning, gone), known| {
        (new + known.total.new, returning + known.total.returning, gone + known.total.gone)
    });
    let silent = GONE_AFTER_DAYS;
    if new == 0 && gone == 0 {
        sentences.push("No installation was new, and none is gone.".to_owned());
    }
    if new > 0 {
        sentences.push(format!("{} {} new.", installations(new), if new == 1 { "was" } else { "were" }));
    }
    if gone > 0 {
        let (are, them) = if gone == 1 { ("is", "it") } else { ("are", "them") };
        let gone = installations(gone);
        sentences.push(format!("{gone} {are} gone: nothing has come from {them} for {silent} days."));
    }
    if returning > 0 {
        let returning = installations(returning);
        sentences.push(format!("{returning} came back after {silent} days of silence or more."));
    }
    let first = activity.first().map(|known| known.day).filter(|first| week < *first && *first <= last_day);
    sentences.extend(first.map(|first| format!("The first reports are of {}.", first.in_words())));
    sentences
}

/// How many were active, in comparison with the week before.
fn active_sentence(input: &WeekInput<'_>, active: u64, before: Option<u64>) -> String {
    let (within, week_before) = if has_all_days(input.week, input.last_day) {
        (String::new(), "the week before")
    } else {
        (format!(" in the 7 days until {}", input.last_day.in_words()), "the 7 days before")
    };
    let compared = compared_text(active, before).map(|compared| format!(", {compared} {week_before}"));
    let compared = compared.unwrap_or_default();
    let were = if active < 2 { "was" } else { "were" };
    format!("{} {were} active{within}{compared}.", installations(active))
}

/// `12 more than in`. `None` if there is nothing to compare.
fn compared_text(active: u64, before: Option<u64>) -> Option<String> {
    let before = before.filter(|before| *before > 0 || active > 0)?;
    Some(match (before, active) {
        (0, _) => "after none in".to_owned(),
        (before, 0) => format!("after {before} in"),
        _ if before == active => "as many as in".to_owned(),
        _ if before < active => format!("{} more than in", active - before),
        _ => format!("{} fewer than in", before - active),
    })
}

/// `No installation`, `1 installation`, `2 installations`.
fn installations(count: u64) -> String {
    match count {
        0 => "No installation".to_owned(),
        1 => "1 installation".to_owned(),
        _ => format!("{count} installations"),
    }
}

fn release_sentences(input: &WeekInput<'_>) -> Vec<String> {
    let until_then = input.releases.iter().filter(|release| release.released_on <= input.last_day);
    until_then.rev().take(TOLD_RELEASES).filter_map(|release| release_sentence(input, release)).collect()
}

/// Who had a release at the end of the week. `None` if nothing is known of these days, and for a release that
/// nobody had before either.
fn release_sentence(input: &WeekInput<'_>, release: &ReleaseUptake) -> Option<String> {
    let on = |day: CalendarDay| {
        release.days.iter().rfind(|known| known.day <= day && day < known.day.plus_days(7))
    };
    let now = on(input.last_day)?;
    let before = on(input.last_day.minus_days(7)).filter(|_| release.released_on < input.week);
    if now.installations == 0 && before.is_none_or(|before| before.installations == 0) {
        return None;
    }
    let version = shown_version(&release.version);
    let part = match (now.installations, now.total) {
        (0, total) => format!("none of {total} installations"),
        (1, 1) => "the only installation".to_owned(),
        (some, total) => format!("{some} of {total} installations"),
    };
    let (day, now) = (now.day.in_words(), percent(share(now)));
    if input.week <= release.released_on {
        let since = release.released_on.in_words();
        return Some(format!(
            "Release {version} began to spread on {since}: on {day}, {part} had it ({now})."
        ));
    }
    let before = before.map(|before| format!("; a week before, {}", percent(share(before))));
    Some(format!("On {day}, {part} had {version} ({now}{}).", before.unwrap_or_default()))
}

/// A version, which some reports do not name.
fn shown_version(version: &str) -> &str {
    if version.is_empty() { "(unknown version)" } else { version }
}

fn share(uptake: &UptakeDay) -> f64 {
    uptake.installations as f64 / uptake.total.max(1) as f64
}

/// Of a share: `12 %`, `0.4 %`.
fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent == 0.0 || percent.abs() >= 9.95 {
        format!("{percent:.0} %")
    } else {
        format!("{percent:.1} %")
    }
}

fn change_sentences(input: &WeekInput<'_>) -> Vec<String> {
    let WeekInput { week, last_day, changes, .. } = *input;
    let of_week = changes.iter().filter(|found| week <= found.found_on && found.found_on <= last_day);
    let sentences: Vec<_> = of_week.map(change_sentence).collect();
    if sentences.is_empty() {
        return vec!["No change by a release was found.".to_owned()];
    }
    sentences
}

/// The sentence about a change: `Since 1.9.0 of 24 Nov 2026, the time of the query up is 10.2 % higher than
/// with 1.8.0 …`.
#[must_use]
pub fn change_sentence(found: &FoundChange) -> String {
    let FoundChange { released_on, field, found_on, certainty, size, .. } = found;
    let (release, previous) = (shown_version(&found.release), shown_version(&found.previous));
    let (unit, size, low, high) = match *size {
        ChangeSize::Relative { size, low, high } => ("%", size, low, high),
        ChangeSize::Share { size, low, high } => ("points", size, low, high),
    };
    let is_confirmed = low > 0.0 || high < 0.0;
    let direction = if size < 0.0 { "lower" } else { "higher" };
    // An interval of a decrease begins with the smaller decrease, too.
    let (low, high) = if size < 0.0 { (-high, -low) } else { (low, high) };
    let by = 100.0 * size.abs();
    let (low, high) = (100.0 * low, 100.0 * high);
    let certainty = certainty_text(*certainty);
    let (released_on, found_on) = (released_on.in_words(), found_on.in_words());
    if !is_confirmed {
        return format!(
            "On {found_on}, {field} seemed to be {direction} since {release} of {released_on} than with \
             {previous}, but later days do not confirm it."
        );
    }
    format!(
        "Since {release} of {released_on}, {field} is {by:.1} {unit} {direction} than with {previous} \
         ({low:.1} to {high:.1} {unit}), found on {found_on} with a certainty of {certainty}."
    )
}

/// A certainty between 0 and 1 in percent, never more than there is: rounded down, and `more than 99.99 %` for
/// all above.
#[must_use]
pub fn certainty_text(certainty: f64) -> String {
    if certainty > 0.9999 {
        return "more than 99.99 %".to_owned();
    }
    format!("{:.1} %", (certainty * 1000.0).floor() / 10.0)
}

fn gap_sentences(input: &WeekInput<'_>) -> Vec<String> {
    let of_week = input.gaps.iter().filter(|gap| gap.from <= input.last_day && gap.until >= input.week);
    of_week.map(gap_sentence).collect()
}

/// The sentence about a gap: `On 29 Nov 2026, the collector received 40 of about 100 usual reports.`
fn gap_sentence(gap: &ReportingGap) -> String {
    let ReportingGap { from, until, received, usual } = gap;
    let when = if from == until {
        format!("On {}", from.in_words())
    } else {
        format!("From {} to {}", from.in_words(), until.in_words())
    };
    let received = if *received == 0 { "none".to_owned() } else { received.to_string() };
    format!("{when}, the collector received {received} of about {usual} usual reports.")
}

#[cfg(test)]
mod tests;
