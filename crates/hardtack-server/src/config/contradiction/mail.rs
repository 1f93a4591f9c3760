//! What contradicts itself about mails.

use hardtack::settings::{EmailVerification, RegistrationMode};

use super::super::mail::{MailConfig, MailTransport, SmtpSecurity};
use super::{Config, Found, Mode};

pub(super) fn contradictions(config: &Config, mode: Mode) -> Found {
    let mail = &config.mail;
    let mut found = match mail.transport {
        MailTransport::None => without_transport(config, mode),
        MailTransport::Smtp => smtp(mail),
        MailTransport::Directory => directory(mail),
    };
    if mail.transport != MailTransport::None && mail.from.is_none() {
        found.push((
            "mail.from",
            "is not set, and every mail is from somebody; write from = \"Example <no-reply@example.com>\"".to_owned(),
        ));
    }
    if mail.transport != MailTransport::None && !config.settings.pages.enabled {
        found.extend(dead_links(config));
    }
    if mail.transport != MailTransport::Smtp {
        found.extend(set_smtp_key(mail).map(|key| {
            (
                key,
                "is nothing without mail.transport = \"smtp\"; set that, or leave this out"
                    .to_owned(),
            )
        }));
    }
    if mail.transport != MailTransport::Directory && mail.directory.is_some() {
        found.push((
            "mail.directory",
            "is nothing without mail.transport = \"directory\"; set that, or leave this out"
                .to_owned(),
        ));
    }
    found
}

/// Links to our own pages, which are off.
fn dead_links(config: &Config) -> Found {
    let (links, registration) = (&config.settings.links, config.settings.registration);
    let verifies = registration.mode != RegistrationMode::Closed
        && registration.email_verification != EmailVerification::None;
    let invites = registration.mode == RegistrationMode::Invite;
    [
        ("links.verify_email", links.verify_email.is_none() && verifies),
        ("links.reset_password", links.reset_password.is_none()),
        ("links.change_email", links.change_email.is_none()),
        ("links.revert_email", links.revert_email.is_none()),
        ("links.invitation", links.invitation.is_none() && invites),
    ]
    .into_iter()
    .filter(|(_, is_dead)| *is_dead)
    .map(|(key, _)| {
        (
            key,
            "is not set, and with pages.enabled = false the link in the mail would lead nowhere; name the page of your front-end, or leave the pages on".to_owned(),
        )
    })
    .collect()
}

/// What is waited for would never come. `--dev` has its mailbox.
fn without_transport(config: &Config, mode: Mode) -> Found {
    if mode == Mode::Dev {
        return Found::new();
    }
    let mut found = Found::new();
    // Also where nobody can register: who did before and was never verified gets no session.
    if config.settings.registration.email_verification == EmailVerification::Mandatory {
        found.push((
            "registration.email_verification",
            "is mandatory, and without mails nobody could verify an address; set mail.transport, or take \"optional\"".to_owned(),
        ));
    }
    found
}

fn smtp(mail: &MailConfig) -> Found {
    let smtp = &mail.smtp;
    let mut found = Found::new();
    if smtp.host.is_none() {
        found.push((
            "mail.smtp_host",
            "is not set, and mail.transport = \"smtp\" needs a server; name it, as in smtp_host = \"smtp.example.com\"".to_owned(),
        ));
    }
    let lone = match (&smtp.user, &smtp.password_file) {
        (Some(_), None) => Some(("mail.smtp_password_file", "mail.smtp_user")),
        (None, Some(_)) => Some(("mail.smtp_user", "mail.smtp_password_file")),
        _ => None,
    };
    found.extend(lone.map(|(missing, given)| {
        (
            missing,
            format!("is not set, and {given} is nothing without it; set both, or neither"),
        )
    }));
    if smtp.security == SmtpSecurity::None && smtp.user.is_some() && !smtp.is_local() {
        found.push((
            "mail.smtp_security",
            "is \"none\", which would send the password over the network in the clear; take \"tls\" or \"starttls\"".to_owned(),
        ));
    }
    if smtp.security == SmtpSecurity::None && smtp.ca_file.is_some() {
        found.push((
            "mail.smtp_ca_file",
            "is nothing with mail.smtp_security = \"none\", where no certificate is shown; leave one of them out".to_owned(),
        ));
    }
    found
}

