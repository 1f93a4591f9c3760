//! What is printed and asked: sentences and tables for people, JSON for programs.

use std::fmt::Write as _;
use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};

use anyhow::{Context as _, Result, bail};
use hardtack_core::Secret;
use serde::Serialize;

/// The longest line that is read as a password, in bytes. More than the longest password has.
const MAX_PASSWORD_LINE: u64 = 4096;

/// Where answers go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    /// Print JSON.
    pub(crate) json: bool,
}

impl Terminal {
    /// Prints one answer: `sentence` for people, `value` for programs.
    pub(crate) fn say(self, sentence: &str, value: &impl Serialize) -> Result<()> {
        if self.json {
            print_json(value)
        } else {
            print(sentence)
        }
    }

    /// Prints rows: an aligned table under `heads` for people, `values` for programs.
    pub(crate) fn list<const COLUMNS: usize>(
        self,
        heads: [&str; COLUMNS],
        rows: &[[String; COLUMNS]],
        values: &impl Serialize,
    ) -> Result<()> {
        if self.json {
            print_json(values)
        } else {
            print(&table(heads, rows))
        }
    }
}

/// Prints `text` and a line's end. A reader that has gone away (`| head`) is an error like any
/// other here, and none to `main`.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.trim_end_matches('\n').as_bytes())?;
    stdout.write_all(b"\n")?;
    stdout.flush()?;
    Ok(())
}

fn print_json(value: &impl Serialize) -> Result<()> {
    print(&serde_json::to_string_pretty(value)?)
}

/// Reads a new password: the first line of standard input, or twice from a terminal.
pub(crate) fn read_new_password(from_stdin: bool) -> Result<Secret<String>> {
    if from_stdin {
        return read_line();
    }
    if !std::io::stdin().is_terminal() {
        bail!("there is no terminal to ask for the password; use --password-stdin");
    }
    let first = Secret::new(rpassword::prompt_password("New password: ")?);
    let again = Secret::new(rpassword::prompt_password("The same again: ")?);
    if first.expose_secret() != again.expose_secret() {
        bail!("the two passwords differ");
    }
    Ok(first)
}

/// Asks whether to go on. Without a terminal nobody can say yes.
pub(crate) fn confirm(question: &str) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("there is no terminal to ask; use --yes");
    }
    let mut stderr = std::io::stderr().lock();
    write!(stderr, "{question} [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Text from outside, fit for a terminal: what could move the cursor, recolour the screen or turn
/// the line around is spelt out instead.
pub(crate) fn shown(text: &str) -> String {
    let hides = |character: char| {
        character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if hides(character) {
            let _ = write!(shown, "{}", character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Like [`shown`], of several lines that are ours.
pub(crate) fn shown_lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(shown).collect();
    lines.join("\n")
}

fn read_line() -> Result<Secret<String>> {
    let mut line = Vec::with_capacity(usize::try_from(MAX_PASSWORD_LINE)?);
    std::io::stdin()
        .lock()
        .take(MAX_PASSWORD_LINE)
        .read_until(b'\n', &mut line)?;
    let line = Secret::new(line);
    let text = std::str::from_utf8(line.expose_secret()).context("the password is not UTF-8")?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    Ok(Secret::new(
        text.strip_suffix('\r').unwrap_or(text).to_owned(),
    ))
}

fn table<const COLUMNS: usize>(heads: [&str; COLUMNS], rows: &[[String; COLUMNS]]) -> String {
    let heads = heads.map(str::to_owned);
    // A list of one thing's fields has no heads.
    let heads = heads.iter().any(|head| !head.is_empty()).then_some(heads);
    let rows: Vec<[String; COLUMNS]> = heads
        .into_iter()
        .chain(
            rows.iter()
                .map(|row| row.each_ref().map(|cell| shown(cell))),
        )
        .collect();
    let mut widths = [0; COLUMNS];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (width, cell) in widths.iter().zip(row) {
            let _ = write!(line, "{cell:width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [
            ["1".to_owned(), "ada".to_owned()],
            ["12".to_owned(), String::new()],
        ];
        assert_eq!(table(["ID", "NAME"], &rows), "ID  NAME\n1   ada\n12\n");
        assert_eq!(table(["", ""], &rows), "1   ada\n12\n");
    }

    /// A user who calls themselves `\x1b[2J` must not rule the operator's screen (CVE-2025-58160).
    #[test]
    fn what_a_user_wrote_cannot_move_the_cursor() {
        assert_eq!(
            shown("a\u{1b}[2Jb\r\nc\u{202e}d\u{200b}é"),
            "a\\u{1b}[2Jb\\r\\nc\\u{202e}d\\u{200b}é"
        );
        let rows = [["\u{1b}]0;title\u{7}".to_owned()]];
        assert!(!table(["NAME"], &rows).contains('\u{1b}'));
    }
}
