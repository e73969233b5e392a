//! Measures the bytes that browsers fetch.

use headcount_measures::MeasureRun;

use super::files::{AssetVariants, PageAssets, frontend, read};

/// Prints the sizes of the tracker, of its npm package, and of the control.
pub(crate) fn print(files: &PageAssets, measures: &mut MeasureRun) -> anyhow::Result<()> {
    println!("\nbytes                                         plain       gzip     brotli");
    let PageAssets { script, program, control, .. } = files;
    line("tracker.js", &[script]);
    line("tracker_bg.wasm", &[program]);
    line("both", &[script, program]);
    let package = AssetVariants::compressed(read(&frontend().join("npm/index.js"))?)?;
    line("npm's index.js, before a product's bundler", &[&package]);
    line("the control", &[control]);
    let weight = (script.brotli.len() + program.brotli.len()) as f64;
    measures.record("tracker: bytes of script and program with brotli", weight)
}

fn line(name: &str, files: &[&AssetVariants]) {
    let sum = |form: fn(&AssetVariants) -> usize| files.iter().map(|file| form(file)).sum::<usize>();
    let (plain, gzip) = (sum(|file| file.plain.len()), sum(|file| file.gzip.len()));
    let brotli = sum(|file| file.brotli.len());
    println!("  {name:<40} {plain:>8}   {gzip:>8}   {brotli:>8}");
}
