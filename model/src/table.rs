//! The rotation table, stated a second time and in another shape.
//!
//! Nothing here comes from [`hardtack_core::rotation`]: ages are whole ticks, a token is a pair of
//! small numbers, and the decision is one `match` over what the token *is* and how old the anchor
//! is. Two statements of one table that agree on every step are worth more than one.

use crate::rules::{Fault, Rules};

/// A refresh token, or the access token that was handed out with it: its place in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token {
    /// How many rotations lie behind it.
    pub generation: u8,
    /// How many successors of one parent it has superseded.
    pub branch: u8,
}

impl Token {
    /// The token that a login hands out.
    pub const FIRST: Self = Self::new(0, 0);

    /// The token at `generation` and `branch`.
    #[must_use]
    pub const fn new(generation: u8, branch: u8) -> Self {
        Self { generation, branch }
    }
}

/// How far the current token has proven to be in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Handed out.
    Fresh,
    /// Used once.
    Seen,
    /// Used again a window later.
    Settled,
}

/// Does the user stand behind the family?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// Active, with the password the family was opened under.
    Standing,
    /// Switched off.
    Disabled,
    /// Deleted, or with another password.
    Gone,
}

/// Why a family was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ended {
    /// Its owner logged out.
    Logout,
    /// A token came back that two must hold a copy of.
    Reuse,
    /// The password changed.
    PasswordChanged,
    /// The user was switched off.
    UserDisabled,
}

/// One family's row. Ages are in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Row {
    /// The token handed out last.
    pub current: Token,
    /// The branch it was traded for; `None` where nobody remembers.
    pub parent_branch: Option<u8>,
    /// How far it has proven itself.
    pub phase: Phase,
    /// Since the anchor; below zero after the clock was set back.
    pub age: i16,
    /// Retries that moved the anchor since the current token was minted.
    pub retries: u8,
    /// Since the family was last used; below zero after the clock was set back.
    pub unused: i16,
    /// Until the absolute end.
    pub left: i16,
    /// Why it is over, if somebody ended it.
    pub ended: Option<Ended>,
    /// Read with the row.
    pub owner: Owner,
}

/// How a token was handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum How {
    /// The current token was traded for the next generation.
    Rotation,
    /// The current token was handed out again.
    Repeat,
    /// The parent fetched its successor again.
    Retry,
    /// The parent came late and got another successor.
    Branch,
    /// A token newer than the row was believed.
    Heal,
}

/// Why nothing is handed out for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Two hold a copy. This is the moment at which the family ends.
    Reuse,
    /// Idle, or past its absolute end.
    Expired,
    /// Ended before.
    Ended(Ended),
    /// The user is switched off.
    Disabled,
    /// The user is gone, or has another password.
    Gone,
}

/// What a presented refresh token is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reply {
    /// This token, with an access token of the same place.
    Handed(How, Token),
    /// Come back when the window is over; nothing changes.
    Wait,
    /// No.
    Refused(Refusal),
}

/// What a token is to a row.
enum Kin {
    Current,
    Parent,
    Newer,
    Other,
}

/// Where the anchor's age lies.
enum Age {
    /// In the same burst as whatever set the anchor.
    Burst,
    /// Inside the window.
    Young,
    /// The window is over.
    Old,
}

impl Row {
    /// A family at login: settled, since there is no older token, and old enough to rotate.
    #[must_use]
    pub fn at_login(rules: &Rules) -> Self {
        Self {
            current: Token::FIRST,
            parent_branch: Some(0),
            phase: Phase::Settled,
            age: rules.window,
            retries: 0,
            unused: 0,
            left: rules.lifetime.map_or(0, |lifetime| lifetime.absolute),
            ended: None,
            owner: Owner::Standing,
        }
    }

    /// Presents a refresh token whose tag is good.
    #[must_use]
    pub fn present(self, token: Token, rules: &Rules) -> (Self, Reply) {
        if let Some(refusal) = self.refusal(rules) {
            return (self, Reply::Refused(refusal));
        }
        match (self.kin(token, rules), self.phase, self.timing(rules)) {
            (Kin::Current, _, Age::Old) => self.rotated(),
            (Kin::Current, _, _) if rules.fault == Some(Fault::NoMinimumAge) => self.rotated(),
            (Kin::Current, Phase::Fresh, _) => self.seen().hand_out(How::Repeat),
            (Kin::Current, _, _) => (
                self,
                // Nothing is written, so the use is not noted either.
                Reply::Handed(How::Repeat, self.current),
            ),

            (Kin::Parent, _, _) if rules.fault == Some(Fault::TimeOnly) => match self.timing(rules)
            {
                Age::Old => self.reused(),
                _ => (self, Reply::Handed(How::Retry, self.current)),
            },
            (Kin::Parent, Phase::Settled, _) | (Kin::Other, _, _) => self.reused(),
            (Kin::Parent, _, Age::Old) if rules.fault == Some(Fault::NoBranches) => {
                self.fresh_again().hand_out(How::Retry)
            }
            (Kin::Parent, _, Age::Old) => self.branched(),
            (Kin::Parent, _, Age::Burst) => (self, Reply::Handed(How::Retry, self.current)),
            (Kin::Parent, _, Age::Young) => self.retried(rules),

            (Kin::Newer, _, _) => self.healed(token),
        }
    }

