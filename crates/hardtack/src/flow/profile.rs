//! A user's own data: read it, change what is theirs to change.

use hardtack_core::UserId;
use hardtack_core::user::User;
use hardtack_store::{NameTaken, Profile, Store};

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
    /// # Errors
    /// [`ChangeProfileError`]; nothing was changed.
    pub async fn change_profile(
        &self,
        id: UserId,
        profile: Profile,
    ) -> Result<User, ChangeProfileError> {
        let changed = self
            .store()
            .change_profile(id, profile)
            .await
            .map_err(Unavailable::from)?;
        Ok(changed.ok_or(ChangeProfileError::UserGone)??)
    }
}
