//! Our verifier against `jsonwebtoken`, over tokens that really are signed and say odd things.
//!
//! Nothing that the oracle refuses is believed. Where the oracle believes and we do not, one of
//! the rules in [`stricter`] must say why: each is written down a second time there, over the JSON
//! as `serde_json` reads it. So neither side can drift without being noticed.

use hardtack_core::access_token::{self, Claims};
use hardtack_core::{SessionId, Timestamp, UserId};
use hardtack_fuzz::bolero::TypeGenerator;
use hardtack_fuzz::forge::{Forge, ISSUER, NOW, Signature, expected};
use hardtack_fuzz::text::{Edit, Few, Piece, edited, spell};
use serde_json::{Map, Value, json};

const WORDS: &[&str] = &[
    "access",
    "refresh",
    ISSUER,
    "https://b.example",
    "api",
    "other",
    "7",
    "07",
    "+7",
    "-7",
    "AQEBAQEBAQEBAQEBAQEBAQ",
    "AQEBAQEBAQEBAQEBAQEBAR",
    "at+jwt",
    "AT+JWT",
    "application/at+jwt",
    "JWT",
    "dpop+jwt",
    "hs256",
    "none",
    "HS256",
    "ES256",
    "RS256",
    "EdDSA",
    "PS256",
    "DEF",
    "exp",
    "\"",
    "\\",
    "\\u0061",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    " ",
    "\u{feff}",
    "1e3",
    "-0",
    "1.0",
    "null",
    "\"exp\":",
    "\"iat\":",
    "\"sid\":",
    "\"kid\":",
    "\"alg\":",
    "\"crit\":",
    "9223372036854775808",
];
const CLAIMS: [&str; 19] = [
    "token_type",
    "exp",
    "iat",
    "nbf",
    "jti",
    "user_id",
    "sub",
    "sid",
    "gen",
    "branch",
    "iss",
    "aud",
    "auth_time",
    "amr",
    "session_exp",
    "idle_exp",
    "idle_timeout",
    "scope",
    "name",
];
const HEADERS: [&str; 12] = [
    "alg", "typ", "kid", "crit", "b64", "zip", "jwk", "jku", "x5c", "x5u", "cty", "custom",
];

#[derive(Debug, TypeGenerator)]
struct Input {
    signature: Signature,
    wants_audience: bool,
    /// Seconds after the token was issued.
    seconds_later: i16,
    header: Few<Change>,
    claims: Few<Change>,
    /// Changes to the JSON text before it is signed.
    header_text: Few<Edit>,
    claims_text: Few<Edit>,
    /// Changes to the signed token.
    token: Few<Edit>,
}

#[derive(Debug, TypeGenerator)]
enum Change {
    Set(u8, Json),
    Remove(u8),
    /// The member once more, with this value; no map can hold that, so it is written by hand.
    Repeat(u8, Json),
}

#[derive(Debug, TypeGenerator)]
enum Json {
    Null,
    Bool(bool),
    Number(i64),
    Huge(u64),
    /// Seconds around the moment of issue.
    Time(i16),
    Fraction(f32),
    Text(Vec<Piece>),
    Texts(Vec<u8>),
    Mixed(Vec<i8>),
    Object,
}

/// docs/threat-model.md TK-1 to TK-6, and CVE-2026-25537 (claims of the wrong type counted as absent).
#[test]
fn whatever_the_oracle_refuses_is_refused_and_more_only_for_a_reason() {
    let forges = Forge::all();
    hardtack_fuzz::target!()
        .with_type::<Input>()
        .for_each(|input| {
            let forge = &forges[input.signature as usize];
            let good = json!({"alg": forge.key.algorithm().as_str(), "typ": "at+jwt", "kid": forge.key.kid()});
            let header = edited(
                &written(good, &input.header, &HEADERS),
                &input.header_text,
                WORDS,
            );
            let claims = edited(
                &written(claims(input.wants_audience), &input.claims, &CLAIMS),
                &input.claims_text,
                WORDS,
            );
            let signed = forge.sign(&header, &claims);
            let token = edited(&signed, &input.token, WORDS);
            let now = Timestamp::from_unix_seconds(
                NOW.unix_seconds() + i64::from(input.seconds_later),
            );
            let expected = expected(input.wants_audience.then_some("api"));
            let ours = access_token::verify(&token, &forge.keys, &expected, now);
            if token != signed {
                // Signed anew by nobody.
                assert!(ours.is_err(), "{token}");
                return;
            }
            if is_beyond_the_oracle(&header, &claims) {
                return;
            }
            let theirs = forge
                .oracle(&token, &expected)
                .filter(|claims| is_time(claims, now));
            let reason = stricter(&token, &header, &claims, forge.key.kid(), now);
            match (ours, theirs) {
                (Ok(ours), Some(theirs)) => {
                    assert_eq!(reason, None, "{header} {claims}");
                    assert!(agree(&ours, &theirs), "{ours:?} {theirs}");
                }
                (Ok(_), None) => panic!("the oracle refuses {header} {claims}"),
                (Err(_), Some(_)) => assert!(reason.is_some(), "{header} {claims}"),
                (Err(_), None) => {}
            }
        });
}

