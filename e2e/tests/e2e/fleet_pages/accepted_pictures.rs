//! Tests that pages look as they did when somebody accepted their pictures.
//!
//! All text is in one font, and times of computations are replaced. With `HEADCOUNT_ACCEPT_PICTURES=1` the
//! pictures of this run are accepted: `make pictures`. Otherwise a picture that differs is written below the
//! target directory, with the difference beside it.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use headcount_harness::{
    browser::{Browser, Engine},
    program::build_directory,
};
use image::{ImageFormat, RgbImage};
use serde_json::json;

use super::{
    accessibility::prefer,
    page_geometry::{WIDTHS, show_at},
    picture_difference::{PictureDifference, picture_difference},
    shown_fleet::ShownFleet,
};

/// The environment variable that accepts the pictures of a run.
const ACCEPT: &str = "HEADCOUNT_ACCEPT_PICTURES";

/// The pages that have pictures.
const PAGES: [&str; 4] = ["overview", "changes", "performance", "profiles"];

/// The most of a page that is in a picture, in pixels.
const HEIGHT: u32 = 1600;

/// The height of pictures in documents.
const DOCUMENT_HEIGHT: u32 = 900;

/// The font of all text, as `.ci/install test` takes it from npm, by weight.
const FONTS: [(u32, &str); 2] =
    [(400, "inter-latin-400-normal.woff2"), (600, "inter-latin-600-normal.woff2")];

/// Replaces the time of a computation, shows all text in one font, and leaves out what moves. The policy of
/// the pages allows neither styles nor fonts from others, but scripts of a driver.
const SETTLED: &str = "
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (texts.nextNode()) {
        const text = texts.currentNode
        text.data = text.data.replace(/computed on .*? UTC(, without the reports of the last \\d+ min)?/, 'computed')
    }
    const style = new CSSStyleSheet()
    style.replaceSync(`
        *, *::before, *::after {
            font-family: 'Page picture' !important;
            transition: none !important;
            animation: none !important;
            caret-color: transparent !important;
            scrollbar-width: none !important;
        }`)
    document.adoptedStyleSheets = [style]
    return Promise.all(fonts.map(([weight, bytes]) => {
        const font = new FontFace('Page picture', Uint8Array.from(atob(bytes), at => at.charCodeAt(0)), { weight })
        document.fonts.add(font)
        return font.load()
    })).then(() => document.fonts.ready).then(() => document.fonts.size)";

/// A picture of a page.
struct PagePicture {
    /// The address of the page.
    page: &'static str,
    width: u32,
    scheme: &'static str,
    /// The most pixels from above.
    height: u32,
    /// Where the accepted picture is.
    accepted: PathBuf,
}

/// The pictures of a page.
fn pictures(page: &'static str) -> Vec<PagePicture> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    for width in WIDTHS {
        for scheme in ["light", "dark"] {
            let accepted = root.join(format!("e2e/fleet_pages/pictures/{page}-{width}-{scheme}.png"));
            all.push(PagePicture { page, width, scheme, height: HEIGHT, accepted });
        }
    }
    if ["overview", "profiles"].contains(&page) {
        let accepted = root.join(format!("../../docs/pictures/{page}.png"));
        all.push(PagePicture { page, width: 1280, scheme: "light", height: DOCUMENT_HEIGHT, accepted });
    }
    all
}

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
    let shown = async |digit: &str| {
        fleet.show(&browser, "overview").await;
        settle(&browser).await;
        browser
            .run(&format!(
                "const said = document.querySelector('main .lead strong')
                said.textContent = said.textContent.replace(/^[0-9]/, {})",
                json!(digit)
            ))
            .await;
        let picture = pictures("overview").into_iter().next_back().unwrap();
        show_at(&browser, picture.width).await;
        image::load_from_memory(&take(&browser, &picture).await).unwrap().to_rgb8()
    };
    let (eight, again, three) = (shown("8").await, shown("8").await, shown("3").await);
    assert!(picture_difference(&eight, &again).is_none());
    let difference = picture_difference(&eight, &three);
    assert!(matches!(difference, Some(PictureDifference::Parts { .. })), "{difference:?}");
    browser.close().await;
}

