//! Measures the bytes of the program that takes over on the pages.

use std::{fs, path::Path};

use anyhow::Context;
use headcount_measures::MeasureRun;

/// The files, as `.ci/wasm` builds and compresses them.
const FILES: [&str; 2] = ["ui.js.br", "ui_bg.wasm.br"];

/// Measures and prints the sum.
pub(crate) fn measure(measures: &mut MeasureRun) -> anyhow::Result<()> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../frontend-tracker/dist");
    let mut sum = 0;
    for file in FILES {
        let read = fs::metadata(built.join(file));
        sum += read.with_context(|| format!("{file} is missing; `.ci/wasm` builds it"))?.len();
    }
    measures.record("pages: bytes of script and program with brotli", sum as f64)
}
