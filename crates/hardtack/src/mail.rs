//! Mails: written in their reader's language, sent until they arrive.
//!
//! An act that somebody must be told of queues a [`NewMail`](hardtack_core::mail::NewMail) in the
//! store, in its own commit. A task beside the requests takes what is due, writes it
//! ([`MailTemplates`]) and hands it to a [`Mailer`]. So a mail server that hangs or is dead delays
//! no answer, loses no mail, and tells nobody by the time of an answer whether one was sent.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use hardtack_core::Timestamp;
use hardtack_core::one_time_code::CodeKey;
use hardtack_core::refresh_token::Pepper;
use hardtack_core::user::EmailAddress;

use crate::translation::Language;

mod content;
mod notice;
mod sender;
mod templates;

pub use templates::{MailTemplates, TemplateError};

/// A mail as it goes out. It holds links that are as good as passwords: its `Debug` shows none.
pub struct OutgoingMail {
    /// Whom it goes to.
    pub to: EmailAddress,
    /// One line.
    pub subject: String,
    /// For readers without HTML.
    pub text: String,
    /// For the others: the same in a decent form. No script, and nothing that is fetched.
    pub html: String,
    /// What it is written in.
    pub language: Language,
    /// The local part of its `Message-ID`: the same at every try, so that a reader who gets one
    /// mail twice can tell.
    pub message_id: String,
    /// When it was queued.
    pub date: Timestamp,
}

impl std::fmt::Debug for OutgoingMail {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("OutgoingMail")
            .field("subject", &self.subject)
            .field("message_id", &self.message_id)
            .finish_non_exhaustive()
    }
}

/// Why a mail was not sent. The text is logged and kept: it says nothing of what is in the mail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// Another time it may go: the server is dead, busy or wants to be asked again.
    #[error("{0}")]
    Later(String),
    /// It never will: the server knows no such mailbox.
    #[error("{0}")]
    Never(String),
}

/// Sends mails, by whatever way.
pub trait Mailer: Send + Sync + 'static {
    /// Sends `mail`. `Ok` when somebody else has taken the responsibility for it.
    ///
    /// It may take its time, and be dropped half way when that is over: the mail is then sent once
    /// more.
    fn send<'a>(
        &'a self,
        mail: &'a OutgoingMail,
    ) -> Pin<Box<dyn Future<Output = Result<(), MailError>> + Send + 'a>>;
}

/// What it takes to send mails.
pub(crate) struct MailOffice {
    mailer: Arc<dyn Mailer>,
    templates: MailTemplates,
    codes: CodeKey,
    ids: sender::MessageIds,
}

impl MailOffice {
    pub(crate) fn new(mailer: Arc<dyn Mailer>, templates: MailTemplates, pepper: &Pepper) -> Self {
        Self {
            mailer,
            templates,
            codes: CodeKey::new(pepper),
            ids: sender::MessageIds::new(pepper.derive_key("message-id/v1").expose_secret()),
        }
    }
}

#[cfg(test)]
mod tests;
