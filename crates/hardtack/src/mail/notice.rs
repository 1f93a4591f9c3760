//! Notices: mails that tell a user what happened to their account.
//!
//! They are queued after what they tell of is done and before it is answered, by who sees it
//! through. That takes one write to the store, and never a mail server.

use hardtack_core::mail::{MailKind, NewMail};
use hardtack_core::{SessionId, UserId};
use hardtack_store::{Store, StoreError};

use crate::hardtack::Hardtack;

impl<S: Store> Hardtack<S> {
    /// Tells a user that somebody logged in with a device that they never had before.
    pub(crate) async fn tell_of_new_device(&self, user: UserId, device: String, address: String) {
        let at = self.clock().now();
        let kind = MailKind::NewDevice {
            device,
            address,
            at,
        };
        self.tell(user, kind).await;
    }

    /// Tells a user that a session was ended because a copy of its token came back.
    pub(crate) async fn tell_of_copy(&self, user: UserId, device: Option<String>) {
        let at = self.clock().now();
        self.tell(user, MailKind::SessionEndedCopied { device, at })
            .await;
    }

    /// What the owner of a live session would call the device that it was opened on.
    pub(crate) async fn device_of(&self, user: UserId, session: SessionId) -> Option<String> {
        let sessions = self.store().list_sessions(user).await.ok()?;
        let found = sessions.into_iter().find(|found| found.id == session)?;
        Some(found.device.name())
    }

    /// Queues a notice. What it tells of has happened, so that a store which cannot take it changes
    /// nothing but the log.
    async fn tell(&self, user: UserId, kind: MailKind) {
        let mail = kind.name();
        if let Err(error) = self.queue_notice(user, kind).await {
            tracing::warn!(%user, mail, %error, "a notice could not be queued");
        }
    }

    async fn queue_notice(&self, user: UserId, kind: MailKind) -> Result<(), StoreError> {
        let Some(found) = self.store().find_user(user).await? else {
            return Ok(());
        };
        // Only to a mailbox that is known to be the user's: with the address of somebody else, a
        // stranger could have them told of every login.
        if found.user.email_verified_at.is_none() {
            return Ok(());
        }
        let notice = NewMail {
            to: found.user.email,
            user: Some(user),
            // Not the language of the request, which may be a thief's.
            language: found.user.language,
            kind,
        };
        self.store().queue_mail(vec![notice]).await
    }
}
