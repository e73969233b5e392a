//! Decides where the labels of marks have room.

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

/// The side of its mark that a label is on, and the class of the screens that have room for it there.
pub(crate) type LabelPlace = (LabelSide, &'static str);

/// Where each label is, so that it meets neither another label nor a mark: on narrow screens, and on wider
/// ones.
pub(crate) fn label_places(places: &[f64], labels: &[String]) -> Vec<[Option<LabelPlace>; 2]> {
    let mut narrow = vec![None; places.len()];
    add_label_sides(places, labels, NARROW_PIXELS, "only-narrow", &mut narrow);
    let mut wide = vec![None; places.len()];
    // What has room on a wide screen has it on a wider one, on the same side.
    for (pixels, class) in [(WIDE_PIXELS, "only-wide"), (WIDEST_PIXELS, "only-widest")] {
        add_label_sides(places, labels, pixels, class, &mut wide);
    }
    narrow.into_iter().zip(wide).map(<[_; 2]>::from).collect()
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_marks_meet_nothing() {
        let sides = |places: &[f64]| {
            let sides = label_places(places, &vec!["1.11.0".to_owned(); places.len()]);
            let letter = |side: Option<(LabelSide, &str)>| match side {
                None => '-',
                Some((LabelSide::Left, "only-wide")) => 'L',
                Some((LabelSide::Right, "only-wide")) => 'R',
                Some((LabelSide::Left, _)) => 'l',
                Some((LabelSide::Right, _)) => 'r',
            };
            sides.into_iter().map(|[_, wide]| letter(wide)).collect::<String>()
        };
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
        let shown = |places: &[f64]| {
            let places = label_places(places, &vec!["1.11.0".to_owned(); places.len()]);
            places.into_iter().map(|[narrow, _]| narrow).collect::<Vec<_>>()
        };
        let (left, right) = (Some((LabelSide::Left, "only-narrow")), Some((LabelSide::Right, "only-narrow")));
        assert_eq!(shown(&[0.3, 0.9]), [right, left]);
        assert_eq!(shown(&[0.4, 0.5, 0.6]), [left, None, right]);
    }
}
