//! Tests of splitting answers.

use proptest::prelude::*;

use super::*;

/// The parts of an answer in these chunks.
fn parts(chunks: &[&[u8]]) -> Result<Vec<String>, QueryError> {
    let mut parts = Vec::new();
    let mut splitter = AnswerSplitter::default();
    for chunk in chunks {
        splitter.push(chunk, &mut |part| {
            let (name, json) = match part {
                AnswerPart::Status(json) => ("status", json),
                AnswerPart::ErrorType(json) => ("error type", json),
                AnswerPart::Warnings(json) => ("warnings", json),
                AnswerPart::ResultType(json) => ("result type", json),
                AnswerPart::Series(json) => ("series", json),
            };
            parts.push(format!("{name} {}", String::from_utf8_lossy(json)));
            Ok(())
        })?;
    }
    splitter.finish()?;
    Ok(parts)
}

const ANSWER: &str = r#" {"status" : "success", "other":[1,{"data":{}}], "n": -1.5e3 ,"data":{"resultType":"matrix",
 "stats":{"result":[1]},"result":[ {"metric":{"a":"}]\"\\"},"values":[[1,"2"]]},{"é":["\\\\",null]} , 5,"x", true]},
 "warnings":["a,b"],"infos":[] } "#;

#[test]
fn parts_are_found() {
    assert_eq!(
        parts(&[ANSWER.as_bytes()]).unwrap(),
        [
            r#"status "success""#,
            r#"result type "matrix""#,
            r#"series {"metric":{"a":"}]\"\\"},"values":[[1,"2"]]}"#,
            r#"series {"é":["\\\\",null]}"#,
            "series 5",
            r#"series "x""#,
            "series true",
            r#"warnings ["a,b"]"#,
            "warnings []",
        ]
    );
}

#[test]
fn parts_are_the_same_however_the_bytes_are_cut_in_two_and_one_by_one() {
    let whole = parts(&[ANSWER.as_bytes()]);
    for place in 0..=ANSWER.len() {
        let (before, after) = ANSWER.as_bytes().split_at(place);
        assert_eq!(parts(&[before, after]), whole, "{place}");
    }
    assert_eq!(parts(&ANSWER.as_bytes().chunks(1).collect::<Vec<_>>()), whole);
}

#[test]
fn an_answer_without_series_is_one() {
    let answer = r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#;
    assert_eq!(parts(&[answer.as_bytes()]).unwrap().len(), 2);
    let answer = r#"{"status":"error","errorType":"bad_data","error":"x","data":null}"#;
    assert_eq!(parts(&[answer.as_bytes()]).unwrap(), [r#"status "error""#, r#"error type "bad_data""#]);
    assert!(parts(&[b"{}"]).unwrap().is_empty());
}

#[test]
fn what_is_no_answer_is_refused() {
    for text in [
        "",
        "<html>",
        "[]",
        "{",
        r#"{"status""#,
        r#"{"status":}"#,
        r#"{"status":"success",}"#,
        r#"{"status" "success"}"#,
        r#"{"data":{"result":[1,]}}"#,
        r#"{"data":{"result":[,]}}"#,
        r#"{"data":{"result":[1}}"#,
        r#"{"data":{"result":[1 2]}}"#,
        r#"{"data":{"result":[{"a":1}"#,
        "{}{}",
        "{} x",
        "{]",
    ] {
        assert_eq!(parts(&[text.as_bytes()]), Err(QueryError::NotUnderstood), "{text}");
    }
}

#[test]
fn a_part_without_an_end_is_too_large_at_its_bound() {
    let mut splitter = AnswerSplitter::default();
    let mut push = |bytes: &[u8]| splitter.push(bytes, &mut |_| Ok(()));
    push(br#"{"data":{"result":[{"metric":{"a":""#).unwrap();
    let chunk = [b'x'; 64 * 1024];
    let refused_after = (0..).find_map(|number| push(&chunk).err().map(|error| (number, error)));
    assert_eq!(refused_after, Some((63, QueryError::TooLarge)));
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        r#"[a-z\\"{}\[\],: é\n]{0,12}"#.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(r#"[a-z"\\]{0,5}"#, inner, 0..5).prop_map(Value::from_iter),
        ]
    })
}

proptest! {
    #[test]
    fn any_series_are_found_whole_in_any_chunks(
        series in prop::collection::vec(json(), 0..6),
        pretty: bool,
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let answer = serde_json::json!({"data": {"result": series, "x": series}, "y": series});
        let text = if pretty { serde_json::to_string_pretty(&answer) } else { serde_json::to_string(&answer) }.unwrap();
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        places.extend([0, text.len()]);
        places.sort_unstable();
        let chunks: Vec<&[u8]> = places.windows(2).map(|pair| &text.as_bytes()[pair[0]..pair[1]]).collect();
        let found: Vec<serde_json::Value> = parts(&chunks)
            .unwrap()
            .iter()
            .map(|part| serde_json::from_str(part.strip_prefix("series ").unwrap()).unwrap())
            .collect();
        prop_assert_eq!(found, series);
    }

    #[test]
    fn any_bytes_end_in_parts_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..64), text in r#"[\[\]{}",:a\\ ]{0,64}"#) {
        let (_, _) = (parts(&[&bytes]), parts(&[text.as_bytes()]));
        let chunks: Vec<_> = text.as_bytes().chunks(3).collect();
        prop_assert_eq!(parts(&chunks).is_ok(), parts(&[text.as_bytes()]).is_ok());
    }
}
