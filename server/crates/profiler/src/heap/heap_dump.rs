//! Parses jemalloc's report on the heap.
//!
//! ```text
//! heap_v2/131072
//!   t*: 28: 1835008 [0: 0]
//! @ 0x55d0c1 0x55d0c9 0x7f11d2
//!   t*: 2: 131072 [0: 0]
//!   t0: 2: 131072 [0: 0]
//!
//! MAPPED_LIBRARIES:
//! ```
//!
//! The first line has the mean number of bytes between samples. A stack, innermost function first, is
//! followed by the objects and bytes that were sampled there and are still held, in all threads and then in
//! each.

use std::io::{self, BufRead};

/// What one stack holds, estimated from its samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HeldMemory {
    /// Addresses inside the calls, from the innermost outwards.
    pub(super) stack: Vec<u64>,
    pub(super) objects: i64,
    pub(super) bytes: i64,
}

/// A parsed report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HeapDump {
    /// The mean number of bytes between samples.
    pub(super) bytes_per_sample: u64,
    pub(super) held: Vec<HeldMemory>,
}

impl HeapDump {
    /// Reads a report, up to the list of files at its end.
    pub(super) fn read(report: impl BufRead) -> io::Result<Self> {
        let mut lines = report.lines();
        let first = lines.next().transpose()?.unwrap_or_default();
        let bytes_per_sample = first
            .strip_prefix("heap_v2/")
            .and_then(|number| number.trim().parse().ok())
            .filter(|number| *number > 0)
            .ok_or_else(|| malformed("it does not begin with `heap_v2/`"))?;
        let mut held = Vec::new();
        let mut stack = None;
        for line in lines {
            let line = line?;
            let line = line.trim();
            if line.starts_with("MAPPED_LIBRARIES") {
                break;
            }
            if let Some(addresses) = line.strip_prefix('@') {
                stack = Some(addresses_of(addresses)?);
            } else if let Some(counts) = line.strip_prefix("t*:")
                && let Some(stack) = stack.take()
            {
                let (objects, bytes) = counts_of(counts)?;
                held.extend(estimate(stack, objects, bytes, bytes_per_sample));
            }
        }
        Ok(Self { bytes_per_sample, held })
    }

    /// The addresses in all stacks, some more than once.
    pub(super) fn addresses(&self) -> impl Iterator<Item = u64> {
        self.held.iter().flat_map(|held| held.stack.iter().copied())
    }
}

/// The addresses, moved from after each call into it.
fn addresses_of(text: &str) -> io::Result<Vec<u64>> {
    text.split_ascii_whitespace()
        .map(|word| {
            u64::from_str_radix(word.trim_start_matches("0x"), 16).map(|address| address.saturating_sub(1))
        })
        .collect::<Result<_, _>>()
        .map_err(|_| malformed("a stack has something else than addresses"))
}

/// Objects and bytes in `28: 1835008 [0: 0]`.
fn counts_of(text: &str) -> io::Result<(u64, u64)> {
    let mut words = text.split_ascii_whitespace();
    let mut number = || words.next()?.trim_end_matches(':').parse().ok();
    number().zip(number()).ok_or_else(|| malformed("a stack has no counts"))
}

/// What the samples stand for: an object of `size` bytes is sampled with the probability
/// `1 - e^(-size / period)`. Zero if no sampled memory is held any more.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "it is an estimate, and a cast to an integer ends at its bounds"
)]
fn estimate(stack: Vec<u64>, objects: u64, bytes: u64, period: u64) -> Option<HeldMemory> {
    if objects == 0 || bytes == 0 {
        return None;
    }
    let (objects, bytes) = (objects as f64, bytes as f64);
    let sampled = -(-(bytes / objects) / period as f64).exp_m1();
    Some(HeldMemory {
        stack,
        objects: (objects / sampled).round() as i64,
        bytes: (bytes / sampled).round() as i64,
    })
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "heap_v2/131072
  t*: 4: 1313000 [0: 0]
  t0: 4: 1313000 [0: 0]
@ 0x10 0x20 0xff
  t*: 1: 1310720 [0: 0]
  t0: 1: 1310720 [0: 0]
@ 0x11
  t*: 0: 0 [3: 96]
@ 0x12 0x20
  t*: 2: 128 [0: 0]

MAPPED_LIBRARIES:
55d0c0-55d0d0 r-xp 00000000 00:00 0 /home/jane/@
";

    #[test]
    fn a_report_tells_what_is_held_and_by_whom() {
        let dump = HeapDump::read(REPORT.as_bytes()).expect("a good report");

        assert_eq!(dump.bytes_per_sample, 131_072);
        assert_eq!(dump.held.len(), 2, "what holds nothing is left out: {dump:?}");
        let large = &dump.held[0];
        assert_eq!(large.stack, [0xf, 0x1f, 0xfe]);
        assert_eq!((large.objects, large.bytes), (1, 1_310_780), "ten periods are nearly always sampled");
        let small = &dump.held[1];
        assert_eq!(
            (small.objects, small.bytes),
            (4097, 262_208),
            "one in 2048 objects of 64 bytes is sampled"
        );
        assert_eq!(dump.addresses().collect::<Vec<_>>(), [0xf, 0x1f, 0xfe, 0x11, 0x1f]);
    }

    #[test]
    fn a_report_that_is_none_is_refused() {
        for text in
            ["", "heap profile:", "heap_v2/0", "heap_v2/x", "heap_v2/8\n@ x", "heap_v2/8\n@ 0x1\n t*: many"]
        {
            assert!(HeapDump::read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
