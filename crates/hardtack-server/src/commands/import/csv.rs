//! CSV (RFC 4180): the first line names the columns.

use anyhow::{Context as _, Result, bail};
use csv::{ErrorKind, ReaderBuilder, StringRecord};

use super::row::{Found, RawUser, field};

pub(super) fn read(text: &[u8]) -> Result<Found> {
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(text);
    let heads = reader
        .headers()
        .context("the first line, which names the columns")?;
    let columns: Vec<Option<&'static str>> = heads.iter().map(field).collect();
    let mut found = Found {
        ignored: heads
            .iter()
            .filter(|head| field(head).is_none())
            .map(str::to_owned)
            .collect(),
        ..Found::default()
    };
    for wanted in ["username", "password"] {
        if !columns.contains(&Some(wanted)) {
            bail!("there is no column {wanted:?}; the first line names the columns");
        }
    }
    for (index, column) in columns.iter().enumerate() {
        if column.is_some() && columns.iter().skip(index + 1).any(|other| other == column) {
            bail!("two columns are called {:?}", column.unwrap_or_default());
        }
    }
    let mut lines = Lines {
        text,
        seen: 0,
        line: 1,
    };
    for record in reader.records() {
        found.users.push(match record {
            Ok(record) => user(&record, lines.of(record.position()), &columns),
            Err(error) => unreadable(&error, &mut lines)?,
        });
    }
    Ok(found)
}

/// Counts lines. The reader's own numbers are one short after a line that ends in CR LF.
struct Lines<'text> {
    text: &'text [u8],
    seen: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line on which the record at `position` begins; records come in order.
    fn of(&mut self, position: Option<&csv::Position>) -> u64 {
        let start = position.and_then(|position| usize::try_from(position.byte()).ok());
        let rest = start
            .and_then(|start| self.text.get(start..))
            .unwrap_or_default();
        // The position may lie before the end of the line above, or before empty lines.
        let ends = rest
            .iter()
            .take_while(|byte| matches!(byte, b'\r' | b'\n'))
            .count();
        let start = self.text.len() - rest.len() + ends;
        let between = self.text.get(self.seen..start).unwrap_or_default();
        self.line += between
            .iter()
            .map(|byte| u64::from(*byte == b'\n'))
            .sum::<u64>();
        self.seen = self.seen.max(start);
        self.line
    }
}

fn user(record: &StringRecord, line: u64, columns: &[Option<&'static str>]) -> RawUser {
    let fault = (record.len() != columns.len()).then(|| {
        format!(
            "it has {} fields, and the first line names {}",
            record.len(),
            columns.len()
        )
    });
    let texts = columns
        .iter()
        .zip(record)
        .filter_map(|(column, text)| Some(((*column)?, text.to_owned())))
        .collect();
    RawUser { line, texts, fault }
}

/// A line that is no text is one user less, and the rest can still be read.
fn unreadable(error: &csv::Error, lines: &mut Lines<'_>) -> Result<RawUser> {
    match error.kind() {
        ErrorKind::Utf8 { pos, .. } => Ok(RawUser {
            line: lines.of(pos.as_ref()),
            fault: Some("it is not UTF-8".to_owned()),
            ..RawUser::default()
        }),
        _ => bail!("the file cannot be read: {error}"),
    }
}
