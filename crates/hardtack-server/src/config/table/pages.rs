//! The hosted pages.

use super::super::form::base_path;
use super::super::key::{Default, Key, Kind};

pub(super) static PAGES: &[Key] = &[
    Key {
        name: "pages.enabled",
        kind: Kind::Flag(|config| &mut config.settings.pages.enabled),
        default: Default::Is("true"),
        meaning: "Serve pages for logging in, registering and everything about an account. Off for who writes their own.",
    },
    Key {
        name: "pages.base_path",
        kind: Kind::Text {
            form: "/path without / at the end",
            put: |config, text| {
                config.settings.pages.base_path = base_path(text)?;
                Ok(())
            },
        },
        default: Default::Is("/account"),
        meaning: "Where the pages are, as a browser sees them; below `cookies.access_path` and beside `routes.base_path`.",
    },
    Key {
        name: "pages.next",
        kind: Kind::Texts {
            form: "scheme://host[:port]",
            put: |config, texts| {
                config.settings.pages.next = texts.to_vec();
                Ok(())
            },
        },
        default: Default::Is(""),
        meaning: "Origins that `next` may lead to after a login, besides our own: those of the applications that send people here.",
    },
    Key {
        name: "pages.home",
        kind: Kind::Text {
            form: "path, or address below an origin of `pages.next`",
            put: |config, text| {
                config.settings.pages.home = Some(text.to_owned());
                Ok(())
            },
        },
        default: Default::Unset("the account page"),
        meaning: "Where a login without `next` leads, and the name at the top of each page.",
    },
    Key {
        name: "pages.name",
        kind: Kind::Text {
            form: "name",
            put: |config, text| {
                if text.trim().is_empty() || text.chars().count() > 60 {
                    return Err("a name of 1 to 60 characters is wanted".to_owned());
                }
                config.settings.pages.name = Some(text.trim().to_owned());
                Ok(())
            },
        },
        default: Default::Unset("the host of `server.public_url`"),
        meaning: "What the pages call the service.",
    },
    Key {
        name: "pages.logo",
        kind: Kind::Text {
            form: "path or https address",
            put: |config, text| {
                config.settings.pages.logo = Some(text.to_owned());
                Ok(())
            },
        },
        default: Default::Unset("a padlock in the colour of `pages.accent`"),
        meaning: "The picture beside the name, 36 pixels high.",
    },
    Key {
        name: "pages.accent",
        kind: Kind::Text {
            form: "#rrggbb",
            put: |config, text| {
                config.settings.pages.accent = text.parse().map_err(|error| format!("{error}"))?;
                Ok(())
            },
        },
        default: Default::Is("#0d5c69"),
        meaning: "The colour of buttons and links on light ground. One that cannot be read there (WCAG 2.2, 4.5 to 1) is refused.",
    },
    Key {
        name: "pages.accent_dark",
        kind: Kind::Text {
            form: "#rrggbb",
            put: |config, text| {
                let colour = text.parse().map_err(|error| format!("{error}"))?;
                config.settings.pages.accent_dark = Some(colour);
                Ok(())
            },
        },
        default: Default::Unset("`pages.accent`, made as light as it must be"),
        meaning: "The same on dark ground.",
    },
    Key {
        name: "pages.terms",
        kind: Kind::Text {
            form: "path or https address",
            put: |config, text| {
                config.settings.pages.terms = Some(text.to_owned());
                Ok(())
            },
        },
        default: Default::Unset("no link"),
        meaning: "The terms of use; linked at the foot of each page and above the button that registers.",
    },
    Key {
        name: "pages.privacy",
        kind: Kind::Text {
            form: "path or https address",
            put: |config, text| {
                config.settings.pages.privacy = Some(text.to_owned());
                Ok(())
            },
        },
        default: Default::Unset("no link"),
        meaning: "What becomes of people's data.",
    },
    Key {
        name: "pages.support",
        kind: Kind::Text {
            form: "path, https address or mailto:",
            put: |config, text| {
                config.settings.pages.support = Some(text.to_owned());
                Ok(())
            },
        },
        default: Default::Unset("no link"),
        meaning: "Where somebody helps.",
    },
    Key {
        name: "pages.templates_dir",
        kind: Kind::Text {
            form: "folder",
            put: |config, text| {
                config.settings.pages.templates_dir = Some(text.into());
                Ok(())
            },
        },
        default: Default::Unset("the built-in ones"),
        meaning: "A folder with templates that stand in for ours of the same name, and with texts in `locales/` ([pages.md](pages.md)).",
    },
];
