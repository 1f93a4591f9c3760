//! JSON objects in which no member is named twice (RFC 7519 §4).
//!
//! Two parsers that disagree on which of two equal names counts are an attack; here neither does.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

/// More members than any token has. It keeps the search for equal names short.
const MAX_MEMBERS: usize = 64;

/// Takes the members of an object as they come.
pub(crate) trait Members<'de>: Default {
    /// Reads the value of `name` from `map`, or passes over it with `IgnoredAny`.
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error>;
}

/// Reads one object and nothing after it.
pub(crate) fn parse<'de, M: Members<'de>>(json: &'de [u8]) -> Result<M, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let members = deserializer.deserialize_map(ObjectVisitor(PhantomData))?;
    deserializer.end()?;
    Ok(members)
}

struct ObjectVisitor<M>(PhantomData<M>);

impl<'de, M: Members<'de>> Visitor<'de> for ObjectVisitor<M> {
    type Value = M;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<M, A::Error> {
        let mut members = M::default();
        let mut seen: Vec<Cow<'de, str>> = Vec::with_capacity(16);
        while let Some(name) = map.next_key_seed(Text)? {
            if seen.contains(&name) || seen.len() == MAX_MEMBERS {
                return Err(A::Error::custom("a member twice, or too many members"));
            }
            members.member(&name, &mut map)?;
            seen.push(name);
        }
        Ok(members)
    }
}

/// A string, its escapes undone (`"\u0065xp"` is `exp` once more) and copied only if it has some.
pub(crate) struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use serde::de::IgnoredAny;

    use super::*;

    #[derive(Debug, Default, PartialEq)]
    struct OnlyA(Option<i64>);

    impl<'de> Members<'de> for OnlyA {
        fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
            match name {
                "a" => self.0 = Some(map.next_value()?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
            Ok(())
        }
    }

    #[test]
    fn known_members_are_read_and_others_passed_over() {
        let parsed: OnlyA = parse(br#" {"b": [1, {"a": 2}], "a": 7, "c": null} "#).unwrap();
        assert_eq!(parsed, OnlyA(Some(7)));
        assert_eq!(parse::<OnlyA>(b"{}").unwrap(), OnlyA(None));
    }

    #[test]
    fn a_name_twice_is_refused_however_it_is_written() {
        for twice in [
            r#"{"a":1,"a":1}"#,
            r#"{"b":1,"b":2}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"\u0062":1,"b":2}"#,
        ] {
            assert!(parse::<OnlyA>(twice.as_bytes()).is_err(), "{twice}");
        }
    }

    #[test]
    fn what_is_no_single_object_is_refused() {
        for bad in [
            "",
            "[]",
            "null",
            "{}{}",
            "{} x",
            "{\"a\":1",
            "\"a\"",
            "\u{feff}{}",
            "{\"a\":\"1\"}",
        ] {
            assert!(parse::<OnlyA>(bad.as_bytes()).is_err(), "{bad}");
        }
        let many: Vec<String> = (0..=MAX_MEMBERS).map(|n| format!("\"{n}x\":0")).collect();
        assert!(parse::<OnlyA>(format!("{{{}}}", many.join(",")).as_bytes()).is_err());
        assert!(parse::<OnlyA>(&[b'[', 0xFF, b']']).is_err());
    }
}
