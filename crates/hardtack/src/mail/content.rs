//! What a mail's templates are given.

use hardtack_core::Timestamp;
use hardtack_core::mail::{MailKind, NewMail};
use hardtack_core::one_time_code::{CodeKey, CodePurpose, OneTimeCode, uid};
use jiff::fmt::strtime;
use serde::Serialize;

use crate::settings::{LinkTo, Settings};
use crate::translation::Language;

/// What the test mail's templates are called.
pub(super) const TEST: &str = "test";

/// The variables of a template. Each is there in every mail; one that has no value is none.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Content {
    /// For `t()`, and `lang`.
    pub(super) language: &'static str,
    /// `dir`.
    pub(super) direction: &'static str,
    pub(super) service: String,
    pub(super) accent: String,
    pub(super) accent_dark: String,
    pub(super) home: String,
    pub(super) devices: String,
    pub(super) recovery: String,
    pub(super) login: String,
    /// The subject, once it is known.
    pub(super) subject: String,
    /// Whom it greets.
    pub(super) name: Option<String>,
    pub(super) link: Option<String>,
    pub(super) hours: Option<u64>,
    pub(super) days: Option<u64>,
    pub(super) device: Option<String>,
    pub(super) address: Option<String>,
    pub(super) at: Option<String>,
    pub(super) new_address: Option<String>,
}

impl Content {
    /// What every mail has.
    pub(super) fn of_service(settings: &Settings, language: Language) -> Self {
        let origin = settings.public_url.origin();
        let host = origin.split_once("://").map_or(origin, |(_, host)| host);
        let pages = &settings.pages;
        let page = |path: &str| {
            if pages.enabled {
                format!("{origin}{}{path}", pages.base_path)
            } else {
                // Where the application's own pages are, only the application knows.
                origin.to_owned()
            }
        };
        Self {
            language: language.tag(),
            direction: language.direction().as_str(),
            service: pages.name.as_deref().unwrap_or(host).to_owned(),
            accent: pages.accent.to_string(),
            accent_dark: pages.accent_in_the_dark().to_string(),
            home: origin.to_owned(),
            devices: page("/devices/"),
            recovery: page("/forgot/"),
            login: page("/login/"),
            subject: String::new(),
            name: None,
            link: None,
            hours: None,
            days: None,
            device: None,
            address: None,
            at: None,
            new_address: None,
        }
    }

    /// What this mail has besides.
    pub(super) fn of_mail(
        settings: &Settings,
        codes: &CodeKey,
        mail: &NewMail,
        queued_at: Timestamp,
        name: Option<&str>,
    ) -> Self {
        let language = Language::choose(mail.language.as_deref(), None);
        let mut content = Self::of_service(settings, language);
        content.name = name.map(ToOwned::to_owned);
        if let Some((purpose, id)) = mail.kind.code() {
            let code = OneTimeCode::derive(codes, purpose, id);
            content.link = Some(link(settings, purpose, &code, mail, queued_at));
            let hours = purpose.lifetime().as_secs() / 3_600;
            content.hours = Some(hours);
            content.days = (hours >= 48).then_some(hours / 24);
        }
        match &mail.kind {
            MailKind::EmailChanged { new_address, .. } => {
                content.new_address = Some(new_address.clone());
            }
            MailKind::NewDevice {
                device,
                address,
                at,
            } => {
                content.device = Some(device.clone());
                content.address = Some(address.clone()).filter(|address| !address.is_empty());
                content.at = Some(minute(*at));
            }
            MailKind::SessionEndedCopied { device, at } => {
                content.device.clone_from(device);
                content.at = Some(minute(*at));
            }
            MailKind::VerifyEmail { .. }
            | MailKind::ResetPassword { .. }
            | MailKind::ConfirmNewEmail { .. }
            | MailKind::PasswordChanged
            | MailKind::AlreadyRegistered
            | MailKind::Invitation { .. } => {}
        }
        content
    }
}

fn link(
    settings: &Settings,
    purpose: CodePurpose,
    code: &OneTimeCode,
    mail: &NewMail,
    queued_at: Timestamp,
) -> String {
    let key = code.to_key();
    let key = key.expose_secret().as_str();
    match purpose {
        CodePurpose::VerifyEmail => settings.link(LinkTo::VerifyEmail { key }),
        CodePurpose::ChangeEmail => settings.link(LinkTo::ChangeEmail { key }),
        CodePurpose::RevertEmail => settings.link(LinkTo::RevertEmail { key }),
        CodePurpose::Invitation => settings.link(LinkTo::Invitation { key }),
        CodePurpose::ResetPassword => settings.link(LinkTo::ResetPassword {
            uid: &mail.user.map(uid).unwrap_or_default(),
            token: code.to_token(queued_at).expose_secret(),
        }),
    }
}

/// `2026-11-22 09:06 UTC`: digits that mean the same everywhere, in the one zone that is known.
fn minute(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_microsecond(at.unix_micros()).unwrap_or(jiff::Timestamp::MAX);
    strtime::format("%Y-%m-%d %H:%M UTC", at).unwrap_or_default()
}
