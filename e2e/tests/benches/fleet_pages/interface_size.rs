//! Measures the bytes of the browser programs of the pages and of the interface.

use std::{fs, path::Path};

use anyhow::Context;
use headcount_measures::MeasureRun;

/// The measures, with the files as `.ci/wasm` builds and compresses them.
const PROGRAMS: [(&str, [&str; 2]); 2] = [
    ("pages: bytes of script and program with brotli", ["pages.js.br", "pages_bg.wasm.br"]),
    ("interface: bytes of script and program with brotli", ["ui.js.br", "ui_bg.wasm.br"]),
];

/// Measures and prints the sums.
pub(crate) fn measure(measures: &mut MeasureRun) -> anyhow::Result<()> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../frontend-tracker/dist");
    for (measure, files) in PROGRAMS {
        let mut sum = 0;
        for file in files {
            let read = fs::metadata(built.join(file));
            sum += read.with_context(|| format!("{file} is missing; `.ci/wasm` builds it"))?.len();
        }
        measures.record(measure, sum as f64)?;
    }
    Ok(())
}
