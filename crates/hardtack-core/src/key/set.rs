//! The keys that are believed, by name, and their published form (RFC 7517 §5).

use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::verifying::Jwk;
use super::{Algorithm, KeyError, VerifyingKey};

/// The keys that tokens are verified with. An empty set believes nothing.
#[derive(Debug, Clone, Default)]
pub struct KeySet(Vec<VerifyingKey>);

impl KeySet {
    /// The longest text that is read as a JWK set, in bytes.
    pub const MAX_JWKS_BYTES: usize = 64 * 1024;

    /// The most keys that a published set may have: look-up is a walk, and two are the rule.
    pub const MAX_KEYS: usize = 32;

    /// Puts keys together.
    ///
    /// # Errors
    /// [`KeyError::DuplicateKid`], for a name must lead to one key; [`KeyError::MixedSet`] when a
    /// shared key stands beside published ones, so that nobody can ever mistake one for the other.
    pub fn new(keys: Vec<VerifyingKey>) -> Result<Self, KeyError> {
        for (index, key) in keys.iter().enumerate() {
            if keys
                .iter()
                .skip(index + 1)
                .any(|other| other.kid() == key.kid())
            {
                return Err(KeyError::DuplicateKid);
            }
        }
        let shared = keys
            .iter()
            .filter(|key| key.algorithm() == Algorithm::Hs256)
            .count();
        if shared > 0 && shared < keys.len() {
            return Err(KeyError::MixedSet);
        }
        Ok(Self(keys))
    }

    /// The key of exactly that name.
    #[must_use]
    pub fn find(&self, kid: &str) -> Option<&VerifyingKey> {
        self.0.iter().find(|key| key.kid() == kid)
    }

    /// The key whose access tokens begin with exactly this segment.
    ///
    /// Nearly every token is one of this house's, and a comparison says so at a tenth of the price
    /// of reading the header.
    pub(crate) fn find_by_header(&self, segment: &str) -> Option<&VerifyingKey> {
        self.0
            .iter()
            .find(|key| key.access_token_header() == segment)
    }

    /// The shared HS256 key, if this set is one: what a Django site signs with names no key.
    #[must_use]
    pub fn shared(&self) -> Option<&VerifyingKey> {
        self.0
            .iter()
            .find(|key| key.algorithm() == Algorithm::Hs256)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &VerifyingKey> {
        self.0.iter()
    }

    /// Is there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The set as it is published: public members only, and nothing of a shared key.
    #[must_use]
    pub fn to_jwks_json(&self) -> String {
        #[derive(Serialize)]
        struct Jwks<'a> {
            keys: Vec<Jwk<'a>>,
        }
        let keys = self.0.iter().filter_map(VerifyingKey::jwk).collect();
        // Structs of strings always have a JSON form.
        serde_json::to_string(&Jwks { keys }).unwrap_or_default()
    }

    /// The name of a published set: the SHA-256 of its text as it was served, in base64url. Two
    /// sets of one name are the same.
    #[must_use]
    pub fn name_of_jwks(text: &[u8]) -> String {
        BASE64URL_NOPAD.encode(digest::digest(&digest::SHA256, text).as_ref())
    }

    /// Reads a published set. Keys of kinds or uses that are not ours, and members that are not
    /// known, are passed over (RFC 7517 §5); a symmetric key in it never becomes one of ours.
    ///
    /// # Errors
    /// [`KeyError::Jwks`] for what is no JWK set, is too large, or has one of our keys without a
    /// `kid` or with broken members; [`KeyError::DuplicateKid`].
    pub fn from_jwks_json(text: &str) -> Result<Self, KeyError> {
        #[derive(Deserialize)]
        struct Jwks {
            keys: Vec<PublishedKey>,
        }
        if text.len() > Self::MAX_JWKS_BYTES {
            return Err(KeyError::Jwks("it is too large"));
        }
        let jwks: Jwks = serde_json::from_str(text)
            .map_err(|_| KeyError::Jwks("not {\"keys\": [...]} in JSON"))?;
        if jwks.keys.len() > Self::MAX_KEYS {
            return Err(KeyError::Jwks("it has too many keys"));
        }
        let keys = jwks
            .keys
            .into_iter()
            .filter_map(|key| key.parse().transpose());
        Self::new(keys.collect::<Result<_, _>>()?)
    }
}

