//! The user `demo` of `--dev`.

use anyhow::{Result, bail};
use data_encoding::BASE32_NOPAD;
use hardtack::SystemEntropy;
use hardtack_core::password::{Hasher, Password};
use hardtack_core::session::RevokeReason;
use hardtack_core::user::{EmailAddress, LoginName, UserState, Username};
use hardtack_core::{Entropy as _, Secret};
use hardtack_store::{NewPassword, NewUser, PasswordChange, Revoke, SqliteStore, UserStore as _};

use crate::config::Config;

/// What it is called.
pub(super) const NAME: &str = "demo";

/// Makes the user, or gives them a new password if an earlier run did: the one that is printed
/// works. Returns the password.
pub(super) async fn prepare(store: &SqliteStore, config: &Config) -> Result<Secret<String>> {
    let mut bytes = [0; 10];
    SystemEntropy.fill(&mut bytes);
    let text = Secret::new(BASE32_NOPAD.encode(&bytes).to_ascii_lowercase());
    let password = Password::parse(text.expose_secret().clone())?;
    let hash = Hasher::new(config.settings.password.cost).hash(&password, &SystemEntropy)?;

    let username = Username::parse(NAME)?;
    let login = LoginName::NameOrEmail(username.canonical());
    let Some(found) = store.find_user_by_login(&login).await? else {
        let new = NewUser {
            username,
            email: EmailAddress::parse("demo@localhost")?,
            first_name: "Demo".to_owned(),
            last_name: String::new(),
            password_hash: hash,
        };
        store.insert_user(new).await??;
        return Ok(text);
    };
    let user = found.user;
    let revoke = Revoke {
        reason: RevokeReason::PasswordChanged,
        remembered_for: config.settings.tokens.ends_remembered_for(),
    };
    let window = config.settings.session.rotation_window;
    let new = NewPassword {
        user: user.id,
        version: None,
        hash,
        mails: Vec::new(),
    };
    let change = store.change_password(new, None, revoke, window).await?;
    if !matches!(change, PasswordChange::Changed { .. }) {
        bail!("the user {NAME} was deleted meanwhile");
    }
    if user.state == UserState::Disabled {
        store
            .set_user_state(user.id, UserState::Active, revoke)
            .await?;
    }
    Ok(text)
}
