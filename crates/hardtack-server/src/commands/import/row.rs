//! One user of a file: from texts to types, or the reason why not.

use std::collections::{BTreeMap, BTreeSet};

use hardtack_core::password::adopt_hash;
use hardtack_core::user::{CanonicalName, EmailAddress, UserState, Username};
use hardtack_core::{Timestamp, UserId};
use hardtack_store::ImportedUser;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::report::Refusal;

/// The fields that are understood. `pk` is another word for `id`.
pub(super) const FIELDS: [&str; 10] = [
    "id",
    "username",
    "email",
    "first_name",
    "last_name",
    "password",
    "is_active",
    "date_joined",
    "last_login",
    "email_verified",
];

/// The largest whole number that every JSON reader reads exactly (RFC 8259 §6): the contract's
/// `pk` is one, and numbers beyond the store's would have no next one.
const LARGEST_ID: i64 = (1 << 53) - 1;

/// In characters, as in `PUT user/` (docs/contract.md §4).
const LONGEST_NAME: usize = 150;

/// What a file holds.
#[derive(Default)]
pub(super) struct Found {
    pub(super) users: Vec<RawUser>,
    /// What it said that nobody asked for, by name.
    pub(super) ignored: BTreeSet<String>,
    /// What django-allauth said about addresses, if the file has that.
    pub(super) verified: Option<VerifiedAddresses>,
}

/// The addresses that were verified, by the number of their user.
pub(super) type VerifiedAddresses = BTreeSet<(String, CanonicalName)>;

/// A user as texts. Fields that were not there, or null, are absent.
#[derive(Default)]
pub(super) struct RawUser {
    pub(super) line: u64,
    pub(super) texts: BTreeMap<&'static str, String>,
    /// What made it unreadable.
    pub(super) fault: Option<String>,
}

impl RawUser {
    pub(super) fn refuse(&self, reason: String) -> Refusal {
        let told = |field| self.texts.get(field).map(|text| beginning(text));
        Refusal {
            line: self.line,
            id: told("id"),
            username: told("username"),
            reason,
        }
    }

    /// Notes what a field says. Two that say the same thing in two words may differ.
    pub(super) fn say(&mut self, field: &'static str, text: String) {
        if self.texts.insert(field, text).is_some() {
            self.fault = Some(format!("{field}: it is there twice"));
        }
    }

    fn text(&self, field: &str) -> &str {
        self.texts
            .get(field)
            .map(String::as_str)
            .unwrap_or_default()
    }
}

/// Enough of a text to find it by: behind a quotation mark that was never closed comes the rest of
/// the file.
fn beginning(text: &str) -> String {
    match text.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The field of that name, if it is one that is understood.
pub(super) fn field(name: &str) -> Option<&'static str> {
    let name = match name.trim() {
        "pk" => "id",
        name => name,
    };
    FIELDS.iter().copied().find(|field| *field == name)
}

/// A user who can be taken in, as far as that can be told without the others.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) user: ImportedUser,
}

/// Reads a user, or says why it is none.
pub(super) fn parse(raw: &RawUser, verified: Option<&VerifiedAddresses>) -> Result<Row, Refusal> {
    parse_fields(raw, verified)
        .map(|user| Row {
            line: raw.line,
            user,
        })
        .map_err(|reason| raw.refuse(reason))
}

fn parse_fields(
    raw: &RawUser,
    verified: Option<&VerifiedAddresses>,
) -> Result<ImportedUser, String> {
    if let Some(fault) = &raw.fault {
        return Err(fault.clone());
    }
    let password = raw
        .texts
        .get("password")
        .ok_or("password: it is missing; \"!\" stands for none")?;
    let username = Username::parse(raw.text("username").trim())
        .map_err(|error| format!("username: {error}"))?;
    let email =
        EmailAddress::parse(raw.text("email").trim()).map_err(|error| format!("email: {error}"))?;
    // Nobody said otherwise: then whoever runs this vouches for it.
    let email_is_verified = match (flag(raw, "email_verified")?, verified, email.canonical()) {
        (Some(said), _, _) => said,
        (None, Some(verified), Some(email)) => {
            verified.contains(&(raw.text("id").to_owned(), email))
        }
        _ => true,
    };
    let is_active = flag(raw, "is_active")?.unwrap_or(true);
    Ok(ImportedUser {
        id: id(raw)?,
        username,
        email,
        email_is_verified,
        first_name: personal_name(raw, "first_name")?,
        last_name: personal_name(raw, "last_name")?,
        password_hash: adopt_hash(password).map_err(|error| format!("password: {error}"))?,
        state: if is_active {
            UserState::Active
        } else {
            UserState::Disabled
        },
        created_at: time(raw, "date_joined")?,
        last_login_at: time(raw, "last_login")?,
    })
}

fn id(raw: &RawUser) -> Result<Option<UserId>, String> {
    let text = raw.text("id").trim();
    if text.is_empty() {
        return Ok(None);
    }
    let id: Option<i64> = text.parse().ok();
    match id.filter(|id| (1..=LARGEST_ID).contains(id)) {
        Some(id) => Ok(Some(UserId::new(id))),
        None => Err(format!("id: not a whole number from 1 to {LARGEST_ID}")),
    }
}

fn personal_name(raw: &RawUser, field: &str) -> Result<String, String> {
    let name = raw.text(field).trim();
    if name.chars().count() > LONGEST_NAME {
        return Err(format!("{field}: more than {LONGEST_NAME} characters"));
    }
    if name.chars().any(char::is_control) {
        return Err(format!("{field}: it has a control character"));
    }
    Ok(name.to_owned())
}

