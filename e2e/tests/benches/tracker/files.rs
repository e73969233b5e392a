//! Loads the measured files: the tracker as it was built, and the control bundled as a product would bundle
//! it.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, ensure};

/// The directory of this package.
const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// A file in the three encodings in which it may be sent.
#[derive(Debug, Clone)]
pub(crate) struct AssetVariants {
    pub(crate) plain: Vec<u8>,
    pub(crate) gzip: Vec<u8>,
    pub(crate) brotli: Vec<u8>,
}

/// The files that the measured pages load.
#[derive(Debug, Clone)]
pub(crate) struct PageAssets {
    pub(crate) script: AssetVariants,
    /// The script of the npm package.
    pub(crate) copy: AssetVariants,
    pub(crate) program: AssetVariants,
    pub(crate) control: AssetVariants,
}

impl PageAssets {
    /// Reads the built tracker, and bundles the control.
    ///
    /// # Errors
    /// The tracker was not built, or `esbuild` is not installed.
    pub(crate) fn built() -> anyhow::Result<Self> {
        let dist = frontend().join("dist");
        let taken = |name: &str| {
            let form = |ending: &str| read(&dist.join(format!("{name}{ending}")));
            anyhow::Ok(AssetVariants { plain: form("")?, gzip: form(".gz")?, brotli: form(".br")? })
        };
        let script = taken("tracker.js")?;
        let program = taken("tracker_bg.wasm")?;
        let copy = AssetVariants::compressed(read(&frontend().join("npm/script.js"))?)?;
        Ok(Self { script, copy, program, control: AssetVariants::compressed(control()?)? })
    }
}

impl AssetVariants {
    /// Compresses a file as strongly as it can be.
    pub(crate) fn compressed(plain: Vec<u8>) -> anyhow::Result<Self> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&plain)?;
        let gzip = encoder.finish()?;
        let strongest = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 24, ..Default::default() };
        let mut brotli = Vec::new();
        brotli::BrotliCompress(&mut plain.as_slice(), &mut brotli, &strongest)?;
        Ok(Self { plain, gzip, brotli })
    }
}

/// The package that the tracker is built in.
pub(crate) fn frontend() -> PathBuf {
    Path::new(HERE).join("../../frontend-tracker")
}

/// Reads a built file.
///
/// # Errors
/// It was not built. The error names the command that builds it.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{} is missing; `.ci/wasm` builds it", path.display()))
}

/// Bundles the control with the options of the tracker's script.
fn control() -> anyhow::Result<Vec<u8>> {
    let source = Path::new(HERE).join("benches/tracker/control.js");
    let options = ["--minify", "--format=esm", "--target=es2021", "--log-level=warning"];
    let output = Command::new("esbuild").arg(source).args(options).output();
    let output = output.context("`esbuild` is not installed; `.ci/install build` installs it")?;
    ensure!(output.status.success(), "esbuild: {}", String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}
