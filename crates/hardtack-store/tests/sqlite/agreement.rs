//! The reference and SQLite say the same, whatever they are asked, in whatever order.

mod accounts;

use std::collections::HashMap;
use std::fmt::{Debug, Write};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use hardtack_core::rotation::{Family, Position, Rotation, rotate};
use hardtack_core::session::{RememberMe, RevokeReason};
use hardtack_core::user::{PasswordVersion, UserState, Username};
use hardtack_core::{Activity, Clock, SessionId, SettableClock, Timestamp, UserId};
use hardtack_store::{
    MemoryStore, NewPassword, PasswordChange, ProfileChange, Revoke, SessionStore, SqliteStore,
    Store, Verdict,
};

use crate::{WINDOW, clock, new_session, new_user, room};

/// The same numbers every time (Knuth's MMIX generator); a failure names its seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// One thing to ask. Small numbers, so that the same rows are met again and again.
#[derive(Debug, Clone)]
enum Ask {
    Register(u32),
    Profile(UserId, u32),
    Password(UserId, Option<PasswordVersion>, Option<u32>),
    Rehash(UserId, PasswordVersion),
    State(UserId, UserState),
    Delete(UserId),
    LogIn(UserId, PasswordVersion, u32, Vec<SessionId>),
    Rotate(SessionId, Position, Activity),
    Present(SessionId, Position, Activity),
    Stale(SessionId, Position),
    Use(Vec<(SessionId, Position)>),
    /// With how many seconds ago it was; below zero, by a clock that is ahead.
    See(Vec<(SessionId, i32)>),
    LogOut(SessionId),
    LogOutAll(UserId, Option<SessionId>),
    Purge,
}

const NAMES: [&str; 4] = ["alice", "Alice", "bob", "carol"];

fn session_id(number: u32) -> SessionId {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&number.to_be_bytes());
    SessionId::from_bytes(id)
}

fn ask(dice: &mut Dice, opened: &mut u32) -> Ask {
    let user = UserId::new(i64::from(dice.below(5)));
    let version = PasswordVersion(dice.below(2));
    let session = session_id(dice.below(*opened + 1));
    let position = Position::new(dice.below(4), dice.below(3) / 2);
    let mut open = || {
        *opened += 1;
        *opened
    };
    let activity = if dice.below(3) == 0 {
        Activity::Background
    } else {
        Activity::Counts
    };
    match dice.below(33) {
        0 | 1 => Ask::Register(dice.below(4)),
        2 => Ask::Profile(user, dice.below(4)),
        3 => {
            let successor = (dice.below(2) == 0).then(&mut open);
            Ask::Password(user, (dice.below(2) == 0).then_some(version), successor)
        }
        4 => Ask::Rehash(user, version),
        5 => Ask::State(user, UserState::Disabled),
        6 | 7 => Ask::State(user, UserState::Active),
        8 if dice.below(4) == 0 => Ask::Delete(user),
        8..=12 => Ask::LogIn(user, version, open(), vec![session]),
        13..=16 => Ask::Rotate(session, position, activity),
        17..=21 => Ask::Present(session, position, activity),
        22 => Ask::Stale(session, position),
        23..=26 => Ask::Use(vec![(session, position), (session_id(1), position)]),
        27 => Ask::LogOut(session),
        28 => Ask::LogOutAll(user, (dice.below(2) == 0).then_some(session)),
        29..=31 => {
            let ago = i32::try_from(dice.below(100)).unwrap() - 20;
            Ask::See(vec![(session, ago), (session_id(2), 0)])
        }
        _ => Ask::Purge,
    }
}

fn revoke(reason: RevokeReason) -> Revoke {
    Revoke {
        reason,
        remembered_for: Duration::from_secs(960),
    }
}

fn sorted<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort_unstable();
    items
}

