//! Register: a new user, and a session for them.

use std::time::Duration;

use hardtack_core::event::{Event, RegistrationRefusal};
use hardtack_core::mail::{MailKind, NewMail};
use hardtack_core::one_time_code::{CodePurpose, PresentedCode};
use hardtack_core::password::{Password, PasswordFault, PersonalTexts, judge_new_password};
use hardtack_core::session::RememberMe;
use hardtack_core::throttle::ClientKey;
use hardtack_core::user::{CanonicalName, EmailAddress, LoginName, User, Username};
use hardtack_store as store;
use hardtack_store::{NameTaken, NewUser, Store};

use super::{Grant, Unavailable, see_through};
use crate::client::Client;
use crate::hardtack::Hardtack;
use crate::settings::{EmailVerification, RegistrationMode};

/// Somebody who wants to become a user. It cannot be printed.
#[derive(Debug)]
pub struct Registration {
    /// What they want to be called.
    pub username: Username,
    /// Their address. None only with an invitation, which was sent to one.
    pub email: EmailAddress,
    /// Their password.
    pub password: Password,
    /// The same again, where a form has it twice.
    pub password_again: Option<Password>,
    /// The `key` of an invitation.
    pub invitation: Option<String>,
}

/// What became of a registration.
#[derive(Debug)]
#[non_exhaustive]
pub enum Registered {
    /// There is a session.
    LoggedIn {
        /// The new user.
        user: Box<User>,
        /// Their tokens.
        grant: Box<Grant>,
    },
    /// Whoever reads the mails of that address goes on from there. Where registration is quiet,
    /// that may be somebody who has an account already.
    MailSent,
}

/// One thing that is wrong with a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistrationFault {
    /// The name is somebody else's, or somebody else's address.
    UsernameTaken,
    /// There is no address.
    EmailMissing,
    /// The address is somebody else's.
    EmailTaken,
    /// The password is not good enough.
    Password(PasswordFault),
    /// The two passwords differ.
    PasswordsDiffer,
    /// Only invited people may register, and there is no invitation.
    InvitationMissing,
    /// The invitation is not good, or no longer.
    NotInvited,
}

