//! What is being released: which version, of which commit, for which machines.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::{probe, read, say};
use crate::{setup, workspace};

/// One release for one kind of machine.
#[derive(Debug, Clone)]
pub(crate) struct Release {
    pub(crate) version: String,
    /// The target triple.
    pub(crate) target: String,
    /// The time that everything in the archives has, in seconds since 1970: that of the commit, so
    /// that the same commit gives the same bytes (reproducible-builds.org, `SOURCE_DATE_EPOCH`).
    pub(crate) epoch: u64,
}

impl Release {
    /// That of the checked-out commit.
    pub(crate) fn of_checkout(target: String) -> Result<Self> {
        Ok(Self {
            version: workspace::version()?,
            target,
            epoch: epoch()?,
        })
    }

    /// `hardtack-0.1.0-x86_64-unknown-linux-gnu`: the archive, and the folder in it.
    pub(crate) fn name(&self) -> String {
        format!("hardtack-{}-{}", self.version, self.target)
    }

    /// Debian's version: a pre-release sorts before its release, and the revision is that of the
    /// packaging.
    pub(crate) fn debian_version(&self) -> String {
        format!("{}-1", self.version.replacen('-', "~", 1))
    }

    /// Debian's word for the processor.
    pub(crate) fn debian_architecture(&self) -> Result<&'static str> {
        match self.target.split('-').next() {
            Some("x86_64") => Ok("amd64"),
            Some("aarch64") => Ok("arm64"),
            Some("riscv64gc") => Ok("riscv64"),
            _ => bail!("what does Debian call {}?", self.target),
        }
    }

    /// Its time in UTC, in the form that `date` is asked for.
    pub(crate) fn date(&self, form: &str) -> Result<String> {
        let mut date = Command::new("date");
        date.env("LC_ALL", "C").arg("--utc");
        date.arg(format!("--date=@{}", self.epoch));
        Ok(read(date.arg(format!("+{form}")))?.trim().to_owned())
    }

    /// Says what keeps this from being a release that somebody else can make again.
    pub(crate) fn remark_on_checkout(&self) {
        let git = |arguments: &[&str]| {
            let mut git = Command::new("git");
            probe(git.current_dir(workspace::root()).args(arguments)).unwrap_or_default()
        };
        if !git(&["status", "--porcelain"]).is_empty() {
            say("note: there are changes that are not committed; this is nobody's release");
        }
        let tag = format!("v{}", self.version);
        if !git(&["tag", "--points-at", "HEAD"])
            .lines()
            .any(|on| on == tag)
        {
            say(&format!("note: this commit is not tagged {tag}"));
        }
    }
}

/// The target to build for, and why it is that one.
pub(crate) fn choose_target(asked: Option<&str>) -> Result<(String, String)> {
    if let Some(asked) = asked {
        return Ok((asked.to_owned(), "as asked".to_owned()));
    }
    let about = read(Command::new("rustc").arg("-vV"))?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc does not say which machine this is")?;
    let Some(musl) = host
        .strip_suffix("-gnu")
        .map(|machine| format!("{machine}-musl"))
    else {
        return Ok((host.to_owned(), "this machine's own".to_owned()));
    };
    let library =
        read(Command::new("rustc").args(["--print", "target-libdir", "--target", &musl]))?;
    if !std::path::Path::new(library.trim()).is_dir() {
        let why = format!(
            "glibc, since rustc has no {musl} here (rustup target add {musl}, and apt-get install musl-tools)"
        );
        return Ok((host.to_owned(), why));
    }
    if setup::on_path("musl-gcc").is_none() {
        let why = "glibc, since there is no musl-gcc for the C in it (apt-get install musl-tools)";
        return Ok((host.to_owned(), why.to_owned()));
    }
    Ok((musl, "static, so it runs on every Linux".to_owned()))
}

fn epoch() -> Result<u64> {
    let text = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text,
        Err(_) => read(Command::new("git").current_dir(workspace::root()).args([
            "log",
            "-1",
            "--format=%ct",
        ]))
        .context("without git, SOURCE_DATE_EPOCH has to say when this was written")?,
    };
    let text = text.trim();
    text.parse()
        .with_context(|| format!("SOURCE_DATE_EPOCH={text:?} is not a number of seconds"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(version: &str, target: &str) -> Release {
        Release {
            version: version.to_owned(),
            target: target.to_owned(),
            epoch: 0,
        }
    }

    #[test]
    fn files_are_named_after_version_and_target() {
        let release = release("1.2.3", "aarch64-unknown-linux-gnu");
        assert_eq!(release.name(), "hardtack-1.2.3-aarch64-unknown-linux-gnu");
        assert_eq!(release.debian_version(), "1.2.3-1");
        assert_eq!(release.debian_architecture().unwrap(), "arm64");
    }

    /// `dpkg` would take 1.0.0-rc.1 for newer than 1.0.0 and refuse the upgrade.
    #[test]
    fn a_pre_release_is_older_than_its_release_for_debian_too() {
        let candidate = release("1.0.0-rc.1", "x86_64-unknown-linux-musl");
        assert_eq!(candidate.debian_version(), "1.0.0~rc.1-1");
    }

    #[test]
    fn a_machine_without_a_name_in_debian_is_refused() {
        let error = release("1.0.0", "wasm32-wasip1")
            .debian_architecture()
            .unwrap_err();
        assert!(error.to_string().contains("wasm32-wasip1"));
    }
}
