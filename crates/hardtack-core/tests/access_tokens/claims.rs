//! Attacks by claims, signed with the real key: what a fault elsewhere, or another service with
//! the same key, could present.

use hardtack_core::access_token::VerifyError;
use hardtack_core::key::Algorithm;
use serde_json::{Value, json};

use crate::forge::{Forge, claims};

/// CVE-2026-25537 (`exp` in quotes counted as absent): every claim in every other JSON type.
#[test]
fn a_claim_of_the_wrong_type_is_refused_and_never_absent() {
    let forge = Forge::new(Algorithm::Es256);
    let texts = ["token_type", "jti", "user_id", "sub", "sid", "iss"];
    let numbers = [
        "exp",
        "iat",
        "nbf",
        "gen",
        "branch",
        "auth_time",
        "session_exp",
        "idle_exp",
        "idle_timeout",
    ];
    let odd = [
        Value::Null,
        json!(true),
        json!([]),
        json!({}),
        json!([1]),
        json!(["access"]),
    ];
    for name in texts {
        for value in odd.iter().cloned().chain([json!(7), json!(7.5)]) {
            let token = forge.with(|claims| drop(claims.insert(name.into(), value.clone())));
            assert_eq!(
                forge.verify(&token),
                Err(VerifyError::Invalid),
                "{name}: {value}"
            );
        }
    }
    for name in numbers {
        let others = [
            json!("1700000900"),
            json!("3"),
            json!(1_700_000_900.5),
            json!(3.0),
            json!(-1),
        ];
        for value in odd.iter().cloned().chain(others) {
            let token = forge.with(|claims| drop(claims.insert(name.into(), value.clone())));
            assert_eq!(
                forge.verify(&token),
                Err(VerifyError::Invalid),
                "{name}: {value}"
            );
        }
    }
    for value in odd
        .iter()
        .cloned()
        .chain([json!(7), json!([7]), json!("api")])
    {
        let token = forge.with(|claims| drop(claims.insert("aud".into(), value.clone())));
        assert_eq!(
            forge.verify(&token),
            Err(VerifyError::Invalid),
            "aud: {value}"
        );
    }
}

/// docs/contract.md §3: the reference answered 500 to some of these.
#[test]
fn absurd_numbers_are_refused() {
    let forge = Forge::new(Algorithm::Es256);
    for (name, value) in [
        ("exp", "99999999999999999999999999"),
        ("exp", "9223372036854775807"),
        ("exp", "253402300800"),
        ("exp", "1e300"),
        ("exp", "-9223372036854775808"),
        ("iat", "1700000006"),
        ("nbf", "1700000006"),
        ("gen", "4294967296"),
        ("branch", "-1"),
    ] {
        let mut claims = claims();
        claims[name] = json!("PLACE");
        let payload = claims.to_string().replace("\"PLACE\"", value);
        let token = forge.sign(&forge.header().to_string(), &payload);
        assert_eq!(
            forge.verify(&token),
            Err(VerifyError::Invalid),
            "{name}: {value}"
        );
    }
}

#[test]
fn each_absent_claim_has_its_words() {
    let forge = Forge::new(Algorithm::Es256);
    for (name, error) in [
        ("exp", Some(VerifyError::NoExpiry)),
        ("jti", Some(VerifyError::NoId)),
        ("token_type", Some(VerifyError::NoType)),
        ("user_id", Some(VerifyError::NoUser)),
        ("iat", Some(VerifyError::Invalid)),
        ("iss", Some(VerifyError::Invalid)),
        ("sub", Some(VerifyError::Invalid)),
        ("sid", Some(VerifyError::Invalid)),
        ("gen", Some(VerifyError::Invalid)),
        ("branch", Some(VerifyError::Invalid)),
        ("auth_time", None),
        ("amr", None),
    ] {
        let token = forge.with(|claims| drop(claims.remove(name)));
        assert_eq!(forge.verify(&token).err(), error, "{name}");
    }
}

