//! Users who move in from elsewhere.

use hardtack_core::session::RevokeReason;
use hardtack_core::user::{EmailAddress, PasswordVersion, User, UserState, Username};
use hardtack_core::{Timestamp, UserId};

use super::{START, World, name_or_email, revoke};
use crate::{ImportMode, ImportOutcome, ImportedUser, Store};

const LONG_AGO: Timestamp = Timestamp::from_unix_seconds(1_500_000_000);

pub(super) fn imported(id: Option<i64>, username: &str) -> ImportedUser {
    ImportedUser {
        id: id.map(UserId::new),
        username: Username::parse(username).unwrap(),
        email: EmailAddress::parse(&format!("{username}@example.com"))
            .unwrap_or(EmailAddress::none()),
        email_is_verified: true,
        first_name: "First".to_owned(),
        last_name: "Last".to_owned(),
        password_hash: "bcrypt$theirs".to_owned(),
        state: UserState::Active,
        created_at: Some(LONG_AGO),
        last_login_at: None,
    }
}

fn with_email(user: ImportedUser, email: &str) -> ImportedUser {
    ImportedUser {
        email: EmailAddress::parse(email).unwrap(),
        ..user
    }
}

impl<S: Store> World<S> {
    async fn import(&self, users: Vec<ImportedUser>, mode: ImportMode) -> Vec<ImportOutcome> {
        self.store.import_users(users, mode).await.unwrap()
    }

    async fn row(&self, id: i64) -> (User, String) {
        let row = self.store.find_user(UserId::new(id)).await.unwrap();
        let row = row.unwrap();
        (row.user, row.password_hash)
    }
}

pub async fn an_imported_user_keeps_number_dates_state_and_hash<S: Store>(world: World<S>) {
    let ada = ImportedUser {
        last_login_at: Some(START),
        state: UserState::Disabled,
        email_is_verified: false,
        ..imported(Some(41), "Ada")
    };
    let outcomes = world.import(vec![ada], ImportMode::Add).await;
    assert_eq!(outcomes, [ImportOutcome::Added(UserId::new(41))]);
    let (user, hash) = world.row(41).await;
    assert_eq!(user.username.as_str(), "Ada");
    assert_eq!(user.email.as_str(), "Ada@example.com");
    assert_eq!(user.email_verified_at, None);
    assert_eq!(
        (user.created_at, user.last_login_at),
        (LONG_AGO, Some(START))
    );
    assert_eq!(user.state, UserState::Disabled);
    assert_eq!(user.password_version, PasswordVersion::default());
    assert_eq!(
        (user.first_name.as_str(), user.last_name.as_str()),
        ("First", "Last")
    );
    assert_eq!(hash, "bcrypt$theirs");
    let found = world.store.find_user_by_login(&name_or_email("ADA")).await;
    assert_eq!(found.unwrap().unwrap().user.id, UserId::new(41));
}

pub async fn numbers_go_on_above_those_that_came<S: Store>(world: World<S>) {
    let users = vec![
        imported(Some(500), "ada"),
        imported(None, "grace"),
        imported(Some(7), "joan"),
    ];
    let outcomes = world.import(users, ImportMode::Add).await;
    let added = [500, 501, 7].map(|id| ImportOutcome::Added(UserId::new(id)));
    assert_eq!(outcomes, added);
    assert_eq!(world.register("margaret").await.id, UserId::new(502));
}

/// An import that was interrupted is finished by running it again.
pub async fn an_import_that_is_repeated_changes_nobody<S: Store>(world: World<S>) {
    let users = vec![imported(Some(3), "ada"), imported(None, "grace")];
    world.import(users, ImportMode::Add).await;
    let before = (world.row(3).await, world.row(4).await);
    let again = ImportedUser {
        password_hash: "bcrypt$other".to_owned(),
        first_name: "Other".to_owned(),
        ..imported(Some(3), "ADA")
    };
    let users = vec![again, imported(None, "Grace"), imported(Some(9), "joan")];
    let outcomes = world.import(users, ImportMode::Add).await;
    assert_eq!(
        outcomes,
        [
            ImportOutcome::Present(UserId::new(3)),
            ImportOutcome::Present(UserId::new(4)),
            ImportOutcome::Added(UserId::new(9)),
        ]
    );
    assert_eq!((world.row(3).await, world.row(4).await), before);
}

