//! The configuration file: TOML, with the line of every key.

use toml::de::{DeTable, DeValue};

use super::problem::{Origin, Problems};
use super::table::keys;
use super::value::Given;

/// One value on its way to its key.
pub(super) struct Assignment {
    pub(super) name: String,
    pub(super) given: Given,
    pub(super) origin: Origin,
}

/// Reads the text of the file at `path`: what it sets, in its order, each with its line. Which keys
/// there are is not asked here.
pub(super) fn parse_file(path: &str, text: &str) -> Result<Vec<Assignment>, Problems> {
    let origin_at = |offset: usize| {
        let before = text.as_bytes().iter().take(offset);
        Origin::File {
            path: path.to_owned(),
            line: 1 + before.filter(|byte| **byte == b'\n').count(),
        }
    };
    // The crate's own rendering quotes the line, and the line may hold a secret put there by mistake.
    let table = DeTable::parse(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        Problems::one(
            Some(origin_at(offset)),
            format!("not TOML: {}", first_line(error.message())),
        )
    })?;
    let mut assignments = Vec::new();
    collect(table.get_ref(), "", &origin_at, &mut assignments);
    Ok(assignments)
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn collect(
    table: &DeTable<'_>,
    section: &str,
    origin_at: &impl Fn(usize) -> Origin,
    assignments: &mut Vec<Assignment>,
) {
    let mut rows: Vec<_> = table.iter().collect();
    rows.sort_by_key(|(name, _)| name.span().start);
    for (name, value) in rows {
        let origin = origin_at(name.span().start);
        let name = match section {
            "" => name.get_ref().to_string(),
            section => format!("{section}.{}", name.get_ref()),
        };
        match value.get_ref() {
            DeValue::Table(table)
                if section.is_empty() && is_section(&name) || !table.is_empty() =>
            {
                collect(table, &name, origin_at, assignments);
            }
            value => assignments.push(Assignment {
                name,
                given: given(value),
                origin,
            }),
        }
    }
}

fn is_section(name: &str) -> bool {
    keys().any(|key| key.section() == name)
}

fn given(value: &DeValue<'_>) -> Given {
    match value {
        DeValue::String(text) => Given::Text(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Given::Other("a number that large"), Given::Whole),
        DeValue::Boolean(flag) => Given::Flag(*flag),
        DeValue::Array(items) => items
            .iter()
            .map(|item| item.get_ref().as_str().map(str::to_owned))
            .collect::<Option<Vec<String>>>()
            .map_or(Given::Other("a list of something else"), Given::Texts),
        DeValue::Float(_) => Given::Other("a fraction"),
        DeValue::Datetime(_) => Given::Other("a date"),
        DeValue::Table(_) => Given::Other("a table"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A secret pasted into the file by mistake must not travel on into logs (docs/threat-model.md SV-4).
    #[test]
    fn a_file_that_is_no_toml_is_not_quoted() {
        let text = "[tokens]\npepper = \"hunter2hunter2\nx = 1\n";
        let error = parse_file("hardtack.toml", text).err().unwrap().to_string();
        assert!(error.contains("\n  hardtack.toml:2: not TOML: "), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn every_key_has_its_line_however_it_is_written() {
        let text = "tokens.issuer = \"a\"\n[session]\nidle_timeout = \"1d\"\n\n[csrf]\n[cookies]\nsecure = true\n";
        let found: Vec<(String, String)> = parse_file("x", text)
            .unwrap()
            .into_iter()
            .map(|assignment| (assignment.name, assignment.origin.to_string()))
            .collect();
        let expected = [
            ("tokens.issuer", "x:1"),
            ("session.idle_timeout", "x:3"),
            ("cookies.secure", "x:7"),
        ];
        assert_eq!(
            found,
            expected.map(|(name, line)| (name.to_owned(), line.to_owned()))
        );
    }
}
