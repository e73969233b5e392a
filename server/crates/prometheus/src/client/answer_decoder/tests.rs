//! Tests of decoding answers.

use proptest::prelude::*;

use super::*;
use crate::{
    client::tests::{RecordingSink, SinkSeries},
    query::Label,
};

const LABELS: &[Label] = &[Label::Job, Label::Instance];
const SPAN: QuerySpan = QuerySpan { from: 100, to: 200, step: 10 };

fn decoded(answer: &str, chunk: usize) -> Result<(RecordingSink, AnswerSummary), QueryError> {
    decoded_with(LabelSelection { labels: LABELS, prefers_exported: false }, answer, chunk)
}

fn decoded_with(
    labels: LabelSelection,
    answer: &str,
    chunk: usize,
) -> Result<(RecordingSink, AnswerSummary), QueryError> {
    let mut decoder = AnswerDecoder::new(labels, SPAN, RecordingSink::default());
    for chunk in answer.as_bytes().chunks(chunk) {
        decoder.push(chunk)?;
    }
    decoder.finish(200)
}

/// The series of an answer with this result.
fn series(result: &str) -> Result<Vec<SinkSeries>, QueryError> {
    let answer = format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{result}]}}}}"#);
    Ok(decoded(&answer, usize::MAX)?.0.series)
}

fn one(job: &str, instance: &str, points: &[(u32, f32)]) -> SinkSeries {
    (vec![job.to_owned(), instance.to_owned()], points.to_vec())
}

#[test]
fn kept_labels_come_in_the_order_of_the_query() {
    let result = r#"{"metric":{"instance":"i","__name__":"up","x":"y","job":"j"},"values":[[100,"1"],[110,"0"]]},
        {"values":[[100.781,"2"]],"histograms":[[100,{"count":"1"}]],"metric":{"job":"j"}},
        {"metric":{},"values":[[200,"3"]]}"#;
    assert_eq!(
        series(result).unwrap(),
        [one("j", "i", &[(100, 1.0), (110, 0.0)]), one("j", "", &[(100, 2.0)]), one("", "", &[(200, 3.0)])]
    );
}

#[test]
fn a_label_that_prometheus_renamed_is_what_the_exporter_said_where_it_tells_of_others() {
    for (labels, told_of_others, told_of_itself) in [
        (
            r#""exported_job":"theirs","exported_instance":"i","instance":"t","job":"own""#,
            ["theirs", "i"],
            ["own", "t"],
        ),
        (r#""job":"own","instance":"t","exported_job":"theirs""#, ["theirs", "t"], ["own", "t"]),
        (r#""exported_job":"theirs""#, ["theirs", ""], ["", ""]),
        (
            r#""job":"own","exported_node":"n","exported_":"x","exported_exported_job":"y""#,
            ["own", ""],
            ["own", ""],
        ),
    ] {
        let answer = format!(
            r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{{labels}}},"values":[[100,"1"]]}}]}}}}"#
        );
        for (prefers_exported, expected) in [(true, told_of_others), (false, told_of_itself)] {
            let kept = LabelSelection { labels: LABELS, prefers_exported };
            let series = decoded_with(kept, &answer, usize::MAX).unwrap().0.series;
            assert_eq!(series, [one(expected[0], expected[1], &[(100, 1.0)])], "{labels}");
        }
    }
}

#[test]
fn escapes_in_labels_and_their_names_are_read() {
    let result =
        r#"{"metr\u0069c":{"j\u006fb":"a\"\\\/\n\u00e9\ud83d\ude00é😀","instance":""},"values":[[100,"1"]]}"#;
    assert_eq!(series(result).unwrap(), [one("a\"\\/\né😀é😀", "", &[(100, 1.0)])]);
}

#[test]
fn values_are_texts_of_numbers() {
    let result = r#"{"metric":{},"values":[[100,"1e3"],[101,"NaN"],[102,"+Inf"],[103,"-Inf"],[104,"-0.5"],[105,"1e99"]]}"#;
    let points =
        [(100, 1000.0), (102, f32::INFINITY), (103, f32::NEG_INFINITY), (104, -0.5), (105, f32::INFINITY)];
    assert_eq!(series(result).unwrap(), [one("", "", &points)]);
}

#[test]
fn points_outside_of_the_span_are_none() {
    let result =
        r#"{"metric":{},"values":[[-5,"1"],[99.9,"1"],[100,"2"],[200.9,"3"],[201,"4"],[1e300,"5"]]}"#;
    assert_eq!(series(result).unwrap(), [one("", "", &[(100, 2.0), (200, 3.0)])]);
}

#[test]
fn a_series_without_a_point_is_none() {
    let result = r#"{"metric":{},"values":[]},{"metric":{},"values":[[100,"NaN"]]},{"metric":{}},{}"#;
    assert!(series(result).unwrap().is_empty());
}

