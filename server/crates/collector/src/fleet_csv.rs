//! Writes answers as CSV (RFC 4180), a line per row of the answer.

use headcount_fleet::profiles::FunctionChange;
use headcount_shared::api::{
    FleetActivityAnswer, FleetDistributionsAnswer, FleetInstallationAnswer, FleetRetentionAnswer,
    FleetSharesAnswer, PublishedCellAnswer, PublishedTableAnswer, PublishedTableRelease,
};

use super::{fleet_profiles::FunctionRankingAnswer, published_reader::PublishedTableName};

/// An answer that is a table.
pub(super) trait CsvAnswer {
    /// The names of the columns.
    fn columns(&self) -> Vec<String>;

    /// The rows.
    fn rows(&self) -> Vec<Vec<String>>;
}

/// The answer as CSV.
///
/// # Errors
/// When it cannot be written, which does not happen in memory.
pub(super) fn csv_text(answer: &dyn CsvAnswer) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(answer.columns())?;
    for row in answer.rows() {
        writer.write_record(row.iter().map(|cell| without_formula(cell).into_owned()))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// A cell that no spreadsheet takes for a formula: senders choose some names. A change that a rollout brought, such as
/// `+Logs`, stays as it is.
fn without_formula(cell: &str) -> std::borrow::Cow<'_, str> {
    let rest = cell.strip_prefix(['=', '@', '\t', '\r', '+', '-']);
    let is_word =
        |rest: &str| rest.chars().all(|character| character.is_ascii_alphanumeric() || character == '.');
    match rest {
        Some(rest) if !(is_word(rest) && cell.starts_with(['+', '-'])) => format!("'{cell}").into(),
        _ => cell.into(),
    }
}

fn texts<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

impl CsvAnswer for FleetActivityAnswer {
    fn columns(&self) -> Vec<String> {
        texts(["day", "active_1d", "active_7d", "active_30d", "new", "returning", "gone"])
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let row = |day: &headcount_shared::api::FleetActivityDay| {
            let counts = [day.active_1d, day.active_7d, day.active_30d, day.new, day.returning, day.gone];
            std::iter::once(day.day.clone()).chain(counts.map(|count| count.to_string())).collect()
        };
        self.days.iter().map(row).collect()
    }
}

impl CsvAnswer for FleetRetentionAnswer {
    fn columns(&self) -> Vec<String> {
        texts(["week", "weeks_later", "installations", "active"])
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let week = |week: &headcount_shared::api::FleetRetentionWeek| {
            let (monday, installations) = (week.week.clone(), week.installations.to_string());
            let rows = week.active.iter().enumerate();
            rows.map(|(later, active)| {
                vec![monday.clone(), later.to_string(), installations.clone(), active.to_string()]
            })
            .collect::<Vec<_>>()
        };
        self.weeks.iter().flat_map(week).collect()
    }
}

impl CsvAnswer for FleetSharesAnswer {
    fn columns(&self) -> Vec<String> {
        texts(["day", "label", "installations", "of_installations", "value"])
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        for (at, day) in self.days.iter().enumerate() {
            for label in &self.labels {
                let at_day = |counts: &[u64]| counts.get(at).copied().unwrap_or_default().to_string();
                rows.push(vec![
                    day.day.clone(),
                    label.label.clone(),
                    at_day(&label.by_day),
                    day.installations.to_string(),
                    at_day(&label.value_by_day),
                ]);
            }
        }
        rows
    }
}

impl CsvAnswer for FleetDistributionsAnswer {
    fn columns(&self) -> Vec<String> {
        texts(["label", "group", "count", "value", "p10", "p25", "p50", "p75", "p90", "p95", "p99"])
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let row = |of: &headcount_shared::api::FleetDistribution| {
            let mut row = vec![of.label.clone(), of.group.clone().unwrap_or_default()];
            row.extend([of.count.to_string(), of.value.to_string()]);
            row.extend(
                [of.p10, of.p25, of.p50, of.p75, of.p90, of.p95, of.p99].map(|value| value.to_string()),
            );
            row
        };
        self.distributions.iter().map(row).collect()
    }
}

