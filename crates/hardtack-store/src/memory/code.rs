//! One-time codes in memory, and what they buy.

use std::collections::BTreeMap;

use hardtack_core::one_time_code::{CodeId, CodePurpose, NewCode, PresentedCode};
use hardtack_core::user::{CanonicalName, EmailAddress, User, UserState};
use hardtack_core::{Timestamp, UserId};

use super::{MemoryStore, Rooms};
use crate::code::{
    CodeRow, is_mailed_to, mail_of, mail_of_invitation, mail_to_new_address, mail_to_old_address,
};
use crate::{
    CodeStore, EmailChangeAsked, EmailChanged, EmailRefusal, EmailReverted, FoundCode, HeldCode,
    NewEmailChange, NewInvitation, NewReset, PasswordReset, Registration, RegistrationRefusal,
    Revoke, StoreError, WayBack,
};

#[derive(Default)]
pub(super) struct Codes {
    /// In the order in which they were made.
    rows: BTreeMap<u64, CodeRow>,
    last_number: u64,
}

impl Codes {
    /// Whether a way back leads another user to that address.
    pub(super) fn holder_of(
        &self,
        name: &CanonicalName,
        other_than: Option<UserId>,
        now: Timestamp,
    ) -> Option<UserId> {
        let kept = self.rows.values().find(|row| {
            row.purpose == CodePurpose::RevertEmail
                && now < row.ends_at
                && row.user != other_than
                && row.address.canonical().as_ref() == Some(name)
        });
        kept?.user
    }

    fn insert(&mut self, code: &NewCode, user: Option<&User>, to: EmailAddress, now: Timestamp) {
        self.last_number += 1;
        let row = CodeRow::new(code, user, to, now);
        self.rows.insert(self.last_number, row);
    }
}

impl Rooms {
    /// Deletes the codes that `is_void` says, and mails that carry them.
    pub(super) fn void(&mut self, is_void: impl Fn(&CodeRow) -> bool) {
        let mut void = Vec::new();
        self.codes.rows.retain(|_, row| {
            if is_void(row) {
                void.push(row.id);
            }
            !is_void(row)
        });
        self.outbox.forget_codes(&void);
    }

    pub(super) fn void_all_but_ways_back(&mut self, user: UserId) {
        self.void(|code| code.user == Some(user) && code.purpose != CodePurpose::RevertEmail);
    }

    fn stands(&self, row: &CodeRow, now: Timestamp) -> bool {
        let user = row.user.and_then(|user| self.users.find(user));
        row.is_good(user.map(|found| &found.user), now)
    }

    /// Is the code of that name good?
    pub(super) fn is_good(&self, id: CodeId, now: Timestamp) -> bool {
        let mut rows = self.codes.rows.values();
        rows.any(|row| row.id == id && self.stands(row, now))
    }

    /// The code that is presented, with its number, if it is good.
    fn good(&self, code: &PresentedCode, now: Timestamp) -> Option<(u64, &CodeRow)> {
        let mut rows = self.codes.rows.iter();
        let (number, row) = rows.find(|(_, row)| row.is_shown_by(code))?;
        self.stands(row, now).then_some((*number, row))
    }

    /// Likewise, for an act that wants a certain purpose, and with its user.
    fn good_of_user(
        &self,
        code: &PresentedCode,
        purpose: CodePurpose,
        now: Timestamp,
    ) -> Option<(u64, EmailAddress, UserId)> {
        let (number, row) = self.good(code, now)?;
        let user = row.user.filter(|_| row.purpose == purpose)?;
        Some((number, row.address.clone(), user))
    }

    /// Likewise, for an act that makes the code's address the user's: nobody else has it.
    fn good_for_address(
        &self,
        code: &PresentedCode,
        purpose: CodePurpose,
        now: Timestamp,
    ) -> Result<(u64, EmailAddress, UserId), EmailRefusal> {
        let found = self.good_of_user(code, purpose, now);
        let (number, to, user) = found.ok_or(EmailRefusal::CodeRefused)?;
        let name = to.canonical();
        if name.is_some_and(|name| self.is_taken(&name, Some(user), now)) {
            return Err(EmailRefusal::Taken);
        }
        Ok((number, to, user))
    }

