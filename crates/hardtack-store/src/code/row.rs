//! A code as it is kept, and when it is good.

use hardtack_core::one_time_code::{CodeHash, CodeId, CodePurpose, NewCode, PresentedCode};
use hardtack_core::user::{EmailAddress, PasswordVersion, User, UserState};
use hardtack_core::{Timestamp, UserId};

use super::FoundCode;
use crate::HeldCode;

/// What every backend keeps of a code.
#[derive(Debug)]
pub(crate) struct CodeRow {
    pub(crate) id: CodeId,
    pub(crate) purpose: CodePurpose,
    pub(crate) hash: CodeHash,
    pub(crate) user: Option<UserId>,
    /// The password in force when it was made; of no meaning without a user.
    pub(crate) password_version: PasswordVersion,
    pub(crate) address: EmailAddress,
    pub(crate) created_at: Timestamp,
    pub(crate) ends_at: Timestamp,
}

impl CodeRow {
    pub(crate) fn new(
        code: &NewCode,
        user: Option<&User>,
        address: EmailAddress,
        now: Timestamp,
    ) -> Self {
        Self {
            id: code.id,
            purpose: code.purpose,
            hash: code.hash,
            user: user.map(|user| user.id),
            password_version: user.map_or_else(Default::default, |user| user.password_version),
            address,
            created_at: now,
            ends_at: now + code.lifetime,
        }
    }

    /// Is this the code that somebody shows, with all that they claim?
    pub(crate) fn is_shown_by(&self, code: &PresentedCode) -> bool {
        self.hash == code.hash
            && self.purpose == code.purpose
            && (code.user.is_none() || self.user == code.user)
            && code
                .created_at_seconds
                .is_none_or(|seconds| self.created_at.unix_seconds() == seconds)
    }

    /// Does everything stand that it is bound to? `user` is its user as they are now.
    pub(crate) fn is_good(&self, user: Option<&User>, now: Timestamp) -> bool {
        if now >= self.ends_at {
            return false;
        }
        let Some(user) = user else {
            return self.user.is_none() && self.purpose == CodePurpose::Invitation;
        };
        let address_stands = match self.purpose {
            CodePurpose::VerifyEmail | CodePurpose::ResetPassword => user.email == self.address,
            CodePurpose::ChangeEmail | CodePurpose::RevertEmail => true,
            CodePurpose::Invitation => false,
        };
        let password_stands =
            !self.purpose.ends_with_password() || user.password_version == self.password_version;
        user.state == UserState::Active && address_stands && password_stands
    }

    pub(crate) fn found(&self, user: Option<User>) -> FoundCode {
        FoundCode {
            id: self.id,
            user,
            address: self.address.clone(),
            created_at: self.created_at,
            ends_at: self.ends_at,
        }
    }

    pub(crate) fn held(&self) -> HeldCode {
        HeldCode {
            purpose: self.purpose,
            address: self.address.clone(),
            created_at: self.created_at,
            ends_at: self.ends_at,
        }
    }
}