impl CsvAnswer for FleetInstallationAnswer {
    fn columns(&self) -> Vec<String> {
        texts([
            "day",
            "reports",
            "version",
            "database",
            "flags",
            "alerting",
            "clouds",
            "services",
            "instrumented_services",
            "inspection_overrides",
            "projects",
            "applications",
            "nodes",
            "instances",
            "deployments",
            "browsers",
            "page_views",
            "cpu_mean",
            "memory_mean",
        ])
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let optional = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        let row = |day: &headcount_shared::api::FleetInstallationDay| {
            let mut row =
                vec![day.day.clone(), day.reports.to_string(), day.version.clone(), day.database.clone()];
            let lists = [
                &day.flags,
                &day.alerting,
                &day.clouds,
                &day.services,
                &day.instrumented_services,
                &day.inspection_overrides,
            ];
            row.extend(lists.map(|list| list.join(" ")));
            let counts = [
                day.projects,
                day.applications,
                day.nodes,
                day.instances,
                day.deployments,
                day.browsers,
                day.page_views,
            ];
            row.extend(counts.map(|count| count.to_string()));
            row.extend([optional(day.cpu_mean), optional(day.memory_mean)]);
            row
        };
        self.days.iter().map(row).collect()
    }
}

impl CsvAnswer for FunctionRankingAnswer {
    fn columns(&self) -> Vec<String> {
        texts([
            "function",
            "before",
            "after",
            "difference",
            "p_value",
            "adjusted_p_value",
            "is_significant",
            "before_installations",
            "after_installations",
        ])
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let row = |change: &FunctionChange| {
            let shares =
                [change.before, change.after, change.difference, change.p_value, change.adjusted_p_value];
            let mut row = vec![change.name.clone()];
            row.extend(shares.map(|share| share.to_string()));
            row.push(change.is_significant.to_string());
            row.extend(
                [change.before_installations, change.after_installations].map(|count| count.to_string()),
            );
            row
        };
        self.ranking().changes.iter().map(row).collect()
    }
}

impl CsvAnswer for PublishedTableAnswer {
    fn columns(&self) -> Vec<String> {
        texts([
            "day",
            "stage",
            "version",
            "label",
            "cell",
            "installations",
            "of_installations",
            "of_all",
            "sum",
            "p50",
            "p95",
            "p99",
            "folded_names",
        ])
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let has_labels = PublishedTableName::find(&self.table).is_some_and(PublishedTableName::has_labels);
        self.releases.iter().flat_map(|release| published_rows(release, has_labels)).collect()
    }
}

/// The rows of a release; of a table without labels, each is about `all` of a version.
fn published_rows(release: &PublishedTableRelease, has_labels: bool) -> Vec<Vec<String>> {
    let of_release = &release.release;
    let row =
        |version: &Option<String>, label: &str, cell: &str, numbers: [String; 3], amounts: Vec<String>| {
            let mut row = vec![of_release.day.clone(), of_release.stage.clone()];
            row.extend([version.clone().unwrap_or_default(), label.to_owned(), cell.to_owned()]);
            row.extend(numbers);
            row.extend(amounts);
            row.push(release.folded_names.to_string());
            row
        };
    let of_cell = |cell: &PublishedCellAnswer| {
        let kind = match &cell.label {
            Some(_) => "name",
            None if has_labels => "other",
            None => "all",
        };
        let numbers = [cell.installations, cell.of_installations, of_release.installations];
        let percentile = |wanted: f64| {
            let found = cell.percentiles.iter().find(|one| (one.percentile - wanted).abs() < 1e-9);
            found.map(|one| one.at_most.to_string()).unwrap_or_default()
        };
        let sum = cell.sum.map(|sum| sum.to_string()).unwrap_or_default();
        let amounts = vec![sum, percentile(0.5), percentile(0.95), percentile(0.99)];
        row(
            &cell.version,
            cell.label.as_deref().unwrap_or_default(),
            kind,
            numbers.map(|number| number.to_string()),
            amounts,
        )
    };
    let without_number = release.without_number.iter().map(|cell| {
        let nothing = || vec![String::new(); 4];
        let numbers = [String::new(), String::new(), of_release.installations.to_string()];
        row(&cell.version, &cell.label, "without_number", numbers, nothing())
    });
    release.cells.iter().map(of_cell).chain(without_number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct OneCell(&'static str);

    impl CsvAnswer for OneCell {
        fn columns(&self) -> Vec<String> {
            texts(["a", "b"])
        }

        fn rows(&self) -> Vec<Vec<String>> {
            vec![texts([self.0, "1"])]
        }
    }

    #[test]
    fn names_that_senders_choose_are_neither_columns_nor_formulas() {
        let cases = [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("a\"b\r\nc", "\"a\"\"b\r\nc\""),
            ("=1+1", "'=1+1"),
            ("@sum", "'@sum"),
            ("+cmd|x", "'+cmd|x"),
            ("+Logs", "+Logs"),
            ("-CPU", "-CPU"),
            ("-0.5", "-0.5"),
        ];
        for (cell, written) in cases {
            let text = String::from_utf8(csv_text(&OneCell(cell)).unwrap()).unwrap();
            assert_eq!(text, format!("a,b\r\n{written},1\r\n"), "{cell}");
        }
    }
}
