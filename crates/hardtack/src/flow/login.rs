//! Log in: a password for a session.

use hardtack_core::event::{Event, LoginRefusal};
use hardtack_core::password::{Password, Verification};
use hardtack_core::session::{Device, NewSession, RememberMe, RevokeReason};
use hardtack_core::throttle::ClientKey;
use hardtack_core::user::{CanonicalName, LoginName, User, UserState};
use hardtack_core::{SessionId, UserId};
use hardtack_store::{Insertion, Opened, Store};

use super::attempt::Attempt;
use super::{Grant, Unavailable, see_through};
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
    /// The password was right, and the address has to be verified first. Where registration is
    /// quiet, [`Refused`](Self::Refused) stands for it.
    #[error("the e-mail address is not verified")]
    EmailNotVerified,
    /// Too many tries; the right password is refused as well.
    #[error("too many tries; wait {0:?}")]
    Throttled(std::time::Duration),
    /// Try again.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// A user whose password was right.
struct Proven<'a> {
    user: User,
    password: Password,
    /// The stored hash is of an old cost or of another system.
    outdated: bool,
    tries: Tries<'a>,
}

/// One login, counted by address, by the name as it was given, by the account behind it, and once
/// for everybody.
///
/// The name is answered 429 when it was tried too often, whoever it belongs to or not. The account
/// counts what came under all its names; past that limit the right password is answered like a
/// wrong one, for a 429 would tell which name and which address belong together.
struct Tries<'a> {
    address: Option<Attempt<'a, ClientKey>>,
    name: Attempt<'a, CanonicalName>,
    account: Option<Attempt<'a, UserId>>,
    total: Attempt<'a, ()>,
}

impl Tries<'_> {
    /// From here on a hash is made. Were it free for callers who go away, one address could keep
    /// every hashing thread busy; who learned nothing still has their tries at the name.
    fn cost_a_hash(&mut self) {
        if let Some(address) = &mut self.address {
            address.keep();
        }
    }

    fn failed(self) {
        if let Some(address) = self.address {
            address.failed();
        }
        self.name.failed();
        if let Some(account) = self.account {
            account.failed();
        }
        self.total.failed();
    }

    fn succeeded(self) {
        if let Some(address) = self.address {
            address.succeeded();
        }
        self.name.succeeded();
        if let Some(account) = self.account {
            account.succeeded();
        }
        self.total.succeeded();
    }
}

impl<S: Store> Hardtack<S> {
    /// Trades a password for a session, and ends the sessions whose refresh tokens the request
    /// brought along (ASVS 5.0 §7.2.4). The new session adopts nothing of theirs.
    ///
    /// `remember_me` chooses the session's limits; where the user has more sessions than
    /// `session.limit_per_user`, those that were idle longest end.
    ///
    /// An unknown user costs what a wrong password costs: one lookup and one hash.
    ///
    /// # Errors
    /// [`LoginError`]; nothing was changed. A refused try is counted, an unavailable one is not.
    pub async fn log_in(
        &self,
        credentials: Credentials,
        remember_me: RememberMe,
        presented: impl Iterator<Item = &str> + Send,
        client: &Client,
    ) -> Result<(User, Grant), LoginError> {
        let replaced = self.sessions_of(presented);
        // A place among the hashes comes first: an overload is no guess.
        let place = self.hash_pool().enter().map_err(Unavailable::from)?;
        let Proven {
            user,
            password,
            outdated,
            tries,
        } = self.prove(&place, credentials, client).await?;

        if self.must_verify(&user) {
            let refused = self.refuse_login(Some(user.id), LoginRefusal::EmailNotVerified, client);
            // Whoever just registered with somebody's address has chosen the password: that it is
            // right would tell them that the address was free. The count must not tell it either.
            if self.settings().registration.quiet {
                tries.failed();
                return Err(refused);
            }
            tries.succeeded();
            return Err(LoginError::EmailNotVerified);
        }
        let new = self.new_session(&user, remember_me, client);
        let Some(opened) = self.open_session(new, replaced, client).await? else {
            // The password or the user's state changed while the old one was being checked.
            tries.failed();
            return Err(self.refuse_login(Some(user.id), LoginRefusal::WrongPassword, client));
        };
        tries.succeeded();
        if outdated {
            self.store_stronger_hash(&place, &user, password).await;
        }
        let grant = self.grant(&opened.family, opened.now)?;
        Ok((
            User {
                last_login_at: Some(opened.now),
                ..user
            },
            grant,
        ))
    }

