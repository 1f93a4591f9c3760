//! docs/compatibility.md promises what presets do. Here its tables are held to the tests that show it, and
//! its settings to those that the server ships.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking; clippy knows that only of functions marked #[test]"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn page() -> String {
    std::fs::read_to_string(root().join("docs/compatibility.md")).unwrap()
}

fn files(folder: &str) -> Vec<(PathBuf, String)> {
    let files = root().join(folder).read_dir().unwrap();
    let files = files.map(|entry| entry.unwrap().path());
    files
        .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
        .collect()
}

/// Every test of a preset is on the page, and the page names no other.
#[test]
fn the_page_names_every_test_of_a_preset_and_nothing_else() {
    let mut tests = BTreeSet::new();
    for (_, source) in files("crates/hardtack/tests/stories/presets") {
        let mut after = source.split("#[tokio::test]\nasync fn ");
        after.next();
        tests.extend(after.map(|rest| rest.split('(').next().unwrap().to_owned()));
    }
    let page = page();
    let quoted = page.split('`').skip(1).step_by(2);
    let named: BTreeSet<String> = quoted
        .filter(|text| text.matches('_').count() > 2 && !text.contains(['.', '*', ' ', '"']))
        .filter(|text| {
            text.chars()
                .all(|it| it.is_ascii_lowercase() || "_0123456789".contains(it))
        })
        .map(str::to_owned)
        .collect();
    assert!(tests.len() > 30, "{tests:?}");
    assert_eq!(named, tests);
}

/// What a reader copies is what the server reads.
#[test]
fn the_page_has_the_table_of_every_preset() {
    let page = page();
    let tables = files("crates/hardtack-server/src/config/presets");
    assert_eq!(tables.len(), 4);
    for (path, table) in tables {
        let name = path.file_stem().unwrap().to_str().unwrap();
        if name == "hardtack" {
            assert!(table.lines().all(|line| line.starts_with('#')), "{table}");
            continue;
        }
        assert!(page.contains(&format!("`preset = \"{name}\"`")), "{name}");
        assert!(page.contains(&format!("```toml\n{table}```")), "{name}");
    }
}
