//! Measures the bytes of a browser program: its script and its WebAssembly, as `.ci/wasm` builds and compresses them.

use std::{fs, path::Path};

use anyhow::Context;
use headcount_measures::MeasureRun;

/// Measures and prints the sum for the program of this name.
pub(crate) fn measure(measures: &mut MeasureRun, measure: &str, program: &str) -> anyhow::Result<()> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../frontend-tracker/dist");
    let mut sum = 0;
    for file in [format!("{program}.js.br"), format!("{program}_bg.wasm.br")] {
        let read = fs::metadata(built.join(&file));
        sum += read.with_context(|| format!("{file} is missing; `.ci/wasm` builds it"))?.len();
    }
    measures.record(measure, sum as f64)
}
