//! What each step does.

use super::{Action, Facts, Message, Party, Touch, World};
use crate::scenario::Scenario;
use crate::table::{Ended, Reply, Row, Token};

impl Scenario {
    /// The world after a step, and what the step meant to the server. `None` where the step is not
    /// possible.
    #[must_use]
    pub fn play(&self, world: &World, action: Action) -> Option<(World, Touch)> {
        let mut next = world.clone();
        let touch = match action {
            Action::Ask => {
                next.requests.push(Message::new(world.jar));
                Touch::Nothing
            }
            Action::Arrive(request) => {
                take(&mut next.requests, request)?;
                let reply = self.present(&mut next, Party::Browser, request.token);
                if let Reply::Handed(_, token) = reply {
                    let age = if self.limit_is_shared { request.age } else { 0 };
                    next.answers.push(Message {
                        age,
                        ..Message::new(token)
                    });
                }
                Touch::Presented(request.token, reply)
            }
            Action::ArriveUnheard(request) => {
                take(&mut next.requests, request)?;
                let reply = self.present(&mut next, Party::Browser, request.token);
                Touch::Presented(request.token, reply)
            }
            Action::Lose(request) => take(&mut next.requests, request)?,
            Action::Land(answer) => {
                take(&mut next.answers, answer)?;
                if next.jar != answer.token {
                    next.jar = answer.token;
                    next.unflushed = 0;
                }
                Touch::Nothing
            }
            Action::LoseAnswer(answer) => take(&mut next.answers, answer)?,
            Action::Use if self.reports_last > 0 => {
                next.uses.push(Message::new(world.jar));
                Touch::Nothing
            }
            Action::Use => {
                next.row = next.row.used(world.jar, &self.rules);
                Touch::Used(world.jar)
            }
            Action::Report(report) => {
                take(&mut next.uses, report)?;
                next.row = next.row.used(report.token, &self.rules);
                Touch::Used(report.token)
            }
            Action::Forget(report) => take(&mut next.uses, report)?,
            Action::Crash => {
                next.jar = world.disk;
                next.unflushed = self.flush;
                next.answers.clear();
                for request in &mut next.requests {
                    request.orphan = true;
                }
                Touch::Nothing
            }
            Action::Steal => {
                next.thief = Some(world.jar);
                Touch::Nothing
            }
            Action::ThiefPresents | Action::ThiefPresentsUnheard => {
                let token = world.thief?;
                let reply = self.present(&mut next, Party::Thief, token);
                if let (Action::ThiefPresents, Reply::Handed(_, token)) = (action, reply) {
                    next.thief = Some(token);
                }
                Touch::Presented(token, reply)
            }
            Action::ThiefUses => {
                let token = world.thief?;
                next.row = next.row.used(token, &self.rules);
                Touch::Used(token)
            }
            Action::ReplicaFallsBehind => {
                next.replica = Some(world.row);
                Touch::Nothing
            }
            Action::FailOver => {
                next.row = next.replica.take()?;
                if self.fail_over_restarts_windows {
                    next.row.age = 0;
                }
                next.fail_overs_left -= 1;
                Touch::FellBack
            }
            Action::SetClock(ticks) => {
                next.clock_changes_left -= 1;
                self.pass(&mut next, ticks)
            }
            Action::LogOut => self.end(&mut next, Ended::Logout),
            Action::ChangePassword => self.end(&mut next, Ended::PasswordChanged),
            Action::Tick => self.tick(&mut next),
        };
        next.requests.sort_unstable();
        next.answers.sort_unstable();
        next.uses.sort_unstable();
        if touch != Touch::FellBack {
            next.facts.compare(&world.row, &next.row, touch);
        }
        (next != *world).then_some((next, touch))
    }

    /// Time may pass as long as no message outlives the bound.
    pub(super) fn may_tick(&self, world: &World) -> bool {
        let lives_on = |messages: &[Message], lifetime: u8| {
            messages.iter().all(|message| message.age < lifetime)
        };
        lives_on(&world.requests, self.requests_last)
            && lives_on(&world.answers, self.answers_last)
            && lives_on(&world.uses, self.reports_last)
    }

    fn tick(&self, next: &mut World) -> Touch {
        if self.watches_age {
            next.facts.hold(next.row.age >= self.rules.window);
        }
        for messages in [&mut next.requests, &mut next.answers, &mut next.uses] {
            for message in messages {
                message.age += 1;
            }
        }
        next.unflushed = next.unflushed.saturating_add(1).min(self.flush);
        if next.unflushed == self.flush {
            next.disk = next.jar;
        }
        self.pass(next, 1)
    }

    fn pass(&self, next: &mut World, ticks: i16) -> Touch {
        next.row = next.row.pass(ticks, &self.rules);
        next.replica = next.replica.map(|row| row.pass(ticks, &self.rules));
        Touch::Passed(ticks)
    }

    fn present(&self, next: &mut World, who: Party, token: Token) -> Reply {
        let is_late = next.row.age >= self.rules.window;
        let (row, reply) = next.row.present(token, &self.rules);
        if row.current != next.row.current {
            next.facts.held = 0;
        }
        if self.watches_parting && next.thief.is_some() {
            next.facts.refreshed(who, token, reply, is_late);
        }
        next.row = row;
        reply
    }

    fn end(&self, next: &mut World, why: Ended) -> Touch {
        next.row = next.row.end(why, &self.rules);
        Touch::Ended(why)
    }
}

impl Message {
    fn new(token: Token) -> Self {
        Self {
            token,
            age: 0,
            orphan: false,
        }
    }
}

fn take(messages: &mut Vec<Message>, message: Message) -> Option<Touch> {
    let at = messages.iter().position(|other| *other == message)?;
    messages.remove(at);
    Some(Touch::Nothing)
}

impl Facts {
    /// Notes what a step did to the row that no step may do.
    fn compare(&mut self, was: &Row, is: &Row, touch: Touch) {
        self.went_back |= is.current < was.current;
        self.end_moved |= !matches!(touch, Touch::Passed(_)) && is.left != was.left;
        self.end_undone |= was.ended.is_some() && is.ended != was.ended;
        if let Touch::Presented(_, Reply::Handed(_, token)) = touch {
            self.handed_another |= token != is.current;
            self.handed_after_end |= was.ended.is_some();
        }
    }
}
