//! What we sign, another library believes, and the other way round.

use hardtack_core::key::Algorithm;
use jsonwebtoken::{DecodingKey, Validation, decode, jwk::JwkSet};
use serde_json::Value;

use crate::forge::{ALGORITHMS, Forge, ISSUER, SECRET, claims, oracle_algorithm};

#[test]
fn another_library_believes_our_tokens_by_our_published_keys() {
    for algorithm in ALGORITHMS {
        let forge = Forge::new(algorithm);
        let published: JwkSet = serde_json::from_str(&forge.keys.to_jwks_json()).unwrap();
        let key = match published.find(forge.key.kid()) {
            Some(jwk) => DecodingKey::from_jwk(jwk).unwrap(),
            None => DecodingKey::from_secret(SECRET),
        };
        assert_eq!(published.keys.is_empty(), algorithm == Algorithm::Hs256);
        let mut validation = Validation::new(oracle_algorithm(algorithm));
        validation.validate_exp = false;
        validation.set_issuer(&[ISSUER]);
        let decoded = decode::<Value>(forge.issue(), &key, &validation).unwrap();
        assert_eq!(decoded.header.typ.as_deref(), Some("at+jwt"));
        assert_eq!(decoded.header.kid.as_deref(), Some(forge.key.kid()));
        assert_eq!(decoded.claims, claims());
    }
}

#[test]
fn tokens_that_another_library_signed_with_our_key_are_believed() {
    for algorithm in ALGORITHMS {
        let forge = Forge::new(algorithm);
        assert_eq!(
            forge.verify(&forge.with(|_| {})),
            forge.verify(&forge.issue())
        );
        assert!(forge.verify(&forge.issue()).is_ok(), "{algorithm}");
    }
}

#[test]
fn a_key_of_the_same_kind_does_not_pass_for_ours() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256] {
        let (ours, theirs) = (Forge::new(algorithm), Forge::new(algorithm));
        // They even take our kid for their own.
        let token = theirs.sign(&ours.header().to_string(), &claims().to_string());
        assert!(theirs.verify(&theirs.with(|_| {})).is_ok());
        assert!(ours.verify(&token).is_err(), "{algorithm}");
    }
}
