//! Signed texts: the compact serialisation of RFC 7515 §7.1 and nothing else of it.
//!
//! The header is read into a closed form: three members are known, the seven that would make a
//! verifier do something are refused, the rest means nothing. What is refused, is refused before
//! any cryptography (RFC 8725 §3):
//!
//! * more than [`MAX_LENGTH`] bytes, before they are decoded;
//! * other than three segments (five are an encrypted token), padding, spare bits, white space;
//! * `crit`, `b64`, `zip` (a rule that we would have to know, and zip bombs);
//! * `jwk`, `jku`, `x5c`, `x5u` (a key that the token brings along; nothing is ever fetched);
//! * an algorithm that is not one of ours, a member twice, a `kid` that is no short string.

pub(crate) mod members;

use std::borrow::Cow;

use data_encoding::BASE64URL_NOPAD;
use serde::de::{Error, IgnoredAny, MapAccess};

use crate::key::{Algorithm, KeyError, SigningKey, VerifyingKey};
use members::Members;

/// The longest token that is looked at, in bytes: what a browser keeps as one cookie.
pub const MAX_LENGTH: usize = 4096;

/// The text is not a signed text that this house could have made, or its signature is not good.
///
/// Nobody is told which: the difference only helps who is trying things out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a token signed with a known key")]
pub struct NotSigned;

/// The `typ` of a header (RFC 7515 §4.1.9): letters of any case, `application/` or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MediaType {
    /// `at+jwt`, an access token (RFC 9068 §2.1).
    AccessToken,
    /// `JWT`, which says nothing about the purpose.
    Jwt,
    /// Anything else.
    Other,
    /// There is none.
    #[default]
    Absent,
}

impl MediaType {
    fn parse(text: &str) -> Self {
        let is = |name: &str| {
            let (head, tail) = text.split_at_checked(12).unwrap_or(("", ""));
            text.eq_ignore_ascii_case(name)
                || head.eq_ignore_ascii_case("application/") && tail.eq_ignore_ascii_case(name)
        };
        if is("at+jwt") {
            Self::AccessToken
        } else if is("JWT") {
            Self::Jwt
        } else {
            Self::Other
        }
    }
}

/// What a signed text says about itself. Nothing of it is believed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// To be compared with the key's, never to choose by.
    pub algorithm: Algorithm,
    /// What kind of text it wants to be.
    pub media_type: MediaType,
    /// Which key it wants.
    pub kid: Option<String>,
}

#[derive(Default)]
struct HeaderMembers {
    algorithm: Option<Algorithm>,
    media_type: MediaType,
    kid: Option<String>,
}

impl<'de> Members<'de> for HeaderMembers {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "alg" => {
                let text: String = map.next_value()?;
                self.algorithm = Some(text.parse().map_err(A::Error::custom)?);
            }
            "typ" => self.media_type = MediaType::parse(&map.next_value::<String>()?),
            "kid" => {
                let kid: String = map.next_value()?;
                if kid.len() > VerifyingKey::MAX_KID_BYTES {
                    return Err(A::Error::custom("the kid is too long"));
                }
                self.kid = Some(kid);
            }
            "crit" | "b64" | "zip" | "jwk" | "jku" | "x5c" | "x5u" => {
                return Err(A::Error::custom("a member that is not followed here"));
            }
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

/// A text taken apart, nothing of it decoded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segments<'t> {
    pub(crate) header: &'t str,
    signing_input: &'t str,
    payload: &'t str,
    signature: &'t str,
}

impl<'t> Segments<'t> {
    /// Three segments, the last not empty, in a text that is not too long.
    pub(crate) fn parse(token: &'t str) -> Result<Self, NotSigned> {
        if token.len() > MAX_LENGTH {
            return Err(NotSigned);
        }
        let (signing_input, signature) = token.rsplit_once('.').ok_or(NotSigned)?;
        let (header, payload) = signing_input.split_once('.').ok_or(NotSigned)?;
        if payload.contains('.') || signature.is_empty() {
            return Err(NotSigned);
        }
        Ok(Self {
            header,
            signing_input,
            payload,
            signature,
        })
    }

    /// The payload, if the owner of `key` signed it. That the header names the key's algorithm is
    /// the caller's to know.
    pub(crate) fn verify(self, key: &VerifyingKey) -> Result<Vec<u8>, NotSigned> {
        self.verify_decoded(key, &decode(self.signature)?)
    }

    fn verify_decoded(self, key: &VerifyingKey, signature: &[u8]) -> Result<Vec<u8>, NotSigned> {
        if key.verifies(self.signing_input.as_bytes(), signature) {
            decode(self.payload)
        } else {
            Err(NotSigned)
        }
    }
}

/// A text in the right form whose signature was not looked at yet.
#[derive(Debug)]
pub struct Unverified<'t> {
    header: Header,
    segments: Segments<'t>,
    signature: Vec<u8>,
}