/// One key of a published set, unread.
#[derive(Deserialize)]
struct PublishedKey {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    r#use: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl PublishedKey {
    /// `None` when it is not of a kind that verifies tokens here.
    fn parse(self) -> Result<Option<VerifyingKey>, KeyError> {
        let algorithm = match (self.kty.as_str(), self.crv.as_deref()) {
            ("EC", Some("P-256")) => Algorithm::Es256,
            ("OKP", Some("Ed25519")) => Algorithm::EdDsa,
            ("RSA", _) => Algorithm::Rs256,
            _ => return Ok(None),
        };
        if self.alg.is_some_and(|alg| alg != algorithm.as_str())
            || self.r#use.is_some_and(|r#use| r#use != "sig")
        {
            return Ok(None);
        }
        let kid = self.kid.ok_or(KeyError::Jwks("a key has no kid"))?;
        if kid.is_empty() || kid.len() > VerifyingKey::MAX_KID_BYTES {
            return Err(KeyError::Jwks("a kid is empty or too long"));
        }
        let member = |member: Option<String>| {
            member
                .and_then(|text| BASE64URL_NOPAD.decode(text.as_bytes()).ok())
                .ok_or(KeyError::Jwks("a key has a member missing or broken"))
        };
        let key = match algorithm {
            Algorithm::Es256 => {
                let mut point = vec![4];
                point.extend(member(self.x)?);
                // Both have 32 bytes, leading zeros kept (RFC 7518 §6.2.1.2); a short x must not
                // be made up for by a long y.
                if point.len() != 33 {
                    return Err(KeyError::Jwks("a coordinate is not 32 bytes"));
                }
                point.extend(member(self.y)?);
                VerifyingKey::es256(&point, Some(kid))
            }
            Algorithm::EdDsa => VerifyingKey::ed_dsa(&member(self.x)?, Some(kid)),
            Algorithm::Rs256 => VerifyingKey::rs256(&member(self.n)?, &member(self.e)?, Some(kid)),
            // No kind above leads here: a secret is not published.
            Algorithm::Hs256 => return Ok(None),
        };
        key.map(Some)
            .map_err(|_| KeyError::Jwks("a key is not one that can be trusted"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::key::SigningKey;

    fn keys() -> Vec<SigningKey> {
        [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256]
            .map(|algorithm| SigningKey::generate(algorithm).unwrap())
            .into()
    }

    fn set(keys: &[SigningKey]) -> KeySet {
        KeySet::new(keys.iter().map(|key| key.verifying_key().clone()).collect()).unwrap()
    }

    fn shared() -> SigningKey {
        SigningKey::hs256(b"Zq8#nT2vL5!xR7mC4wK9pB6yF3hJ1dGs").unwrap()
    }

    #[test]
    fn a_published_set_verifies_what_its_owner_signs() {
        let keys = keys();
        let read = KeySet::from_jwks_json(&set(&keys).to_jwks_json()).unwrap();
        for key in &keys {
            let found = read.find(key.kid()).unwrap();
            assert_eq!(found.algorithm(), key.algorithm());
            assert!(found.verifies(b"message", &key.sign(b"message").unwrap()));
        }
        assert!(read.find("").is_none());
        assert!(read.find("../../etc/passwd").is_none());
    }

    /// docs/threat-model.md TK-8.
    #[test]
    fn only_public_members_are_published() {
        let published: Value = serde_json::from_str(&set(&keys()).to_jwks_json()).unwrap();
        let allowed = ["kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"];
        for key in published["keys"].as_array().unwrap() {
            assert!(
                key.as_object()
                    .unwrap()
                    .keys()
                    .all(|name| allowed.contains(&name.as_str())),
                "{key}"
            );
            assert_eq!(key["use"], "sig");
        }
        assert_eq!(published["keys"].as_array().unwrap().len(), 3);
    }

    /// docs/threat-model.md TK-7.
    #[test]
    fn a_shared_key_is_never_published_and_never_beside_published_ones() {
        let secret = shared();
        let alone = KeySet::new(vec![secret.verifying_key().clone()]).unwrap();
        assert_eq!(alone.to_jwks_json(), r#"{"keys":[]}"#);
        let public = SigningKey::generate(Algorithm::Es256).unwrap();
        let mixed = KeySet::new(vec![
            secret.verifying_key().clone(),
            public.verifying_key().clone(),
        ]);
        assert_eq!(mixed.err(), Some(KeyError::MixedSet));
    }

    #[test]
    fn one_name_leads_to_one_key() {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let twice = vec![key.verifying_key().clone(), key.verifying_key().clone()];
        assert_eq!(KeySet::new(twice).err(), Some(KeyError::DuplicateKid));
    }

    #[test]
    fn foreign_keys_and_members_are_passed_over() {
        let mut jwks: Value = serde_json::from_str(&set(&keys()).to_jwks_json()).unwrap();
        let list = jwks["keys"].as_array_mut().unwrap();
        list[0]["x5t"] = json!("whatever");
        list.push(json!({"kty": "oct", "k": "c2VjcmV0", "kid": "a", "alg": "HS256"}));
        list.push(json!({"kty": "EC", "crv": "P-384", "kid": "b", "x": "AA", "y": "AA"}));
        list.push(json!({"kty": "RSA", "use": "enc", "kid": "c", "n": "AA", "e": "AQAB"}));
        list.push(json!({"kty": "RSA", "alg": "PS256", "kid": "d", "n": "AA", "e": "AQAB"}));
        list.push(json!({"kty": "AKP", "kid": "e"}));
        assert_eq!(
            KeySet::from_jwks_json(&jwks.to_string())
                .unwrap()
                .iter()
                .count(),
            3
        );
    }

    #[test]
    fn a_set_that_is_too_large_or_broken_is_refused() {
        let good: Value = serde_json::from_str(&set(&keys()[..1]).to_jwks_json()).unwrap();
        let with = |name: &str, value: Value| {
            let mut jwks = good.clone();
            jwks["keys"][0][name] = value;
            jwks.to_string()
        };
        for bad in [
            String::new(),
            "[]".into(),
            "{}".into(),
            r#"{"keys":{}}"#.into(),
            with("kid", Value::Null),
            with("kid", json!("")),
            with("kid", json!("k".repeat(65))),
            with("x", json!("AA")),
            with("x", json!("not base64!")),
            with("y", Value::Null),
            json!({"keys": vec![good["keys"][0].clone(); 2]}).to_string(),
            json!({"keys": vec![json!({"kty": "oct"}); KeySet::MAX_KEYS + 1]}).to_string(),
            format!("{{\"keys\":[]{}}}", " ".repeat(KeySet::MAX_JWKS_BYTES)),
        ] {
            assert!(KeySet::from_jwks_json(&bad).is_err(), "{bad:.200}");
        }
    }
}
