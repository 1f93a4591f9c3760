//! One row of the table: what a key is called, what it takes, what it means, where it goes.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Serialize;

use super::Config;
use super::secret::hide;
use super::value::{
    Given, parse_count, parse_duration, parse_flag, parse_size, parse_texts, write_duration,
    write_size,
};

/// One key of `hardtack.toml`.
pub(crate) struct Key {
    /// `section.key`.
    pub(crate) name: &'static str,
    /// What it takes and where that goes.
    pub(crate) kind: Kind,
    /// What it is when nobody says anything.
    pub(crate) default: Default,
    /// For the reference: one or two sentences.
    pub(crate) meaning: &'static str,
}

/// What a key is when nobody says anything.
pub(crate) enum Default {
    /// This text, read like an environment variable's.
    Is(&'static str),
    /// Not set; what happens then, in words.
    Unset(&'static str),
}

/// A word, and what it does.
pub(crate) type Choice = (&'static str, fn(&mut Config));

/// A number, and what it does.
pub(crate) type NumberChoice = (u32, fn(&mut Config));

/// What a key takes, and the place in [`Config`] where it goes.
pub(crate) enum Kind {
    /// A time span such as `15m`.
    Duration {
        at_least: Duration,
        place: fn(&mut Config) -> &mut Duration,
    },
    /// A number of bytes such as `64KiB`.
    Size {
        range: RangeInclusive<usize>,
        put: fn(&mut Config, usize),
    },
    /// A whole number of something.
    Count {
        unit: &'static str,
        range: RangeInclusive<u32>,
        put: fn(&mut Config, u32),
    },
    /// `true` or `false`.
    Flag(fn(&mut Config) -> &mut bool),
    /// One of these words.
    Choice(&'static [Choice]),
    /// One of these numbers.
    Number(&'static [NumberChoice]),
    /// A text of some form.
    Text {
        form: &'static str,
        put: fn(&mut Config, &str) -> Result<(), String>,
    },
    /// Any number of texts of some form.
    Texts {
        form: &'static str,
        put: fn(&mut Config, &[String]) -> Result<(), String>,
    },
}

/// What a key was set to, for `config show`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Value {
    /// A whole number of something.
    Count(u32),
    /// On or off.
    Flag(bool),
    /// Everything else that is one value; durations and sizes as they are written.
    Text(String),
    /// A list.
    Texts(Vec<String>),
}

impl fmt::Display for Value {
    /// As `hardtack.toml` has it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => count.fmt(formatter),
            Self::Flag(flag) => flag.fmt(formatter),
            Self::Text(text) => toml::Value::from(text.as_str()).fmt(formatter),
            Self::Texts(texts) => toml::Value::from(texts.clone()).fmt(formatter),
        }
    }
}

fn numbers(choices: &[NumberChoice]) -> String {
    let numbers: Vec<String> = choices
        .iter()
        .map(|(number, _)| number.to_string())
        .collect();
    numbers.join(", ")
}

/// Whatever a text is for, it stands in one line: of a header, of the log, of `config show`.
fn one_line(text: &str) -> Result<(), String> {
    if text.chars().any(char::is_control) {
        return Err("it has a line break or another control character".to_owned());
    }
    Ok(())
}

impl Key {
    /// `tokens` of `tokens.access_lifetime`.
    pub(crate) fn section(&self) -> &'static str {
        self.name
            .split_once('.')
            .map_or(self.name, |(section, _)| section)
    }

    /// The environment variable that sets it.
    pub(crate) fn variable(&self) -> String {
        format!(
            "HARDTACK__{}",
            self.name.to_ascii_uppercase().replace('.', "__")
        )
    }
}

impl Kind {
    /// Reads `given` and puts it in its place. The error says what is wanted.
    pub(crate) fn take(&self, config: &mut Config, given: &Given) -> Result<Value, String> {
        match self {
            Self::Duration { at_least, place } => {
                let duration = parse_duration(given)?;
                if duration < *at_least {
                    return Err(format!("at least {} is wanted", write_duration(*at_least)));
                }
                *place(config) = duration;
                Ok(Value::Text(write_duration(duration)))
            }
            Self::Size { range, put } => {
                let bytes = parse_size(given)?;
                if !range.contains(&bytes) {
                    let (least, most) = (write_size(*range.start()), write_size(*range.end()));
                    return Err(format!("a size from {least} to {most} is wanted"));
                }
                put(config, bytes);
                Ok(Value::Text(write_size(bytes)))
            }
            Self::Count { unit, range, put } => {
                let count = parse_count(given)?;
                if !range.contains(&count) {
                    let (least, most) = range.clone().into_inner();
                    return Err(format!("{count} is not from {least} to {most} ({unit})"));
                }
                put(config, count);
                Ok(Value::Count(count))
            }
            Self::Flag(place) => {
                let flag = parse_flag(given)?;
                *place(config) = flag;
                Ok(Value::Flag(flag))
            }
            Self::Choice(choices) => {
                let text = given.text()?;
                let Some((word, put)) = choices.iter().find(|(word, _)| *word == text) else {
                    let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
                    let wanted = format!("{text:?} is none of: {}", words.join(", "));
                    return Err(hide(wanted, text));
                };
                put(config);
                Ok(Value::Text((*word).to_owned()))
            }
            Self::Number(choices) => {
                let count = parse_count(given)?;
                let Some((_, put)) = choices.iter().find(|(number, _)| *number == count) else {
                    return Err(format!("{count} is none of: {}", numbers(choices)));
                };
                put(config);
                Ok(Value::Count(count))
            }
            Self::Text { put, .. } => {
                let text = given.text()?;
                put(config, text).map_err(|wanted| hide(wanted, text))?;
                one_line(text)?;
                Ok(Value::Text(text.to_owned()))
            }
            Self::Texts { put, .. } => {
                let texts = parse_texts(given)?;
                put(config, &texts).map_err(|wanted| {
                    texts.iter().fold(wanted, |wanted, text| hide(wanted, text))
                })?;
                texts.iter().try_for_each(|text| one_line(text))?;
                Ok(Value::Texts(texts))
            }
        }
    }

    /// For the reference: what it takes.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Duration { .. } => "duration",
            Self::Size { .. } => "size",
            Self::Count { .. } => "whole number",
            Self::Flag(_) => "true or false",
            Self::Choice(_) => "one word",
            Self::Number(_) => "one number",
            Self::Text { .. } => "text",
            Self::Texts { .. } => "list of texts",
        }
    }

    /// For the reference: its unit, or the form of its text.
    pub(crate) fn unit(&self) -> String {
        match self {
            Self::Duration { .. } => "s, m, h, d".to_owned(),
            Self::Size { .. } => "B, KiB, MiB".to_owned(),
            Self::Count { unit, .. } => (*unit).to_owned(),
            Self::Flag(_) => String::new(),
            Self::Choice(choices) => {
                let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
                words.join(", ")
            }
            Self::Number(choices) => numbers(choices),
            Self::Text { form, .. } | Self::Texts { form, .. } => (*form).to_owned(),
        }
    }
}
