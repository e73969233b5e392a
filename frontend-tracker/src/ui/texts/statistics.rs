//! Texts of the page about usage statistics, except for the delivery and deletion of reports.

pub(in crate::ui) const TITLE: &str = "Anonymous usage statistics";
pub(in crate::ui) const INTRODUCTION: &str = "To improve this program, its installations count how they are used and \
     report the counts to the people who build it. Collection is enabled by default; you can opt out at any time.";
pub(in crate::ui) const CONTENT: &str = "A report holds a random id of this installation, pseudonyms of its browsers, and \
     numbers and kinds: which integrations are configured, which services run, how large the infrastructure is, which \
     pages are opened in which screen size, and where the program spends its time. It holds no names of people, hosts, \
     projects or applications, and no addresses. Reports can be read below, in full, before they are sent, and the \
     last ones after.";

pub(in crate::ui) const COLLECTION: &str = "Collection";
pub(in crate::ui) const ON: &str = "On";
pub(in crate::ui) const OFF: &str = "Off";
pub(in crate::ui) const SWITCHED_ON: &str = "Usage statistics are on.";
pub(in crate::ui) const SWITCHED_OFF: &str = "Usage statistics are off.";

/// What the state of the switch means. `disabled_by` switches off for the whole run.
pub(in crate::ui) fn switch_meaning(is_enabled: bool, disabled_by: Option<&str>) -> String {
    match disabled_by {
        Some(by) => {
            format!("Switched off for this run by {by}. Start the server without it to collect again.")
        }
        None if is_enabled => {
            "Counts and reports are being made. Switching off also ends the observation of projects, and with it \
             incidents and notifications. It deletes what was observed and counted and did not leave, and the charts \
             of what was reported. Settings and reports that left stay."
                .to_owned()
        }
        None => "Nothing is observed, counted or sent, and there are no notifications. This is remembered across restarts.".to_owned(),
    }
}

pub(in crate::ui) const NEXT_REPORT: &str = "The next report";
pub(in crate::ui) const NOTHING_WOULD_BE_SENT: &str = "Nothing would be sent: usage statistics are off.";
pub(in crate::ui) const LOOKING_CHANGES_NOTHING: &str =
    "Looking changes nothing: the report is put together as it would be sent now, and nothing is sent.";
pub(in crate::ui) const REFRESH_PREVIEW: &str = "Refresh the preview";

/// When the preview was made.
pub(in crate::ui) fn put_together(ago: &str) -> String {
    format!("Put together {ago}")
}

pub(in crate::ui) const PREVIEW_IS_HERE: &str = "The preview of the next report is here.";

/// Which browser of the reports this one is, around its pseudonym.
pub(in crate::ui) const THIS_BROWSER: [&str; 2] =
    ["This browser is ", " in the reports of this installation, and another one in those of any other."];

pub(in crate::ui) const HEADERS: &str = "Sent beside a report";
pub(in crate::ui) const ALL_HEADERS: &str =
    "Each report is one HTTP request. These are all headers that it can have.";
pub(in crate::ui) const HEADER_COLUMNS: [&str; 3] = ["Header", "Value", "Why"];

pub(in crate::ui) const CHANGES: &str = "What changed since the last report";
pub(in crate::ui) const NONE_SENT: &str = "No report was sent yet. ";
pub(in crate::ui) const NO_TWO_REPORTS: &str = "There are no two reports to compare.";
pub(in crate::ui) const ANY_TWO: &str = "Any two of the reports that are kept whole can be compared. Entries of lists \
     and maps are compared by their names.";
pub(in crate::ui) const FROM: &str = "From";
pub(in crate::ui) const TO: &str = "To";
pub(in crate::ui) const THE_NEXT_REPORT: &str = "the next report";

/// A report to choose: how long ago and when exactly it was made, and its state.
pub(in crate::ui) fn report_choice(ago: &str, time: &str, state: &str) -> String {
    format!("{ago} ({time}), {state}")
}

pub(in crate::ui) const DIFFERING_VALUES: &str = "Values that differ";
pub(in crate::ui) const DIFFERENCE_COLUMNS: [&str; 3] = ["Field", FROM, TO];
pub(in crate::ui) const NOT_THERE: &str = "not there";
pub(in crate::ui) const LISTED: &str = "listed";

/// The name of the table of a section.
pub(in crate::ui) fn differing_values_of(section: &str) -> String {
    format!("Values that differ in {section}")
}

/// How many values of a section differ.
pub(in crate::ui) fn values_differ(count: usize) -> String {
    if count == 1 { "1 value differs".to_owned() } else { format!("{count} values differ") }
}

/// How many values of two reports differ and are the same. Of those that differ, some are not named.
pub(in crate::ui) fn differences(differ: usize, same: usize, unnamed: usize) -> String {
    if differ == 0 {
        return "The two reports say the same.".to_owned();
    }
    let are = if same == 1 { "is" } else { "are" };
    let mut said = format!("{}, {same} {are} the same.", values_differ(differ));
    if unnamed > 0 {
        said.push_str(&format!(" Of long lists the first are named; {unnamed} more are not."));
    }
    said
}

pub(in crate::ui) const REPORTS: &str = "Reports";
pub(in crate::ui) const NO_REPORT: &str = "There is no report here.";
pub(in crate::ui) const NEWEST_FIRST: &str = "Reports, newest first";
pub(in crate::ui) const REPORT_COLUMNS: [&str; 4] = ["State", "Made", "Size", "Exact bytes"];
pub(in crate::ui) const READ: &str = "Read";
pub(in crate::ui) const DOWNLOAD: &str = "Download";
pub(in crate::ui) const REPORT_OF: &str = "The report of ";
pub(in crate::ui) const CLOSE: &str = "Close";
pub(in crate::ui) const NOT_KEPT: &str = "This report is not kept any more.";