/// What a good token says.
fn claims(has_audience: bool) -> Value {
    let mut claims = json!({
        "token_type": "access", "exp": 1_700_000_900, "iat": 1_700_000_000, "jti": "01",
        "user_id": "7", "sub": "7", "sid": SessionId::from_bytes([1; 16]).to_string(), "gen": 3,
        "branch": 1, "iss": ISSUER, "auth_time": 1_699_999_940, "amr": ["pwd"],
        "session_exp": 1_702_592_000, "idle_exp": 1_700_604_800, "idle_timeout": 604_800,
    });
    if has_audience {
        claims["aud"] = json!("api");
    }
    claims
}

/// The object with its changes, as JSON.
fn written(good: Value, changes: &[Change], names: &[&str]) -> String {
    let mut object: Map<String, Value> = serde_json::from_value(good).unwrap();
    let mut repeated = Vec::new();
    let name = |which: &u8| names[usize::from(*which) % names.len()].to_owned();
    for change in changes {
        match change {
            Change::Set(which, value) => drop(object.insert(name(which), value.value())),
            Change::Remove(which) => drop(object.remove(&name(which))),
            Change::Repeat(which, value) => repeated.push((name(which), value.value())),
        }
    }
    let members = object.into_iter().chain(repeated);
    let members: Vec<String> = members
        .map(|(name, value)| format!("{}:{value}", json!(name)))
        .collect();
    format!("{{{}}}", members.join(","))
}

impl Json {
    fn value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(it) => json!(it),
            Self::Number(it) => json!(it),
            Self::Huge(it) => json!(it),
            Self::Time(seconds) => json!(NOW.unix_seconds() + i64::from(*seconds)),
            Self::Fraction(it) => json!(it),
            Self::Text(pieces) => json!(spell(pieces, WORDS)),
            Self::Texts(words) => words
                .iter()
                .map(|word| WORDS[usize::from(*word) % WORDS.len()])
                .collect(),
            Self::Mixed(numbers) => numbers
                .iter()
                .map(|number| {
                    if *number < 0 {
                        json!("api")
                    } else {
                        json!(number)
                    }
                })
                .collect(),
            Self::Object => json!({"access": 1}),
        }
    }
}

/// The oracle knows more members of a header than we do and minds their types; and it reads the
/// values of claims that nobody asked for, where half a surrogate pair or a number beyond all
/// bounds stops it. We pass over both.
fn is_beyond_the_oracle(header: &str, claims: &str) -> bool {
    let unread = |text: &str| serde_json::from_str::<Value>(text).is_err() && names(text).is_some();
    let theirs = ["cty", "x5t", "x5t#S256", "enc", "url", "nonce"];
    let typed =
        names(header).is_some_and(|names| names.iter().any(|name| theirs.contains(&name.as_str())));
    typed || unread(header) || unread(claims)
}

/// The oracle looks at the clock on the wall, so the times are weighed here: as numbers of any
/// kind, with the leeway of docs/threat-model.md TK-4.
fn is_time(claims: &Value, now: Timestamp) -> bool {
    let now = Value::from(now.unix_seconds()).as_f64().unwrap();
    let past = |name: &str| claims[name].as_f64().is_some_and(|time| time > now + 5.0);
    claims["exp"].as_f64().is_some_and(|exp| now < exp + 5.0) && !past("nbf") && !past("iat")
}

/// The ends of the session: three claims of their types, or none.
fn tells_ends_whole(said: &Value) -> bool {
    let time = |name: &str| {
        let time = said[name].as_i64();
        time.is_some_and(|time| (0..=253_402_300_799).contains(&time))
    };
    let names = ["session_exp", "idle_exp", "idle_timeout"];
    names.iter().all(|name| said.get(name).is_none())
        || time("session_exp") && time("idle_exp") && said["idle_timeout"].is_u64()
}

