//! Draws parts of a whole as tiles whose areas are their values.

use crate::{
    chart_frame::{
        ChartCaption, DataTable, PictureRole, SERIES_COLOURS, empty_figure, figure, hovered_part, picture,
        series_class, text_box,
    },
    markup::{LABEL_CHARACTERS, MarkupText, TOOLTIP_CHARACTERS, WidthShare, name_text, shortened},
    number_format::{ValueUnit, percent},
};

const HEAD: f64 = 20.0;
const PLOT: f64 = 300.0;

/// The width of the picture that tiles are made square for: between a telephone and a wide screen.
const WIDTH: f64 = 600.0;

/// The width of the picture on a telephone.
const NARROW_WIDTH: f64 = 320.0;

/// The most tiles; the smaller ones are one.
const MOST_TILES: usize = 60;

/// The least sizes of a tile that has a label, in pixels of a picture of [`WIDTH`].
const LABEL_WIDTH: f64 = 30.0;
/// The least width of a tile that has a label on a telephone, in its pixels.
const NARROW_LABEL_WIDTH: f64 = 50.0;
const LABEL_HEIGHT: f64 = 22.0;
const TWO_LINES: f64 = 40.0;

/// A part of the whole.
#[derive(Debug, Clone, Copy)]
pub struct TreemapPart<'a> {
    /// What the part is.
    pub label: &'a str,
    /// How much it is. Parts that are not above 0 are left out.
    pub value: f64,
    /// Which colour the part has, from 0: one for all parts that belong together. Colours repeat after eight.
    pub group: usize,
}

/// A rectangle in a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TreemapTile {
    /// The distance of its left side from that of the picture.
    pub left: f64,
    /// The distance of its upper side from that of the picture.
    pub top: f64,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
}

impl TreemapTile {
    fn shorter_side(&self) -> f64 {
        self.width.min(self.height)
    }
}

/// Tiles whose areas are proportional to `values` and that fill a picture without overlapping, as square as
/// possible. The values must be finite, above 0, and in falling order for the squarest tiles.
///
/// Bruls, Huizing, van Wijk: Squarified Treemaps.
#[must_use]
pub fn squarified_tiles(values: &[f64], width: f64, height: f64) -> Vec<TreemapTile> {
    let total: f64 = values.iter().sum();
    let mut free = TreemapTile { left: 0.0, top: 0.0, width, height };
    let mut tiles = Vec::with_capacity(values.len());
    let mut rest: &[f64] = values;
    let mut rest_total = total;
    while !rest.is_empty() {
        let to_area = free.width * free.height / rest_total;
        let row_length = squarest_row(rest, to_area, free.shorter_side());
        let (row, after) = rest.split_at_checked(row_length).unwrap_or((rest, &[]));
        // The last row takes all that is free, so that rounding leaves no edge.
        let row_total: f64 = row.iter().sum();
        let share = if after.is_empty() { 1.0 } else { (row_total / rest_total).clamp(0.0, 1.0) };
        free = lay_row(row, row_total, share, free, &mut tiles);
        rest = after;
        rest_total = rest.iter().sum();
    }
    tiles
}

/// How many values the row has in which the worst tile is squarest.
fn squarest_row(values: &[f64], to_area: f64, side: f64) -> usize {
    let mut best = f64::INFINITY;
    let (mut sum, mut least, mut greatest) = (0.0, f64::INFINITY, 0.0_f64);
    for (length, value) in values.iter().enumerate() {
        let area = value * to_area;
        sum += area;
        least = least.min(area);
        greatest = greatest.max(area);
        let worst = (side * side * greatest / (sum * sum)).max(sum * sum / (side * side * least));
        if worst > best {
            return length;
        }
        best = worst;
    }
    values.len()
}

/// Lays a row along the shorter side of what is free, and returns what is free then.
fn lay_row(
    row: &[f64],
    row_total: f64,
    share: f64,
    free: TreemapTile,
    tiles: &mut Vec<TreemapTile>,
) -> TreemapTile {
    let mut before = 0.0;
    let is_wide = free.width >= free.height;
    for value in row {
        let (start, end) = (before / row_total, (before + value) / row_total);
        before += value;
        tiles.push(if is_wide {
            let top = free.top + start * free.height;
            TreemapTile {
                left: free.left,
                top,
                width: free.width * share,
                height: (end - start) * free.height,
            }
        } else {
            let left = free.left + start * free.width;
            TreemapTile {
                left,
                top: free.top,
                width: (end - start) * free.width,
                height: free.height * share,
            }
        });
    }
    if is_wide {
        TreemapTile { left: free.left + free.width * share, width: free.width * (1.0 - share), ..free }
    } else {
        TreemapTile { top: free.top + free.height * share, height: free.height * (1.0 - share), ..free }
    }
}

