//! One-time codes in SQLite, and what they buy.

use hardtack_core::one_time_code::{CodePurpose, NewCode, PresentedCode};
use hardtack_core::user::{EmailAddress, User, UserState};
use hardtack_core::{Timestamp, UserId};
use rusqlite::{Connection, params};

use super::{Failure, Shape, SqliteStore, outbox, user};
use crate::code::{
    NO_PASSWORD, is_mailed_to, mail_of, mail_of_invitation, mail_to_new_address,
    mail_to_old_address,
};
use crate::{
    CodeStore, EmailChangeAsked, EmailChanged, EmailRefusal, EmailReverted, FoundCode, HeldCode,
    NewEmailChange, NewInvitation, NewReset, PasswordReset, Registration, RegistrationRefusal,
    Revoke, StoreError, WayBack,
};

mod row;

pub(super) use row::is_good;
use row::{Good, Numbered};

/// Rows deleted in one act, so that nobody waits long behind it.
const DELETE_AT_MOST: u32 = 1_000;

/// Voids what the user asked for under the password that they had until now.
pub(super) fn void_what_ends_with_password(
    connection: &Connection,
    user: UserId,
) -> Result<(), Failure> {
    row::void(connection, user, |code| {
        code.row.purpose.ends_with_password()
    })
}

/// Voids every code of the user that a thief may have asked for; see
/// [`CodeStore`] on the ways back.
pub(super) fn void_all_but_ways_back(connection: &Connection, user: UserId) -> Result<(), Failure> {
    row::void(connection, user, |code| {
        code.row.purpose != CodePurpose::RevertEmail
    })
}

/// The codes of a user that are good.
pub(super) fn held(
    connection: &Connection,
    user: &User,
    now: Timestamp,
) -> Result<Vec<HeldCode>, Failure> {
    let codes = row::of_user(connection, user.id)?;
    let good = codes
        .iter()
        .filter(|code| code.row.is_good(Some(user), now));
    Ok(good.map(|code| code.row.held()).collect())
}

fn find_user(connection: &Connection, id: UserId) -> Result<Option<User>, Failure> {
    Ok(user::find_by_id(connection, id)?.map(|found| found.user))
}

fn find_active_user(connection: &Connection, id: UserId) -> Result<Option<User>, Failure> {
    let user = find_user(connection, id)?;
    Ok(user.filter(|user| user.state == UserState::Active))
}

/// The code that is presented, with its user, if it is good for `purpose`.
fn good_of_user(
    connection: &Connection,
    code: &PresentedCode,
    purpose: CodePurpose,
    now: Timestamp,
) -> Result<Option<(Good, User)>, Failure> {
    let Some(mut found) = row::good(connection, code, now)? else {
        return Ok(None);
    };
    let user = found.user.take().filter(|_| found.row.purpose == purpose);
    Ok(user.map(|user| (found, user)))
}

/// Makes a code that voids the user's older ones of its purpose.
fn replace(
    connection: &Connection,
    code: &NewCode,
    user: &User,
    to: &EmailAddress,
    now: Timestamp,
) -> Result<(), Failure> {
    row::void(connection, user.id, |older| {
        older.row.purpose == code.purpose
    })?;
    row::insert(connection, code, Some(user), to, now)
}

fn is_taken(
    connection: &Connection,
    address: &EmailAddress,
    by_other_than: UserId,
    now: Timestamp,
) -> Result<bool, Failure> {
    match address.canonical() {
        Some(name) => user::is_taken(connection, &name, Some(by_other_than), now),
        None => Ok(false),
    }
}

fn register(
    connection: &Connection,
    registration: Registration,
    now: Timestamp,
) -> Result<Result<User, RegistrationRefusal>, Failure> {
    let invitation = match &registration.invitation {
        None => None,
        Some(code) => match row::good(connection, code, now)? {
            Some(good) if good.row.purpose == CodePurpose::Invitation => Some(good),
            _ => return Ok(Err(RegistrationRefusal::NotInvited)),
        },
    };
    let email = registration.user.email.canonical();
    let was_invited_there = invitation
        .as_ref()
        .is_some_and(|found| email.is_some() && found.row.address.canonical() == email);
    let verified_at = was_invited_there.then_some(now);
    let (new, language) = (registration.user, registration.language);
    let user = match user::insert(connection, new, language, verified_at, now)? {
        Ok(user) => user,
        Err(taken) => return Ok(Err(taken.into())),
    };
    if let Some(invitation) = &invitation {
        row::spend(connection, invitation)?;
    }
    if let Some(code) = registration.verification
        && !was_invited_there
        && email.is_some()
    {
        replace(connection, &code, &user, &user.email, now)?;
        outbox::queue(connection, &[mail_of(&code, &user, None)], now)?;
    }
    Ok(Ok(user))
}

