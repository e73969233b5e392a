//! Compares pages with pictures that somebody accepted.
//!
//! All text is in one font, and nothing moves. With `HEADCOUNT_ACCEPT_PICTURES=1` the pictures of this run
//! are accepted: `make pictures`. Otherwise a picture that differs is written below the target directory,
//! with the difference beside it.

mod picture_difference;

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
    env, fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use headcount_harness::{browser::Browser, program::build_directory};
use image::{ImageFormat, Rgb, RgbImage};
use serde_json::json;

pub(crate) use self::picture_difference::{PictureDifference, picture_difference};
use crate::page_view::{SCHEMES, WIDTHS, prefer, show_at};

/// The environment variable that accepts the pictures of a run.
const ACCEPT: &str = "HEADCOUNT_ACCEPT_PICTURES";

/// The most of a page that is in a picture, in pixels.
const HEIGHT: u32 = 1600;

/// The height of pictures in documents.
const DOCUMENT_HEIGHT: u32 = 900;

/// The font of all text, as `.ci/install test` takes it from npm, by weight.
const FONTS: [(u32, &str); 2] =
    [(400, "inter-latin-400-normal.woff2"), (600, "inter-latin-600-normal.woff2")];

/// Shows all text in one font, and leaves out what moves. The policy of the pages allows neither styles nor
/// fonts from others, but scripts of a driver.
const SETTLED: &str = "
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
#[derive(Debug)]
pub(crate) struct PagePicture {
    /// The name of the page.
    page: &'static str,
    pub(crate) width: u32,
    scheme: &'static str,
    /// The most pixels from above.
    height: u32,
    /// Where the accepted picture is.
    accepted: PathBuf,
}

/// The pictures of a page in a set of pages, which is a folder of this package.
pub(crate) fn pictures(set: &str, page: &'static str) -> Vec<PagePicture> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    for width in WIDTHS {
        for scheme in SCHEMES {
            let accepted = root.join(format!("e2e/{set}/pictures/{page}-{width}-{scheme}.png"));
            all.push(PagePicture { page, width, scheme, height: HEIGHT, accepted });
        }
    }
    all
}

/// The picture of a page that is in documents.
pub(crate) fn document_picture(page: &'static str) -> PagePicture {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let accepted = root.join(format!("../../docs/pictures/{page}.png"));
    PagePicture { page, width: 1280, scheme: "light", height: DOCUMENT_HEIGHT, accepted }
}

/// What is wrong with the looks of the page that is shown.
pub(crate) async fn wrong_looks(browser: &Browser, pictures: &[PagePicture]) -> Vec<String> {
    settle(browser).await;
    let mut wrong = Vec::new();
    for picture in pictures {
        show_at(browser, picture.width).await;
        prefer(browser, picture.scheme).await;
        wrong.extend(judged(picture, &take(browser, picture).await));
    }
    wrong
}

/// Checks that nothing is wrong.
pub(crate) fn assert_looks_right(wrong: &[String]) {
    assert!(wrong.is_empty(), "{wrong:#?}; after a look at them, `make pictures` accepts the new pictures");
}

