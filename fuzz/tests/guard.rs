//! The guard's answer to "who is there?", over a story of requests, logouts and changes of keys,
//! against a model that caches nothing.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use hardtack_core::access_token::{self, Claims};
use hardtack_core::csrf::TrustedOrigins;
use hardtack_core::jws::Unverified;
use hardtack_core::key::KeySet;
use hardtack_core::rotation::Position;
use hardtack_core::{SessionId, SettableClock, Timestamp, UserId};
use hardtack_fuzz::bolero::TypeGenerator;
use hardtack_fuzz::forge::{Forge, ISSUER, NOW, Ones, Signature, expected, grant};
use hardtack_fuzz::text::{Edit, Few, Piece, edited, spell};
use hardtack_guard::{Guard, RevokedSet, Verifier, Via};
use http::{HeaderMap, HeaderValue, header};

const WORDS: &[&str] = &[
    "Bearer",
    "bearer",
    "Bearer ",
    "Basic",
    "Token",
    " ",
    "\t",
    ",",
    ";",
    "; ",
    "access",
    "access=",
    "Access=",
    "__Host-access=",
    "=",
    "\"",
    "a=b; ",
    "$Version=1; ",
    ".",
];

#[derive(Debug, TypeGenerator)]
enum Step {
    Ask(Few<Header>),
    Wait(u16),
    Revoke(u8),
    /// Believe the keys of one forge only.
    Believe(Signature),
}

#[derive(Debug, TypeGenerator)]
enum Header {
    Bearer(Token),
    /// Cookies of one line.
    Cookies(Few<Token>),
    Authorization(Vec<Piece>),
    Cookie(Vec<Piece>),
}

#[derive(Debug, TypeGenerator)]
struct Token {
    signature: Signature,
    which: u8,
    edits: Few<Edit>,
}

/// docs/threat-model.md CK-3, SE-5, TK-2, and docs/contract.md §10.22: no cache, no header and no order of events
/// lets somebody in whom the plain rules would not.
#[test]
fn the_guard_knows_whom_the_plain_rules_know() {
    let forges = Forge::all();
    let issued: Vec<Vec<String>> = forges.iter().map(|forge| tokens(&forge.key)).collect();
    hardtack_fuzz::target!()
        .with_type::<Vec<Step>>()
        .for_each(|steps| {
            let clock = Arc::new(SettableClock::new(NOW));
            let revoked = Arc::new(RevokedSet::new(Duration::from_secs(1000), NOW));
            let mut keys = forges[0].keys.clone();
            let verifier = Arc::new(Verifier::new(
                keys.clone(),
                expected(None),
                clock.clone(),
                revoked.clone(),
            ));
            let trusted = TrustedOrigins::new([ISSUER]).unwrap();
            let guard = Guard::new(Arc::clone(&verifier), "access", trusted);
            let mut ended = HashSet::new();
            let mut now = NOW;
            for step in steps {
                match step {
                    Step::Wait(seconds) => {
                        now = now + Duration::from_secs(u64::from(*seconds));
                        clock.set(now);
                    }
                    Step::Revoke(which) => {
                        let session = SessionId::from_bytes([which % 3; 16]);
                        revoked.insert(session, now);
                        ended.insert(session);
                    }
                    Step::Believe(signature) => {
                        keys = forges[*signature as usize].keys.clone();
                        verifier.replace_keys(keys.clone());
                    }
                    Step::Ask(headers) => {
                        let mut map = HeaderMap::new();
                        for header in headers {
                            header.add(&issued, &mut map);
                        }
                        let model = Model {
                            keys: &keys,
                            now,
                            ended: &ended,
                        };
                        let found = guard.authenticate(&map).ok();
                        let found = found.map(|who| (who.user, who.session, who.position, who.via));
                        assert_eq!(found, model.answer(&map), "{map:?}");
                    }
                }
            }
        });
}

/// Tokens of three sessions: two of one user, one of another; each session at two positions.
fn tokens(key: &hardtack_core::key::SigningKey) -> Vec<String> {
    let mut tokens = Vec::new();
    for session in 0..3_u8 {
        for generation in 0..2 {
            let grant = access_token::Grant {
                user: UserId::new(i64::from(session / 2)),
                session: SessionId::from_bytes([session; 16]),
                position: Position::new(generation, 0),
                ..grant()
            };
            let token = access_token::issue(key, &grant, ISSUER, None, &Ones).unwrap();
            tokens.push(token.expose_secret().to_owned());
        }
    }
    tokens
}

struct Model<'a> {
    keys: &'a KeySet,
    now: Timestamp,
    ended: &'a HashSet<SessionId>,
}

type Who = (UserId, Option<SessionId>, Option<Position>, Via);

impl Model<'_> {
    fn answer(&self, headers: &HeaderMap) -> Option<Who> {
        let who = |claims: &Claims, via| (claims.user, claims.session, claims.position, via);
        let authorizations: Vec<&HeaderValue> = headers.get_all("authorization").iter().collect();
        if authorizations.len() > 1 {
            return None;
        }
        let text = authorizations.first().map(|value| value.as_bytes());
        // A header value holds no blanks but these two.
        let words: Vec<&[u8]> = text
            .unwrap_or_default()
            .split(|byte| *byte == b' ' || *byte == b'\t')
            .filter(|word| !word.is_empty())
            .collect();
        if words
            .first()
            .is_some_and(|word| word.eq_ignore_ascii_case(b"bearer"))
        {
            let [_, token] = words[..] else { return None };
            let claims = self.believe(std::str::from_utf8(token).ok()?)?;
            return Some(who(&claims, Via::Bearer));
        }
        let cookies: Vec<&str> = hardtack_guard::cookie_values(headers, "access").collect();
        let believed: Vec<Claims> = cookies.iter().filter_map(|it| self.believe(it)).collect();
        let newest = believed.iter().max_by_key(|claims| claims.position)?;
        let one = believed
            .iter()
            .all(|claims| claims.session == newest.session);
        // So many refused ones of a token's form are never all weighed.
        let refused = cookies
            .iter()
            .filter(|it| Unverified::parse(it).is_ok() && self.believe(it).is_none());
        (one && refused.count() < 64).then(|| who(newest, Via::Cookie))
    }

    fn believe(&self, token: &str) -> Option<Claims> {
        access_token::verify(token, self.keys, &expected(None), self.now)
            .ok()
            .filter(|claims| claims.session.is_some_and(|it| !self.ended.contains(&it)))
    }
}

impl Header {
    fn add(&self, issued: &[Vec<String>], headers: &mut HeaderMap) {
        let text = |token: &Token| {
            let of = &issued[token.signature as usize];
            edited(
                &of[usize::from(token.which) % of.len()],
                &token.edits,
                WORDS,
            )
        };
        let (name, line) = match self {
            Self::Bearer(token) => (header::AUTHORIZATION, format!("Bearer {}", text(token))),
            Self::Cookies(tokens) => {
                let cookies: Vec<String> = tokens
                    .iter()
                    .map(|it| format!("access={}", text(it)))
                    .collect();
                (header::COOKIE, cookies.join("; "))
            }
            Self::Authorization(pieces) => (header::AUTHORIZATION, spell(pieces, WORDS)),
            Self::Cookie(pieces) => (header::COOKIE, spell(pieces, WORDS)),
        };
        // What cannot be in a header never reaches us.
        if let Ok(value) = HeaderValue::from_str(&line) {
            headers.append(name, value);
        }
    }
}