/// What the flow of a refresh commits after it has judged `family`.
fn judge(family: &Family, presented: Position, activity: Activity, now: Timestamp) -> Verdict {
    match rotate(family, presented, WINDOW, now) {
        Rotation::Reuse => Verdict::Revoke(revoke(RevokeReason::Reuse)),
        rotation => Verdict::Continue(family.lineage.after(rotation, presented, now), activity),
    }
}

async fn see<S: Store>(store: &S, ago: Vec<(SessionId, i32)>) -> String {
    let Some(found) = store.find_family(session_id(1)).await.unwrap() else {
        return String::new();
    };
    let time = |ago: i32| {
        let by = Duration::from_secs(u64::from(ago.unsigned_abs()));
        if ago < 0 {
            found.now + by
        } else {
            found.now - by
        }
    };
    let seen = ago.into_iter().map(|(session, ago)| (session, time(ago)));
    format!("{:?}", store.note_seen(seen.collect()).await.is_ok())
}

fn words(answer: impl Debug) -> String {
    format!("{answer:?}")
}

async fn set_password<S: Store>(
    store: &S,
    id: UserId,
    version: Option<PasswordVersion>,
    successor: Option<u32>,
) -> String {
    let reason = revoke(RevokeReason::PasswordChanged);
    let user = store.find_user(id).await.unwrap().map(|found| found.user);
    let successor = user
        .zip(successor)
        .map(|(user, number)| new_session(&user, number));
    let new = NewPassword {
        user: id,
        version,
        hash: "$argon2id$second".to_owned(),
        mails: Vec::new(),
    };
    let change = store.change_password(new, successor, reason, WINDOW);
    match change.await.unwrap() {
        PasswordChange::Changed { ended, successor } => words((sorted(ended), successor)),
        superseded @ PasswordChange::Superseded => words(superseded),
    }
}

/// Asks, and puts the answer in words; sets are sorted.
async fn answer<S: Store>(store: &S, ask: Ask) -> String {
    let name = |index: u32| NAMES[usize::try_from(index).unwrap()];
    let ended = |ended: Option<Vec<SessionId>>| words(ended.map(sorted));
    match ask {
        Ask::Register(index) => words(store.insert_user(new_user(name(index))).await.unwrap()),
        Ask::Profile(user, index) => {
            let profile = ProfileChange {
                username: Some(Username::parse(name(index)).unwrap()),
                first_name: Some(index.to_string()),
                last_name: None,
            };
            words(store.change_profile(user, profile).await.unwrap())
        }
        Ask::Password(id, version, successor) => set_password(store, id, version, successor).await,
        Ask::Rehash(user, version) => {
            let hash = "$argon2id$stronger".to_owned();
            words(
                store
                    .replace_password_hash(user, version, hash)
                    .await
                    .unwrap(),
            )
        }
        Ask::State(user, state) => {
            let reason = revoke(RevokeReason::UserDisabled);
            ended(store.set_user_state(user, state, reason).await.unwrap())
        }
        Ask::Delete(user) => {
            let reason = revoke(RevokeReason::UserDeleted);
            ended(store.delete_user(user, reason).await.unwrap())
        }
        Ask::LogIn(id, version, number, replaced) => {
            let Some(found) = store.find_user(id).await.unwrap() else {
                return String::new();
            };
            let mut new = new_session(&found.user, number);
            new.password_version = version;
            let reason = revoke(RevokeReason::Replaced);
            new.remember_me = [RememberMe::Unsaid, RememberMe::Yes, RememberMe::No]
                [usize::try_from(number % 3).unwrap()];
            let limit = NonZeroU32::new(number % 4);
            let outcome = store.insert_session(new, replaced, limit, reason, WINDOW);
            words(outcome.await.unwrap())
        }
        Ask::Rotate(session, position, activity) => words(
            store
                .rotate_family(session, position, WINDOW, activity)
                .await
                .unwrap(),
        ),
        Ask::Present(session, position, activity) => {
            let Some(found) = store.find_family(session).await.unwrap() else {
                return String::new();
            };
            let verdict = judge(&found.family, position, activity, found.now);
            words(store.commit_verdict(&found.family, verdict).await.unwrap())
        }
        Ask::Stale(session, position) => {
            let Some(mut found) = store.find_family(session).await.unwrap() else {
                return String::new();
            };
            found.family.lineage.current = position;
            let verdict = judge(&found.family, position, Activity::Counts, found.now);
            words(store.commit_verdict(&found.family, verdict).await.unwrap())
        }
        Ask::See(ago) => see(store, ago).await,
        Ask::Use(uses) => words(store.note_uses(uses, WINDOW).await.is_ok()),
        Ask::LogOut(session) => {
            let reason = revoke(RevokeReason::Logout);
            words(store.revoke_session(session, reason).await.unwrap())
        }
        Ask::LogOutAll(user, except) => {
            let reason = revoke(RevokeReason::Operator);
            let sessions = store.revoke_user_sessions(user, except, reason).await;
            ended(Some(sessions.unwrap()))
        }
        Ask::Purge => {
            let kept_for = Duration::from_secs(3_600);
            words(store.purge_ended(kept_for).await.unwrap())
        }
    }
}

