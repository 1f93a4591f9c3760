//! What is asked of a store about one-time codes, and about what they buy.

use std::future::Future;

use hardtack_core::mail::NewMail;
use hardtack_core::one_time_code::{CodeId, NewCode, PresentedCode};
use hardtack_core::user::{EmailAddress, PasswordVersion, User};
use hardtack_core::{SessionId, Timestamp, UserId};

use crate::{NameTaken, NewUser, Revoke, StoreError};

mod carrier;
mod row;

pub(crate) use carrier::{
    is_mailed_to, mail_of, mail_of_invitation, mail_to_new_address, mail_to_old_address,
};
pub(crate) use row::CodeRow;

/// Somebody who registers themselves.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Who. The address counts as not verified, but for the one that an invitation was made for.
    pub user: NewUser,
    /// The language that they are written to in from here on (BCP 47).
    pub language: Option<String>,
    /// Spent in the same act, where only invited people may register.
    pub invitation: Option<PresentedCode>,
    /// The code that asks whether the address is theirs, and is mailed to it in the same act. Not
    /// made where there is no address, or an invitation has shown it to be theirs.
    pub verification: Option<NewCode>,
}

/// Why nobody was registered. Nothing was changed; an invitation is still good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationRefusal {
    /// Somebody has the name or the address.
    #[error(transparent)]
    Taken(#[from] NameTaken),
    /// There is no such invitation, or somebody was faster with it.
    #[error("the invitation is not good, or no longer")]
    NotInvited,
}

/// An invitation to be made.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    /// Its code.
    pub code: NewCode,
    /// Whom it is for, and mailed to; none for a link that the operator hands over.
    ///
    /// Whoever registers with this address need not verify it: the link went there.
    pub to: EmailAddress,
    /// The language of the mail.
    pub language: Option<String>,
}

/// A change of address to be asked for.
#[derive(Debug, Clone)]
pub struct NewEmailChange {
    /// Whose.
    pub user: UserId,
    /// The password that was proven when they asked.
    pub version: PasswordVersion,
    /// The new address, which the code is mailed to.
    pub to: EmailAddress,
    /// Its code.
    pub code: NewCode,
    /// The language of the mail if the user has chosen none.
    pub language: Option<String>,
}

/// What became of the wish for another address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailChangeAsked {
    /// The code is on its way.
    Queued,
    /// Somebody else has the address. Nothing was changed.
    Taken,
    /// The user is gone, switched off, or got another password meanwhile. Nothing was changed.
    Superseded,
}

/// A code that is good at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundCode {
    /// Its name.
    pub id: CodeId,
    /// Whose it is; `None` for an invitation.
    pub user: Option<User>,
    /// The address that it was sent to; for the way back, the one that it brings back.
    pub address: EmailAddress,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
}

/// A password to be reset.
#[derive(Debug, Clone)]
pub struct NewReset {
    /// The code that pays for it.
    pub code: PresentedCode,
    /// The new password: a PHC or Django string.
    pub hash: String,
    /// Mails that tell of it, queued in the same act.
    pub mails: Vec<NewMail>,
}

/// A password that was reset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordReset {
    /// The user as they are now.
    pub user: User,
    /// The sessions ended.
    pub ended: Vec<SessionId>,
}

/// An address that was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailChanged {
    /// The user as they are now.
    pub user: User,
    /// The address until now.
    pub before: EmailAddress,
}

/// Why an address is still the one that it was. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailRefusal {
    /// Somebody else has it. To the way back this does not happen, for the address is kept, unless
    /// a release wrote to the store that knew nothing of it.
    #[error("somebody else has the address")]
    Taken,
    /// The code is not good, or no longer.
    #[error("the code is not good, or no longer")]
    CodeRefused,
}

/// The way back, to be gone.
#[derive(Debug, Clone)]
pub struct WayBack {
    /// The code that pays for it.
    pub code: PresentedCode,
    /// The code that lets the owner choose a new password, mailed to them in the same act.
    pub reset: NewCode,
    /// The language of that mail if the user has chosen none.
    pub language: Option<String>,
}

/// An address that was brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailReverted {
    /// The user as they are now.
    pub user: User,
    /// The address until now.
    pub before: EmailAddress,
    /// The sessions ended.
    pub ended: Vec<SessionId>,
}

