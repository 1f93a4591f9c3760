//! Double-submit tokens: cookie and header must both be the very token of this session.

use hardtack_core::SessionId;
use hardtack_core::csrf::token::{CsrfToken, CsrfTokenRefusal};
use hardtack_fuzz::bolero::TypeGenerator;
use hardtack_fuzz::forge::Ones;
use hardtack_fuzz::text::{Edit, Few, edited};

const WORDS: &[&str] = &["=", "-", "_", "+", "/", " ", "\0", "AAAA", "é"];
const KEY: [u8; 32] = [9; 32];

#[derive(Debug, TypeGenerator)]
struct Input {
    session: Option<[u8; 16]>,
    issued_to: Owner,
    cookie: Few<Edit>,
    header: Option<Few<Edit>>,
}

#[derive(Debug, TypeGenerator)]
enum Owner {
    Same,
    Visitor,
    Other([u8; 16]),
}

/// docs/threat-model.md CS-5: a planted or changed pair does not count, however alike its halves are.
#[test]
fn only_the_token_of_the_session_counts_and_only_twice() {
    hardtack_fuzz::target!()
        .with_type::<Input>()
        .for_each(|input| {
            let session = input.session.map(SessionId::from_bytes);
            let owner = match input.issued_to {
                Owner::Same => session,
                Owner::Visitor => None,
                Owner::Other(bytes) => Some(SessionId::from_bytes(bytes)),
            };
            let issue = |to| CsrfToken::issue(&KEY, to, &Ones).expose_secret().to_owned();
            let cookie = edited(&issue(owner), &input.cookie, WORDS);
            let header = input.header.as_ref().map_or_else(
                || cookie.clone(),
                |edits| edited(&issue(owner), edits, WORDS),
            );
            let expected = if cookie.is_empty() {
                Err(CsrfTokenRefusal::CookieMissing)
            } else if header.is_empty() {
                Err(CsrfTokenRefusal::TokenMissing)
            } else if cookie == issue(session) && header == cookie {
                Ok(())
            } else {
                Err(CsrfTokenRefusal::Incorrect)
            };
            // A visitor without a session and the session of sixteen zeros share their tokens;
            // ids are random, so nobody ever has that one.
            assert_eq!(CsrfToken::verify(&KEY, session, &cookie, &header), expected);
        });
}
