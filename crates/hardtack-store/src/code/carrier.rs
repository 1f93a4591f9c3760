//! The mails that carry codes: an act and its mail are one, so the store addresses them.

use hardtack_core::mail::{MailKind, NewMail, masked};
use hardtack_core::one_time_code::{CodePurpose, NewCode};
use hardtack_core::user::{EmailAddress, User};

use super::{NewEmailChange, NewInvitation};

/// Is a code of this purpose mailed to the user's own address?
pub(crate) fn is_mailed_to(user: &User, purpose: CodePurpose) -> bool {
    !user.email.is_none()
        && match purpose {
            CodePurpose::VerifyEmail => user.email_verified_at.is_none(),
            CodePurpose::ResetPassword => true,
            CodePurpose::ChangeEmail | CodePurpose::RevertEmail | CodePurpose::Invitation => false,
        }
}

/// The mail that carries a code of the user's own address to it.
pub(crate) fn mail_of(code: &NewCode, user: &User, language: Option<String>) -> NewMail {
    let kind = match code.purpose {
        CodePurpose::ResetPassword => MailKind::ResetPassword { code: code.id },
        _ => MailKind::VerifyEmail { code: code.id },
    };
    to_user(user, language, kind)
}

/// The mail that carries a code to the address that is to become the user's.
pub(crate) fn mail_to_new_address(user: &User, change: &NewEmailChange) -> NewMail {
    let code = change.code.id;
    NewMail {
        to: change.to.clone(),
        ..to_user(
            user,
            change.language.clone(),
            MailKind::ConfirmNewEmail { code },
        )
    }
}

/// The notice to the address that the user had until now.
pub(crate) fn mail_to_old_address(
    user: &User,
    before: &EmailAddress,
    way_back: &NewCode,
    language: Option<String>,
) -> NewMail {
    let kind = MailKind::EmailChanged {
        code: way_back.id,
        new_address: masked(&user.email),
    };
    NewMail {
        to: before.clone(),
        ..to_user(user, language, kind)
    }
}

/// The mail that carries an invitation.
pub(crate) fn mail_of_invitation(invitation: &NewInvitation) -> NewMail {
    NewMail {
        to: invitation.to.clone(),
        user: None,
        language: invitation.language.clone(),
        kind: MailKind::Invitation {
            code: invitation.code.id,
        },
    }
}

fn to_user(user: &User, language: Option<String>, kind: MailKind) -> NewMail {
    NewMail {
        to: user.email.clone(),
        user: Some(user.id),
        language: user.language.clone().or(language),
        kind,
    }
}
