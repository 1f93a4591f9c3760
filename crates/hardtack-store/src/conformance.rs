//! The suite that every backend must pass: the contract of this crate, sentence by sentence.
//!
//! ```
//! use std::sync::Arc;
//!
//! use hardtack_core::SettableClock;
//! use hardtack_store::MemoryStore;
//!
//! hardtack_store::conformance!(memory, |clock: Arc<SettableClock>| async move {
//!     // The second value is kept until the test is over: a directory, a container, or nothing.
//!     (MemoryStore::new(clock), ())
//! });
//! # fn main() {}
//! ```
//!
//! Each test gets a fresh, empty store whose only source of time is the given clock.

#![allow(
    missing_docs,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unchecked_time_subtraction,
    reason = "these are tests: a name is its sentence, and to fail is to panic"
)]

pub mod address;
pub mod audit;
pub mod code;
pub mod holdings;
pub mod import;
pub mod limit;
pub mod log;
pub mod login;
pub mod outbox;
pub mod password;
pub mod purge;
pub mod recovery;
pub mod registration;
pub mod rotation;
pub mod seen;
pub mod standing;
mod suite;
pub mod user;
pub mod uses;
pub mod verdict;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hardtack_core::rotation::{Family, Position};
use hardtack_core::session::{Device, NewSession, RememberMe, RevokeReason, SessionLifetime};
use hardtack_core::user::{
    CanonicalName, EmailAddress, LoginName, PasswordVersion, User, Username,
};
use hardtack_core::{Activity, SessionId, SettableClock, Timestamp};
use tokio::sync::Barrier;

use crate::{
    FamilyAt, Insertion, LogPosition, NameTaken, NewPassword, NewUser, Opened, Revocation, Revoke,
    Store,
};

/// When every test begins.
pub const START: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

/// The window of rotation.
pub const WINDOW: Duration = Duration::from_secs(60);

/// The idle timeout of every session.
pub const IDLE: Duration = Duration::from_secs(7 * 86_400);

/// The absolute timeout of every session.
pub const ABSOLUTE: Duration = Duration::from_secs(30 * 86_400);

/// The place of a token that was just issued at login.
pub const FIRST: Position = Position::new(0, 0);

const SECOND: Duration = Duration::from_secs(1);

/// A fresh store and what a test does with it again and again.
pub struct World<S> {
    pub store: Arc<S>,
    pub clock: Arc<SettableClock>,
    numbers: AtomicU64,
}

/// Runs one test on a store that `open` makes. Called by [`conformance!`](crate::conformance!).
pub fn run<S, K, O, T>(open: impl FnOnce(Arc<SettableClock>) -> O, test: impl FnOnce(World<S>) -> T)
where
    S: Store,
    O: Future<Output = (S, K)>,
    T: Future<Output = ()>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let clock = Arc::new(SettableClock::new(START));
        let (store, kept) = open(Arc::clone(&clock)).await;
        let world = World {
            store: Arc::new(store),
            clock,
            numbers: AtomicU64::new(1),
        };
        test(world).await;
        drop(kept);
    });
}

/// A revocation for `reason`, remembered for sixteen minutes.
#[must_use]
pub const fn revoke(reason: RevokeReason) -> Revoke {
    Revoke {
        reason,
        remembered_for: Duration::from_secs(16 * 60),
    }
}

/// A user of that name with an address of the same name.
#[must_use]
pub fn new_user(username: &str) -> NewUser {
    NewUser {
        username: Username::parse(username).unwrap(),
        email: EmailAddress::from_stored(format!("{username}@example.com")),
        first_name: "First".to_owned(),
        last_name: "Last".to_owned(),
        password_hash: "$argon2id$first".to_owned(),
    }
}

/// A new password for `user`, if theirs is the one of `version`, that nobody is told of.
#[must_use]
pub fn new_password(user: &User, version: Option<PasswordVersion>, hash: &str) -> NewPassword {
    NewPassword {
        user: user.id,
        version,
        hash: hash.to_owned(),
        mails: Vec::new(),
    }
}

#[must_use]
pub fn name_or_email(text: &str) -> LoginName {
    LoginName::NameOrEmail(CanonicalName::of(text))
}

#[must_use]
pub fn email(text: &str) -> LoginName {
    LoginName::Email(CanonicalName::of(text))
}

