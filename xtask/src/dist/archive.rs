//! Archives whose bytes follow from their contents: no time of day, no owner, no order of a disk.

use std::collections::BTreeSet;
use std::io::Write as _;

use anyhow::Result;
use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

/// A file to be packed.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Below the root of the archive, without a slash in front.
    pub(crate) path: String,
    pub(crate) mode: u32,
    pub(crate) bytes: Vec<u8>,
}

impl Entry {
    /// A file that everybody may read.
    pub(crate) fn text(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            path: path.into(),
            mode: 0o644,
            bytes: bytes.into(),
        }
    }

    /// A program.
    pub(crate) fn program(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            mode: 0o755,
            ..Self::text(path, bytes)
        }
    }
}

/// A compressed tar archive of `entries` below a folder called `root`, each as old as `epoch` and
/// owned by nobody in particular.
pub(crate) fn tar_gz(
    root: &str,
    entries: &[Entry],
    epoch: u64,
    effort: Compression,
) -> Result<Vec<u8>> {
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by(|one, other| one.path.cmp(&other.path));
    let mut folders = BTreeSet::from([root.to_owned()]);
    for entry in &sorted {
        for (slash, _) in entry.path.match_indices('/') {
            folders.extend(
                entry
                    .path
                    .get(..slash)
                    .map(|folder| format!("{root}/{folder}")),
            );
        }
    }
    let mut tar = Builder::new(Vec::new());
    for folder in folders {
        let mut header = header(EntryType::Directory, 0o755, 0, epoch);
        tar.append_data(&mut header, format!("{folder}/"), std::io::empty())?;
    }
    for entry in sorted {
        let size = u64::try_from(entry.bytes.len())?;
        let mut header = header(EntryType::Regular, entry.mode, size, epoch);
        let path = format!("{root}/{}", entry.path);
        tar.append_data(&mut header, path, entry.bytes.as_slice())?;
    }
    gzip(&tar.into_inner()?, effort)
}

fn header(kind: EntryType, mode: u32, size: u64, epoch: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(epoch);
    header.set_uid(0);
    header.set_gid(0);
    header
}

/// Compresses `bytes`; neither a name nor a time is kept.
pub(crate) fn gzip(bytes: &[u8], effort: Compression) -> Result<Vec<u8>> {
    let mut gzip = GzBuilder::new().mtime(0).write(Vec::new(), effort);
    gzip.write_all(bytes)?;
    Ok(gzip.finish()?)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    fn entries() -> Vec<Entry> {
        vec![
            Entry::program("bin/hardtack", *b"\x7fELF"),
            Entry::text("README.md", "read me"),
            Entry::text("man/man1/hardtack.1", ".TH hardtack 1"),
        ]
    }

    #[test]
    fn the_same_files_give_the_same_bytes_in_whatever_order_they_come() {
        let pack = |entries: &[Entry], epoch| {
            tar_gz("hardtack-1.0.0", entries, epoch, Compression::best()).unwrap()
        };
        let first = pack(&entries(), 1_795_308_527);
        let mut reversed = entries();
        reversed.reverse();
        let again = pack(&reversed, 1_795_308_527);
        assert_eq!(first, again);
        let later = pack(&entries(), 1_795_308_528);
        assert_ne!(first, later, "the time is in it");
    }

    #[test]
    fn an_archive_holds_nothing_of_the_machine_it_was_made_on() {
        let packed = tar_gz(
            "hardtack-1.0.0",
            &entries(),
            1_795_308_527,
            Compression::fast(),
        );
        let packed = packed.unwrap();
        assert_eq!(packed[4..8], [0; 4], "gzip's own time");
        let mut archive = tar::Archive::new(GzDecoder::new(packed.as_slice()));
        let mut seen = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let header = entry.header();
            assert_eq!(header.mtime().unwrap(), 1_795_308_527);
            assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
            let mode = header.mode().unwrap();
            let path = entry.path().unwrap().display().to_string();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            seen.push((path, mode, text.len()));
        }
        let seen: Vec<_> = seen
            .iter()
            .map(|(path, mode, length)| (path.as_str(), *mode, *length))
            .collect();
        assert_eq!(
            seen,
            [
                ("hardtack-1.0.0/", 0o755, 0),
                ("hardtack-1.0.0/bin/", 0o755, 0),
                ("hardtack-1.0.0/man/", 0o755, 0),
                ("hardtack-1.0.0/man/man1/", 0o755, 0),
                ("hardtack-1.0.0/README.md", 0o644, 7),
                ("hardtack-1.0.0/bin/hardtack", 0o755, 4),
                ("hardtack-1.0.0/man/man1/hardtack.1", 0o644, 14),
            ]
        );
    }
}
