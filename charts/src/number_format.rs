//! Writes numbers for people: grouped digits, percentages, bytes, durations and processor time.
//!
//! Groups of digits and units are set apart by a narrow no-break space, and the minus is U+2212.

/// Between groups of digits, and between a number and its unit.
const SPACE: char = '\u{202f}';

const MINUS: char = '\u{2212}';

/// What stands for a value that is no number.
const UNKNOWN: &str = "–";

/// A factor and the name of its unit; empty for numbers without one.
pub(crate) type UnitName = (f64, &'static str);

const BYTES: [UnitName; 6] = [
    (1.0, "B"),
    (1024.0, "KiB"),
    (1_048_576.0, "MiB"),
    (1_073_741_824.0, "GiB"),
    (1_099_511_627_776.0, "TiB"),
    (1_125_899_906_842_624.0, "PiB"),
];

const SECONDS: [UnitName; 6] =
    [(1e-6, "µs"), (1e-3, "ms"), (1.0, "s"), (60.0, "min"), (3600.0, "h"), (86_400.0, "d")];

const CORES: [UnitName; 2] = [(0.01, "%"), (1.0, "cores")];

/// What the values of a chart are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueUnit {
    /// How many.
    Count,
    /// A part of a whole, 0 to 1.
    Share,
    /// Bytes.
    Bytes,
    /// A duration in seconds.
    Seconds,
    /// A duration in microseconds.
    Microseconds,
    /// Processor time per time: 1 is one core, all the time.
    Cores,
}

impl ValueUnit {
    /// A value with its unit, with about three digits.
    #[must_use]
    pub fn value_text(self, value: f64) -> String {
        match self {
            Self::Count => count(value),
            Self::Share => percent(value),
            Self::Bytes => bytes(value),
            Self::Seconds => duration(value),
            Self::Microseconds => duration(value / 1e6),
            Self::Cores => cores(value),
        }
    }

    /// The unit in which a value is written beside an axis: that of its reading. Processor time below a core
    /// is in percent.
    pub(crate) fn tick_unit(self, value: f64) -> UnitName {
        match self {
            Self::Count => (1.0, ""),
            Self::Share => (0.01, "%"),
            Self::Bytes => fitting_unit(value, &BYTES, "B"),
            Self::Seconds => fitting_unit(value, &SECONDS, "s"),
            Self::Microseconds => {
                let (factor, name) = fitting_unit(value / 1e6, &SECONDS, "s");
                (factor * 1e6, name)
            }
            Self::Cores => fitting_unit(value, &CORES, ""),
        }
    }
}

/// A number with a narrow space between groups of three digits: `1 234`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(SPACE);
        }
        text.push(digit);
    }
    text
}

/// A number with grouped digits and at most so many decimals: `1 234.5`.
#[must_use]
pub fn decimal(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return UNKNOWN.to_owned();
    }
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction = fraction.trim_end_matches('0');
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), grouped);
    let sign =
        if value < 0.0 && (whole != "0" || !fraction.is_empty()) { MINUS.to_string() } else { String::new() };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// A number with about three significant digits.
fn three_digits(value: f64) -> String {
    let decimals = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    decimal(value, decimals)
}

/// A number of things. Means have one decimal if they are below ten: `3.4`.
#[must_use]
pub fn count(value: f64) -> String {
    decimal(value, usize::from(value.abs() < 10.0))
}

/// A share from 0 to 1 in percent: `34 %`, `5.2 %`, `0.25 %`. Neither nothing nor everything is claimed that
/// is not so: `< 0.01 %`, `> 99.9 %`.
#[must_use]
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        _ if !percent.is_finite() => UNKNOWN.to_owned(),
        0.0 => format!("0{SPACE}%"),
        100.0 => format!("100{SPACE}%"),
        _ if percent < 0.0 => format!("{MINUS}{}", self::percent(-share)),
        _ if percent < 0.01 => format!("<{SPACE}0.01{SPACE}%"),
        _ if percent < 0.995 => format!("{percent:.2}{SPACE}%"),
        _ if percent < 9.95 => format!("{percent:.1}{SPACE}%"),
        _ if !(99.0..=100.0).contains(&percent) => format!("{}{SPACE}%", decimal(percent, 0)),
        _ if percent < 99.9 => format!("{:.1}{SPACE}%", percent),
        _ => format!(">{SPACE}99.9{SPACE}%"),
    }
}

