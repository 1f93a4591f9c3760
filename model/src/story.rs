//! Paths of the model in words.

use std::fmt;

use crate::browser::{Action, Message, Touch, World};
use crate::race::{Deed, Hand};
use crate::scenario::Scenario;
use crate::table::{How, Refusal, Reply, Row, Token};

impl fmt::Display for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.generation, self.branch)
    }
}

impl fmt::Display for Row {
    /// `2.0 fresh, aged 3`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} {:?}, aged {}",
            self.current, self.phase, self.age
        )?;
        if let Some(ended) = self.ended {
            write!(formatter, ", ended: {ended:?}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handed(How::Rotation, token) => write!(formatter, "rotated to {token}"),
            Self::Handed(How::Repeat, token) => write!(formatter, "given {token} again"),
            Self::Handed(How::Retry, token) => write!(formatter, "given its successor {token}"),
            Self::Handed(How::Branch, token) => {
                write!(formatter, "late, and given a new branch, {token}")
            }
            Self::Handed(How::Heal, token) => {
                write!(formatter, "ahead of the row, and believed: {token}")
            }
            Self::Wait => formatter.write_str("told to wait"),
            Self::Refused(Refusal::Reuse) => {
                formatter.write_str("REFUSED: taken for a copy, and the family is ended")
            }
            Self::Refused(refusal) => write!(formatter, "refused: {refusal:?}"),
        }
    }
}

/// A path in numbered lines: what happened, and the row after it.
#[must_use]
pub fn tell(scenario: &Scenario, start: &World, actions: &[Action]) -> String {
    let mut world = start.clone();
    let mut lines = vec![format!("    the row: {}", world.row)];
    let mut number = 0;
    for run in actions.chunk_by(|one, other| one == other && *one == Action::Tick) {
        number += 1;
        let before = world.clone();
        let mut words = String::new();
        for action in run {
            if let Some((next, touch)) = scenario.play(&world, *action) {
                words = step(&world, *action, touch);
                world = next;
            }
        }
        if run.len() > 1 {
            words = format!("{} ticks pass", run.len());
        }
        lines.push(format!("{number:>3} {words}"));
        if world.row != before.row && run.first() != Some(&Action::Tick) {
            lines.push(format!("    the row: {}", world.row));
        }
    }
    lines.join("\n") + "\n"
}

/// One step in words.
#[must_use]
pub fn step(before: &World, action: Action, touch: Touch) -> String {
    let reply = match touch {
        Touch::Presented(_, reply) => reply.to_string(),
        _ => String::new(),
    };
    match action {
        Action::Ask => format!("a tab sends a refresh with {}", before.jar),
        Action::Arrive(request) => format!("{} arrives: {reply}", refresh(request)),
        Action::ArriveUnheard(request) => {
            format!("{} arrives: {reply}; the answer is lost", refresh(request))
        }
        Action::Lose(request) => format!("{} is lost", refresh(request)),
        Action::Land(answer) => format!("the answer with {} lands in the jar", answer.token),
        Action::LoseAnswer(answer) => format!("the answer with {} is lost", answer.token),
        Action::Use => format!("a tab uses the access token of {}", before.jar),
        Action::Report(report) => format!("the use of {} is written", report.token),
        Action::Forget(report) => format!("the use of {} is forgotten", report.token),
        Action::Crash => format!(
            "the browser crashes; {} was never on the disk, {} comes back",
            before.jar, before.disk
        ),
        Action::Steal => format!("a thief copies {}", before.jar),
        Action::ThiefPresents => format!("the thief presents {}: {reply}", held(before)),
        Action::ThiefPresentsUnheard => {
            format!(
                "the thief presents {}: {reply}; the answer is lost",
                held(before)
            )
        }
        Action::ThiefUses => format!("the thief uses the access token of {}", held(before)),
        Action::ReplicaFallsBehind => "the replica falls behind".to_owned(),
        Action::FailOver => "the replica takes over; later commits are lost".to_owned(),
        Action::SetClock(ticks) if ticks < 0 => format!("the clock is set back by {}", -ticks),
        Action::SetClock(ticks) => format!("the clock is set forward by {ticks}"),
        Action::LogOut => "the user logs out".to_owned(),
        Action::ChangePassword => "the user changes the password elsewhere".to_owned(),
        Action::Tick => "a tick passes".to_owned(),
    }
}

fn refresh(request: Message) -> String {
    let orphan = if request.orphan {
        " from before the crash"
    } else {
        ""
    };
    format!("the refresh with {}{orphan}", request.token)
}

fn held(world: &World) -> String {
    world
        .thief
        .map_or_else(String::new, |token| token.to_string())
}

/// A way of races in numbered lines.
#[must_use]
pub fn tell_deeds(deeds: &[Deed]) -> String {
    let lines: Vec<_> = (1..)
        .zip(deeds)
        .map(|(number, deed)| format!("{number:>3} {deed}"))
        .collect();
    lines.join("\n")
}

impl fmt::Display for Deed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ask(family, token) => {
                write!(
                    formatter,
                    "a refresh of session {family} arrives with {token}"
                )
            }
            Self::Judge(hand) => write!(formatter, "{hand} reads the row and is judged"),
            Self::Commit(hand) => write!(formatter, "{hand} is committed and answered"),
            Self::Die(hand) => write!(formatter, "the node that serves {hand} dies"),
            Self::CheckPassword => formatter.write_str("the password of a login is found right"),
            Self::Insert(_) => formatter.write_str("the session of that login is inserted"),
            Self::LogOut(family) => write!(formatter, "the user logs out of session {family}"),
            Self::ChangePassword => formatter.write_str("the user changes the password"),
            Self::Disable => formatter.write_str("the user is switched off"),
            Self::Tick => formatter.write_str("a tick passes"),
        }
    }
}

impl fmt::Display for Hand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked(family, token) | Self::Judged(family, token) => {
                write!(formatter, "the refresh of session {family} with {token}")
            }
            Self::Checked(_) => formatter.write_str("the login"),
        }
    }
}
