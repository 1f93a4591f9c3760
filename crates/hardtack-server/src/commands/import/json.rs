//! JSON: an array of users, or one after the other (JSON Lines). A user is a flat object, or what
//! Django's `manage.py dumpdata auth.user` writes.

use anyhow::{Context as _, Result};
use hardtack_core::user::CanonicalName;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::row::{Found, RawUser, VerifiedAddresses, field};

pub(super) fn read(text: &[u8]) -> Result<Found> {
    let text = std::str::from_utf8(text).context("the file is not UTF-8")?;
    let items: Vec<&RawValue> = if text.trim_start().starts_with('[') {
        serde_json::from_str(text).context("the file is no JSON")?
    } else {
        let items = serde_json::Deserializer::from_str(text).into_iter();
        items
            .collect::<Result<_, _>>()
            .context("the file is no JSON")?
    };
    let mut found = Found::default();
    let mut lines = Lines::new(text);
    for item in items {
        let line = lines.of(item.get());
        take(item.get(), line, &mut found);
    }
    Ok(found)
}

/// Counts line ends up to each item, which come in the order of the text.
struct Lines<'text> {
    text: &'text str,
    seen: usize,
    line: u64,
}

impl<'text> Lines<'text> {
    const fn new(text: &'text str) -> Self {
        Self {
            text,
            seen: 0,
            line: 1,
        }
    }

    /// The line on which `item`, a part of the text, begins.
    fn of(&mut self, item: &'text str) -> u64 {
        let start = item.as_ptr().addr() - self.text.as_ptr().addr();
        let between = self.text.get(self.seen..start).unwrap_or_default();
        self.line += between
            .bytes()
            .map(|byte| u64::from(byte == b'\n'))
            .sum::<u64>();
        self.seen = start;
        self.line
    }
}

fn take(item: &str, line: u64, found: &mut Found) {
    let Ok(Value::Object(mut object)) = serde_json::from_str(item) else {
        found.users.push(RawUser {
            line,
            fault: Some("it is no object".to_owned()),
            ..RawUser::default()
        });
        return;
    };
    // What `dumpdata` writes: {"model": "auth.user", "pk": 1, "fields": {…}}
    let model = object
        .get("model")
        .and_then(Value::as_str)
        .map(str::to_owned);
    if let (Some(model), Some(Value::Object(mut fields))) = (model, object.remove("fields")) {
        if model.eq_ignore_ascii_case("account.emailaddress") {
            note_address(&fields, found);
            return;
        }
        if !fields.contains_key("username") {
            found.ignored.insert(model);
            return;
        }
        if let Some(pk) = object.remove("pk") {
            fields.insert("id".to_owned(), pk);
        }
        object = fields;
    }
    found.users.push(user(object, line, &mut found.ignored));
}

/// What django-allauth knows of an address.
fn note_address(fields: &Map<String, Value>, found: &mut Found) {
    let verified = found.verified.get_or_insert_with(VerifiedAddresses::new);
    let user = fields.get("user").map(Value::to_string);
    let email = fields.get("email").and_then(Value::as_str);
    let is_verified = fields.get("verified") == Some(&Value::Bool(true));
    if let (Some(user), Some(email), true) = (user, email, is_verified) {
        verified.insert((user, CanonicalName::of(email)));
    }
}

fn user(
    object: Map<String, Value>,
    line: u64,
    ignored: &mut std::collections::BTreeSet<String>,
) -> RawUser {
    let mut raw = RawUser {
        line,
        ..RawUser::default()
    };
    for (name, value) in object {
        let Some(field) = field(&name) else {
            ignored.insert(name);
            continue;
        };
        match value {
            Value::Null => {}
            Value::String(text) => raw.say(field, text),
            Value::Bool(_) | Value::Number(_) => raw.say(field, value.to_string()),
            Value::Array(_) | Value::Object(_) => {
                raw.fault = Some(format!("{field}: a text is wanted"));
            }
        }
    }
    raw
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_knows_its_line() {
        for text in [
            "[\n  {\"username\": \"ada\"},\n  {\n    \"username\": \"grace\"\n  },\n  7]",
            "\n{\"username\": \"ada\"}\n{\"username\": \"grace\"}\n\n\n7",
        ] {
            let found = read(text.as_bytes()).unwrap();
            let lines: Vec<u64> = found.users.iter().map(|user| user.line).collect();
            assert_eq!(lines, [2, 3, 6]);
            assert!(found.users[2].fault.is_some());
        }
    }

    #[test]
    fn what_dumpdata_writes_is_understood() {
        let text = r#"[
{"model": "auth.permission", "pk": 1, "fields": {"name": "Can add", "codename": "add"}},
{"model": "account.emailaddress", "pk": 9, "fields": {"user": 5, "email": "Ada@example.com", "verified": true, "primary": true}},
{"model": "account.emailaddress", "pk": 10, "fields": {"user": 6, "email": "grace@example.com", "verified": false, "primary": true}},
{"model": "auth.user", "pk": 5, "fields": {"password": "!", "last_login": null, "is_superuser": false, "username": "ada", "groups": [], "is_active": true}}
]"#;
        let found = read(text.as_bytes()).unwrap();
        let ignored: Vec<&str> = found.ignored.iter().map(String::as_str).collect();
        assert_eq!(ignored, ["auth.permission", "groups", "is_superuser"]);
        let verified = found.verified.unwrap();
        assert_eq!(verified.len(), 1);
        assert!(verified.contains(&("5".to_owned(), CanonicalName::of("ada@example.com"))));
        let [ada] = &found.users[..] else {
            panic!("one user is wanted");
        };
        let texts: Vec<(&str, &str)> = ada
            .texts
            .iter()
            .map(|(field, text)| (*field, text.as_str()))
            .collect();
        assert_eq!(
            texts,
            [
                ("id", "5"),
                ("is_active", "true"),
                ("password", "!"),
                ("username", "ada")
            ]
        );
    }

    #[test]
    fn a_user_with_two_numbers_has_none() {
        for (text, is_faulty) in [
            (r#"{"id": 7, "pk": 8, "username": "ada"}"#, true),
            (r#"{"id": null, "pk": 8, "username": "ada"}"#, false),
        ] {
            let found = read(text.as_bytes()).unwrap();
            assert_eq!(found.users[0].fault.is_some(), is_faulty, "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused_as_a_whole() {
        for text in [
            "",
            "[",
            "[{}",
            "{\"username\":",
            "username,password",
            "[{}]]",
            "\u{0}",
        ] {
            let read = read(text.as_bytes());
            assert!(read.is_err() || text.is_empty(), "{text}");
        }
        assert!(read(b"[\"\xff\"]").is_err());
    }
}
