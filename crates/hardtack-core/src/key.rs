//! Keys: one algorithm bound to each, parsed once, known by `kid` (RFC 7517, RFC 7518 §3).
//!
//! The algorithm belongs to the key. A token says which key it wants ([`KeySet::find`]); what it
//! says about algorithms is only ever compared with the key's own (RFC 8725 §3.1). That is what
//! makes HMAC-with-the-public-key and `none` impossible instead of merely refused.

mod pem;
pub mod ring;
mod set;
mod verifying;

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use aws_lc_rs::{encoding::AsDer, hmac};

use crate::Secret;
pub use set::KeySet;
pub use verifying::VerifyingKey;

/// How a token is signed (RFC 7518 §3.1, RFC 8037 §3.1). There are no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256; the default, for every verifier knows it.
    Es256,
    /// Ed25519.
    EdDsa,
    /// RSA PKCS#1 v1.5 with SHA-256.
    Rs256,
    /// HMAC with SHA-256: whoever can verify can sign. Only to share a key with an existing site.
    Hs256,
}

impl Algorithm {
    /// The registered name, as the `alg` of a header writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
            Self::Hs256 => "HS256",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The text names no algorithm of ours; `none` in every casing is one of those.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a signing algorithm: ES256, EdDSA, RS256 or HS256 is wanted")]
pub struct ParseAlgorithmError;

impl FromStr for Algorithm {
    type Err = ParseAlgorithmError;

    /// Names are case-sensitive (RFC 7515 §4.1.1).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Es256, Self::EdDsa, Self::Rs256, Self::Hs256]
            .into_iter()
            .find(|algorithm| algorithm.as_str() == text)
            .ok_or(ParseAlgorithmError)
    }
}

