//! Who may become a user, and where the links in mails lead.

use hardtack::settings::{EmailVerification, LinkPath, RegistrationMode};

use super::super::key::{Default, Key, Kind};

pub(super) static REGISTRATION: &[Key] = &[
    Key {
        name: "registration.mode",
        kind: Kind::Choice(&[
            ("open", |config| {
                config.settings.registration.mode = RegistrationMode::Open;
            }),
            ("closed", |config| {
                config.settings.registration.mode = RegistrationMode::Closed;
            }),
            ("invite", |config| {
                config.settings.registration.mode = RegistrationMode::Invite;
            }),
        ]),
        default: Default::Is("open"),
        meaning: "Who may become a user: everybody, nobody (`hardtack user add`), or who got an invitation (`hardtack user invite`).",
    },
    Key {
        name: "registration.email_verification",
        kind: Kind::Choice(&[
            ("none", |config| {
                config.settings.registration.email_verification = EmailVerification::None;
            }),
            ("optional", |config| {
                config.settings.registration.email_verification = EmailVerification::Optional;
            }),
            ("mandatory", |config| {
                config.settings.registration.email_verification = EmailVerification::Mandatory;
            }),
        ]),
        default: Default::Is("optional"),
        meaning: "Whether a new user's address must be shown to work: nobody is asked, a mail asks, or nobody logs in before it is. Users that an operator adds with an address count as verified.",
    },
    Key {
        name: "registration.quiet",
        kind: Kind::Flag(|config| &mut config.settings.registration.quiet),
        default: Default::Is("false"),
        meaning: "Answer a registration with somebody's address like any other and send the owner a mail instead, so that nobody learns who is a user. Needs `registration.email_verification = \"mandatory\"`.",
    },
];

const KEY: &[&str] = &["key"];

pub(super) static LINKS: &[Key] = &[
    Key {
        name: "links.verify_email",
        kind: Kind::Text {
            form: "path with {key}",
            put: |config, text| {
                config.settings.links.verify_email = Some(LinkPath::parse(text, KEY)?);
                Ok(())
            },
        },
        default: Default::Unset("below `pages.base_path`: `/account/verify/{key}/`"),
        meaning: "The page below `server.public_url` that the link in a verification mail opens; it posts `key` to `registration/verify-email/`.",
    },
    Key {
        name: "links.reset_password",
        kind: Kind::Text {
            form: "path with {uid} and {token}",
            put: |config, text| {
                config.settings.links.reset_password =
                    Some(LinkPath::parse(text, &["uid", "token"])?);
                Ok(())
            },
        },
        default: Default::Unset("below `pages.base_path`: `/account/reset/{uid}/{token}/`"),
        meaning: "The page for a forgotten password; it posts `uid`, `token` and the new password to `password/reset/confirm/`.",
    },
    Key {
        name: "links.change_email",
        kind: Kind::Text {
            form: "path with {key}",
            put: |config, text| {
                config.settings.links.change_email = Some(LinkPath::parse(text, KEY)?);
                Ok(())
            },
        },
        default: Default::Unset("below `pages.base_path`: `/account/email/confirm/{key}/`"),
        meaning: "The page that a new address is confirmed on; it posts `key` to `email/change/confirm/`.",
    },
    Key {
        name: "links.revert_email",
        kind: Kind::Text {
            form: "path with {key}",
            put: |config, text| {
                config.settings.links.revert_email = Some(LinkPath::parse(text, KEY)?);
                Ok(())
            },
        },
        default: Default::Unset("below `pages.base_path`: `/account/email/revert/{key}/`"),
        meaning: "The page by which the owner of an old address takes it back; it posts `key` to `email/change/revert/`.",
    },
    Key {
        name: "links.invitation",
        kind: Kind::Text {
            form: "path with {key}",
            put: |config, text| {
                config.settings.links.invitation = Some(LinkPath::parse(text, KEY)?);
                Ok(())
            },
        },
        default: Default::Unset("below `pages.base_path`: `/account/register/{key}/`"),
        meaning: "The page that an invitation opens; it posts `key` as `invitation` to `registration/`, with the rest of the form.",
    },
];
