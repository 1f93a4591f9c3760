//! Names, and who has them.

use hardtack_core::UserId;
use hardtack_core::user::{EmailAddress, LoginName, PasswordVersion, User, UserState, Username};

use super::{SECOND, START, World, email, name_or_email, new_user};
use crate::{NameTaken, NewUser, ProfileChange, Store};

fn profile(username: &str) -> ProfileChange {
    ProfileChange {
        username: Some(Username::parse(username).unwrap()),
        first_name: Some("New".to_owned()),
        last_name: Some("Name".to_owned()),
    }
}

fn with_email(username: &str, address: &str) -> NewUser {
    NewUser {
        email: EmailAddress::parse(address).unwrap(),
        ..new_user(username)
    }
}

impl<S: Store> World<S> {
    async fn find(&self, name: LoginName) -> Option<User> {
        let found = self.store.find_user_by_login(&name).await.unwrap();
        found.map(|found| found.user)
    }
}

pub async fn a_new_user_is_active_and_found_as_they_were_added<S: Store>(world: World<S>) {
    let user = world.register("Alice").await;
    assert_eq!(user.username.as_str(), "Alice");
    assert_eq!(user.email.as_str(), "Alice@example.com");
    assert_eq!(user.first_name, "First");
    assert_eq!(user.last_name, "Last");
    assert_eq!(user.state, UserState::Active);
    assert_eq!(user.password_version, PasswordVersion::default());
    assert_eq!(user.created_at, START);
    assert_eq!(user.last_login_at, None);
    let found = world.store.find_user(user.id).await.unwrap().unwrap();
    assert_eq!(found.user, user);
    assert_eq!(found.password_hash, "$argon2id$first");
}

pub async fn an_unknown_user_is_not_found<S: Store>(world: World<S>) {
    world.register("alice").await;
    let store = &world.store;
    assert!(store.find_user(UserId::new(99)).await.unwrap().is_none());
    assert!(store.find_user(UserId::new(-1)).await.unwrap().is_none());
    for name in ["bob", "", "alice ", "alice@example", "%", "alice\0"] {
        assert_eq!(world.find(name_or_email(name)).await, None, "{name:?}");
        assert_eq!(world.find(email(name)).await, None, "{name:?}");
    }
}

pub async fn a_user_is_found_by_every_spelling_of_name_and_address<S: Store>(world: World<S>) {
    let user = world.register("Straße").await;
    for name in [
        name_or_email("straße"),
        name_or_email("STRASSE"),
        name_or_email("ｓtrasse"),
        name_or_email("STRASSE@EXAMPLE.COM"),
        email("strasse@example.com"),
    ] {
        assert_eq!(
            world.find(name.clone()).await.as_ref(),
            Some(&user),
            "{name:?}"
        );
    }
}

pub async fn a_name_is_no_address<S: Store>(world: World<S>) {
    world
        .try_register(with_email("bob@example.org", "bob@example.com"))
        .await
        .unwrap();
    assert_eq!(world.find(email("bob@example.org")).await, None);
}

/// CVE-2019-19844: two spellings of one name are one name.
pub async fn a_name_that_is_taken_in_another_spelling_is_refused<S: Store>(world: World<S>) {
    world.register("kelvin").await;
    for spelling in ["kelvin", "KELVIN", "\u{212A}elvin", "ｋelvin"] {
        let new = with_email(spelling, "");
        assert_eq!(
            world.try_register(new).await,
            Err(NameTaken::Username),
            "{spelling}"
        );
    }
}

pub async fn an_address_that_is_taken_in_another_spelling_is_refused<S: Store>(world: World<S>) {
    world.register("alice").await;
    for spelling in ["alice@example.com", "Alice@EXAMPLE.com"] {
        let new = with_email("bob", spelling);
        assert_eq!(world.try_register(new).await, Err(NameTaken::Email));
    }
}

pub async fn users_without_an_address_are_in_nobodys_way<S: Store>(world: World<S>) {
    for username in ["alice", "bob", "carol"] {
        let user = world.try_register(with_email(username, "")).await.unwrap();
        assert!(user.email.is_none());
    }
    assert_eq!(world.find(email("")).await, None);
}

/// CVE-2026-19607: whoever names themselves like another's address gets what is meant for them.
pub async fn a_name_may_not_be_anothers_address_nor_the_other_way_round<S: Store>(world: World<S>) {
    world.register("alice").await;
    world
        .try_register(with_email("bob@example.org", ""))
        .await
        .unwrap();
    assert_eq!(
        world
            .try_register(with_email("ALICE@example.com", ""))
            .await,
        Err(NameTaken::Username)
    );
    assert_eq!(
        world
            .try_register(with_email("carol", "Bob@example.org"))
            .await,
        Err(NameTaken::Email)
    );
}

pub async fn one_may_be_called_like_ones_own_address<S: Store>(world: World<S>) {
    let new = with_email("alice@example.com", "alice@example.com");
    let user = world.try_register(new).await.unwrap();
    let found = world.find(name_or_email("alice@example.com")).await;
    assert_eq!(found, Some(user));
}

