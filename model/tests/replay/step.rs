//! What happens to one family, in words, and how two parties are compared over it.

use std::fmt;
use std::time::Duration;

use hardtack_core::rotation::{
    Family, Owner as RealOwner, ParentBranch, Phase as RealPhase, Position, Rotation,
};
use hardtack_core::session::RevokeReason;
use hardtack_core::{SessionId, Timestamp, UserId};
use hardtack_model::rules::{Lifetime, Rules};
use hardtack_model::table::{Ended, How, Owner, Phase, Refusal, Reply, Row, Token};

use crate::model::Model;

/// Which token is meant: by its place, or by what it is to the row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    This(Token),
    Current,
    Parent,
    /// An older branch of the current generation; the current token where there is none.
    OlderBranch,
    /// The newest token of two generations ago, or the first.
    Grandparent,
    /// Ahead of the row by so many generations, at this branch; or by a branch.
    Ahead(u8, u8),
}

impl Which {
    pub(crate) fn of(self, row: &Row) -> Token {
        let Token { generation, branch } = row.current;
        match self {
            Self::This(token) => token,
            Self::Current => row.current,
            Self::Parent => Token::new(
                generation.saturating_sub(1),
                row.parent_branch.unwrap_or_default(),
            ),
            Self::OlderBranch => Token::new(generation, branch.saturating_sub(1)),
            Self::Grandparent => Token::new(generation.saturating_sub(2), 0),
            Self::Ahead(0, by) => Token::new(generation, branch + by + 1),
            Self::Ahead(by, at) => Token::new(generation + by, at),
        }
    }
}

/// One step.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Present(Which),
    Use(Which),
    Pass(i16),
    SetClock(i16),
    LogOut,
    ChangePassword,
    Disable,
    Enable,
    ReplicaFallsBehind,
    FailOver,
}

impl fmt::Debug for Which {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::This(token) => write!(formatter, "{token}"),
            Self::Current => formatter.write_str("the current token"),
            Self::Parent => formatter.write_str("the parent"),
            Self::OlderBranch => formatter.write_str("the branch before"),
            Self::Grandparent => formatter.write_str("the grandparent"),
            Self::Ahead(0, by) => write!(formatter, "a token {} branches ahead", by + 1),
            Self::Ahead(by, at) => {
                write!(formatter, "a token {by} generations ahead, branch {at}")
            }
        }
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Present(which) => write!(formatter, "{which:?} is presented"),
            Self::Use(which) => write!(formatter, "the access token of {which:?} is used"),
            Self::Pass(1) => formatter.write_str("a tick passes"),
            Self::Pass(ticks) => write!(formatter, "{ticks} ticks pass"),
            Self::SetClock(ticks) => write!(formatter, "the clock is set by {ticks} ticks"),
            Self::LogOut => formatter.write_str("the user logs out"),
            Self::ChangePassword => formatter.write_str("the password changes"),
            Self::Disable => formatter.write_str("the user is switched off"),
            Self::Enable => formatter.write_str("the user is switched on"),
            Self::ReplicaFallsBehind => formatter.write_str("the replica falls behind"),
            Self::FailOver => formatter.write_str("the replica takes over"),
        }
    }
}

/// How long a tick is, and the numbers of the protocol in ticks. They are those of the real code:
/// a window of 60 s, eight retries, a burst of 2 s.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    pub(crate) tick: Duration,
    pub(crate) rules: Rules,
}

impl Scale {
    pub(crate) const WINDOW: Duration = Duration::from_secs(60);

    const fn new(tick_seconds: u64, window: i16) -> Self {
        Self {
            tick: Duration::from_secs(tick_seconds),
            rules: Rules {
                retry_cap: 8,
                lifetime: Some(Lifetime {
                    idle: 12,
                    absolute: 60,
                }),
                set_back: 20_000,
                ..Rules::of_window(window)
            },
        }
    }

    /// Every age to the burst.
    pub(crate) const FINE: Self = Self::new(2, 30);

    /// As the searches have it.
    pub(crate) const COARSE: Self = Self::new(10, 6);

    pub(crate) fn time(&self, ticks: i16) -> Duration {
        self.tick * u32::from(ticks.unsigned_abs())
    }