fn invite(
    connection: &Connection,
    invitation: &NewInvitation,
    now: Timestamp,
) -> Result<Timestamp, Failure> {
    if !invitation.to.is_none() {
        row::void_invitations(connection, &invitation.to)?;
        outbox::queue(connection, &[mail_of_invitation(invitation)], now)?;
    }
    row::insert(connection, &invitation.code, None, &invitation.to, now)?;
    Ok(now + invitation.code.lifetime)
}

fn insert(
    connection: &Connection,
    user: UserId,
    code: &NewCode,
    language: Option<String>,
    now: Timestamp,
) -> Result<bool, Failure> {
    let user = find_active_user(connection, user)?;
    let Some(user) = user.filter(|user| is_mailed_to(user, code.purpose)) else {
        return Ok(false);
    };
    replace(connection, code, &user, &user.email, now)?;
    outbox::queue(connection, &[mail_of(code, &user, language)], now)?;
    Ok(true)
}

fn ask_for_email_change(
    connection: &Connection,
    change: &NewEmailChange,
    now: Timestamp,
) -> Result<EmailChangeAsked, Failure> {
    let user = find_active_user(connection, change.user)?;
    let Some(user) = user.filter(|user| user.password_version == change.version) else {
        return Ok(EmailChangeAsked::Superseded);
    };
    if change.to.is_none() || is_taken(connection, &change.to, user.id, now)? {
        return Ok(EmailChangeAsked::Taken);
    }
    replace(connection, &change.code, &user, &change.to, now)?;
    outbox::queue(connection, &[mail_to_new_address(&user, change)], now)?;
    Ok(EmailChangeAsked::Queued)
}

fn verify_email(
    connection: &Connection,
    code: &PresentedCode,
    now: Timestamp,
) -> Result<Option<User>, Failure> {
    let Some((found, user)) = good_of_user(connection, code, CodePurpose::VerifyEmail, now)? else {
        return Ok(None);
    };
    row::spend(connection, &found)?;
    user::change_email(connection, user.id, &found.row.address, now)?;
    find_user(connection, user.id)
}

fn reset_password(
    connection: &Connection,
    reset: &NewReset,
    revoke: Revoke,
    now: Timestamp,
) -> Result<Option<PasswordReset>, Failure> {
    let code = good_of_user(connection, &reset.code, CodePurpose::ResetPassword, now)?;
    let Some((found, user)) = code else {
        return Ok(None);
    };
    void_all_but_ways_back(connection, user.id)?;
    user::change_email(connection, user.id, &found.row.address, now)?;
    let ended = user::replace_password(connection, user.id, &reset.hash, revoke, now)?;
    outbox::queue(connection, &reset.mails, now)?;
    let user = find_user(connection, user.id)?;
    Ok(user.map(|user| PasswordReset { user, ended }))
}

fn change_email(
    connection: &Connection,
    code: &PresentedCode,
    way_back: &NewCode,
    language: Option<String>,
    now: Timestamp,
) -> Result<Result<EmailChanged, EmailRefusal>, Failure> {
    let code = good_of_user(connection, code, CodePurpose::ChangeEmail, now)?;
    let Some((found, user)) = code else {
        return Ok(Err(EmailRefusal::CodeRefused));
    };
    let to = found.row.address;
    if is_taken(connection, &to, user.id, now)? {
        return Ok(Err(EmailRefusal::Taken));
    }
    let before = user.email.clone();
    void_all_but_ways_back(connection, user.id)?;
    user::change_email(connection, user.id, &to, now)?;
    let user = User {
        email: to,
        email_verified_at: Some(now),
        ..user
    };
    if !before.is_none() {
        row::insert(connection, way_back, Some(&user), &before, now)?;
        let notice = mail_to_old_address(&user, &before, way_back, language);
        outbox::queue(connection, &[notice], now)?;
    }
    Ok(Ok(EmailChanged { user, before }))
}