/// Why a token that the oracle believes is refused here.
fn stricter(
    token: &str,
    header: &str,
    claims: &str,
    kid: &str,
    now: Timestamp,
) -> Option<&'static str> {
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    let (Some(head), Some(said)) = (read(header), read(claims)) else {
        return Some("it is no JSON");
    };
    let text = |name: &str| said[name].as_str();
    let time = |name: &str| {
        said[name]
            .as_i64()
            .filter(|time| (0..=253_402_300_799).contains(time))
    };
    let has = |name: &str| said.get(name).is_some();
    let small = |name: &str| {
        said[name]
            .as_u64()
            .is_some_and(|it| u32::try_from(it).is_ok())
    };
    let distinct = |text: &str| {
        names(text).is_some_and(|mut names| {
            let count = names.len();
            names.sort();
            names.dedup();
            count == names.len() && count <= 64
        })
    };
    let typ = head["typ"]
        .as_str()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let forbidden = ["crit", "b64", "zip", "jwk", "jku", "x5c", "x5u"];
    let user = text("user_id").and_then(|id| id.parse::<UserId>().ok());
    let session = text("sid").and_then(|sid| sid.parse::<SessionId>().ok());
    let rules = [
        (token.len() <= 4096, "TK-3: it is too long"),
        (
            distinct(header) && distinct(claims),
            "TK-6: a member twice, or too many",
        ),
        (
            matches!(&*typ, "at+jwt" | "application/at+jwt"),
            "TK-4: typ is not at+jwt",
        ),
        (head["kid"] == kid, "TK-1: the kid leads to no key"),
        (
            forbidden.iter().all(|name| head.get(name).is_none()),
            "TK-2, TK-3: a member that we do not follow",
        ),
        (text("iss").is_some(), "TK-4: iss is not one text"),
        (
            time("exp").is_some() && time("iat").is_some(),
            "TK-4: exp or iat is no whole second",
        ),
        (
            time("iat").is_some_and(|iat| iat <= now.unix_seconds() + 5),
            "it was made in the future",
        ),
        (
            !has("nbf") || time("nbf").is_some(),
            "TK-4: nbf is no whole second",
        ),
        (
            !has("auth_time") || time("auth_time").is_some(),
            "auth_time is no whole second",
        ),
        (
            tells_ends_whole(&said),
            "it tells some of the session's ends",
        ),
        (
            text("jti").is_some_and(|jti| !jti.is_empty()),
            "it has no name",
        ),
        (
            text("token_type") == Some("access"),
            "TK-5: it is no access token",
        ),
        (
            user.is_some() && text("user_id") == text("sub"),
            "user_id and sub are not one user",
        ),
        (session.is_some(), "TK-4: it names no session"),
        (
            has("gen") == has("branch") && (!has("gen") || small("gen") && small("branch")),
            "half a position",
        ),
        (
            !has("aud")
                || said["aud"].is_string()
                || said["aud"]
                    .as_array()
                    .is_some_and(|all| all.iter().all(Value::is_string)),
            "aud is no text",
        ),
    ];
    rules
        .into_iter()
        .find(|(holds, _)| !holds)
        .map(|(_, reason)| reason)
}

fn agree(ours: &Claims, theirs: &Value) -> bool {
    let position = ours.position.map(|it| (it.generation, it.branch));
    let number = |name: &str| theirs[name].as_u64().and_then(|it| u32::try_from(it).ok());
    theirs["sub"] == ours.user.to_string()
        && theirs["sid"] == ours.session.unwrap().to_string()
        && theirs["exp"] == ours.expires_at.unix_seconds()
        && theirs["iat"] == ours.issued_at.unix_seconds()
        && theirs["jti"] == *ours.token_id
        && theirs["auth_time"].as_i64() == ours.authenticated_at.map(Timestamp::unix_seconds)
        && number("gen").zip(number("branch")) == position
        && theirs["session_exp"].as_i64() == ours.ends.map(|ends| ends.absolute_at.unix_seconds())
        && theirs["idle_exp"].as_i64() == ours.ends.map(|ends| ends.idle_at.unix_seconds())
        && theirs["idle_timeout"].as_u64() == ours.ends.map(|ends| ends.idle_timeout.as_secs())
}

/// The names of an object's members, each as often as it stands there.
fn names(json: &str) -> Option<Vec<String>> {
    struct Names(Vec<String>);
    struct Visitor;
    impl<'de> serde::de::Visitor<'de> for Visitor {
        type Value = Names;
        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("an object")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
            let mut names = Vec::new();
            while let Some(name) = map.next_key()? {
                names.push(name);
                map.next_value::<serde::de::IgnoredAny>()?;
            }
            Ok(Names(names))
        }
    }
    impl<'de> serde::Deserialize<'de> for Names {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_map(Visitor)
        }
    }
    serde_json::from_str::<Names>(json)
        .ok()
        .map(|names| names.0)
}
