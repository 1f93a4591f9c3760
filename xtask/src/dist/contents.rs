//! What is packed, and where it goes: the archive's folders and Debian's.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use flate2::Compression;

use super::archive::{Entry, gzip};
use super::release::Release;
use crate::command::read;
use crate::workspace;

/// A file's name and what is in it.
type Named = (String, Vec<u8>);

/// Everything that comes with the binary.
#[derive(Debug)]
pub(crate) struct Contents {
    binary: Vec<u8>,
    /// `man1/hardtack.1` and so on.
    manual: Vec<Named>,
    completions: Vec<(Shell, Vec<u8>)>,
    licences: String,
}

/// A shell, and what it calls the file that completes `hardtack`.
#[derive(Debug, Clone, Copy)]
struct Shell {
    name: &'static str,
    file: &'static str,
    /// Where a Debian package puts it; the others have no place there.
    debian: Option<&'static str>,
}

const SHELLS: &[Shell] = &[
    Shell {
        name: "bash",
        file: "hardtack.bash",
        debian: Some("usr/share/bash-completion/completions/hardtack"),
    },
    Shell {
        name: "zsh",
        file: "_hardtack",
        debian: Some("usr/share/zsh/vendor-completions/_hardtack"),
    },
    Shell {
        name: "fish",
        file: "hardtack.fish",
        debian: Some("usr/share/fish/vendor_completions.d/hardtack.fish"),
    },
    Shell {
        name: "powershell",
        file: "_hardtack.ps1",
        debian: None,
    },
    Shell {
        name: "elvish",
        file: "hardtack.elv",
        debian: None,
    },
];

impl Contents {
    /// Of `binary`, which writes its manual and its completions itself; the manual goes through the
    /// folder `pages`.
    pub(crate) fn of(binary: &Path, pages: &Path, licences: String) -> Result<Self> {
        if pages.exists() {
            // A page of a command that is gone.
            std::fs::remove_dir_all(pages)?;
        }
        read(Command::new(binary).arg("man").arg(pages))?;
        let mut completions = Vec::new();
        for &shell in SHELLS {
            let script = read(Command::new(binary).args(["completions", shell.name]))?;
            completions.push((shell, script.into_bytes()));
        }
        Ok(Self {
            binary: std::fs::read(binary).with_context(|| binary.display().to_string())?,
            manual: files_in(pages)?,
            completions,
            licences,
        })
    }

    /// For the archive that is unpacked anywhere.
    pub(crate) fn for_archive(&self) -> Result<Vec<Entry>> {
        let mut entries = vec![
            Entry::program("hardtack", self.binary.clone()),
            Entry::text("hardtack.toml", packaging("hardtack.toml")?),
            Entry::text(
                "systemd/hardtack.service",
                packaging("systemd/hardtack.service")?,
            ),
            Entry::text(
                "systemd/hardtack.sysusers",
                packaging("systemd/hardtack.sysusers")?,
            ),
            Entry::text("THIRD-PARTY-LICENSES.txt", self.licences.as_bytes()),
        ];
        for name in [
            "README.md",
            "CHANGELOG.md",
            "SECURITY.md",
            "LICENSE-MIT",
            "LICENSE-APACHE",
            "docs/configuration.md",
            "docs/deployment.md",
        ] {
            entries.push(Entry::text(name, source(name)?));
        }
        for (path, page) in &self.manual {
            entries.push(Entry::text(format!("man/{path}"), page.clone()));
        }
        for (shell, script) in &self.completions {
            let path = format!("completions/{}", shell.file);
            entries.push(Entry::text(path, script.clone()));
        }
        Ok(entries)
    }