/// Makes the page independent of the fonts of the machine, and of the moment.
pub(crate) async fn settle(browser: &Browser) {
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

/// Takes a picture.
pub(crate) async fn take(browser: &Browser, picture: &PagePicture) -> RgbImage {
    let height = browser.run("scrollTo(0, 0); return document.documentElement.scrollHeight").await;
    let height = height.as_f64().unwrap().min(picture.height.into());
    let clip = json!({ "x": 0, "y": 0, "width": picture.width, "height": height, "scale": 1 });
    let asked = json!({ "format": "png", "clip": clip, "captureBeyondViewport": true });
    let answer = browser.devtools("Page.captureScreenshot", asked).await;
    let file = STANDARD.decode(answer["data"].as_str().unwrap()).unwrap();
    image::load_from_memory(&file).unwrap().to_rgb8()
}

/// Accepts the picture if that is asked for. Otherwise returns what is wrong with it.
fn judged(picture: &PagePicture, shown: &RgbImage) -> Option<String> {
    let PagePicture { page, width, scheme, accepted, .. } = picture;
    let is_accepting = env::var_os(ACCEPT).is_some_and(|value| value == "1");
    let before = image::open(accepted).ok().map(|before| before.to_rgb8());
    let difference = match &before {
        Some(before) => picture_difference(before, shown)?,
        None => PictureDifference::Size,
    };
    if is_accepting {
        write_picture(accepted, shown);
        return None;
    }
    let seen = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    let seen = seen.join(accepted.file_name().unwrap());
    write_picture(&seen, shown);
    let said = match difference {
        PictureDifference::Size => {
            let (wide, high) = shown.dimensions();
            let before = before.map_or("none".to_owned(), |it| format!("{} by {}", it.width(), it.height()));
            format!("is {wide} by {high} pixels; the accepted picture is {before}")
        }
        PictureDifference::Parts { number, smallest, map } => {
            map.save_with_format(seen.with_extension("difference.png"), ImageFormat::Png).unwrap();
            format!("differs in {number} parts, down to a similarity of {smallest:.3}")
        }
    };
    Some(format!("{page} at {width}, {scheme} {said}; it is in {}", seen.display()))
}

/// Writes a picture as a small file: with a palette, if no eye sees the difference.
fn write_picture(path: &Path, picture: &RgbImage) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let palette = palette(picture);
    let mut places = HashMap::new();
    let place = |colour: &Rgb<u8>| *places.entry(*colour).or_insert_with(|| nearest(&palette, *colour));
    let places: Vec<u8> = picture.pixels().map(place).collect();
    let pixels = places.iter().flat_map(|place| palette[usize::from(*place)].0).collect();
    let drawn = RgbImage::from_raw(picture.width(), picture.height(), pixels).unwrap();
    if picture_difference(picture, &drawn).is_some() {
        return picture.save_with_format(path, ImageFormat::Png).unwrap();
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, picture.width(), picture.height());
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(palette.iter().flat_map(|colour| colour.0).collect::<Vec<u8>>());
    encoder.set_compression(png::Compression::High);
    encoder.set_filter(png::Filter::NoFilter);
    encoder.write_header().unwrap().write_image_data(&places).unwrap();
    fs::write(path, file).unwrap();
}

/// The colours of a small file: of colours that are alike, the most frequent one, and of those as many as
/// fit.
fn palette(picture: &RgbImage) -> Vec<Rgb<u8>> {
    /// The last bits of a part of a colour, in which like colours differ.
    const LIKE: u32 = 3;
    let mut counts = HashMap::<Rgb<u8>, u32>::new();
    for colour in picture.pixels() {
        *counts.entry(*colour).or_default() += 1;
    }
    let mut counts: Vec<(Rgb<u8>, u32)> = counts.into_iter().collect();
    counts.sort_by_key(|(colour, count)| (Reverse(*count), colour.0));
    let mut known = HashSet::new();
    let colours = counts.into_iter().map(|(colour, _)| colour);
    colours.filter(|colour| known.insert(colour.0.map(|part| part >> LIKE))).take(256).collect()
}

/// The place of the colour that is nearest to another.
fn nearest(palette: &[Rgb<u8>], colour: Rgb<u8>) -> u8 {
    let distance = |other: &Rgb<u8>| -> u32 {
        colour.0.iter().zip(other.0).map(|(one, other)| u32::from(one.abs_diff(other)).pow(2)).sum()
    };
    let near = palette.iter().enumerate().min_by_key(|(_, other)| distance(other));
    u8::try_from(near.unwrap().0).unwrap()
}

#[cfg(test)]
mod tests {
    use headcount_harness::test_run;

    use super::*;

    /// A picture with this number of shades of a hue, and a bar in another one.
    fn shaded(shades: u32) -> RgbImage {
        RgbImage::from_fn(256, 64, |x, y| match y {
            0..8 => Rgb([200, 30, 40]),
            _ => Rgb([x * shades / 256 * 255 / shades, 90, y * 4].map(|part| u8::try_from(part).unwrap())),
        })
    }

    #[test]
    fn a_written_picture_looks_as_it_was_taken_however_many_colours_it_has() {
        let directory = test_run::temporary_directory().unwrap();
        let path = directory.path().join("picture.png");
        for shades in [1, 20, 256] {
            let taken = shaded(shades);
            write_picture(&path, &taken);
            let read = image::open(&path).unwrap().to_rgb8();
            assert!(picture_difference(&taken, &read).is_none(), "{shades}");
        }
    }
}
