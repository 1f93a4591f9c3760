//! A mail on the wire (RFC 5322): headers, and its two forms as alternatives.

use std::time::{Duration, UNIX_EPOCH};

use hardtack::mail::{MailError, OutgoingMail};
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};

use crate::config::mail::Sender;

/// Headers whose values are words of ours.
macro_rules! fixed_header {
    ($($(#[$meta:meta])* $type:ident = $name:literal: $value:literal;)+) => {$(
        $(#[$meta])*
        #[derive(Clone)]
        struct $type;

        impl Header for $type {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($name)
            }

            fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
                Ok(Self)
            }

            fn display(&self) -> HeaderValue {
                HeaderValue::new(Self::name(), $value.to_owned())
            }
        }
    )+};
}

fixed_header! {
    /// Nobody's holiday notice answers it (RFC 3834 §5).
    AutoSubmitted = "Auto-Submitted": "auto-generated";
    /// The same to servers that do not know RFC 3834.
    AutoResponseSuppress = "X-Auto-Response-Suppress": "All";
}

/// RFC 3282.
#[derive(Clone)]
struct ContentLanguage(&'static str);

impl Header for ContentLanguage {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Content-Language")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self(""))
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), self.0.to_owned())
    }
}

/// Who mails are from, as lettre has it.
pub(super) fn mailbox(from: &Sender) -> Result<Mailbox, lettre::address::AddressError> {
    let address: Address = from.address.for_smtp().parse()?;
    Ok(Mailbox::new(from.name.clone(), address))
}

/// Puts a mail into the form in which it is sent. No value can leave its header: addresses are
/// parsed, and texts are encoded where they are not plain.
pub(super) fn compose(from: &Mailbox, mail: &OutgoingMail) -> Result<Message, MailError> {
    let to: Address = mail
        .to
        .for_smtp()
        .parse()
        .map_err(|_| MailError::Never("no server would take this address".to_owned()))?;
    let micros = u64::try_from(mail.date.unix_micros()).unwrap_or(0);
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(mail.subject.as_str())
        .date(UNIX_EPOCH + Duration::from_micros(micros))
        .message_id(Some(format!(
            "<{}@{}>",
            mail.message_id,
            from.email.domain()
        )))
        .header(AutoSubmitted)
        .header(AutoResponseSuppress)
        .header(ContentLanguage(mail.language.tag()))
        .multipart(MultiPart::alternative_plain_html(
            mail.text.clone(),
            mail.html.clone(),
        ))
        .map_err(|error| MailError::Never(error.to_string()))
}

#[cfg(test)]
pub(super) mod tests {
    use hardtack::translation::Language;
    use hardtack_core::Timestamp;
    use hardtack_core::user::EmailAddress;

    use super::*;

    pub(in crate::mail) fn sender() -> Sender {
        Sender {
            name: Some("Example, \"Inc.\"".to_owned()),
            address: EmailAddress::from_stored("no-reply@example.com".to_owned()),
        }
    }

    pub(in crate::mail) fn mail() -> OutgoingMail {
        OutgoingMail {
            to: EmailAddress::parse("ada@example.net").unwrap(),
            subject: "گذرواژهٔ تازه‌ای انتخاب کنید".to_owned(),
            text: "سلام\n".to_owned(),
            html: "<p>سلام</p>".to_owned(),
            language: Language::Persian,
            message_id: "0123abcd".to_owned(),
            date: Timestamp::from_unix_seconds(1_795_338_360),
        }
    }

    fn head(mail: &OutgoingMail) -> String {
        let message = compose(&mailbox(&sender()).unwrap(), mail).unwrap();
        let text = String::from_utf8(message.formatted()).unwrap();
        text.split("\r\n\r\n").next().unwrap().to_owned()
    }

    #[test]
    fn the_headers_say_what_it_is_and_that_a_machine_wrote_it() {
        let head = head(&mail());
        for line in [
            "From: =?utf-8?b?RXhhbXBsZSwgIkluYy4i?= <no-reply@example.com>",
            "To: ada@example.net",
            "Date: Sun, 22 Nov 2026 09:06:00 +0000",
            "Message-ID: <0123abcd@example.com>",
            "Auto-Submitted: auto-generated",
            "Content-Language: fa",
            "Content-Type: multipart/alternative;",
        ] {
            assert!(
                head.lines().any(|present| present.starts_with(line)),
                "{line}\n{head}"
            );
        }
        assert!(head.is_ascii(), "{head}");
        assert!(head.contains("Subject: =?utf-8?b?"), "{head}");
    }

    /// Most mail servers know no SMTPUTF8 (RFC 6531), and a domain can do without.
    #[test]
    fn a_domain_is_written_as_the_dns_has_it() {
        let mut abroad = mail();
        abroad.to = EmailAddress::parse("ada@exämple.de").unwrap();
        let from = Sender {
            name: None,
            address: EmailAddress::parse("no-reply@exämple.com").unwrap(),
        };
        let message = compose(&mailbox(&from).unwrap(), &abroad).unwrap();
        let envelope = message.envelope();
        assert_eq!(envelope.to()[0].to_string(), "ada@xn--exmple-cua.de");
        let from = envelope.from().unwrap().to_string();
        assert_eq!(from, "no-reply@xn--exmple-cua.com");
        let head = String::from_utf8(message.formatted()).unwrap();
        assert!(head.contains("To: ada@xn--exmple-cua.de"), "{head}");
    }

    /// Header injection (CWE-93): a line end in a subject or an address would begin a header of the
    /// attacker's, such as Bcc.
    #[test]
    fn no_value_begins_a_header_of_its_own() {
        let mut hostile = mail();
        hostile.subject = "x\r\nBcc: eve@example.org\r\n\r\nbody".to_owned();
        let head = head(&hostile);
        assert!(
            !head
                .lines()
                .any(|line| line.to_ascii_lowercase().starts_with("bcc")),
            "{head}"
        );
        for address in [
            "a@example.net\r\nBcc: eve@example.org",
            "a@example.net, eve@example.org",
            "a@example.net>\r\nDATA",
            "a\0@example.net",
        ] {
            hostile.to = EmailAddress::from_stored(address.to_owned());
            let from = mailbox(&sender()).unwrap();
            assert!(
                matches!(compose(&from, &hostile), Err(MailError::Never(_))),
                "{address:?}"
            );
        }
    }
}