/// Parts of a whole as tiles, the largest at the top left. `part_title` says what the parts are: `Function`.
#[must_use]
pub fn treemap(
    caption: &ChartCaption<'_>,
    part_title: &str,
    unit: ValueUnit,
    parts: &[TreemapPart<'_>],
) -> String {
    let mut parts: Vec<TreemapPart<'_>> =
        parts.iter().copied().filter(|part| part.value > 0.0 && part.value.is_finite()).collect();
    parts.sort_by(|one, other| other.value.total_cmp(&one.value));
    let total: f64 = parts.iter().map(|part| part.value).sum();
    if !(total > 0.0 && total.is_finite()) {
        return empty_figure(caption);
    }
    let rows = parts
        .iter()
        .map(|part| vec![part.label.to_owned(), unit.value_text(part.value), percent(part.value / total)]);
    let columns = [part_title, "value", "share"].map(str::to_owned).to_vec();
    let numbers = DataTable { columns, rows: rows.collect(), notes: Vec::new() };
    let rest_label = format!("{} smaller ones", parts.len().saturating_sub(MOST_TILES - 1));
    if parts.len() > MOST_TILES {
        let rest: f64 = parts.iter().skip(MOST_TILES - 1).map(|part| part.value).sum();
        parts.truncate(MOST_TILES - 1);
        parts.push(TreemapPart { label: &rest_label, value: rest, group: SERIES_COLOURS - 1 });
    }
    let values: Vec<f64> = parts.iter().map(|part| part.value).collect();
    let tiles = squarified_tiles(&values, WIDTH, PLOT);
    let draw = |out: &mut MarkupText| {
        picture(out, caption, PictureRole::Image, HEAD + PLOT, "margin-none", |out| {
            let hint = out.tag("text").class("axis-title").at("0", 12.0);
            hint.holding(format!("area: share of {}", unit.value_text(total)));
            for (part, tile) in parts.iter().zip(&tiles) {
                hovered_part(out, "tile")
                    .content(|out| write_tile(out, unit, part, tile, part.value / total));
            }
        });
    };
    figure(caption, draw, Some(&numbers))
}

fn write_tile(out: &mut MarkupText, unit: ValueUnit, part: &TreemapPart<'_>, tile: &TreemapTile, share: f64) {
    let label = name_text(part.label, TOOLTIP_CHARACTERS);
    let text = format!("{label}: {}, {}", unit.value_text(part.value), percent(share));
    out.tag("title").holding(&text);
    let fill = out.tag("rect").class(format!("tile-fill {}", series_class(part.group)));
    let (left, width) = (tile.left / WIDTH, tile.width / WIDTH);
    fill.at(WidthShare(left), HEAD + tile.top).size(WidthShare(width), tile.height).empty();
    if tile.width >= LABEL_WIDTH && tile.height >= LABEL_HEIGHT {
        let is_narrow = width * NARROW_WIDTH < NARROW_LABEL_WIDTH;
        let class = if is_narrow { "tile-text only-wide" } else { "tile-text" };
        text_box(out, (left, width), (HEAD + tile.top, tile.height), class, |out| {
            out.tag("div").class("tile-label").holding(shortened(&label, LABEL_CHARACTERS));
            if tile.height >= TWO_LINES {
                out.tag("div").holding(percent(share));
            }
        });
    }
    out.tag("text").class("reading halo").at("0", 12.0).attr("aria-hidden", "true").holding(&text);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn equal_values_have_square_tiles() {
        let tiles = squarified_tiles(&[1.0, 1.0], 200.0, 100.0);
        assert_eq!(tiles[0], TreemapTile { left: 0.0, top: 0.0, width: 100.0, height: 100.0 });
        assert_eq!(tiles[1], TreemapTile { left: 100.0, top: 0.0, width: 100.0, height: 100.0 });
    }

    proptest! {
        #[test]
        fn tiles_fill_the_picture_without_overlap(mut values in prop::collection::vec(1e-3..1e6_f64, 1..60)) {
            values.sort_by(|one, other| other.total_cmp(one));
            let (width, height) = (600.0, 300.0);
            let tiles = squarified_tiles(&values, width, height);
            prop_assert_eq!(tiles.len(), values.len());
            let total: f64 = values.iter().sum();
            for (tile, value) in tiles.iter().zip(&values) {
                prop_assert!(tile.left >= -1e-6 && tile.left + tile.width <= width + 1e-6);
                prop_assert!(tile.top >= -1e-6 && tile.top + tile.height <= height + 1e-6);
                let area = width * height * value / total;
                prop_assert!((tile.width * tile.height - area).abs() < 1e-6 * width * height);
            }
            for (place, one) in tiles.iter().enumerate() {
                for other in &tiles[..place] {
                    let right = (one.left + one.width).min(other.left + other.width);
                    let across = right - one.left.max(other.left);
                    let down = (one.top + one.height).min(other.top + other.height) - one.top.max(other.top);
                    prop_assert!(across < 1e-6 || down < 1e-6, "{one:?} {other:?}");
                }
            }
        }
    }
}
