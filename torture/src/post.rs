//! The mails of the service: in its outbox, or as files that it has sent.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use rusqlite::{Connection, OpenFlags};

use crate::wire::PUBLIC_URL;

/// Where the service puts what it sends, in its data directory.
pub(crate) const DIRECTORY: &str = "post";

/// What a mail is about, as far as anybody here waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    VerifyEmail,
    ResetPassword,
    ConfirmNewEmail,
    EmailChanged,
    PasswordChanged,
}

impl Kind {
    /// As the outbox names it.
    const fn name(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
            Self::ConfirmNewEmail => "confirm_new_email",
            Self::EmailChanged => "email_changed",
            Self::PasswordChanged => "password_changed",
        }
    }

    /// Where its link leads. The mail about a new password has none with a code.
    const fn path(self) -> &'static str {
        match self {
            Self::VerifyEmail => "/account/verify/",
            Self::ResetPassword => "/account/reset/",
            Self::ConfirmNewEmail => "/account/email/confirm/",
            Self::EmailChanged => "/account/email/revert/",
            Self::PasswordChanged => "/account/forgot/",
        }
    }
}

#[derive(Debug)]
struct Letter {
    text: String,
}

impl Letter {
    /// What follows the path in the link of that kind: a key, or a user and a token.
    fn code(&self, kind: Kind) -> Option<Vec<String>> {
        let (_, link) = self
            .text
            .split_once(&format!("{PUBLIC_URL}{}", kind.path()))?;
        let end = link.find(char::is_whitespace).unwrap_or(link.len());
        let parts = link.get(..end)?.split('/');
        Some(
            parts
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect(),
        )
    }

    fn is(&self, kind: Kind) -> bool {
        self.code(kind).is_some()
    }
}

/// Empties the directory of the sent mails, and looks into the outbox.
#[derive(Debug)]
pub(crate) struct Post {
    directory: PathBuf,
    database: PathBuf,
    /// By recipient, in the order in which they were queued.
    letters: Mutex<HashMap<String, Vec<Letter>>>,
}

impl Post {
    pub(crate) fn of(data: &std::path::Path) -> Self {
        Self {
            directory: data.join(DIRECTORY),
            database: data.join("hardtack.db"),
            letters: Mutex::default(),
        }
    }

    /// The code in the newest mail of that kind to `recipient`, if it has come.
    pub(crate) fn code(&self, recipient: &str, kind: Kind) -> Option<Vec<String>> {
        // The next try may succeed.
        self.fetch().ok()?;
        let letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
        let letters = letters.get(recipient)?.iter();
        letters.rev().find_map(|letter| letter.code(kind))
    }

    /// How many such mails have come.
    pub(crate) fn count(&self, recipient: &str, kind: Kind) -> usize {
        // Those that cannot be fetched now come later.
        let _ = self.fetch();
        let letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
        let letters = letters.get(recipient).into_iter().flatten();
        letters.filter(|letter| letter.is(kind)).count()
    }

    /// Was such a mail sent, or will it be?
    pub(crate) fn knows(&self, recipient: &str, kind: Kind) -> Result<bool> {
        // The outbox first: a mail is a file before it leaves it.
        let database = Connection::open_with_flags(
            &self.database,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        database.busy_timeout(std::time::Duration::from_secs(5))?;
        let queued: i64 = database.query_row(
            "SELECT count(*) FROM outbox WHERE recipient = ?1 AND kind = ?2",
            (recipient, kind.name()),
            |row| row.get(0),
        )?;
        if queued > 0 {
            return Ok(true);
        }
        self.fetch()?;
        let letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
        let mut letters = letters.get(recipient).into_iter().flatten();
        Ok(letters.any(|letter| letter.is(kind)))
    }

    fn fetch(&self) -> std::io::Result<()> {
        let mut letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&self.directory)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "eml") {
                files.push(path);
            }
        }
        files.sort_unstable();
        for path in files {
            let text = std::fs::read_to_string(&path)?.replace("\r\n", "\n");
            let recipient = text.lines().find_map(|line| line.strip_prefix("To: "));
            let recipient = recipient.unwrap_or_default().to_owned();
            // Quoted-printable (RFC 2045 §6.7), as far as links need it.
            let text = text.replace("=\n", "").replace("=3D", "=");
            letters.entry(recipient).or_default().push(Letter { text });
            std::fs::remove_file(&path)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_though_its_line_was_folded_and_the_file_is_taken_away() {
        let directory = tempfile::tempdir().unwrap();
        let post = Post::of(directory.path());
        let sent = directory.path().join(DIRECTORY);
        std::fs::create_dir(&sent).unwrap();
        let mail = format!(
            "From: a@example.com\r\nTo: ada@example.org\r\n\r\n{PUBLIC_URL}/account/reset/2/towmck-3511=\r\n0d0f/\r\n"
        );
        std::fs::write(sent.join("1.eml"), mail).unwrap();
        std::fs::write(sent.join("half"), "To: ada@example.org").unwrap();
        let code = post.code("ada@example.org", Kind::ResetPassword);
        assert_eq!(code.unwrap(), ["2", "towmck-35110d0f"]);
        assert_eq!(post.count("ada@example.org", Kind::ResetPassword), 1);
        assert_eq!(post.code("ada@example.org", Kind::VerifyEmail), None);
        assert_eq!(std::fs::read_dir(&sent).unwrap().count(), 1);
    }
}