fn revert_email(
    connection: &Connection,
    way_back: WayBack,
    revoke: Revoke,
    now: Timestamp,
) -> Result<Result<EmailReverted, EmailRefusal>, Failure> {
    let code = good_of_user(connection, &way_back.code, CodePurpose::RevertEmail, now)?;
    let Some((found, user)) = code else {
        return Ok(Err(EmailRefusal::CodeRefused));
    };
    let to = found.row.address;
    if is_taken(connection, &to, user.id, now)? {
        return Ok(Err(EmailRefusal::Taken));
    }
    let before = user.email;
    row::void(connection, user.id, |code: &Numbered| {
        code.number >= found.number || code.row.purpose != CodePurpose::RevertEmail
    })?;
    user::change_email(connection, user.id, &to, now)?;
    let ended = user::replace_password(connection, user.id, NO_PASSWORD, revoke, now)?;
    let Some(user) = find_user(connection, user.id)? else {
        return Ok(Err(EmailRefusal::CodeRefused));
    };
    replace(connection, &way_back.reset, &user, &user.email, now)?;
    let mail = mail_of(&way_back.reset, &user, way_back.language);
    outbox::queue(connection, &[mail], now)?;
    Ok(Ok(EmailReverted {
        user,
        before,
        ended,
    }))
}

impl CodeStore for SqliteStore {
    async fn register_user(
        &self,
        registration: Registration,
    ) -> Result<Result<User, RegistrationRefusal>, StoreError> {
        self.writer
            .act(Shape::Several, move |connection, now| {
                register(connection, registration, now)
            })
            .await
    }

    async fn insert_invitation(&self, invitation: NewInvitation) -> Result<Timestamp, StoreError> {
        self.writer
            .act(Shape::Several, move |connection, now| {
                invite(connection, &invitation, now)
            })
            .await
    }

    async fn insert_code(
        &self,
        user: UserId,
        code: NewCode,
        language: Option<String>,
    ) -> Result<bool, StoreError> {
        self.writer
            .act(Shape::Several, move |connection, now| {
                insert(connection, user, &code, language, now)
            })
            .await
    }

    async fn insert_email_change(
        &self,
        change: NewEmailChange,
    ) -> Result<EmailChangeAsked, StoreError> {
        self.writer
            .act(Shape::Several, move |connection, now| {
                ask_for_email_change(connection, &change, now)
            })
            .await
    }

    async fn find_code(&self, code: PresentedCode) -> Result<Option<FoundCode>, StoreError> {
        self.readers
            .look_up(move |connection, now| {
                let found = row::good(connection, &code, now)?;
                Ok(found.map(|found| found.row.found(found.user)))
            })
            .await
    }

    async fn verify_email(&self, code: PresentedCode) -> Result<Option<User>, StoreError> {
        self.writer
            .act(Shape::Several, move |connection, now| {
                verify_email(connection, &code, now)
            })
            .await
    }

    async fn reset_password(
        &self,
        reset: NewReset,
        revoke: Revoke,
    ) -> Result<Option<PasswordReset>, StoreError> {
        self.writer
            .act(Shape::Several, move |connection, now| {
                reset_password(connection, &reset, revoke, now)
            })
            .await
    }

    async fn change_email(
        &self,
        code: PresentedCode,
        way_back: NewCode,
        language: Option<String>,
    ) -> Result<Result<EmailChanged, EmailRefusal>, StoreError> {
        self.writer
            .act(Shape::Several, move |connection, now| {
                change_email(connection, &code, &way_back, language, now)
            })
            .await
    }

    async fn revert_email(
        &self,
        way_back: WayBack,
        revoke: Revoke,
    ) -> Result<Result<EmailReverted, EmailRefusal>, StoreError> {
        self.writer
            .act(Shape::Several, move |connection, now| {
                revert_email(connection, way_back, revoke, now)
            })
            .await
    }

    async fn purge_codes(&self) -> Result<u64, StoreError> {
        self.writer
            .act(Shape::OneStatement, |connection, now| {
                let deleted = connection
                    .prepare_cached(
                        "DELETE FROM codes WHERE id IN
                             (SELECT id FROM codes WHERE ends_at <= ?1 ORDER BY ends_at LIMIT ?2)",
                    )?
                    .execute(params![now.unix_micros(), DELETE_AT_MOST])?;
                Ok(u64::try_from(deleted).unwrap_or(u64::MAX))
            })
            .await
    }
}
