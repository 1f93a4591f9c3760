//! Is this token, of either kind, good at this moment?

use hardtack_core::access_token::VerifyError;
use hardtack_core::rotation::{Rotation, rotate};
use hardtack_guard::Refusal;
use hardtack_store::{FamilyAt, Store};

use super::Unavailable;
use crate::hardtack::Hardtack;

/// Why the token is not good, in the contract's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyTokenError {
    /// Not a token of ours, or of nobody any more.
    #[error("Token is invalid")]
    Invalid,
    /// Past its time.
    #[error("Token is expired")]
    Expired,
    /// Its session was ended, or it was replaced.
    #[error("Token is blacklisted")]
    Revoked,
    /// Try again.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl<S: Store> Hardtack<S> {
    /// Says whether an access or refresh token is good now, without changing anything: neither a
    /// rotation nor, for a refresh token that gives a copy away, a revocation.
    ///
    /// # Errors
    /// [`VerifyTokenError`].
    pub async fn verify_token(&self, token: &str) -> Result<(), VerifyTokenError> {
        let candidates = self.recognise(std::iter::once(token));
        let Some((session, position)) = candidates.first().copied() else {
            return self.verify_access_token(token);
        };
        let found = self
            .store()
            .find_family(session)
            .await
            .map_err(Unavailable::from)?;
        let Some(FamilyAt { family, now }) = found else {
            return Err(VerifyTokenError::Revoked);
        };
        match rotate(
            &family,
            position,
            self.settings().session.rotation_window,
            now,
        ) {
            Rotation::Expired(_) => Err(VerifyTokenError::Expired),
            Rotation::Reuse
            | Rotation::Revoked(_)
            | Rotation::UserDisabled
            | Rotation::UserGone => Err(VerifyTokenError::Revoked),
            _ => Ok(()),
        }
    }

    fn verify_access_token(&self, token: &str) -> Result<(), VerifyTokenError> {
        match self.verifier().verify(token) {
            Ok(_) => Ok(()),
            Err(Refusal::RevocationsStale) => Err(Unavailable::Store.into()),
            Err(Refusal::SessionEnded(_)) => Err(VerifyTokenError::Revoked),
            Err(Refusal::TokenNotValid(VerifyError::Expired)) => Err(VerifyTokenError::Expired),
            Err(_) => Err(VerifyTokenError::Invalid),
        }
    }
}
