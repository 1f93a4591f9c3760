//! One JSON object a line: `timestamp`, `level`, the fields of the event, `target`.
//!
//! Written straight into the line. Every refresh has one, and by way of serde and a text for each
//! field it took a tenth of what a refresh costs (budget B3 of the design).

use std::fmt::{self, Debug, Write as _};

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
        writer.write_str("{\"timestamp\":\"")?;
        writer.write_str(&SystemClock.now().iso_date())?;
        writer.write_str("\",\"level\":\"")?;
        writer.write_str(event.metadata().level().as_str())?;
        writer.write_char('"')?;
        let mut members = Members {
            writer,
            outcome: Ok(()),
        };
        event.record(&mut members);
        members.push("target", |writer| {
            write_text(writer, event.metadata().target())
        });
        members.outcome?;
        members.writer.write_str("}\n")
    }
}

/// Writes each field as a member.
struct Members<'w> {
    writer: Writer<'w>,
    /// A visitor cannot say that it failed.
    outcome: fmt::Result,
}

impl<'w> Members<'w> {
    fn push(&mut self, name: &str, value: impl FnOnce(&mut Writer<'w>) -> fmt::Result) {
        if self.outcome.is_err() {
            return;
        }
        let writer = &mut self.writer;
        self.outcome = (|| {
            writer.write_char(',')?;
            // `r#type` is how Rust spells a field that is called `type`.
            write_text(writer, name.strip_prefix("r#").unwrap_or(name))?;
            writer.write_char(':')?;
            value(writer)
        })();
    }
}

impl Visit for Members<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.push(field.name(), |writer| {
            writer.write_char('"')?;
            write!(Escaped(writer), "{value:?}")?;
            writer.write_char('"')
        });
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.push(field.name(), |writer| write_text(writer, value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field.name(), |writer| write!(writer, "{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push(field.name(), |writer| write!(writer, "{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field.name(), |writer| write!(writer, "{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.push(field.name(), |writer| {
            if value.is_finite() {
                write!(writer, "{value:?}")
            } else {
                // JSON has no word for it.
                writer.write_str("null")
            }
        });
    }
}

fn write_text(writer: &mut Writer<'_>, text: &str) -> fmt::Result {
    writer.write_char('"')?;
    Escaped(writer).write_str(text)?;
    writer.write_char('"')
}

/// Escapes what is written (RFC 8259 §7): quotes, backslashes and control characters, so that no text
/// can end its member or its line.
struct Escaped<'a, 'w>(&'a mut Writer<'w>);

impl fmt::Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let is_special = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
        let mut rest = text;
        // What is special is one byte, so the text is only ever cut between characters.
        while let Some(at) = rest.bytes().position(is_special) {
            let (before, special) = rest.split_at(at);
            self.0.write_str(before)?;
            match special.as_bytes().first() {
                Some(b'"') => self.0.write_str("\\\"")?,
                Some(b'\\') => self.0.write_str("\\\\")?,
                Some(b'\n') => self.0.write_str("\\n")?,
                Some(b'\r') => self.0.write_str("\\r")?,
                Some(b'\t') => self.0.write_str("\\t")?,
                Some(control) => write!(self.0, "\\u{control:04x}")?,
                None => {}
            }
            rest = special.get(1..).unwrap_or_default();
        }
        self.0.write_str(rest)
    }
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
