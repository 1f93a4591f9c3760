//! `cargo xtask dist`: everything that a release consists of, in target/dist/.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use flate2::Compression;

use crate::command::{read, run as call, say};
use crate::{setup, workspace};
use binary::Needs;
use contents::Contents;
use release::Release;

mod archive;
mod binary;
mod contents;
mod debian;
mod ingredients;
mod licences;
mod release;
mod sbom;

/// Below `cargo xtask dist --help`.
pub(crate) const HELP: &str = "\
What comes out, in target/dist/hardtack-VERSION-TARGET/:

  hardtack-VERSION-TARGET.tar.gz     the stripped binary, manual pages, completions, the unit of
                                     systemd, an example configuration, licences
  hardtack_VERSION-1_ARCH.deb        the same for Debian and Ubuntu, with a user and a sandbox
  hardtack-VERSION-TARGET.cdx.json   which crates are in the binary (CycloneDX)
  SHA256SUMS                         for `sha256sum -c SHA256SUMS`

The binary is static (musl) where rustc and a C compiler for that are installed, and otherwise
linked with glibc; the oldest glibc it runs on is printed. All times in the packages are that of the
commit, or SOURCE_DATE_EPOCH: packed twice, they are the same bytes. The build takes some minutes.

The container is built from packaging/Containerfile, which says how in its first lines.

Examples:
  cargo xtask dist                                      for machines like this one
  cargo xtask dist --target x86_64-unknown-linux-musl   static, or an error";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Build for this target instead of choosing one
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let started = Instant::now();
    let (target, why) = release::choose_target(arguments.target.as_deref())?;
    let release = Release::of_checkout(target)?;
    say(&format!("{}: {why}", release.name()));
    release.remark_on_checkout();

    say("\n[1/4] the binary, in the profile `dist`; some minutes");
    let binary = binary::build(&release)?;

    say("\n[2/4] does it start, and what does it want");
    binary::verify(&binary, &release)?;

    say("\n[3/4] manual, completions, licences, archive, package, bill of materials");
    let folder = workspace::target()?.join("dist").join(release.name());
    let packed = Materials::of(&binary, release)?.pack(Compression::best(), &folder)?;

    say("\n[4/4] sums");
    let sums = packed.sums()?;
    std::fs::write(folder.join("SHA256SUMS"), &sums)?;
    say(&sums);
    for file in &packed.files {
        let kilobytes = file.metadata()?.len().div_ceil(1000);
        say(&format!("{kilobytes:>7} kB  {}", file.display()));
    }
    say(&format!("done in {} s", started.elapsed().as_secs()));
    Ok(ExitCode::SUCCESS)
}

/// What is packed.
struct Materials {
    release: Release,
    needs: Needs,
    contents: Contents,
    bill: String,
}

impl Materials {
    /// `binary`, and what comes with it.
    fn of(binary: &Path, release: Release) -> Result<Self> {
        let needs = Needs::of(binary)?;
        say(&needs.summary());
        let ingredients = ingredients::ingredients(&release.target)?;
        let licences = licences::third_party(&ingredients)?;
        Ok(Self {
            needs,
            contents: Contents::of(binary, &workspace::target()?.join("manual"), licences)?,
            bill: sbom::sbom(&release, &ingredients)?,
            release,
        })
    }

    /// Packs it into `folder`, which is emptied before.
    fn pack(&self, effort: Compression, folder: &Path) -> Result<Packed> {
        if folder.exists() {
            std::fs::remove_dir_all(folder)?;
        }
        std::fs::create_dir_all(folder)?;
        let release = &self.release;
        let name = release.name();
        let put = |suffix: &str, bytes: &[u8]| -> Result<PathBuf> {
            let path = folder.join(format!("{name}{suffix}"));
            std::fs::write(&path, bytes).with_context(|| path.display().to_string())?;
            Ok(path)
        };
        let for_archive = self.contents.for_archive()?;
        let archive = archive::tar_gz(&name, &for_archive, release.epoch, effort)?;
        let for_debian = self.contents.for_debian(release)?;
        let package = debian::pack(release, &self.needs, &for_debian, effort, folder)?;
        debian::verify(&package, &for_debian)?;
        let archive = put(".tar.gz", &archive)?;
        let bill = put(".cdx.json", self.bill.as_bytes())?;
        Ok(Packed {
            files: vec![archive, package, bill],
        })
    }
}

/// The files of a release.
struct Packed {
    files: Vec<PathBuf>,
}

impl Packed {
    /// Their SHA-256, as `sha256sum` writes and reads them.
    fn sums(&self) -> Result<String> {
        let mut sums = Command::new("sha256sum");
        for file in &self.files {
            sums.args(file.file_name());
        }
        let folder = self.files.first().and_then(|file| file.parent());
        read(sums.current_dir(folder.context("nothing was packed")?))
    }
}

/// The step of `cargo xtask test`: packs the release binary that is there, twice, and compares.
pub(crate) fn rehearse(binary: &Path) -> Result<()> {
    let about = read(Command::new("rustc").arg("-vV"))?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc does not say which machine this is")?;
    let release = Release::of_checkout(host.to_owned())?;
    let folder = workspace::target()?.join("rehearsal");
    let materials = Materials::of(binary, release)?;
    let mut sums = Vec::new();
    for _ in 0..2 {
        // How small it gets is not the question.
        sums.push(materials.pack(Compression::fast(), &folder)?.sums()?);
    }
    let [first, second] = sums.as_slice() else {
        bail!("two rounds give two lists");
    };
    if first != second {
        bail!("packed twice, these differ:\n{first}\n{second}");
    }
    say("packed twice, the same bytes");
    verify_unit(binary, &folder)
}

/// Asks systemd what it thinks of the unit, with `binary` in the place of the installed one.
fn verify_unit(binary: &Path, folder: &Path) -> Result<()> {
    if setup::on_path("systemd-analyze").is_none() {
        say("no systemd-analyze here, so nobody has read the unit");
        return Ok(());
    }
    let unit = String::from_utf8(contents::packaging("systemd/hardtack.service")?)?;
    let copy = folder.join("hardtack.service");
    let here = binary.display().to_string();
    std::fs::write(&copy, unit.replace("/usr/bin/hardtack", &here))?;
    let mut verify = Command::new("systemd-analyze");
    // The pages are not installed here.
    verify.args(["verify", "--man=no"]).arg(&copy);
    call(&mut verify)?;
    let mut security = Command::new("systemd-analyze");
    // Of 100; a unit without a sandbox has 96.
    security.args(["security", "--offline=true", "--no-pager", "--threshold=20"]);
    let verdict = read(security.arg(&copy))?;
    say(verdict.lines().last().unwrap_or_default());
    Ok(())
}
