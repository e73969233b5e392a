//! Decides where the labels of marks have room.

use crate::markup::{LABEL_CHARACTERS, name_text};

/// The widths of the least plots on a narrow, a wide and a very wide screen, for guesses of what fits.
const NARROW_PIXELS: f64 = 240.0;
const WIDE_PIXELS: f64 = 380.0;
const WIDEST_PIXELS: f64 = 700.0;
/// The width of a character of a label.
const CHARACTER_PIXELS: f64 = 6.6;

/// The distance of a label from the middle of the sign of its mark.
pub(crate) const SIGN_PIXELS: f64 = 8.0;

/// A side of a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LabelSide {
    Left,
    Right,
}

/// A label of a mark, its side, and the class of the screens that have room for it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlacedLabel {
    pub(crate) text: String,
    pub(crate) side: LabelSide,
    pub(crate) screens: &'static str,
}

/// The labels of each mark, from left to right, that meet neither another label nor a mark: one for narrow
/// screens, and one for wider ones, which is longer if it has room there.
pub(crate) fn placed_labels(places: &[f64], texts: &[&str]) -> Vec<Vec<PlacedLabel>> {
    let short: Vec<_> = texts.iter().map(|text| name_text(text, SHORT_CHARACTERS)).collect();
    let mut narrow = vec![None; places.len()];
    add_label_sides(places, &short, NARROW_PIXELS, "only-narrow", &mut narrow);
    let fitted = fitted_labels(places, texts);
    let mut wide = vec![None; places.len()];
    // What has room on a wide screen has it on a wider one, on the same side.
    for (pixels, class) in [(WIDE_PIXELS, "only-wide"), (WIDEST_PIXELS, "only-widest")] {
        add_label_sides(places, &fitted, pixels, class, &mut wide);
    }
    let placed = |(text, place): (String, Option<LabelPlace>)| {
        place.map(|(side, screens)| PlacedLabel { text, side, screens })
    };
    let narrow = short.into_iter().zip(narrow).map(placed);
    narrow
        .zip(fitted.into_iter().zip(wide).map(placed))
        .map(|(narrow, wide)| narrow.into_iter().chain(wide).collect())
        .collect()
}

