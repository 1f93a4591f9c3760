//! Texts inside templates: `{{ t("mail-reset-subject", name=user.name) }}`.

use minijinja::{Environment, Error, ErrorKind, State, value::Kwargs};

use super::{Argument, Language, Translations};

/// Gives the templates of `environment` the function `t(key, argument=value, …)`.
///
/// It speaks the language that the template's variable `language` names (a BCP 47 tag). What it
/// returns is plain text, which auto-escaping escapes with everything in it. A message that does
/// not exist, or that names an argument which is not given, is an error, not a hole in the page.
pub(crate) fn add_translations(environment: &mut Environment<'_>, translations: &Translations) {
    let translations = translations.clone();
    environment.add_function(
        "t",
        move |state: &State<'_, '_>, key: &str, given: Kwargs| -> Result<String, Error> {
            let language = state
                .lookup("language")
                .and_then(|tag| tag.as_str().and_then(Language::parse))
                .unwrap_or_default();
            let arguments = given
                .args()
                .map(|name| Ok((name, argument(&given, name)?)))
                .collect::<Result<Vec<_>, Error>>()?;
            translations.text(language, key, &arguments).ok_or_else(|| {
                Error::new(
                    ErrorKind::InvalidOperation,
                    format!(
                        "no text `{key}` in `{}` with these arguments",
                        language.tag()
                    ),
                )
            })
        },
    );
}

fn argument(given: &Kwargs, name: &str) -> Result<Argument, Error> {
    let value: minijinja::Value = given.get(name)?;
    Ok(match u64::try_from(value.clone()) {
        Ok(number) if value.is_number() => Argument::Number(number),
        _ => Argument::Text(value.to_string()),
    })
}
