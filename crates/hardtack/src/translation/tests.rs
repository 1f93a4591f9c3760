use std::collections::{BTreeMap, BTreeSet};

use minijinja::{AutoEscape, Environment, context};
use tempfile::tempdir;

use super::*;

fn translations() -> Translations {
    Translations::load(None).unwrap()
}

/// Every message of a language with the arguments that it names.
fn arguments(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    built_in(language)
        .into_iter()
        .flat_map(|text| {
            let resource = FluentResource::try_new(text.to_owned()).unwrap();
            resource
                .entries()
                .filter_map(|entry| match entry {
                    ast::Entry::Message(message) => Some((
                        message.id.name.to_owned(),
                        // The tree's own printing names every `VariableReference` in it, however
                        // deep in plural forms.
                        format!("{:?}", message.value)
                            .split("VariableReference { id: Identifier { name: \"")
                            .skip(1)
                            .map(|rest| rest.split('"').next().unwrap().to_owned())
                            .collect(),
                    )),
                    _ => None,
                })
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn every_language_has_every_message_with_the_same_arguments() {
    let english = arguments(Language::English);
    assert!(english.values().any(|names| !names.is_empty()));
    for language in Language::ALL {
        assert_eq!(arguments(language), english, "{}", language.tag());
    }
}

#[test]
fn a_message_is_told_in_the_language_asked_for() {
    let told: Vec<_> = Language::ALL
        .into_iter()
        .map(|language| translations().text(language, "mail-greeting", &[("name", "Ada".into())]))
        .map(Option::unwrap)
        .collect();
    insta::assert_compact_debug_snapshot!(told, @r#"["Hello Ada,", "Hola, Ada:", "سلام \u{2068}Ada\u{2069}،", "Ada，您好："]"#);
}

#[test]
fn a_message_that_is_not_there_or_lacks_an_argument_is_none() {
    let translations = translations();
    assert_eq!(translations.text(Language::English, "no-such", &[]), None);
    assert_eq!(
        translations.text(Language::Persian, "mail-greeting", &[]),
        None
    );
}

/// A name with directional marks rearranges the sentence around it (Trojan Source, CVE-2021-42574,
/// in a mail): marks are dropped, and a text of the other direction is isolated.
#[test]
fn a_name_cannot_rearrange_the_words_around_it() {
    let told = |language, name: &str| {
        translations()
            .text(language, "mail-greeting", &[("name", name.into())])
            .unwrap()
    };
    assert!(told(Language::English, "a\u{202e}b\u{2069}\r\nc").contains(" abc"));
    assert!(told(Language::English, "علی").contains("\u{2068}علی\u{2069}"));
    assert!(told(Language::Persian, "Ada").contains("\u{2068}Ada\u{2069}"));
}

#[test]
fn an_operators_file_replaces_the_messages_it_contains() {
    let directory = tempdir().unwrap();
    fs::create_dir(directory.path().join("es")).unwrap();
    let file = directory.path().join("es/mail.ftl");
    fs::write(&file, "mail-greeting = Buenas, { $name }:\n").unwrap();
    let name = [("name", "Ada".into())];
    let translations = Translations::load(Some(directory.path())).unwrap();
    assert_eq!(
        translations.text(Language::Spanish, "mail-greeting", &name),
        Some("Buenas, Ada:".to_owned())
    );
    assert_eq!(
        translations.text(Language::English, "mail-greeting", &name),
        self::translations().text(Language::English, "mail-greeting", &name)
    );

    for (text, complaint) in [
        (
            "mail-greting = Hola\n",
            "there is no message `mail-greting`",
        ),
        ("mail-greeting = { $name\n", "mail.ftl cannot be used"),
    ] {
        fs::write(&file, text).unwrap();
        let error = Translations::load(Some(directory.path())).unwrap_err();
        assert!(error.to_string().contains(complaint), "{error}");
        assert!(error.to_string().contains("es/mail.ftl"), "{error}");
    }
}

/// A name of markup would be a script in a page or a mail.
#[test]
fn what_a_template_gets_is_escaped() {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    add_translations(&mut environment, &translations());
    let render =
        |source: &str| environment.render_str(source, context! { language => "es", name => "<b>" });
    insta::assert_snapshot!(render("{{ t('mail-greeting', name=name) }}").unwrap(), @"Hola, &lt;b&gt;:");
    assert!(render("{{ t('mail-greeting') }}").is_err());
}
