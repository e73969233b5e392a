//! Embeds the browser programs that `.ci/wasm` built, so that the server is one file.
//!
//! Without them the server builds all the same, and its pages state that it has no web interface.

use std::{env, error::Error, fmt::Write, fs, path::Path};

#[expect(clippy::disallowed_methods, reason = "cargo talks to a build script through the environment")]
fn main() -> Result<(), Box<dyn Error>> {
    let dist = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../frontend-tracker/dist");
    println!("cargo::rerun-if-changed={}", dist.display());
    let mut names = Vec::new();
    if dist.is_dir() {
        for entry in fs::read_dir(&dist)? {
            names.extend(entry?.file_name().into_string());
        }
    }
    names.sort();
    let mut source = String::from("&[\n");
    for name in &names {
        println!("cargo::rerun-if-changed={}", dist.join(name).display());
        writeln!(source, "({name:?}, include_bytes!({:?}) as &[u8]),", fs::canonicalize(dist.join(name))?)?;
    }
    source.push(']');
    fs::write(Path::new(&env::var("OUT_DIR")?).join("assets.rs"), source)?;
    Ok(())
}
