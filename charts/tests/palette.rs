//! Checks the contrast of the palette in the style sheet, in light and in dark.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use headcount_charts::STYLE;

/// A colour as its red, green and blue from 0 to 1.
type RgbColour = [f64; 3];

/// The custom properties of the first `:root` after a text.
fn properties(after: &str) -> BTreeMap<&'static str, &'static str> {
    let (_, rest) = STYLE.split_once(after).expect("the style sheet has the block");
    let (block, _) = rest.split_once(":root {").unwrap().1.split_once('}').unwrap();
    let lines = block.lines().filter_map(|line| line.trim().trim_end_matches(';').split_once(": "));
    lines.filter(|(name, _)| name.starts_with("--chart-")).collect()
}

fn light() -> BTreeMap<&'static str, &'static str> {
    properties("")
}

fn dark() -> BTreeMap<&'static str, &'static str> {
    let mut all = light();
    all.extend(properties("@media (prefers-color-scheme: dark)"));
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
    let of = |name: &str| colour(palette[format!("--chart-{name}").as_str()]);
    let series = (1..=8).map(|number| format!("series-{number}")).collect::<Vec<_>>();
    let hues = (1..=4).map(|number| format!("hue-{number}")).collect::<Vec<_>>();
    let frames = ["folded", "unchanged", "grew", "grew-much", "shrank", "shrank-much"].map(str::to_owned);
    let check = |what: String, contrast: f64, least: f64| {
        assert!(contrast >= least, "{scheme}: {what} has {contrast:.2}, not {least}");
    };
    for ground in ["ground", "surface"] {
        // End labels of lines have the colours of series.
        for text in ["ink", "quiet", "accent"].into_iter().chain(series.iter().map(String::as_str)) {
            check(format!("{text} on {ground}"), contrast(of(text), of(ground)), 4.5);
        }
        for graphic in ["edge"].into_iter().chain(hues.iter().chain(&frames).map(String::as_str)) {
            check(format!("{graphic} on {ground}"), contrast(of(graphic), of(ground)), 3.0);
        }
    }
    for frame in hues.iter().chain(&frames) {
        check(format!("text on {frame}"), contrast(of("on-frame"), of(frame)), 4.5);
    }
    for text in ["ink", "quiet"] {
        check(format!("{text} on missing days"), contrast(of(text), of("missing")), 4.5);
    }
    let tint: f64 = palette["--chart-tint"].parse().unwrap();
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
    assert_eq!(light_names, names(properties("@media (prefers-color-scheme: dark)")));
    let forced = properties("@media (forced-colors: active)");
    for name in &light_names {
        let value = forced.get(name).copied().unwrap_or_default();
        assert!(
            ["Canvas", "CanvasText", "GrayText", "LinkText"].contains(&value),
            "{name} is {value:?} in forced colours"
        );
    }
}

#[test]
fn every_property_that_is_used_is_set() {
    let set = light();
    for used in STYLE.split("var(--chart-").skip(1) {
        let name: String = used.chars().take_while(|character| !matches!(character, ')' | ',')).collect();
        assert!(set.contains_key(format!("--chart-{name}").as_str()), "--chart-{name}");
    }
}