    /// Uses an access token of this place.
    #[must_use]
    pub fn used(self, token: Token, rules: &Rules) -> Self {
        if token != self.current || self.refusal(rules).is_some() {
            return self;
        }
        match (self.phase, self.timing(rules)) {
            (Phase::Fresh, _) if rules.fault == Some(Fault::SettledAtFirstUse) => Self {
                phase: Phase::Settled,
                ..self.seen()
            },
            (Phase::Fresh, _) => self.seen(),
            (Phase::Seen, Age::Old) => Self {
                phase: Phase::Settled,
                ..self
            },
            _ => self,
        }
    }

    /// Time passes, or the clock is set: forward above zero, back below.
    #[must_use]
    pub fn pass(self, ticks: i16, rules: &Rules) -> Self {
        let mut row = self;
        row.age = row.age.saturating_add(ticks).min(rules.horizon());
        if let Some(lifetime) = rules.lifetime {
            let horizon = lifetime.idle.saturating_add(rules.horizon());
            row.unused = row.unused.saturating_add(ticks).min(horizon);
            row.left = row.left.saturating_sub(ticks).max(-rules.horizon());
        }
        row
    }

    /// Somebody ends the family. What has ended stays as it is.
    #[must_use]
    pub fn end(self, why: Ended, rules: &Rules) -> Self {
        let is_alive = self.ended.is_none() && !self.is_expired(rules);
        Self {
            ended: if is_alive { Some(why) } else { self.ended },
            ..self
        }
    }

    fn is_expired(&self, rules: &Rules) -> bool {
        rules
            .lifetime
            .is_some_and(|lifetime| self.unused >= lifetime.idle || self.left <= 0)
    }

    fn refusal(&self, rules: &Rules) -> Option<Refusal> {
        match (self.ended, self.owner) {
            (Some(why), _) => Some(Refusal::Ended(why)),
            (None, Owner::Disabled) => Some(Refusal::Disabled),
            _ if self.is_expired(rules) => Some(Refusal::Expired),
            (None, Owner::Gone) => Some(Refusal::Gone),
            (None, Owner::Standing) => None,
        }
    }

    fn kin(&self, token: Token, rules: &Rules) -> Kin {
        let generations_back = i16::from(self.current.generation) - i16::from(token.generation);
        let branches_back = i16::from(self.current.branch) - i16::from(token.branch);
        match (generations_back, branches_back) {
            (0, 0) => Kin::Current,
            (..0, _) | (0, ..0) => Kin::Newer,
            // Nobody remembers which branches were superseded, either.
            (0, _)
                if self.parent_branch.is_none()
                    && rules.fault != Some(Fault::HealedRowsForgiveNoBranch) =>
            {
                Kin::Parent
            }
            (1, _)
                if self
                    .parent_branch
                    .is_none_or(|branch| branch == token.branch) =>
            {
                Kin::Parent
            }
            _ => Kin::Other,
        }
    }

    fn timing(&self, rules: &Rules) -> Age {
        // A clock that was set back makes nothing older than it is.
        match self.age.max(0) {
            age if age >= rules.window => Age::Old,
            age if age < rules.burst => Age::Burst,
            _ => Age::Young,
        }
    }

    fn hand_out(self, how: How) -> (Self, Reply) {
        // A use that was later by the clock is not forgotten when the clock is set back.
        let unused = self.unused.min(0);
        (Self { unused, ..self }, Reply::Handed(how, self.current))
    }

    fn rotated(self) -> (Self, Reply) {
        Self {
            current: Token::new(self.current.generation + 1, 0),
            parent_branch: Some(self.current.branch),
            phase: Phase::Fresh,
            age: 0,
            retries: 0,
            ..self
        }
        .hand_out(How::Rotation)
    }

    fn branched(self) -> (Self, Reply) {
        Self {
            current: Token::new(self.current.generation, self.current.branch + 1),
            retries: 0,
            ..self.fresh_again()
        }
        .hand_out(How::Branch)
    }

    fn retried(self, rules: &Rules) -> (Self, Reply) {
        let unchanged = (self, Reply::Handed(How::Retry, self.current));
        let has_tries_left = self.retries < rules.retry_cap;
        match rules.fault {
            Some(Fault::NoRestart) => unchanged,
            Some(Fault::NoRetryCap) => self.fresh_again().hand_out(How::Retry),
            _ if has_tries_left => Self {
                retries: self.retries + 1,
                ..self.fresh_again()
            }
            .hand_out(How::Retry),
            Some(Fault::CappedRetriesAreAnswered) => unchanged,
            _ => (self, Reply::Wait),
        }
    }

    fn healed(self, token: Token) -> (Self, Reply) {
        Self {
            current: token,
            parent_branch: None,
            phase: Phase::Seen,
            age: 0,
            retries: 0,
            ..self
        }
        .hand_out(How::Heal)
    }

    fn reused(self) -> (Self, Reply) {
        let ended = Some(Ended::Reuse);
        (Self { ended, ..self }, Reply::Refused(Refusal::Reuse))
    }

    fn seen(self) -> Self {
        Self {
            phase: Phase::Seen,
            age: 0,
            ..self
        }
    }

    fn fresh_again(self) -> Self {
        Self {
            phase: Phase::Fresh,
            age: 0,
            ..self
        }
    }
}
