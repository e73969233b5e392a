//! Tests that pages look as they did when somebody accepted their pictures: see [`crate::page_pictures`].
//!
//! Times of computations are replaced.

use headcount_harness::browser::{Browser, Engine};
use image::RgbImage;
use serde_json::json;

use super::shown_fleet::ShownFleet;
use crate::{
    page_pictures::{
        PictureDifference, assert_looks_right, document_picture, picture_difference, pictures, settle, take,
        wrong_looks,
    },
    page_view::show_at,
};

/// Replaces the time of a computation.
const WITHOUT_TIMES: &str = "
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (texts.nextNode()) {
        const text = texts.currentNode
        text.data = text.data.replace(/computed on .*? UTC(, without the reports of the last \\d+ min)?/, 'computed')
    }";

#[tokio::test]
async fn the_overview_looks_as_its_accepted_pictures() {
    look_as_accepted("overview").await;
}

#[tokio::test]
async fn changes_look_as_their_accepted_pictures() {
    look_as_accepted("changes").await;
}

#[tokio::test]
async fn performance_looks_as_its_accepted_pictures() {
    look_as_accepted("performance").await;
}

#[tokio::test]
async fn profiles_look_as_their_accepted_pictures() {
    look_as_accepted("profiles").await;
}

#[tokio::test]
async fn another_digit_is_seen_and_the_same_page_is_not() {
    let fleet = ShownFleet::shared().await;
    let browser = Browser::open_own(Engine::Chromium, 1280).await;
    let shown = async |digit: &str| -> RgbImage {
        fleet.show(&browser, "overview").await;
        browser.run(WITHOUT_TIMES).await;
        settle(&browser).await;
        browser
            .run(&format!(
                "const said = document.querySelector('main .lead strong')
                said.textContent = said.textContent.replace(/^[0-9]/, {})",
                json!(digit)
            ))
            .await;
        let picture = document_picture("overview");
        show_at(&browser, picture.width).await;
        take(&browser, &picture).await
    };
    let (eight, again, three) = (shown("8").await, shown("8").await, shown("3").await);
    assert!(picture_difference(&eight, &again).is_none());
    let difference = picture_difference(&eight, &three);
    assert!(matches!(difference, Some(PictureDifference::Parts { .. })), "{difference:?}");
    browser.close().await;
}

async fn look_as_accepted(page: &'static str) {
    let fleet = ShownFleet::shared().await;
    fleet.looked_at().await;
    let browser = Browser::open_own(Engine::Chromium, 1280).await;
    fleet.show(&browser, page).await;
    browser.run(WITHOUT_TIMES).await;
    let mut pictures = pictures("fleet_pages", page);
    if ["overview", "profiles"].contains(&page) {
        pictures.push(document_picture(page));
    }
    let wrong = wrong_looks(&browser, &pictures).await;
    browser.close().await;
    assert_looks_right(&wrong);
}