#[test]
fn what_is_no_series_is_not_understood() {
    for result in [
        "5",
        "null",
        "[]",
        r#"{"metric":5,"values":[[100,"1"]]}"#,
        r#"{"metric":{"job":5},"values":[[100,"1"]]}"#,
        r#"{"metric":{},"values":[[100]]}"#,
        r#"{"metric":{},"values":[[100,"1",2]]}"#,
        r#"{"metric":{},"values":[[100,1]]}"#,
        r#"{"metric":{},"values":[["100","1"]]}"#,
        r#"{"metric":{},"values":[[100,"one"]]}"#,
        r#"{"metric":{},"values":[100,"1"]}"#,
        r#"{"metric":{},"values":[[110,"1"],[100,"1"]]}"#,
        r#"{"metric":{},"values":[[100,"1"],[100.5,"1"]]}"#,
        r#"{"metric":{},"values":[[100,"1"]]]"#,
        r#"{"metric":{"a":"\ud800","job":"\ud800"},"values":[[100,"1"]]}"#,
    ] {
        assert_eq!(series(result), Err(QueryError::NotUnderstood), "{result}");
    }
}

#[test]
fn a_kept_label_has_a_longest_text() {
    let result = |label: &str, length: usize| {
        format!(r#"{{"metric":{{"{label}":"{}"}},"values":[[100,"1"]]}}"#, "x".repeat(length))
    };
    assert_eq!(series(&result("job", 64 * 1024)).unwrap().len(), 1);
    assert_eq!(series(&result("job", 64 * 1024 + 1)), Err(QueryError::TooLarge));
    assert_eq!(series(&result("other", 64 * 1024 + 1)).unwrap().len(), 1);
}

#[test]
fn only_a_successful_matrix_is_an_answer() {
    for answer in [
        r#"{"data":{"resultType":"matrix","result":[]}}"#,
        r#"{"status":"success","data":{"result":[]}}"#,
        r#"{"status":"success"}"#,
        r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#,
        r#"{"status":"success","data":{"resultType":"scalar","result":[100,"1"]}}"#,
        r#"{"status":1,"data":{"resultType":"matrix","result":[]}}"#,
    ] {
        assert_eq!(decoded(answer, usize::MAX), Err(QueryError::NotUnderstood), "{answer}");
    }
}

#[test]
fn a_failure_is_one_whatever_the_status() {
    for (kind, known) in [("execution", Some("execution")), ("of db-1.example.com", None)] {
        let answer = format!(r#"{{"status":"error","errorType":"{kind}","error":"of db-1.example.com"}}"#);
        let error = decoded(&answer, usize::MAX).unwrap_err();
        assert_eq!(error, QueryError::Refused { status: 200, kind: known });
        assert!(!error.to_string().contains("example"));
    }
}

#[test]
fn warnings_are_noticed_and_their_text_is_not_kept() {
    for (members, expected) in [
        ("", false),
        (r#","warnings":[]"#, false),
        (r#","warnings":null"#, false),
        (r#","infos":["x"],"warnings":[]"#, true),
        (r#","warnings":["x"]"#, true),
    ] {
        let answer =
            format!(r#"{{"status":"success","data":{{"result":[],"resultType":"matrix"}}{members}}}"#);
        assert_eq!(decoded(&answer, usize::MAX).unwrap().1, AnswerSummary { series: 0, warnings: expected });
    }
}

proptest! {
    #[test]
    fn any_answer_says_the_same_in_any_chunks(
        series in prop::collection::vec((any::<String>(), any::<String>(), prop::collection::btree_map(100_u32..=200, any::<f32>(), 0..8)), 0..8),
        metric_first: bool,
        chunk in 1_usize..200,
    ) {
        let written: Vec<String> = series
            .iter()
            .map(|(job, instance, points)| {
                let metric = serde_json::json!({"job": job, "other": instance, "instance": instance});
                let values: Vec<_> = points.iter().map(|(at, value)| (at, value.to_string())).collect();
                let values = serde_json::json!(values);
                if metric_first {
                    format!(r#"{{"metric":{metric},"values":{values}}}"#)
                } else {
                    format!(r#"{{"values":{values},"metric":{metric}}}"#)
                }
            })
            .collect();
        let answer = format!(
            r#"{{"status":"success","data":{{"resultType":"matrix","result":[{}]}}}}"#,
            written.join(",")
        );
        let expected: Vec<_> = series
            .iter()
            .map(|(job, instance, points)| {
                let points: Vec<_> = points.iter().map(|(at, value)| (*at, *value)).filter(|(_, value)| !value.is_nan()).collect();
                one(job, instance, &points)
            })
            .filter(|(_, points)| !points.is_empty())
            .collect();
        let (kept, summary) = decoded(&answer, chunk).unwrap();
        prop_assert_eq!(summary.series, expected.len() as u64);
        prop_assert_eq!(kept.series, expected);
    }
}