/// What is wrong with a key or a set of keys. None of these shows the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is no unencrypted PKCS#8 PEM.
    #[error("not a private key in PKCS#8 PEM (\"-----BEGIN PRIVATE KEY-----\"): {0}")]
    Pem(&'static str),
    /// A private key, but of a kind that is not used here.
    #[error("an EC P-256, an Ed25519 or an RSA key of at least 2048 bits is wanted")]
    Kind,
    /// A shared secret is never generated.
    #[error("HS256 needs a key that the operator gives: it only makes sense when shared")]
    SecretRequired,
    /// Too short to resist an offline search (RFC 7518 §3.2: as long as the hash).
    #[error("an HS256 secret is at least {} bytes", SigningKey::MIN_SECRET_BYTES)]
    SecretTooShort,
    /// Published, typed by hand, or a repeated pattern.
    #[error(
        "the HS256 secret is a sample or plainly not random; make one with `openssl rand -base64 48`"
    )]
    SecretWeak,
    /// Two keys of one set have one name.
    #[error("two keys have the same kid")]
    DuplicateKid,
    /// TK-7: who may verify with one must not be able to sign for the other.
    #[error("an HS256 key never stands beside published keys")]
    MixedSet,
    /// Not a JWK set that can be used.
    #[error("not a usable JWK set: {0}")]
    Jwks(&'static str),
    /// The crypto library refused. It does so when the system's randomness fails.
    #[error("the crypto library could not {0}")]
    Crypto(&'static str),
}

/// A key that signs. Guard it: who has it is every user.
///
/// ECDSA and RSA draw their nonces inside the crypto library, so two signatures over the same
/// bytes differ; nothing depends on their being equal.
pub struct SigningKey {
    private: Private,
    verifying: VerifyingKey,
}

enum Private {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(RsaKeyPair),
    // Boxed: its state is twenty times the size of a pointer to a key pair.
    Shared(Box<hmac::Key>),
}

impl SigningKey {
    /// The shortest HS256 secret: the length of the hash (RFC 7518 §3.2).
    pub const MIN_SECRET_BYTES: usize = 32;

    /// Makes a new key from the crypto library's own randomness. RSA keys get 2048 bits; for a
    /// longer one bring a PEM.
    ///
    /// # Errors
    /// [`KeyError::SecretRequired`] for HS256; [`KeyError::Crypto`] when the system is broken.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let failed = |_| KeyError::Crypto("make a key");
        Self::of(match algorithm {
            Algorithm::Es256 => Private::Ec(
                EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?,
            ),
            Algorithm::EdDsa => Private::Ed(Ed25519KeyPair::generate().map_err(failed)?),
            Algorithm::Rs256 => {
                Private::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?)
            }
            Algorithm::Hs256 => return Err(KeyError::SecretRequired),
        })
    }

    /// Reads an unencrypted PKCS#8 key (RFC 5958); its kind says which algorithm it signs with.
    ///
    /// # Errors
    /// [`KeyError::Pem`] or [`KeyError::Kind`], both of which say what is wanted.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let der = pem::decode(text)?;
        let der = der.expose_secret().as_slice();
        if let Ok(pair) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der) {
            Self::of(Private::Ec(pair))
        } else if let Ok(pair) = Ed25519KeyPair::from_pkcs8(der) {
            Self::of(Private::Ed(pair))
        } else if let Ok(pair) = RsaKeyPair::from_pkcs8(der) {
            Self::of(Private::Rsa(pair))
        } else {
            Err(KeyError::Kind)
        }
    }

    /// Takes a secret that is shared with another site, byte for byte (Django: the UTF-8 bytes of
    /// `SIGNING_KEY`).
    ///
    /// # Errors
    /// [`KeyError::SecretTooShort`] or [`KeyError::SecretWeak`].
    pub fn hs256(secret: &[u8]) -> Result<Self, KeyError> {
        if secret.len() < Self::MIN_SECRET_BYTES {
            return Err(KeyError::SecretTooShort);
        }
        if is_sample(secret) || is_pattern(secret) {
            return Err(KeyError::SecretWeak);
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let verifying = VerifyingKey::shared(key.clone());
        Ok(Self {
            private: Private::Shared(Box::new(key)),
            verifying,
        })
    }

    /// The key as PKCS#8 PEM, to be written where only its owner reads. `None` for HS256: the
    /// operator has that secret already.
    #[must_use]
    pub fn to_pem(&self) -> Option<Secret<String>> {
        match &self.private {
            Private::Ec(pair) => pair.to_pkcs8v1().ok().map(|der| pem::encode(der.as_ref())),
            // Version 1, the form that the OpenSSL tools write and read.
            Private::Ed(pair) => pair.to_pkcs8v1().ok().map(|der| pem::encode(der.as_ref())),
            Private::Rsa(pair) => AsDer::as_der(pair)
                .ok()
                .map(|der| pem::encode(der.as_ref())),
            Private::Shared(_) => None,
        }
    }

    /// The name that tokens carry: the RFC 7638 thumbprint, or `hs256`.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.verifying.kid()
    }

    /// The one algorithm of this key.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.verifying.algorithm()
    }

    /// The half that verifies.
    #[must_use]
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.verifying
    }

    /// Signs `message`, in the form that JWS wants (RFC 7518 §3.2-3.4: ES256 as 64 bytes r ‖ s).
    ///
    /// # Errors
    /// [`KeyError::Crypto`], when the system's randomness fails.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let failed = |_| KeyError::Crypto("sign");
        let random = SystemRandom::new();
        Ok(match &self.private {
            Private::Ec(pair) => pair
                .sign(&random, message)
                .map_err(failed)?
                .as_ref()
                .to_vec(),
            Private::Ed(pair) => pair.try_sign(message).map_err(failed)?.as_ref().to_vec(),
            Private::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(failed)?;
                signature
            }
            Private::Shared(key) => hmac::sign(key, message).as_ref().to_vec(),
        })
    }

    fn of(private: Private) -> Result<Self, KeyError> {
        let verifying = match &private {
            Private::Ec(pair) => VerifyingKey::es256(pair.public_key().as_ref(), None)?,
            Private::Ed(pair) => VerifyingKey::ed_dsa(pair.public_key().as_ref(), None)?,
            Private::Rsa(pair) => VerifyingKey::rs256_from_pkcs1(pair.public_key().as_ref())?,
            Private::Shared(key) => VerifyingKey::shared(hmac::Key::clone(key)),
        };
        Ok(Self { private, verifying })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "SigningKey({}, {}, [redacted])",
            self.algorithm(),
            self.kid()
        )
    }
}

/// Does the secret contain what documentation, templates and tutorials put in its place?
fn is_sample(secret: &[u8]) -> bool {
    const SAMPLES: [&[u8]; 10] = [
        b"django-insecure",
        b"changeme",
        b"change-me",
        b"change_me",
        b"change me",
        b"secret",
        b"password",
        b"example",
        b"insecure",
        b"12345678",
    ];
    let lower = secret.to_ascii_lowercase();
    SAMPLES
        .iter()
        .any(|sample| lower.windows(sample.len()).any(|window| window == *sample))
}

