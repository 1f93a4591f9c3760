//! The data directory: the database, the keys, the pepper, and who may work with them.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// The file with the signing keys.
pub(crate) const KEYS: &str = "keys.json";

/// Everything that must outlive the process, in one place.
#[derive(Debug, Clone)]
pub(crate) struct DataDir(PathBuf);

/// Keeps others out until it is dropped, also when the process dies.
#[derive(Debug)]
#[must_use]
pub(crate) struct Lock {
    _file: File,
}

impl DataDir {
    /// The directory at `path`, made for its owner only (0700) if there is none.
    pub(crate) fn open_or_create(path: &Path) -> Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| format!("cannot create the data directory {}", path.display()))?;
        Self::open(path)
    }

    /// The directory at `path`, which must be there: a misspelt one is no empty one.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let metadata = match path.metadata() {
            Ok(metadata) if metadata.is_dir() => metadata,
            Ok(_) => bail!("{} is not a directory", path.display()),
            Err(error) if error.kind() == ErrorKind::NotFound => bail!(
                "there is no data directory {}; name it with --data-dir, or start the server once",
                path.display()
            ),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot open {}", path.display()));
            }
        };
        // Whoever may rename files in it may put their own key in the place of ours.
        let mode = metadata.permissions().mode();
        if mode & 0o002 != 0 {
            bail!(
                "everybody can write to {} (mode {:04o}); run: chmod 700 {}",
                path.display(),
                mode & 0o7777,
                path.display()
            );
        }
        // Only Linux tells a program who it is without a call into C.
        if let Ok(process) = Path::new("/proc/self").metadata() {
            refuse_root_abroad(path, metadata.uid(), process.uid())?;
        }
        Ok(Self(path.to_owned()))
    }

    /// The directory at `path` before anything is made: refused like one that is opened, and no
    /// matter if it is not there yet.
    pub(crate) fn look_at(path: &Path) -> Result<Self> {
        match path.try_exists() {
            Ok(false) => Ok(Self(path.to_owned())),
            _ => Self::open(path),
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// A file of it; an absolute `name` stays what it is.
    pub(crate) fn file(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }

    /// Makes this process the one server of the directory. Two would each keep half of the
    /// revocations and rate limits in memory.
    pub(crate) fn lock_for_serving(&self) -> Result<Lock> {
        let mut file = self.lock_file("server.lock")?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut owner = String::new();
                let _ = file.take(20).read_to_string(&mut owner);
                bail!(
                    "another server (process {}) uses {}; stop it, or give this one a --data-dir of its own",
                    owner.trim(),
                    self.0.display()
                );
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).context("cannot lock the data directory");
            }
        }
        // For the message above only; the lock is the kernel's.
        file.set_len(0)?;
        writeln!(file, "{}", std::process::id())?;
        Ok(Lock { _file: file })
    }

    /// Marks the directory as one of `--dev`, which gives its user `demo` a password that it prints:
    /// a directory that a production server keeps its keys in is not its to play with.
    pub(crate) fn claim_for_dev(&self) -> Result<()> {
        let mark = self.file("dev");
        if mark.exists() {
            return Ok(());
        }
        if self.file(KEYS).exists() {
            bail!(
                "{} belongs to a server that is not --dev; give this one a --data-dir of its own",
                self.0.display()
            );
        }
        File::create(&mark).with_context(|| format!("cannot create {}", mark.display()))?;
        Ok(())
    }

    /// Waits for the turn to read and change keys: of two changes at once, neither is lost.
    pub(crate) fn lock_keys(&self) -> Result<Lock> {
        let file = self.lock_file("keys.lock")?;
        file.lock().context("cannot lock the keys")?;
        Ok(Lock { _file: file })
    }

    fn lock_file(&self, name: &str) -> Result<File> {
        let path = self.file(name);
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))
    }
}

/// Keeps root out of a directory of somebody else: the keys that root makes there are for root only,
/// and the service, which runs as the owner, could not read them at its next start.
fn refuse_root_abroad(path: &Path, owner: u32, process: u32) -> Result<()> {
    if process == 0 && owner != 0 {
        bail!(
            "{} belongs to user {owner}, who could not read what root writes there; run this as that user, as in: runuser -u \"$(stat -c %U {})\" -- hardtack …",
            path.display(),
            path.display()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_created_is_for_its_owner_only() {
        let root = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open_or_create(&root.path().join("a/b")).unwrap();
        assert_eq!(mode(data_dir.path()), 0o700);
        let _lock = data_dir.lock_keys().unwrap();
        assert_eq!(mode(&data_dir.file("keys.lock")), 0o600);
    }

    /// A neighbour on the machine could swap the signing key.
    #[test]
    fn a_directory_that_everybody_writes_to_is_refused_with_the_remedy() {
        let root = tempfile::tempdir().unwrap();
        std::fs::set_permissions(root.path(), Permissions::from_mode(0o777)).unwrap();
        let path = root.path().display().to_string();
        let error = DataDir::open_or_create(root.path())
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            format!("everybody can write to {path} (mode 0777); run: chmod 700 {path}")
        );
    }

    /// `sudo hardtack key rotate` would leave keys behind that the service cannot read.
    #[test]
    fn root_does_not_work_in_the_directory_of_another_user() {
        let path = Path::new("/var/lib/hardtack");
        let error = refuse_root_abroad(path, 998, 0).unwrap_err().to_string();
        assert!(
            error.starts_with("/var/lib/hardtack belongs to user 998, ")
                && error.contains("runuser -u"),
            "{error}"
        );
        assert!(refuse_root_abroad(path, 0, 0).is_ok());
        assert!(refuse_root_abroad(path, 998, 998).is_ok());
        let shared = refuse_root_abroad(path, 998, 1000);
        assert!(shared.is_ok(), "permissions decide between others");
    }

    #[test]
    fn a_misspelt_directory_is_not_created() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("hardtack-dta");
        assert!(DataDir::open(&path).is_err());
        assert!(!path.exists());
    }

    #[test]
    fn dev_does_not_touch_what_a_production_server_made() {
        let root = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open_or_create(root.path()).unwrap();
        assert!(data_dir.claim_for_dev().is_ok());
        std::fs::write(data_dir.file(KEYS), "{}").unwrap();
        assert!(data_dir.claim_for_dev().is_ok(), "it made the keys itself");
        std::fs::remove_file(data_dir.file("dev")).unwrap();
        let error = data_dir.claim_for_dev().unwrap_err().to_string();
        assert!(error.contains("--data-dir of its own"), "{error}");
    }

    #[test]
    fn a_second_server_is_told_who_the_first_is() {
        let root = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open_or_create(root.path()).unwrap();
        let first = data_dir.lock_for_serving().unwrap();
        let error = data_dir.lock_for_serving().unwrap_err().to_string();
        let process = format!("another server (process {}) uses ", std::process::id());
        assert!(error.starts_with(&process), "{error}");
        drop(first);
        assert!(data_dir.lock_for_serving().is_ok());
    }
}