/// CVE-2019-19844 and CVE-2026-19607, from the inside of a file.
pub async fn a_collision_is_refused_with_whom_and_stands_in_nobodys_way<S: Store>(world: World<S>) {
    let alice = world.register("alice").await;
    let users = vec![
        imported(Some(alice.id.as_i64()), "bob"),
        imported(Some(21), "ALICE"),
        with_email(imported(Some(22), "carol"), "alice@EXAMPLE.com"),
        imported(Some(23), "alice@example.com"),
        with_email(imported(Some(20), "kim"), "\u{212A}elvin@example.com"),
        imported(Some(24), "kelvin@example.com"),
        imported(Some(25), "dora"),
    ];
    let outcomes = world.import(users, ImportMode::Add).await;
    assert_eq!(
        outcomes,
        [
            ImportOutcome::NumberTaken {
                by: alice.username.clone()
            },
            ImportOutcome::UsernameTaken { by: alice.id },
            ImportOutcome::EmailTaken { by: alice.id },
            ImportOutcome::UsernameTaken { by: alice.id },
            ImportOutcome::Added(UserId::new(20)),
            ImportOutcome::UsernameTaken {
                by: UserId::new(20)
            },
            ImportOutcome::Added(UserId::new(25)),
        ]
    );
    let users = world.store.list_users(None, 100).await.unwrap();
    let numbers: Vec<i64> = users.iter().map(|user| user.id.as_i64()).collect();
    assert_eq!(numbers, [alice.id.as_i64(), 20, 25]);
}

pub async fn a_rehearsal_tells_what_would_be_and_writes_nothing<S: Store>(world: World<S>) {
    let alice = world.register("alice").await;
    let users = || {
        vec![
            imported(Some(30), "ada"),
            imported(Some(alice.id.as_i64()), "alice"),
            imported(Some(31), "alice"),
            imported(None, "grace"),
        ]
    };
    let told = world
        .import(users(), ImportMode::Rehearse { replace: false })
        .await;
    let there = world.store.list_users(None, 100).await.unwrap();
    assert_eq!(there, std::slice::from_ref(&alice));
    assert_eq!(
        told[..3],
        [
            ImportOutcome::Added(UserId::new(30)),
            ImportOutcome::Present(alice.id),
            ImportOutcome::UsernameTaken { by: alice.id },
        ]
    );
    assert!(matches!(told[3], ImportOutcome::Added(_)));
    let replace = ImportMode::Rehearse { replace: true };
    let told_of_replacing = world.import(users(), replace).await;
    assert!(
        matches!(&told_of_replacing[1], ImportOutcome::Replaced { id, ended } if *id == alice.id && ended.is_empty())
    );
    assert_eq!(
        world.store.find_user(alice.id).await.unwrap().unwrap().user,
        alice
    );
    let done = world.import(users(), ImportMode::Add).await;
    assert_eq!(done[..3], told[..3]);
}

pub async fn who_is_replaced_has_the_imported_password_and_no_session<S: Store>(world: World<S>) {
    let (alice, session) = world.logged_in().await;
    let bob = world.register("bob").await;
    let mode = ImportMode::Replace(revoke(RevokeReason::PasswordChanged));
    let new = ImportedUser {
        created_at: None,
        ..imported(Some(alice.id.as_i64()), "Alice")
    };
    let taken = imported(Some(bob.id.as_i64()), "bob");
    let users = vec![
        with_email(new, "new@example.com"),
        with_email(taken, "new@example.com"),
    ];
    assert_eq!(
        world.import(users, mode).await,
        [
            ImportOutcome::Replaced {
                id: alice.id,
                ended: vec![session]
            },
            ImportOutcome::EmailTaken { by: alice.id },
        ]
    );
    let (user, hash) = world.row(alice.id.as_i64()).await;
    assert_eq!(hash, "bcrypt$theirs");
    assert_eq!(user.username.as_str(), "Alice");
    assert_eq!(user.email.as_str(), "new@example.com");
    assert_eq!(user.created_at, alice.created_at);
    assert!(user.password_version > alice.password_version);
    assert!(world.alive(&user).await.is_empty());
    assert_eq!(world.revoked().await, [session]);
    assert_eq!(world.row(bob.id.as_i64()).await.0, bob);
    // The address that was given up is free.
    let dora = with_email(imported(None, "dora"), "alice@example.com");
    let outcomes = world.import(vec![dora], ImportMode::Add).await;
    assert!(
        matches!(outcomes[..], [ImportOutcome::Added(_)]),
        "{outcomes:?}"
    );
}