    /// Whole ticks from one moment to another.
    fn ticks(&self, from: Timestamp, to: Timestamp) -> i16 {
        let micros = to.unix_micros() - from.unix_micros();
        let tick = i64::try_from(self.tick.as_micros()).unwrap();
        assert_eq!(micros % tick, 0, "nothing happens between two ticks");
        i16::try_from(micros / tick).unwrap()
    }

    /// A family's row as the model writes it.
    pub(crate) fn row(&self, family: &Family, now: Timestamp) -> Row {
        let lineage = &family.lineage;
        Row {
            current: token(lineage.current),
            parent_branch: match lineage.parent_branch {
                ParentBranch::Known(branch) => Some(u8::try_from(branch).unwrap()),
                ParentBranch::Any => None,
            },
            phase: match lineage.phase {
                RealPhase::Fresh => Phase::Fresh,
                RealPhase::Seen => Phase::Seen,
                RealPhase::Settled => Phase::Settled,
            },
            age: self.ticks(lineage.anchor_at, now),
            retries: u8::try_from(lineage.retries).unwrap(),
            unused: self.ticks(family.last_seen_at, now),
            left: self.ticks(now, family.ends_at),
            ended: family.ended.map(|ended| match ended.reason {
                RevokeReason::Reuse => Ended::Reuse,
                RevokeReason::PasswordChanged => Ended::PasswordChanged,
                RevokeReason::UserDisabled => Ended::UserDisabled,
                _ => Ended::Logout,
            }),
            owner: match family.owner {
                RealOwner::Standing => Owner::Standing,
                RealOwner::Disabled => Owner::Disabled,
                RealOwner::Gone => Owner::Gone,
            },
        }
    }

    /// A decision as the model says it, with the row that it led to.
    pub(crate) fn reply(&self, rotation: Rotation, after: &Family, now: Timestamp) -> Reply {
        let row = self.row(after, now);
        let how = match rotation {
            Rotation::Advance => How::Rotation,
            Rotation::Repeat => How::Repeat,
            Rotation::Retry => How::Retry,
            Rotation::Branch => How::Branch,
            Rotation::Ahead => How::Heal,
            Rotation::Wait(wait) => {
                assert_eq!(wait, self.time(self.rules.window - row.age));
                return Reply::Wait;
            }
            Rotation::Reuse => return Reply::Refused(Refusal::Reuse),
            Rotation::Expired(since) => {
                assert!(since <= now);
                return Reply::Refused(Refusal::Expired);
            }
            Rotation::Revoked(_) => return Reply::Refused(Refusal::Ended(row.ended.unwrap())),
            Rotation::UserDisabled => return Reply::Refused(Refusal::Disabled),
            Rotation::UserGone => return Reply::Refused(Refusal::Gone),
        };
        Reply::Handed(how, row.current)
    }
}

pub(crate) fn position(token: Token) -> Position {
    Position::new(token.generation.into(), token.branch.into())
}

fn token(position: Position) -> Token {
    Token::new(
        u8::try_from(position.generation).unwrap(),
        u8::try_from(position.branch).unwrap(),
    )
}

pub(crate) const SESSION: SessionId = SessionId::from_bytes([7; 16]);
pub(crate) const USER: UserId = UserId::new(1);
pub(crate) const START: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

/// Somebody who can live through the steps.
pub(crate) trait Party {
    /// Lives through one step; tokens have been named. Answers what was presented.
    fn take(&mut self, step: Step) -> Option<Reply>;

    /// The row now.
    fn row(&mut self) -> Row;
}

/// Takes both through the steps, as long as they agree. What they disagree about is told as the
/// story up to there.
pub(crate) fn replay(
    steps: &[Step],
    scale: Scale,
    real: &mut impl Party,
) -> Result<Vec<Reply>, String> {
    let mut model = Model::new(scale);
    let mut story = vec![format!("at first: {}", model.row())];
    let mut replies = Vec::new();
    for step in steps {
        let named = model.name(*step);
        let expected = model.take(named);
        let answer = real.take(named);
        story.push(match expected {
            Some(reply) => format!("{named:?}: {reply}"),
            None => format!("{named:?}"),
        });
        replies.extend(expected);
        if answer != expected {
            story.push(format!("but the real code answers {answer:?}"));
            return Err(story.join("\n"));
        }
        let (expected, row) = (model.row(), real.row());
        if row != expected {
            story.push(format!("expected: {expected:?}\nbut really: {row:?}"));
            return Err(story.join("\n"));
        }
    }
    Ok(replies)
}
