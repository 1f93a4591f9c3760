//! What mails look like. How they are sent is the business of a [`Mailer`](crate::mail::Mailer).

use std::path::PathBuf;
use std::time::Duration;

/// Mails.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MailSettings {
    /// How long sending one mail may take. After that it is tried again later.
    pub timeout: Duration,
    /// A folder whose files stand in for the built-in templates of the same name, and whose folder
    /// `locales` holds texts that stand in for the built-in ones (docs/mail.md).
    pub templates_dir: Option<PathBuf>,
}

impl Default for MailSettings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(60),
            templates_dir: None,
        }
    }
}
