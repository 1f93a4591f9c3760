//! docs/threat-model.md and docs/sessions.md name tests as proof. Here they are held to that.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking; clippy knows that only of functions marked #[test]"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// One requirement of the tables.
#[derive(Debug)]
struct Row<'a> {
    id: &'a str,
    level: &'a str,
    shown_by: &'a str,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn page() -> String {
    std::fs::read_to_string(root().join("docs/threat-model.md")).unwrap()
}

/// The rows whose first cell is an id: `| TK-1 | M | what | source | shown by |`.
fn rows(page: &str) -> Vec<Row<'_>> {
    page.lines()
        .filter_map(|line| {
            let line = line.strip_prefix("| ")?.strip_suffix(" |")?;
            let cells: Vec<&str> = line.split(" | ").collect();
            let [id, level, _, _, shown_by] = cells[..] else {
                return None;
            };
            let (area, number) = id.split_once('-')?;
            let is_id = area.len() == 2 && number.parse::<u8>().is_ok();
            is_id.then_some(Row {
                id,
                level,
                shown_by,
            })
        })
        .collect()
}

/// Every `file::test` in backticks.
fn tests(text: &str) -> Vec<(&str, &str)> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted
        .filter_map(|quoted| quoted.split_once("::"))
        .collect()
}

/// Every file of the tree that a test may be in.
fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !["target", "node_modules", "corpus"].contains(&name.as_str())
                && !name.starts_with('.')
            {
                sources(&path, into);
            }
        } else if [".rs", ".js", ".py"]
            .iter()
            .any(|kind| name.ends_with(kind))
        {
            into.push(path);
        }
    }
}

/// Is `test` a test in `source`, which is the file at `path`?
fn has_test(path: &Path, source: &str, test: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let kind = path.extension().unwrap_or_default();
    if kind == "js" {
        return source.contains(&format!("test(\"{test}\""));
    }
    if kind == "py" {
        return source.contains(&format!("def {test}(self)"));
    }
    let declares = |line: &&str| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        let line = line.strip_prefix("async ").unwrap_or(line);
        let rest = line.strip_prefix("fn ");
        let rest = rest.and_then(|rest| rest.strip_prefix(test));
        rest.is_some_and(|rest| rest.starts_with(['(', '<']))
    };
    let Some(at) = lines.iter().position(declares) else {
        return false;
    };
    // A rule of the store's suite is run by the macro that lists it.
    if path.parent().unwrap().ends_with("conformance") {
        let suite = path.with_file_name("suite.rs");
        let suite = std::fs::read_to_string(suite).unwrap();
        return suite.lines().any(|line| line.trim() == test);
    }
    lines[..at]
        .iter()
        .rev()
        .take_while(|line| line.starts_with(['#', '/']))
        .any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
}

#[test]
fn every_test_that_the_pages_name_exists() {
    let sessions = std::fs::read_to_string(root().join("docs/sessions.md")).unwrap();
    for (page, at_least) in [(page(), 100), (sessions, 20)] {
        let named = tests(&page);
        assert!(named.len() > at_least, "{}", named.len());
        exist(&named);
    }
}

fn exist(named: &[(&str, &str)]) {
    let mut files = Vec::new();
    sources(root(), &mut files);
    let mut missing = BTreeSet::new();
    for &(file, test) in named {
        let suffix = Path::new(file);
        let found: Vec<_> = files.iter().filter(|path| path.ends_with(suffix)).collect();
        let [path] = found[..] else {
            missing.insert(format!("{file}: {} files end like that", found.len()));
            continue;
        };
        let text = std::fs::read_to_string(path).unwrap();
        if !has_test(path, &text, test) {
            missing.insert(format!("{file}::{test}"));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn what_must_hold_now_has_a_test() {
    let page = page();
    let rows = rows(&page);
    let ids: BTreeSet<&str> = rows.iter().map(|row| row.id).collect();
    assert_eq!(ids.len(), rows.len(), "an id stands twice");
    assert!(rows.len() >= 50, "{}", rows.len());
    for row in &rows {
        assert!(["M", "S", "L"].contains(&row.level), "{row:?}");
        let is_to_come = row.shown_by.contains("*arrives with ");
        assert!(is_to_come || !tests(row.shown_by).is_empty(), "{row:?}");
        assert!(row.level != "L" || is_to_come, "{row:?}");
    }
}
