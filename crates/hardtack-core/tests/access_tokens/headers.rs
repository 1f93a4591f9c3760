//! Attacks on the header and the signature (docs/threat-model.md, RFC 8725 §2).

use data_encoding::{BASE64, BASE64URL_NOPAD};
use hardtack_core::access_token::VerifyError;
use hardtack_core::key::Algorithm;
use jsonwebtoken::EncodingKey;
use serde_json::{Value, json};

use crate::forge::{ALGORITHMS, Forge, claims, unsigned};

/// CVE-2015-9235, CVE-2016-10555, CVE-2016-5431, CVE-2022-29217, CVE-2024-54150: an HMAC under
/// the published key, in every form that a library might have taken for the secret.
#[test]
fn a_public_key_is_no_hmac_secret() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256] {
        let forge = Forge::new(algorithm);
        let jwks = forge.keys.to_jwks_json();
        let published: Value = serde_json::from_str(&jwks).unwrap();
        let jwk = &published["keys"][0];
        let mut secrets = vec![
            jwks.clone().into_bytes(),
            jwk.to_string().into_bytes(),
            vec![],
        ];
        for name in ["x", "y", "n", "e", "kid"] {
            if let Some(text) = jwk[name].as_str() {
                let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
                let pem = |label: &str| {
                    let body = BASE64.encode(&bytes);
                    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n").into_bytes()
                };
                secrets.extend([text.into(), pem("PUBLIC KEY"), pem("RSA PUBLIC KEY"), bytes]);
            }
        }
        for secret in secrets {
            for alg in ["HS256", algorithm.as_str()] {
                let header = json!({"alg": alg, "typ": "at+jwt", "kid": forge.key.kid()});
                let message = unsigned(&header.to_string(), &claims().to_string());
                let signature = jsonwebtoken::crypto::sign(
                    message.as_bytes(),
                    &EncodingKey::from_secret(&secret),
                    jsonwebtoken::Algorithm::HS256,
                );
                let token = format!("{message}.{}", signature.unwrap());
                assert_eq!(forge.verify(&token), Err(VerifyError::Invalid));
            }
        }
    }
}

/// CVE-2018-1000531: `none`, in every casing, with and without a signature.
#[test]
fn none_is_refused_in_every_casing() {
    for algorithm in ALGORITHMS {
        let forge = Forge::new(algorithm);
        let good = forge.issue();
        let signature = good.rsplit_once('.').unwrap().1;
        for casing in 0..16_u8 {
            let alg: String = "none"
                .chars()
                .zip(0..)
                .map(|(letter, bit)| {
                    if casing >> bit & 1 == 1 {
                        letter.to_ascii_uppercase()
                    } else {
                        letter
                    }
                })
                .collect();
            let header = json!({"alg": alg, "typ": "at+jwt", "kid": forge.key.kid()});
            let message = unsigned(&header.to_string(), &claims().to_string());
            for token in [
                format!("{message}."),
                message.clone(),
                format!("{message}.{signature}"),
                forge.sign(&header.to_string(), &claims().to_string()),
            ] {
                assert_eq!(forge.verify(&token), Err(VerifyError::Invalid), "{alg}");
            }
        }
    }
}

/// CVE-2020-28042 (an empty signature passed) and CVE-2022-21449 (an all-zero one did).
#[test]
fn empty_and_all_zero_signatures_are_refused() {
    for algorithm in ALGORITHMS {
        let forge = Forge::new(algorithm);
        let message = unsigned(&forge.header().to_string(), &claims().to_string());
        for length in [0, 1, 31, 32, 33, 63, 64, 65, 70, 72, 96, 255, 256, 257] {
            for byte in [0x00, 0xFF] {
                let signature = BASE64URL_NOPAD.encode(&vec![byte; length]);
                let token = format!("{message}.{signature}");
                assert_eq!(
                    forge.verify(&token),
                    Err(VerifyError::Invalid),
                    "{algorithm} {length}"
                );
            }
        }
    }
}

