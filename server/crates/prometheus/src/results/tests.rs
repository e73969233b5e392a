//! Tests of answers and their texts.

use crate::test_queries::{NODE_INFO, UP};

use super::*;

#[test]
fn a_text_has_one_symbol_and_none_is_the_empty_one() {
    let mut symbols = StringInterner::default();
    assert_eq!(symbols.intern(""), InternedString::EMPTY);
    let [one, other] = ["one", "other"].map(|text| symbols.intern(text));
    assert_ne!(one, other);
    assert_eq!(symbols.intern("one"), one);
    assert_eq!(
        (symbols.text(one), symbols.text(other), symbols.text(InternedString::EMPTY)),
        ("one", "other", "")
    );
    assert_eq!((symbols.find("other"), symbols.find("none")), (Some(other), None));
    assert_eq!(symbols.number_of_texts(), 3);
}

#[test]
fn texts_that_follow_each_other_have_the_symbols_that_they_have_alone() {
    let mut symbols = StringInterner::default();
    for texts in [["", "a", "b", "c"], ["a", "b", "c", ""], ["c", "", "a", "d"], ["a", "c", "b", "d"]] {
        let mut previous = InternedString::EMPTY;
        for text in texts {
            let symbol = symbols.intern_after(previous, text);
            assert_eq!((symbols.text(symbol), symbols.find(text)), (text, Some(symbol)));
            previous = symbol;
        }
    }
    assert_eq!(symbols.number_of_texts(), 5);
}

#[test]
fn a_label_that_a_query_does_not_keep_is_empty() {
    let mut answers = QueryResults::default();
    let hostname = answers.symbols_mut().intern("a");
    let empty = InternedString::EMPTY;
    answers.insert(
        &NODE_INFO,
        ResultTable {
            to: 60,
            width: 4,
            labels: vec![empty, empty, hostname, empty],
            first_seen: vec![0],
            last_seen: vec![45],
            values: vec![1.0],
            points: ResultPoints::default(),
            sums: Vec::new(),
        },
    );
    let ([name, volume], mut rows) = answers.rows(&NODE_INFO, [Label::Hostname, Label::Volume]);
    let row = rows.next().unwrap();
    assert_eq!((row.label(name), row.label(volume)), (hostname, empty));
    assert_eq!((row.newest(), row.last()), (1.0, None));
    assert!(answers.table(&UP).is_empty());
}

#[test]
fn points_are_by_moment_and_those_that_are_missing_are_left_out() {
    let table = ResultTable {
        to: 30,
        width: 1,
        labels: vec![InternedString::EMPTY; 2],
        first_seen: vec![0, 15],
        last_seen: vec![30, 15],
        values: vec![3.0, 7.0],
        points: ResultPoints { from: 0, step: 15, values: vec![1.0, f32::NAN, 2.0, 7.0, 3.0, f32::NAN] },
        sums: Vec::new(),
    };
    assert_eq!(table.points_of(0).collect::<Vec<_>>(), [(0, 1.0), (15, 2.0), (30, 3.0)]);
    assert_eq!(table.points_of(1).collect::<Vec<_>>(), [(15, 7.0)]);
}
