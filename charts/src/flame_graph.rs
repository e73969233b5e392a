//! Draws where a program spends its time or memory, and how two versions differ in that.

mod flame_layout;
mod flame_tree;
mod found_functions;
mod function_sums;
mod widest_nodes;

pub use self::{
    flame_layout::{FlameContent, FlameRectangle, FlameView, MOST_ROWS, flame_layout},
    flame_tree::{FlameNode, FlameNodeId, FlameTree, ROOT_KEY, key_of_child},
    found_functions::{FoundFunctions, found_functions},
    widest_nodes::MOST_NODES,
};
use self::{
    flame_layout::{LaidFlames, laid_flames, shares_of},
    function_sums::function_sums,
};
use crate::{
    chart_frame::{ChartCaption, DataTable, PictureRole, figure, hovered_part, picture, text_box},
    markup::{LABEL_CHARACTERS, MarkupText, TOOLTIP_CHARACTERS, WidthShare, name_text, shortened},
    number_format::{ValueUnit, grouped, percent, points},
};

const HEAD: f64 = 24.0;
/// The height of a row, with the gap to the next one.
const ROW: f64 = 22.0;
const GAP: f64 = 1.0;

/// The width of a large picture, to decide which rectangles have room for a name.
const WIDE_PIXELS: f64 = 1200.0;
/// The width of the picture on a telephone.
const NARROW_PIXELS: f64 = 320.0;
/// The least width of a rectangle with a name.
const NAME_PIXELS: f64 = 32.0;
/// The width of a rectangle that has no room for an edge.
const THIN_PIXELS: f64 = 8.0;

/// The most links that a keyboard stops at, and the least width of them. Others are reached by following the
/// link of a caller.
const MOST_STOPS: usize = 48;
const STOP_WIDTH: f64 = 0.01;

/// The most functions in the table.
const MOST_FUNCTIONS: usize = 50;

/// A change of a share that is large, and one that is small.
const LARGE_CHANGE: f64 = 0.02;
const SMALL_CHANGE: f64 = 0.001;

/// Where the root is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlameDirection {
    /// The root is at the top, and what it calls below: an icicle graph.
    RootAtTop,
    /// The root is at the bottom, and what it calls above: a flame graph.
    RootAtBottom,
}

/// How a tree is drawn.
#[derive(Debug, Clone, Copy)]
pub struct FlameStyle {
    /// Which rectangles there are.
    pub view: FlameView,
    /// Where the root is.
    pub direction: FlameDirection,
    /// The unit of the values, such as bytes; [`ValueUnit::Share`] if only shares are to be told.
    pub unit: ValueUnit,
}

/// A flame graph. Each rectangle of a function is a link to where it has the focus: `link` makes its address
/// from the key of the node. Without one, rectangles are read with the pointer, or in the table.
///
/// In a difference the colour tells the change of the share in both directions, and names have a sign.
#[must_use]
pub fn flame_graph(
    caption: &ChartCaption<'_>,
    tree: &FlameTree<'_>,
    style: FlameStyle,
    link: Option<&dyn Fn(u64) -> String>,
) -> String {
    let none_found = |_: &str| false;
    let drawing = FlameDrawing { tree, style, link, is_found: &none_found };
    let draw = |out: &mut MarkupText| {
        let skip =
            out.tag("a").class("chart-skip").attr("href", format!("#{}", caption.element_id("numbers")));
        skip.holding("Skip the graph: go to its table");
        if style.view.is_difference {
            write_change_legend(out);
        }
        drawing.write_picture(out, caption);
    };
    figure(caption, draw, Some(&table(tree, style)))
}

/// The picture of a [`flame_graph`] alone, for a program that changes the focus or searches in a page. Functions
/// whose names `is_found` accepts stand out.
#[must_use]
pub fn flame_picture(
    caption: &ChartCaption<'_>,
    tree: &FlameTree<'_>,
    style: FlameStyle,
    link: &dyn Fn(u64) -> String,
    is_found: &dyn Fn(&str) -> bool,
) -> String {
    let mut out = MarkupText::default();
    FlameDrawing { tree, style, link: Some(link), is_found }.write_picture(&mut out, caption);
    out.into_text()
}

