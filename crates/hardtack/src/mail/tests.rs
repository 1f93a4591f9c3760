use std::fmt::Write as _;

use hardtack_core::UserId;
use hardtack_core::mail::{MailKind, NewMail, masked};
use hardtack_core::one_time_code::{CodeId, CodeKey};
use hardtack_core::refresh_token::Pepper;
use tempfile::tempdir;

use super::*;
use crate::settings::{PublicUrl, Settings};

const QUEUED_AT: Timestamp = Timestamp::from_unix_seconds(1_795_338_360);

fn settings() -> Settings {
    Settings::new(PublicUrl::parse("https://app.example.com").unwrap())
}

fn load(settings: &Settings) -> Result<MailTemplates, TemplateError> {
    MailTemplates::load(settings)
}

fn kinds() -> Vec<MailKind> {
    let code = CodeId::from_bytes([7; 16]);
    let device = || "Firefox on Linux".to_owned();
    let at = QUEUED_AT;
    vec![
        MailKind::VerifyEmail { code },
        MailKind::ResetPassword { code },
        MailKind::ConfirmNewEmail { code },
        MailKind::EmailChanged {
            code,
            new_address: masked(&EmailAddress::parse("eve@example.net").unwrap()),
        },
        MailKind::PasswordChanged,
        MailKind::NewDevice {
            device: device(),
            address: "2001:db8::7".to_owned(),
            at,
        },
        MailKind::SessionEndedCopied {
            device: Some(device()),
            at,
        },
        MailKind::AlreadyRegistered,
        MailKind::Invitation { code },
    ]
}

fn written(
    templates: &MailTemplates,
    settings: &Settings,
    kind: MailKind,
    language: Language,
) -> OutgoingMail {
    let mail = NewMail {
        to: EmailAddress::parse("ada@example.com").unwrap(),
        user: Some(UserId::new(42)),
        language: Some(language.tag().to_owned()),
        kind,
    };
    let codes = CodeKey::new(&Pepper::new(b"0123456789abcdefghijklmnopqrstuv").unwrap());
    templates
        .write(
            settings,
            &codes,
            (&mail, QUEUED_AT),
            Some("ada"),
            "id".to_owned(),
        )
        .unwrap()
}

/// What people read, in each language, whole.
#[test]
fn the_text_of_every_mail() {
    let settings = settings();
    let templates = load(&settings).unwrap();
    for language in Language::ALL {
        let mut all = String::new();
        for kind in kinds() {
            let mail = written(&templates, &settings, kind, language);
            writeln!(all, "=== {}\n{}\n", mail.subject, mail.text).unwrap();
        }
        insta::assert_snapshot!(format!("text_{}", language.tag()), all);
    }
}

/// What an embedding reader shows must be what the text says: the same link, and nothing fetched.
#[test]
fn the_html_says_what_the_text_says_and_fetches_nothing() {
    let settings = settings();
    let templates = load(&settings).unwrap();
    for language in Language::ALL {
        for kind in kinds() {
            let mail = written(&templates, &settings, kind, language);
            let link = mail
                .text
                .lines()
                .find(|line| line.starts_with("https://"))
                .unwrap();
            let html = mail.html.replace("&#x2f;", "/");
            assert!(html.contains(&format!("href=\"{link}\"")), "{link}");
            for fetched in [
                "<img", "<script", "<link", "src=", "url(", "@import", "@font",
            ] {
                assert!(!mail.html.contains(fetched), "{fetched}");
            }
            let head = format!(
                "<html lang=\"{}\" dir=\"{}\">",
                language.tag(),
                language.direction().as_str()
            );
            assert!(mail.html.contains(&head), "{head}");
            assert!(!mail.text.contains(['<', '&']), "{}", mail.text);
            assert!(!mail.text.contains("\n\n\n"), "{:?}", mail.text);
        }
    }
}

/// Secrets leak into logs by way of `Debug` (ASVS 5.0 §16.2.5).
#[test]
fn a_mail_that_is_printed_shows_no_link_and_no_address() {
    let code = CodeId::from_bytes([7; 16]);
    let settings = settings();
    let mail = written(
        &load(&settings).unwrap(),
        &settings,
        MailKind::ResetPassword { code },
        Language::English,
    );
    let printed = format!("{mail:?}");
    assert!(!printed.contains("app.example.com"), "{printed}");
    assert!(!printed.contains("ada"), "{printed}");
}

/// Markup in a value: whoever could write it would write the mail.
#[test]
fn values_are_escaped_in_html() {
    let kind = MailKind::NewDevice {
        device: "<img src=x>".to_owned(),
        address: String::new(),
        at: QUEUED_AT,
    };
    let settings = settings();
    let templates = load(&settings).unwrap();
    let mail = written(&templates, &settings, kind, Language::English);
    assert!(mail.html.contains("&lt;img src=x&gt;"), "{}", mail.html);
    assert!(!mail.text.contains("Network address"), "{}", mail.text);
}

/// Without a folder nothing is tried at the start, so it is tried here: an empty one replaces nothing.
#[test]
fn what_is_built_in_can_be_written_in_every_language() {
    let folder = tempdir().unwrap();
    let mut settings = settings();
    settings.mail.templates_dir = Some(folder.path().to_owned());
    load(&settings).unwrap();
}

#[test]
fn an_operators_template_stands_in_for_ours() {
    let directory = tempdir().unwrap();
    let mut settings = settings();
    settings.mail.templates_dir = Some(directory.path().to_owned());
    let file = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    file("_logo.html", "<b>logo</b>");
    file("test.html", "{% include '_logo.html' %} {{ service }}");
    file("notes.md", "not a template");
    let mail = load(&settings)
        .unwrap()
        .write_test(
            &settings,
            EmailAddress::parse("ada@example.com").unwrap(),
            Language::Spanish,
            "id".to_owned(),
            QUEUED_AT,
        )
        .unwrap();
    assert_eq!(mail.html, "<b>logo</b> app.example.com");
    assert_eq!(mail.subject, "El correo de app.example.com llega");

    for (name, text, complaint) in [
        ("tset.html", "", "tset.html: no template is called so"),
        ("test.html", "{% if %}", "test.html:1"),
        ("test.html", "\n{{ servise }}", "test.html:2"),
        (
            "test.html",
            "{{ t('mail-no-such') }}",
            "no text `mail-no-such`",
        ),
        ("test.txt", "no subject", "subject"),
        ("test.html", "{% include 'nothing.html' %}", "nothing.html"),
    ] {
        file(name, text);
        let error = load(&settings).unwrap_err().to_string();
        assert!(
            error.starts_with("mail.templates_dir: ") && error.contains(complaint),
            "{error}"
        );
        std::fs::remove_file(directory.path().join(name)).unwrap();
    }
    std::fs::create_dir_all(directory.path().join("locales/es")).unwrap();
    file("locales/es/mail.ftl", "mail-tset-subject = x\n");
    let error = load(&settings).unwrap_err().to_string();
    assert!(error.contains("es/mail.ftl"), "{error}");
    settings.mail.templates_dir = Some(directory.path().join("nowhere"));
    let error = load(&settings).unwrap_err().to_string();
    assert!(error.contains("nowhere"), "{error}");
}
