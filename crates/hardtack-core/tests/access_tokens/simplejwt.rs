//! Tokens that a Django site signed with the shared key (docs/contract.md §3).

use hardtack_core::UserId;
use hardtack_core::access_token::{self, Claims, Expectations, VerifyError};
use hardtack_core::key::Algorithm;
use serde_json::{Value, json};

use crate::forge::{Forge, NOW, claims, expected};

const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// As djangorestframework-simplejwt 5.5 writes it.
fn django_claims() -> Value {
    json!({
        "token_type": "access", "exp": 1_700_000_900, "iat": 1_700_000_000,
        "jti": "9a".repeat(16), "user_id": "7",
    })
}

fn verify(forge: &Forge, token: &str) -> Result<Claims, VerifyError> {
    let expected = Expectations {
        accept_simplejwt: true,
        ..expected()
    };
    access_token::verify(token, &forge.keys, &expected, NOW)
}

#[test]
fn a_django_token_is_believed_only_when_told_so() {
    let forge = Forge::new(Algorithm::Hs256);
    for user in [json!("7"), json!(7)] {
        let mut claims = django_claims();
        claims["user_id"] = user;
        let token = forge.sign(HEADER, &claims.to_string());
        let verified = verify(&forge, &token).unwrap();
        assert_eq!((verified.user, verified.session), (UserId::new(7), None));
        assert_eq!(forge.verify(&token), Err(VerifyError::Invalid));
    }
}

#[test]
fn a_django_token_never_reaches_a_published_key() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256] {
        let forge = Forge::new(algorithm);
        for header in [
            HEADER.to_owned(),
            format!(r#"{{"alg":"{algorithm}","typ":"JWT"}}"#),
        ] {
            let token = forge.sign(&header, &django_claims().to_string());
            assert_eq!(verify(&forge, &token), Err(VerifyError::Invalid));
        }
    }
}

/// A token in Django's form that names a session would look like ours without saying what ours
/// must say.
#[test]
fn a_django_token_names_no_session_and_no_key() {
    let forge = Forge::new(Algorithm::Hs256);
    let token = forge.sign(HEADER, &claims().to_string());
    assert_eq!(verify(&forge, &token), Err(VerifyError::Invalid));
    let with_kid = r#"{"alg":"HS256","typ":"JWT","kid":"hs256"}"#;
    let token = forge.sign(with_kid, &django_claims().to_string());
    assert_eq!(verify(&forge, &token), Err(VerifyError::Invalid));
    let without_type = r#"{"alg":"HS256"}"#;
    let token = forge.sign(without_type, &django_claims().to_string());
    assert_eq!(verify(&forge, &token), Err(VerifyError::Invalid));
}

#[test]
fn a_django_token_is_weighed_like_one_of_ours() {
    let forge = Forge::new(Algorithm::Hs256);
    for (name, value, error) in [
        ("token_type", json!("refresh"), VerifyError::WrongType),
        ("token_type", json!("sliding"), VerifyError::WrongType),
        ("exp", json!(1_600_000_000), VerifyError::Expired),
        ("exp", json!("1700000900"), VerifyError::Invalid),
        ("user_id", json!("admin"), VerifyError::Invalid),
        ("user_id", json!([7]), VerifyError::Invalid),
        ("user_id", json!(7.5), VerifyError::Invalid),
        ("sub", json!(7), VerifyError::Invalid),
    ] {
        let mut claims = django_claims();
        claims[name] = value.clone();
        let token = forge.sign(HEADER, &claims.to_string());
        assert_eq!(verify(&forge, &token), Err(error), "{name}: {value}");
    }
}

#[test]
fn our_own_tokens_under_the_shared_key_are_believed_too() {
    let forge = Forge::new(Algorithm::Hs256);
    let token = forge.issue();
    assert!(forge.verify(&token).is_ok());
    assert!(verify(&forge, &token).unwrap().session.is_some());
}
