//! One account, from its registration to its end, and what was promised about it.
//!
//! Its owner does one thing after the other. When something was not answered, nothing follows until
//! a restart has shown whether it happened.

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::post::Kind;
use crate::promise::PasswordNumber;
use crate::tally::{Tally, Violation};
use crate::wire::{Request, Tokens};
use crate::world::password_text;

/// Operations that a story tells.
const STORY: usize = 30;

/// Codes and sessions that are worth nothing any more, kept to be tried again.
const KEPT: usize = 4;

/// What was answered last about the account itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// Nobody was told that it exists.
    Planned,
    Registered,
    /// Its address is verified: its owner may log in.
    Verified,
    Deleted,
}

/// A one-time code, and where it is spent.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    pub(crate) path: &'static str,
    pub(crate) body: Value,
}

impl Code {
    /// With the `key` of a link.
    pub(crate) fn key(path: &'static str, key: &str) -> Self {
        let body = json!({ "key": key });
        Self { path, body }
    }

    pub(crate) fn request(&self) -> Request {
        Request {
            body: Some(self.body.clone()),
            ..Request::post(self.path)
        }
    }
}

/// An act that changes the account.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    Register,
    Verify(Code),
    Reset(Code, PasswordNumber),
    Move(Code, String),
    Delete,
}

impl Act {
    /// Its row in the table.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Register => "registration",
            Self::Verify(_) => "verification",
            Self::Reset(..) => "password reset",
            Self::Move(..) => "new address",
            Self::Delete => "deletion",
        }
    }

    /// The code that it spends.
    pub(crate) const fn code(&self) -> Option<&Code> {
        match self {
            Self::Verify(code) | Self::Reset(code, _) | Self::Move(code, _) => Some(code),
            Self::Register | Self::Delete => None,
        }
    }
}

/// A mail that has to come.
#[derive(Debug, Clone)]
pub(crate) struct Awaited {
    pub(crate) kind: Kind,
    pub(crate) recipient: String,
    /// So many of the kind had come before.
    pub(crate) after: usize,
}

#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) password: PasswordNumber,
    pub(crate) stage: Stage,
    /// An act that was never answered.
    pub(crate) open: Option<Act>,
    /// A mail with a code that was asked for, perhaps before the last kill.
    pub(crate) awaited: Option<Awaited>,
    /// The jar of its owner.
    pub(crate) tokens: Option<Tokens>,
    /// The address that it had before, until its owner is known to be told of the move.
    pub(crate) moved_from: Option<String>,
    /// Where it was told of its last reset, until that is known.
    pub(crate) reset_told_at: Option<String>,
    /// Codes that were asked for since the last one was spent: a newer one replaces the older.
    pub(crate) asked: u32,
    pub(crate) spent: VecDeque<Code>,
    pub(crate) ended: VecDeque<Tokens>,
    story: VecDeque<String>,
}

impl Account {
    pub(crate) fn planned(name: String) -> Self {
        Self {
            email: format!("{name}.0@example.org"),
            name,
            password: 0,
            stage: Stage::Planned,
            open: None,
            awaited: None,
            tokens: None,
            moved_from: None,
            reset_told_at: None,
            asked: 0,
            spent: VecDeque::new(),
            ended: VecDeque::new(),
            story: VecDeque::new(),
        }
    }

    /// The act has happened.
    pub(crate) fn has_happened(&mut self, act: &Act) {
        if let Some(code) = act.code() {
            keep(&mut self.spent, code.clone());
            self.asked = 0;
        }
        match act {
            Act::Register => self.stage = Stage::Registered,
            Act::Verify(_) => self.stage = Stage::Verified,
            Act::Reset(_, to) => {
                self.password = *to;
                self.reset_told_at = Some(self.email.clone());
                self.end_session();
            }
            Act::Move(_, to) => {
                self.moved_from = Some(std::mem::replace(&mut self.email, to.clone()));
            }
            Act::Delete => {
                self.stage = Stage::Deleted;
                self.end_session();
            }
        }
    }

    /// The session of the jar is over.
    pub(crate) fn end_session(&mut self) {
        if let Some(tokens) = self.tokens.take() {
            keep(&mut self.ended, tokens);
        }
    }

    pub(crate) fn registration(&self) -> Request {
        let password = password_text(self.password);
        Request {
            body: Some(json!({
                "username": self.name, "email": self.email, "password1": password, "password2": password,
            })),
            ..Request::post("/api/auth/registration/")
        }
    }

    pub(crate) fn login(&self, password: PasswordNumber) -> Request {
        Request {
            body: Some(json!({ "username": self.name, "password": password_text(password) })),
            ..Request::post("/api/auth/login/")
        }
    }

    /// With the access token of the jar.
    pub(crate) fn authenticated(&self, request: Request) -> Request {
        Request {
            access: self.tokens.as_ref().map(|tokens| tokens.access.clone()),
            ..request
        }
    }

    pub(crate) fn note(&mut self, line: String) {
        if self.story.len() == STORY {
            self.story.pop_front();
        }
        self.story.push_back(line);
    }

    pub(crate) fn violated(&self, tally: &Tally, what: &str) {
        tally.violated(Violation {
            what: format!("{}: {what}", self.name),
            story: self.story.iter().cloned().collect(),
        });
    }
}

fn keep<T>(kept: &mut VecDeque<T>, one: T) {
    if kept.len() == KEPT {
        kept.pop_front();
    }
    kept.push_back(one);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reset_spends_its_code_and_ends_the_session() {
        let mut account = Account::planned("ada".to_owned());
        account.tokens = Some(Tokens {
            access: "a".to_owned(),
            refresh: "r".to_owned(),
        });
        account.asked = 1;
        let code = Code::key("/api/auth/password/reset/confirm/", "c");
        account.has_happened(&Act::Reset(code, 1));
        assert_eq!((account.password, account.asked), (1, 0));
        assert_eq!((account.spent.len(), account.ended.len()), (1, 1));
        assert!(account.tokens.is_none());
        assert_eq!(account.reset_told_at.as_deref(), Some("ada.0@example.org"));
    }

    #[test]
    fn a_move_is_told_at_the_address_before() {
        let mut account = Account::planned("ada".to_owned());
        let code = Code::key("/api/auth/email/change/confirm/", "c");
        account.has_happened(&Act::Move(code, "ada.1@example.org".to_owned()));
        assert_eq!(account.email, "ada.1@example.org");
        assert_eq!(account.moved_from.as_deref(), Some("ada.0@example.org"));
    }
}
