//! Other systems, as tables of settings.

use std::time::Duration;

use super::{
    ErrorShape, MessageShape, MissingRefreshStatus, RefusedLoginStatus, SameSite, Settings,
    TokenShape, TokensInBody, UserFields, UserKey,
};

/// A system whose front-ends work unchanged (docs/compatibility.md): its routes, its cookies, its
/// bodies. It is nothing but settings, and each can be changed afterwards.
///
/// Where that system is weak, no preset follows it (docs/contract.md §10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Preset {
    /// Hardtack's own defaults: dj-rest-auth's wire, without tokens in bodies.
    #[default]
    Hardtack,
    /// dj-rest-auth with `SimpleJWT` in cookies.
    DjRestAuth,
    /// The two-part tutorial with an `accounts` application.
    DrfJwtHttponlyCookie,
    /// The tutorial with `/refresh-token/` and a middleware that renews.
    SimplejwtActivity,
}

impl Preset {
    /// All of them, with the words that `hardtack.toml` has for them.
    pub const ALL: [(&str, Self); 4] = [
        ("hardtack", Self::Hardtack),
        ("dj-rest-auth", Self::DjRestAuth),
        ("drf-jwt-httponly-cookie", Self::DrfJwtHttponlyCookie),
        ("simplejwt-activity", Self::SimplejwtActivity),
    ];
}

impl Settings {
    /// These settings with those of `preset` over them.
    #[must_use]
    pub fn with_preset(mut self, preset: Preset) -> Self {
        match preset {
            Preset::Hardtack => {}
            Preset::DjRestAuth => self.tokens.in_body = TokensInBody::Access,
            Preset::DrfJwtHttponlyCookie => self.become_drf_jwt_httponly_cookie(),
            Preset::SimplejwtActivity => self.become_simplejwt_activity(),
        }
        self
    }

    fn become_drf_jwt_httponly_cookie(&mut self) {
        "/accounts/auth".clone_into(&mut self.base_path);
        "refresh_token".clone_into(&mut self.routes.refresh);
        "/accounts/user".clone_into(&mut self.routes.user);
        "/accounts/csrf_token".clone_into(&mut self.routes.csrf);
        "access_token".clone_into(&mut self.cookies.access_name);
        "refresh_token".clone_into(&mut self.cookies.refresh_name);
        self.cookies.refresh_path = Some("/accounts/auth/".to_owned());
        self.session.lifetime.idle_timeout = Duration::from_secs(30 * 86_400);
        self.csrf.double_submit = true;
        self.csrf.exempt_refresh = true;
        self.response.login = TokenShape::Empty;
        self.response.refresh = TokenShape::Empty;
        self.response.logout = MessageShape::Empty;
        self.response.missing_refresh_status = MissingRefreshStatus::Forbidden;
        self.response.refused_login_status = RefusedLoginStatus::Forbidden;
        self.response.user_key = UserKey::Id;
        self.response.user_fields = UserFields {
            email: false,
            ..UserFields::default()
        };
    }

    fn become_simplejwt_activity(&mut self) {
        "/refresh-token".clone_into(&mut self.routes.refresh);
        "access_token".clone_into(&mut self.cookies.access_name);
        "refresh_token".clone_into(&mut self.cookies.refresh_name);
        self.cookies.same_site = SameSite::Strict;
        self.cookies.refresh_path = Some("/".to_owned());
        self.tokens.in_body = TokensInBody::Access;
        self.session.sliding = true;
        self.response.refresh = TokenShape::AccessToken;
        self.response.error = ErrorShape::Error;
        self.response.missing_refresh_status = MissingRefreshStatus::BadRequest;
    }
}

#[cfg(test)]
mod tests {
    use super::super::PublicUrl;
    use super::*;

    #[test]
    fn no_preset_contradicts_itself() {
        for (name, preset) in Preset::ALL {
            let settings = Settings::new(PublicUrl::parse("https://app.example.com").unwrap());
            assert_eq!(settings.with_preset(preset).verify(), Ok(()), "{name}");
        }
    }
}