/// Why nobody was registered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// Nobody may.
    #[error("registration is closed")]
    Closed,
    /// All of this is wrong. Nothing was changed.
    #[error("the registration is refused")]
    Faults(Vec<RegistrationFault>),
    /// Too many from one address.
    #[error("too many registrations; wait {0:?}")]
    Throttled(Duration),
    /// Try again. If the user exists by then, log in.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl<S: Store> Hardtack<S> {
    /// Adds a user and logs them in, as [`log_in`](Self::log_in) does, replacing the sessions
    /// whose refresh tokens the request brought; or, where verification is mandatory, mails them
    /// a code and opens nothing.
    ///
    /// The form is judged by itself first: who asks which names are taken pays with a counted
    /// try. The user, the spent invitation, the code and its mail are one act; of two
    /// registrations of one name at once one wins.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub async fn register(
        &self,
        registration: Registration,
        remember_me: RememberMe,
        presented: impl Iterator<Item = &str> + Send,
        client: &Client,
    ) -> Result<Registered, RegisterError> {
        let replaced = self.sessions_of(presented);
        let settings = self.settings().registration;
        if settings.mode == RegistrationMode::Closed {
            self.note_refusal(RegistrationRefusal::Closed, client);
            return Err(RegisterError::Closed);
        }
        let faults = self.judge_form(&registration);
        if !faults.is_empty() {
            return Err(RegisterError::Faults(faults));
        }
        self.count_registration(client)?;
        self.judge_leaks(&registration).await?;

        let Registration {
            username,
            email,
            password,
            invitation,
            ..
        } = registration;
        let (invitation, invited) = self.find_invitation(invitation, client).await?;
        // Where the form has no address, the invitation has one: that was judged.
        let email = if email.is_none() { invited } else { email };
        let owner = self.verify_names(&username, &email, client).await?;

        let place = self.hash_pool().enter().map_err(Unavailable::from)?;
        let password_hash = self.hash_password(&place, password).await?;
        drop(place);
        let verification = (settings.email_verification != EmailVerification::None)
            .then(|| self.draw_code(CodePurpose::VerifyEmail));
        let is_named_like_its_address = Some(username.canonical()) == email.canonical();
        let added = self
            .add_user(
                store::Registration {
                    user: NewUser {
                        username,
                        email: email.clone(),
                        first_name: String::new(),
                        last_name: String::new(),
                        password_hash,
                    },
                    language: client.language(),
                    invitation,
                    verification,
                },
                client,
            )
            .await?;
        let user = match added {
            Ok(user) => user,
            Err(store::RegistrationRefusal::NotInvited) => {
                return Err(self.fault(RegistrationFault::NotInvited, client));
            }
            Err(store::RegistrationRefusal::Taken(NameTaken::Username))
                if !(settings.quiet && is_named_like_its_address) =>
            {
                return Err(self.fault(RegistrationFault::UsernameTaken, client));
            }
            Err(store::RegistrationRefusal::Taken(_)) if settings.quiet => {
                self.tell_owner(&email, owner, client).await?;
                return Ok(Registered::MailSent);
            }
            Err(store::RegistrationRefusal::Taken(_)) => {
                return Err(self.fault(RegistrationFault::EmailTaken, client));
            }
        };
        if self.must_verify(&user) {
            return Ok(Registered::MailSent);
        }
        let session = self.new_session(&user, remember_me, client);
        let opened = self.open_session(session, replaced, client).await?;
        // None if an operator was faster than the answer.
        let opened = opened.ok_or(Unavailable::Store)?;
        let grant = self.grant(&opened.family, opened.now)?;
        Ok(Registered::LoggedIn {
            user: Box::new(User {
                last_login_at: Some(opened.now),
                ..user
            }),
            grant: Box::new(grant),
        })
    }

    async fn add_user(
        &self,
        registration: store::Registration,
        client: &Client,
    ) -> Result<Result<User, store::RegistrationRefusal>, Unavailable> {
        let (hardtack, client) = (self.clone(), client.clone());
        see_through(async move {
            let added = hardtack.store().register_user(registration).await?;
            if let Ok(user) = &added {
                hardtack.report(&Event::UserRegistered { user: user.id }, &client);
            }
            Ok(added)
        })
        .await
    }

    /// Must this user show that their address works before there is a session? Who has none was
    /// added by an operator, who knows why.
    pub(crate) fn must_verify(&self, user: &User) -> bool {
        self.settings().registration.email_verification == EmailVerification::Mandatory
            && user.email_verified_at.is_none()
            && !user.email.is_none()
    }

    /// What is wrong with the form alone, one stage at a time as dj-rest-auth judges it: the
    /// password by itself, both of them, the password beside the name.
    fn judge_form(&self, registration: &Registration) -> Vec<RegistrationFault> {
        let mut faults = Vec::new();
        let is_invited = registration.invitation.is_some();
        if registration.email.is_none() && !is_invited {
            faults.push(RegistrationFault::EmailMissing);
        }
        if self.settings().registration.mode == RegistrationMode::Invite && !is_invited {
            faults.push(RegistrationFault::InvitationMissing);
        }
        let min_length = self.settings().password.min_length;
        let password = &registration.password;
        let judge = |about: &PersonalTexts<'_>| {
            judge_new_password(password, about, min_length)
                .into_iter()
                .map(RegistrationFault::Password)
        };
        faults.extend(judge(&PersonalTexts::default()));
        let again = registration.password_again.as_ref();
        if faults.is_empty()
            && again.is_some_and(|again| again.expose_secret() != password.expose_secret())
        {
            faults.push(RegistrationFault::PasswordsDiffer);
        }
        if faults.is_empty() {
            faults.extend(judge(&PersonalTexts {
                username: registration.username.as_str(),
                email: registration.email.as_str(),
                ..PersonalTexts::default()
            }));
        }
        faults
    }

    /// Whether the password is known to thieves. Asked only after the try was counted: it may be
    /// somebody else who has to answer.
    async fn judge_leaks(&self, registration: &Registration) -> Result<(), RegisterError> {
        let about = PersonalTexts::default();
        let faults = self
            .judge_new_password(&registration.password, &about)
            .await;
        if faults.is_empty() {
            return Ok(());
        }
        let faults = faults.into_iter().map(RegistrationFault::Password);
        Err(RegisterError::Faults(faults.collect()))
    }

    /// Every registration counts that asks whether names are taken, whatever becomes of it.
    fn count_registration(&self, client: &Client) -> Result<(), RegisterError> {
        let Some(address) = client.address.map(ClientKey::of) else {
            return Ok(());
        };
        self.throttles()
            .registrations
            .try_at(&address, self.clock().now())
            .map_err(|wait| {
                self.note_refusal(RegistrationRefusal::Throttled, client);
                RegisterError::Throttled(wait)
            })
    }

    /// The invitation as the store knows it, and the address that it was sent to. An invitation is
    /// good where none is needed, too: it shows that the address works.
    async fn find_invitation(
        &self,
        key: Option<String>,
        client: &Client,
    ) -> Result<(Option<PresentedCode>, EmailAddress), RegisterError> {
        let Some(key) = key else {
            return Ok((None, EmailAddress::none()));
        };
        let code = PresentedCode::parse_key(CodePurpose::Invitation, &key);
        let code = code.map_err(|_| self.fault(RegistrationFault::NotInvited, client))?;
        let found = self.store().find_code(code).await;
        let found = found.map_err(Unavailable::from)?;
        let found = found.ok_or_else(|| self.fault(RegistrationFault::NotInvited, client))?;
        Ok((Some(code), found.address))
    }

    /// Are both names free, as far as can be seen before the password is hashed? Whoever else has
    /// the address is told of, where nobody else must learn of them.
    async fn verify_names(
        &self,
        username: &Username,
        email: &EmailAddress,
        client: &Client,
    ) -> Result<Option<User>, RegisterError> {
        let is_named_like_its_address = Some(username.canonical()) == email.canonical();
        // A name that is an address is the name that the owner of that address will log in by
        // (CVE-2026-19607).
        let is_anothers_address = username.is_address() && !is_named_like_its_address;
        let named = self
            .find_by(LoginName::NameOrEmail(username.canonical()))
            .await?;
        let owner = match email.canonical() {
            Some(email) => self.find_by(LoginName::Email(email)).await?,
            None => None,
        };
        let is_quiet = self.settings().registration.quiet;
        let mut faults = Vec::new();
        if email.is_none() {
            faults.push(RegistrationFault::EmailMissing);
        }
        if is_anothers_address || named.is_some() && !(is_quiet && is_named_like_its_address) {
            faults.push(RegistrationFault::UsernameTaken);
        }
        if owner.is_some() && !is_quiet {
            faults.push(RegistrationFault::EmailTaken);
        }
        if faults.is_empty() {
            return Ok(owner);
        }
        for fault in &faults {
            self.note_fault(fault, client);
        }
        Err(RegisterError::Faults(faults))
    }

    async fn find_by(&self, name: LoginName) -> Result<Option<User>, Unavailable> {
        let found = self.store().find_user_by_login(&name).await?;
        Ok(found.map(|found| found.user))
    }

    /// Tells the owner of an address that somebody tried to register it once more.
    async fn tell_owner(
        &self,
        typed: &EmailAddress,
        owner: Option<User>,
        client: &Client,
    ) -> Result<(), Unavailable> {
        self.note_fault(&RegistrationFault::EmailTaken, client);
        let typed: Option<CanonicalName> = typed.canonical();
        let may_be_mailed =
            typed.is_some_and(|typed| self.may_mail_to(CodePurpose::VerifyEmail, typed));
        if let Some(owner) = owner.filter(|_| may_be_mailed) {
            let mail = NewMail {
                to: owner.email,
                user: Some(owner.id),
                language: owner.language,
                kind: MailKind::AlreadyRegistered,
            };
            self.store().queue_mail(vec![mail]).await?;
        }
        Ok(())
    }

    fn fault(&self, fault: RegistrationFault, client: &Client) -> RegisterError {
        self.note_fault(&fault, client);
        RegisterError::Faults(vec![fault])
    }

    fn note_fault(&self, fault: &RegistrationFault, client: &Client) {
        let reason = match fault {
            RegistrationFault::UsernameTaken => RegistrationRefusal::UsernameTaken,
            RegistrationFault::EmailTaken => RegistrationRefusal::EmailTaken,
            RegistrationFault::NotInvited => RegistrationRefusal::NotInvited,
            // A form that was not filled in is nobody's concern.
            _ => return,
        };
        self.note_refusal(reason, client);
    }

    fn note_refusal(&self, reason: RegistrationRefusal, client: &Client) {
        self.report(&Event::RegistrationRefused { reason }, client);
    }
}
