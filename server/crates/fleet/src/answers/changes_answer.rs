//! Answers what releases changed, and what else happened on some days.

use headcount_shared::api::{
    FleetChange, FleetChangesAnswer, FleetChangesBefore, FleetDayNotes, FleetGap, FleetRelease,
    FleetSchemaChange, FleetSentence, FleetWeek, FleetWeeksAnswer,
};

use crate::{
    answers::answer_period::AnswerPeriod,
    calendar_day::CalendarDay,
    changes::{
        ChangeHistory, ChangeSize, FoundChange, SchemaChange,
        release_uptake::{ReleaseUptake, UptakeDay},
        reporting_gaps::ReportingGap,
        weekly_summary::{WeeklySummary, change_sentence},
    },
};

/// What happened in a period, by the history of a product and the notes of its maker.
#[must_use]
pub fn changes_answer(
    period: &AnswerPeriod,
    history: &ChangeHistory,
    notes: Vec<(CalendarDay, Vec<String>)>,
) -> FleetChangesAnswer {
    let is_in = |day: CalendarDay| period.first <= day && day <= period.last;
    let releases = history.releases.iter().filter(|release| is_in(release.released_on));
    let changes = history.changes.iter().filter(|found| is_in(found.found_on));
    let schema_changes = history.schema_changes.iter().filter(|change| is_in(change.day));
    let gaps = history.gaps.iter().filter(|gap| gap.from <= period.last && gap.until >= period.first);
    let notes = notes.into_iter().filter(|(day, notes)| is_in(*day) && !notes.is_empty());
    FleetChangesAnswer {
        product: period.product.clone(),
        from: period.first.to_string(),
        to: period.last.to_string(),
        looked_at: history.last_day.map(|day| day.to_string()),
        releases: releases.map(|release| release_of(release, period.last)).collect(),
        changes: changes.map(change_of).collect(),
        before: changes_before(period.first, history),
        schema_changes: schema_changes.map(schema_change_of).collect(),
        gaps: gaps.map(gap_of).collect(),
        notes: notes.map(|(day, notes)| FleetDayNotes { day: day.to_string(), notes }).collect(),
    }
}

/// What is known of the days before `first`.
fn changes_before(first: CalendarDay, history: &ChangeHistory) -> Option<FleetChangesBefore> {
    let releases = history.releases.iter().map(|release| release.released_on).filter(|day| *day < first);
    let changes = history.changes.iter().map(|found| found.found_on).filter(|day| *day < first);
    let from = releases.clone().chain(changes.clone()).min()?;
    Some(FleetChangesBefore {
        from: from.to_string(),
        releases: releases.count() as u64,
        changes: changes.count() as u64,
    })
}

fn release_of(release: &ReleaseUptake, last: CalendarDay) -> FleetRelease {
    let has_half = |day: &&UptakeDay| day.installations > 0 && day.installations * 2 >= day.total;
    let newest = release.days.iter().rfind(|day| day.day <= last);
    FleetRelease {
        version: release.version.clone(),
        released_on: release.released_on.to_string(),
        installations: newest.map_or(0, |day| day.installations),
        total: newest.map_or(0, |day| day.total),
        days_to_half: release.days.iter().find(has_half).map(|day| day.day.days_since(release.released_on)),
    }
}

fn change_of(found: &FoundChange) -> FleetChange {
    let (unit, size, low, high) = match found.size {
        ChangeSize::Relative { size, low, high } => ("relative", size, low, high),
        ChangeSize::Share { size, low, high } => ("share", size, low, high),
    };
    FleetChange {
        release: found.release.clone(),
        released_on: found.released_on.to_string(),
        previous: found.previous.clone(),
        kind: found.field.kind.name().to_owned(),
        name: found.field.name.clone(),
        field: found.field.to_string(),
        unit: unit.to_owned(),
        size,
        low,
        high,
        found_on: found.found_on.to_string(),
        certainty: found.certainty,
        confirmed: low > 0.0 || high < 0.0,
        sentence: change_sentence(found),
    }
}