    /// Makes a code that voids the user's older ones of its purpose.
    fn replace_code(&mut self, code: &NewCode, user: &User, to: EmailAddress, now: Timestamp) {
        self.void(|row| row.user == Some(user.id) && row.purpose == code.purpose);
        self.codes.insert(code, Some(user), to, now);
    }

    fn active_user(&self, id: UserId) -> Option<User> {
        let found = self.users.find(id)?;
        (found.user.state == UserState::Active).then(|| found.user.clone())
    }

    fn user(&self, id: UserId) -> Option<User> {
        self.users.find(id).map(|found| found.user.clone())
    }

    pub(super) fn held_codes(&self, user: UserId, now: Timestamp) -> Vec<HeldCode> {
        let of_user = self
            .codes
            .rows
            .values()
            .filter(|row| row.user == Some(user));
        of_user
            .filter(|row| self.stands(row, now))
            .map(CodeRow::held)
            .collect()
    }

    fn register(
        &mut self,
        registration: Registration,
        now: Timestamp,
    ) -> Result<User, RegistrationRefusal> {
        let invitation = match &registration.invitation {
            None => None,
            Some(code) => match self.good(code, now) {
                Some((number, row)) if row.purpose == CodePurpose::Invitation => {
                    Some((number, row.address.clone()))
                }
                _ => return Err(RegistrationRefusal::NotInvited),
            },
        };
        let mut user = self.insert_user(registration.user, now)?;
        let was_invited_there = invitation
            .as_ref()
            .is_some_and(|(_, to)| !to.is_none() && to.canonical() == user.email.canonical());
        user.language = registration.language;
        user.email_verified_at = was_invited_there.then_some(now);
        if let Some(row) = self.users.find_mut(user.id) {
            row.user = user.clone();
        }
        if let Some((number, _)) = invitation {
            self.spend(number);
        }
        if let Some(code) = registration.verification
            && !was_invited_there
            && !user.email.is_none()
        {
            self.replace_code(&code, &user, user.email.clone(), now);
            self.queue(vec![mail_of(&code, &user, None)], now);
        }
        Ok(user)
    }

    fn spend(&mut self, number: u64) {
        if let Some(row) = self.codes.rows.remove(&number) {
            self.outbox.forget_codes(&[row.id]);
        }
    }

    fn ask_for_email_change(
        &mut self,
        change: &NewEmailChange,
        now: Timestamp,
    ) -> EmailChangeAsked {
        let user = self.active_user(change.user);
        let Some(user) = user.filter(|user| user.password_version == change.version) else {
            return EmailChangeAsked::Superseded;
        };
        let canonical = change.to.canonical();
        if canonical.is_none_or(|name| self.is_taken(&name, Some(user.id), now)) {
            return EmailChangeAsked::Taken;
        }
        self.replace_code(&change.code, &user, change.to.clone(), now);
        self.queue(vec![mail_to_new_address(&user, change)], now);
        EmailChangeAsked::Queued
    }

    fn change_email(
        &mut self,
        code: &PresentedCode,
        way_back: &NewCode,
        language: Option<String>,
        now: Timestamp,
    ) -> Result<EmailChanged, EmailRefusal> {
        let (_, to, id) = self.good_for_address(code, CodePurpose::ChangeEmail, now)?;
        let before = self.user(id).ok_or(EmailRefusal::CodeRefused)?.email;
        self.void_all_but_ways_back(id);
        self.users.change_email(id, to, now);
        let user = self.user(id).ok_or(EmailRefusal::CodeRefused)?;
        if !before.is_none() {
            self.codes
                .insert(way_back, Some(&user), before.clone(), now);
            let notice = mail_to_old_address(&user, &before, way_back, language);
            self.queue(vec![notice], now);
        }
        Ok(EmailChanged { user, before })
    }

    fn revert_email(
        &mut self,
        way_back: WayBack,
        revoke: Revoke,
        now: Timestamp,
    ) -> Result<EmailReverted, EmailRefusal> {
        let code = &way_back.code;
        let (number, to, id) = self.good_for_address(code, CodePurpose::RevertEmail, now)?;
        let before = self.user(id).ok_or(EmailRefusal::CodeRefused)?.email;
        self.void_all_but_ways_back(id);
        let younger: Vec<_> = self
            .codes
            .rows
            .range(number..)
            .map(|(_, row)| row.id)
            .collect();
        self.void(|row| row.user == Some(id) && younger.contains(&row.id));
        self.users.change_email(id, to, now);
        let ended = self.set_password(id, crate::code::NO_PASSWORD.to_owned(), revoke, now);
        let user = self.user(id).ok_or(EmailRefusal::CodeRefused)?;
        self.replace_code(&way_back.reset, &user, user.email.clone(), now);
        let mail = mail_of(&way_back.reset, &user, way_back.language);
        self.queue(vec![mail], now);
        Ok(EmailReverted {
            user,
            before,
            ended,
        })
    }
}

