//! What is asked of a store when users move in from another system.

use std::future::Future;

use hardtack_core::user::{EmailAddress, UserState, Username};
use hardtack_core::{SessionId, Timestamp, UserId};

use crate::{Revoke, StoreError};

/// A user as another system kept them.
#[derive(Debug, Clone)]
pub struct ImportedUser {
    /// The number that they had there and keep; `None` for the next one. At least 1.
    pub id: Option<UserId>,
    /// Unique ignoring case and spelling.
    pub username: Username,
    /// Unique likewise, unless there is none.
    pub email: EmailAddress,
    /// Whether somebody vouches for the address. Nothing where there is none.
    pub email_is_verified: bool,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// As [`adopt_hash`](hardtack_core::password::adopt_hash) gives it.
    pub password_hash: String,
    /// Active or disabled.
    pub state: UserState,
    /// When they were added there; `None` for now.
    pub created_at: Option<Timestamp>,
    /// When they last logged in there.
    pub last_login_at: Option<Timestamp>,
}

/// What an import does about users who are there already: those of the same number and the same
/// user name, or of the same user name where the import gives no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportMode {
    /// Nothing is written. The outcomes are those that the other two would have for each user
    /// alone.
    Rehearse {
        /// Rehearse [`Replace`](Self::Replace) rather than [`Add`](Self::Add).
        replace: bool,
    },
    /// They stay as they are: an import may be repeated without harm.
    Add,
    /// They become what the import says, with its password, and their sessions end.
    Replace(Revoke),
}

/// What became of one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportOutcome {
    /// Added under this number.
    Added(UserId),
    /// Was there already under this number, and was left alone.
    Present(UserId),
    /// Was there already, and is now what the import says.
    Replaced {
        /// Under this number.
        id: UserId,
        /// The sessions ended.
        ended: Vec<SessionId>,
    },
    /// Refused: the number is that of a user with another name.
    NumberTaken {
        /// The name.
        by: Username,
    },
    /// Refused: the user name is another user's, or their address.
    UsernameTaken {
        /// Whose.
        by: UserId,
    },
    /// Refused: the address is another user's, or their name.
    EmailTaken {
        /// Whose.
        by: UserId,
    },
}

/// Takes users in from elsewhere.
pub trait ImportStore: Send + Sync + 'static {
    /// Takes in `users`, in this order and in one act, and says what became of each. Numbers that
    /// are given later are above all of theirs. What is left of the sessions of a deleted user is
    /// deleted when somebody else brings that user's number.
    ///
    /// Who is refused is not changed and stands in no other's way. Meant for some hundreds of
    /// users at a time: everybody else's writes wait until the act is done.
    fn import_users(
        &self,
        users: Vec<ImportedUser>,
        mode: ImportMode,
    ) -> impl Future<Output = Result<Vec<ImportOutcome>, StoreError>> + Send;
}
