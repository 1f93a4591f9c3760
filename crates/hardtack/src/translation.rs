//! What people read, in their language: mails and hosted pages.
//!
//! The texts stand in `locales/{en,es,fa,zh}/{mail,pages}.ftl`, in [Fluent], and are part of the
//! binary; an operator's folder of the same shape replaces them message by message. Every language
//! has every message with the same arguments: a test compares them.
//!
//! A language is chosen once, by [`Language::choose`]: the one the user keeps, else the browser's,
//! else English.
//!
//! [Fluent]: https://projectfluent.org/

use std::sync::{Arc, OnceLock};
use std::{borrow::Cow, fs, io, path::Path, path::PathBuf};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use fluent_syntax::ast;

mod language;
mod template;

pub use language::{Direction, Language};
pub(crate) use template::add_translations;

/// The files of a language, and what is built in.
const FILES: [&str; 2] = ["mail", "pages"];

const fn built_in(language: Language) -> [&'static str; 2] {
    match language {
        Language::English => [
            include_str!("../locales/en/mail.ftl"),
            include_str!("../locales/en/pages.ftl"),
        ],
        Language::Spanish => [
            include_str!("../locales/es/mail.ftl"),
            include_str!("../locales/es/pages.ftl"),
        ],
        Language::Persian => [
            include_str!("../locales/fa/mail.ftl"),
            include_str!("../locales/fa/pages.ftl"),
        ],
        Language::Chinese => [
            include_str!("../locales/zh/mail.ftl"),
            include_str!("../locales/zh/pages.ftl"),
        ],
    }
}

/// All texts in all languages; cheap to clone.
///
/// What is built in is read when somebody wants that language, for it takes memory and time at
/// every start, and a test has read it before. An operator's files are read at once: their faults
/// are told at the start.
#[derive(Clone)]
pub struct Translations {
    bundles: Arc<[(Language, OnceLock<Bundle>)]>,
}

type Bundle = FluentBundle<FluentResource>;

impl std::fmt::Debug for Translations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Translations").finish_non_exhaustive()
    }
}

impl Translations {
    /// The built-in texts; with `directory`, those messages replaced that its files
    /// (`en/mail.ftl`, `fa/pages.ftl`, …) contain. Files it lacks are no fault.
    ///
    /// # Errors
    /// [`TranslationError`] names the file that cannot be read, or is not Fluent, or replaces a
    /// message that does not exist (a misspelt name would otherwise change nothing, silently).
    pub fn load(directory: Option<&Path>) -> Result<Self, TranslationError> {
        Language::ALL
            .into_iter()
            .map(|language| {
                Ok(match directory {
                    Some(_) => (language, OnceLock::from(bundle(language, directory)?)),
                    None => (language, OnceLock::new()),
                })
            })
            .collect::<Result<Arc<[_]>, _>>()
            .map(|bundles| Self { bundles })
    }

    /// The text of `key`, with `arguments` in the places it names; [`None`] if there is no such
    /// message in this language nor in English, or it names an argument that was not given.
    #[must_use]
    pub fn text(
        &self,
        language: Language,
        key: &str,
        arguments: &[(&str, Argument)],
    ) -> Option<String> {
        [language, Language::English]
            .into_iter()
            .find_map(|language| self.text_in(language, key, arguments))
    }

    fn text_in(
        &self,
        language: Language,
        key: &str,
        arguments: &[(&str, Argument)],
    ) -> Option<String> {
        let bundle = self.bundle(language)?;
        let message = bundle.get_message(key)?.value()?;
        let arguments: FluentArgs = arguments
            .iter()
            .map(|(name, value)| (*name, value.within(language)))
            .collect();
        let mut errors = Vec::new();
        let text = bundle.format_pattern(message, Some(&arguments), &mut errors);
        errors.is_empty().then(|| text.into_owned())
    }

    fn bundle(&self, language: Language) -> Option<&Bundle> {
        let (_, kept) = self.bundles.iter().find(|(has, _)| *has == language)?;
        if let Some(bundle) = kept.get() {
            return Some(bundle);
        }
        match bundle(language, None) {
            Ok(bundle) => Some(kept.get_or_init(|| bundle)),
            Err(error) => {
                tracing::error!(%error, "what is built in cannot be read");
                None
            }
        }
    }
}

fn bundle(language: Language, directory: Option<&Path>) -> Result<Bundle, TranslationError> {
    let mut bundle = FluentBundle::new_concurrent(vec![language.identifier()]);
    // `Argument` isolates, and only where the direction may differ: marks around every name would
    // stand in subjects and in what people copy.
    bundle.set_use_isolating(false);
    for (name, text) in FILES.into_iter().zip(built_in(language)) {
        let file = PathBuf::from(language.tag()).join(format!("{name}.ftl"));
        let resource = parse(text.to_owned(), &file)?;
        bundle
            .add_resource(resource)
            .map_err(|errors| refused(&file, &errors))?;
    }
    for name in FILES {
        let Some(directory) = directory else { break };
        let file = directory.join(language.tag()).join(format!("{name}.ftl"));
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(refused(&file, &[error])),
        };
        let resource = parse(text, &file)?;
        if let Some(key) = messages(&resource).find(|key| !bundle.has_message(key)) {
            return Err(refused(&file, &[format!("there is no message `{key}`")]));
        }
        bundle.add_resource_overriding(resource);
    }
    Ok(bundle)
}

fn parse(text: String, file: &Path) -> Result<FluentResource, TranslationError> {
    FluentResource::try_new(text).map_err(|(_, errors)| refused(file, &errors))
}

/// The names of the messages in a file; terms (`-brand`) are its own affair.
fn messages(resource: &FluentResource) -> impl Iterator<Item = &str> {
    resource.entries().filter_map(|entry| match entry {
        ast::Entry::Message(message) => Some(message.id.name),
        _ => None,
    })
}

fn refused<E: ToString>(file: &Path, errors: &[E]) -> TranslationError {
    TranslationError {
        file: file.to_owned(),
        reasons: errors
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; "),
    }
}

/// A file of texts that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the texts in {} cannot be used: {reasons}", file.display())]
pub struct TranslationError {
    file: PathBuf,
    reasons: String,
}

/// What stands in a place of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// A number, which also chooses the plural form.
    Number(u64),
    /// A text that may come from strangers: a name, an address, a device.
    Text(String),
}

impl From<u64> for Argument {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Argument {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Argument {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl Argument {
    /// Without control characters, for one line of text is what a place takes; and isolated (UAX #9
    /// §2.4.2) where its direction may differ from the sentence's, lest a name rearrange the words
    /// around it.
    fn within(&self, language: Language) -> FluentValue<'static> {
        match self {
            Self::Number(number) => FluentValue::from(*number),
            Self::Text(text) => {
                let text: String = text.chars().filter(|c| !is_control(*c)).collect();
                let differs = match language.direction() {
                    Direction::LeftToRight => text.chars().any(is_right_to_left),
                    Direction::RightToLeft => true,
                };
                FluentValue::String(Cow::Owned(if differs {
                    format!("\u{2068}{text}\u{2069}")
                } else {
                    text
                }))
            }
        }
    }
}

/// Controls, the marks that steer direction, and what ends a line in some readers.
fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{061c}'
        )
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The blocks of the scripts that are written from right to left (UAX #9 table 4: R and AL).
fn is_right_to_left(c: char) -> bool {
    matches!(c,
        '\u{0590}'..='\u{08ff}'
        | '\u{fb1d}'..='\u{fdff}'
        | '\u{fe70}'..='\u{feff}'
        | '\u{10800}'..='\u{10fff}'
        | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests;
