//! Bodies and their fields: the contract's ground rules (docs/contract.md §1).

use std::collections::BTreeMap;

use axum::body::{Body, HttpBody as _};
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use hardtack_store::Store;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::error::ApiError;
use crate::hardtack::Hardtack;
use crate::settings::LimitSettings;

/// As deep as JSON may nest (docs/threat-model.md SV-1).
const JSON_DEPTH: usize = 32;

/// The fields of a body, whatever it was written in, and the faults found in them so far.
#[derive(Debug)]
pub(crate) struct Fields {
    values: Map<String, Value>,
    /// A form knows texts only.
    is_form: bool,
    faults: FieldFaults,
}

/// Faults by field, in the order in which the fields were looked at.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct FieldFaults(Vec<(&'static str, Vec<String>)>);

/// What a text field must be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextRule {
    pub(crate) required: bool,
    pub(crate) may_be_blank: bool,
    /// In characters.
    pub(crate) longest: Option<usize>,
    /// Names are trimmed, passwords never are (docs/contract.md §10.14).
    pub(crate) trim: bool,
}

impl TextRule {
    pub(crate) const REQUIRED: Self = Self {
        required: true,
        may_be_blank: false,
        longest: None,
        trim: true,
    };
    pub(crate) const OPTIONAL: Self = Self {
        required: false,
        may_be_blank: true,
        longest: None,
        trim: true,
    };
    pub(crate) const SECRET: Self = Self {
        required: true,
        may_be_blank: false,
        longest: None,
        trim: false,
    };

    pub(crate) const fn at_most(self, longest: usize) -> Self {
        Self {
            longest: Some(longest),
            ..self
        }
    }
}

/// The fields of the request's body, for handlers.
impl<S: Store> FromRequest<Hardtack<S>> for Fields {
    type Rejection = ApiError;

    async fn from_request(request: Request, hardtack: &Hardtack<S>) -> Result<Self, ApiError> {
        let (Parts { headers, .. }, body) = request.into_parts();
        Self::read(&headers, body, &hardtack.settings().limits).await
    }
}

impl Fields {
    /// Reads the body of a request. No body at all counts as an empty object.
    pub(crate) async fn read(
        headers: &HeaderMap,
        body: Body,
        limits: &LimitSettings,
    ) -> Result<Self, ApiError> {
        let bytes = read_body(body, limits).await?;
        let (values, is_form) = if bytes.is_empty() {
            (Map::new(), false)
        } else {
            parse_body(headers, bytes).await?
        };
        Ok(Self {
            values,
            is_form,
            faults: FieldFaults::default(),
        })
    }

    /// A text field. `None` when it is absent, or at fault, which [`finish`](Self::finish) tells.
    pub(crate) fn text(&mut self, name: &'static str, rule: TextRule) -> Option<String> {
        let text = match self.values.get(name) {
            None if rule.required => return self.fault(name, "This field is required."),
            None => return None,
            Some(Value::Null) => return self.fault(name, "This field may not be null."),
            Some(Value::String(text)) if rule.trim => text.trim().to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
                return self.fault(name, "Not a valid string.");
            }
        };
        if text.contains('\0') {
            return self.fault(name, "Null characters are not allowed.");
        }
        if text.is_empty() && !rule.may_be_blank {
            return self.fault(name, "This field may not be blank.");
        }
        if let Some(longest) = rule
            .longest
            .filter(|longest| text.chars().count() > *longest)
        {
            return self.fault(
                name,
                &format!("Ensure this field has no more than {longest} characters."),
            );
        }
        Some(text)
    }

    /// A field that is true or false. `None` when it is absent, or at fault.
    ///
    /// In JSON nothing but the two words of JSON; in a form the same two as text, and `on`, which
    /// is what a checked box sends.
    pub(crate) fn flag(&mut self, name: &'static str) -> Option<bool> {
        match self.values.get(name)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) if self.is_form && matches!(text.as_str(), "true" | "on") => {
                Some(true)
            }
            Value::String(text) if self.is_form && text == "false" => Some(false),
            Value::Null => self.fault(name, "This field may not be null."),
            _ => self.fault(name, "Must be a valid boolean."),
        }
    }

    /// A token field. Null and `""`, which login itself answers, count as absent; what is no text
    /// is no token either, and does not make way for the cookie (docs/contract.md §4).
    pub(crate) fn token(&self, name: &str) -> Option<&str> {
        match self.values.get(name)? {
            Value::Null => None,
            Value::String(text) => Some(text.as_str()).filter(|text| !text.is_empty()),
            _ => Some("not a text"),
        }
    }

    /// A list of at most `most` values; `None` when it is absent, longer, or no list.
    pub(crate) fn list(&self, name: &str, most: usize) -> Option<&[Value]> {
        let values = self.values.get(name)?.as_array()?;
        (values.len() <= most).then_some(values)
    }

    /// Records a fault and gives no value.
    pub(crate) fn fault<T>(&mut self, name: &'static str, message: &str) -> Option<T> {
        self.faults.add(name, message);
        None
    }

    /// All faults at once, or none.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        if self.faults.0.is_empty() {
            Ok(())
        } else {
            Err(ApiError::Fields(self.faults))
        }
    }
}

