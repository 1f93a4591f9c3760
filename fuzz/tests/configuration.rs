//! `hardtack.toml` and the environment over it: what is accepted is shown as it is, what is refused
//! is told where, and no secret is told at all.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use hardtack_fuzz::bolero::TypeGenerator;
use hardtack_fuzz::configuration::{Accepted, FILE, keys, load, reference};
use hardtack_fuzz::text::{Edit, Few, Piece, edited, spell};

const WORDS: &[&str] = &[
    "\n",
    "[server]\n",
    "[[session]]\n",
    "tokens = ",
    "= ",
    ".",
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "\\u0000",
    "\\u202e",
    "\\\\",
    "# ",
    "[",
    "]",
    ", ",
    "{ ",
    " }",
    "\r\n",
    "\u{feff}",
    "true",
    "false",
    "0x7fff",
    "1_000",
    "-1",
    "9223372036854775808",
    "1e309",
    "nan",
    "2026-11-22T00:00:00Z",
    "15m",
    "1h30m",
    "18446744073709551615s",
    "36500d",
    "64KiB",
    "19MiB",
    "0B",
    "sqlite:",
    "sqlite::memory:",
    "127.0.0.1:8000",
    "[::1]:443",
    "https://app.example.com",
    "http://localhost",
    "https://[::1]:65536",
    "*",
    "10.0.0.0/8",
    "::/0",
    "/api/auth",
    "/..",
    "example.com",
    "; Path=/",
    "; Partitioned",
    "host",
    "strict",
    "none",
    "HS256",
    "pepper",
    "__",
    "HARDTACK__",
    "HARDTACK_",
    "SERVER__LISTEN",
];

/// What generators and frameworks make, and a private key.
const SECRETS: &[&str] = &[
    "8sM0YpWkzR5uXbJ3vQe7LhT1cNfA6gDiOoK9yZ2tGxE=",
    "Jb0Zr2m7Qk/9xWc4TtLe+V1oYsN6uHdPqF3aGiKjR8vCzXwB5hMyEgUlSnDpO0fA",
    "9f2b4c7e1a8d0356b7c4e2f19a0d8b6c5e3f7a1b2c9d4e8f0a6b3c5d7e9f1a2b",
    "django-insecure-8x!q@n2#v5l$z7^m9&w4*k6(p3)r1-t0_y",
    "k3#x!q@n2;v5l$z7^m9=w4*k6(p3)r1-t0_y8f&j2+d=h",
    "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg\n-----END PRIVATE KEY-----\n",
];

/// Every key, in the four ways that TOML has for a table.
const EXAMPLE: &str = r#"
tokens.algorithm = "EdDSA"
tokens.access_lifetime = "5m"
cors = { allowed_origins = ["https://app.example.com", "https://example.com"] }
[server]
listen = "[::1]:8443"
public_url = "https://app.example.com"
trusted_proxies = ["10.0.0.0/8", "fd00::1"]
max_connections = 1_000
max_body_size = "128KiB"
tls_cert = 'C:\certificates\fullchain.pem'
tls_key = "privkey.pem"
[cookies]
"prefix" = "host"
same_site = "strict"
former = ["sessionid; Path=/; Domain=.example.com"]
[session] # the rest stays
idle_timeout = "1d12h"
limit_per_user = 0
[password]
argon2_memory = 33554432
[store]
url = """sqlite:\
    hardtack.db"""
"#;

#[derive(Debug, TypeGenerator)]
struct Input {
    file: File,
    variables: Few<Variable>,
    planted: Option<Planted>,
}

#[derive(Debug, TypeGenerator)]
enum File {
    Example(Few<Edit>),
    /// The page, which is no TOML but full of it.
    Reference(Few<Edit>),
    Lines(Few<Line>),
    Spelt(Vec<Piece>),
    Bytes(Vec<u8>),
}

#[derive(Debug, TypeGenerator)]
struct Line {
    key: u8,
    value: Few<Piece>,
    form: Form,
}

#[derive(Debug, Clone, Copy, TypeGenerator)]
enum Form {
    Text,
    List,
    Bare,
}

#[derive(Debug, TypeGenerator)]
enum Variable {
    /// A key's own, with edits to its name.
    Named(u8, Few<Edit>, Few<Piece>),
    Bytes(Vec<u8>, Vec<u8>),
}

/// A secret that somebody pasted.
#[derive(Debug, TypeGenerator)]
struct Planted {
    secret: u8,
    key: u8,
    place: Place,
}

#[derive(Debug, Clone, Copy, TypeGenerator)]
enum Place {
    Value,
    Item,
    Name,
    Alone,
    Variable,
    Comment,
}