    /// The sessions that these texts are refresh tokens of.
    pub(super) fn sessions_of<'a>(
        &self,
        presented: impl Iterator<Item = &'a str>,
    ) -> Vec<SessionId> {
        let recognised = self.recognise(presented).into_iter();
        recognised.map(|(session, _)| session).collect()
    }

    /// Opens a session, ends those that it takes the place of, and reports all of it. `None` when
    /// the user changed meanwhile.
    pub(super) async fn open_session(
        &self,
        new: NewSession,
        replaced: Vec<SessionId>,
        client: &Client,
    ) -> Result<Option<Opened>, Unavailable> {
        let (hardtack, client) = (self.clone(), client.clone());
        see_through(async move {
            let (user, device) = (new.user, new.device.name());
            let revoke = hardtack.revoke(RevokeReason::Replaced);
            let session = &hardtack.settings().session;
            let (limit, window) = (session.limit_per_user, session.rotation_window);
            if let Some(limit) = limit {
                hardtack.write_last_seen_at_limit(user, limit).await?;
            }
            let insertion = hardtack
                .store()
                .insert_session(new, replaced, limit, revoke, window)
                .await?;
            let Insertion::Opened {
                opened,
                replaced,
                crowded_out,
                is_new_device,
            } = insertion
            else {
                return Ok(None);
            };
            for (session, owner) in replaced {
                hardtack.note_revoked(owner, &[session], RevokeReason::Replaced, &client);
            }
            hardtack.note_revoked(user, &crowded_out, RevokeReason::Limit, &client);
            let session = opened.family.session;
            hardtack.report(&Event::LoggedIn { user, session }, &client);
            if is_new_device {
                let new_device = Event::NewDevice {
                    user,
                    session,
                    device: device.clone(),
                };
                hardtack.report(&new_device, &client);
                let address = client.address_text();
                hardtack.tell_of_new_device(user, device, address).await;
            }
            Ok(Some(opened))
        })
        .await
    }

    /// Checks the password.
    async fn prove(
        &self,
        place: &Place<'_>,
        Credentials { name, password }: Credentials,
        client: &Client,
    ) -> Result<Proven<'_>, LoginError> {
        let mut tries = self.count_login(&name, client)?;
        let found = self
            .store()
            .find_user_by_login(&name)
            .await
            .map_err(Unavailable::from)?;
        let id = found.as_ref().map(|found| found.user.id);
        let account =
            id.map(|id| Attempt::reserve(&self.throttles().login_account, id, self.clock().now()));
        let reason = match account.transpose() {
            Err(_) => LoginRefusal::Throttled,
            Ok(account) => {
                tries.account = account;
                LoginRefusal::UnknownUser
            }
        };
        tries.cost_a_hash();
        let (user, password_hash) = found
            .filter(|_| tries.account.is_some())
            .map(|found| (found.user, found.password_hash))
            .unzip();
        // One job for both, for the reason that `Hasher::verify` gives.
        let (verification, password) = place
            .run(move |hasher| {
                let verification = hasher.verify(&password, password_hash.as_deref());
                (verification, password)
            })
            .await
            .map_err(Unavailable::from)?;
        let Some(user) = user else {
            tries.failed();
            return Err(self.refuse_login(id, reason, client));
        };
        let refusal = match verification {
            Verification::Wrong | Verification::Unusable => Some(LoginRefusal::WrongPassword),
            _ if user.state == UserState::Disabled => Some(LoginRefusal::UserDisabled),
            Verification::Right | Verification::RightButOutdated => None,
        };
        if let Some(reason) = refusal {
            tries.failed();
            return Err(self.refuse_login(id, reason, client));
        }
        let outdated = matches!(verification, Verification::RightButOutdated);
        Ok(Proven {
            user,
            password,
            outdated,
            tries,
        })
    }

    /// Counts the try by address, by name and for everybody, before anything is looked up or hashed.
    fn count_login(&self, name: &LoginName, client: &Client) -> Result<Tries<'_>, LoginError> {
        let now = self.clock().now();
        let too_often = |wait| {
            self.refuse_login(None, LoginRefusal::Throttled, client);
            LoginError::Throttled(wait)
        };
        let (LoginName::NameOrEmail(name) | LoginName::Email(name)) = name;
        let throttles = self.throttles();
        let address = client
            .address
            .map(|address| Attempt::reserve(&throttles.login_address, ClientKey::of(address), now))
            .transpose()
            .map_err(too_often)?;
        let name = Attempt::reserve(&throttles.login_name, name.clone(), now).map_err(too_often)?;
        // Last: what the others refuse must not use up what everybody has.
        let total = Attempt::reserve(&throttles.login_total, (), now).map_err(too_often)?;
        Ok(Tries {
            address,
            name,
            account: None,
            total,
        })
    }

    fn refuse_login(
        &self,
        user: Option<UserId>,
        reason: LoginRefusal,
        client: &Client,
    ) -> LoginError {
        self.report(&Event::LoginRefused { user, reason }, client);
        LoginError::Refused
    }

    /// A session about to be opened for `user` on the device of `client`.
    pub(crate) fn new_session(
        &self,
        user: &User,
        remember_me: RememberMe,
        client: &Client,
    ) -> NewSession {
        NewSession {
            id: SessionId::generate(self.entropy()),
            user: user.id,
            password_version: user.password_version,
            lifetime: self.settings().session.lifetime_of(remember_me),
            remember_me,
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
