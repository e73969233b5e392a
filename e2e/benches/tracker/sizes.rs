//! How many bytes do browsers fetch?

use super::files::{File, Files, frontend, read};

/// What script and program may weigh together, compressed with brotli.
const BOUND: usize = 9_000;

/// Prints the sizes of the tracker, of its package for npm, and of the control.
pub(crate) fn print(files: &Files) -> anyhow::Result<()> {
    println!("\nbytes                                         plain       gzip     brotli");
    let Files { script, program, control, .. } = files;
    line("tracker.js", &[script], "");
    line("tracker_bg.wasm", &[program], "");
    line("both", &[script, program], &format!("(at most {BOUND})"));
    let package = File::compressed(read(&frontend().join("npm/index.js"))?)?;
    line("npm's index.js, before a product's bundler", &[&package], "");
    line("the control", &[control], "");
    Ok(())
}

fn line(name: &str, files: &[&File], bound: &str) {
    let sum = |form: fn(&File) -> usize| files.iter().map(|file| form(file)).sum::<usize>();
    let (plain, gzip) = (sum(|file| file.plain.len()), sum(|file| file.gzip.len()));
    let brotli = sum(|file| file.brotli.len());
    println!("  {name:<40} {plain:>8}   {gzip:>8}   {brotli:>8} {bound}");
}