impl CodeStore for MemoryStore {
    async fn register_user(
        &self,
        registration: Registration,
    ) -> Result<Result<User, RegistrationRefusal>, StoreError> {
        self.act(|rooms, now| Ok(rooms.register(registration, now)))
    }

    async fn insert_invitation(&self, invitation: NewInvitation) -> Result<Timestamp, StoreError> {
        self.act(|rooms, now| {
            let to = invitation.to.clone();
            if !to.is_none() {
                rooms.void(|row| {
                    row.purpose == CodePurpose::Invitation
                        && row.address.canonical() == to.canonical()
                });
                rooms.queue(vec![mail_of_invitation(&invitation)], now);
            }
            rooms.codes.insert(&invitation.code, None, to, now);
            Ok(now + invitation.code.lifetime)
        })
    }

    async fn insert_code(
        &self,
        user: UserId,
        code: NewCode,
        language: Option<String>,
    ) -> Result<bool, StoreError> {
        self.act(|rooms, now| {
            let user = rooms.active_user(user);
            let Some(user) = user.filter(|user| is_mailed_to(user, code.purpose)) else {
                return Ok(false);
            };
            rooms.replace_code(&code, &user, user.email.clone(), now);
            rooms.queue(vec![mail_of(&code, &user, language)], now);
            Ok(true)
        })
    }

    async fn insert_email_change(
        &self,
        change: NewEmailChange,
    ) -> Result<EmailChangeAsked, StoreError> {
        self.act(|rooms, now| Ok(rooms.ask_for_email_change(&change, now)))
    }

    async fn find_code(&self, code: PresentedCode) -> Result<Option<FoundCode>, StoreError> {
        self.act(|rooms, now| {
            let found = rooms.good(&code, now);
            Ok(found.map(|(_, row)| row.found(row.user.and_then(|user| rooms.user(user)))))
        })
    }

    async fn verify_email(&self, code: PresentedCode) -> Result<Option<User>, StoreError> {
        self.act(|rooms, now| {
            let Some((number, address, id)) =
                rooms.good_of_user(&code, CodePurpose::VerifyEmail, now)
            else {
                return Ok(None);
            };
            rooms.spend(number);
            rooms.users.change_email(id, address, now);
            Ok(rooms.user(id))
        })
    }

    async fn reset_password(
        &self,
        reset: NewReset,
        revoke: Revoke,
    ) -> Result<Option<PasswordReset>, StoreError> {
        self.act(|rooms, now| {
            let code = &reset.code;
            let Some((_, address, id)) = rooms.good_of_user(code, CodePurpose::ResetPassword, now)
            else {
                return Ok(None);
            };
            rooms.void_all_but_ways_back(id);
            rooms.users.change_email(id, address, now);
            let ended = rooms.set_password(id, reset.hash, revoke, now);
            rooms.queue(reset.mails, now);
            Ok(rooms.user(id).map(|user| PasswordReset { user, ended }))
        })
    }

    async fn change_email(
        &self,
        code: PresentedCode,
        way_back: NewCode,
        language: Option<String>,
    ) -> Result<Result<EmailChanged, EmailRefusal>, StoreError> {
        self.act(|rooms, now| Ok(rooms.change_email(&code, &way_back, language, now)))
    }

    async fn revert_email(
        &self,
        way_back: WayBack,
        revoke: Revoke,
    ) -> Result<Result<EmailReverted, EmailRefusal>, StoreError> {
        self.act(|rooms, now| Ok(rooms.revert_email(way_back, revoke, now)))
    }

    async fn purge_codes(&self) -> Result<u64, StoreError> {
        self.act(|rooms, now| {
            let rows = &mut rooms.codes.rows;
            let before = rows.len();
            rows.retain(|_, row| now < row.ends_at);
            Ok(u64::try_from(before - rows.len()).unwrap_or(u64::MAX))
        })
    }
}