/// Is it one short text over and over, or made of a handful of characters? Ten different bytes
/// are what any random text has, hexadecimal ones included.
fn is_pattern(secret: &[u8]) -> bool {
    let mut distinct = secret.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let repeats = (1..=secret.len() / 2).any(|period| {
        secret
            .iter()
            .zip(secret.iter().skip(period))
            .all(|(one, other)| one == other)
    });
    distinct.len() < 10 || repeats
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASYMMETRIC: [Algorithm; 3] = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256];

    #[test]
    fn a_key_survives_its_pem_and_keeps_its_name() {
        for algorithm in ASYMMETRIC {
            let key = SigningKey::generate(algorithm).unwrap();
            let pem = key.to_pem().unwrap();
            let again = SigningKey::from_pem(pem.expose_secret()).unwrap();
            assert_eq!(again.algorithm(), algorithm);
            assert_eq!(again.kid(), key.kid());
            let signature = again.sign(b"message").unwrap();
            assert!(key.verifying_key().verifies(b"message", &signature));
            assert!(!key.verifying_key().verifies(b"messagE", &signature));
        }
    }

    #[test]
    fn a_key_of_another_kind_is_refused_with_what_is_wanted() {
        // `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384`
        let p384 = EcdsaKeyPair::generate(&aws_lc_rs::signature::ECDSA_P384_SHA384_FIXED_SIGNING)
            .unwrap()
            .to_pkcs8v1()
            .unwrap();
        let error = SigningKey::from_pem(pem::encode(p384.as_ref()).expose_secret()).unwrap_err();
        assert_eq!(error, KeyError::Kind);
        assert!(error.to_string().contains("P-256"));
    }

    #[test]
    fn a_shared_key_is_given_and_never_made() {
        assert_eq!(
            SigningKey::generate(Algorithm::Hs256).err(),
            Some(KeyError::SecretRequired)
        );
        let key = SigningKey::hs256(b"Zq8#nT2vL5!xR7mC4wK9pB6yF3hJ1dGs").unwrap();
        assert_eq!(key.kid(), "hs256");
        assert!(key.to_pem().is_none());
    }

    /// docs/threat-model.md TK-7.
    #[test]
    fn short_sample_and_patterned_secrets_are_refused() {
        assert_eq!(
            SigningKey::hs256(b"Zq8#nT2vL5!xR7mC4wK9pB6yF3hJ1dG").err(),
            Some(KeyError::SecretTooShort)
        );
        for weak in [
            "django-insecure-8x!q@n2#v5l$z7^m9&w4*k6(p3)r1-t0_y",
            "a-string-secret-at-least-256-bits-long",
            "ChangeMe-ChangeMe-ChangeMe-ChangeMe",
            "00000000000000000000000000000000",
            "0123456789abcdef0123456789abcdef",
            "abcabcabcabcabcabcabcabcabcabcabcabc",
        ] {
            assert_eq!(
                SigningKey::hs256(weak.as_bytes()).err(),
                Some(KeyError::SecretWeak),
                "{weak}"
            );
        }
        for good in [
            "8f1c0d5b7a2e4c6391d8b0f5a7e2c4d68f0b1d3c5a7e9b2d4f6a8c0e1b3d5f79",
            "k3#x!q@n2#v5l$z7^m9&w4*k6(p3)r1-t0_y8f&j2+d=h",
        ] {
            assert!(SigningKey::hs256(good.as_bytes()).is_ok(), "{good}");
        }
    }

    /// CVE-2018-1000531 and its many brothers: `none` in any casing is no algorithm.
    #[test]
    fn none_is_not_an_algorithm() {
        for text in [
            "none", "None", "NONE", "nOnE", "", "es256", "PS256", "HS512", "ES256 ",
        ] {
            assert_eq!(
                text.parse::<Algorithm>(),
                Err(ParseAlgorithmError),
                "{text:?}"
            );
        }
        assert_eq!("EdDSA".parse(), Ok(Algorithm::EdDsa));
    }

    #[test]
    fn a_key_does_not_print_itself() {
        let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
        assert!(format!("{key:?}").contains("[redacted]"));
    }
}