/// The side of a label, and the class of the screens that have room for it there.
type LabelPlace = (LabelSide, &'static str);

/// Adds the sides of the labels that have room in a plot of so many pixels.
fn add_label_sides(
    places: &[f64],
    labels: &[String],
    pixels: f64,
    class: &'static str,
    sides: &mut [Option<LabelPlace>],
) {
    let half = SIGN_PIXELS / 2.0;
    let span = |place: f64, label: &str, side: LabelSide| {
        let at = place * pixels;
        let length = SIGN_PIXELS + label.chars().count() as f64 * CHARACTER_PIXELS;
        match side {
            LabelSide::Right => (at + half, at + length),
            LabelSide::Left => (at - length, at - half),
        }
    };
    let signs = places.iter().map(|place| (place * pixels - half, place * pixels + half));
    let placed = places.iter().zip(labels).zip(sides.iter());
    let placed = placed.filter_map(|((place, label), side)| Some(span(*place, label, (*side)?.0)));
    let mut taken: Vec<(f64, f64)> = signs.chain(placed).collect();
    for ((place, label), side) in places.iter().zip(labels).zip(sides) {
        let is_free = |(start, end): (f64, f64)| {
            start >= 0.0 && end <= pixels && taken.iter().all(|other| end <= other.0 || other.1 <= start)
        };
        let free =
            [LabelSide::Right, LabelSide::Left].into_iter().find(|side| is_free(span(*place, label, *side)));
        if let (None, Some(free)) = (*side, free) {
            taken.push(span(*place, label, free));
            *side = Some((free, class));
        }
    }
}

/// A label that is not longer is not cut.
const SHORT_CHARACTERS: usize = 18;

/// What is cut has at least so many characters.
const FEWEST_CHARACTERS: usize = 8;

/// Of more marks, long labels have no room.
const FITTED_MARKS: usize = 40;

/// The labels of marks, from left to right. A long text is cut to what has room in the least plot on a wide
/// screen without taking it from another label.
fn fitted_labels(places: &[f64], texts: &[&str]) -> Vec<String> {
    let mut labels: Vec<_> = texts.iter().map(|text| name_text(text, SHORT_CHARACTERS)).collect();
    if labels.len() > FITTED_MARKS {
        return labels;
    }
    for (at, text) in texts.iter().enumerate() {
        if text.chars().nth(SHORT_CHARACTERS).is_none() {
            continue;
        }
        let before = have_room(places, &labels);
        let cut = |characters: usize| {
            let label_of = |(place, label): (usize, &String)| {
                if place == at { name_text(text, characters) } else { label.clone() }
            };
            labels.iter().enumerate().map(label_of).collect::<Vec<_>>()
        };
        let fits = |characters: &usize| {
            let after = have_room(places, &cut(*characters));
            let others_stay = before.iter().zip(&after).all(|(before, after)| *after || !*before);
            others_stay && after.get(at) == Some(&true)
        };
        let lengths: Vec<_> = (FEWEST_CHARACTERS..=LABEL_CHARACTERS).collect();
        if let Some(most) = lengths.partition_point(fits).checked_sub(1).and_then(|last| lengths.get(last)) {
            labels = cut(*most);
        }
    }
    labels
}

/// Which labels have room in the least plot on a wide screen.
fn have_room(places: &[f64], labels: &[String]) -> Vec<bool> {
    let mut sides = vec![None; places.len()];
    add_label_sides(places, labels, WIDE_PIXELS, "only-wide", &mut sides);
    sides.iter().map(Option::is_some).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_label_is_cut_to_the_room_that_it_has() {
        let note = "A campaign began in the newspapers of three countries, and on two fairs";
        // Beside a sign, 380 pixels have room for 56 characters.
        let alone = fitted_labels(&[0.0], &[note]);
        assert_eq!(alone, ["A campaign began in the newspapers of three countries,…"]);
        let beside = fitted_labels(&[0.0, 0.5], &[note, "1.11.0"]);
        assert_eq!(beside, ["A campaign began in the n…", "1.11.0"]);
        let between = fitted_labels(&[0.2, 0.4, 0.6], &["1.10.0", note, "1.11.0"]);
        assert_eq!(have_room(&[0.2, 0.4, 0.6], &between), [true, true, true], "{between:?}");
        assert_eq!(fitted_labels(&[0.5], &["A note of a few.."]), ["A note of a few.."]);
    }

    /// The side of each label on wider or on narrow screens. A capital letter is for all of these.
    fn sides(places: &[f64], is_narrow: bool) -> String {
        let side = |labels: Vec<PlacedLabel>| {
            let chosen = labels.into_iter().find(|label| (label.screens == "only-narrow") == is_narrow);
            match chosen.map(|label| (label.side, label.screens)) {
                None => '-',
                Some((LabelSide::Left, "only-widest")) => 'l',
                Some((LabelSide::Right, "only-widest")) => 'r',
                Some((LabelSide::Left, _)) => 'L',
                Some((LabelSide::Right, _)) => 'R',
            }
        };
        placed_labels(places, &vec!["1.11.0"; places.len()]).into_iter().map(side).collect()
    }

    #[test]
    fn labels_of_marks_meet_nothing() {
        let sides = |places: &[f64]| sides(places, false);
        assert_eq!(sides(&[0.1, 0.5]), "RR");
        // The next sign is in the way, and so is the end of the picture.
        assert_eq!(sides(&[0.5, 0.53]), "LR");
        assert_eq!(sides(&[0.99]), "L");
        // What has no room on a wide screen may have it on a wider one.
        assert_eq!(sides(&[0.5, 0.53, 0.56]), "L-R");
        assert_eq!(sides(&[0.4, 0.48, 0.56]), "LrR");
    }

    #[test]
    fn narrow_screens_have_the_labels_that_have_room_there() {
        assert_eq!(sides(&[0.3, 0.9], true), "RL");
        assert_eq!(sides(&[0.4, 0.5, 0.6], true), "L-R");
    }

    #[test]
    fn narrow_screens_have_shorter_labels() {
        let placed = placed_labels(&[0.0], &["A campaign began in the newspapers"]);
        let texts: Vec<_> = placed[0].iter().map(|label| (label.screens, label.text.as_str())).collect();
        let long = "A campaign began in the newspapers";
        assert_eq!(texts, [("only-narrow", "A campaign began…"), ("only-wide", long)]);
    }
}
