//! What mails there are, and to whom they go. Their words are made where they are sent.
//!
//! The set is closed, and none of its values is free text of a stranger: a mail can carry nobody's
//! advertisement to an address that somebody else typed. Where a mail has a link, it has the
//! [`CodeId`] that the link is derived from, never the link.

use crate::one_time_code::{CodeId, CodePurpose};
use crate::user::EmailAddress;
use crate::{Timestamp, UserId};

/// What a mail is about, with what has to be known to write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailKind {
    /// Asks for the proof that the address is the user's.
    VerifyEmail {
        /// The link.
        code: CodeId,
    },
    /// Has the link that leads to a new password.
    ResetPassword {
        /// The link.
        code: CodeId,
    },
    /// Goes to the new address and asks whether it is the user's.
    ConfirmNewEmail {
        /// The link.
        code: CodeId,
    },
    /// Goes to the old address, with the way back.
    EmailChanged {
        /// The way back.
        code: CodeId,
        /// The new address, masked ([`masked`]).
        new_address: String,
    },
    /// Tells that the password is another one now.
    PasswordChanged,
    /// Tells of a login with a device that the user never had before.
    NewDevice {
        /// Its name, in words of ours ([`Device::name`](crate::session::Device::name)).
        device: String,
        /// The client's address; may be empty.
        address: String,
        /// When.
        at: Timestamp,
    },
    /// Tells that a session was ended because a copy of its refresh token came back.
    SessionEndedCopied {
        /// The name of the session's device, where it is known.
        device: Option<String>,
        /// When.
        at: Timestamp,
    },
    /// Goes to the owner of an address that somebody tried to register once more.
    AlreadyRegistered,
    /// Invites somebody to register.
    Invitation {
        /// The link.
        code: CodeId,
    },
}

impl MailKind {
    /// The stable word for the kind: what is stored, and what its template is called.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::VerifyEmail { .. } => "verify_email",
            Self::ResetPassword { .. } => "reset_password",
            Self::ConfirmNewEmail { .. } => "confirm_new_email",
            Self::EmailChanged { .. } => "email_changed",
            Self::PasswordChanged => "password_changed",
            Self::NewDevice { .. } => "new_device",
            Self::SessionEndedCopied { .. } => "session_ended_copied",
            Self::AlreadyRegistered => "already_registered",
            Self::Invitation { .. } => "invitation",
        }
    }

    /// The code of its link and what that buys, where it has one.
    #[must_use]
    pub const fn code(&self) -> Option<(CodePurpose, CodeId)> {
        match self {
            Self::VerifyEmail { code } => Some((CodePurpose::VerifyEmail, *code)),
            Self::ResetPassword { code } => Some((CodePurpose::ResetPassword, *code)),
            Self::ConfirmNewEmail { code } => Some((CodePurpose::ChangeEmail, *code)),
            Self::EmailChanged { code, .. } => Some((CodePurpose::RevertEmail, *code)),
            Self::Invitation { code } => Some((CodePurpose::Invitation, *code)),
            Self::PasswordChanged
            | Self::NewDevice { .. }
            | Self::SessionEndedCopied { .. }
            | Self::AlreadyRegistered => None,
        }
    }
}

/// A mail about to be queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMail {
    /// Where it goes: a stored address, never one that was just typed (CVE-2019-19844).
    pub to: EmailAddress,
    /// Whose it is, where it is a user's. It is deleted with them.
    pub user: Option<UserId>,
    /// The language to write it in (BCP 47); `None` for the default.
    pub language: Option<String>,
    /// What it is about.
    pub kind: MailKind,
}

/// An address that its owner recognises and nobody else can write to: the first character of the
/// local part, then the domain. The mailbox that is left behind may be somebody else's by now.
#[must_use]
pub fn masked(address: &EmailAddress) -> String {
    match address.as_str().rsplit_once('@') {
        Some((local, domain)) => {
            let first: String = local.chars().take(1).collect();
            format!("{first}***@{domain}")
        }
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_address_keeps_one_character_and_the_domain() {
        for (address, expected) in [
            ("alice@example.com", "a***@example.com"),
            ("a@example.com", "a***@example.com"),
            ("علی@example.com", "ع***@example.com"),
            ("", ""),
        ] {
            let address = EmailAddress::parse(address).unwrap();
            assert_eq!(masked(&address), expected);
        }
    }

    #[test]
    fn a_mail_with_a_link_names_what_the_link_buys() {
        let code = CodeId::from_bytes([1; 16]);
        let kind = MailKind::ConfirmNewEmail { code };
        assert_eq!(kind.code(), Some((CodePurpose::ChangeEmail, code)));
        assert_eq!(MailKind::AlreadyRegistered.code(), None);
    }
}
