//! The mailbox of `--dev`: every mail that the service writes, kept where a developer can read it.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;

use hardtack::mail::{MailError, Mailer, OutgoingMail};
use hardtack_core::user::EmailAddress;
use serde::{Deserialize, Serialize};

use super::directory::{file_stem, write_whole};
use super::message::{compose, mailbox};
use crate::config::mail::Sender;
use crate::timestamp::iso;

/// How many mails are listed, the newest first.
const LISTED: usize = 200;

/// Keeps mails as files: one to open in a mail program, one to show.
#[derive(Debug, Clone)]
pub(crate) struct DevMailbox {
    directory: PathBuf,
}

/// A mail as it is shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredMail {
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) at: String,
    pub(crate) language: String,
    pub(crate) direction: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

impl DevMailbox {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// The names of the mails, the newest first.
    pub(crate) fn names(&self) -> Vec<String> {
        let Ok(entries) = self.directory.read_dir() else {
            // None was sent yet.
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter_map(|name| Some(name.strip_suffix(".json")?.to_owned()))
            .collect();
        names.sort_unstable_by(|one, other| other.cmp(one));
        names.truncate(LISTED);
        names
    }

    /// The mail of that name. No name leads out of the directory.
    pub(crate) fn read(&self, name: &str) -> Option<StoredMail> {
        serde_json::from_slice(&self.file(name, "json")?).ok()
    }

    /// The mail of that name as it would have been sent.
    pub(crate) fn read_eml(&self, name: &str) -> Option<Vec<u8>> {
        self.file(name, "eml")
    }

    fn file(&self, name: &str, extension: &str) -> Option<Vec<u8>> {
        let is_name = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.');
        let path = self.directory.join(format!("{name}.{extension}"));
        is_name.then(|| std::fs::read(path).ok()).flatten()
    }
}

impl Mailer for DevMailbox {
    fn send<'a>(
        &'a self,
        mail: &'a OutgoingMail,
    ) -> Pin<Box<dyn Future<Output = Result<(), MailError>> + Send + 'a>> {
        Box::pin(async move {
            let from = Sender {
                name: Some("Hardtack --dev".to_owned()),
                address: EmailAddress::from_stored("no-reply@example.com".to_owned()),
            };
            let from = mailbox(&from).map_err(|error| MailError::Never(error.to_string()))?;
            let eml = compose(&from, mail)?.formatted();
            let stored = StoredMail {
                to: mail.to.as_str().to_owned(),
                subject: mail.subject.clone(),
                at: iso(mail.date),
                language: mail.language.tag().to_owned(),
                direction: mail.language.direction().as_str().to_owned(),
                text: mail.text.clone(),
                html: mail.html.clone(),
            };
            let json =
                serde_json::to_vec(&stored).map_err(|error| MailError::Never(error.to_string()))?;
            let stem = self.directory.join(file_stem(mail));
            // The one that is listed comes last.
            for (extension, bytes) in [(".eml", eml), (".json", json)] {
                let mut path = stem.clone().into_os_string();
                path.push(extension);
                write_whole(path.into(), bytes).await?;
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::tests::mail;
    use super::*;

    #[tokio::test]
    async fn a_mail_can_be_read_again_and_nothing_else_can() {
        let root = tempfile::tempdir().unwrap();
        let mailbox = DevMailbox::new(root.path().join("mail"));
        assert!(mailbox.names().is_empty());
        mailbox.send(&mail()).await.unwrap();
        std::fs::write(root.path().join("secret.json"), "{}").unwrap();
        let names = mailbox.names();
        assert_eq!(names.len(), 1);
        assert_eq!(mailbox.read(&names[0]).unwrap().text, mail().text);
        assert!(mailbox.read_eml(&names[0]).is_some());
        for name in ["../secret", "..%2fsecret", "/etc/passwd", "", "\0"] {
            assert!(mailbox.read(name).is_none(), "{name}");
        }
    }
}
