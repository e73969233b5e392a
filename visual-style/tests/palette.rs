//! Checks the contrast of the palette and of the mark, in light and in dark, and that it is the only one.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use headcount_visual_style::{MARK, PALETTE};

/// A colour as its red, green and blue from 0 to 1.
type RgbColour = [f64; 3];

/// The custom properties of the first `:root` after a text.
fn properties(after: &str) -> BTreeMap<&'static str, &'static str> {
    let (_, rest) = PALETTE.split_once(after).expect("the style sheet has the block");
    let (block, _) = rest.split_once(":root {").unwrap().1.split_once('}').unwrap();
    let lines = block.lines().filter_map(|line| line.trim().trim_end_matches(';').split_once(": "));
    lines.filter(|(name, _)| name.starts_with("--")).collect()
}

fn light() -> BTreeMap<&'static str, &'static str> {
    properties("")
}

fn dark() -> BTreeMap<&'static str, &'static str> {
    let mut all = light();
    all.extend(properties("@media screen and (prefers-color-scheme: dark)"));
    all
}

fn colour(text: &str) -> RgbColour {
    let digits = text.strip_prefix('#').expect("a colour in hexadecimal");
    let long = if digits.len() == 3 {
        digits.chars().flat_map(|digit| [digit, digit]).collect()
    } else {
        digits.to_owned()
    };
    [0, 2, 4].map(|at| f64::from(u8::from_str_radix(long.get(at..at + 2).unwrap(), 16).unwrap()) / 255.0)
}

