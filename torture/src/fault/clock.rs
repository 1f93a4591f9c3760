//! A clock that steps, for the server alone.
//!
//! libfaketime answers for the wall clock, which the server takes for times that mean something to
//! others; timers go on by the monotonic clock, as they do when a machine's clock is set.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Where distributions put it.
const PLACES: [&str; 4] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib64/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
];

pub(super) struct Clock {
    library: &'static str,
    file: PathBuf,
    step: &'static str,
}

impl Clock {
    /// A clock that is right until it steps, by so many seconds.
    pub(super) fn steady(root: &Path, step: &'static str) -> Result<Self> {
        let library = PLACES.into_iter().find(|place| Path::new(place).exists());
        let clock = Self {
            library: library.context("libfaketime is not here; `apt-get install libfaketime`")?,
            file: root.join("clock"),
            step,
        };
        clock.end()?;
        Ok(clock)
    }

    pub(super) fn environment(&self) -> Vec<(&'static str, OsString)> {
        vec![
            ("LD_PRELOAD", self.library.into()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.clone().into()),
            ("FAKETIME_NO_CACHE", "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
        ]
    }

    pub(super) fn begin(&self) -> Result<()> {
        self.set(self.step)
    }

    pub(super) fn end(&self) -> Result<()> {
        self.set("+0")
    }

    /// In one move: the server reads it at any moment.
    fn set(&self, offset: &str) -> Result<()> {
        let draft = self.file.with_extension("draft");
        std::fs::write(&draft, offset)?;
        Ok(std::fs::rename(&draft, &self.file)?)
    }
}
