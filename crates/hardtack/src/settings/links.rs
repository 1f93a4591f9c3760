//! Where the links in mails lead.

use super::{PublicUrl, Settings, SettingsError};

/// The path of a page that a link in a mail opens, below the public URL, with a place for each
/// secret of the link: `/account/verify/{key}/`, `/#/reset?uid={uid}&token={token}`.
///
/// The origin is never part of it: it is the configured public URL's and nothing that a request
/// says can change it (GHSA-3529-5m8x-rpv3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkPath(String);

impl LinkPath {
    /// Reads `text`, which must have each of `places` exactly once and no other.
    ///
    /// # Errors
    /// What would be right.
    pub fn parse(text: &str, places: &[&str]) -> Result<Self, String> {
        let wanted = places
            .iter()
            .map(|place| format!("{{{place}}}"))
            .collect::<Vec<_>>()
            .join(" and ");
        let each_once = places
            .iter()
            .all(|place| text.matches(&format!("{{{place}}}")).count() == 1);
        if !each_once || text.matches(['{', '}']).count() != 2 * places.len() {
            return Err(format!(
                "{text:?} must have {wanted} once, and no other braces"
            ));
        }
        // `//host` and `/\host` are other hosts to a browser.
        let leads_elsewhere = text.starts_with("//") || text.contains('\\');
        let fits = |byte: u8| byte.is_ascii_graphic() && !b"\"<>`^|".contains(&byte);
        if !text.starts_with('/') || leads_elsewhere || !text.bytes().all(fits) {
            return Err(format!(
                "{text:?} is not a path below the public URL, as in /account/page/{wanted}/"
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// As it was written, with its places.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The link below `public_url`, each place filled with its value. The values are ours and safe
    /// in a URL: letters, digits and `- _ . :`.
    fn fill(&self, public_url: &PublicUrl, values: &[(&str, &str)]) -> String {
        let path = values.iter().fold(self.0.clone(), |path, (place, value)| {
            path.replace(&format!("{{{place}}}"), value)
        });
        format!("{}{path}", public_url.origin())
    }
}

/// Where the links in mails lead. `None` is the page of Hardtack itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct LinkSettings {
    /// The page that posts `key` to `registration/verify-email/`.
    pub verify_email: Option<LinkPath>,
    /// The page that posts `uid`, `token` and the new password to `password/reset/confirm/`.
    pub reset_password: Option<LinkPath>,
    /// The page that posts `key` to `email/change/confirm/`.
    pub change_email: Option<LinkPath>,
    /// The page that posts `key` to `email/change/revert/`.
    pub revert_email: Option<LinkPath>,
    /// The page that registers with `invitation`.
    pub invitation: Option<LinkPath>,
}

/// What a link is for, and the secrets in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkTo<'a> {
    /// Show that the address of a new user works.
    VerifyEmail {
        /// For `registration/verify-email/`.
        key: &'a str,
    },
    /// Choose a new password.
    ResetPassword {
        /// For `password/reset/confirm/`.
        uid: &'a str,
        /// Likewise.
        token: &'a str,
    },
    /// Show that the new address works.
    ChangeEmail {
        /// For `email/change/confirm/`.
        key: &'a str,
    },
    /// Take the old address back.
    RevertEmail {
        /// For `email/change/revert/`.
        key: &'a str,
    },
    /// Become a user.
    Invitation {
        /// For `registration/`.
        key: &'a str,
    },
}

impl Settings {
    /// The whole link, as it stands in a mail.
    #[must_use]
    pub fn link(&self, to: LinkTo<'_>) -> String {
        let links = &self.links;
        let (path, own) = match to {
            LinkTo::VerifyEmail { .. } => (&links.verify_email, "/verify/{key}/"),
            LinkTo::ResetPassword { .. } => (&links.reset_password, "/reset/{uid}/{token}/"),
            LinkTo::ChangeEmail { .. } => (&links.change_email, "/email/confirm/{key}/"),
            LinkTo::RevertEmail { .. } => (&links.revert_email, "/email/revert/{key}/"),
            LinkTo::Invitation { .. } => (&links.invitation, "/register/{key}/"),
        };
        let path = path
            .clone()
            .unwrap_or_else(|| LinkPath(format!("{}{own}", self.pages.base_path)));
        match to {
            LinkTo::VerifyEmail { key }
            | LinkTo::ChangeEmail { key }
            | LinkTo::RevertEmail { key }
            | LinkTo::Invitation { key } => path.fill(&self.public_url, &[("key", key)]),
            LinkTo::ResetPassword { uid, token } => {
                path.fill(&self.public_url, &[("uid", uid), ("token", token)])
            }
        }
    }
}

impl LinkSettings {
    /// The keys and their places.
    fn rows(&self) -> [(&'static str, Option<&LinkPath>, &'static [&'static str]); 5] {
        const KEY: &[&str] = &["key"];
        [
            ("links.verify_email", self.verify_email.as_ref(), KEY),
            (
                "links.reset_password",
                self.reset_password.as_ref(),
                &["uid", "token"],
            ),
            ("links.change_email", self.change_email.as_ref(), KEY),
            ("links.revert_email", self.revert_email.as_ref(), KEY),
            ("links.invitation", self.invitation.as_ref(), KEY),
        ]
    }

    pub(super) fn verify(&self) -> Result<(), SettingsError> {
        for (key, path, places) in self.rows() {
            if let Some(path) = path {
                LinkPath::parse(path.as_str(), places)
                    .map_err(|problem| SettingsError { key, problem })?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_our_own_pages_unless_told_otherwise() {
        let public_url = PublicUrl::parse("https://app.example.com").unwrap();
        let mut settings = Settings::new(public_url);
        let reset = LinkTo::ResetPassword {
            uid: "1",
            token: "2-3",
        };
        assert_eq!(
            settings.link(reset),
            "https://app.example.com/account/reset/1/2-3/"
        );
        settings.pages.base_path = "/me".to_owned();
        assert_eq!(
            settings.link(reset),
            "https://app.example.com/me/reset/1/2-3/"
        );
        let path = LinkPath::parse("/#/reset?t={token}&u={uid}", &["uid", "token"]).unwrap();
        settings.links.reset_password = Some(path);
        assert_eq!(
            settings.link(reset),
            "https://app.example.com/#/reset?t=2-3&u=1"
        );
    }

    #[test]
    fn a_link_stays_below_the_public_url() {
        let public_url = PublicUrl::parse("https://app.example.com").unwrap();
        for (path, link) in [
            (
                "/account/verify/{key}/",
                "https://app.example.com/account/verify/a-b_c/",
            ),
            (
                "/#/verify?key={key}",
                "https://app.example.com/#/verify?key=a-b_c",
            ),
        ] {
            let path = LinkPath::parse(path, &["key"]).unwrap();
            assert_eq!(path.fill(&public_url, &[("key", "a-b_c")]), link);
        }
        for bad in [
            "",
            "verify/{key}",
            "//evil.example/{key}",
            "/\\evil.example/{key}",
            "https://evil.example/{key}",
            "@evil.example/{key}",
            "/verify/",
            "/verify/{key}/{key}",
            "/verify/{key}/{token}",
            "/verify/{key}}",
            "/ver ify/{key}",
            "/verify/{key}\r\nBcc: x",
            "/verify/{key}<",
        ] {
            assert!(LinkPath::parse(bad, &["key"]).is_err(), "{bad:?}");
        }
    }
}
