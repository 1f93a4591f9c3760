//! A user's own data: read it, change what is theirs to change.

use hardtack_core::UserId;
use hardtack_core::user::User;
use hardtack_store::{NameTaken, ProfileChange, Store};

use super::Unavailable;
use crate::hardtack::Hardtack;

/// Why the profile is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeProfileError {
    /// The name is somebody else's.
    #[error(transparent)]
    Taken(#[from] NameTaken),
    /// There is no such user any more.
    #[error("the user is gone")]
    UserGone,
    /// Try again.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl<S: Store> Hardtack<S> {
    /// The user numbered `id`.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn find_user(&self, id: UserId) -> Result<Option<User>, Unavailable> {
        Ok(self.store().find_user(id).await?.map(|found| found.user))
    }

    /// Changes a user's name fields. Tokens survive a rename: they carry the number.
    ///
    /// A name that is an address must be the user's own: otherwise anybody could take the name that
    /// the owner of an address will log in by (CVE-2026-19607), or find out which are taken.
    ///
    /// # Errors
    /// [`ChangeProfileError`]; nothing was changed.
    pub async fn change_profile(
        &self,
        id: UserId,
        change: ProfileChange,
    ) -> Result<User, ChangeProfileError> {
        if let Some(username) = change.username.as_ref().filter(|name| name.is_address()) {
            let user = self
                .find_user(id)
                .await?
                .ok_or(ChangeProfileError::UserGone)?;
            let canonical = username.canonical();
            let own =
                user.username.canonical() == canonical || user.email.canonical() == Some(canonical);
            if !own {
                return Err(NameTaken::Username.into());
            }
        }
        let changed = self
            .store()
            .change_profile(id, change)
            .await
            .map_err(Unavailable::from)?;
        Ok(changed.ok_or(ChangeProfileError::UserGone)??)
    }
}