pub async fn a_refused_user_leaves_nothing_behind<S: Store>(world: World<S>) {
    world.register("alice").await;
    let refused = with_email("bob", "alice@example.com");
    assert_eq!(world.try_register(refused).await, Err(NameTaken::Email));
    assert_eq!(world.store.list_users(None, 10).await.unwrap().len(), 1);
    world.register("bob").await;
}

pub async fn of_many_registrations_of_one_name_at_once_one_wins<S: Store>(world: World<S>) {
    let outcomes = world
        .at_once(20, |store, index| async move {
            let username = if index % 2 == 0 { "alice" } else { "ALICE" };
            let new = with_email(username, &format!("alice{index}@example.com"));
            store.insert_user(new).await.unwrap()
        })
        .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(world.store.list_users(None, 100).await.unwrap().len(), 1);
}

pub async fn a_number_is_never_given_twice<S: Store>(world: World<S>) {
    let alice = world.register("alice").await;
    let bob = world.register("bob").await;
    assert!(alice.id < bob.id);
    let revoke = super::revoke(hardtack_core::session::RevokeReason::UserDeleted);
    world.store.delete_user(bob.id, revoke).await.unwrap();
    let again = world.register("bob").await;
    assert!(bob.id < again.id);
}

pub async fn users_are_listed_by_number_and_in_pages<S: Store>(world: World<S>) {
    let mut users = Vec::new();
    for username in ["dora", "carol", "bob", "alice"] {
        users.push(world.register(username).await);
    }
    let store = &world.store;
    assert_eq!(store.list_users(None, 10).await.unwrap(), users);
    assert_eq!(store.list_users(None, 3).await.unwrap(), users[..3]);
    let rest = store.list_users(Some(users[2].id), 3).await.unwrap();
    assert_eq!(rest, users[3..]);
    assert_eq!(store.list_users(Some(users[3].id), 3).await.unwrap(), []);
    assert_eq!(store.list_users(None, 0).await.unwrap(), []);
}

pub async fn a_profile_changes_what_it_names_and_nothing_else<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    world.pass(SECOND);
    let changed = world.store.change_profile(user.id, profile("Alicia")).await;
    let changed = changed.unwrap().unwrap().unwrap();
    let expected = User {
        username: Username::parse("Alicia").unwrap(),
        first_name: "New".to_owned(),
        last_name: "Name".to_owned(),
        ..user.clone()
    };
    assert_eq!(changed, expected);
    let found = world.store.find_user(user.id).await.unwrap().unwrap();
    assert_eq!(found.user, expected);
    assert_eq!(found.password_hash, "$argon2id$first");
}

pub async fn two_changes_of_different_fields_both_hold<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    let first = ProfileChange {
        first_name: Some("Fi".to_owned()),
        ..ProfileChange::default()
    };
    let last = ProfileChange {
        last_name: Some("La".to_owned()),
        ..ProfileChange::default()
    };
    for change in [first, last, ProfileChange::default()] {
        let changed = world.store.change_profile(user.id, change).await;
        assert!(changed.unwrap().unwrap().is_ok());
    }
    let found = world.store.find_user(user.id).await.unwrap().unwrap().user;
    let names = (
        found.username.as_str(),
        found.first_name.as_str(),
        found.last_name.as_str(),
    );
    assert_eq!(names, ("alice", "Fi", "La"));
}

pub async fn a_profile_may_keep_or_respell_its_own_name<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    for username in ["alice", "Alice", "ALICE", "alice@example.com"] {
        let changed = world.store.change_profile(user.id, profile(username)).await;
        let changed = changed.unwrap().unwrap().unwrap();
        assert_eq!(changed.username.as_str(), username);
    }
}

pub async fn a_profile_may_not_take_anothers_name_or_address<S: Store>(world: World<S>) {
    let alice = world.register("alice").await;
    world.register("bob").await;
    for username in ["BOB", "bob@example.com"] {
        let changed = world
            .store
            .change_profile(alice.id, profile(username))
            .await;
        assert_eq!(changed.unwrap(), Some(Err(NameTaken::Username)));
    }
    let found = world.store.find_user(alice.id).await.unwrap().unwrap();
    assert_eq!(found.user, alice);
}

pub async fn a_name_that_was_given_up_is_free<S: Store>(world: World<S>) {
    let alice = world.register("alice").await;
    let changed = world
        .store
        .change_profile(alice.id, profile("alicia"))
        .await;
    assert!(changed.unwrap().unwrap().is_ok());
    assert_eq!(world.find(name_or_email("alice")).await, None);
    world.try_register(with_email("alice", "")).await.unwrap();
}

pub async fn a_profile_of_nobody_is_none<S: Store>(world: World<S>) {
    world.register("alice").await;
    let nobody = UserId::new(99);
    for username in ["bob", "alice"] {
        let changed = world.store.change_profile(nobody, profile(username)).await;
        assert_eq!(changed.unwrap(), None);
    }
}
