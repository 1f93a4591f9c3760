//! Keys that both sides hold: Hardtack, and the other library that serves as the oracle.
//!
//! The private keys in `keys/` are fixed, so that an input means the same in every run. They sign
//! for nobody else.

use std::time::Duration;

use bolero::TypeGenerator;
use data_encoding::BASE64URL_NOPAD;
use hardtack_core::access_token::{self, Expectations, Grant, SessionEnds};
use hardtack_core::key::{KeySet, SigningKey};
use hardtack_core::rotation::Position;
use hardtack_core::{Entropy, SessionId, Timestamp, UserId};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation};

/// When everything happens.
pub const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
/// Who issues everything.
pub const ISSUER: &str = "https://a.example";
/// The shared key.
pub const SECRET: &[u8] = b"Zq8#nT2vL5!xR7mC4wK9pB6yF3hJ1dGs";

const ES256: &str = include_str!("../keys/es256.pem");
const EDDSA: &str = include_str!("../keys/eddsa.pem");
const RS256: &str = include_str!("../keys/rs256.pem");

/// The algorithms, for a generator to choose from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, TypeGenerator)]
pub enum Signature {
    /// ES256.
    Es256,
    /// Ed25519.
    EdDsa,
    /// RS256.
    Rs256,
    /// HS256.
    Hs256,
}

/// "Randomness" that is the same in every run.
#[derive(Debug)]
pub struct Ones;

impl Entropy for Ones {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(1);
    }
}

/// A key of ours, and the same key in the hands of the oracle.
pub struct Forge {
    /// Ours.
    pub key: SigningKey,
    /// All that is believed.
    pub keys: KeySet,
    /// What the oracle calls the algorithm.
    pub algorithm: Algorithm,
    signs: EncodingKey,
    verifies: DecodingKey,
}

/// Nothing in it ever changes, so a target that panics leaves nothing half done.
impl std::panic::RefUnwindSafe for Forge {}

impl Forge {
    /// The forge of one algorithm.
    #[must_use]
    pub fn new(signature: Signature) -> Self {
        let (algorithm, key, signs) = match signature {
            Signature::Es256 => (
                Algorithm::ES256,
                SigningKey::from_pem(ES256),
                EncodingKey::from_ec_pem(ES256.as_bytes()),
            ),
            Signature::EdDsa => (
                Algorithm::EdDSA,
                SigningKey::from_pem(EDDSA),
                EncodingKey::from_ed_pem(EDDSA.as_bytes()),
            ),
            Signature::Rs256 => (
                Algorithm::RS256,
                SigningKey::from_pem(RS256),
                EncodingKey::from_rsa_pem(RS256.as_bytes()),
            ),
            Signature::Hs256 => (
                Algorithm::HS256,
                SigningKey::hs256(SECRET),
                Ok(EncodingKey::from_secret(SECRET)),
            ),
        };
        let key = key.unwrap();
        let keys = KeySet::new(vec![key.verifying_key().clone()]).unwrap();
        let published: jsonwebtoken::jwk::JwkSet =
            serde_json::from_str(&keys.to_jwks_json()).unwrap();
        let verifies = published.keys.first().map_or_else(
            || DecodingKey::from_secret(SECRET),
            |jwk| DecodingKey::from_jwk(jwk).unwrap(),
        );
        Self {
            key,
            keys,
            algorithm,
            signs: signs.unwrap(),
            verifies,
        }
    }

    /// One of each, in the order of [`Signature`].
    #[must_use]
    pub fn all() -> [Self; 4] {
        [
            Signature::Es256,
            Signature::EdDsa,
            Signature::Rs256,
            Signature::Hs256,
        ]
        .map(Self::new)
    }

    /// A token as Hardtack issues it.
    #[must_use]
    pub fn issue(&self, audience: Option<&str>) -> String {
        let token = access_token::issue(&self.key, &grant(), ISSUER, audience, &Ones).unwrap();
        token.expose_secret().to_owned()
    }

    /// Signs any two texts as header and payload.
    #[must_use]
    pub fn sign(&self, header: &str, payload: &str) -> String {
        let encode = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
        let message = format!("{}.{}", encode(header), encode(payload));
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), &self.signs, self.algorithm).unwrap();
        format!("{message}.{signature}")
    }

    /// The claims that the oracle reads out of a token whose signature and parties are good. Times
    /// are left to the caller, for the oracle looks at the clock on the wall.
    #[must_use]
    pub fn oracle(&self, token: &str, expected: &Expectations) -> Option<serde_json::Value> {
        let mut validation = Validation::new(self.algorithm);
        validation.validate_exp = false;
        validation.set_issuer(&[&expected.issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        if let Some(audience) = &expected.audience {
            validation.set_audience(&[audience]);
            validation.required_spec_claims.insert("aud".to_owned());
        }
        jsonwebtoken::decode(token, &self.verifies, &validation)
            .ok()
            .map(|token| token.claims)
    }
}

/// What a token is issued for.
#[must_use]
pub fn grant() -> Grant {
    Grant {
        user: UserId::new(7),
        session: SessionId::from_bytes([1; 16]),
        position: Position::new(3, 1),
        issued_at: NOW,
        expires_at: NOW + Duration::from_secs(900),
        authenticated_at: NOW - Duration::from_secs(60),
        ends: SessionEnds {
            absolute_at: NOW + Duration::from_secs(2_592_000),
            idle_at: NOW + Duration::from_secs(604_800),
            idle_timeout: Duration::from_secs(604_800),
        },
    }
}

/// What a verifier of such tokens expects.
#[must_use]
pub fn expected(audience: Option<&str>) -> Expectations {
    Expectations {
        issuer: ISSUER.to_owned(),
        audience: audience.map(str::to_owned),
        accept_simplejwt: false,
    }
}