/// <https://www.w3.org/TR/WCAG22/#dfn-relative-luminance>
fn luminance(colour: RgbColour) -> f64 {
    let linear =
        colour.map(|part| if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

fn contrast(one: RgbColour, other: RgbColour) -> f64 {
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    one.max(other) / one.min(other)
}

/// A colour over another one.
fn tinted(tint: f64, colour: RgbColour, ground: RgbColour) -> RgbColour {
    [0, 1, 2].map(|part| tint * colour[part] + (1.0 - tint) * ground[part])
}

fn check(scheme: &str, palette: &BTreeMap<&str, &str>) {
    let of = |name: &str| colour(palette[format!("--{name}").as_str()]);
    let series = (1..=8).map(|number| format!("series-{number}")).collect::<Vec<_>>();
    let hues = (1..=4).map(|number| format!("hue-{number}")).collect::<Vec<_>>();
    let frames = ["folded", "unchanged", "grew", "grew-much", "shrank", "shrank-much"].map(str::to_owned);
    let check = |what: String, contrast: f64, least: f64| {
        assert!(contrast >= least, "{scheme}: {what} has {contrast:.2}, not {least}");
    };
    for ground in ["ground", "surface"] {
        // End labels of lines have the colours of series.
        for text in ["ink", "quiet", "accent", "good", "warn", "bad"]
            .into_iter()
            .chain(series.iter().map(String::as_str))
        {
            check(format!("{text} on {ground}"), contrast(of(text), of(ground)), 4.5);
        }
        for graphic in ["edge"].into_iter().chain(hues.iter().chain(&frames).map(String::as_str)) {
            check(format!("{graphic} on {ground}"), contrast(of(graphic), of(ground)), 3.0);
        }
    }
    for frame in hues.iter().chain(&frames) {
        check(format!("text on {frame}"), contrast(of("on-frame"), of(frame)), 4.5);
    }
    for (text, background) in [
        ("ink", "shade"),
        ("quiet", "shade"),
        ("accent", "accent-soft"),
        ("on-accent", "accent"),
        ("good", "good-soft"),
        ("warn", "warn-soft"),
        ("ink", "warn-soft"),
        ("bad", "bad-soft"),
        ("on-frame", "found"),
    ] {
        check(format!("{text} on {background}"), contrast(of(text), of(background)), 4.5);
    }
    // The knob of a switch is a graphic.
    check("a switch that is off".to_owned(), contrast(of("surface"), of("edge")), 3.0);
    let tint: f64 = palette["--tint"].parse().unwrap();
    for series in &series {
        let tinted = tinted(tint, of(series), of("surface"));
        check(format!("text on a tile of {series}"), contrast(of("ink"), tinted), 4.5);
        check(format!("the edge of a tile of {series}"), contrast(of(series), tinted), 3.0);
    }
}

#[test]
fn everything_has_enough_contrast_in_light() {
    check("light", &light());
}

#[test]
fn everything_has_enough_contrast_in_dark() {
    check("dark", &dark());
}

#[test]
fn contrast_is_that_of_the_guidelines() {
    let cases = [("#000000", "#ffffff", 21.0), ("#777777", "#fff", 4.48), ("#fff", "#fff", 1.0)];
    for (one, other, expected) in cases {
        assert!((contrast(colour(one), colour(other)) - expected).abs() < 0.01, "{one} {other}");
    }
}

#[test]
fn every_scheme_sets_the_same_colours() {
    let is_colour = |(name, value): &(&'static str, &'static str)| value.starts_with('#') && !name.is_empty();
    let names = |palette: BTreeMap<&'static str, &'static str>| {
        palette.into_iter().filter(is_colour).map(|(name, _)| name).collect::<Vec<_>>()
    };
    let light_names = names(light());
    assert!(light_names.len() > 25, "{light_names:?}");
    assert_eq!(light_names, names(properties("@media screen and (prefers-color-scheme: dark)")));
    let forced = properties("@media (forced-colors: active)");
    for name in &light_names {
        let value = forced.get(name).copied().unwrap_or_default();
        assert!(
            ["Canvas", "CanvasText", "GrayText", "LinkText"].contains(&value),
            "{name} is {value:?} in forced colours"
        );
    }
}

/// The style sheets of all pages, with what they are called.
fn style_sheets() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut waiting =
        ["visual-style", "charts", "server", "frontend-tracker"].map(|name| root.join(name)).to_vec();
    let mut found = Vec::new();
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            // Examples are products with pages of their own, and what is built or installed is a copy.
            let is_skipped =
                ["dist", "examples", "node_modules", "target"].iter().any(|name| path.ends_with(name));
            if path.is_dir() && !is_skipped {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "css") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(found.len() >= 4, "only {} style sheets were found", found.len());
    found
}

/// The values of a style sheet that name a colour: hexadecimal digits and functions.
fn colour_literals(sheet: &str) -> Vec<&str> {
    let values = sheet.split([':', ';', '{', '}', ' ', '(', ',']).map(str::trim);
    let functions = ["rgb(", "rgba(", "hsl(", "hsla(", "oklch(", "lab(", "color-mix(", "light-dark("];
    let is_hexadecimal = |value: &&str| {
        value.strip_prefix('#').is_some_and(|digits| {
            matches!(digits.len(), 3 | 4 | 6 | 8) && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
        })
    };
    let of_functions = functions.into_iter().filter(|function| sheet.contains(function));
    values.filter(is_hexadecimal).chain(of_functions).collect()
}

#[test]
fn the_palette_alone_defines_colours() {
    for (path, sheet) in style_sheets() {
        if path.ends_with("visual-style/src/palette.css") {
            continue;
        }
        assert_eq!(colour_literals(&sheet), Vec::<&str>::new(), "{}", path.display());
    }
}

#[test]
fn colours_are_found_in_every_form() {
    let sheet =
        "a{color:#fff}b{border:1px solid #AbCdEf;color: light-dark(red, blue)}c{fill:url(#here)}#face{}";
    assert_eq!(colour_literals(sheet), ["#fff", "#AbCdEf", "#face", "light-dark("]);
}

#[test]
fn every_property_that_is_used_is_set() {
    let sheets = style_sheets();
    let is_set = |name: &str| sheets.iter().any(|(_, sheet)| sheet.contains(&format!("{name}:")));
    for (path, sheet) in &sheets {
        for used in sheet.split("var(").skip(1) {
            let name: String = used.chars().take_while(|character| !matches!(character, ')' | ',')).collect();
            assert!(is_set(&name), "{name} in {}", path.display());
        }
    }
}

#[test]
fn the_mark_is_seen_on_any_page_and_has_no_style() {
    let fills: Vec<&str> = MARK.split("fill=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let background = colour(fills[0]);
    for palette in [light(), dark()] {
        for ground in ["--ground", "--surface"] {
            assert!(contrast(background, colour(palette[ground])) >= 3.0, "{ground} {}", palette[ground]);
        }
    }
    assert!(fills[1..].iter().all(|fill| contrast(colour(fill), background) >= 3.0), "{fills:?}");
    assert!(MARK.starts_with("<svg xmlns=") && !MARK.contains("style") && MARK.len() < 600, "{MARK}");
}
