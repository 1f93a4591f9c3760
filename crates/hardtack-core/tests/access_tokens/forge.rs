//! Makes tokens that really are signed, with any header and any payload, by means of the oracle.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use hardtack_core::access_token::{self, Claims, Expectations, Grant, SessionEnds, VerifyError};
use hardtack_core::key::{Algorithm, KeySet, SigningKey};
use hardtack_core::rotation::Position;
use hardtack_core::{Entropy, SessionId, Timestamp, UserId};
use jsonwebtoken::EncodingKey;
use serde_json::{Value, json};

pub(crate) const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
pub(crate) const ISSUER: &str = "https://a.example";
pub(crate) const SECRET: &[u8] = b"Zq8#nT2vL5!xR7mC4wK9pB6yF3hJ1dGs";
pub(crate) const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::Es256,
    Algorithm::EdDsa,
    Algorithm::Rs256,
    Algorithm::Hs256,
];

pub(crate) struct Ones;

impl Entropy for Ones {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(1);
    }
}

/// A key of ours, and the same key in the hands of the oracle.
pub(crate) struct Forge {
    pub(crate) key: SigningKey,
    pub(crate) keys: KeySet,
    oracle: EncodingKey,
}

impl Forge {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let key = match algorithm {
            Algorithm::Hs256 => SigningKey::hs256(SECRET),
            other => SigningKey::generate(other),
        }
        .unwrap();
        let pem = key.to_pem();
        let pem = pem
            .as_ref()
            .map(|pem| pem.expose_secret().as_bytes())
            .unwrap_or_default();
        let oracle = match algorithm {
            Algorithm::Es256 => EncodingKey::from_ec_pem(pem).unwrap(),
            Algorithm::EdDsa => EncodingKey::from_ed_pem(pem).unwrap(),
            Algorithm::Rs256 => EncodingKey::from_rsa_pem(pem).unwrap(),
            Algorithm::Hs256 => EncodingKey::from_secret(SECRET),
        };
        let keys = KeySet::new(vec![key.verifying_key().clone()]).unwrap();
        Self { key, keys, oracle }
    }

    pub(crate) fn header(&self) -> Value {
        json!({"alg": self.key.algorithm().as_str(), "typ": "at+jwt", "kid": self.key.kid()})
    }

    /// Signs any two texts as header and payload.
    pub(crate) fn sign(&self, header: &str, payload: &str) -> String {
        let message = unsigned(header, payload);
        let algorithm = oracle_algorithm(self.key.algorithm());
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &self.oracle, algorithm);
        format!("{message}.{}", signature.unwrap())
    }

    /// A token of ours whose claims were changed.
    pub(crate) fn with(&self, change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> String {
        let mut claims = claims();
        change(claims.as_object_mut().unwrap());
        self.sign(&self.header().to_string(), &claims.to_string())
    }

    pub(crate) fn verify(&self, token: &str) -> Result<Claims, VerifyError> {
        access_token::verify(token, &self.keys, &expected(), NOW)
    }

    pub(crate) fn issue(&self) -> String {
        let token = access_token::issue(&self.key, &grant(), ISSUER, None, &Ones).unwrap();
        token.expose_secret().to_owned()
    }
}

pub(crate) fn unsigned(header: &str, payload: &str) -> String {
    let encode = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
    format!("{}.{}", encode(header), encode(payload))
}

pub(crate) fn oracle_algorithm(algorithm: Algorithm) -> jsonwebtoken::Algorithm {
    match algorithm {
        Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
        Algorithm::Hs256 => jsonwebtoken::Algorithm::HS256,
    }
}

/// What a good token says.
pub(crate) fn claims() -> Value {
    json!({
        "token_type": "access", "exp": 1_700_000_900, "iat": 1_700_000_000,
        "jti": "01".repeat(16), "user_id": "7", "sub": "7",
        "sid": SessionId::from_bytes([1; 16]).to_string(), "gen": 3, "branch": 1,
        "iss": ISSUER, "auth_time": 1_699_999_940, "amr": ["pwd"],
        "session_exp": 1_702_592_000, "idle_exp": 1_700_604_800, "idle_timeout": 604_800,
    })
}

pub(crate) fn grant() -> Grant {
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

pub(crate) fn expected() -> Expectations {
    Expectations {
        issuer: ISSUER.into(),
        audience: None,
        accept_simplejwt: false,
    }
}