/// When a report was made.
pub(in crate::ui) fn made(ago: &str) -> String {
    format!("Made {ago}. ")
}

pub(in crate::ui) fn read_report(id: &str) -> String {
    format!("Read report {id}")
}

pub(in crate::ui) fn download_report(id: &str) -> String {
    format!("Download report {id}")
}

pub(in crate::ui) const AS_JSON: &str = " as JSON. SHA-256: ";
pub(in crate::ui) const SAVE_AS_FILE: &str = "Save as a file";
pub(in crate::ui) const SAVE_PROFILE: &str = "Save the profile";
pub(in crate::ui) const NOT_IN_REPORT: &str = "not in this report";

/// How many fields a section has.
pub(in crate::ui) fn fields(count: usize) -> String {
    if count == 1 { "1 field".to_owned() } else { format!("{count} fields") }
}

pub(in crate::ui) const PROFILES: &str = "Profiles that this report has";
pub(in crate::ui) const DRAW_PROCESSOR_TIME: &str = "Draw processor time";
pub(in crate::ui) const DRAW_MEMORY: &str = "Draw memory";
pub(in crate::ui) const PROCESSOR_TIME_IS_HERE: &str = "The picture of processor time is here.";
pub(in crate::ui) const MEMORY_IS_HERE: &str = "The picture of memory is here.";
pub(in crate::ui) const OLDER_PICTURE: &str =
    "The report above is newer than this picture. Draw it again for the newer one.";
pub(in crate::ui) const NO_PROFILE: &str = "The server gave an answer that is no profile.";

/// Which report a picture is of. `period` is the time from which to which it has processor time.
pub(in crate::ui) fn picture_of(hash: &str, period: Option<(&str, &str)>) -> String {
    let period = period.map_or_else(String::new, |(from, to)| format!(", from {from} to {to}"));
    format!("Of the report with SHA-256 {hash}…{period}")
}

pub(in crate::ui) const REPORTED: &str = "What was reported over time";
pub(in crate::ui) const REPORTED_ROWS: &str = "The server keeps a row of numbers of each report that was delivered, \
     for 90 days: no browser, no profile, no name. Switching usage statistics off deletes them.";
pub(in crate::ui) const NOTHING_TO_DRAW: &str = "There is no such row now, so there is nothing to draw.";

pub(in crate::ui) const FLEET: &str = "You beside the fleet";
pub(in crate::ui) const FLEET_REQUEST: &str = "This server downloads the tables that its collector publishes, whole, \
     and compares them here. Its ten requests are the same for every installation of the product, so the collector \
     learns that somebody asks, and not who. They are sent only when you ask for it: once a day, or after a failure.";
pub(in crate::ui) const DOWNLOAD_PUBLISHED: &str = "Download what is published";
pub(in crate::ui) const NOTHING_IS_DOWNLOADED: &str =
    "While usage statistics are off, nothing is downloaded.";
pub(in crate::ui) const WHAT_INSTALLATIONS_HAVE: &str = "What installations have";
pub(in crate::ui) const FLEET_COLUMNS: [&str; 3] = ["What", "Yours", "All"];
pub(in crate::ui) const YES: &str = "yes";
pub(in crate::ui) const NO: &str = "no";

pub(in crate::ui) const SWITCH_OFF: &str = "Switch it off without this page";
pub(in crate::ui) const ANY_IS_ENOUGH: &str = "Any one of these is enough, for the whole run: nothing is counted, \
     stored or sent. Whatever says off wins over whatever says on.";
pub(in crate::ui) const COPY: &str = "Copy";
pub(in crate::ui) const COPIED: &str = "Copied";
/// Ways to switch off for a whole run: what each is, and its text to copy.
pub(in crate::ui) const WAYS_OFF: [(&str, &str); 6] = [
    ("Flag", "headcount serve --disable-usage-statistics"),
    ("Environment", "DISABLE_USAGE_STATISTICS=1 headcount serve"),
    ("For all programs that obey it", "export DO_NOT_TRACK=1"),
    ("File that --config names", "disable-usage-statistics = true"),
    ("Docker", "docker run -e DISABLE_USAGE_STATISTICS=1 IMAGE"),
    ("Kubernetes, in the container", "env:\n  - name: DISABLE_USAGE_STATISTICS\n    value: \"1\""),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_has_the_same_ways_to_switch_off() {
        let manual = include_str!("../../../../docs/operating.md");
        for line in WAYS_OFF.iter().flat_map(|(_, text)| text.lines()) {
            assert!(manual.contains(line.trim_start_matches("export ")), "{line}");
        }
    }

    #[test]
    fn what_switched_it_off_is_told_before_all_else() {
        let text = switch_meaning(false, Some("DO_NOT_TRACK=1"));
        assert!(text.starts_with("Switched off for this run by DO_NOT_TRACK=1."), "{text}");
        assert_ne!(switch_meaning(true, None), switch_meaning(false, None));
    }

    #[test]
    fn how_many_values_differ_is_a_sentence() {
        for (counts, text) in [
            ((0, 3, 0), "The two reports say the same."),
            ((1, 1, 0), "1 value differs, 1 is the same."),
            (
                (11, 5, 9),
                "11 values differ, 5 are the same. Of long lists the first are named; 9 more are not.",
            ),
        ] {
            let (differ, same, unnamed) = counts;
            assert_eq!(differences(differ, same, unnamed), text);
        }
    }
}
