//! Turns a compiled browser program into its bindings, `NAME.js` and `NAME_bg.wasm`, and compresses files.
//!
//! `bundle IN.wasm OUT_DIR` writes them, named after the input; `bundle --silent IN.wasm OUT_DIR` does so for
//! a small program whose panics have no messages, and whose bindings have only what the tracker needs.
//! `bundle --compress DIR` writes compressed copies of the files in a directory and prints the sizes. Runs on
//! the host; `.ci/wasm` calls it.

mod bindings;
mod names;
mod uncalled;

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use walrus::Module;
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    match arguments.as_slice() {
        [option, dir] if option.as_os_str() == "--compress" => compress_all(dir),
        [option, program, dir] if option.as_os_str() == "--silent" => bundle(program, dir, true),
        [program, dir] => bundle(program, dir, false),
        _ => bail!("usage: bundle [--silent] IN.wasm OUT_DIR | bundle --compress DIR"),
    }
}

/// Writes the two files of `program` into `dir`.
fn bundle(program: &Path, dir: &Path, is_silent: bool) -> Result<()> {
    let name = program.file_stem().and_then(|name| name.to_str()).context("the program has no name")?;
    let module = fs::read(program).with_context(|| format!("read {}", program.display()))?;
    // The section lists the features of all objects, including the reference types of the standard library.
    // Without it, the bindings use the features of the program itself, which has none of these.
    let module = without_section("target_features", &module).context("the program is not WebAssembly")?;
    Bindgen::new()
        .input_bytes(name, module)
        .out_name(name)
        .web(true)?
        .typescript(false)
        .omit_default_module_path(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(dir)
        .with_context(|| format!("generate the bindings of {name}"))?;

    let (program, script) = (dir.join(format!("{name}_bg.wasm")), dir.join(format!("{name}.js")));
    let mut module = Module::from_file(&program)?;
    uncalled::remove(&mut module);
    let mut bindings = fs::read_to_string(&script).with_context(|| format!("read the bindings of {name}"))?;
    if is_silent {
        names::silence(&mut module)?;
        bindings = bindings::lean(&bindings)
            .with_context(|| format!("the bindings of {name} have an unknown form"))?;
    }
    fs::write(&script, names::shorten(&mut module, bindings)).with_context(|| format!("write {name}.js"))?;
    module.emit_wasm_file(&program)
}

/// Removes the custom sections named `name`. `None` if the module is truncated.
fn without_section(name: &str, module: &[u8]) -> Option<Vec<u8>> {
    const CUSTOM: u8 = 0;
    let (header, mut rest) = module.split_at_checked(8)?;
    let mut kept = header.to_vec();
    while let Some((&kind, after_kind)) = rest.split_first() {
        let (size, body) = number(after_kind)?;
        let (body, next) = body.split_at_checked(size)?;
        let section = rest.get(..rest.len() - next.len())?;
        let is_named = || {
            let (length, text) = number(body)?;
            Some(text.get(..length)? == name.as_bytes())
        };
        if kind != CUSTOM || !is_named()? {
            kept.extend_from_slice(section);
        }
        rest = next;
    }
    Some(kept)
}

/// Reads an unsigned LEB128 number. Returns it with the bytes after it.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0;
    for (at, byte) in bytes.iter().enumerate() {
        value |= usize::from(byte & 0x7f).checked_shl(7 * u32::try_from(at).ok()?)?;
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(at + 1..)?));
        }
    }
    None
}

/// Adds `NAME.br` and `NAME.gz` to each file in `dir`, as browsers receive it over https and over plain http,
/// and prints the sizes.
fn compress_all(dir: &Path) -> Result<()> {
    let mut files = fs::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.sort();
    let mut out = io::stdout().lock();
    writeln!(out, "{:<20} {:>10} {:>10} {:>10}", "", "raw", "gzip", "brotli")?;
    for file in files {
        let bytes = fs::read(&file)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let (gzip, brotli) = (gzip(&bytes)?, brotli(&bytes)?);
        writeln!(out, "{name:<20} {:>10} {:>10} {:>10}", bytes.len(), gzip.len(), brotli.len())?;
        fs::write(dir.join(format!("{name}.gz")), gzip)?;
        fs::write(dir.join(format!("{name}.br")), brotli)?;
    }
    Ok(())
}

/// `bytes` after the strongest gzip.
fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

/// `bytes` after the strongest brotli.
fn brotli(bytes: &[u8]) -> Result<Vec<u8>> {
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 24, ..Default::default() };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &bytes[..], &mut compressed, &parameters)?;
    Ok(compressed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A section with fewer than 128 bytes.
    fn section(kind: u8, body: &[u8]) -> Vec<u8> {
        [&[kind, u8::try_from(body.len()).unwrap()], body].concat()
    }

    #[test]
    fn a_named_section_is_left_out_and_all_else_is_kept() {
        let header = b"\0asm\x01\0\0\0".to_vec();
        let named = section(0, b"\x02abrest");
        let longer = section(0, b"\x03abcrest");
        let code = section(10, b"\x02ab");
        let module = [header.clone(), named.clone(), longer.clone(), code.clone(), named].concat();
        assert_eq!(without_section("ab", &module), Some([header, longer, code].concat()));
    }

    #[test]
    fn a_module_that_is_cut_short_is_none() {
        let module = [b"\0asm\x01\0\0\0".to_vec(), section(0, b"\x02ab")].concat();
        for length in [0, 7, 9, 10, 11, 12] {
            assert_eq!(without_section("x", &module[..length]), None, "{length}");
        }
        assert_eq!(without_section("x", &module), Some(module));
    }

    #[test]
    fn numbers_are_little_endian_groups_of_seven_bits() {
        assert_eq!(number(&[0xe5, 0x8e, 0x26, 7]), Some((624_485, &[7][..])));
        assert_eq!(number(&[0x80]), None);
        assert_eq!(number(&[0xff; 20]), None);
    }
}
