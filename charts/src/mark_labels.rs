//! Decides where the labels of marks have room.

use crate::markup::{LABEL_CHARACTERS, name_text};

/// The widths of the least plots on a wide and on a very wide screen, for guesses of what fits.
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

/// On which side of its mark each label is, so that it meets neither another label nor a mark, and the class
/// of the screens that have room for it.
pub(crate) fn label_sides(places: &[f64], labels: &[String]) -> Vec<Option<(LabelSide, &'static str)>> {
    let mut sides = vec![None; places.len()];
    // What has room on a wide screen has it on a wider one, on the same side.
    for (pixels, class) in [(WIDE_PIXELS, "only-wide"), (WIDEST_PIXELS, "only-widest")] {
        add_label_sides(places, labels, pixels, class, &mut sides);
    }
    sides
}

/// Adds the sides of the labels that have room in a plot of so many pixels.
fn add_label_sides(
    places: &[f64],
    labels: &[String],
    pixels: f64,
    class: &'static str,
    sides: &mut [Option<(LabelSide, &'static str)>],
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
pub(crate) fn fitted_labels(places: &[f64], texts: &[&str]) -> Vec<String> {
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

    #[test]
    fn labels_of_marks_meet_nothing() {
        let sides = |places: &[f64]| {
            let sides = label_sides(places, &vec!["1.11.0".to_owned(); places.len()]);
            let letter = |side: Option<(LabelSide, &str)>| match side {
                None => '-',
                Some((LabelSide::Left, "only-wide")) => 'L',
                Some((LabelSide::Right, "only-wide")) => 'R',
                Some((LabelSide::Left, _)) => 'l',
                Some((LabelSide::Right, _)) => 'r',
            };
            sides.into_iter().map(letter).collect::<String>()
        };
        assert_eq!(sides(&[0.1, 0.5]), "RR");
        // The next sign is in the way, and so is the end of the picture.
        assert_eq!(sides(&[0.5, 0.53]), "LR");
        assert_eq!(sides(&[0.99]), "L");
        // What has no room on a wide screen may have it on a wider one.
        assert_eq!(sides(&[0.5, 0.53, 0.56]), "L-R");
        assert_eq!(sides(&[0.4, 0.48, 0.56]), "LrR");
    }
}
