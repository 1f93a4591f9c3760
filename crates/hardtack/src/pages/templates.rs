//! The templates, built in and replaced, with the texts of every language.

use std::fs;
use std::io;
use std::path::Path;

use minijinja::{Environment, Error, UndefinedBehavior, Value};

use crate::settings::SettingsError;
use crate::translation::{Argument, Language, Translations, add_translations};

/// Every template that a page is made of.
const BUILT_IN: [(&str, &str); 19] = [
    (
        "layout.html",
        include_str!("../../templates/pages/layout.html"),
    ),
    (
        "account.html",
        include_str!("../../templates/pages/account.html"),
    ),
    ("form.html", include_str!("../../templates/pages/form.html")),
    (
        "check-mail.html",
        include_str!("../../templates/pages/check-mail.html"),
    ),
    (
        "closed.html",
        include_str!("../../templates/pages/closed.html"),
    ),
    (
        "confirm.html",
        include_str!("../../templates/pages/confirm.html"),
    ),
    ("data.html", include_str!("../../templates/pages/data.html")),
    (
        "delete.html",
        include_str!("../../templates/pages/delete.html"),
    ),
    (
        "devices.html",
        include_str!("../../templates/pages/devices.html"),
    ),
    (
        "email.html",
        include_str!("../../templates/pages/email.html"),
    ),
    (
        "fault.html",
        include_str!("../../templates/pages/fault.html"),
    ),
    (
        "forgot.html",
        include_str!("../../templates/pages/forgot.html"),
    ),
    (
        "login.html",
        include_str!("../../templates/pages/login.html"),
    ),
    (
        "message.html",
        include_str!("../../templates/pages/message.html"),
    ),
    (
        "password.html",
        include_str!("../../templates/pages/password.html"),
    ),
    (
        "profile.html",
        include_str!("../../templates/pages/profile.html"),
    ),
    (
        "register.html",
        include_str!("../../templates/pages/register.html"),
    ),
    (
        "resend.html",
        include_str!("../../templates/pages/resend.html"),
    ),
    (
        "reset.html",
        include_str!("../../templates/pages/reset.html"),
    ),
];

#[derive(Debug)]
pub(super) struct Templates {
    environment: Environment<'static>,
    translations: Translations,
}

impl Templates {
    /// The built-in ones, those replaced that `directory` has a file of the same name for.
    pub(super) fn load(directory: Option<&Path>) -> Result<Self, SettingsError> {
        let refused = |problem: String| SettingsError {
            key: "pages.templates_dir",
            problem,
        };
        // A misspelt folder would be one whose every template is left out.
        if let Some(missing) = directory.filter(|directory| !directory.is_dir()) {
            let missing = missing.display();
            return Err(refused(format!(
                "{missing} is no folder; make it, or leave the key out"
            )));
        }
        let translations = Translations::load(
            directory
                .map(|directory| directory.join("locales"))
                .as_deref(),
        )
        .map_err(|error| refused(error.to_string()))?;
        let mut environment = Environment::new();
        // A misspelt name would be a hole in the page; asking whether there is one is allowed.
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        add_translations(&mut environment, &translations);
        // When a page is first shown: an idle server holds none.
        environment.set_loader(|name| {
            let text = BUILT_IN.iter().find(|(known, _)| *known == name);
            Ok(text.map(|(_, text)| (*text).to_owned()))
        });
        for (name, _) in BUILT_IN {
            let Some(directory) = directory else { break };
            let source = match fs::read_to_string(directory.join(name)) {
                Ok(source) => source,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(refused(format!("{name} cannot be read: {error}"))),
            };
            environment
                .add_template_owned(name, source)
                .map_err(|error| refused(format!("{name} cannot be used: {error:#}")))?;
        }
        Ok(Self {
            environment,
            translations,
        })
    }

    /// The page `name`, with every value escaped.
    pub(super) fn render(&self, name: &str, values: Value) -> Result<String, Error> {
        let template = self.environment.get_template(&format!("{name}.html"))?;
        template.render(values)
    }

    /// A text; its own name where there is none, which the log tells.
    pub(super) fn text(
        &self,
        language: Language,
        key: &str,
        arguments: &[(&str, Argument)],
    ) -> String {
        let text = self.translations.text(language, key, arguments);
        text.unwrap_or_else(|| {
            tracing::error!(key, "there is no such text");
            key.to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(name: &str, text: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(name), text).unwrap();
        directory
    }

    #[test]
    fn an_operators_template_stands_in_for_ours() {
        let directory = written("message.html", "<p>{{ word }}</p>");
        let templates = Templates::load(Some(directory.path())).unwrap();
        let page = templates.render("message", minijinja::context! { word => "<b>" });
        assert_eq!(page.unwrap(), "<p>&lt;b&gt;</p>");
    }

    /// They are read when they are first wanted, and a fault would be found there.
    #[test]
    fn every_template_that_is_built_in_can_be_read() {
        let templates = Templates::load(None).unwrap();
        for (name, _) in BUILT_IN {
            templates.environment.get_template(name).unwrap();
        }
    }

    #[test]
    fn a_folder_that_is_not_there_stops_the_start() {
        let directory = tempfile::tempdir().unwrap();
        let error = Templates::load(Some(&directory.path().join("pgaes"))).unwrap_err();
        assert_eq!(error.key, "pages.templates_dir");
        assert!(error.problem.contains("pgaes"), "{}", error.problem);
    }

    #[test]
    fn a_template_that_cannot_be_used_stops_the_start_and_is_named() {
        let directory = written("login.html", "{% if %}");
        let error = Templates::load(Some(directory.path())).unwrap_err();
        assert_eq!(error.key, "pages.templates_dir");
        assert!(error.problem.contains("login.html"), "{}", error.problem);
    }
}
