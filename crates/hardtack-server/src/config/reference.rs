//! The reference of every key, for the terminal and for docs/configuration.md.

use std::fmt::Write as _;

use serde::Serialize;

use super::key::{Default, Key};
use super::table::keys;

/// One key, for `config reference --json`.
#[derive(Serialize)]
pub(crate) struct Row {
    key: &'static str,
    variable: String,
    r#type: &'static str,
    unit: String,
    default: Option<&'static str>,
    when_unset: Option<&'static str>,
    meaning: &'static str,
}

/// Every key.
pub(crate) fn rows() -> Vec<Row> {
    keys()
        .map(|key| {
            let (default, when_unset) = match key.default {
                Default::Is(text) => (Some(text), None),
                Default::Unset(words) => (None, Some(words)),
            };
            Row {
                key: key.name,
                variable: key.variable(),
                r#type: key.kind.type_name(),
                unit: key.kind.unit(),
                default,
                when_unset,
                meaning: key.meaning,
            }
        })
        .collect()
}

/// For a terminal.
pub(crate) fn text() -> String {
    let mut text = String::new();
    for key in keys() {
        let _ = writeln!(
            text,
            "{}\n    {}; default: {}",
            key.name,
            takes(key),
            default(key)
        );
        let _ = writeln!(text, "    {}\n", key.meaning);
    }
    text
}

/// The page docs/configuration.md.
pub(crate) fn markdown() -> String {
    let mut page = String::from(INTRODUCTION);
    let mut section = "";
    for key in keys() {
        if key.section() != section {
            section = key.section();
            let _ = write!(
                page,
                "\n## {}\n\n| Key | Takes | Default | Meaning |\n| --- | --- | --- | --- |\n",
                if is_sectioned(key) {
                    format!("`[{section}]`")
                } else {
                    FIRST.to_owned()
                }
            );
        }
        let default = match key.default {
            Default::Is("") => "none".to_owned(),
            Default::Is(text) => format!("`{text}`"),
            Default::Unset(words) => words.to_owned(),
        };
        let name = key.name.split_once('.').map_or(key.name, |(_, name)| name);
        let _ = writeln!(
            page,
            "| `{name}` | {} | {default} | {} |",
            takes(key).replace('|', "\\|"),
            key.meaning
        );
    }
    page
}

/// Where the keys without a section stand: TOML has them before the first one.
pub(crate) const FIRST: &str = "Before any section";

/// Does it stand in a section?
pub(crate) fn is_sectioned(key: &Key) -> bool {
    key.name.contains('.')
}

/// The kind of value a key takes, and its unit or form.
pub(crate) fn takes(key: &Key) -> String {
    match key.kind.unit() {
        unit if unit.is_empty() => key.kind.type_name().to_owned(),
        unit => format!("{} ({unit})", key.kind.type_name()),
    }
}

/// What holds when nobody sets it.
pub(crate) fn default(key: &Key) -> String {
    match key.default {
        Default::Is("") => "none".to_owned(),
        Default::Is(text) => text.to_owned(),
        Default::Unset(words) => words.to_owned(),
    }
}

const INTRODUCTION: &str = "\
# Configuration

<!-- Written by `hardtack config reference --markdown`; a test keeps the two the same. -->

Hardtack reads `hardtack.toml` in the working directory, or the file that `--config` names. Every
key can be left out but `server.public_url`, which only `--dev` does without:

```toml
[server]
public_url = \"https://app.example.com\"
```

* **Order.** A preset is overlaid by the file, the file by the environment, the environment by flags. The variable of a
  key is `HARDTACK__SECTION__KEY`: `HARDTACK__TOKENS__ACCESS_LIFETIME=5m`. Lists have commas there.
* **Durations** are written `90s`, `15m`, `12h`, `7d`, `1h30m`; sizes `64KiB`, `2MiB`.
* **Secrets** are never values here. They are files, for their owner only (0600), made at first
  start in the data directory; keys say where they are.
* **Mistakes** stop the start: unknown keys, values of the wrong kind, and values that contradict
  each other. `hardtack config check` finds them beforehand, `hardtack config show` tells what is in
  force and who said so.
";
