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

pub mod audit;
pub mod limit;
pub mod log;
pub mod login;
pub mod password;
pub mod purge;
pub mod rotation;
pub mod seen;
pub mod standing;
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
    sessions: AtomicU64,
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
            sessions: AtomicU64::new(1),
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

    /// A session for `user` with a name that was not used before.
    pub fn new_session(&self, user: &User) -> NewSession {
        let number = self.sessions.fetch_add(1, Ordering::Relaxed);
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

/// Stamps the suite onto a backend: `conformance!(name, open)`, see [the module](mod@crate::conformance).
#[macro_export]
macro_rules! conformance {
    ($backend:ident, $open:expr) => {
        mod $backend {
            use super::*;
            $crate::conformance! { @stamp $open;
                user {
                    a_new_user_is_active_and_found_as_they_were_added
                    an_unknown_user_is_not_found
                    a_user_is_found_by_every_spelling_of_name_and_address
                    a_name_is_no_address
                    a_name_that_is_taken_in_another_spelling_is_refused
                    an_address_that_is_taken_in_another_spelling_is_refused
                    users_without_an_address_are_in_nobodys_way
                    a_name_may_not_be_anothers_address_nor_the_other_way_round
                    one_may_be_called_like_ones_own_address
                    a_refused_user_leaves_nothing_behind
                    of_many_registrations_of_one_name_at_once_one_wins
                    a_number_is_never_given_twice
                    users_are_listed_by_number_and_in_pages
                    a_profile_changes_what_it_names_and_nothing_else
                    a_profile_may_keep_or_respell_its_own_name
                    two_changes_of_different_fields_both_hold
                    a_profile_may_not_take_anothers_name_or_address
                    a_name_that_was_given_up_is_free
                    a_profile_of_nobody_is_none
                }
                password {
                    a_new_password_ends_every_session_and_opens_the_successor
                    a_new_password_without_successor_leaves_no_session
                    a_successor_is_no_login
                    a_change_from_an_older_password_changes_nothing
                    of_two_changes_at_once_one_wins
                    nobody_has_no_password_to_change
                    a_successor_is_not_opened_for_a_disabled_user
                    a_login_that_raced_a_password_change_opens_nothing
                    a_stronger_hash_of_the_same_password_keeps_the_sessions
                    a_late_rehash_does_not_bring_the_old_password_back
                }
                standing {
                    switching_a_user_off_ends_every_session_of_theirs
                    switching_a_user_on_again_brings_no_session_back
                    switching_twice_ends_nothing_twice
                    a_disabled_user_does_not_log_in
                    deleting_a_user_ends_every_session_and_frees_the_name
                    a_deleted_user_does_not_log_in
                    nobody_is_neither_switched_nor_deleted
                    a_clock_that_steps_back_does_not_undo_what_befell_the_owner
                }
                login {
                    a_session_opens_settled_and_may_rotate_at_once
                    a_login_moves_the_last_login
                    a_login_ends_the_live_sessions_that_it_replaces
                    a_session_is_never_taken_over
                    the_live_sessions_are_listed_newest_first
                    ending_a_session_twice_ends_it_once
                    of_many_that_end_a_session_at_once_one_did
                    every_session_of_a_user_ends_but_the_one_excepted
                    a_session_is_over_when_it_was_idle_for_its_timeout
                    a_session_is_over_at_its_absolute_end_however_busy
                    absurd_lifetimes_neither_wrap_nor_end_at_once
                    a_device_is_new_when_others_are_known_and_it_is_not
                }
                audit {
                    entries_are_kept_as_they_are_and_listed_by_time
                    a_filter_takes_one_user_and_what_is_not_too_old
                    pages_neither_repeat_nor_skip
                    an_entry_is_forgotten_after_its_time
                }
                limit {
                    a_session_keeps_what_its_login_said
                    the_successor_of_a_password_change_keeps_what_it_is_told
                    a_login_within_the_limit_ends_nothing
                    a_login_too_many_ends_the_session_that_was_idle_longest
                    the_session_just_opened_never_makes_way
                    of_two_idle_alike_the_older_session_leaves
                    only_live_sessions_of_the_same_user_count
                    a_lower_limit_ends_as_many_as_are_too_many
                    a_refused_login_makes_nobody_leave
                    of_many_logins_at_once_no_more_stay_than_the_limit
                }
                rotation {
                    a_rotation_is_the_one_that_the_rule_says
                    a_rotation_remembers_which_branch_it_came_from
                    only_the_current_token_rotates
                    nothing_rotates_before_the_window_is_over
                    a_revoked_session_does_not_rotate
                    a_session_that_ran_out_does_not_rotate
                    the_last_generation_has_no_successor
                    a_clock_that_steps_back_makes_the_window_longer
                    without_a_window_every_use_rotates
                    rotation_moves_one_family_only
                    of_fifty_rotations_of_one_token_at_once_one_wins
                    nothing_rotates_after_a_racing_logout
                }
                verdict {
                    a_chain_goes_on_as_decided_and_the_use_counts
                    a_chain_that_stays_as_it_is_counts_as_used
                    a_use_defers_the_idle_end_and_never_the_absolute_one
                    a_row_that_is_not_the_one_judged_is_left_alone
                    a_verdict_on_an_unknown_session_is_none
                    of_many_verdicts_on_one_row_at_once_one_is_written
                    a_rotation_that_was_faster_voids_the_verdict
                    a_reuse_ends_the_family_and_is_remembered
                    revoked_is_final
                    a_session_that_ran_out_takes_no_verdict
                    a_racing_logout_beats_or_follows_a_verdict
                }
                uses {
                    a_generation_settles_by_two_uses_a_window_apart
                    a_use_of_another_token_proves_nothing
                    a_use_settles_and_does_not_defer_the_idle_end
                    unknown_and_ended_sessions_are_passed_over
                    the_same_use_twice_in_one_report_counts_once
                    a_clock_that_steps_back_settles_nothing_early
                }
                seen {
                    a_use_that_is_noted_defers_the_idle_end
                    the_last_use_never_goes_back_nor_past_the_present
                    what_is_over_stays_over_though_it_was_used_before_its_end
                    many_are_noted_at_once_and_nobody_else
                    a_refresh_in_the_background_defers_nothing
                    an_entry_outlives_a_token_that_was_fetched_in_the_background
                    nothing_that_is_noted_beside_a_logout_brings_the_session_back
                }
                log {
                    the_log_has_what_ended_oldest_first
                    pages_of_the_log_join_without_gap_or_repetition
                    what_is_ended_later_stands_after_every_position_that_was_given
                    who_knows_another_past_is_told_everything
                    an_entry_is_gone_from_the_log_when_it_expires
                    an_entry_outlives_the_last_token_though_the_clock_stepped_back
                    what_ends_by_itself_is_not_in_the_log
                    a_sequence_never_comes_again
                    every_way_to_end_a_session_is_in_the_log
                }
                purge {
                    a_revoked_session_goes_after_its_time
                    a_session_that_ran_out_goes_after_its_time
                    a_live_session_is_never_purged
                    an_entry_of_the_log_goes_when_it_has_expired
                    a_purge_goes_in_bounded_steps_and_reaches_everything
                    two_purges_at_once_count_each_row_once
                }
            }
        }
    };
    (@stamp $open:expr; $($room:ident { $($test:ident)* })*) => {
        $(mod $room {
            use super::*;
            $(
                #[test]
                fn $test() {
                    $crate::conformance::run($open, $crate::conformance::$room::$test);
                }
            )*
        })*
    };
}