/// CVE-2018-0114: the token brings its own key along.
#[test]
fn a_key_inside_the_header_is_refused() {
    let (ours, theirs) = (Forge::new(Algorithm::Es256), Forge::new(Algorithm::Es256));
    let published: Value = serde_json::from_str(&theirs.keys.to_jwks_json()).unwrap();
    for kid in [ours.key.kid(), theirs.key.kid()] {
        let header = json!({
            "alg": "ES256", "typ": "at+jwt", "kid": kid, "jwk": published["keys"][0]
        });
        let token = theirs.sign(&header.to_string(), &claims().to_string());
        assert_eq!(ours.verify(&token), Err(VerifyError::Invalid));
    }
}

/// CVE-2025-59420 and docs/threat-model.md TK-3: really signed, and still refused.
#[test]
fn a_signed_header_with_rules_of_its_own_is_refused() {
    let forge = Forge::new(Algorithm::Es256);
    for (name, value) in [
        ("crit", json!(["x-rule"])),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("jku", json!("http://127.0.0.1:9/jwks.json")),
        ("x5u", json!("http://127.0.0.1:9/cert.pem")),
        ("x5c", json!(["MIIB"])),
    ] {
        let mut header = forge.header();
        header[name] = value;
        let token = forge.sign(&header.to_string(), &claims().to_string());
        assert_eq!(forge.verify(&token), Err(VerifyError::Invalid), "{name}");
    }
}

/// A `kid` is a name and nothing else: no path, no query, no second spelling (docs/threat-model.md TK-2).
#[test]
fn a_kid_is_looked_up_exactly() {
    let forge = Forge::new(Algorithm::Es256);
    let kid = forge.key.kid().to_owned();
    for kid in [
        json!(format!("{kid} ")),
        json!(kid.to_lowercase()),
        json!(kid[1..]),
        json!("../../dev/null"),
        json!("' OR 1=1 --"),
        json!("k".repeat(65)),
        json!(""),
        json!(0),
        json!([kid]),
        json!({"kid": kid}),
        Value::Null,
    ] {
        let header = json!({"alg": "ES256", "typ": "at+jwt", "kid": kid});
        let token = forge.sign(&header.to_string(), &claims().to_string());
        assert_eq!(forge.verify(&token), Err(VerifyError::Invalid), "{kid}");
    }
    let without = forge.sign(r#"{"alg":"ES256","typ":"at+jwt"}"#, &claims().to_string());
    assert_eq!(forge.verify(&without), Err(VerifyError::Invalid));
}

/// docs/threat-model.md TK-5: a signed text of another purpose is no access token.
#[test]
fn another_type_of_token_is_refused() {
    let forge = Forge::new(Algorithm::Es256);
    let with_type = |typ: Value| {
        let header = json!({"alg": "ES256", "typ": typ, "kid": forge.key.kid()});
        forge.verify(&forge.sign(&header.to_string(), &claims().to_string()))
    };
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt"] {
        assert!(with_type(json!(typ)).is_ok(), "{typ}");
    }
    for typ in [
        json!("JWT"),
        json!("rt+jwt"),
        json!("dpop+jwt"),
        json!(""),
        Value::Null,
        json!(1),
    ] {
        assert_eq!(with_type(typ.clone()), Err(VerifyError::Invalid), "{typ}");
    }
    let without = json!({"alg": "ES256", "kid": forge.key.kid()});
    let token = forge.sign(&without.to_string(), &claims().to_string());
    assert_eq!(forge.verify(&token), Err(VerifyError::Invalid));
}

/// CVE-2024-28180, CVE-2024-21319, CVE-2024-33664, CVE-2023-52428: encrypted tokens that unpack
/// into gigabytes or cost a million hashes. There is no decryption here to be bombed.
#[test]
fn encrypted_tokens_are_refused_before_anything_else() {
    let forge = Forge::new(Algorithm::Es256);
    let header = BASE64URL_NOPAD
        .encode(br#"{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","zip":"DEF","p2c":2147483647}"#);
    let bomb = format!("{header}.AAAA.AAAA.{}.AAAA", "A".repeat(3000));
    assert_eq!(forge.verify(&bomb), Err(VerifyError::Invalid));
}