impl FieldFaults {
    /// One fault of one field.
    pub(crate) fn of(name: &'static str, message: &str) -> Self {
        Self(vec![(name, vec![message.to_owned()])])
    }

    pub(crate) fn add(&mut self, name: &'static str, message: &str) {
        match self.0.iter_mut().find(|(field, _)| *field == name) {
            Some((_, messages)) => messages.push(message.to_owned()),
            None => self.0.push((name, vec![message.to_owned()])),
        }
    }
}

impl Serialize for FieldFaults {
    /// `{"field":["message", …]}`
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(field, messages)| (field, messages)))
    }
}

async fn read_body(body: Body, limits: &LimitSettings) -> Result<Bytes, ApiError> {
    // A length that is told beforehand need not be waited for.
    if body.size_hint().lower() > limits.body_bytes as u64 {
        return Err(ApiError::BodyTooLarge(limits.body_bytes));
    }
    let body = Limited::new(body, limits.body_bytes).collect();
    match tokio::time::timeout(limits.body_timeout, body).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(ApiError::BodyTooLarge(limits.body_bytes))
        }
        Ok(Err(_)) => Err(ApiError::BodyBroken),
        Err(_) => Err(ApiError::BodyTooSlow),
    }
}

/// The fields, and whether they came in a form.
async fn parse_body(
    headers: &HeaderMap,
    bytes: Bytes,
) -> Result<(Map<String, Value>, bool), ApiError> {
    let content_type = headers
        .get(CONTENT_TYPE)
        .map_or("", |value| value.to_str().unwrap_or_default());
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Ok((parse_json(&bytes)?, false))
    } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Ok((parse_form(&bytes), true))
    } else if essence.eq_ignore_ascii_case("multipart/form-data") {
        Ok((parse_multipart(content_type, bytes).await?, true))
    } else {
        Err(ApiError::UnsupportedMediaType(
            content_type.chars().take(100).collect(),
        ))
    }
}

fn parse_json(bytes: &[u8]) -> Result<Map<String, Value>, ApiError> {
    if nesting(bytes) > JSON_DEPTH {
        return Err(ApiError::BrokenJson(format!(
            "nested deeper than {JSON_DEPTH} levels"
        )));
    }
    let value: Value =
        serde_json::from_slice(bytes).map_err(|error| ApiError::BrokenJson(error.to_string()))?;
    let kind = match value {
        Value::Object(fields) => return Ok(fields),
        Value::Null => {
            return Err(ApiError::Fields(FieldFaults::of(
                "non_field_errors",
                "No data provided",
            )));
        }
        Value::Array(_) => "list",
        Value::String(_) => "str",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
    };
    let message = format!("Invalid data. Expected a dictionary, but got {kind}.");
    Err(ApiError::Fields(FieldFaults::of(
        "non_field_errors",
        &message,
    )))
}

/// How deep brackets nest outside strings, counted before the parser allocates anything.
fn nesting(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The last of several fields of one name wins, as it does in JSON.
fn parse_form(bytes: &[u8]) -> Map<String, Value> {
    form_urlencoded::parse(bytes)
        .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
        .collect()
}

async fn parse_multipart(content_type: &str, bytes: Bytes) -> Result<Map<String, Value>, ApiError> {
    let broken = |error: multer::Error| ApiError::BrokenMultipart(error.to_string());
    let boundary = multer::parse_boundary(content_type).map_err(broken)?;
    let stream = http_body_util::BodyDataStream::new(http_body_util::Full::new(bytes));
    let mut multipart = multer::Multipart::new(stream, boundary);
    let mut fields = BTreeMap::new();
    while let Some(field) = multipart.next_field().await.map_err(broken)? {
        // A file is no field of ours.
        if field.file_name().is_some() {
            continue;
        }
        if let Some(name) = field.name().map(ToOwned::to_owned) {
            // UTF-8 whatever the part says, as Django reads it: browsers send the page's encoding, and
            // the tables of the others would be a hundredth of the binary.
            let bytes = field.bytes().await.map_err(broken)?;
            fields.insert(name, Value::from(String::from_utf8_lossy(&bytes)));
        }
    }
    Ok(fields.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_inside_strings_do_not_nest() {
        assert_eq!(nesting(br#"{"a":"[[[[\"[["}"#), 1);
        assert_eq!(nesting(br#"{"a":[{"b":[]}]}"#), 4);
        assert_eq!(nesting(&vec![b'['; 100_000]), 100_000);
    }
}