#[test]
fn what_is_accepted_is_shown_and_what_is_refused_is_told_without_secrets() {
    let (keys, page) = (keys(), reference());
    hardtack_fuzz::target!()
        .with_type::<Input>()
        .for_each(|input| {
            let mut file = written(&input.file, &keys, &page);
            let mut variables: Vec<_> = input
                .variables
                .into_iter()
                .map(|variable| named(variable, &keys))
                .collect();
            if let Some(planted) = &input.planted {
                plant(planted, &keys, &mut file, &mut variables);
            }
            let told = match load(&file, &variables) {
                Ok(accepted) => {
                    is_shown_as_it_is(&accepted);
                    for problem in &accepted.contradictions {
                        assert!(keys.iter().any(|key| problem.contains(key)), "{problem}");
                    }
                    accepted.contradictions
                }
                Err(problems) => {
                    assert!(!problems.is_empty());
                    for problem in &problems {
                        assert!(names_its_place(problem, &file, &variables), "{problem:?}");
                    }
                    problems
                }
            };
            if let Some(planted) = &input.planted {
                is_not_told(pick(SECRETS, planted.secret), &told);
            }
        });
}

fn written(file: &File, keys: &[&str], page: &str) -> String {
    match file {
        File::Example(edits) => edited(EXAMPLE, edits, WORDS),
        File::Reference(edits) => edited(page, edits, WORDS),
        File::Lines(lines) => lines.into_iter().map(|line| line_of(line, keys)).collect(),
        File::Spelt(pieces) => spell(pieces, WORDS),
        File::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn line_of(line: &Line, keys: &[&str]) -> String {
    let (key, value) = (pick(keys, line.key), spell(&line.value, WORDS));
    match line.form {
        Form::Text => format!("{key} = {}\n", quoted(&value)),
        Form::List => format!("{key} = [{}]\n", quoted(&value)),
        Form::Bare => format!("{key} = {value}\n"),
    }
}

fn named(variable: &Variable, keys: &[&str]) -> (OsString, OsString) {
    match variable {
        Variable::Named(key, edits, value) => (
            edited(&variable_of(pick(keys, *key)), edits, WORDS).into(),
            spell(value, WORDS).into(),
        ),
        Variable::Bytes(name, value) => (
            OsString::from_vec(name.clone()),
            OsString::from_vec(value.clone()),
        ),
    }
}

fn plant(
    planted: &Planted,
    keys: &[&str],
    file: &mut String,
    variables: &mut Vec<(OsString, OsString)>,
) {
    let (key, secret) = (pick(keys, planted.key), pick(SECRETS, planted.secret));
    let line = match planted.place {
        Place::Value => format!("{key} = {}\n", quoted(secret)),
        Place::Item => format!("{key} = [{}]\n", quoted(secret)),
        Place::Name => format!("{key}.{} = 1\n", quoted(secret)),
        Place::Alone => format!("{secret}\n"),
        Place::Comment => format!("# {secret}\n"),
        Place::Variable => {
            variables.push((variable_of(key).into(), secret.into()));
            return;
        }
    };
    file.insert_str(0, &line);
}

/// What `hardtack config show` prints is a configuration again, and the same.
fn is_shown_as_it_is(accepted: &Accepted) {
    let lines: Vec<String> = accepted
        .shown
        .iter()
        .map(|(key, value)| format!("{key} = {value}\n"))
        .collect();
    for line in &lines {
        assert_eq!(line.lines().count(), 1, "{line:?}");
    }
    let again = load(&lines.concat(), &[]).unwrap();
    assert_eq!(again.shown, accepted.shown);
    assert_eq!(again.config, accepted.config);
}

/// A line that the file has, or a variable that was set and is meant for us.
fn names_its_place(problem: &str, file: &str, variables: &[(OsString, OsString)]) -> bool {
    let in_file = || {
        let rest = problem.strip_prefix(FILE)?.strip_prefix(':')?;
        let line: usize = rest.split_once(": ")?.0.parse().ok()?;
        Some((1..=1 + file.matches('\n').count()).contains(&line))
    };
    let in_environment = || {
        variables
            .iter()
            .filter_map(|(name, _)| name.to_str())
            .any(|name| name.starts_with("HARDTACK_") && problem.starts_with(&format!("{name}: ")))
    };
    in_file().unwrap_or_else(in_environment)
}

/// Not even eight bytes of it, in whatever case.
fn is_not_told(secret: &str, told: &[String]) {
    let told = told.concat().to_lowercase();
    for part in secret.to_lowercase().as_bytes().windows(8) {
        let part = String::from_utf8_lossy(part);
        // The words around a private key are none.
        if !"-----begin private key-----\n-----end private key-----".contains(&*part) {
            assert!(!told.contains(&*part), "{part:?} in {told}");
        }
    }
}

fn variable_of(key: &str) -> String {
    format!("HARDTACK__{}", key.to_uppercase().replace('.', "__"))
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    text.chars()
        .fold(String::from("\""), |quoted, character| match character {
            '"' | '\\' => quoted + "\\" + &character.to_string(),
            character if character.is_control() => {
                quoted + &format!("\\u{:04x}", u32::from(character))
            }
            character => quoted + &character.to_string(),
        })
        + "\""
}

fn pick<'a>(of: &[&'a str], number: u8) -> &'a str {
    of[usize::from(number) % of.len()]
}