/// As Django, PostgreSQL, SQLite and spreadsheets write it.
fn flag(raw: &RawUser, field: &str) -> Result<Option<bool>, String> {
    match raw.text(field).trim().to_ascii_lowercase().as_str() {
        "" => Ok(None),
        "true" | "t" | "1" | "yes" => Ok(Some(true)),
        "false" | "f" | "0" | "no" => Ok(Some(false)),
        _ => Err(format!("{field}: neither true nor false")),
    }
}

/// RFC 3339 with a `T` or a space; without an offset it is UTC, as in Django's databases.
fn time(raw: &RawUser, field: &str) -> Result<Option<Timestamp>, String> {
    let text = raw.text(field).trim();
    if text.is_empty() {
        return Ok(None);
    }
    let instant = text.parse::<jiff::Timestamp>().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
    });
    match instant {
        Some(instant) => Ok(Some(Timestamp::from_unix_micros(instant.as_microsecond()))),
        None => Err(format!("{field}: not a time as in 2026-11-22T03:04:05Z")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(texts: &[(&'static str, &str)]) -> RawUser {
        let given = texts
            .iter()
            .map(|(field, text)| (*field, (*text).to_owned()));
        let mut raw = RawUser {
            line: 7,
            texts: [("username", "ada".to_owned()), ("password", "!".to_owned())].into(),
            fault: None,
        };
        raw.texts.extend(given);
        raw
    }

    fn parsed(texts: &[(&'static str, &str)]) -> ImportedUser {
        parse(&raw(texts), None).unwrap().user
    }

    #[test]
    fn times_are_read_as_django_and_databases_write_them() {
        let moment = Timestamp::from_unix_micros(1_795_308_527_652_421);
        for text in [
            "2026-11-22T00:48:47.652421Z",
            "2026-11-22T01:48:47.652421+01:00",
            "2026-11-22 00:48:47.652421+00:00",
            "2026-11-22 00:48:47.652421+00",
            "2026-11-22 00:48:47.652421",
            "2026-11-22T00:48:47.652421",
        ] {
            assert_eq!(
                parsed(&[("date_joined", text)]).created_at,
                Some(moment),
                "{text}"
            );
        }
        assert_eq!(parsed(&[("last_login", "")]).last_login_at, None);
        for text in ["yesterday", "2026-13-01T00:00:00Z", "1795308527"] {
            assert!(
                parse(&raw(&[("last_login", text)]), None).is_err(),
                "{text}"
            );
        }
    }

    #[test]
    fn flags_are_read_as_databases_write_them() {
        for (text, state) in [
            ("", UserState::Active),
            ("t", UserState::Active),
            ("True", UserState::Active),
            ("1", UserState::Active),
            ("f", UserState::Disabled),
            ("FALSE", UserState::Disabled),
            ("0", UserState::Disabled),
        ] {
            assert_eq!(parsed(&[("is_active", text)]).state, state, "{text}");
        }
        assert!(parse(&raw(&[("is_active", "maybe")]), None).is_err());
    }

    #[test]
    fn whatever_cannot_be_a_user_is_refused_with_the_field() {
        let long = "x".repeat(151);
        for (field, text) in [
            ("id", "0"),
            ("id", "-1"),
            ("id", "9007199254740992"),
            ("id", "9223372036854775807"),
            ("id", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"),
            ("username", ""),
            ("username", "a b"),
            ("username", "a\u{202e}b"),
            ("username", "a\u{0}b"),
            ("username", &long),
            ("email", "nobody"),
            ("email", "a@example.com\r\nBcc: b@example.com"),
            ("first_name", &long),
            ("last_name", "a\u{1b}[2J"),
            ("password", "correct horse battery staple"),
            ("password", "pbkdf2_sha256$900000000$salt$AAAA"),
        ] {
            let refusal = parse(&raw(&[(field, text)]), None).unwrap_err();
            assert!(
                refusal.reason.starts_with(&format!("{field}: ")),
                "{text}: {}",
                refusal.reason
            );
            assert_eq!(refusal.line, 7);
        }
        let mut without = raw(&[]);
        without.texts.remove("password");
        assert!(
            parse(&without, None)
                .unwrap_err()
                .reason
                .starts_with("password: ")
        );
    }

    #[test]
    fn of_a_refused_name_only_the_beginning_is_told() {
        let refusal = raw(&[("username", &"é".repeat(9_999))]).refuse(String::new());
        assert_eq!(refusal.username.unwrap(), "é".repeat(150) + "…");
    }

    #[test]
    fn an_address_is_vouched_for_unless_somebody_says_otherwise() {
        let ada = [("id", "1"), ("email", "ada@example.com")];
        assert!(parsed(&ada).email_is_verified);
        let said = [("email", "ada@example.com"), ("email_verified", "f")];
        assert!(!parsed(&said).email_is_verified);
        let known = Some(VerifiedAddresses::from([(
            "1".to_owned(),
            CanonicalName::of("ADA@example.com"),
        )]));
        assert!(
            parse(&raw(&ada), known.as_ref())
                .unwrap()
                .user
                .email_is_verified
        );
        let other = [("id", "2"), ("email", "ada@example.com")];
        assert!(
            !parse(&raw(&other), known.as_ref())
                .unwrap()
                .user
                .email_is_verified
        );
    }
}