fn directory(mail: &MailConfig) -> Found {
    if mail.directory.is_some() {
        return Found::new();
    }
    vec![(
        "mail.directory",
        "is not set, and mail.transport = \"directory\" writes there; name it, as in directory = \"outgoing\"".to_owned(),
    )]
}

/// The first key of the mail server that somebody set.
fn set_smtp_key(mail: &MailConfig) -> Option<&'static str> {
    let smtp = &mail.smtp;
    [
        ("mail.smtp_host", smtp.host.is_some()),
        ("mail.smtp_port", smtp.port.is_some()),
        ("mail.smtp_user", smtp.user.is_some()),
        ("mail.smtp_password_file", smtp.password_file.is_some()),
        ("mail.smtp_ca_file", smtp.ca_file.is_some()),
    ]
    .into_iter()
    .find_map(|(key, is_set)| is_set.then_some(key))
}

#[cfg(test)]
mod tests {
    use super::super::super::Sources;
    use super::*;

    const FROM: (&str, &str) = ("mail.from", "Example <no-reply@example.com>");
    const SMTP: (&str, &str) = ("mail.transport", "smtp");
    const HOST: (&str, &str) = ("mail.smtp_host", "smtp.example.com");

    /// What is set, and which keys are complained of.
    type Row<'a> = (&'a [(&'static str, &'a str)], &'a [&'a str]);

    fn keys(mode: Mode, settings: &[(&'static str, &str)]) -> Vec<&'static str> {
        let mut sources = Sources::default();
        for (key, value) in settings {
            sources = sources.with_flag("--test", key, Some((*value).to_owned()));
        }
        let config = sources.load().unwrap().config;
        contradictions(&config, mode)
            .into_iter()
            .map(|(key, _)| key)
            .collect()
    }

    #[test]
    fn what_cannot_send_a_mail_names_the_key_that_would() {
        let mandatory = ("registration.email_verification", "mandatory");
        let user = ("mail.smtp_user", "ada");
        let password = ("mail.smtp_password_file", "smtp-password");
        let clear = ("mail.smtp_security", "none");
        let rows: &[Row<'_>] = &[
            (&[], &[]),
            (&[SMTP, FROM, HOST], &[]),
            (&[SMTP, FROM, HOST, user, password], &[]),
            (
                &[
                    SMTP,
                    FROM,
                    ("mail.smtp_host", "127.0.0.1"),
                    user,
                    password,
                    clear,
                ],
                &[],
            ),
            (&[mandatory], &["registration.email_verification"]),
            (
                &[mandatory, ("registration.mode", "closed")],
                &["registration.email_verification"],
            ),
            (&[mandatory, SMTP, FROM, HOST], &[]),
            (&[SMTP, HOST], &["mail.from"]),
            (&[SMTP, FROM], &["mail.smtp_host"]),
            (&[SMTP, FROM, HOST, user], &["mail.smtp_password_file"]),
            (&[SMTP, FROM, HOST, password], &["mail.smtp_user"]),
            (
                &[SMTP, FROM, HOST, user, password, clear],
                &["mail.smtp_security"],
            ),
            (
                &[SMTP, FROM, HOST, clear, ("mail.smtp_ca_file", "ca.pem")],
                &["mail.smtp_ca_file"],
            ),
            (&[HOST], &["mail.smtp_host"]),
            (
                &[SMTP, FROM, HOST, ("pages.enabled", "false")],
                &[
                    "links.verify_email",
                    "links.reset_password",
                    "links.change_email",
                    "links.revert_email",
                ],
            ),
            (&[("mail.directory", "out")], &["mail.directory"]),
            (
                &[("mail.transport", "directory"), FROM],
                &["mail.directory"],
            ),
            (
                &[
                    ("mail.transport", "directory"),
                    FROM,
                    ("mail.directory", "out"),
                ],
                &[],
            ),
        ];
        for (settings, expected) in rows {
            assert_eq!(keys(Mode::Production, settings), *expected, "{settings:?}");
        }
        assert!(keys(Mode::Dev, &[mandatory]).is_empty());
    }
}