/// Keeps one-time codes, and does what they buy. Open for new backends.
///
/// A code is *good* while it was neither spent nor voided, has not ended by the store's clock, its
/// user is active and has the address that the code was sent to (or, of a change, is about to have
/// it), and, where it [ends with the password](hardtack_core::one_time_code::CodePurpose::ends_with_password), the password is the one in force when it
/// was asked for. All that is presented with a code ([`PresentedCode`]) must be as it was made.
///
/// **Spending is part of what is bought**: one act, once. What is refused changes nothing.
///
/// A new code voids the user's older ones of its purpose, with mails that carry them, but for the
/// way back: there, a thief would void their victim's by changing the address once more.
pub trait CodeStore: Send + Sync + 'static {
    /// Adds a user, active, with the next number: spends the invitation, makes the code that
    /// verifies the address and queues its mail, all in one act.
    ///
    /// Of two registrations of one name or address at once, one wins; of two with one invitation,
    /// likewise.
    fn register_user(
        &self,
        registration: Registration,
    ) -> impl Future<Output = Result<Result<User, RegistrationRefusal>, StoreError>> + Send;

    /// Makes an invitation, and queues its mail if it is for an address. Returns when it ends.
    ///
    /// It voids older ones for the same address.
    fn insert_invitation(
        &self,
        invitation: NewInvitation,
    ) -> impl Future<Output = Result<Timestamp, StoreError>> + Send;

    /// Makes a code that verifies the user's address or resets their password, and queues its mail
    /// to that address, in `language` if the user has chosen none.
    ///
    /// `false`, and nothing is changed, when the user is gone or switched off or has no address,
    /// when the address to be verified is so already, and for every other purpose.
    fn insert_code(
        &self,
        user: UserId,
        code: NewCode,
        language: Option<String>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Makes a code that changes the user's address, and queues its mail to the new one.
    fn insert_email_change(
        &self,
        change: NewEmailChange,
    ) -> impl Future<Output = Result<EmailChangeAsked, StoreError>> + Send;

    /// The code, if it is good at this moment. It is not spent, and need not be good a moment
    /// later.
    fn find_code(
        &self,
        code: PresentedCode,
    ) -> impl Future<Output = Result<Option<FoundCode>, StoreError>> + Send;

    /// Spends a code of [`VerifyEmail`](hardtack_core::one_time_code::CodePurpose::VerifyEmail):
    /// the address is verified. `None` when the code is not good.
    fn verify_email(
        &self,
        code: PresentedCode,
    ) -> impl Future<Output = Result<Option<User>, StoreError>> + Send;

    /// Spends a code of [`ResetPassword`](hardtack_core::one_time_code::CodePurpose::ResetPassword):
    /// the user has a new password, every session ends, and their other codes but the way back are
    /// void. `None` when the code is not good.
    ///
    /// The address is verified by it: the link went there and came back, which is all that
    /// verifying shows. So whoever resets the password of an account that somebody else opened with
    /// their address, has it for themselves (pre-hijacking, Sudhodanan and Paverd 2022).
    fn reset_password(
        &self,
        reset: NewReset,
        revoke: Revoke,
    ) -> impl Future<Output = Result<Option<PasswordReset>, StoreError>> + Send;

    /// Spends a code of [`ChangeEmail`](hardtack_core::one_time_code::CodePurpose::ChangeEmail):
    /// the new address is the user's, and verified. Codes that went to the old address are void,
    /// and a notice with `way_back` is queued to it, in `language` if the user has chosen none.
    ///
    /// Somebody without an address before gets no notice.
    fn change_email(
        &self,
        code: PresentedCode,
        way_back: NewCode,
        language: Option<String>,
    ) -> impl Future<Output = Result<Result<EmailChanged, EmailRefusal>, StoreError>> + Send;

    /// Spends a code of [`RevertEmail`](hardtack_core::one_time_code::CodePurpose::RevertEmail):
    /// the old address is the user's again, and verified; every session ends; no password opens the
    /// account until a new one was set with `reset`, which is mailed to the address.
    ///
    /// Whoever changed the address had proven the password, so it is not the owner's alone any
    /// more. Every code that is younger is void, also other ways back: those went to addresses of
    /// the thief. Older ones stay, for the first address has the best claim.
    fn revert_email(
        &self,
        way_back: WayBack,
        revoke: Revoke,
    ) -> impl Future<Output = Result<Result<EmailReverted, EmailRefusal>, StoreError>> + Send;

    /// Deletes codes that have ended. Returns how many went, at most a thousand; call again while
    /// it returns more than 0.
    fn purge_codes(&self) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

/// What stands in the place of a hash where no password opens the account: Django's mark for it.
pub(crate) const NO_PASSWORD: &str = "!";
