//! One family, one browser with several tabs and one cookie jar, a network that loses, delays and
//! reorders, and whatever else a [`Scenario`] lets happen.
//!
//! The server's act is one step here. That its reading and its writing may be told apart without
//! harm is what [`crate::race`] shows.

mod facts;
mod moves;
pub mod properties;

use stateright::{Model, Property};

pub use facts::{Facts, Party};

use crate::scenario::{FailOver, Scenario};
use crate::table::{Ended, Reply, Row, Token};

/// A message under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Message {
    /// What it carries.
    pub token: Token,
    /// Ticks that it has seen.
    pub age: u8,
    /// The browser that sent it has crashed since: nobody waits for the answer.
    pub orphan: bool,
}

/// Everything there is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct World {
    /// The family.
    pub row: Row,
    /// What the replica has of it, where there is one that lags behind.
    pub replica: Option<Row>,
    /// The token in the cookie jar.
    pub jar: Token,
    /// The one on the disk, which a crash brings back.
    pub disk: Token,
    /// Ticks since the jar changed.
    pub unflushed: u8,
    /// Refreshes on their way to the server. Sorted, as are the others: their order is chance.
    pub requests: Vec<Message>,
    /// Answers on their way to the browser.
    pub answers: Vec<Message>,
    /// Uses of access tokens on their way to the row.
    pub uses: Vec<Message>,
    /// The thief's copy.
    pub thief: Option<Token>,
    /// Fail-overs that may still happen.
    pub fail_overs_left: u8,
    /// Times that the clock may still be set.
    pub clock_changes_left: u8,
    /// What the properties need to know of the past.
    pub facts: Facts,
}

/// One step of the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// A tab asks for a refresh with what is in the jar.
    Ask,
    /// A request reaches the server; the answer leaves.
    Arrive(Message),
    /// A request reaches the server; the answer is lost, or the node dies after its commit.
    ArriveUnheard(Message),
    /// A request is lost, or the node dies before its commit.
    Lose(Message),
    /// An answer reaches the browser.
    Land(Message),
    /// An answer is lost on its way.
    LoseAnswer(Message),
    /// A tab uses its access token.
    Use,
    /// A use is written to the row.
    Report(Message),
    /// A use is forgotten.
    Forget(Message),
    /// The browser crashes and comes back with what was on the disk.
    Crash,
    /// A thief copies the jar.
    Steal,
    /// The thief presents their copy.
    ThiefPresents,
    /// The thief presents their copy and does not hear the answer.
    ThiefPresentsUnheard,
    /// The thief uses their access token.
    ThiefUses,
    /// The replica has everything up to here, and falls behind.
    ReplicaFallsBehind,
    /// The replica takes over: commits are lost.
    FailOver,
    /// The clock is set, by so many ticks.
    SetClock(i16),
    /// The user logs out.
    LogOut,
    /// The user changes the password in another browser.
    ChangePassword,
    /// Time passes.
    Tick,
}

impl Model for Scenario {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World {
            row: Row::at_login(&self.rules),
            replica: None,
            jar: Token::FIRST,
            disk: Token::FIRST,
            unflushed: self.flush,
            requests: Vec::new(),
            answers: Vec::new(),
            uses: Vec::new(),
            thief: None,
            fail_overs_left: self.fail_overs,
            clock_changes_left: self.clock_changes,
            facts: Facts::default(),
        }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        use Action::{
            Arrive, ArriveUnheard, Ask, ChangePassword, Crash, FailOver as TakeOver, Forget, Land,
            LogOut, Lose, LoseAnswer, ReplicaFallsBehind, Report, SetClock, Steal, ThiefPresents,
            ThiefPresentsUnheard, ThiefUses, Tick, Use,
        };
        // The end of a family by reuse is judged where it happens; nothing can follow it.
        if world.row.ended == Some(Ended::Reuse) {
            return;
        }
        if world.requests.len() + world.answers.len() < self.tabs {
            actions.push(Ask);
        }
        for request in distinct(&world.requests) {
            if !request.orphan {
                actions.push(Arrive(request));
            }
            actions.extend([ArriveUnheard(request), Lose(request)]);
        }
        for answer in distinct(&world.answers) {
            actions.extend([Land(answer), LoseAnswer(answer)]);
        }
        if self.reports_last > 0 {
            for report in distinct(&world.uses) {
                actions.extend([Report(report), Forget(report)]);
            }
        }
        if self.traffic && world.uses.is_empty() {
            actions.push(Use);
        }
        if self.crashes && world.disk != world.jar {
            actions.push(Crash);
        }
        if self.thief {
            if world.thief.is_none() {
                actions.push(Steal);
            } else {
                actions.extend([ThiefPresents, ThiefPresentsUnheard]);
                if self.traffic {
                    actions.push(ThiefUses);
                }
            }
        }
        if world.fail_overs_left > 0 {
            match world.replica {
                None => actions.push(ReplicaFallsBehind),
                Some(_) if self.fail_over == FailOver::AtAnyTime || world.is_quiet() => {
                    actions.push(TakeOver);
                }
                Some(_) => {}
            }
        }
        if world.clock_changes_left > 0 {
            actions.extend(self.clock_steps.iter().map(|step| SetClock(*step)));
        }
        if self.endings && world.row.ended.is_none() {
            actions.extend([LogOut, ChangePassword]);
        }
        if self.may_tick(world) {
            actions.push(Tick);
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        self.play(world, action).map(|(world, _)| world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::of(self)
    }

    fn within_boundary(&self, world: &World) -> bool {
        let newest = world.row.current;
        newest.generation <= self.generations && newest.branch <= self.branches
    }
}

impl World {
    /// Is nothing under way?
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.requests.is_empty() && self.answers.is_empty() && self.uses.is_empty()
    }
}

/// What a step asks of the server, if anything. A trace of these can be replayed against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touch {
    /// A refresh token was presented, and answered so.
    Presented(Token, Reply),
    /// An access token was used.
    Used(Token),
    /// The clock moved, by itself or set.
    Passed(i16),
    /// Somebody ended the family.
    Ended(Ended),
    /// The row became an older one.
    FellBack,
    /// None of its business.
    Nothing,
}

fn distinct(sorted: &[Message]) -> Vec<Message> {
    let mut messages = sorted.to_vec();
    messages.dedup();
    messages
}
