//! Files with secrets in them: read only if nobody else can read them, and written whole or not
//! at all.

use std::fs::{File, Metadata};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use hardtack_core::Secret;

/// A file of keys has a few kilobytes. Anything much longer is another file.
const MAX_BYTES: u64 = 256 * 1024;

/// Whether a secret was found, or had to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// From an earlier start.
    There,
    /// There was none.
    MadeNow,
}

/// Reads a file that holds a secret. `None` when there is none.
///
/// Refuses one that others can read or write (docs/threat-model.md SV-6): what they have read is no secret
/// any more, and nothing that is done here would make it one again.
pub(crate) fn read_private(path: &Path) -> Result<Option<Secret<String>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    // Asked of the open file, so that it cannot be exchanged in between.
    refuse_mode(path, &file.metadata()?)?;
    let mut text = String::new();
    file.take(MAX_BYTES)
        .read_to_string(&mut text)
        .with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Some(Secret::new(text)))
}

/// Refuses a file that others can read or write, for whoever reads it otherwise than by
/// [`read_private`]. None is fine: it will be made for its owner.
pub(crate) fn refuse_open(path: &Path) -> Result<()> {
    match path.metadata() {
        Ok(metadata) => refuse_mode(path, &metadata),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn refuse_mode(path: &Path, metadata: &Metadata) -> Result<()> {
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        bail!(
            "others can read {} (mode {mode:04o}); run: chmod 600 {}",
            path.display(),
            path.display()
        );
    }
    Ok(())
}

/// Replaces the file at `path`, for its owner only. After a crash there is the old one or the new
/// one, and after `Ok` the new one for certain.
pub(crate) fn write_private(path: &Path, text: &Secret<String>) -> Result<()> {
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let write = || -> std::io::Result<()> {
        // 0600 from the start: `tempfile` opens it so.
        let mut temporary = tempfile::NamedTempFile::new_in(directory)?;
        temporary.write_all(text.expose_secret().as_bytes())?;
        temporary.as_file().sync_all()?;
        temporary.persist(path)?;
        // The rename itself is only on the disk when the directory is.
        File::open(directory)?.sync_all()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;

    /// docs/threat-model.md SV-6: a key that a neighbour can read is refused, with the command that helps.
    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_remedy() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        write_private(&path, &Secret::new("x".to_owned())).unwrap();
        assert!(read_private(&path).unwrap().is_some());
        for mode in [0o640, 0o604, 0o620, 0o644, 0o777] {
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let path = path.display();
            assert_eq!(
                read_private(&directory.path().join("secret"))
                    .unwrap_err()
                    .to_string(),
                format!("others can read {path} (mode {mode:04o}); run: chmod 600 {path}")
            );
        }
        std::fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
        assert!(read_private(&path).unwrap().is_some());
    }

    #[test]
    fn writing_replaces_the_file_and_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        for text in ["one", "two"] {
            write_private(&path, &Secret::new(text.to_owned())).unwrap();
            assert_eq!(read_private(&path).unwrap().unwrap().expose_secret(), text);
        }
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(directory.path().read_dir().unwrap().count(), 1);
    }

    #[test]
    fn no_file_is_no_error() {
        let directory = tempfile::tempdir().unwrap();
        assert!(
            read_private(&directory.path().join("secret"))
                .unwrap()
                .is_none()
        );
    }
}
