//! What is in the post: the mails that wait, and what stands in their links.

use hardtack::core::mail::MailKind;
use hardtack::core::one_time_code::{CodeKey, OneTimeCode, uid};
use hardtack::store::{OutboxStore, QueuedMail};

use crate::kit::World;

/// A mail as its reader gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) to: String,
    /// [`MailKind::name`].
    pub(crate) kind: &'static str,
    pub(crate) language: Option<String>,
    /// `key`, or `token` of a reset.
    pub(crate) code: String,
    /// `uid` of a reset.
    pub(crate) uid: String,
}

impl World {
    /// Every mail that was queued so far, in order. What is done beside the requests is done first.
    pub(crate) async fn letters(&self) -> Vec<Letter> {
        for _ in 0..64 {
            tokio::task::yield_now().await;
        }
        let queued = self.hardtack.store().list_mail(None, 10_000).await.unwrap();
        queued.iter().map(|mail| self.open(mail)).collect()
    }

    /// The last mail of that kind.
    pub(crate) async fn letter(&self, kind: &str) -> Letter {
        let mut letters = self.letters().await;
        letters.retain(|letter| letter.kind == kind);
        letters.pop().unwrap_or_else(|| panic!("no {kind}"))
    }

    /// Kinds and addressees of every mail that was queued so far.
    pub(crate) async fn post(&self) -> Vec<(&'static str, String)> {
        let letters = self.letters().await.into_iter();
        letters.map(|letter| (letter.kind, letter.to)).collect()
    }

    fn open(&self, queued: &QueuedMail) -> Letter {
        let mail = &queued.mail;
        let key = CodeKey::new(&self.pepper());
        let code = mail.kind.code().map(|(purpose, id)| {
            let code = OneTimeCode::derive(&key, purpose, id);
            let text = match &mail.kind {
                MailKind::ResetPassword { .. } => code.to_token(queued.created_at),
                _ => code.to_key(),
            };
            text.expose_secret().clone()
        });
        Letter {
            to: mail.to.as_str().to_owned(),
            kind: mail.kind.name(),
            language: mail.language.clone(),
            code: code.unwrap_or_default(),
            uid: mail.user.map(uid).unwrap_or_default(),
        }
    }
}
