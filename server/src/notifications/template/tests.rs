//! Templates as operators write them.

use headcount_topology::application_key::ApplicationKey;
use proptest::prelude::*;

use super::*;

const TELEGRAM: &str = r#"{
  "chat_id": "-123456789",
  "text": "
{{- if eq .Status `OK` }}
[{{ .Application.Name }}@{{ .Application.Namespace }}]({{ .URL }}) incident resolved
{{- else }}
{{ .Status }} [{{ .Application.Name }}@{{ .Application.Namespace }}]({{ .URL }}) is not meeting its SLOs
{{- end }}
{{- range .Reports }}
• *{{ .Name }}* / {{ .Check }}: {{ .Message }}
{{- end }}",
  "parse_mode": "Markdown"
}
"#;

fn made(template: &str, status: &'static str) -> String {
    let report = |check: &str, message: &str| ReportDetails {
        name: "SLO".to_owned(),
        check: check.to_owned(),
        message: message.to_owned(),
    };
    let reports = [report("Availability", "5% of \"GET\" fail"), report("Latency", "slow")];
    let application = ApplicationKey::parse("shop:Deployment:cart").unwrap();
    let values = TemplateValues {
        status,
        application: &application,
        reports: if status == "OK" { &[] } else { &reports },
        url: "https://h/p".to_owned(),
        incident: "k3y00001",
    };
    MessageTemplate::parse(template).unwrap().render(&values)
}

#[test]
fn templates_do_what_they_do_in_go() {
    for (template, expected) in [
        ("", ""),
        ("a } {b} {", "a } {b} {"),
        ("{{ .Status }}: {{.Application.Namespace}}/{{ .Application.Kind }}", "CRITICAL: shop/Deployment"),
        ("{{ .Application }} {{ $.URL }}", "shop:Deployment:cart https://h/p"),
        ("{{ range .Reports }}{{ .Name }} {{ .Check }};{{ end }}", "SLO Availability;SLO Latency;"),
        ("{{ range .Reports }}{{ $.Status }} {{ end }}", "CRITICAL CRITICAL "),
        ("{{ range $.Reports }}{{ if eq .Check \"Latency\" }}{{ .Message }}{{ end }}{{ end }}", "slow"),
        ("{{ range .Reports }}{{ .Message | json }},{{ end }}", r#""5% of \"GET\" fail","slow","#),
        ("{{ range .Reports }}{{ .Message }},{{ end }}", r#"5% of "GET" fail,slow,"#),
        (
            "{{ range .Reports }}{{ json . }}{{ end }}",
            r#"{"name":"SLO","check":"Availability","message":"5% of \"GET\" fail"}{"name":"SLO","check":"Latency","message":"slow"}"#,
        ),
        ("{{ if .Reports }}yes{{ else }}no{{ end }}", "yes"),
        ("{{ if eq .Status `OK` }}a{{ else if eq .Status `WARNING` `CRITICAL` }}b{{ else }}c{{ end }}", "b"),
        ("{{ if .URL }}{{ if ne .URL \"\" }}x{{ end }}{{ end }}", "x"),
        ("a {{- /* }} comment */ -}} b", "ab"),
        ("a {{/* kept space */}} b", "a  b"),
        ("a \n {{- .Status -}} \n b", "aCRITICALb"),
        ("{{ \"}}\\\"\" }}{{ `{{` }}", "}}\"{{"),
    ] {
        assert_eq!(made(template, "CRITICAL"), expected, "{template}");
    }
}

#[test]
fn json_of_everything_is_what_coroot_sends_and_the_incident() {
    let json: serde_json::Value = serde_json::from_str(&made("{{ json . }}", "CRITICAL")).unwrap();
    let expected = serde_json::json!({
        "status": "CRITICAL",
        "application": "shop:Deployment:cart",
        "reports": [
            {"name": "SLO", "check": "Availability", "message": "5% of \"GET\" fail"},
            {"name": "SLO", "check": "Latency", "message": "slow"},
        ],
        "url": "https://h/p",
        "incident": "k3y00001",
    });
    assert_eq!(json, expected);
}

#[test]
fn the_documented_template_for_telegram_makes_json() {
    let telegram: serde_json::Value = serde_json::from_str(&made(TELEGRAM, "OK")).unwrap();
    assert_eq!(telegram["text"], "\n[cart@shop](https://h/p) incident resolved");
    // As in Coroot, the template has to escape quotation marks in values.
    assert!(
        made(TELEGRAM, "CRITICAL")
            .contains("\n• *SLO* / Availability: 5% of \"GET\" fail\n• *SLO* / Latency")
    );
}

#[test]
fn what_is_not_understood_is_refused_with_its_line() {
    for (template, line) in [
        ("{{ printf \"%s\" .Status }}", 1),
        ("\n{{ .Version }}", 2),
        ("a\nb {{ .Reports }}", 2),
        ("{{ . }}", 1),
        ("{{ .Status | upper }}", 1),
        ("{{ $x := .Status }}", 1),
        ("{{ range $i, $r := .Reports }}{{ end }}", 1),
        ("{{ range .Reports }}\n{{ .Status }}{{ end }}", 2),
        ("{{ range .Reports }}{{ range $.Reports }}{{ end }}{{ end }}", 1),
        ("{{ range .Reports }}\n\n{{ else }}{{ end }}", 3),
        ("{{ template \"a\" }}", 1),
        ("{{ if (eq .Status `OK`) }}{{ end }}", 1),
        ("{{ if and .URL .Status }}{{ end }}", 1),
        ("{{ if ne .Status `OK` `x` }}{{ end }}", 1),
        ("{{-.Status}}", 1),
        ("{{ if }}{{ end }}", 1),
        ("{{ if .URL }}", 1),
        ("{{ if .URL }}{{ else }}{{ else }}{{ end }}", 1),
        ("{{ end }}", 1),
        ("{{ else }}", 1),
        ("{{ }}", 1),
        ("x\n{{ .Status", 2),
        ("{{ \"open }}", 1),
        ("{{ /* open }}", 1),
        ("{{ if eq .Status \"\\x\" }}{{ end }}", 1),
    ] {
        assert_eq!(MessageTemplate::parse(template).map_err(|error| error.line), Err(line), "{template}");
    }
    let deep = "{{ if .URL }}".repeat(5000);
    assert!(MessageTemplate::parse(&deep).unwrap_err().why.contains("too many"));
    assert!(MessageTemplate::parse(&"x".repeat(70_000)).is_err());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(
        words in proptest::collection::vec(
            prop_oneof![
                Just("{{"), Just("}}"), Just("{{-"), Just("-}}"), Just(" "), Just("\n"), Just("if"), Just("else"),
                Just("end"), Just("range"), Just(".Reports"), Just(".Status"), Just("."), Just("$"), Just("json"),
                Just("|"), Just("\""), Just("`"), Just("\\"), Just("/*"), Just("*/"), Just("é"), Just("eq"),
            ],
            0..24,
        )
    ) {
        let template = words.concat();
        if let Ok(template) = MessageTemplate::parse(&template) {
            let application = ApplicationKey::default();
            let values =
                TemplateValues { status: "OK", application: &application, reports: &[], url: String::new(), incident: "" };
            template.render(&values);
        }
    }

    #[test]
    fn text_without_actions_stays_as_it_is(
        // A line break or a tab between quotes becomes an escape.
        text in "[^{\"]*|[^{\\x00-\\x1f]*",
    ) {
        prop_assert_eq!(made(&text, "OK"), text);
    }
}
