//! Log in: a password for a session.

use hardtack_core::event::{Event, LoginRefusal};
use hardtack_core::password::{Password, Verification};
use hardtack_core::session::{Device, NewSession, RevokeReason};
use hardtack_core::throttle::ClientKey;
use hardtack_core::user::{CanonicalName, LoginName, User, UserState};
use hardtack_core::{SessionId, UserId};
use hardtack_store::{Insertion, Store, UserWithPassword};

use super::{Grant, Unavailable};
use crate::client::Client;
use crate::hardtack::Hardtack;
use crate::hash_pool::Place;

/// Who says they are who. It cannot be printed.
#[derive(Debug)]
pub struct Credentials {
    /// The name or address.
    pub name: LoginName,
    /// The password.
    pub password: Password,
}

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// No such user, another password, or switched off: from outside all the same.
    #[error("unable to log in with these credentials")]
    Refused,
    /// Too many tries; the right password is refused as well.
    #[error("too many tries; wait {0:?}")]
    Throttled(std::time::Duration),
    /// Try again.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Whose tries are counted together: every spelling of a user's name and address, or, where
/// nobody answers to it, the name itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum AccountKey {
    User(UserId),
    Nobody(CanonicalName),
}

/// A user whose password was right.
struct Proven {
    user: User,
    password: Password,
    /// The stored hash is of an old cost or of another system.
    outdated: bool,
    account: AccountKey,
}

impl<S: Store> Hardtack<S> {
    /// Trades a password for a session, and ends the sessions whose refresh tokens the request
    /// brought along (ASVS 5.0 §7.2.4). The new session adopts nothing of theirs.
    ///
    /// An unknown user costs what a wrong password costs: one lookup and one hash.
    ///
    /// # Errors
    /// [`LoginError`]; nothing was changed, but the try is counted.
    pub async fn log_in(
        &self,
        credentials: Credentials,
        presented: impl Iterator<Item = &str> + Send,
        client: &Client,
    ) -> Result<(User, Grant), LoginError> {
        let replaced = self
            .recognise(presented)
            .into_iter()
            .map(|(session, _)| session)
            .collect();
        let (LoginName::NameOrEmail(name) | LoginName::Email(name)) = &credentials.name;
        let name = name.clone();
        let refused = |reason| {
            self.report(
                &Event::LoginRefused {
                    name: name.clone(),
                    reason,
                },
                client,
            );
        };
        // A place among the hashes comes first, so that an overload is not counted as a guess.
        let place = self.hash_pool().enter().map_err(Unavailable::from)?;
        let proven = self.prove(&place, credentials, client, &refused).await?;

        let insertion = self
            .store()
            .insert_session(
                self.new_session(&proven.user, client),
                replaced,
                self.revoke(RevokeReason::Replaced),
                self.settings().session.rotation_window,
            )
            .await
            .map_err(Unavailable::from)?;
        let Insertion::Opened { opened, replaced } = insertion else {
            // The password or the user's state changed while the old one was being checked.
            refused(LoginRefusal::WrongPassword);
            return Err(LoginError::Refused);
        };
        self.note_revoked(&replaced, RevokeReason::Replaced, client);
        self.throttles().login_account.succeeded(&proven.account);
        if let Some(address) = client.address {
            self.throttles()
                .login_address
                .succeeded(&ClientKey::of(address));
        }
        let Proven {
            user,
            password,
            outdated,
            ..
        } = proven;
        if outdated {
            self.store_stronger_hash(&place, &user, password).await;
        }
        self.report(
            &Event::LoggedIn {
                user: user.id,
                session: opened.family.session,
            },
            client,
        );
        let grant = self.grant(&opened.family, opened.now)?;
        Ok((
            User {
                last_login_at: Some(opened.now),
                ..user
            },
            grant,
        ))
    }

    /// Checks the password. The try is counted before the hash, by address and by account, so that
    /// parallel tries cannot pass the limit.
    async fn prove(
        &self,
        place: &Place<'_>,
        Credentials { name, password }: Credentials,
        client: &Client,
        refused: &(dyn Fn(LoginRefusal) + Sync),
    ) -> Result<Proven, LoginError> {
        let now = self.clock().now();
        let throttled = |wait| {
            refused(LoginRefusal::Throttled);
            LoginError::Throttled(wait)
        };
        if let Some(address) = client.address {
            self.throttles()
                .login_address
                .try_at(&ClientKey::of(address), now)
                .map_err(throttled)?;
        }
        let found = self
            .store()
            .find_user_by_login(&name)
            .await
            .map_err(Unavailable::from)?;
        let account = match (&found, name) {
            (Some(found), _) => AccountKey::User(found.user.id),
            (None, LoginName::NameOrEmail(name) | LoginName::Email(name)) => {
                AccountKey::Nobody(name)
            }
        };
        self.throttles()
            .login_account
            .try_at(&account, now)
            .map_err(throttled)?;

        let Some(UserWithPassword {
            user,
            password_hash,
        }) = found
        else {
            place
                .run(move |hasher| hasher.verify_nobody(&password))
                .await
                .map_err(Unavailable::from)?;
            refused(LoginRefusal::UnknownUser);
            return Err(LoginError::Refused);
        };
        let (verification, password) = place
            .run(move |hasher| (hasher.verify(&password, &password_hash), password))
            .await
            .map_err(Unavailable::from)?;
        let outdated = match verification {
            Verification::Right => false,
            Verification::RightButOutdated => true,
            Verification::Wrong | Verification::Unusable => {
                refused(LoginRefusal::WrongPassword);
                return Err(LoginError::Refused);
            }
        };
        if user.state == UserState::Disabled {
            refused(LoginRefusal::UserDisabled);
            return Err(LoginError::Refused);
        }
        Ok(Proven {
            user,
            password,
            outdated,
            account,
        })
    }

    /// A session about to be opened for `user` on the device of `client`.
    pub(crate) fn new_session(&self, user: &User, client: &Client) -> NewSession {
        NewSession {
            id: SessionId::generate(self.entropy()),
            user: user.id,
            password_version: user.password_version,
            lifetime: self.settings().session.lifetime,
            device: Device::new(client.address_text(), &client.user_agent),
        }
    }

    /// Keeps the password under today's cost. A failure is not the user's concern: the next login
    /// tries again.
    async fn store_stronger_hash(&self, place: &Place<'_>, user: &User, password: Password) {
        let entropy = self.shared_entropy();
        let Ok(Ok(hash)) = place
            .run(move |hasher| hasher.hash(&password, &*entropy))
            .await
        else {
            return;
        };
        if let Err(error) = self
            .store()
            .replace_password_hash(user.id, user.password_version, hash)
            .await
        {
            tracing::warn!(%error, user = %user.id, "an outdated password hash could not be replaced");
        }
    }
}
