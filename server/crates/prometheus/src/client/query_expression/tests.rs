//! Tests of selectors in queries.

use proptest::prelude::*;

use super::*;

fn rewritten(selector: &str, expression: &str) -> String {
    ExtraSelector::parse(selector).unwrap().put_into(expression.to_owned()).unwrap()
}

#[test]
fn matchers_reach_every_corner_of_an_expression() {
    for (expression, expected) in [
        ("up", r#"up{c="a"}"#),
        ("rate(up[45s])", r#"rate(up{c="a"}[45s])"#),
        ("sum without(mode) (rate(up[45s]))", r#"sum without (mode) (rate(up{c="a"}[45s]))"#),
        (
            "a / ignoring(mode) group_left sum(b) without(mode)*100",
            r#"a{c="a"} / ignoring (mode) group_left () sum without (mode) (b{c="a"}) * 100"#,
        ),
        ("timestamp(node_info) - 100", r#"timestamp(node_info{c="a"}) - 100"#),
        ("max_over_time(rate(up[5m])[30m:1m])", r#"max_over_time(rate(up{c="a"}[5m])[30m:1m])"#),
        ("-(a + b) > bool 1", r#"-(a{c="a"} + b{c="a"}) > bool 1"#),
        ("a offset 5m", r#"a{c="a"} offset 5m"#),
        (
            r#"histogram_quantile(0.5, sum by(le) (a{b="x"}))"#,
            r#"histogram_quantile(0.5, sum by (le) (a{b="x",c="a"}))"#,
        ),
        ("a and on() b unless c", r#"a{c="a"} and on () b{c="a"} unless c{c="a"}"#),
        (r#"{__name__=~"a.*"}"#, r#"{__name__=~"a.*",c="a"}"#),
    ] {
        let printed = rewritten(r#"{c="a"}"#, expression);
        let (printed, expected) = (parser::parse(&printed).unwrap(), parser::parse(expected).unwrap());
        assert_eq!(printed, expected, "{printed}");
    }
}

#[test]
fn alternatives_in_a_selector_each_get_the_matchers() {
    let printed = rewritten(r#"{c="a"}"#, r#"up{x="1" or y="2"}"#);
    assert_eq!(printed, r#"up{x="1", c="a" or y="2", c="a"}"#);
}

#[test]
fn without_a_selector_a_query_is_asked_as_it_stands() {
    for nothing in ["", "  ", "{}"] {
        assert_eq!(rewritten(nothing, "sum(rate( x [45s]))"), "sum(rate( x [45s]))");
    }
}

#[test]
fn an_expression_follows_the_range() {
    let expressions = QueryExpressions::new(ExtraSelector::default());
    let query = &crate::test_queries::CONTAINER_HTTP_REQUESTS_COUNT;
    for range in [45, 90, 90] {
        let expected = format!("rate(container_http_requests_total[{range}s])");
        assert_eq!(&*expressions.of(query, range).unwrap(), expected);
    }
    assert_eq!(expressions.ready.lock().unwrap().len(), 1);
}

#[test]
fn what_is_no_selector_is_refused() {
    for text in [
        "cluster",
        r#"cluster="a""#,
        r#"{cluster="a""#,
        r#"{cluster="a"}[5m]"#,
        r#"{cluster="a"} offset 5m"#,
        r#"{cluster="a"} @ 5"#,
        r#"{cluster="a"} or y"#,
        r#"up{cluster="a"}"#,
        r#"{__name__="up"}"#,
        r#"{a="b" or c="d"}"#,
        r#"{a=~"("}"#,
        "{",
        "}",
        "offset NaN",
        r#"{cluster="a"} offset NaN"#,
        r#"{cluster="a"} offset -Inf"#,
        r#"{cluster="a"} @ NaN"#,
        r#"{cluster="a"} @ 1e400"#,
        &format!("{{cluster=\"{}\"}}", "a".repeat(20_000)),
    ] {
        assert_eq!(ExtraSelector::parse(text).err(), Some(InvalidAccess::Selector), "{text}");
    }
}

#[test]
fn an_expression_that_the_parser_fails_on_is_refused_and_ends_nothing() {
    let expressions = QueryExpressions::new(ExtraSelector::parse(r#"{cluster="a"}"#).unwrap());
    for text in
        ["up offset NaN", "up offset 1e300", "up[NaN]", "up[1h:NaN]", "up @ NaN", "sum_over_time(up[1e300s])"]
    {
        // The parser decides which of them are expressions.
        let _any = expressions.of_text(text);
    }
    assert!(expressions.of_text("up offset NaN").is_err());
    for nested in [
        ["(".repeat(8000), "up".to_owned(), ")".repeat(8000)].concat(),
        ["-".repeat(16_000), "up".to_owned()].concat(),
        vec!["up"; 4000].join("+"),
        vec!["up"; 4000].join("^"),
        ["sum(".repeat(3000), "up".to_owned(), ")".repeat(3000)].concat(),
    ] {
        let _any = expressions.of_text(&nested);
    }
}

proptest! {
    #[test]
    fn no_text_ends_the_process(text in "(\\PC|offset |NaN|Inf|@ |\\[|\\]|\\{|\\}|=|\"|up|1h|:|\\(|\\)){0,40}") {
        let expressions = QueryExpressions::new(ExtraSelector::parse(r#"{cluster="a"}"#).unwrap());
        let _any = (expressions.of_text(&text), ExtraSelector::parse(&text));
    }
}

#[test]
fn a_selector_that_also_matches_what_lacks_its_labels_is_one() {
    assert_eq!(rewritten(r#"{cluster!="a"}"#, "up"), r#"up{cluster!="a"}"#);
}