/// Everything that a store can be seen to hold.
async fn everything<S: Store>(store: &S, opened: u32) -> String {
    let users = store.list_users(None, 100).await.unwrap();
    let mut seen = format!("{users:#?}");
    for user in &users {
        let found = store.find_user(user.id).await.unwrap().unwrap();
        let sessions = store.list_sessions(user.id).await.unwrap();
        write!(seen, "{} {sessions:#?}", found.password_hash).unwrap();
    }
    for number in 0..=opened {
        let family = store.find_family(session_id(number)).await.unwrap();
        write!(seen, "{family:#?}").unwrap();
    }
    let log = store.find_revocations(None, u32::MAX).await.unwrap();
    let log = log
        .revocations
        .iter()
        .map(|entry| (entry.session, entry.expires_at));
    seen + &format!("{:#?}", sorted(log.collect()))
}

async fn agree(seed: u64) {
    let (_directory, path) = room();
    let clock: Arc<SettableClock> = clock();
    let memory = MemoryStore::new(Arc::<SettableClock>::clone(&clock) as Arc<dyn Clock>);
    let sqlite = SqliteStore::open(&path, Arc::<SettableClock>::clone(&clock)).unwrap();
    let mut dice = Dice(seed);
    let mut opened = 0;
    let mut last_seen = HashMap::new();
    for step in 0..400 {
        match dice.below(12) {
            0 => clock.advance(Duration::from_secs(3 * 86_400)),
            1 => clock.set(clock.now() - Duration::from_secs(30)),
            2..=5 => clock.advance(Duration::from_secs(40)),
            6 => clock.advance(WINDOW),
            _ => {}
        }
        let ask = ask(&mut dice, &mut opened);
        let said = answer(&memory, ask.clone()).await;
        assert_eq!(
            answer(&sqlite, ask.clone()).await,
            said,
            "seed {seed}, step {step}: {ask:?}"
        );
        for number in 0..=opened {
            // However the clock steps and whatever is noted: the last use never goes back.
            let found = memory.find_family(session_id(number)).await.unwrap();
            let (before, now) = (last_seen.get(&number).copied(), found.map(|at| at.family));
            if let Some(family) = now {
                assert!(
                    before <= Some(family.last_seen_at),
                    "seed {seed}, step {step}"
                );
                last_seen.insert(number, family.last_seen_at);
            }
        }
        if step % 10 == 0 {
            let held = everything(&memory, opened).await;
            assert!(
                everything(&sqlite, opened).await == held,
                "seed {seed}, step {step}: after {ask:?}"
            );
        }
    }
}

#[tokio::test]
async fn both_backends_answer_alike() {
    for seed in 1..=12 {
        agree(seed).await;
    }
}
