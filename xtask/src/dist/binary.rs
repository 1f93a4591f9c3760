//! The binary that is shipped, and what it asks of the machine it runs on.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::release::Release;
use crate::command::{read, run, say};
use crate::workspace::{self, cargo};

/// More would have to be explained (docs/benchmarks.md, B10).
const MAX_BYTES: u64 = 15_000_000;

/// Builds the binary in the profile `dist` and gives its path.
pub(crate) fn build(release: &Release) -> Result<PathBuf> {
    let target = &release.target;
    let mut build = cargo();
    build.args(["build", "--locked", "--profile", "dist", "--target", target]);
    build.args(["--package", "hardtack-server"]);
    // Where it was built is nobody's business, and differs from one builder to the next.
    let places = [
        (cargo_home()?, "/cargo"),
        (workspace::root().to_owned(), "/hardtack"),
    ];
    let mut for_rust = std::env::var("RUSTFLAGS").unwrap_or_default();
    let mut for_c = std::env::var("CFLAGS").unwrap_or_default();
    for (place, name) in places {
        let place = place.display();
        for_rust = format!("{for_rust} --remap-path-prefix={place}={name}");
        for_c = format!("{for_c} -ffile-prefix-map={place}={name}");
    }
    build.env("RUSTFLAGS", for_rust.trim());
    build.env("CFLAGS", for_c.trim());
    run(&mut build)?;
    Ok(workspace::target()?.join(target).join("dist/hardtack"))
}

/// Refuses a binary that does not start, is of another version, or has grown too big.
pub(crate) fn verify(binary: &Path, release: &Release) -> Result<()> {
    let said = read(Command::new(binary).arg("--version"))?;
    if said.trim() != format!("hardtack {}", release.version) {
        bail!("{} says it is {:?}", binary.display(), said.trim());
    }
    let bytes = binary.metadata()?.len();
    if bytes > MAX_BYTES {
        bail!(
            "{} has {bytes} bytes; {MAX_BYTES} is the limit",
            binary.display()
        );
    }
    let megabytes = bytes / 1_000_000;
    let rest = bytes % 1_000_000 / 10_000;
    say(&format!("{}: {megabytes}.{rest:02} MB", binary.display()));
    Ok(())
}

/// What the binary wants from outside.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// Shared libraries, as in `libc.so.6`.
    pub(crate) libraries: Vec<String>,
    /// The oldest glibc that has all that it calls.
    pub(crate) glibc: Option<(u32, u32)>,
}

impl Needs {
    /// Reads them from the ELF file.
    pub(crate) fn of(binary: &Path) -> Result<Self> {
        let headers = read(Command::new("objdump").arg("-p").arg(binary))
            .context("objdump is Debian's package binutils")?;
        Ok(Self::parse(&headers))
    }

    /// From what `objdump -p` prints.
    fn parse(headers: &str) -> Self {
        let mut needs = Self::default();
        for line in headers.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                ["NEEDED", library] => needs.libraries.push(library.to_owned()),
                [_, _, _, symbols] => {
                    let version = symbols.strip_prefix("GLIBC_").and_then(version);
                    needs.glibc = needs.glibc.max(version);
                }
                _ => {}
            }
        }
        needs
    }

    /// Debian's words for them, for `Depends:`.
    pub(crate) fn debian(&self) -> Result<String> {
        let mut packages = Vec::new();
        if let Some((major, minor)) = self.glibc {
            packages.push(format!("libc6 (>= {major}.{minor})"));
        }
        for library in &self.libraries {
            match library.as_str() {
                "libc.so.6" | "libm.so.6" => {}
                "libgcc_s.so.1" => packages.push("libgcc-s1".to_owned()),
                loader if loader.starts_with("ld-linux") => {}
                other => bail!("the binary wants {other}, which nobody meant it to"),
            }
        }
        Ok(packages.join(", "))
    }

    /// One line for people.
    pub(crate) fn summary(&self) -> String {
        match self.glibc {
            Some((major, minor)) => format!(
                "wants glibc {major}.{minor} or newer, and {}",
                self.libraries.join(", ")
            ),
            None => "static: wants nothing but the kernel".to_owned(),
        }
    }
}

fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split('.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

fn cargo_home() -> Result<PathBuf> {
    if let Some(home) = std::env::var_os("CARGO_HOME") {
        return Ok(home.into());
    }
    let home = std::env::home_dir().context("neither CARGO_HOME nor HOME is set")?;
    Ok(home.join(".cargo"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADERS: &str = "
Dynamic Section:
  NEEDED               libgcc_s.so.1
  NEEDED               libc.so.6
  NEEDED               ld-linux-x86-64.so.2
  INIT                 0x0000000000001000

Version References:
  required from libgcc_s.so.1:
    0x09276060 0x00 23 GCC_4.2.0
  required from libc.so.6:
    0x09691a75 0x00 03 GLIBC_2.2.5
    0x069691b4 0x00 02 GLIBC_2.34
    0x0d696919 0x00 10 GLIBC_2.9
";

    #[test]
    fn the_newest_symbol_decides_which_glibc_is_old_enough() {
        let needs = Needs::parse(HEADERS);
        assert_eq!(needs.glibc, Some((2, 34)), "2.9 is older than 2.34");
        assert_eq!(needs.debian().unwrap(), "libc6 (>= 2.34), libgcc-s1");
        assert!(needs.summary().starts_with("wants glibc 2.34 or newer"));
    }

    #[test]
    fn a_static_binary_wants_nothing() {
        let needs = Needs::parse("Dynamic Section:\n  FLAGS_1  0x08000000\n");
        assert_eq!(needs, Needs::default());
        assert_eq!(needs.debian().unwrap(), "");
    }

    /// OpenSSL must not come in by a dependency's default feature.
    #[test]
    fn a_library_that_nobody_meant_stops_the_release() {
        let needs = Needs::parse("  NEEDED   libssl.so.3\n");
        assert!(
            needs
                .debian()
                .unwrap_err()
                .to_string()
                .contains("libssl.so.3")
        );
    }
}
