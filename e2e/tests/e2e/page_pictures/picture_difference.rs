//! Compares two pictures of a page as an eye does, part by part.

use image::{DynamicImage, GenericImage, RgbImage, imageops::crop_imm};
use image_compare::rgb_hybrid_compare;

/// The side of a part, in pixels: a change of one digit is a large part of that.
const PART: u32 = 32;

/// The smallest similarity of a part, from 0 to 1, that is taken for none: another shade has more, another
/// digit has less.
const SMALLEST_SIMILARITY: f64 = 0.98;

/// How a picture differs from the accepted one.
#[derive(Debug)]
pub(crate) enum PictureDifference {
    /// In its size.
    Size,
    /// In parts of it.
    Parts {
        /// How many parts differ.
        number: usize,
        /// The similarity of the part that differs most.
        smallest: f64,
        /// Where it differs.
        map: RgbImage,
    },
}

/// Returns the difference, if there is one that an eye sees.
pub(crate) fn picture_difference(accepted: &RgbImage, shown: &RgbImage) -> Option<PictureDifference> {
    if accepted.dimensions() != shown.dimensions() {
        return Some(PictureDifference::Size);
    }
    let (width, height) = accepted.dimensions();
    let (mut number, mut smallest) = (0, 1.0_f64);
    let mut map = RgbImage::from_pixel(width, height, image::Rgb([255; 3]));
    for (left, top) in parts(width, height) {
        let part = |picture: &RgbImage| {
            let (wide, high) = (PART.min(width - left), PART.min(height - top));
            crop_imm(picture, left, top, wide, high).to_image()
        };
        let (accepted, shown) = (part(accepted), part(shown));
        if accepted == shown {
            continue;
        }
        let compared = rgb_hybrid_compare(&accepted, &shown).unwrap();
        if compared.score < SMALLEST_SIMILARITY {
            number += 1;
            smallest = smallest.min(compared.score);
            let seen: DynamicImage = compared.image.to_color_map();
            map.copy_from(&seen.to_rgb8(), left, top).unwrap();
        }
    }
    (number > 0).then_some(PictureDifference::Parts { number, smallest, map })
}

/// The upper left corners of all parts.
fn parts(width: u32, height: u32) -> impl Iterator<Item = (u32, u32)> {
    let steps = |end: u32| (0..end).step_by(PART as usize);
    steps(height).flat_map(move |top| steps(width).map(move |left| (left, top)))
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    /// A page of a shade with a bar of so many pixels.
    fn page(width: u32, bar: u32, ink: u8, ground: u8) -> RgbImage {
        RgbImage::from_fn(width, 300, |x, y| {
            if x < bar && (100..110).contains(&y) { Rgb([ink; 3]) } else { Rgb([ground; 3]) }
        })
    }

    #[test]
    fn what_an_eye_sees_is_a_difference() {
        let accepted = page(400, 200, 30, 250);
        let wider = page(401, 200, 30, 250);
        assert!(matches!(picture_difference(&accepted, &wider), Some(PictureDifference::Size)));
        for shown in [page(400, 212, 30, 250), page(400, 200, 120, 250), page(400, 0, 30, 250)] {
            let difference = picture_difference(&accepted, &shown);
            assert!(matches!(difference, Some(PictureDifference::Parts { .. })), "{difference:?}");
        }
    }

    #[test]
    fn another_shade_is_no_difference() {
        let accepted = page(400, 200, 30, 250);
        assert!(picture_difference(&accepted, &accepted).is_none());
        assert!(picture_difference(&accepted, &page(400, 200, 31, 249)).is_none());
    }
}