impl<'t> Unverified<'t> {
    /// Reads header and signature; the payload stays shut until [`verify`](Self::verify).
    ///
    /// # Errors
    /// [`NotSigned`] for whatever the list above names.
    pub fn parse(token: &'t str) -> Result<Self, NotSigned> {
        Self::of(Segments::parse(token)?)
    }

    pub(crate) fn of(segments: Segments<'t>) -> Result<Self, NotSigned> {
        let header = decode(segments.header)?;
        let header: HeaderMembers = members::parse(&header).map_err(|_| NotSigned)?;
        Ok(Self {
            header: Header {
                algorithm: header.algorithm.ok_or(NotSigned)?,
                media_type: header.media_type,
                kid: header.kid,
            },
            segments,
            signature: decode(segments.signature)?,
        })
    }

    /// What it says about itself.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The payload, if the owner of `key` signed it with the key's one algorithm.
    ///
    /// # Errors
    /// [`NotSigned`] when the header names another algorithm or the signature is not good.
    pub fn verify(self, key: &VerifyingKey) -> Result<Vec<u8>, NotSigned> {
        if self.header.algorithm != key.algorithm() {
            return Err(NotSigned);
        }
        self.segments.verify_decoded(key, &self.signature)
    }
}

/// Signs `payload` as a text of kind `typ`.
///
/// # Errors
/// [`KeyError::Crypto`], when the system's randomness fails.
pub fn sign(key: &SigningKey, typ: &str, payload: &[u8]) -> Result<String, KeyError> {
    // Nearly everything that is signed is an access token, and of those each key keeps the header.
    let header = match typ {
        "at+jwt" => Cow::Borrowed(key.verifying_key().access_token_header()),
        _ => Cow::Owned(header_segment(key.algorithm(), typ, key.kid())),
    };
    // The longest signature is RSA's; the text grows by a third.
    let mut text = String::with_capacity(header.len() + (payload.len() + 256) * 4 / 3 + 8);
    text.push_str(&header);
    text.push('.');
    BASE64URL_NOPAD.encode_append(payload, &mut text);
    let signature = key.sign(text.as_bytes())?;
    text.push('.');
    BASE64URL_NOPAD.encode_append(&signature, &mut text);
    Ok(text)
}

/// The first segment of a text of kind `typ` that is signed with a key of this name.
pub(crate) fn header_segment(algorithm: Algorithm, typ: &str, kid: &str) -> String {
    #[derive(serde::Serialize)]
    struct Header<'a> {
        alg: &'a str,
        typ: &'a str,
        kid: &'a str,
    }
    let header = Header {
        alg: algorithm.as_str(),
        typ,
        kid,
    };
    // A struct of strings always has a JSON form.
    BASE64URL_NOPAD.encode(&serde_json::to_vec(&header).unwrap_or_default())
}

