//! Identifies the installation by a random UUID in `instance.uuid`.

use std::{fs, io, path::Path};

use anyhow::Context;
use uuid::Uuid;

use crate::disk::{Directory, write_whole};

const FILE: &str = "instance.uuid";

/// The UUID that another program made for this installation; `None` where there is none.
pub(super) fn load(data_dir: &Path) -> Option<Uuid> {
    parse(&fs::read(data_dir.join(FILE)).ok()?)
}

/// The UUID of this installation, made at its first start.
///
/// A file that does not hold a UUID is kept as `instance.uuid.damaged`, and a new UUID is made: statistics are no reason
/// for a product not to start.
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
                .context("the damaged instance.uuid in the data directory cannot be set aside")?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).context("instance.uuid in the data directory cannot be read"),
    }
    let uuid = Uuid::new_v4();
    store(data_dir, uuid)?;
    Ok(uuid)
}

/// Writes the UUID of this installation, in the place of an existing one.
pub(super) fn store(data_dir: &Path, uuid: Uuid) -> anyhow::Result<()> {
    write_whole(&Directory::new(data_dir), ".", FILE, uuid.to_string().as_bytes())
        .context("instance.uuid cannot be written to the data directory")
}

/// The UUID in a file, white space around it ignored. The nil UUID is nobody's.
fn parse(bytes: &[u8]) -> Option<Uuid> {
    let uuid: Uuid = std::str::from_utf8(bytes).ok()?.trim().parse().ok()?;
    (!uuid.is_nil()).then_some(uuid)
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