    /// For a Debian package, as its policy wants it.
    pub(crate) fn for_debian(&self, release: &Release) -> Result<Vec<Entry>> {
        let documents = "usr/share/doc/hardtack";
        let document = |name: &str| format!("{documents}/{name}");
        let history = String::from_utf8(packaging("debian/changelog")?)?
            .replace("@VERSION@", &release.debian_version())
            .replace("@DATE@", &release.date("%a, %d %b %Y %H:%M:%S +0000")?);
        let mut entries = vec![
            Entry::program("usr/bin/hardtack", self.binary.clone()),
            Entry::text("etc/hardtack/hardtack.toml", packaging("hardtack.toml")?),
            Entry::text(
                "usr/lib/systemd/system/hardtack.service",
                packaging("systemd/hardtack.service")?,
            ),
            Entry::text(
                "usr/lib/sysusers.d/hardtack.conf",
                packaging("systemd/hardtack.sysusers")?,
            ),
            Entry::text(document("copyright"), packaging("debian/copyright")?),
            Entry::text(
                document("changelog.gz"),
                gzip(&source("CHANGELOG.md")?, Compression::best())?,
            ),
            Entry::text(
                document("changelog.Debian.gz"),
                gzip(history.as_bytes(), Compression::best())?,
            ),
            Entry::text(
                document("THIRD-PARTY-LICENSES.txt"),
                self.licences.as_bytes(),
            ),
        ];
        for name in [
            "README.md",
            "LICENSE-MIT",
            "docs/configuration.md",
            "docs/deployment.md",
        ] {
            let file = name.rsplit('/').next().unwrap_or(name);
            entries.push(Entry::text(document(file), source(name)?));
        }
        for (path, page) in &self.manual {
            entries.push(Entry::text(
                format!("usr/share/man/{path}.gz"),
                gzip(page, Compression::best())?,
            ));
        }
        for (shell, script) in &self.completions {
            if let Some(path) = shell.debian {
                entries.push(Entry::text(path, script.clone()));
            }
        }
        Ok(entries)
    }
}

fn source(name: &str) -> Result<Vec<u8>> {
    let path = workspace::root().join(name);
    std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
}

/// A file of the folder `packaging`.
pub(crate) fn packaging(name: &str) -> Result<Vec<u8>> {
    source(&format!("packaging/{name}"))
}

/// The files two steps down, named from `folder`.
fn files_in(folder: &Path) -> Result<Vec<Named>> {
    let list = |folder: &Path| -> Result<Vec<PathBuf>> {
        let entries = folder
            .read_dir()
            .with_context(|| folder.display().to_string())?;
        let mut paths = entries
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<Vec<_>>>()?;
        paths.sort();
        Ok(paths)
    };
    let mut files = Vec::new();
    for section in list(folder)? {
        for file in list(&section)? {
            let name = file.strip_prefix(folder)?.display().to_string();
            files.push((name, std::fs::read(&file)?));
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents() -> Contents {
        Contents {
            binary: b"\x7fELF".to_vec(),
            manual: vec![("man1/hardtack.1".to_owned(), b".TH".to_vec())],
            completions: SHELLS.iter().map(|&shell| (shell, Vec::new())).collect(),
            licences: "MIT".to_owned(),
        }
    }

    fn paths(entries: &[Entry]) -> Vec<&str> {
        entries.iter().map(|entry| entry.path.as_str()).collect()
    }

    #[test]
    fn a_debian_package_has_everything_where_debian_looks_for_it() {
        let release = Release {
            version: "1.0.0".to_owned(),
            target: "x86_64-unknown-linux-gnu".to_owned(),
            epoch: 1_795_308_527,
        };
        let entries = contents().for_debian(&release).unwrap();
        let paths = paths(&entries);
        for path in [
            "usr/bin/hardtack",
            "etc/hardtack/hardtack.toml",
            "usr/lib/systemd/system/hardtack.service",
            "usr/lib/sysusers.d/hardtack.conf",
            "usr/share/man/man1/hardtack.1.gz",
            "usr/share/bash-completion/completions/hardtack",
            "usr/share/doc/hardtack/copyright",
            "usr/share/doc/hardtack/deployment.md",
        ] {
            assert!(paths.contains(&path), "{path}: {paths:?}");
        }
        let conffiles = packaging("debian/conffiles").unwrap();
        for conffile in String::from_utf8(conffiles).unwrap().lines() {
            assert!(
                paths.contains(&conffile.trim_start_matches('/')),
                "{conffile}"
            );
        }
    }

    #[test]
    fn an_archive_has_what_a_stranger_needs_to_run_it() {
        let entries = contents().for_archive().unwrap();
        let paths = paths(&entries);
        for path in [
            "hardtack",
            "hardtack.toml",
            "README.md",
            "LICENSE-MIT",
            "LICENSE-APACHE",
            "THIRD-PARTY-LICENSES.txt",
            "man/man1/hardtack.1",
            "completions/hardtack.bash",
            "completions/_hardtack.ps1",
            "systemd/hardtack.service",
            "docs/deployment.md",
        ] {
            assert!(paths.contains(&path), "{path}: {paths:?}");
        }
        let programs: Vec<_> = entries.iter().filter(|entry| entry.mode == 0o755).collect();
        assert_eq!(programs.len(), 1);
    }
}