fn schema_change_of(change: &SchemaChange) -> FleetSchemaChange {
    FleetSchemaChange { day: change.day.to_string(), tables: change.tables.clone() }
}

fn gap_of(gap: &ReportingGap) -> FleetGap {
    let ReportingGap { from, until, received, usual } = *gap;
    FleetGap { from: from.to_string(), to: until.to_string(), received, usual }
}

/// Weeks in sentences, the newest first.
#[must_use]
pub fn weeks_answer(product: &str, summaries: &[WeeklySummary]) -> FleetWeeksAnswer {
    let week = |summary: &WeeklySummary| {
        let sentence = |sentence: &crate::changes::weekly_summary::SummarySentence| FleetSentence {
            topic: sentence.topic.name().to_owned(),
            text: sentence.text.clone(),
        };
        FleetWeek {
            week: summary.week.to_string(),
            last_day: summary.last_day.to_string(),
            is_over: summary.is_over(),
            sentences: summary.sentences.iter().map(sentence).collect(),
        }
    };
    FleetWeeksAnswer { product: product.to_owned(), weeks: summaries.iter().map(week).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::{ChangeDay, ChangedField, FieldKind};

    fn period(from: &str, to: &str) -> AnswerPeriod {
        let text = |day: &str| Some(day.to_owned());
        let days = crate::answers::answer_period::PeriodParameters {
            from: text(from),
            to: text(to),
            ..Default::default()
        };
        AnswerPeriod::from_parameters(days, "shop", CalendarDay::from_unix_seconds(0)).unwrap()
    }

    #[test]
    fn an_answer_has_what_happened_in_its_period() {
        let first: CalendarDay = "2026-10-01".parse().unwrap();
        let days: Vec<_> = (0..40_u32)
            .map(|at| {
                let new = u64::from(at.saturating_sub(20)) * 10;
                let mut versions = vec![("1.0".to_owned(), 200 - new), ("1.1".to_owned(), new)];
                versions.retain(|(_, count)| *count > 0);
                let found = FoundChange {
                    release: "1.1".to_owned(),
                    released_on: first.plus_days(21),
                    previous: "1.0".to_owned(),
                    field: ChangedField::new(FieldKind::CpuFunction, "parse"),
                    found_on: first.plus_days(23),
                    size: ChangeSize::Relative { size: 0.1, low: 0.05, high: 0.15 },
                    certainty: 0.999,
                };
                let changes = if at == 23 { vec![found] } else { Vec::new() };
                let reports = if at == 30 { 100 } else { 4800 };
                (first.plus_days(at), ChangeDay { reports, versions, tables: Vec::new(), changes })
            })
            .collect();
        let history = ChangeHistory::of_days(&days);
        let notes =
            vec![(first, vec!["before".to_owned()]), (first.plus_days(22), vec!["campaign".to_owned()])];
        let answer = changes_answer(&period("2026-10-20", "2026-11-05"), &history, notes.clone());
        let [release] = &answer.releases[..] else { panic!("{answer:?}") };
        assert_eq!((release.version.as_str(), release.days_to_half), ("1.1", Some(9)));
        assert_eq!((release.installations, release.total), (150, 200));
        let [change] = &answer.changes[..] else { panic!("{answer:?}") };
        assert_eq!((change.kind.as_str(), change.unit.as_str()), ("cpu_function", "relative"));
        assert!(change.confirmed);
        assert!(change.sentence.contains("the share of CPU time in parse is 10.0 % higher"), "{change:?}");
        assert_eq!(answer.gaps.len(), 1);
        assert_eq!(answer.notes.len(), 1);
        let later = changes_answer(&period("2026-11-06", "2026-11-09"), &history, notes);
        assert_eq!((later.releases.len(), later.changes.len(), later.gaps.len()), (0, 0, 0));
        let before = FleetChangesBefore { from: "2026-10-22".to_owned(), releases: 1, changes: 1 };
        assert_eq!((answer.before, later.before), (None, Some(before)));
        assert_eq!(later.looked_at.as_deref(), Some("2026-11-09"));
    }
}