/// Whether a keyboard stops at each rectangle, if it is a link: at the widest ones.
fn keyboard_stops(rectangles: &[FlameRectangle]) -> Vec<bool> {
    let mut widest: Vec<(usize, &FlameRectangle)> =
        rectangles.iter().enumerate().filter(|(_, rectangle)| rectangle.width >= STOP_WIDTH).collect();
    widest.sort_by(|(_, one), (_, other)| {
        other.width.total_cmp(&one.width).then_with(|| one.depth.cmp(&other.depth))
    });
    let mut stops = vec![false; rectangles.len()];
    for (place, _) in widest.into_iter().take(MOST_STOPS) {
        if let Some(stop) = stops.get_mut(place) {
            *stop = true;
        }
    }
    stops
}

struct FlameDrawing<'a> {
    tree: &'a FlameTree<'a>,
    style: FlameStyle,
    link: Option<&'a dyn Fn(u64) -> String>,
    is_found: &'a dyn Fn(&str) -> bool,
}

impl FlameDrawing<'_> {
    fn write_picture(&self, out: &mut MarkupText, caption: &ChartCaption<'_>) {
        let LaidFlames { rectangles, undrawn } = laid_flames(self.tree, self.style.view);
        let rows = rectangles.iter().map(|rectangle| rectangle.depth + 1).max().unwrap_or(1);
        picture(out, caption, PictureRole::Links, HEAD + ROW * rows as f64, "margin-none flame", |out| {
            let title = if self.style.view.is_difference {
                "width: mean of both · colour: change"
            } else {
                "width: share with all that is called"
            };
            out.tag("text").class("axis-title").at("0", 12.0).content(|out| {
                out.text(title);
                if undrawn > 0 {
                    let said = format!(" · {} narrower calls are folded", grouped(undrawn as u64));
                    out.tag("tspan").class("only-wide").holding(said);
                }
            });
            for (rectangle, is_stop) in rectangles.iter().zip(keyboard_stops(&rectangles)) {
                self.write_rectangle(out, rectangle, rows, is_stop);
            }
        });
    }

    fn write_rectangle(&self, out: &mut MarkupText, rectangle: &FlameRectangle, rows: usize, is_stop: bool) {
        let (name, key) = match rectangle.content {
            FlameContent::Node(id) | FlameContent::Caller(id) => {
                let Some(node) = self.tree.node(id) else { return };
                (name_text(node.name, TOOLTIP_CHARACTERS), Some(node.key))
            }
            FlameContent::Folded { count: 1, .. } => ("1 function".to_owned(), None),
            FlameContent::Folded { count, .. } => (format!("{count} functions"), None),
        };
        let value = self.value_text(rectangle);
        let href = self.link.zip(key).map(|(link, key)| link(key));
        let class = if self.is_found(rectangle) { "frame found" } else { "frame" };
        let tag = match &href {
            Some(href) if is_stop => out.tag("a").attr("href", href).class(class),
            Some(href) => out.tag("a").attr("href", href).attr("tabindex", -1).class(class),
            None => hovered_part(out, class).attr("role", "img"),
        };
        tag.content(|out| {
            out.tag("title").holding(format!("{name}: {value}"));
            self.write_box(out, rectangle, rows, &name);
            // The value first: a narrow screen cuts the name.
            let reading = out.tag("text").class("reading halo").at("0", 12.0).attr("aria-hidden", "true");
            reading.holding(format!("{value}: {name}"));
        });
    }

    fn is_found(&self, rectangle: &FlameRectangle) -> bool {
        let (FlameContent::Node(id) | FlameContent::Caller(id)) = rectangle.content else { return false };
        self.tree.parent(id).is_some() && self.tree.node(id).is_some_and(|node| (self.is_found)(node.name))
    }

    /// The rectangle with its name.
    fn write_box(&self, out: &mut MarkupText, rectangle: &FlameRectangle, rows: usize, name: &str) {
        let row = match self.style.direction {
            FlameDirection::RootAtTop => rectangle.depth,
            FlameDirection::RootAtBottom => (rows - 1).saturating_sub(rectangle.depth),
        };
        let class = self.colour_class(rectangle, name);
        let y = HEAD + ROW * row as f64;
        let pixels = rectangle.width * WIDE_PIXELS;
        let thin = if pixels < THIN_PIXELS { " thin" } else { "" };
        let rect = out.tag("rect").class(format!("{class}{thin}")).at(WidthShare(rectangle.left), y);
        rect.size(WidthShare(rectangle.width), ROW - GAP).empty();
        if pixels < NAME_PIXELS {
            return;
        }
        let sign = if self.style.view.is_difference { change_sign(change(rectangle)) } else { "" };
        let label = shortened(&format!("{sign}{}", short_name(name)), LABEL_CHARACTERS);
        let is_narrow = rectangle.width * NARROW_PIXELS < NAME_PIXELS;
        let class = if is_narrow { "frame-text only-wide" } else { "frame-text" };
        text_box(out, (rectangle.left, rectangle.width), (y, ROW - GAP), class, |out| {
            out.tag("div").holding(label);
        });
    }

    fn value_text(&self, rectangle: &FlameRectangle) -> String {
        if self.style.view.is_difference {
            let (now, before) = (percent(rectangle.share), percent(rectangle.share_before));
            return format!("{}, from {before} to {now}", points(change(rectangle)));
        }
        let share = percent(rectangle.share);
        let node = match rectangle.content {
            FlameContent::Node(id) | FlameContent::Caller(id) => self.tree.node(id),
            FlameContent::Folded { .. } => None,
        };
        match node {
            Some(node) if self.style.unit != ValueUnit::Share => {
                format!("{share}, {}", self.style.unit.value_text(node.value as f64))
            }
            _ => share,
        }
    }

    fn colour_class(&self, rectangle: &FlameRectangle, name: &str) -> String {
        let above = if matches!(rectangle.content, FlameContent::Caller(_)) { " caller" } else { "" };
        let colour = match rectangle.content {
            _ if self.style.view.is_difference => change_class(change(rectangle)).to_owned(),
            FlameContent::Folded { .. } => "folded".to_owned(),
            FlameContent::Node(id) | FlameContent::Caller(id) if self.tree.parent(id).is_none() => {
                "folded".to_owned()
            }
            _ => format!("hue-{}", hue(name)),
        };
        format!("{colour}{above}")
    }
}

