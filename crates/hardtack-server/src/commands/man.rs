//! `hardtack man`: writes the manual pages where `man` finds them.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::manual;
use crate::terminal::Terminal;

pub(super) fn run(directory: &Path, terminal: Terminal) -> Result<ExitCode> {
    let pages = manual::pages();
    for page in &pages {
        let path = directory.join(page.path());
        let write = || -> std::io::Result<()> {
            if let Some(section) = path.parent() {
                std::fs::create_dir_all(section)?;
            }
            std::fs::write(&path, &page.text)
        };
        write().with_context(|| format!("cannot write {}", path.display()))?;
    }
    let written: Vec<String> = pages.iter().map(manual::Page::path).collect();
    terminal.say(
        &format!("{} pages in {}", pages.len(), directory.display()),
        &json!({ "directory": directory.display().to_string(), "pages": written }),
    )?;
    Ok(ExitCode::SUCCESS)
}
