//! Tests that each question of the table in the documentation is answered on the page that the table names.

use headcount_harness::browser::{Browser, Engine};

use super::shown_fleet::{ShownFleet, content, plain};

/// The document with the table.
const DOCUMENT: &str = include_str!("../../../../docs/operating.md");

/// Where the table begins and ends.
const MARKS: [&str; 2] = ["<!-- questions -->", "<!-- /questions -->"];

/// A row of the table.
#[derive(Debug, PartialEq, Eq)]
struct QuestionRow {
    question: String,
    /// The address of the page.
    page: String,
    /// What the page says: texts between which there are others.
    said: Vec<String>,
}

/// The rows: a question, a page as `code`, and a sentence in which … stands for anything.
fn rows(document: &str) -> Vec<QuestionRow> {
    let (_, rest) = document.split_once(MARKS[0]).unwrap();
    let (table, _) = rest.split_once(MARKS[1]).unwrap();
    let row = |line: &str| {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [question, page, said] = cells[..] else { panic!("three cells: {line}") };
        let said = said.trim_matches('*').split('…').map(|part| part.trim().to_owned());
        QuestionRow {
            question: question.to_owned(),
            page: page.trim_matches('`').to_owned(),
            said: said.filter(|part| !part.is_empty()).collect(),
        }
    };
    // Without the title and the line below it.
    table.trim().lines().skip(2).map(row).collect()
}

#[tokio::test]
async fn each_of_the_fifteen_questions_is_answered_on_the_page_that_is_named_for_it() {
    let questions = rows(DOCUMENT);
    assert_eq!(questions.len(), 15);
    let fleet = ShownFleet::shared().await;
    fleet.looked_at().await;
    let browser = Browser::open(Engine::Chromium, 1280).await;
    for QuestionRow { question, page, said } in questions {
        fleet.show(&browser, &page).await;
        let content = content(&browser).await;
        let mut rest = content.as_str();
        assert!(!said.is_empty(), "{question}");
        for part in said {
            let found = rest.split_once(&plain(&part));
            let (_, after) = found.unwrap_or_else(|| panic!("{question} {page}: {part:?} is not in {rest}"));
            rest = after;
        }
    }
    browser.close().await;
}

#[test]
fn a_row_has_a_question_a_page_and_what_it_says() {
    let document = "before <!-- questions -->\n| a | b | c |\n|---|---|---|\n| How many? | `overview` | *… are active … now* |\n<!-- /questions -->";
    let row = QuestionRow {
        question: "How many?".to_owned(),
        page: "overview".to_owned(),
        said: vec!["are active".to_owned(), "now".to_owned()],
    };
    assert_eq!(rows(document), [row]);
}