#[test]
fn each_wrong_claim_has_its_words() {
    let forge = Forge::new(Algorithm::Es256);
    for (name, value, error) in [
        ("token_type", json!("refresh"), VerifyError::WrongType),
        ("token_type", json!("Access"), VerifyError::WrongType),
        ("token_type", json!(""), VerifyError::WrongType),
        ("exp", json!(1_699_999_995), VerifyError::Expired),
        ("exp", json!(0), VerifyError::Expired),
        ("jti", json!(""), VerifyError::NoId),
        ("user_id", json!("8"), VerifyError::Invalid),
        ("user_id", json!("07"), VerifyError::Invalid),
        ("sub", json!("8"), VerifyError::Invalid),
        ("sid", json!(""), VerifyError::Invalid),
        ("sid", json!("AQEBAQEBAQEBAQEBAQEBAR"), VerifyError::Invalid),
        ("iss", json!("https://a.example/"), VerifyError::Invalid),
        ("iss", json!(["https://a.example"]), VerifyError::Invalid),
    ] {
        let token = forge.with(|claims| drop(claims.insert(name.into(), value.clone())));
        assert_eq!(forge.verify(&token), Err(error), "{name}: {value}");
    }
    // A user id that is no number, said twice alike.
    let token = forge.with(|claims| {
        claims.insert("user_id".into(), json!("admin"));
        claims.insert("sub".into(), json!("admin"));
    });
    assert_eq!(forge.verify(&token), Err(VerifyError::Invalid));
}

/// docs/threat-model.md TK-6: the first parser sees user 7 and the second one user 1.
#[test]
fn a_claim_that_is_there_twice_is_refused() {
    let forge = Forge::new(Algorithm::Es256);
    let payload = claims().to_string();
    for member in [
        r#""user_id":"1""#,
        r#""\u0075ser_id":"1""#,
        r#""exp":1800000000"#,
        r#""x":1,"x":2"#,
    ] {
        for payload in [
            payload.replacen('{', &format!("{{{member},"), 1),
            format!("{},{member}}}", &payload[..payload.len() - 1]),
        ] {
            let token = forge.sign(&forge.header().to_string(), &payload);
            assert_eq!(forge.verify(&token), Err(VerifyError::Invalid), "{payload}");
        }
    }
}

#[test]
fn claims_that_nobody_knows_are_passed_over() {
    let forge = Forge::new(Algorithm::Es256);
    let token = forge.with(|claims| {
        claims.insert("roles".into(), json!({"deep": [[{"user_id": "1"}]]}));
        claims.insert("nbf".into(), json!(1_700_000_000));
    });
    assert!(forge.verify(&token).is_ok());
}

#[test]
fn a_payload_that_is_no_object_is_refused() {
    let forge = Forge::new(Algorithm::Es256);
    let nested = format!("{{\"a\":{}{}}}", "[".repeat(1000), "]".repeat(1000));
    for payload in [
        "",
        "[]",
        "null",
        "7",
        "\"access\"",
        "{",
        "{}{}",
        "\u{0}",
        nested.as_str(),
    ] {
        let token = forge.sign(&forge.header().to_string(), payload);
        assert_eq!(
            forge.verify(&token),
            Err(VerifyError::Invalid),
            "{payload:.40}"
        );
    }
}

/// Everything cryptographic first: who holds no signed token learns one sentence only.
#[test]
fn an_unsigned_token_is_invalid_whatever_else_is_wrong_with_it() {
    let (ours, theirs) = (Forge::new(Algorithm::Es256), Forge::new(Algorithm::Es256));
    for name in ["exp", "jti", "token_type", "user_id"] {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(name);
        let token = theirs.sign(&ours.header().to_string(), &claims.to_string());
        assert_eq!(ours.verify(&token), Err(VerifyError::Invalid), "{name}");
    }
}

/// A token from before the ends of its session were told is as good as ever; one that tells some of
/// them was not made by us.
#[test]
fn a_token_tells_all_ends_of_its_session_or_none() {
    let forge = Forge::new(Algorithm::Es256);
    let all = ["session_exp", "idle_exp", "idle_timeout"];
    for chosen in 0..8_u8 {
        let token = forge.with(|claims| {
            for (bit, name) in all.iter().enumerate() {
                if chosen & (1 << bit) == 0 {
                    claims.remove(*name);
                }
            }
        });
        let told = forge.verify(&token).map(|claims| claims.ends.is_some());
        let expected = match chosen {
            0 => Ok(false),
            7 => Ok(true),
            _ => Err(VerifyError::Invalid),
        };
        assert_eq!(told, expected, "{chosen:03b}");
    }
}
