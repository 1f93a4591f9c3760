//! `hardtack user invite`: lets somebody register.

use anyhow::{Context as _, Result, bail};
use hardtack::SystemEntropy;
use hardtack::settings::{LinkTo, RegistrationMode};
use hardtack::translation::Language;
use hardtack_core::event::Event;
use hardtack_core::one_time_code::{CodeKey, CodePurpose, NewCode, OneTimeCode};
use hardtack_core::user::{CanonicalName, EmailAddress, LoginName};
use hardtack_store::{CodeStore as _, NewInvitation, SqliteStore, UserStore as _};
use serde_json::json;

use super::super::keep;
use crate::config::Loaded;
use crate::config::mail::MailTransport;
use crate::data_dir::DataDir;
use crate::pepper_file;
use crate::terminal::{Terminal, shown};
use crate::timestamp::iso;

/// Mails an invitation to `email`, or prints its link where there is none.
pub(super) async fn invite(
    store: &SqliteStore,
    email: Option<String>,
    language: Option<String>,
    loaded: &Loaded,
    terminal: Terminal,
) -> Result<()> {
    let settings = &loaded.config.settings;
    if settings.registration.mode == RegistrationMode::Closed {
        bail!(
            "registration.mode is \"closed\", so that nobody could use an invitation; set it to \"invite\""
        );
    }
    if !loaded.config.public_url_given {
        bail!("server.public_url is not set, and the link begins with it");
    }
    let to = match &email {
        None => EmailAddress::none(),
        Some(email) => address(store, email).await?,
    };
    if let Some(language) = &language
        && Language::parse(language).is_none()
    {
        bail!("{language:?} is none of the languages en, es, fa and zh");
    }
    if email.is_some() && loaded.config.mail.transport == MailTransport::None {
        bail!(
            "mail.transport is \"none\", so that the invitation would never arrive; set it to \"smtp\" or \"directory\", or leave the address out to get a link"
        );
    }
    let data_dir = DataDir::open(&loaded.config.server.data_dir)?;
    let named = loaded.config.keys.pepper_file.as_deref();
    let (pepper, _) = pepper_file::load_or_create(&data_dir, named, &SystemEntropy)?;
    let key = CodeKey::new(&pepper);
    let code = NewCode::draw(&key, CodePurpose::Invitation, &SystemEntropy);
    let invitation = NewInvitation { code, to, language };
    let ends_at = store.insert_invitation(invitation).await?;
    keep(store, loaded, &[Event::UserInvited]).await?;
    let ends_at = iso(ends_at);
    if let Some(email) = email {
        return terminal.say(
            &format!(
                "an invitation for {} is queued, good until {ends_at}",
                shown(&email)
            ),
            &json!({ "email": email, "ends_at": ends_at }),
        );
    }
    let secret = OneTimeCode::derive(&key, CodePurpose::Invitation, code.id).to_key();
    let link = settings.link(LinkTo::Invitation {
        key: secret.expose_secret(),
    });
    terminal.say(
        &format!("{link}\ngood once, until {ends_at}, for whoever has it"),
        &json!({ "link": link, "ends_at": ends_at }),
    )
}

/// An address that nobody has: who has one needs no invitation.
async fn address(store: &SqliteStore, text: &str) -> Result<EmailAddress> {
    let email = EmailAddress::parse(&text.to_lowercase())
        .with_context(|| format!("the address {text:?}"))?;
    if email.is_none() {
        bail!("the address is empty; leave it out to get a link");
    }
    let name = LoginName::NameOrEmail(CanonicalName::of(email.as_str()));
    if store.find_user_by_login(&name).await?.is_some() {
        bail!("{} is a user already", shown(text));
    }
    Ok(email)
}
