//! What a form sent, and what is wrong with it, in words that are told beside its fields.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts as _, Request};
use hardtack_core::csrf::token::CsrfToken;
use hardtack_core::password::{Password, PasswordError, PasswordFault};
use hardtack_store::Store;
use minijinja::Value;

use super::Hosted;
use super::fault::PageFault;
use super::templates::Templates;
use super::visit::{Member, Visit};
use crate::flow::ProofError;
use crate::http::fields::{Fields, TextRule};
use crate::translation::{Argument, Language};

/// The fields of a form. Absent ones are empty, as a browser's are.
#[derive(Debug)]
pub(super) struct Form(Fields);

/// A form that acts on no session: log in, register, the mails that anybody may ask for, and what the
/// code of a mail allows. Whoever logged in in another tab meanwhile has a session that the form
/// knows nothing of, so no token is asked for; where it came from was asked before.
#[derive(Debug)]
pub(super) struct OpenForm {
    pub(super) visit: Visit,
    pub(super) sent: Form,
}

/// A form of somebody who is logged in; everybody else is sent to where they can be.
#[derive(Debug)]
pub(super) struct MemberForm {
    pub(super) visit: Visit,
    pub(super) member: Member,
    pub(super) sent: Form,
}

impl<S: Store> FromRequest<Hosted<S>> for OpenForm {
    type Rejection = PageFault;

    async fn from_request(request: Request, hosted: &Hosted<S>) -> Result<Self, PageFault> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, hosted).await?;
        let sent = Form::read_without_token(hosted, &visit, body).await?;
        Ok(Self { visit, sent })
    }
}

impl<S: Store> FromRequest<Hosted<S>> for MemberForm {
    type Rejection = PageFault;

    async fn from_request(request: Request, hosted: &Hosted<S>) -> Result<Self, PageFault> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, hosted).await?;
        let member = visit.member(hosted).await?;
        let sent = Form::read(hosted, &visit, body).await?;
        Ok(Self {
            visit,
            member,
            sent,
        })
    }
}

/// What is wrong, by field, in the order in which the form has them.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

#[derive(Debug)]
struct Fault {
    field: &'static str,
    text: &'static str,
    arguments: Vec<(&'static str, Argument)>,
}

/// The field of what is wrong with a form as a whole.
pub(super) const WHOLE: &str = "form";

impl Form {
    /// Reads a form that a page of ours sent. Where the double-submit token is demanded, forms of
    /// somebody who is logged in carry it in a field, for no script writes headers for them. It is
    /// bound to the session, so nobody else can make one.
    pub(super) async fn read<S: Store>(
        hosted: &Hosted<S>,
        visit: &Visit,
        body: Body,
    ) -> Result<Self, PageFault> {
        let hardtack = &hosted.hardtack;
        let mut form = Self::read_without_token(hosted, visit, body).await?;
        if let Some(caller) = visit.caller
            && hardtack.settings().csrf.double_submit
        {
            let token = form.secret("csrf");
            CsrfToken::verify(hardtack.csrf_key(), caller.session, &token, &token)
                .map_err(|_| PageFault::Forged)?;
        }
        Ok(form)
    }

    /// Reads what [`OpenForm`] is for.
    pub(super) async fn read_without_token<S: Store>(
        hosted: &Hosted<S>,
        visit: &Visit,
        body: Body,
    ) -> Result<Self, PageFault> {
        let limits = &hosted.hardtack.settings().limits;
        Ok(Self(Fields::read(&visit.headers, body, limits).await?))
    }

    /// A text without the white space around it. What has a NUL in it came from no form.
    pub(super) fn text(&mut self, name: &'static str) -> String {
        self.0.text(name, TextRule::OPTIONAL).unwrap_or_default()
    }

    /// A text as it was typed.
    pub(super) fn secret(&mut self, name: &'static str) -> String {
        let rule = TextRule {
            trim: false,
            ..TextRule::OPTIONAL
        };
        self.0.text(name, rule).unwrap_or_default()
    }