/// Base64url without padding, spare bits zero: one text, one spelling (RFC 4648 §3.5).
fn decode(segment: &str) -> Result<Vec<u8>, NotSigned> {
    BASE64URL_NOPAD
        .decode(segment.as_bytes())
        .map_err(|_| NotSigned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SigningKey {
        SigningKey::generate(Algorithm::Es256).unwrap()
    }

    /// A text with this header, really signed.
    fn with_header(key: &SigningKey, header: &str) -> String {
        let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let input = format!("{}.{}", encode(header.as_bytes()), encode(b"{}"));
        let signature = key.sign(input.as_bytes()).unwrap();
        format!("{input}.{}", encode(&signature))
    }

    fn verify(key: &SigningKey, token: &str) -> Result<Vec<u8>, NotSigned> {
        Unverified::parse(token)?.verify(key.verifying_key())
    }

    #[test]
    fn what_is_signed_is_read_again() {
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256] {
            let key = SigningKey::generate(algorithm).unwrap();
            let token = sign(&key, "at+jwt", b"payload").unwrap();
            let unverified = Unverified::parse(&token).unwrap();
            assert_eq!(unverified.header().kid.as_deref(), Some(key.kid()));
            assert_eq!(unverified.header().media_type, MediaType::AccessToken);
            assert_eq!(unverified.verify(key.verifying_key()).unwrap(), b"payload");
            let stranger = SigningKey::generate(algorithm).unwrap();
            assert_eq!(verify(&stranger, &token), Err(NotSigned));
        }
    }

    /// CVE-2025-59420 (an unknown `crit` ignored), CVE-2018-0114 (an embedded `jwk` believed), the
    /// zip bombs of CVE-2024-28180 and its kin, and fetches steered by the token (`jku`, `x5u`).
    #[test]
    fn members_that_would_make_a_verifier_do_something_are_refused() {
        let key = key();
        assert!(
            verify(
                &key,
                &with_header(&key, r#"{"alg":"ES256","x-unknown":{"a":[1]},"cty":"x"}"#)
            )
            .is_ok()
        );
        for member in [
            r#""crit":["exp"]"#,
            r#""crit":[]"#,
            r#""b64":false"#,
            r#""b64":true"#,
            r#""zip":"DEF""#,
            r#""jwk":{"kty":"EC"}"#,
            r#""jku":"http://127.0.0.1:1/jwks.json""#,
            r#""x5u":"http://127.0.0.1:1/cert""#,
            r#""x5c":[]"#,
            r#""\u0063rit":["exp"]"#,
        ] {
            let token = with_header(&key, &format!(r#"{{"alg":"ES256",{member}}}"#));
            assert_eq!(verify(&key, &token), Err(NotSigned), "{member}");
        }
    }

    /// CVE-2018-1000531 and its kin: the key knows its algorithm, whatever the token says.
    #[test]
    fn another_algorithm_than_the_keys_is_refused() {
        let key = key();
        for alg in [
            "none",
            "None",
            "NONE",
            "nOnE",
            "HS256",
            "RS256",
            "PS256",
            "ES384",
            "EdDSA",
            "es256",
            "",
            "dir",
            "PBES2-HS256+A128KW",
        ] {
            let token = with_header(&key, &format!(r#"{{"alg":"{alg}"}}"#));
            assert_eq!(verify(&key, &token), Err(NotSigned), "{alg}");
        }
        for header in [
            "{}",
            r#"{"alg":null}"#,
            r#"{"alg":["ES256"]}"#,
            r#"{"alg":256}"#,
        ] {
            assert_eq!(
                verify(&key, &with_header(&key, header)),
                Err(NotSigned),
                "{header}"
            );
        }
    }

    #[test]
    fn a_member_twice_or_a_kid_that_is_no_short_string_is_refused() {
        let key = key();
        let long = "k".repeat(VerifyingKey::MAX_KID_BYTES + 1);
        for members in [
            r#""alg":"ES256""#.to_owned(),
            r#""kid":"a","kid":"a""#.to_owned(),
            r#""kid":"a","\u006bid":"b""#.to_owned(),
            r#""kid":null"#.to_owned(),
            r#""kid":7"#.to_owned(),
            r#""kid":["a"]"#.to_owned(),
            r#""typ":7"#.to_owned(),
            format!(r#""kid":"{long}""#),
        ] {
            let token = with_header(&key, &format!(r#"{{"alg":"ES256",{members}}}"#));
            assert_eq!(verify(&key, &token), Err(NotSigned), "{members}");
        }
    }

    #[test]
    fn a_token_has_one_spelling() {
        let key = key();
        let token = sign(&key, "at+jwt", b"payload").unwrap();
        let (head, signature) = token.rsplit_once('.').unwrap();
        // Of the last character of 64 bytes only two bits count; the others must be zero.
        let last = signature.as_bytes()[signature.len() - 1];
        let spare = BASE64URL_NOPAD.specification().symbols;
        let place = spare.bytes().position(|symbol| symbol == last).unwrap();
        let spare_bits = char::from(spare.as_bytes()[place + 1]);
        for spelling in [
            format!("{token}="),
            format!("{token}\n"),
            format!(" {token}"),
            format!("{token}."),
            format!(".{token}"),
            token.replacen('.', "..", 1),
            format!("{head}."),
            head.to_owned(),
            format!("{head}.{}{spare_bits}", &signature[..signature.len() - 1]),
            format!("{head}.{}", "A".repeat(86)),
            format!("{token}.x.y"),
            format!("{{\"protected\":\"{token}\"}}"),
            String::new(),
            "..".to_owned(),
        ] {
            assert_eq!(verify(&key, &spelling), Err(NotSigned), "{spelling}");
        }
    }

    /// CVE-2025-30204: a megabyte of dots is not taken apart.
    #[test]
    fn a_token_that_is_too_long_is_refused_unread() {
        let key = key();
        let token = sign(&key, "at+jwt", &[b'x'; MAX_LENGTH]).unwrap();
        assert_eq!(verify(&key, &token), Err(NotSigned));
        assert_eq!(verify(&key, &".".repeat(1_000_000)), Err(NotSigned));
    }

    #[test]
    fn the_media_type_ignores_case_and_its_prefix() {
        for (text, media_type) in [
            ("at+jwt", MediaType::AccessToken),
            ("AT+JWT", MediaType::AccessToken),
            ("application/at+jwt", MediaType::AccessToken),
            ("Application/At+Jwt", MediaType::AccessToken),
            ("JWT", MediaType::Jwt),
            ("jwt", MediaType::Jwt),
            ("text/at+jwt", MediaType::Other),
            ("at+jwt ", MediaType::Other),
            ("dpop+jwt", MediaType::Other),
            ("", MediaType::Other),
            ("ünïcödetext+jwt", MediaType::Other),
        ] {
            assert_eq!(MediaType::parse(text), media_type, "{text}");
        }
    }
}