async fn look_as_accepted(page: &'static str) {
    assert!(PAGES.contains(&page));
    let fleet = ShownFleet::shared().await;
    fleet.looked_at().await;
    let browser = Browser::open_own(Engine::Chromium, 1280).await;
    fleet.show(&browser, page).await;
    settle(&browser).await;
    let mut wrong = Vec::new();
    for picture in pictures(page) {
        show_at(&browser, picture.width).await;
        prefer(&browser, picture.scheme).await;
        let shown = take(&browser, &picture).await;
        wrong.extend(judged(&picture, &shown));
    }
    browser.close().await;
    assert!(wrong.is_empty(), "{wrong:#?}; after a look at them, `make pictures` accepts the new pictures");
}

/// Makes the page independent of the machine and the time.
async fn settle(browser: &Browser) {
    let folder = build_directory().unwrap().with_file_name("tools/page-tests");
    let font = |(weight, name): (u32, &str)| {
        let path = folder.join(name);
        let bytes = fs::read(&path).unwrap_or_else(|error| {
            panic!("{}: {error}; `.ci/install test` takes it from npm", path.display())
        });
        (weight.to_string(), STANDARD.encode(bytes))
    };
    let fonts = json!(FONTS.map(font));
    assert_eq!(browser.run(&format!("const fonts = {fonts}; {SETTLED}")).await, json!(FONTS.len()));
}

/// Takes a picture and returns it as a file.
async fn take(browser: &Browser, picture: &PagePicture) -> Vec<u8> {
    let height = browser.run("scrollTo(0, 0); return document.documentElement.scrollHeight").await;
    let height = height.as_f64().unwrap().min(picture.height.into());
    let clip = json!({ "x": 0, "y": 0, "width": picture.width, "height": height, "scale": 1 });
    let asked = json!({ "format": "png", "clip": clip, "captureBeyondViewport": true });
    let answer = browser.devtools("Page.captureScreenshot", asked).await;
    STANDARD.decode(answer["data"].as_str().unwrap()).unwrap()
}

/// Accepts the picture if that is asked for. Otherwise returns what is wrong with it.
fn judged(picture: &PagePicture, file: &[u8]) -> Option<String> {
    let PagePicture { page, width, scheme, accepted, .. } = picture;
    let is_accepting = env::var_os(ACCEPT).is_some_and(|value| value == "1");
    let shown = image::load_from_memory(file).unwrap().to_rgb8();
    let before = image::open(accepted).ok().map(|before| before.to_rgb8());
    let difference = match &before {
        Some(before) => picture_difference(before, &shown)?,
        None => PictureDifference::Size,
    };
    if is_accepting {
        write_file(accepted, file);
        return None;
    }
    let seen = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    let seen = seen.join(accepted.file_name().unwrap());
    write_file(&seen, file);
    let said = match difference {
        PictureDifference::Size => {
            let (wide, high) = shown.dimensions();
            let before = before.map_or("none".to_owned(), |it| format!("{} by {}", it.width(), it.height()));
            format!("is {wide} by {high} pixels; the accepted picture is {before}")
        }
        PictureDifference::Parts { number, smallest, map } => {
            write_map(&seen.with_extension("difference.png"), &map);
            format!("differs in {number} parts, down to a similarity of {smallest:.3}")
        }
    };
    Some(format!("{page} at {width}, {scheme} {said}; it is in {}", seen.display()))
}

fn write_file(path: &Path, file: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, file).unwrap();
}

fn write_map(path: &Path, map: &RgbImage) {
    map.save_with_format(path, ImageFormat::Png).unwrap();
}
