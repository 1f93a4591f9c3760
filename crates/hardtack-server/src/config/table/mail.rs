//! Mails: how they leave the house, and what they look like.

use super::super::form::{file, not_empty};
use super::super::key::{Default, Key, Kind};
use super::super::mail::{MailTransport, Sender, SmtpSecurity, host};
use super::SECOND;

pub(super) static MAIL: &[Key] = &[
    Key {
        name: "mail.transport",
        kind: Kind::Choice(&[
            ("none", |config| config.mail.transport = MailTransport::None),
            ("smtp", |config| config.mail.transport = MailTransport::Smtp),
            ("directory", |config| {
                config.mail.transport = MailTransport::Directory;
            }),
        ]),
        default: Default::Is("none"),
        meaning: "How mails leave the house: not at all, through a mail server, or as `.eml` files in a directory that another program empties. `--dev` keeps them all in a mailbox of its own, readable at `/dev/mail`.",
    },
    Key {
        name: "mail.from",
        kind: Kind::Text {
            form: "Name <address>",
            put: |config, text| {
                config.mail.from = Some(Sender::parse(text)?);
                Ok(())
            },
        },
        default: Default::Unset("required with a transport"),
        meaning: "Who mails are from. The domain should be one that the mail server may send for (SPF, DKIM, DMARC: docs/mail.md).",
    },
    Key {
        name: "mail.smtp_host",
        kind: Kind::Text {
            form: "host",
            put: |config, text| {
                config.mail.smtp.host = Some(host(text)?);
                Ok(())
            },
        },
        default: Default::Unset("required with `mail.transport = \"smtp\"`"),
        meaning: "The mail server, by the name that its certificate has.",
    },
    Key {
        name: "mail.smtp_security",
        kind: Kind::Choice(&[
            ("tls", |config| {
                config.mail.smtp.security = SmtpSecurity::Tls;
            }),
            ("starttls", |config| {
                config.mail.smtp.security = SmtpSecurity::StartTls;
            }),
            ("none", |config| {
                config.mail.smtp.security = SmtpSecurity::None;
            }),
        ]),
        default: Default::Is("starttls"),
        meaning: "Encrypted from the first byte, after a greeting in the clear, or not at all. `starttls` never goes on without; `none` sends links that are as good as passwords in the clear, and is for a relay on the same machine or a trusted wire.",
    },
    Key {
        name: "mail.smtp_port",
        kind: Kind::Count {
            unit: "port",
            range: 1..=65_535,
            put: |config, count| config.mail.smtp.port = u16::try_from(count).ok(),
        },
        default: Default::Unset("465 with `tls`, 587 with `starttls`, 25 with `none`"),
        meaning: "The mail server's port.",
    },
    Key {
        name: "mail.smtp_user",
        kind: Kind::Text {
            form: "text",
            put: |config, text| {
                config.mail.smtp.user = Some(not_empty(text)?.to_owned());
                Ok(())
            },
        },
        default: Default::Unset("no authentication"),
        meaning: "Whom to log in as at the mail server (PLAIN or LOGIN); needs `mail.smtp_password_file`.",
    },
    Key {
        name: "mail.smtp_password_file",
        kind: Kind::Text {
            form: "file",
            put: |config, text| {
                config.mail.smtp.password_file = Some(file(text)?);
                Ok(())
            },
        },
        default: Default::Unset("no authentication"),
        meaning: "The password for that, in the first line of a file, relative to the data directory; for its owner only (0600).",
    },
    Key {
        name: "mail.smtp_ca_file",
        kind: Kind::Text {
            form: "file",
            put: |config, text| {
                config.mail.smtp.ca_file = Some(file(text)?);
                Ok(())
            },
        },
        default: Default::Unset("the authorities that the system trusts"),
        meaning: "Certificates in PEM, relative to the data directory: the mail server's must be signed by one of these, and no other authority is believed.",
    },
    Key {
        name: "mail.directory",
        kind: Kind::Text {
            form: "directory",
            put: |config, text| {
                config.mail.directory = Some(file(text)?);
                Ok(())
            },
        },
        default: Default::Unset("required with `mail.transport = \"directory\"`"),
        meaning: "Where the `.eml` files go, relative to the data directory; made for its owner only. A file that is there is whole.",
    },
    Key {
        name: "mail.timeout",
        kind: Kind::Duration {
            at_least: SECOND,
            place: |config| &mut config.settings.mail.timeout,
        },
        default: Default::Is("60s"),
        meaning: "How long sending one mail may take, from connecting to the server's word that it has it. After that it is tried again later.",
    },
    Key {
        name: "mail.templates_dir",
        kind: Kind::Text {
            form: "directory",
            put: |config, text| {
                config.settings.mail.templates_dir = Some(file(text)?);
                Ok(())
            },
        },
        default: Default::Unset("the built-in templates"),
        meaning: "A directory whose files stand in for the built-in templates of the same name, such as `layout.html`, and whose `locales/en/mail.ftl` and so on for the texts of a language (docs/mail.md); relative to the data directory. Read and tried at the start.",
    },
];
