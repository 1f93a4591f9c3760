//! The real stores, spoken to as the refresh flow speaks to them.

use std::sync::Arc;
use std::time::Duration;

use hardtack_core::rotation::{Rotation, rotate};
use hardtack_core::session::{Device, NewSession, RememberMe, RevokeReason, SessionLifetime};
use hardtack_core::user::{EmailAddress, PasswordVersion, User, UserState, Username};
use hardtack_core::{Activity, Clock, SessionId, SettableClock};
use hardtack_model::table::{Reply, Row};
use hardtack_store::{
    FamilyAt, Insertion, NewPassword, NewUser, PasswordChange, Revoke, Store, Verdict,
};
use tokio::runtime::Runtime;

use crate::step::{Party, Scale, Step, Which, position};

/// One family in a store, and another of the same user that nothing but the user's own acts may
/// touch (I6).
pub(crate) struct Stored<'s, S> {
    store: &'s S,
    clock: &'s SettableClock,
    runtime: &'s Runtime,
    scale: Scale,
    user: User,
    session: SessionId,
    bystander: SessionId,
}

fn revoke(reason: RevokeReason) -> Revoke {
    Revoke {
        reason,
        remembered_for: Duration::from_secs(960),
    }
}

impl<'s, S: Store> Stored<'s, S> {
    /// The `number`th family of the store; numbers are not used twice.
    pub(crate) fn new(
        store: &'s S,
        clock: &'s SettableClock,
        runtime: &'s Runtime,
        scale: Scale,
        number: u32,
    ) -> Self {
        let user = runtime
            .block_on(store.insert_user(NewUser {
                username: Username::parse(&format!("user{number}")).unwrap(),
                email: EmailAddress::none(),
                first_name: String::new(),
                last_name: String::new(),
                password_hash: "$argon2id$".to_owned(),
            }))
            .unwrap()
            .unwrap();
        let lifetime = scale.rules.lifetime.unwrap();
        let log_in = |kind: u8| {
            let mut id = [kind; 16];
            id[..4].copy_from_slice(&number.to_be_bytes());
            let new = NewSession {
                id: SessionId::from_bytes(id),
                user: user.id,
                password_version: PasswordVersion::default(),
                lifetime: SessionLifetime {
                    idle_timeout: scale.time(lifetime.idle),
                    absolute_timeout: scale.time(lifetime.absolute),
                },
                remember_me: RememberMe::Unsaid,
                device: Device::default(),
            };
            let reason = revoke(RevokeReason::Replaced);
            let inserted = store.insert_session(new, Vec::new(), None, reason, Scale::WINDOW);
            match runtime.block_on(inserted).unwrap() {
                Insertion::Opened { opened, .. } => opened.family.session,
                Insertion::UserChanged => panic!("nobody has changed the user"),
            }
        };
        Self {
            store,
            clock,
            runtime,
            scale,
            session: log_in(1),
            bystander: log_in(2),
            user,
        }
    }

    async fn find(&self, session: SessionId) -> FamilyAt {
        self.store.find_family(session).await.unwrap().unwrap()
    }

    async fn present(&self, which: Which) -> Reply {
        let Which::This(token) = which else {
            panic!("tokens are named by now");
        };
        let presented = position(token);
        let rotated = self
            .store
            .rotate_family(self.session, presented, Scale::WINDOW, Activity::Counts)
            .await
            .unwrap();
        if let Some(FamilyAt { family, now }) = rotated {
            return self.scale.reply(Rotation::Advance, &family, now);
        }
        let FamilyAt { family, now } = self.find(self.session).await;
        let rotation = rotate(&family, presented, Scale::WINDOW, now);
        assert_ne!(rotation, Rotation::Advance, "one statement does that");
        let lineage = family.lineage.after(rotation, presented, now);
        let verdict = if rotation == Rotation::Reuse {
            Verdict::Revoke(revoke(RevokeReason::Reuse))
        } else if lineage == family.lineage {
            return self.scale.reply(rotation, &family, now);
        } else {
            Verdict::Continue(lineage, Activity::Counts)
        };
        let committed = self.store.commit_verdict(&family, verdict).await.unwrap();
        let FamilyAt { family, now } = committed.expect("nobody else is here");
        self.scale.reply(rotation, &family, now)
    }

    async fn act(&self, step: Step) -> Option<Reply> {
        let store = self.store;
        match step {
            Step::Present(which) => return Some(self.present(which).await),
            Step::Use(Which::This(token)) => {
                let uses = vec![(self.session, position(token))];
                store.note_uses(uses, Scale::WINDOW).await.unwrap();
            }
            Step::Pass(ticks) | Step::SetClock(ticks) => {
                let (now, time) = (self.clock.now(), self.scale.time(ticks));
                self.clock
                    .set(if ticks < 0 { now - time } else { now + time });
            }
            Step::LogOut => {
                let reason = revoke(RevokeReason::Logout);
                store.revoke_session(self.session, reason).await.unwrap();
            }
            Step::ChangePassword => {
                let reason = revoke(RevokeReason::PasswordChanged);
                let new = NewPassword {
                    user: self.user.id,
                    version: None,
                    hash: "$argon2id$other".to_owned(),
                    mails: Vec::new(),
                };
                let change = store
                    .change_password(new, None, reason, Scale::WINDOW)
                    .await
                    .unwrap();
                assert!(matches!(change, PasswordChange::Changed { .. }));
            }
            Step::Disable | Step::Enable => {
                let state = if step == Step::Disable {
                    UserState::Disabled
                } else {
                    UserState::Active
                };
                let reason = revoke(RevokeReason::UserDisabled);
                let known = store.set_user_state(self.user.id, state, reason).await;
                assert!(known.unwrap().is_some());
            }
            Step::Use(_) | Step::ReplicaFallsBehind | Step::FailOver => {
                panic!("no store is asked for that")
            }
        }
        None
    }
}

impl<S: Store> Party for Stored<'_, S> {
    fn take(&mut self, step: Step) -> Option<Reply> {
        self.runtime.block_on(async {
            let before = self.find(self.bystander).await.family;
            let reply = self.act(step).await;
            let after = self.find(self.bystander).await.family;
            let is_the_users = matches!(step, Step::ChangePassword | Step::Disable | Step::Enable);
            assert!(
                is_the_users || after == before,
                "I6: {step:?} touched another session"
            );
            reply
        })
    }

    fn row(&mut self) -> Row {
        let FamilyAt { family, now } = self.runtime.block_on(self.find(self.session));
        self.scale.row(&family, now)
    }
}

/// Every store, each with its clock and whatever must live as long.
pub(crate) struct Stores {
    pub(crate) runtime: Runtime,
    pub(crate) clock: Arc<SettableClock>,
    pub(crate) memory: hardtack_store::MemoryStore,
    pub(crate) sqlite: hardtack_store::SqliteStore,
    _directory: tempfile::TempDir,
}

impl Stores {
    pub(crate) fn open() -> Self {
        let clock = Arc::new(SettableClock::new(crate::step::START));
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("hardtack.db");
        Self {
            runtime: tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap(),
            memory: hardtack_store::MemoryStore::new(clock.clone()),
            sqlite: hardtack_store::SqliteStore::open(path, clock.clone()).unwrap(),
            clock,
            _directory: directory,
        }
    }
}