impl<S: Store> World<S> {
    pub async fn try_register(&self, user: NewUser) -> Result<User, NameTaken> {
        self.store.insert_user(user).await.unwrap()
    }

    pub async fn register(&self, username: &str) -> User {
        self.try_register(new_user(username)).await.unwrap()
    }

    /// A number that was not drawn before.
    pub fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// A session for `user` with a name that was not used before.
    pub fn new_session(&self, user: &User) -> NewSession {
        let number = self.number();
        let mut id = [0xA5; 16];
        id[..8].copy_from_slice(&number.to_be_bytes());
        NewSession {
            id: SessionId::from_bytes(id),
            user: user.id,
            password_version: user.password_version,
            lifetime: SessionLifetime {
                idle_timeout: IDLE,
                absolute_timeout: ABSOLUTE,
            },
            remember_me: RememberMe::Unsaid,
            device: Device::new("192.0.2.7".to_owned(), "Browser/1.0"),
        }
    }

    pub async fn try_log_in(&self, new: NewSession, replaced: Vec<SessionId>) -> Insertion {
        self.store
            .insert_session(new, replaced, None, revoke(RevokeReason::Replaced), WINDOW)
            .await
            .unwrap()
    }

    pub async fn log_in(&self, user: &User) -> Opened {
        match self.try_log_in(self.new_session(user), Vec::new()).await {
            Insertion::Opened { opened, .. } => opened,
            Insertion::UserChanged => panic!("the user has not changed"),
        }
    }

    /// A user and one session of theirs.
    pub async fn logged_in(&self) -> (User, SessionId) {
        let user = self.register("alice").await;
        let session = self.log_in(&user).await.family.session;
        (user, session)
    }

    pub async fn rotate(&self, session: SessionId, presented: Position) -> Option<FamilyAt> {
        self.store
            .rotate_family(session, presented, WINDOW, Activity::Counts)
            .await
            .unwrap()
    }

    pub async fn family(&self, session: SessionId) -> Family {
        self.store
            .find_family(session)
            .await
            .unwrap()
            .unwrap()
            .family
    }

    pub async fn log_out(&self, session: SessionId) -> bool {
        let ended = self
            .store
            .revoke_session(session, revoke(RevokeReason::Logout));
        ended.await.unwrap().is_some()
    }

    /// The live sessions of `user`, newest first.
    pub async fn alive(&self, user: &User) -> Vec<SessionId> {
        let sessions = self.store.list_sessions(user.id).await.unwrap();
        sessions.into_iter().map(|session| session.id).collect()
    }

    /// The sessions in the log of revocations, oldest first.
    pub async fn revoked(&self) -> Vec<SessionId> {
        let log = self.log_after(None).await;
        log.into_iter().map(|entry| entry.session).collect()
    }

    /// Where the log ends.
    pub async fn position(&self) -> LogPosition {
        let page = self.store.find_revocations(None, u32::MAX).await.unwrap();
        page.position
    }

    /// The log of revocations after a position, whole.
    pub async fn log_after(&self, after: Option<LogPosition>) -> Vec<Revocation> {
        let page = self.store.find_revocations(after, u32::MAX).await.unwrap();
        assert!(page.is_last);
        page.revocations
    }

    pub fn pass(&self, duration: Duration) -> Timestamp {
        self.clock.advance(duration);
        self.now()
    }

    pub fn now(&self) -> Timestamp {
        hardtack_core::Clock::now(&self.clock)
    }

    /// Does the same thing `times` times at once, from tasks on several threads.
    pub async fn at_once<F, T>(&self, times: usize, act: impl Fn(Arc<S>, usize) -> F) -> Vec<T>
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        let barrier = Arc::new(Barrier::new(times));
        let tasks: Vec<_> = (0..times)
            .map(|index| {
                let barrier = Arc::clone(&barrier);
                let act = act(Arc::clone(&self.store), index);
                tokio::spawn(async move {
                    barrier.wait().await;
                    act.await
                })
            })
            .collect();
        let mut outcomes = Vec::with_capacity(times);
        for task in tasks {
            outcomes.push(task.await.unwrap());
        }
        outcomes
    }
}

/// Sorted, for sets that have no order.
#[must_use]
pub fn sorted(mut sessions: Vec<SessionId>) -> Vec<SessionId> {
    sessions.sort_unstable();
    sessions
}
