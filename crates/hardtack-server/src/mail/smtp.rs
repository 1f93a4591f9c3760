//! Mails through a mail server (RFC 5321), by lettre.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use hardtack::mail::{MailError, Mailer, OutgoingMail};
use hardtack_core::Secret;
use lettre::message::Mailbox;
use lettre::transport::smtp::AsyncSmtpTransportBuilder;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{Error, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use super::message::{compose, mailbox};
use crate::config::Config;
use crate::config::mail::{Sender, SmtpConfig, SmtpSecurity};
use crate::data_dir::DataDir;
use crate::private_file::read_private;

/// Connections that are kept for the next mail.
const CONNECTIONS: u32 = 4;

/// Servers hang up on who says nothing for minutes; this is well below that.
const KEPT_FOR: Duration = Duration::from_secs(30);

/// What the answer of a server may be long, in characters, where it is logged and kept.
const LONGEST_REASON: usize = 300;

/// Sends through a mail server.
pub(super) struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl SmtpMailer {
    /// Reads the password and the authorities. Connects to nothing yet, but needs a runtime for the
    /// pool of its connections.
    pub(super) fn new(data_dir: &DataDir, config: &Config, from: &Sender) -> Result<Self> {
        Ok(Self {
            transport: prepare(data_dir, config)?.build(),
            from: mailbox(from).context("mail.from")?,
        })
    }

    /// Refuses what [`new`](Self::new) refuses. Needs no runtime.
    pub(super) fn verify(data_dir: &DataDir, config: &Config, from: &Sender) -> Result<()> {
        prepare(data_dir, config)?;
        mailbox(from).context("mail.from")?;
        Ok(())
    }
}

fn prepare(data_dir: &DataDir, config: &Config) -> Result<AsyncSmtpTransportBuilder> {
    let smtp = &config.mail.smtp;
    let Some(host) = &smtp.host else {
        bail!("mail.smtp_host is not set");
    };
    let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
        .port(smtp.port())
        .tls(tls(data_dir, smtp, host)?)
        // Servers look at the name that a client greets with; the one of the service is as good
        // as any other that this process could know.
        .hello_name(ClientId::Domain(service_host(config)))
        .timeout(Some(config.settings.mail.timeout))
        .pool_config(
            PoolConfig::new()
                .max_size(CONNECTIONS)
                .idle_timeout(KEPT_FOR),
        );
    if let Some(user) = &smtp.user {
        let password = password(data_dir, smtp)?;
        transport = transport.credentials(Credentials::new(
            user.clone(),
            password.expose_secret().clone(),
        ));
    }
    Ok(transport)
}

fn service_host(config: &Config) -> String {
    let origin = config.settings.public_url.origin();
    let authority = origin
        .split_once("://")
        .map_or(origin, |(_, authority)| authority);
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host.to_owned(),
        _ => authority.to_owned(),
    }
}

fn tls(data_dir: &DataDir, smtp: &SmtpConfig, host: &str) -> Result<Tls> {
    if smtp.security == SmtpSecurity::None {
        return Ok(Tls::None);
    }
    let mut parameters = TlsParameters::builder(host.to_owned());
    if let Some(named) = &smtp.ca_file {
        let path = data_dir.file(named);
        let pem = std::fs::read(&path)
            .with_context(|| format!("mail.smtp_ca_file: cannot read {}", path.display()))?;
        let certificate = Certificate::from_pem(&pem)
            .with_context(|| format!("mail.smtp_ca_file: {} is no PEM file", path.display()))?;
        parameters = parameters
            .certificate_store(CertificateStore::None)
            .add_root_certificate(certificate);
    }
    let parameters = parameters.build().context("mail.smtp_ca_file")?;
    Ok(match smtp.security {
        SmtpSecurity::Tls => Tls::Wrapper(parameters),
        // Never `Opportunistic`: who sits on the way would strip the offer (RFC 3207 §6).
        SmtpSecurity::StartTls | SmtpSecurity::None => Tls::Required(parameters),
    })
}

fn password(data_dir: &DataDir, smtp: &SmtpConfig) -> Result<Secret<String>> {
    let Some(named) = &smtp.password_file else {
        bail!("mail.smtp_password_file is not set");
    };
    let path = data_dir.file(named);
    let Some(text) = read_private(&path)? else {
        bail!(
            "mail.smtp_password_file: there is no {}; write the password into it, for its owner only (chmod 600)",
            path.display()
        );
    };
    let line = text.expose_secret().lines().next().unwrap_or_default();
    if line.is_empty() {
        bail!(
            "mail.smtp_password_file: the first line of {} is empty",
            path.display()
        );
    }
    Ok(Secret::new(line.to_owned()))
}

impl Mailer for SmtpMailer {
    fn send<'a>(
        &'a self,
        mail: &'a OutgoingMail,
    ) -> Pin<Box<dyn Future<Output = Result<(), MailError>> + Send + 'a>> {
        Box::pin(async move {
            let message = compose(&self.from, mail)?;
            match self.transport.send(message).await {
                Ok(_) => Ok(()),
                Err(error) => Err(judge(&error)),
            }
        })
    }
}

/// 530, 534, 535, 538: the server does not know us (RFC 4954 §6). That is the operator's to mend,
/// and no fault of the mail.
const NOT_LOGGED_IN: [u16; 4] = [530, 534, 535, 538];

fn judge(error: &Error) -> MailError {
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let text = error.to_string();
        if !reason.contains(&text) {
            reason.push_str(": ");
            reason.push_str(&text);
        }
        cause = error.source();
    }
    let reason = reason
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST_REASON)
        .collect();
    let code = error.status().map(u16::from);
    if error.is_permanent() && !code.is_some_and(|code| NOT_LOGGED_IN.contains(&code)) {
        MailError::Never(reason)
    } else {
        MailError::Later(reason)
    }
}
