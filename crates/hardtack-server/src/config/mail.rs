//! How mails leave the house.

use std::path::PathBuf;

use hardtack_core::user::EmailAddress;

/// How mails leave the house.
#[derive(Debug, Clone, Default)]
pub(crate) struct MailConfig {
    pub(crate) transport: MailTransport,
    pub(crate) from: Option<Sender>,
    /// Where `directory` writes, relative to the data directory.
    pub(crate) directory: Option<PathBuf>,
    pub(crate) smtp: SmtpConfig,
}

/// The way that mails go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum MailTransport {
    /// None is sent.
    #[default]
    None,
    /// To a mail server.
    Smtp,
    /// Into files that somebody else takes from there.
    Directory,
}

/// The mail server.
#[derive(Debug, Clone, Default)]
pub(crate) struct SmtpConfig {
    pub(crate) host: Option<String>,
    /// `None` is the port that goes with the security.
    pub(crate) port: Option<u16>,
    pub(crate) security: SmtpSecurity,
    pub(crate) user: Option<String>,
    /// Relative to the data directory.
    pub(crate) password_file: Option<PathBuf>,
    /// Relative to the data directory.
    pub(crate) ca_file: Option<PathBuf>,
}

/// Whether the way to the mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum SmtpSecurity {
    /// From the first byte (RFC 8314 §3.3).
    Tls,
    /// After a greeting in the clear, and never without (RFC 3207).
    #[default]
    StartTls,
    /// Not at all.
    None,
}

impl SmtpConfig {
    /// The port that was set, or the one of the security.
    pub(crate) fn port(&self) -> u16 {
        self.port.unwrap_or(match self.security {
            SmtpSecurity::Tls => 465,
            SmtpSecurity::StartTls => 587,
            SmtpSecurity::None => 25,
        })
    }

    /// Is the server on this machine, so that nobody listens on the way?
    pub(crate) fn is_local(&self) -> bool {
        self.host.as_deref().is_some_and(|host| {
            host == "localhost"
                || host
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        })
    }
}

/// Who mails are from: a name to show, and an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sender {
    pub(crate) name: Option<String>,
    pub(crate) address: EmailAddress,
}

impl Sender {
    /// Reads `Example <no-reply@example.com>`, or the address alone.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is not a sender, as in \"Example <no-reply@example.com>\" or \"no-reply@example.com\""
            )
        };
        let (name, address) = match text.strip_suffix('>') {
            Some(rest) => {
                let (name, address) = rest.rsplit_once('<').ok_or_else(wrong)?;
                (Some(name.trim()), address)
            }
            None => (None, text),
        };
        let name = name
            .map(|name| name.trim_matches('"').trim())
            .filter(|name| !name.is_empty());
        // What is left would be quoted in the header, but is more likely a second address.
        if name.is_some_and(|name| name.contains(['<', '>', '@', '"', '\\'])) {
            return Err(wrong());
        }
        let address = EmailAddress::parse(address.trim()).map_err(|_| wrong())?;
        if address.is_none() || !address.as_str().is_ascii() {
            return Err(wrong());
        }
        Ok(Self {
            name: name.map(ToOwned::to_owned),
            address,
        })
    }
}

/// A host to connect to: a name or an address, without port.
pub(super) fn host(text: &str) -> Result<String, String> {
    let is_address = text.parse::<std::net::IpAddr>().is_ok();
    let is_name = !text.is_empty()
        && text.len() <= 253
        && text.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        });
    if is_address || is_name {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "{text:?} is not a host, as in smtp.example.com; the port goes into mail.smtp_port"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_a_name_and_an_address_or_the_address() {
        for (text, name) in [
            ("no-reply@example.com", None),
            ("<no-reply@example.com>", None),
            ("Example <no-reply@example.com>", Some("Example")),
            (
                "\"Example, Inc.\" <no-reply@example.com>",
                Some("Example, Inc."),
            ),
            ("نمونه <no-reply@example.com>", Some("نمونه")),
        ] {
            let sender = Sender::parse(text).unwrap();
            assert_eq!(sender.name.as_deref(), name, "{text}");
            assert_eq!(sender.address.as_str(), "no-reply@example.com");
        }
        for text in [
            "",
            "Example",
            "Example <>",
            "a@b.example, c@d.example",
            "a@b.example <c@d.example>",
            "Example <no-reply@example.com",
            "Example <a b@example.com>",
        ] {
            assert!(Sender::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_host_has_no_port_and_no_scheme() {
        for text in ["smtp.example.com", "localhost", "192.0.2.1", "2001:db8::1"] {
            assert!(host(text).is_ok(), "{text}");
        }
        for text in ["", "smtp://x", "a:25", "a b", "a..b", "-a", "u@h"] {
            assert!(host(text).is_err(), "{text}");
        }
    }
}
