//! The licences of the crates in the binary: most of them ask that their text comes with it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};

use super::ingredients::{Id, Ingredient};

/// How the files begin that a licence or a notice stands in.
const NAMES: &[&str] = &[
    "LICENSE",
    "LICENCE",
    "COPYING",
    "COPYRIGHT",
    "NOTICE",
    "UNLICENSE",
];

const INTRODUCTION: &str = "\
The licences of what is in this program besides its own code.

Rust's standard library is licensed under MIT or Apache-2.0 (https://www.rust-lang.org/policies/licenses).
SQLite, in libsqlite3-sys, is in the public domain. The crates, and the licences they name:
";

/// One text: a list of crates with their licences, and below it each licence text once.
pub(crate) fn third_party(found: &BTreeMap<Id, Ingredient>) -> Result<String> {
    let mut page = String::from(INTRODUCTION);
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    // What has no checksum comes from this repository.
    let others = |(_, part): &(&Id, &Ingredient)| part.linked && part.checksum.is_some();
    for ((name, version), part) in found.iter().filter(others) {
        let license = part.license.as_deref().unwrap_or("see below");
        let _ = write!(page, "\n  {name} {version}: {license}");
        for text in texts_in(&part.folder)? {
            texts
                .entry(text)
                .or_default()
                .push(format!("{name} {version}"));
        }
    }
    page.push('\n');
    let mut texts: Vec<_> = texts.into_iter().collect();
    texts.sort_by(|(_, one), (_, other)| one.cmp(other));
    for (text, crates) in texts {
        let _ = write!(
            page,
            "\n{}\n{}\n\n{text}\n",
            "=".repeat(80),
            crates.join(", ")
        );
    }
    Ok(page)
}

fn texts_in(folder: &Path) -> Result<Vec<String>> {
    let mut paths = Vec::new();
    let entries = folder
        .read_dir()
        .with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.to_ascii_uppercase();
        if path.is_file() && NAMES.iter().any(|wanted| name.starts_with(wanted)) {
            paths.push(path);
        }
    }
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let text = std::fs::read(path).with_context(|| path.display().to_string())?;
            let text = String::from_utf8_lossy(&text);
            let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
            Ok(lines.join("\n").trim_matches('\n').to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_two_crates_share_stands_there_once_and_names_both() {
        let root = tempfile::tempdir().unwrap();
        let part = |name: &str, files: &[(&str, &str)]| {
            let folder = root.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            for (file, text) in files {
                std::fs::write(folder.join(file), text).unwrap();
            }
            let ingredient = Ingredient {
                linked: true,
                license: Some("MIT".to_owned()),
                checksum: Some("00".to_owned()),
                folder,
                ..Ingredient::default()
            };
            ((name.to_owned(), "1.0.0".to_owned()), ingredient)
        };
        let mut found = BTreeMap::from([
            part(
                "one",
                &[("LICENSE-MIT", "May be used.\r\n"), ("build.rs", "fn main")],
            ),
            part(
                "two",
                &[("license", "\nMay be used.\n"), ("NOTICE", "By Ada.")],
            ),
        ]);
        let (id, mut helper) = part("helper", &[("LICENSE", "Only in the compiler.")]);
        helper.linked = false;
        found.insert(id, helper);
        let page = third_party(&found).unwrap();
        assert_eq!(page.matches("May be used.").count(), 1);
        assert!(
            page.contains("\none 1.0.0, two 1.0.0\n\nMay be used.\n"),
            "{page}"
        );
        assert!(page.contains("\ntwo 1.0.0\n\nBy Ada.\n"));
        assert!(page.contains("\n  one 1.0.0: MIT\n"));
        assert!(!page.contains("fn main") && !page.contains("compiler"));
    }
}
