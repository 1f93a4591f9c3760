//! What bodies are made of.

use hardtack_fuzz::bolero::TypeGenerator;
use hardtack_fuzz::text::{Few, Piece, spell};
use serde_json::Value;

use crate::grammar::{Kind, Token, WORDS};
use crate::jar::Jar;

const FIELDS: [&str; 12] = [
    "username",
    "email",
    "password",
    "refresh",
    "token",
    "first_name",
    "last_name",
    "old_password",
    "new_password1",
    "new_password2",
    "pk",
    "is_staff",
];
/// The three ways to write fields.
#[derive(Debug, Clone, Copy, TypeGenerator)]
pub(crate) enum Format {
    Json,
    Pairs,
    Multipart,
}

#[derive(Debug, TypeGenerator)]
pub(crate) enum Content {
    Nothing,
    Json(Few<(u8, Json)>),
    Form(Few<(u8, Vec<Piece>)>),
    Multipart(Few<(u8, Vec<Piece>)>),
    Spelt(Vec<Piece>),
    Bytes(Vec<u8>),
    Deep(u8, u16),
    Long(u32),
}

#[derive(Debug, TypeGenerator)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(i64),
    Text(Vec<Piece>),
    Token(Token),
    List(Vec<u8>),
    Object,
}

impl Format {
    pub(crate) fn write(self, fields: &[(&str, &str)]) -> (Kind, Vec<u8>) {
        match self {
            Self::Json => {
                let object: serde_json::Map<String, Value> = fields
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
                    .collect();
                (Kind::Json, Value::from(object).to_string().into_bytes())
            }
            Self::Pairs => {
                let pairs = fields.iter().map(|(name, value)| format!("{name}={value}"));
                (Kind::Form, pairs.collect::<Vec<_>>().join("&").into_bytes())
            }
            Self::Multipart => {
                let parts = fields.iter().map(|(name, value)| part(name, value));
                let body = parts.chain([LAST_PART.to_owned()]).collect::<Vec<_>>();
                (Kind::Multipart, body.concat().into_bytes())
            }
        }
    }
}

const LAST_PART: &str = "--b--\r\n";

fn part(name: &str, value: &str) -> String {
    format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

impl Content {
    pub(crate) fn bytes(&self, jar: &Jar) -> Vec<u8> {
        let field = |which: &u8| FIELDS[usize::from(*which) % FIELDS.len()];
        let text = match self {
            Self::Nothing => return Vec::new(),
            Self::Bytes(bytes) => return bytes.clone(),
            Self::Json(fields) => Self::object(fields, jar),
            Self::Form(fields) => {
                let pair = |(name, value): &(u8, Vec<Piece>)| {
                    format!("{}={}", field(name), spell(value, WORDS))
                };
                fields.iter().map(pair).collect::<Vec<_>>().join("&")
            }
            Self::Multipart(fields) => fields
                .iter()
                .map(|(name, value)| part(field(name), &spell(value, WORDS)))
                .chain([LAST_PART.to_owned()])
                .collect::<Vec<_>>()
                .concat(),
            Self::Spelt(pieces) => spell(pieces, WORDS),
            Self::Deep(byte, depth) => char::from(byte % 0x80)
                .to_string()
                .repeat(usize::from(*depth)),
            Self::Long(length) => {
                let length = usize::try_from(length % 70_000).unwrap_or(0);
                format!("{{\"username\":\"{}\"}}", "x".repeat(length))
            }
        };
        text.into_bytes()
    }

    pub(crate) fn object(fields: &[(u8, Json)], jar: &Jar) -> String {
        let field = |which: &u8| FIELDS[usize::from(*which) % FIELDS.len()];
        let members: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("\"{}\":{}", field(name), value.value(jar)))
            .collect();
        format!("{{{}}}", members.join(","))
    }
}

impl Json {
    pub(crate) fn value(&self, jar: &Jar) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(it) => (*it).into(),
            Self::Number(it) => (*it).into(),
            Self::Text(pieces) => spell(pieces, WORDS).into(),
            Self::Token(token) => token.text(jar).into(),
            Self::List(numbers) => numbers.clone().into(),
            Self::Object => serde_json::json!({"username": "alice"}),
        }
    }
}