    /// Is the box ticked?
    pub(super) fn ticked(&mut self, name: &'static str) -> bool {
        self.0.flag(name) == Some(true)
    }

    /// A password that must be there.
    pub(super) fn password(&mut self, name: &'static str, faults: &mut Faults) -> Option<Password> {
        let typed = self.secret(name);
        if typed.is_empty() {
            faults.add(name, "error-required");
            return None;
        }
        match Password::parse(typed) {
            Ok(password) => Some(password),
            Err(PasswordError::TooLong) => {
                let longest = u64::try_from(Password::MAX_CHARS).unwrap_or(u64::MAX);
                faults.add_with(name, "error-too-long", vec![("longest", longest.into())]);
                None
            }
            Err(_) => {
                faults.add(name, "error-unreadable");
                None
            }
        }
    }

    /// A new password, typed once: it can be looked at.
    pub(super) fn new_password(&mut self, faults: &mut Faults) -> Option<Password> {
        self.password("new_password", faults)
    }
}

impl Faults {
    pub(super) fn add(&mut self, field: &'static str, text: &'static str) {
        self.add_with(field, text, Vec::new());
    }

    pub(super) fn add_with(
        &mut self,
        field: &'static str,
        text: &'static str,
        arguments: Vec<(&'static str, Argument)>,
    ) {
        self.0.push(Fault {
            field,
            text,
            arguments,
        });
    }

    /// What the policy says about a new password.
    pub(super) fn add_password_faults(&mut self, field: &'static str, found: &[PasswordFault]) {
        for fault in found {
            match fault {
                PasswordFault::TooSimilar { .. } => self.add(field, "error-password-similar"),
                PasswordFault::TooShort { min } => {
                    let least = u64::try_from(*min).unwrap_or(u64::MAX);
                    self.add_with(field, "error-password-short", vec![("least", least.into())]);
                }
                PasswordFault::TooCommon => self.add(field, "error-password-common"),
                PasswordFault::EntirelyNumeric => self.add(field, "error-password-numeric"),
                PasswordFault::Breached => self.add(field, "error-password-breached"),
                _ => self.add(field, "error-password-refused"),
            }
        }
    }

    /// What a password that proves who is there was not; or the page that stands in for the form.
    pub(super) fn add_proof(&mut self, error: &ProofError) -> Result<(), PageFault> {
        match error {
            ProofError::Wrong => {
                self.add("password", "error-old-password");
                Ok(())
            }
            // Whoever asks again is shown the login.
            ProofError::UserGone => Err(PageFault::NotFound),
            ProofError::Throttled(wait) => Err(PageFault::Throttled(*wait)),
            ProofError::Unavailable(unavailable) => Err((*unavailable).into()),
        }
    }

    /// One fault of the form as a whole.
    pub(super) fn whole(text: &'static str) -> Self {
        let mut faults = Self::default();
        faults.add(WHOLE, text);
        faults
    }

    /// Is this text among them?
    pub(super) fn has(&self, text: &str) -> bool {
        self.0.iter().any(|fault| fault.text == text)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In words, by field; and `first`, the field to start with.
    pub(super) fn told(&self, templates: &Templates, language: Language) -> Value {
        let mut told: Vec<(&str, Value)> = Vec::new();
        for Fault { field, .. } in &self.0 {
            if told.iter().any(|(known, _)| known == field) {
                continue;
            }
            let of_field = self.0.iter().filter(|fault| fault.field == *field);
            let texts: Vec<String> = of_field
                .map(|fault| templates.text(language, fault.text, &fault.arguments))
                .collect();
            told.push((field, Value::from(texts)));
        }
        let mut fields = self.0.iter().map(|fault| fault.field);
        let first = fields.find(|field| *field != WHOLE).or(
            // Nothing beside a field: the whole is told at the top, and the form decides.
            (!self.0.is_empty()).then_some(WHOLE),
        );
        told.push(("first", Value::from(first.unwrap_or_default())));
        Value::from(told.into_iter().collect::<BTreeMap<_, _>>())
    }
}