/// The difference of two shares from 0 to 1, in percentage points with its sign: `+1.2 points`, `−0.3
/// points`, `±0 points` below a hundredth.
#[must_use]
pub fn points(difference: f64) -> String {
    let points = difference * 100.0;
    match points {
        _ if !points.is_finite() => UNKNOWN.to_owned(),
        _ if points.abs() < 0.005 => format!("±0{SPACE}points"),
        _ => {
            let sign = if points < 0.0 { MINUS } else { '+' };
            let decimals = if points.abs() < 0.995 { 2 } else { 1 };
            format!("{sign}{:.decimals$}{SPACE}points", points.abs())
        }
    }
}

/// Bytes in the largest unit that leaves at least one: `1.5 MiB`.
#[must_use]
pub fn bytes(bytes: f64) -> String {
    in_unit(bytes, &BYTES, "B")
}

/// Seconds in the largest unit that leaves at least one: `250 ms`, `1.5 s`, `2 min`.
#[must_use]
pub fn duration(seconds: f64) -> String {
    in_unit(seconds, &SECONDS, "s")
}

/// Processor time: `8 % of a core`, `1.5 cores`.
#[must_use]
pub fn cores(cores: f64) -> String {
    match three_digits(cores).as_str() {
        _ if cores.abs() < 0.995 => format!("{} of a core", percent(cores)),
        "1" => format!("1{SPACE}core"),
        text => format!("{text}{SPACE}cores"),
    }
}

fn in_unit(value: f64, units: &[UnitName], of_zero: &'static str) -> String {
    let (factor, name) = fitting_unit(value, units, of_zero);
    format!("{}{SPACE}{name}", three_digits(value / factor))
}

/// The largest unit that leaves at least one of it, or the smallest one. Zero has its own.
fn fitting_unit(value: f64, units: &[UnitName], of_zero: &'static str) -> UnitName {
    if value == 0.0 {
        return (1.0, of_zero);
    }
    // What would be rounded to a whole of the next unit is written in that.
    let fits = units.iter().rev().find(|(factor, _)| value.abs() >= factor * 0.9995);
    fits.or(units.first()).copied().unwrap_or((1.0, of_zero))
}

/// A number with at most so many decimals and the name of its unit, which may be empty.
pub(crate) fn number_with_unit(value: f64, decimals: usize, name: &str) -> String {
    let number = decimal(value, decimals);
    if name.is_empty() { number } else { format!("{number}{SPACE}{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: fn(f64) -> String, cases: &[(f64, &str)]) {
        for (value, text) in cases {
            assert_eq!(format(*value).replace(SPACE, " "), *text, "{value}");
        }
    }

    #[test]
    fn digits_are_grouped_by_three() {
        for (number, text) in
            [(0, "0"), (999, "999"), (1000, "1\u{202f}000"), (1_234_567, "1\u{202f}234\u{202f}567")]
        {
            assert_eq!(grouped(number), text);
        }
        check(
            |value| decimal(value, 2),
            &[(-1234.5, "−1 234.5"), (-0.001, "0"), (f64::NAN, "–"), (1e20, "100000000000000000000")],
        );
        check(count, &[(3.4, "3.4"), (10.4, "10"), (12_345.0, "12 345")]);
    }

    #[test]
    fn percentages_have_sensible_digits() {
        check(
            percent,
            &[
                (0.0, "0 %"),
                (0.000_01, "< 0.01 %"),
                (0.0025, "0.25 %"),
                (0.00997, "1.0 %"),
                (0.052, "5.2 %"),
                (0.0997, "10 %"),
                (0.344, "34 %"),
                (0.994, "99.4 %"),
                (0.9989, "99.9 %"),
                (0.99999, "> 99.9 %"),
                (1.0, "100 %"),
                (12.5, "1 250 %"),
                (-0.052, "−5.2 %"),
                (f64::INFINITY, "–"),
            ],
        );
    }

    #[test]
    fn differences_have_their_sign() {
        check(
            points,
            &[(0.012, "+1.2 points"), (-0.003, "−0.30 points"), (0.000_01, "±0 points"), (f64::NAN, "–")],
        );
    }

    #[test]
    fn bytes_and_durations_have_the_unit_that_fits() {
        check(
            bytes,
            &[
                (0.0, "0 B"),
                (512.0, "512 B"),
                (1_572_864.0, "1.5 MiB"),
                (1_048_575.0, "1 MiB"),
                (-2048.0, "−2 KiB"),
            ],
        );
        check(
            duration,
            &[
                (0.0, "0 s"),
                (0.25, "250 ms"),
                (0.9999, "1 s"),
                (1.5, "1.5 s"),
                (90.0, "1.5 min"),
                (2e-7, "0.2 µs"),
            ],
        );
        check(cores, &[(0.08, "8.0 % of a core"), (1.0, "1 core"), (1.5, "1.5 cores"), (24.04, "24 cores")]);
    }
}