fn change(rectangle: &FlameRectangle) -> f64 {
    rectangle.share - rectangle.share_before
}

fn change_class(change: f64) -> &'static str {
    match change {
        LARGE_CHANGE.. => "grew much",
        SMALL_CHANGE.. => "grew",
        _ if change <= -LARGE_CHANGE => "shrank much",
        _ if change <= -SMALL_CHANGE => "shrank",
        _ => "unchanged",
    }
}

/// What tells the change to those who do not see the colour.
fn change_sign(change: f64) -> &'static str {
    match change {
        SMALL_CHANGE.. => "+ ",
        _ if change <= -SMALL_CHANGE => "\u{2212} ",
        _ => "",
    }
}

fn write_change_legend(out: &mut MarkupText) {
    out.tag("ul").class("chart-legend").content(|out| {
        for (class, text) in [
            ("shrank much", "\u{2212} shrank by 2 points or more"),
            ("shrank", "\u{2212} shrank"),
            ("unchanged", "about the same"),
            ("grew", "+ grew"),
            ("grew much", "+ grew by 2 points or more"),
        ] {
            out.tag("li").content(|out| {
                let key = out.tag("svg").size("14", 10.0).attr("aria-hidden", "true").class("frame");
                key.content(|out| out.tag("rect").class(class).size("100%", 10.0).empty());
                out.text(text);
            });
        }
    });
}

