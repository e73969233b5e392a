//! Identifies the installation by a random UUID in `instance.uuid`, in the data directory.

use std::{fs, io, path::Path};

use anyhow::Context;
use headcount_platform::disk::{DiskDirectory, write_whole};
use uuid::Uuid;

use crate::report::spool::NEVER_DELIVERED;

const FILE: &str = "instance.uuid";

/// The UUID of this installation, made at its first start.
///
/// A file without a valid UUID is renamed to `instance.uuid.damaged`, and a new UUID is made, because
/// statistics must not keep a product from starting.
pub(super) fn load_or_create(data_dir: &Path) -> anyhow::Result<Uuid> {
    match fs::read(data_dir.join(FILE)) {
        Ok(bytes) => {
            if let Some(uuid) = parse(&bytes) {
                return Ok(uuid);
            }
            tracing::warn!(
                "instance.uuid holds no UUID; it is kept as instance.uuid.damaged and a new one is made"
            );
            fs::rename(data_dir.join(FILE), data_dir.join(format!("{FILE}.damaged")))
                .context("cannot rename the damaged instance.uuid in the data directory")?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).context("instance.uuid in the data directory cannot be read"),
    }
    create(data_dir)
}

/// The UUID of this installation; `None` if there is none yet.
pub(super) fn load(data_dir: &Path) -> anyhow::Result<Option<Uuid>> {
    match fs::read(data_dir.join(FILE)) {
        Ok(bytes) => Ok(parse(&bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).context("instance.uuid in the data directory cannot be read"),
    }
}

/// Makes a new UUID, under which nothing was delivered yet, and replaces an existing one.
pub(super) fn create(data_dir: &Path) -> anyhow::Result<Uuid> {
    let uuid = Uuid::new_v4();
    write_whole(&DiskDirectory::new(data_dir), ".", NEVER_DELIVERED, b"")
        .with_context(|| format!("{NEVER_DELIVERED} cannot be written to the data directory"))?;
    store(data_dir, uuid)?;
    Ok(uuid)
}

/// Writes the UUID of this installation and replaces an existing one.
pub(super) fn store(data_dir: &Path, uuid: Uuid) -> anyhow::Result<()> {
    write_whole(&DiskDirectory::new(data_dir), ".", FILE, uuid.to_string().as_bytes())
        .context("instance.uuid cannot be written to the data directory")
}

/// The UUID in a file, in UTF-8, or in UTF-16 with a byte order mark, as editors write it. White space and
/// the mark are ignored. The nil UUID is invalid.
fn parse(bytes: &[u8]) -> Option<Uuid> {
    let text = text(bytes)?;
    let uuid: Uuid = text.trim_start_matches('\u{feff}').trim().parse().ok()?;
    (!uuid.is_nil()).then_some(uuid)
}

fn text(bytes: &[u8]) -> Option<String> {
    let utf16 = |read: fn([u8; 2]) -> u16| {
        let (units, rest) = bytes.as_chunks();
        let units: Vec<u16> = units.iter().copied().map(read).collect();
        String::from_utf16(&units).ok().filter(|_| rest.is_empty())
    };
    match bytes {
        [0xff, 0xfe, ..] => utf16(u16::from_le_bytes),
        [0xfe, 0xff, ..] => utf16(u16::from_be_bytes),
        _ => String::from_utf8(bytes.to_vec()).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uuid_is_made_once() {
        let dir = tempfile::tempdir().unwrap();
        let uuid = load_or_create(dir.path()).unwrap();
        assert_eq!(uuid.get_version_num(), 4);
        assert_eq!(load_or_create(dir.path()).unwrap(), uuid);
        assert_eq!(fs::read_to_string(dir.path().join(FILE)).unwrap(), uuid.to_string());
    }

    #[test]
    fn a_uuid_that_coroot_wrote_is_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), "4423595b-9d97-4e01-a19f-8e3d60c83b2a\n").unwrap();
        assert_eq!(load_or_create(dir.path()).unwrap().to_string(), "4423595b-9d97-4e01-a19f-8e3d60c83b2a");
    }

    #[test]
    fn a_file_that_an_editor_saved_is_no_new_installation() {
        const UUID: &str = "4423595b-9d97-4e01-a19f-8e3d60c83b2a";
        let utf16 = format!("\u{feff}{UUID}\r\n").encode_utf16().collect::<Vec<_>>();
        let (little, big): (Vec<_>, Vec<_>) =
            utf16.iter().map(|unit| (unit.to_le_bytes(), unit.to_be_bytes())).unzip();
        for content in [
            format!("{UUID}\r\n").into_bytes(),
            format!("\u{feff}{UUID}").into_bytes(),
            format!("\u{feff}{UUID}\r\n\r\n").into_bytes(),
            format!(" \t{}\n", UUID.to_uppercase()).into_bytes(),
            format!("{{{UUID}}}").into_bytes(),
            little.concat(),
            big.concat(),
        ] {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join(FILE), &content).unwrap();
            assert_eq!(load_or_create(dir.path()).unwrap().to_string(), UUID, "{content:?}");
        }
    }

    #[test]
    fn a_damaged_file_is_kept_aside() {
        for content in [&b""[..], b"not a uuid", b"\xff\xff", b"00000000-0000-0000-0000-000000000000"] {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join(FILE), content).unwrap();
            let uuid = load_or_create(dir.path()).unwrap();
            assert_eq!(load_or_create(dir.path()).unwrap(), uuid);
            assert_eq!(fs::read(dir.path().join("instance.uuid.damaged")).unwrap(), content);
        }
    }
}
