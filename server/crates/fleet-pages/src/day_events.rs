//! Marks on charts over time what happened on their days: releases, new numbers in reports, notes, and gaps.

use headcount_charts::{ChartDay, MarkKind, MissingSpan, TimeContext, TimeMark};
use headcount_fleet::calendar_day::CalendarDay;
use headcount_shared::api::FleetChangesAnswer;

use crate::{answer_basis::chart_day, page_filter::PageFilter, shown_names::shown_tables};

/// Why a gap is one.
const GAP: &str = "the collector has less than half of the usual reports";

/// Something that happened on a day, or from one to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayEvent {
    first: CalendarDay,
    last: CalendarDay,
    kind: DayEventKind,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DayEventKind {
    Release,
    SchemaChange,
    Note,
    Gap,
}

impl DayEvent {
    fn on(day: &str, kind: DayEventKind, text: String) -> Option<Self> {
        let day = day.parse().ok()?;
        Some(Self { first: day, last: day, kind, text })
    }

    const fn mark_kind(&self) -> Option<MarkKind> {
        match self.kind {
            DayEventKind::Release => Some(MarkKind::Release),
            DayEventKind::SchemaChange => Some(MarkKind::SchemaChange),
            DayEventKind::Note => Some(MarkKind::Note),
            DayEventKind::Gap => None,
        }
    }
}

/// The events of an answer.
#[must_use]
pub fn day_events(changes: &FleetChangesAnswer) -> Vec<DayEvent> {
    let releases = changes
        .releases
        .iter()
        .map(|release| DayEvent::on(&release.released_on, DayEventKind::Release, release.version.clone()));
    let new_numbers = changes
        .schema_changes
        .iter()
        .map(|change| DayEvent::on(&change.day, DayEventKind::SchemaChange, shown_tables(&change.tables)));
    let notes = changes.notes.iter().flat_map(|day| {
        day.notes.iter().map(|note| DayEvent::on(&day.day, DayEventKind::Note, note.clone()))
    });
    let gaps = changes.gaps.iter().map(|gap| {
        let (first, last) = (gap.from.parse().ok()?, gap.to.parse().ok()?);
        Some(DayEvent { first, last, kind: DayEventKind::Gap, text: GAP.to_owned() })
    });
    releases.chain(new_numbers).chain(notes).chain(gaps).flatten().collect()
}

/// The days of a chart over time, with what happened on them.
#[derive(Debug)]
pub(crate) struct ChartDays<'a> {
    first_day: ChartDay,
    marks: Vec<TimeMark<'a>>,
    missing: Vec<MissingSpan<'a>>,
}

impl<'a> ChartDays<'a> {
    /// Those of a page.
    pub(crate) fn new(filter: &'a PageFilter) -> Self {
        let marks = filter.events.iter().filter_map(|event| {
            Some(TimeMark { day: chart_day(event.first), kind: event.mark_kind()?, label: &event.text })
        });
        let gaps = filter.events.iter().filter(|event| event.kind == DayEventKind::Gap);
        let missing = gaps.map(|event| MissingSpan {
            first: chart_day(event.first),
            last: chart_day(event.last),
            reason: &event.text,
        });
        Self { first_day: chart_day(filter.first), marks: marks.collect(), missing: missing.collect() }
    }

    /// The same for a chart.
    pub(crate) fn context(&self) -> TimeContext<'_> {
        let Self { first_day, marks, missing } = self;
        TimeContext { first_day: *first_day, marks, missing }
    }
}

#[cfg(test)]
mod tests {
    use headcount_charts::{ChartCaption, LineSeries, ValueUnit, line_chart};
    use headcount_shared::api::{FleetDayNotes, FleetGap, FleetRelease, FleetSchemaChange};

    use super::*;
    use crate::page_filter::tests::ten_days;

    #[test]
    fn a_chart_says_what_happened_on_its_days() {
        let changes = FleetChangesAnswer {
            product: "my shop".to_owned(),
            from: "2026-11-01".to_owned(),
            to: "2026-11-10".to_owned(),
            looked_at: None,
            releases: vec![FleetRelease {
                version: "1.1<b>".to_owned(),
                released_on: "2026-11-03".to_owned(),
                installations: 1,
                total: 2,
                days_to_half: None,
            }],
            changes: Vec::new(),
            before: None,
            schema_changes: vec![FleetSchemaChange {
                day: "2026-11-04".to_owned(),
                tables: vec!["world_times".to_owned()],
            }],
            gaps: vec![FleetGap {
                from: "2026-11-06".to_owned(),
                to: "2026-11-07".to_owned(),
                received: 1,
                usual: 200,
            }],
            notes: vec![FleetDayNotes { day: "2026-11-08".to_owned(), notes: vec!["a fair".to_owned()] }],
        };
        let filter = ten_days().with_events(day_events(&changes));
        let caption = ChartCaption {
            id: "c",
            title: "Title",
            description: "",
            denominator: "",
            period: "",
            freshness: "",
        };
        let values = [Some(1.0); 10];
        let series = [LineSeries { name: "one", values: &values }];
        let days = ChartDays::new(&filter);
        let chart = line_chart(&caption, "values", ValueUnit::Count, days.context(), &series);
        let chart = chart.replace('\u{a0}', " ");
        for said in [
            "Release on 3 Nov 2026: 1.1&lt;b&gt;",
            "New numbers on 4 Nov 2026: times to load and audit telemetry",
            "Note on 8 Nov 2026: a fair",
            "No data from 6 Nov 2026 to 7 Nov 2026: the collector has less than half of the usual reports",
        ] {
            assert!(chart.contains(said), "{said}: {chart}");
        }
    }
}
