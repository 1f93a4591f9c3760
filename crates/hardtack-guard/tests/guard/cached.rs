//! What a verifier remembers, and when it must not.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use hardtack_core::UserId;
use hardtack_core::access_token::VerifyError;
use hardtack_core::key::{Algorithm, KeySet, SigningKey};
use hardtack_core::rotation::Position;
use hardtack_guard::Refusal;

use crate::authority::{Authority, session_id};

const INVALID: Refusal = Refusal::TokenNotValid(VerifyError::Invalid);
const EXPIRED: Refusal = Refusal::TokenNotValid(VerifyError::Expired);

#[test]
fn a_token_is_verified_once_and_found_again() {
    let authority = Authority::new();
    let verifier = authority.verifier();
    let token = authority.token(1, 0);
    let first = verifier.verify(&token).unwrap();
    let again = verifier.verify(&token).unwrap();
    assert!(Arc::ptr_eq(&first, &again));
}

#[test]
fn what_is_remembered_still_expires() {
    let authority = Authority::new();
    let verifier = authority.verifier();
    let token = authority.token(1, 0);
    assert!(verifier.verify(&token).is_ok());
    authority.clock.advance(Duration::from_secs(904));
    assert!(verifier.verify(&token).is_ok());
    authority.clock.advance(Duration::from_secs(1));
    assert_eq!(verifier.verify(&token).unwrap_err(), EXPIRED);
}

/// A key that was withdrawn must not live on in what it signed.
#[test]
fn a_change_of_keys_forgets_what_the_old_ones_signed() {
    let authority = Authority::new();
    let verifier = authority.verifier();
    let token = authority.token(1, 0);
    assert!(verifier.verify(&token).is_ok());
    let another = SigningKey::generate(Algorithm::Es256).unwrap();
    verifier.replace_keys(KeySet::new(vec![another.verifying_key().clone()]).unwrap());
    assert_eq!(verifier.verify(&token).unwrap_err(), INVALID);
    verifier.replace_keys(authority.keys());
    assert!(verifier.verify(&token).is_ok());
}

/// The place in the cache is found by the signature; the whole text decides.
#[test]
fn a_remembered_signature_does_not_carry_another_payload() {
    let authority = Authority::new();
    let verifier = authority.verifier();
    let (mine, admins) = (authority.token(7, 0), authority.token(1, 0));
    assert!(verifier.verify(&mine).is_ok() && verifier.verify(&admins).is_ok());
    let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (mine, admins) = (parts(&mine), parts(&admins));
    let spliced = format!("{}.{}.{}", mine[0], admins[1], mine[2]);
    assert_eq!(verifier.verify(&spliced).unwrap_err(), INVALID);
}

#[test]
fn more_tokens_than_places_are_all_believed() {
    let key = SigningKey::hs256(b"Zq8#nT2vL5!xR7mC4wK9pB6yF3hJ1dGs").unwrap();
    let authority = Authority::with_key(key);
    let verifier = authority.verifier();
    let tokens: Vec<String> = (0..10_000)
        .map(|generation| authority.token(1, generation))
        .collect();
    for _ in 0..2 {
        for (token, generation) in tokens.iter().zip(0..) {
            let found = verifier.verify(token).unwrap();
            assert_eq!(found.claims().position, Some(Position::new(generation, 0)));
        }
    }
}

#[test]
fn a_key_change_beside_running_requests_leaves_no_old_answer() {
    let authority = Authority::new();
    let verifier = authority.verifier();
    let token = authority.token(1, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..2000 {
                drop(verifier.verify(&token));
            }
        });
        for _ in 0..200 {
            verifier.replace_keys(KeySet::default());
            assert_eq!(verifier.verify(&token).unwrap_err(), INVALID);
            verifier.replace_keys(authority.keys());
            assert!(verifier.verify(&token).is_ok());
        }
    });
}

#[test]
fn uses_are_reported_once_in_a_while_for_each_token() {
    let authority = Authority::new();
    let reports = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&reports);
    let verifier = authority.verifier().with_use_reporter(
        Arc::new(move |session, position| seen.lock().unwrap().push((session, position))),
        Duration::from_secs(60),
    );
    let (one, other) = (authority.token(1, 3), authority.token(2, 0));
    let mut expected = Vec::new();
    let mut step = |seconds: u64, reported: &[(u8, u32)]| {
        authority.clock.advance(Duration::from_secs(seconds));
        for token in [&one, &one, &other] {
            verifier.verify(token).unwrap();
        }
        let reported = reported
            .iter()
            .map(|(id, at)| (session_id(*id), Position::new(*at, 0)));
        expected.extend(reported);
        assert_eq!(*reports.lock().unwrap(), expected);
    };
    step(0, &[(1, 3), (2, 0)]);
    step(59, &[]);
    step(1, &[(1, 3), (2, 0)]);
    step(59, &[]);
}

#[test]
fn an_ended_sessions_use_is_not_reported() {
    let authority = Authority::new();
    let reports = Arc::new(Mutex::new(0));
    let seen = Arc::clone(&reports);
    let verifier = authority.verifier().with_use_reporter(
        Arc::new(move |_, _| *seen.lock().unwrap() += 1),
        Duration::ZERO,
    );
    authority
        .revoked
        .insert(session_id(1), crate::authority::NOW);
    assert_eq!(
        verifier.verify(&authority.token(1, 0)).unwrap_err(),
        Refusal::SessionEnded(UserId::new(1))
    );
    assert_eq!(*reports.lock().unwrap(), 0);
}
