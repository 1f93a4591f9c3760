//! Disks that can be filled, broken and stopped. They are mounted for the run, which takes root.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::tool;

/// Enough for the run, little enough to be filled at once.
const SMALL: &str = "size=24m";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Fills,
    Fails,
    Hangs,
}

/// A file system of its own.
pub(super) struct Disk {
    trouble: Trouble,
    /// A small memory file system: the disk itself, or what its image lies on.
    under: PathBuf,
    /// Where the data is.
    mounted: PathBuf,
}

impl Disk {
    /// A disk of a few megabytes.
    pub(super) fn small(root: &Path) -> Result<Self> {
        let under = memory(root, SMALL)?;
        Ok(Self {
            trouble: Trouble::Fills,
            mounted: under.clone(),
            under,
        })
    }

    /// An ext4 whose image has holes for blocks that nobody has written yet, on a file system that
    /// can be filled: from then on its writes fail, and it turns read-only as a failing disk's does.
    pub(super) fn failing(root: &Path) -> Result<Self> {
        Self::loop_mounted(root, Trouble::Fails)
    }

    /// An ext4 that can be frozen.
    pub(super) fn hanging(root: &Path) -> Result<Self> {
        Self::loop_mounted(root, Trouble::Hangs)
    }

    fn loop_mounted(root: &Path, trouble: Trouble) -> Result<Self> {
        let under = memory(root, "size=96m")?;
        let disk = Self {
            trouble,
            mounted: root.join("disk"),
            under,
        };
        std::fs::create_dir(&disk.mounted)?;
        let image = disk.image();
        std::fs::File::create(&image)?.set_len(64 << 20)?;
        tool("mkfs.ext4", &["-q", "-e", "remount-ro", text(&image)?])?;
        disk.mount()?;
        Ok(disk)
    }

    fn image(&self) -> PathBuf {
        self.under.join("image")
    }

    fn mount(&self) -> Result<()> {
        let (image, mounted) = (self.image(), &self.mounted);
        tool("mount", &["-o", "loop", text(&image)?, text(mounted)?])
    }

    pub(super) fn mounted(&self) -> &Path {
        &self.mounted
    }

    pub(super) fn begin(&self) -> Result<()> {
        match self.trouble {
            Trouble::Fills | Trouble::Fails => fill(&self.ballast()),
            Trouble::Hangs => tool("fsfreeze", &["--freeze", text(&self.mounted)?]),
        }
    }

    pub(super) fn end(&self) -> Result<()> {
        match self.trouble {
            Trouble::Fills | Trouble::Fails => Ok(std::fs::remove_file(self.ballast())?),
            Trouble::Hangs => tool("fsfreeze", &["--unfreeze", text(&self.mounted)?]),
        }
    }

    /// Does the end of the fault take another mount, which no running server survives?
    pub(super) fn needs_replacing(&self) -> bool {
        self.trouble == Trouble::Fails
    }

    /// Mends the disk: unmounts, checks and mounts it again.
    pub(super) fn replace(&self) -> Result<()> {
        self.end()?;
        let image = self.image();
        tool("umount", &[text(&self.mounted)?])?;
        // Exit code 1 says that something was mended, as it has to be.
        let _ = tool("fsck.ext4", &["-y", text(&image)?]);
        self.mount()
    }

    fn ballast(&self) -> PathBuf {
        self.under.join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // A frozen file system could not be unmounted; one that is not frozen refuses to thaw.
        let _ = self.end();
        for mounted in [&self.mounted, &self.under] {
            if let Ok(mounted) = text(mounted) {
                let _ = tool("umount", &["--lazy", mounted]);
            }
        }
    }
}

/// A memory file system below `root`.
fn memory(root: &Path, size: &str) -> Result<PathBuf> {
    let under = root.join("under");
    std::fs::create_dir(&under)?;
    tool(
        "mount",
        &["-t", "tmpfs", "-o", size, "torture", text(&under)?],
    )?;
    Ok(under)
}

/// Takes every byte that is left.
fn fill(ballast: &Path) -> Result<()> {
    use std::io::Write as _;
    let mut file = std::fs::File::create(ballast)?;
    for block in [vec![0_u8; 1 << 20], vec![0; 4096]] {
        while file.write_all(&block).is_ok() {}
    }
    Ok(())
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is not UTF-8")
}
