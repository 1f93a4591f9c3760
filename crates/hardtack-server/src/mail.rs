//! How mails leave the house: the transports, chosen by the configuration.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use hardtack::mail::{MailTemplates, Mailer};

use crate::config::Config;
use crate::config::contradiction::Mode;
use crate::config::mail::{MailTransport, Sender};
use crate::data_dir::DataDir;

mod directory;
mod mailbox;
mod message;
mod smtp;

use directory::MailDirectory;
pub(crate) use mailbox::DevMailbox;
use smtp::SmtpMailer;

/// Where `--dev` keeps its mails, in the data directory.
const DEV_MAILBOX: &str = "mail";

/// People forget passwords whether or not anybody can send them a link.
const NO_MAIL: &str = "no mail is sent: nobody can choose a new password or verify an address by mail; set mail.transport";

/// The transport that was set; `None` when no mail is to be sent. Connects to nothing yet.
///
/// # Errors
/// What cannot work, with its remedy.
pub(crate) fn mailer(
    data_dir: &DataDir,
    config: &Config,
    mode: Mode,
) -> Result<Option<Arc<dyn Mailer>>> {
    if mode == Mode::Dev {
        return Ok(Some(Arc::new(dev_mailbox(data_dir))));
    }
    Ok(match config.mail.transport {
        MailTransport::None => {
            tracing::warn!("{NO_MAIL}");
            None
        }
        MailTransport::Directory => Some(Arc::new(MailDirectory::new(
            directory(data_dir, config)?,
            from(config)?,
        ))),
        MailTransport::Smtp => Some(Arc::new(SmtpMailer::new(data_dir, config, from(config)?)?)),
    })
}

/// The mailbox of `--dev`.
pub(crate) fn dev_mailbox(data_dir: &DataDir) -> DevMailbox {
    DevMailbox::new(data_dir.file(DEV_MAILBOX))
}

/// Refuses what a start would refuse: files of the transport, templates, texts. Leaves nothing
/// behind.
///
/// # Errors
/// The first fault, with its remedy.
pub(crate) fn verify(data_dir: &DataDir, config: &Config, mode: Mode) -> Result<()> {
    if mode == Mode::Production {
        match config.mail.transport {
            MailTransport::None => {}
            MailTransport::Directory => directory::verify(&directory(data_dir, config)?)?,
            MailTransport::Smtp => SmtpMailer::verify(data_dir, config, from(config)?)?,
        }
    }
    MailTemplates::load(&config.settings)?;
    Ok(())
}

fn from(config: &Config) -> Result<&Sender> {
    config.mail.from.as_ref().context("mail.from is not set")
}

fn directory(data_dir: &DataDir, config: &Config) -> Result<PathBuf> {
    match &config.mail.directory {
        Some(named) => Ok(data_dir.file(named)),
        None => bail!("mail.directory is not set"),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::path::Path;

    use super::*;

    /// A mailbox below `root` with one mail, whose values are `text`.
    pub(crate) async fn mailbox_with_a_mail(root: &Path, text: &str) -> DevMailbox {
        let data_dir = DataDir::open_or_create(root).unwrap();
        let mailbox = dev_mailbox(&data_dir);
        let mut mail = message::tests::mail();
        mail.subject = text.to_owned();
        mail.text = text.to_owned();
        mail.html = format!("<head></head>{text}");
        mailbox.send(&mail).await.unwrap();
        mailbox
    }
}