/// One of four colours for each library, so that its functions are recognised.
fn hue(name: &str) -> u32 {
    let library = name.trim_start_matches(['<', '&']).split("::").next().unwrap_or(name);
    let hash = library
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash >> 8) % 4 + 1
}

/// The last two parts of the path of a function: `Vec<T>::push` of `alloc::vec::Vec<T>::push`. What is
/// between angle brackets is no part of the path.
fn short_name(name: &str) -> &str {
    let mut depth = 0_u32;
    let mut separators = 0;
    let mut after = ' ';
    for (place, character) in name.char_indices().rev() {
        match character {
            '>' => depth += 1,
            '<' => depth = depth.saturating_sub(1),
            ':' if after == ':' && depth == 0 => {
                separators += 1;
                after = ' ';
                if separators == 2 {
                    return name.get(place + 2..).unwrap_or(name);
                }
                continue;
            }
            _ => {}
        }
        after = character;
    }
    name
}

/// The functions with the largest values of their own, or with the largest changes.
fn table(tree: &FlameTree<'_>, style: FlameStyle) -> DataTable {
    let sums = function_sums(tree);
    let whole = sums.whole;
    let mut functions: Vec<(&str, [f64; 2], [f64; 2])> = sums
        .functions
        .iter()
        .map(|(name, sum)| (*name, shares_of(sum.own, whole), shares_of(sum.with_called, whole)))
        .collect();
    let difference = |shares: &[f64; 2]| shares[0] - shares[1];
    functions.sort_by(|one, other| {
        let order = if style.view.is_difference {
            difference(&other.2).abs().total_cmp(&difference(&one.2).abs())
        } else {
            other.1[0].total_cmp(&one.1[0])
        };
        order.then_with(|| one.0.cmp(other.0))
    });
    let left_out = functions.len().saturating_sub(MOST_FUNCTIONS);
    let rows = functions.iter().take(MOST_FUNCTIONS).map(|(name, own, with_called)| {
        let values = if style.view.is_difference {
            vec![percent(with_called[1]), percent(with_called[0]), points(difference(with_called))]
        } else {
            vec![percent(own[0]), percent(with_called[0])]
        };
        [(*name).to_owned()].into_iter().chain(values).collect()
    });
    let columns: &[&str] = if style.view.is_difference {
        &["Function", "before", "after", "change"]
    } else {
        &["Function", "itself", "with what it calls"]
    };
    let notes = match left_out {
        0 => Vec::new(),
        left_out => {
            vec![format!("The table has the first {MOST_FUNCTIONS} functions; {left_out} are left out.")]
        }
    };
    DataTable {
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        rows: rows.collect(),
        notes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_to_their_last_two_parts() {
        let cases = [
            ("main", "main"),
            ("alloc::vec::Vec<T>::push", "Vec<T>::push"),
            ("core::ops::function::FnOnce::call_once", "FnOnce::call_once"),
            ("<a::b::C as d::e::F>::run", "<a::b::C as d::e::F>::run"),
            ("x::<a::b::C as d::e::F>::run", "<a::b::C as d::e::F>::run"),
            ("a::b", "a::b"),
            ("é::ü::ö", "ü::ö"),
            ("", ""),
        ];
        for (name, short) in cases {
            assert_eq!(short_name(name), short, "{name}");
        }
    }

    #[test]
    fn changes_have_a_colour_and_a_sign() {
        let cases = [
            (0.03, "grew much", "+ "),
            (0.005, "grew", "+ "),
            (0.0, "unchanged", ""),
            (-0.005, "shrank", "\u{2212} "),
            (-0.03, "shrank much", "\u{2212} "),
            (f64::NAN, "unchanged", ""),
        ];
        for (change, class, sign) in cases {
            assert_eq!((change_class(change), change_sign(change)), (class, sign), "{change}");
        }
    }
}
