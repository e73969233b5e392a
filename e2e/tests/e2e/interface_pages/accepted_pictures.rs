//! Tests that pages look as they did when somebody accepted their pictures: see [`crate::page_pictures`].

use super::{interface_page::PAGES, shown_installation::ShownInstallation};
use crate::page_pictures::{assert_looks_right, document_picture, pictures, wrong_looks};

/// The pages that have a picture in documents.
const IN_DOCUMENTS: [&str; 3] = ["application-slo", "project", "usage-statistics"];

#[tokio::test]
async fn overviews_and_forms_for_projects_look_as_accepted() {
    look_as_accepted(&["overview", "overview-empty", "welcome", "new-project", "new-project-wrong"]).await;
}

#[tokio::test]
async fn projects_and_what_is_in_them_look_as_accepted() {
    let pages =
        ["project", "project-unanswered", "application", "application-slo", "application-cpu", "node"];
    look_as_accepted(&pages).await;
}

#[tokio::test]
async fn every_tab_of_the_settings_looks_as_accepted() {
    let tabs: Vec<&str> =
        PAGES.iter().map(|page| page.name).filter(|name| name.starts_with("settings")).collect();
    assert_eq!(tabs.len(), 6);
    look_as_accepted(&tabs).await;
}

#[tokio::test]
async fn usage_statistics_look_as_accepted() {
    let pages = [
        "usage-statistics",
        "usage-statistics-below",
        "usage-statistics-off",
        "usage-statistics-disabled",
        "report",
    ];
    look_as_accepted(&pages).await;
}

async fn look_as_accepted(names: &[&str]) {
    let installation = ShownInstallation::shared().await;
    let browser = installation.browser().await;
    let mut wrong = Vec::new();
    for name in names {
        let page = PAGES.iter().find(|page| page.name == *name).unwrap();
        installation.show(&browser, page).await;
        let mut pictures = pictures("interface_pages", page.name);
        if IN_DOCUMENTS.contains(&page.name) {
            pictures.push(document_picture(page.name));
        }
        wrong.extend(wrong_looks(&browser, &pictures).await);
    }
    browser.close().await;
    assert_looks_right(&wrong);
}
