//! The Debian package, by `dpkg-deb`, which every Debian has.
//!
//! Not by cargo-deb: there is nothing here for it to find out, and `cargo xtask test` would have to
//! compile it on every machine before it could look at a package.

use std::fmt::Write as _;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use flate2::Compression;

use super::archive::Entry;
use super::binary::Needs;
use super::contents::packaging;
use super::release::Release;
use crate::command::{probe, read, run};
use crate::setup;

/// What dpkg runs before and after it moves files.
const SCRIPTS: &[&str] = &["postinst", "prerm", "postrm"];

/// Packs `entries` into a package in `folder`, and gives its path.
pub(crate) fn pack(
    release: &Release,
    needs: &Needs,
    entries: &[Entry],
    effort: Compression,
    folder: &Path,
) -> Result<PathBuf> {
    if setup::on_path("dpkg-deb").is_none() {
        setup::install(&["dpkg"])?;
    }
    let tree = folder.join("debian");
    std::fs::create_dir_all(&tree)?;
    std::fs::set_permissions(&tree, Permissions::from_mode(0o755))?;
    for entry in entries {
        write(&tree, entry)?;
    }
    for entry in information(release, needs, entries, &tree)? {
        write(&tree, &entry)?;
    }
    let version = release.debian_version();
    let architecture = release.debian_architecture()?;
    let package = folder.join(format!("hardtack_{version}_{architecture}.deb"));
    let mut build = Command::new("dpkg-deb");
    build.args(["--root-owner-group", "-Zxz"]);
    // Beyond 6 whoever installs it needs much more memory.
    build.arg(format!("-z{}", effort.level().min(6)));
    build.arg("--build");
    build.arg(&tree).arg(&package);
    // All files were written just now, so all of them get this time.
    run(build.env("SOURCE_DATE_EPOCH", release.epoch.to_string()))?;
    std::fs::remove_dir_all(&tree)?;
    Ok(package)
}

/// The files of `DEBIAN/`: what dpkg is told about the package.
fn information(
    release: &Release,
    needs: &Needs,
    entries: &[Entry],
    tree: &Path,
) -> Result<Vec<Entry>> {
    let control = String::from_utf8(packaging("debian/control")?)?;
    let bytes: usize = entries.iter().map(|entry| entry.bytes.len()).sum();
    let libraries = match needs.debian()? {
        none if none.is_empty() => none,
        libraries => format!("{libraries}, "),
    };
    let control = control
        .replace("@VERSION@", &release.debian_version())
        .replace("@ARCHITECTURE@", release.debian_architecture()?)
        .replace("@INSTALLED_SIZE@", &bytes.div_ceil(1024).to_string())
        .replace("@LIBRARIES@, ", &libraries);
    let mut sums = String::new();
    let is_sum = |entry: &&Entry| !entry.path.starts_with("etc/");
    for entry in entries.iter().filter(is_sum) {
        let sum = read(Command::new("md5sum").arg(tree.join(&entry.path)))?;
        let sum = sum.split_whitespace().next().unwrap_or_default();
        let _ = writeln!(sums, "{sum}  {}", entry.path);
    }
    let mut files = vec![
        Entry::text("DEBIAN/control", control),
        Entry::text("DEBIAN/conffiles", packaging("debian/conffiles")?),
        Entry::text("DEBIAN/md5sums", sums),
    ];
    for script in SCRIPTS {
        let text = packaging(&format!("debian/{script}"))?;
        files.push(Entry::program(format!("DEBIAN/{script}"), text));
    }
    Ok(files)
}

fn write(tree: &Path, entry: &Entry) -> Result<()> {
    let path = tree.join(&entry.path);
    let mut folder = tree.to_owned();
    for part in Path::new(&entry.path).parent().into_iter().flatten() {
        folder.push(part);
        if !folder.is_dir() {
            std::fs::create_dir(&folder)?;
            // Whatever the umask of the person who packs it.
            std::fs::set_permissions(&folder, Permissions::from_mode(0o755))?;
        }
    }
    std::fs::write(&path, &entry.bytes).with_context(|| path.display().to_string())?;
    std::fs::set_permissions(&path, Permissions::from_mode(entry.mode))?;
    Ok(())
}

/// Refuses a package that dpkg reads otherwise than it was meant.
pub(crate) fn verify(package: &Path, entries: &[Entry]) -> Result<()> {
    let ask = |option: &str| read(Command::new("dpkg-deb").arg(option).arg(package));
    let contents = ask("--contents")?;
    for entry in entries {
        let line = contents
            .lines()
            .find(|line| line.ends_with(&format!(" ./{}", entry.path)))
            .with_context(|| format!("{} lacks {}", package.display(), entry.path))?;
        let mode = if entry.mode == 0o755 {
            "-rwxr-xr-x"
        } else {
            "-rw-r--r--"
        };
        if !line.starts_with(&format!("{mode} root/root ")) {
            bail!("{}: wrong mode or owner: {line}", package.display());
        }
    }
    let control = ask("--info")?;
    if control.contains('@') && control.lines().any(|line| line.contains(": @")) {
        bail!(
            "{}: a placeholder was left in:\n{control}",
            package.display()
        );
    }
    for script in SCRIPTS {
        let path = crate::workspace::root()
            .join("packaging/debian")
            .join(script);
        if probe(Command::new("sh").arg("-n").arg(&path)).is_none() {
            bail!("{} is no shell script", path.display());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_control_file_names_version_machine_and_libraries() {
        let release = Release {
            version: "1.0.0-rc.1".to_owned(),
            target: "x86_64-unknown-linux-gnu".to_owned(),
            epoch: 0,
        };
        let scratch = tempfile::tempdir().unwrap();
        let entries = [Entry::program("usr/bin/hardtack", vec![0; 1025])];
        write(scratch.path(), &entries[0]).unwrap();
        let control = |needs: &Needs| {
            let files = information(&release, needs, &entries, scratch.path()).unwrap();
            String::from_utf8(files[0].bytes.clone()).unwrap()
        };
        let text = control(&Needs {
            libraries: vec!["libc.so.6".to_owned()],
            glibc: Some((2, 34)),
        });
        assert!(
            !text.contains('@') || text.matches('@').count() == 1,
            "{text}"
        );
        for line in [
            "Version: 1.0.0~rc.1-1",
            "Architecture: amd64",
            "Installed-Size: 2",
        ] {
            assert!(text.lines().any(|there| there == line), "{text}");
        }
        assert!(
            text.contains("Depends: libc6 (>= 2.34), systemd |"),
            "{text}"
        );
        let text = control(&Needs::default());
        assert!(text.contains("Depends: systemd |"), "{text}");
    }

    /// `dpkg-deb` stamps and owns what it packs; nothing of this run is in the package.
    #[test]
    fn a_package_made_twice_is_the_same() {
        if setup::on_path("dpkg-deb").is_none() {
            return;
        }
        let release = Release {
            version: "1.0.0".to_owned(),
            target: "x86_64-unknown-linux-gnu".to_owned(),
            epoch: 1_795_308_527,
        };
        let entries = [
            Entry::program("usr/bin/hardtack", *b"\x7fELF"),
            Entry::text("etc/hardtack/hardtack.toml", "[server]\n"),
        ];
        let made = || {
            let scratch = tempfile::tempdir().unwrap();
            let needs = Needs::default();
            let effort = Compression::best();
            let package = pack(&release, &needs, &entries, effort, scratch.path()).unwrap();
            verify(&package, &entries).unwrap();
            std::fs::read(package).unwrap()
        };
        let first = made();
        assert_eq!(first, made());
    }
}
