//! What is asked of a store about mails that wait to be sent.

use std::future::Future;
use std::time::Duration;

use hardtack_core::Timestamp;
use hardtack_core::mail::NewMail;

use crate::StoreError;

/// A mail's number, in the order in which they were queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailId(pub i64);

/// A mail that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedMail {
    /// Its number.
    pub id: MailId,
    /// What it is, and to whom.
    pub mail: NewMail,
    /// What its reader logs in with, where it is a user's.
    pub username: Option<String>,
    /// When it was queued: when its code, if it carries one, was made
    /// ([`OneTimeCode::to_token`](hardtack_core::one_time_code::OneTimeCode::to_token)).
    pub created_at: Timestamp,
    /// When it is due, or, once claimed, when the claim ends.
    pub next_try_at: Timestamp,
    /// How often it was claimed.
    pub tries: u32,
    /// Why it was not sent the last time; no secret, and nothing of the mail.
    pub last_error: Option<String>,
    /// When it was given up, if it was: it is kept for the operator to see.
    pub given_up_at: Option<Timestamp>,
}

/// What becomes of a mail that could not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It is due again after so long.
    After(Duration),
    /// Never.
    GiveUp,
}

/// Keeps mails from the act that they tell of until they are sent. Open for new backends.
pub trait OutboxStore: Send + Sync + 'static {
    /// Queues mails that go with no other act, all or none, due at once.
    fn queue_mail(
        &self,
        mails: Vec<NewMail>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Takes at most `limit` mails that are due, those that have been longest first, and makes them
    /// due again after `lease`: two senders never hold one at once, and one whose sender died is
    /// not lost. A sender must be done, or have given up, before the lease is over.
    ///
    /// A mail whose code was spent, voided or has ended leads nowhere. It is not handed out but
    /// given up.
    fn claim_mail(
        &self,
        limit: u32,
        lease: Duration,
    ) -> impl Future<Output = Result<Vec<QueuedMail>, StoreError>> + Send;

    /// Deletes a mail that was sent. `false` when it was gone already, as after the deletion of its
    /// user.
    fn mail_sent(&self, id: MailId) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Notes that a claim came to nothing. `tries` is the claim's ([`QueuedMail::tries`]): `false`,
    /// and nothing is changed, when the mail has been claimed again since, or is gone.
    fn mail_failed(
        &self,
        id: MailId,
        tries: u32,
        error: String,
        retry: Retry,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// At most `limit` mails behind `after`, also those given up, by number.
    fn list_mail(
        &self,
        after: Option<MailId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<QueuedMail>, StoreError>> + Send;

    /// Deletes mails that were given up more than `kept_for` ago. Returns how many went, at most a
    /// thousand; call again while it returns more than 0.
    fn purge_mail(
        &self,
        kept_for: Duration,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

/// Why a mail was given up that nobody tried to send.
pub(crate) const DEAD_CODE: &str = "the code in it was used, replaced, or ended before it was sent";

/// Mails that one claim gives up at most, so that nobody waits long behind it.
pub(crate) const GIVE_UP_AT_MOST: usize = 1_000;
