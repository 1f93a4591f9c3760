//! The templates of the mails, and their operator's.

use std::fs;
use std::path::{Path, PathBuf};

use hardtack_core::Timestamp;
use hardtack_core::mail::NewMail;
use hardtack_core::one_time_code::CodeKey;
use hardtack_core::user::EmailAddress;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

use super::OutgoingMail;
use super::content::{Content, TEST};
use crate::settings::Settings;
use crate::translation::{Language, TranslationError, Translations, add_translations};

macro_rules! built_in {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../../templates/mail/", $name)))),+]
    };
}

/// Every template by its name. A mail is two of them: `new_device.txt`, whose block `subject` is
/// the subject, and `new_device.html`.
const BUILT_IN: [(&str, &str); 23] = built_in!(
    "layout.html",
    "layout.txt",
    "parts.html",
    "already_registered.html",
    "already_registered.txt",
    "confirm_new_email.html",
    "confirm_new_email.txt",
    "email_changed.html",
    "email_changed.txt",
    "invitation.html",
    "invitation.txt",
    "new_device.html",
    "new_device.txt",
    "password_changed.html",
    "password_changed.txt",
    "reset_password.html",
    "reset_password.txt",
    "session_ended_copied.html",
    "session_ended_copied.txt",
    "test.html",
    "test.txt",
    "verify_email.html",
    "verify_email.txt",
);

/// What mails are written with: templates and texts, checked.
#[derive(Debug)]
pub struct MailTemplates {
    environment: Environment<'static>,
}

/// Templates that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// A file cannot be read, or is not called like any template.
    #[error("mail.templates_dir: {}: {problem}", file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// A template is no template, or asks for what there is not.
    #[error("mail.templates_dir: {0}")]
    Template(String),
    /// A text is no text, or replaces none.
    #[error("mail.templates_dir: {0}")]
    Text(#[from] TranslationError),
}

impl From<minijinja::Error> for TemplateError {
    fn from(error: minijinja::Error) -> Self {
        // The first line says what and where; causes say why.
        let mut problem = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            problem.push_str(": ");
            problem.push_str(&error.to_string());
            cause = error.source();
        }
        Self::Template(problem)
    }
}

impl MailTemplates {
    /// The built-in templates and texts, replaced by those of `mail.templates_dir`. With such a
    /// folder every mail is tried in every language with all that it can be given; what is built in
    /// is read when it is first wanted, for a test has tried it, and most starts send nothing.
    ///
    /// # Errors
    /// [`TemplateError`] for the first fault, with its file and line.
    pub fn load(settings: &Settings) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let lines = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?;
        environment.set_syntax(lines);
        environment.set_auto_escape_callback(|name| match Path::new(name).extension() {
            Some(extension) if extension == "txt" => AutoEscape::None,
            _ => AutoEscape::Html,
        });
        let directory = settings.mail.templates_dir.as_deref();
        let locales = directory.map(|directory| directory.join("locales"));
        add_translations(&mut environment, &Translations::load(locales.as_deref())?);
        environment.set_loader(|name| {
            let text = BUILT_IN.iter().find(|(known, _)| *known == name);
            Ok(text.map(|(_, text)| (*text).to_owned()))
        });
        let Some(directory) = directory else {
            return Ok(Self { environment });
        };
        for (name, _) in BUILT_IN {
            if let Some(text) = read(&directory.join(name))? {
                environment.add_template_owned(name, text)?;
            }
        }
        for (name, text) in own_pieces(directory)? {
            environment.add_template_owned(name, text)?;
        }
        let templates = Self { environment };
        templates.try_all(settings)?;
        Ok(templates)
    }

    /// Writes a mail. The time at which it was queued is that of its code; `name` is whom it greets.
    pub(crate) fn write(
        &self,
        settings: &Settings,
        codes: &CodeKey,
        (mail, queued_at): (&NewMail, Timestamp),
        name: Option<&str>,
        message_id: String,
    ) -> Result<OutgoingMail, TemplateError> {
        let content = Content::of_mail(settings, codes, mail, queued_at, name);
        let (subject, text, html) = self.render(mail.kind.name(), content)?;
        Ok(OutgoingMail {
            to: mail.to.clone(),
            subject,
            text,
            html,
            language: Language::choose(mail.language.as_deref(), None),
            message_id,
            date: queued_at,
        })
    }

    /// Writes the mail of `hardtack mail test`.
    ///
    /// # Errors
    /// [`TemplateError`]; none is left after [`load`](Self::load).
    pub fn write_test(
        &self,
        settings: &Settings,
        to: EmailAddress,
        language: Language,
        message_id: String,
        date: Timestamp,
    ) -> Result<OutgoingMail, TemplateError> {
        let (subject, text, html) = self.render(TEST, Content::of_service(settings, language))?;
        Ok(OutgoingMail {
            to,
            subject,
            text,
            html,
            language,
            message_id,
            date,
        })
    }

    fn render(
        &self,
        name: &str,
        mut content: Content,
    ) -> Result<(String, String, String), TemplateError> {
        let template = self.environment.get_template(&format!("{name}.txt"))?;
        let mut rendered = template.render_captured(Value::from(Serde(&content)))?;
        let subject = rendered.with_state_mut(|state| state.render_block("subject"))?;
        // A header is one line, whatever an operator's template makes of it.
        content.subject = subject.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = rendered.into_output();
        let template = self.environment.get_template(&format!("{name}.html"))?;
        let html = template.render(Value::from(Serde(&content)))?;
        Ok((content.subject, text, html))
    }

    /// Writes every mail in every language, with everything that may be left out and without.
    fn try_all(&self, settings: &Settings) -> Result<(), TemplateError> {
        let kinds = BUILT_IN
            .into_iter()
            .filter_map(|(name, _)| name.strip_suffix(".txt"))
            .filter(|kind| *kind != "layout");
        for kind in kinds {
            for language in Language::ALL {
                let bare = Content {
                    // What is missing cannot be put into a sentence.
                    new_address: Some(String::new()),
                    hours: Some(1),
                    ..Content::of_service(settings, language)
                };
                let sample = || Some("x".to_owned());
                let full = Content {
                    name: sample(),
                    link: sample(),
                    days: Some(7),
                    device: sample(),
                    address: sample(),
                    at: sample(),
                    new_address: sample(),
                    ..bare.clone()
                };
                self.render(kind, bare)?;
                self.render(kind, full)?;
            }
        }
        Ok(())
    }
}

fn read(file: &Path) -> Result<Option<String>, TemplateError> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(refused(file, error.to_string())),
    }
}

/// What an operator's templates include: files that begin with `_`. A file that is called neither
/// so nor like a template is a misspelt one, which would otherwise change nothing, silently.
fn own_pieces(directory: &Path) -> Result<Vec<(String, String)>, TemplateError> {
    let entries = fs::read_dir(directory).map_err(|error| refused(directory, error.to_string()))?;
    let mut pieces = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| refused(directory, error.to_string()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let file = entry.path();
        let is_template = file
            .extension()
            .is_some_and(|extension| extension == "html" || extension == "txt");
        if !is_template || BUILT_IN.iter().any(|(known, _)| *known == name) {
            continue;
        }
        if !name.starts_with('_') {
            return Err(refused(
                &file,
                "no template is called so (docs/mail.md has the names); a piece of your own begins with _".to_owned(),
            ));
        }
        pieces.extend(read(&file)?.map(|text| (name, text)));
    }
    Ok(pieces)
}

fn refused(file: &Path, problem: String) -> TemplateError {
    TemplateError::File {
        file: file.to_owned(),
        problem,
    }
}
