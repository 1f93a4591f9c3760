//! The flows: load, decide, commit, report. Each file is one story, told top to bottom.

mod attempt;
pub(crate) mod change_email;
pub(crate) mod code;
pub(crate) mod delete_account;
pub(crate) mod export;
pub(crate) mod login;
pub(crate) mod logout;
mod new_password;
pub(crate) mod password;
pub(crate) mod profile;
pub(crate) mod proof;
pub(crate) mod recover;
pub(crate) mod refresh;
pub(crate) mod register;
pub(crate) mod session;
pub(crate) mod verify;
pub(crate) mod verify_email;

pub use change_email::{ChangeEmailError, ConfirmEmailError};
pub use code::{CodeError, MailRequestError};
pub use export::Export;
pub use login::{Credentials, LoginError};
pub use password::ChangePasswordError;
pub use profile::ChangeProfileError;
pub use proof::ProofError;
pub use recover::ResetPasswordError;
pub use refresh::{DeadCookies, RefreshError};
pub use register::{RegisterError, Registered, Registration, RegistrationFault};
pub use session::Ending;
pub use verify::VerifyTokenError;

use hardtack_core::access_token::{self, AccessToken, Grant as AccessGrant, SessionEnds};
use hardtack_core::refresh_token::RefreshToken;
use hardtack_core::rotation::Family;
use hardtack_core::session::{RememberMe, RevokeReason};
use hardtack_core::{SessionId, Timestamp};
use hardtack_store::{Revoke, Store, StoreError};

use crate::Hardtack;
use crate::background::Full;
use crate::hash_pool::Busy;

/// A pair of tokens for one session, current at the commit that it stems from.
#[derive(Debug)]
#[non_exhaustive]
pub struct Grant {
    /// Proves the user to every back-end.
    pub access: AccessToken,
    /// Buys the next pair.
    pub refresh: RefreshToken,
    /// The end of the access token: never past the session's own, idle or absolute.
    pub access_expires_at: Timestamp,
    /// The end of the refresh token, if nobody uses it.
    pub refresh_expires_at: Timestamp,
    /// As long as the refresh token may still be good for anything. Later than its end only after a
    /// refresh in the background: should somebody come before that end, the browser must still have
    /// the cookie.
    pub refresh_cookie_expires_at: Timestamp,
    /// The store's time at commit.
    pub now: Timestamp,
    /// The session.
    pub session: SessionId,
    /// What its login said: whether the cookies outlive the browser.
    pub remember_me: RememberMe,
}

/// The service cannot do its work at the moment. Nothing was changed; trying again is safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unavailable {
    /// As many passwords are being hashed as may be at once.
    #[error("password hashing is at its limit")]
    HashingBusy,
    /// The store does not answer, or its answer makes no sense; the log says which.
    #[error("the store is unavailable")]
    Store,
}

impl From<Busy> for Unavailable {
    fn from(_: Busy) -> Self {
        Self::HashingBusy
    }
}

impl From<Full> for Unavailable {
    fn from(_: Full) -> Self {
        Self::Store
    }
}

impl From<StoreError> for Unavailable {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store failed");
        Self::Store
    }
}

impl<S: Store> Hardtack<S> {
    /// Both tokens of a family as it was committed at `now` (I9 of docs/rotation.md).
    pub(crate) fn grant(&self, family: &Family, now: Timestamp) -> Result<Grant, Unavailable> {
        // After a refresh in the background the idle end may be near; no token outlives it.
        let idle_ends_at = family.idle_ends_at();
        let access_expires_at = (now + self.settings().tokens.access_lifetime).min(idle_ends_at);
        // What is told takes in uses that wait to be written, or a page would warn of an end that was
        // put off already; what the tokens are good for does not, for a crash would lose these.
        let told_idle_ends_at =
            self.last_seen()
                .waiting(family.session)
                .map_or(idle_ends_at, |seen_at| {
                    let last_seen_at = family.last_seen_at.max(seen_at.min(now));
                    let family = Family {
                        last_seen_at,
                        ..*family
                    };
                    family.idle_ends_at()
                });
        let ring = self.keys();
        let key = ring.signing_key(now);
        let grant = AccessGrant {
            user: family.user,
            session: family.session,
            position: family.lineage.current,
            issued_at: now,
            expires_at: access_expires_at,
            authenticated_at: family.created_at,
            ends: SessionEnds {
                absolute_at: family.ends_at,
                idle_at: told_idle_ends_at,
                idle_timeout: family.idle_timeout,
            },
        };
        let audience = self.settings().tokens.audience.as_deref();
        let access = access_token::issue(key, &grant, self.issuer(), audience, self.entropy())
            .map_err(|error| {
                tracing::error!(%error, "an access token could not be signed");
                Unavailable::Store
            })?;
        Ok(Grant {
            access,
            refresh: RefreshToken::derive(self.pepper(), family.session, family.lineage.current),
            access_expires_at,
            refresh_expires_at: idle_ends_at,
            refresh_cookie_expires_at: (now + family.idle_timeout).min(family.ends_at),
            now,
            session: family.session,
            remember_me: family.remember_me,
        })
    }

    /// A revocation of this reason, remembered until the last access token of the session is over.
    pub(crate) fn revoke(&self, reason: RevokeReason) -> Revoke {
        Revoke {
            reason,
            remembered_for: self.settings().tokens.ends_remembered_for(),
        }
    }

    /// The sessions that these texts are refresh tokens of, each once, with the newest position.
    /// What is not ours is passed over (docs/rotation.md).
    pub(crate) fn recognise<'a>(
        &self,
        presented: impl Iterator<Item = &'a str>,
    ) -> Vec<(SessionId, hardtack_core::rotation::Position)> {
        let mut found: Vec<(SessionId, _)> = Vec::new();
        for (session, position) in
            presented.filter_map(|text| RefreshToken::verify(self.pepper(), text).ok())
        {
            match found.iter_mut().find(|(known, _)| *known == session) {
                Some((_, newest)) => *newest = position.max(*newest),
                None => found.push((session, position)),
            }
        }
        found
    }
}

/// Does `work` to its end, whether or not anybody still waits for it.
///
/// A request whose client hangs up is dropped wherever it waits. Whatever may end a session goes
/// through here, from the act in the store to what is noted and reported: dropped between the two,
/// this process would go on believing the access token, and a thief who hangs up in the moment of
/// being found would not be reported.
pub(crate) async fn see_through<T: Send + 'static>(
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, Unavailable> {
    // Who runs flows without a runtime polls them by hand, to their end.
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        return Ok(work.await?);
    };
    match runtime.spawn(work).await {
        Ok(done) => Ok(done?),
        Err(error) => {
            tracing::error!(%error, "an act was not done to its end");
            Err(Unavailable::Store)
        }
    }
}
