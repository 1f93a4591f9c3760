//! One JSON object a line: `timestamp`, `level`, the fields of the event, `target`.
//!
//! Written straight into the line. Every refresh has one, and by way of serde and a text for each
//! field it took a tenth of what a refresh costs (budget B3 of the design).

use std::fmt::{self, Debug, Display, Write as _};

use hardtack_core::Clock as _;
use hardtack_guard::SystemClock;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Writes events as lines of JSON. Spans, of which Hardtack has none, are left out.
pub(super) struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        // Gathered here: whatever the writer is given takes a call through two tables, and a line has
        // forty pieces.
        let mut members = Members {
            line: String::with_capacity(USUAL_LENGTH),
            outcome: Ok(()),
        };
        members.line.push_str("{\"timestamp\":\"");
        members.line.push_str(&SystemClock.now().iso_date());
        members.line.push_str("\",\"level\":\"");
        members.line.push_str(event.metadata().level().as_str());
        members.line.push('"');
        event.record(&mut members);
        members.push_text("target", event.metadata().target());
        members.outcome?;
        members.line.push_str("}\n");
        writer.write_str(&members.line)
    }
}

/// As many bytes as nearly every line stays below: they are allocated once.
const USUAL_LENGTH: usize = 512;

/// Writes each field as a member.
struct Members {
    line: String,
    /// A visitor cannot say that it failed.
    outcome: fmt::Result,
}

impl Members {
    /// What stands before a member's value.
    fn push_name(&mut self, name: &str) {
        self.line.push_str(",\"");
        // `r#type` is how Rust spells a field that is called `type`.
        push_escaped(&mut self.line, name.strip_prefix("r#").unwrap_or(name));
        self.line.push_str("\":");
    }

    fn push_text(&mut self, name: &str, text: &str) {
        self.push_name(name);
        self.line.push('"');
        push_escaped(&mut self.line, text);
        self.line.push('"');
    }

    /// A value that is JSON as Rust shows it.
    fn push_shown(&mut self, name: &str, value: impl Display) {
        self.push_name(name);
        // Writing to a text never fails.
        let _ = write!(self.line, "{value}");
    }
}

impl Visit for Members {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.push_name(field.name());
        self.line.push('"');
        let written = write!(Escaped(&mut self.line), "{value:?}");
        self.outcome = self.outcome.and(written);
        self.line.push('"');
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.push_text(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push_shown(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push_shown(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push_shown(field.name(), value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.push_shown(field.name(), format_args!("{value:?}"));
        } else {
            // JSON has no word for it.
            self.push_shown(field.name(), "null");
        }
    }
}

/// Escapes what is written.
struct Escaped<'l>(&'l mut String);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        push_escaped(self.0, text);
        Ok(())
    }
}

/// Escapes quotes, backslashes and control characters (RFC 8259 §7), so that no text can end its
/// member or its line.
fn push_escaped(line: &mut String, text: &str) {
    let is_special = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    let mut rest = text;
    // What is special is one byte, so the text is only ever cut between characters.
    while let Some(at) = rest.bytes().position(is_special) {
        let (before, special) = rest.split_at(at);
        line.push_str(before);
        match special.as_bytes().first() {
            Some(b'"') => line.push_str("\\\""),
            Some(b'\\') => line.push_str("\\\\"),
            Some(b'\n') => line.push_str("\\n"),
            Some(b'\r') => line.push_str("\\r"),
            Some(b'\t') => line.push_str("\\t"),
            Some(control) => {
                // Writing to a text never fails.
                let _ = write!(line, "\\u{control:04x}");
            }
            None => {}
        }
        rest = special.get(1..).unwrap_or_default();
    }
    line.push_str(rest);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{Lines, written};
    use super::*;

    #[test]
    fn every_kind_of_field_is_the_json_of_its_value() {
        let control: String = (0..=0x20_u8).map(char::from).collect();
        let hostile = format!("\"}}\\ {control} \u{7f}\u{e9}\u{2028}\u{1f36a}");
        let lines = Lines::default();
        let builder = tracing_subscriber::fmt().with_writer({
            let sink = lines.clone();
            move || sink.clone()
        });
        let subscriber = builder.event_format(JsonLines).finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(
                text = hostile,
                debug = ?hostile,
                shown = %hostile,
                whole = -7,
                large = u64::MAX,
                fraction = 1.0,
                absurd = f64::NAN,
                flag = true,
                nothing = None::<&str>,
                r#type = "kind",
                "a message of {}",
                hostile
            );
            tracing::info!("another");
        });
        let text = written(&lines);
        let mut lines = text.lines();
        let mut line: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
        let at = line.as_object_mut().unwrap().remove("timestamp").unwrap();
        assert!(at.as_str().unwrap().ends_with('Z'));
        assert_eq!(
            line,
            json!({
                "level": "WARN",
                "message": format!("a message of {hostile}"),
                "text": hostile,
                "debug": format!("{hostile:?}"),
                "shown": hostile,
                "whole": -7,
                "large": u64::MAX,
                "fraction": 1.0,
                "absurd": null,
                "flag": true,
                "type": "kind",
                "target": module_path!(),
            })
        );
        let another: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
        assert_eq!(another["level"], "INFO");
        assert_eq!(another["message"], "another");
        assert_eq!(lines.next(), None);
    }
}
