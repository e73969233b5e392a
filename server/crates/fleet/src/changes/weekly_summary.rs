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

/// The newest releases whose uptake is told.
const TOLD_RELEASES: usize = 3;

/// What is known of a fleet at the end of a week.
#[derive(Debug, Clone, Copy)]
pub struct WeekInput<'a> {
    /// The name of the product.
    pub product: &'a str,
    /// The Monday of the week.
    pub week: CalendarDay,
    /// Every day until the end of the week, in order.
    pub activity: &'a [ActivityDay],
    /// The releases, in order.
    pub releases: &'a [ReleaseUptake],
    /// The changes that were found until the end of the week.
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
    /// The sentences, by topic.
    pub sentences: Vec<SummarySentence>,
}

/// Makes the sentences of a topic.
type TopicSentences = fn(&WeekInput<'_>) -> Vec<String>;

/// The summary of a week that is over.
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
        sentences: sentences.collect(),
    }
}

impl WeeklySummary {
    /// `Example in the week of 2026-11-23`.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} in the week of {}", self.product, self.week)
    }
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
    let sunday = input.week.plus_days(6);
    let on = |day: CalendarDay| input.activity.iter().find(|known| known.day == day).map(|known| known.total);
    let Some(now) = on(sunday) else {
        return vec!["No installation reported.".to_owned()];
    };
    let active = now.active_7d;
    let compared = match on(sunday.minus_days(7)).map(|before| before.active_7d) {
        None => String::new(),
        Some(before) if before == active => ", as many as in the week before".to_owned(),
        Some(before) if before < active => {
            format!(", {} more than the {before} of the week before", active - before)
        }
        Some(before) => format!(", {} fewer than the {before} of the week before", before - active),
    };
    let week = input.activity.iter().filter(|known| input.week <= known.day && known.day <= sunday);
    let (new, returning, gone) = week.fold((0, 0, 0), |(new, returning, gone), known| {
        (new + known.total.new, returning + known.total.returning, gone + known.total.gone)
    });
    let silent = GONE_AFTER_DAYS;
    let mut sentences = vec![
        format!("{} active{compared}.", were(active)),
        format!("{} new; {gone} are gone: their last report was {silent} days before.", were(new)),
    ];
    if returning > 0 {
        sentences.push(format!("{} back after at least {silent} days of silence.", were(returning)));
    }
    sentences
}

/// `1 installation was`, `2 installations were`.
fn were(count: u64) -> String {
    if count == 1 { "1 installation was".to_owned() } else { format!("{count} installations were") }
}

fn release_sentences(input: &WeekInput<'_>) -> Vec<String> {
    let sunday = input.week.plus_days(6);
    let until_sunday = input.releases.iter().filter(|release| release.released_on <= sunday);
    let sentence = |release: &ReleaseUptake| {
        let on = |day: CalendarDay| {
            release.days.iter().rfind(|known| known.day <= day && day < known.day.plus_days(7))
        };
        let now = on(sunday)?;
        let ReleaseUptake { version, released_on, .. } = release;
        let has = format!("{} of {} installations have {version}", now.installations, now.total);
        let share = percent(share(now));
        if *released_on >= input.week {
            return Some(format!("{version} came out on {released_on}: {has} ({share})."));
        }
        Some(match on(sunday.minus_days(7)) {
            Some(before) => format!("{has} ({share}, after {} a week before).", percent(self::share(before))),
            None => format!("{has} ({share})."),
        })
    };
    until_sunday.rev().take(TOLD_RELEASES).filter_map(sentence).collect()
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
    let sunday = input.week.plus_days(6);
    let of_week =
        input.changes.iter().filter(|found| input.week <= found.found_on && found.found_on <= sunday);
    let sentences: Vec<_> = of_week.map(change_sentence).collect();
    if sentences.is_empty() {
        return vec!["No release is known to have changed anything that was not known before.".to_owned()];
    }
    sentences
}

/// The sentence about a change: `Since 1.9.0 of 2026-11-24, the time of the query up is 10 % larger than in
/// 1.8.0 …`.
#[must_use]
pub fn change_sentence(found: &FoundChange) -> String {
    let FoundChange { release, released_on, previous, field, found_on, certainty, size } = found;
    let (unit, size, low, high) = match *size {
        ChangeSize::Relative { size, low, high } => ("%", size, low, high),
        ChangeSize::Share { size, low, high } => ("points", size, low, high),
    };
    let direction = if size < 0.0 { "smaller" } else { "larger" };
    // An interval of a decrease begins with the smaller decrease, too.
    let (low, high) = if size < 0.0 { (-high, -low) } else { (low, high) };
    let by = 100.0 * size.abs();
    let (low, high) = (100.0 * low, 100.0 * high);
    let certainty = certainty_text(*certainty);
    format!(
        "Since {release} of {released_on}, {field} is {by:.1} {unit} {direction} than with {previous} \
         ({low:.1} to {high:.1} {unit}), found on {found_on} with a certainty of {certainty}."
    )
}

/// Never more than there is: rounded down, and `more than 99.99 %` for all above.
fn certainty_text(certainty: f64) -> String {
    if certainty > 0.9999 {
        return "more than 99.99 %".to_owned();
    }
    format!("{:.1} %", (certainty * 1000.0).floor() / 10.0)
}

fn gap_sentences(input: &WeekInput<'_>) -> Vec<String> {
    let sunday = input.week.plus_days(6);
    let of_week = input.gaps.iter().filter(|gap| gap.from <= sunday && gap.until >= input.week);
    let sentence = |gap: &ReportingGap| {
        let ReportingGap { from, until, received, usual } = gap;
        let when = if from == until { format!("On {from}") } else { format!("From {from} to {until}") };
        format!("{when} the collector received {received} of about {usual} usual reports.")
    };
    of_week.map(sentence).collect()
}

#[cfg(test)]
mod tests;
