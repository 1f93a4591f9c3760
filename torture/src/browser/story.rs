//! How a browser asks, holds the answer against what was promised, and tells the story.

use std::fmt::Write as _;
use std::time::Instant;

use super::{Browser, locked, shown};
use crate::promise::{SessionNumber, Verdict};
use crate::tally::{Outcome, Violation, outcome};
use crate::wire::{Answer, Fate, Heard, Request, Wire};

/// Operations that a story tells.
const STORY: usize = 40;

impl Browser {
    pub(super) fn judge(
        &self,
        wire: &Wire,
        session: SessionNumber,
        sent: Instant,
        accepted: bool,
        what: &str,
    ) {
        let verdict = self.user.promises.judge(session, sent, accepted);
        if !accepted {
            self.empty_jar_of(session);
        }
        match verdict {
            Verdict::Kept | Verdict::Over => {}
            Verdict::HonestLogout
                if !self
                    .world
                    .delay_bound
                    .holds(wire.slowest().max(sent.elapsed())) =>
            {
                self.note("not judged: this machine was slower than the window allows");
                self.world
                    .tally
                    .checked("refused and not judged, for messages were too slow");
            }
            Verdict::HonestLogout => self.violated(&format!(
                "{} was logged out: {what} of session {session} was refused, and nobody had tried to end it",
                self.name
            )),
            Verdict::LivesOn(why) => self.violated(&format!(
                "an ended session lives: {what} of {}'s session {session} was accepted after {why}",
                self.name
            )),
        }
    }

    /// Sends, counts and tells the story. `None` when the browser hears nothing.
    pub(crate) async fn ask(
        &self,
        wire: &Wire,
        kind: &'static str,
        about: &str,
        request: Request,
        fate: Fate,
    ) -> Option<Answer> {
        let sent = Instant::now();
        let heard = wire.ask(request, fate).await;
        let took = sent.elapsed().as_secs_f64() * 1_000.0;
        let (outcome, words) = match &heard {
            Heard::Answer(answer) => {
                let mut words = answer.status.to_string();
                if let Some(tokens) = &answer.tokens {
                    // Writing to a string cannot fail.
                    let _ = write!(words, " {}", shown(tokens));
                } else if answer.status != 200 {
                    let _ = write!(words, " {}", answer.text);
                }
                (outcome(answer.status), words)
            }
            Heard::Lost(status) => (Outcome::Unanswered, format!("{status}, lost on the way")),
            Heard::Nothing(reason) => (Outcome::Unanswered, format!("no answer: {reason}")),
        };
        self.world.tally.count(kind, outcome);
        self.note(&format!("{kind} {about} -> {words} ({took:.1} ms)"));
        if let Heard::Lost(status @ (500..=502 | 504..)) = heard {
            self.odd(kind, status, "(lost)");
        }
        match heard {
            Heard::Answer(answer) => Some(answer),
            Heard::Lost(_) | Heard::Nothing(_) => None,
        }
    }

    pub(super) fn note(&self, line: &str) {
        let at = self.world.tally.elapsed().as_secs_f64();
        let mut story = locked(&self.story);
        if story.len() == STORY {
            story.pop_front();
        }
        story.push_back(format!("{at:9.3} s  {} {line}", self.name));
    }

    pub(super) fn odd(&self, what: &str, status: u16, text: &str) {
        self.violated(&format!(
            "{what} of {} was answered {status}: {text}",
            self.name
        ));
    }

    pub(crate) fn violated(&self, what: &str) {
        self.world.tally.violated(Violation {
            what: what.to_owned(),
            story: locked(&self.story).iter().cloned().collect(),
        });
    }
}
