//! What the authority's side of the network does with what arrives.

use std::rc::Rc;
use std::time::Duration;

use super::browser::name;
use super::{Event, Happening, Message, World};
use crate::authority::{Answer, Jar, Refusal};
use crate::network::{TIME_LIMIT, up_to};

/// Housekeeping writes uses about once a second.
const HOUSEKEEPING: Duration = Duration::from_secs(1);

impl<C: std::fmt::Debug> World<'_, C> {
    pub(super) fn serve_refresh(&mut self, message: Message) -> Option<Happening<C>> {
        let fate = self.rng.f64();
        let dies = fate < self.network.node_deaths;
        if dies {
            self.counts.node_deaths += 1;
        }
        if fate < self.network.node_deaths / 2.0 {
            self.tell(|| "the node dies before its commit".to_owned());
            return None;
        }
        self.counts.refreshes += 1;
        let answer = self.authority.refresh(&message.carried);
        self.tell_answer(&message, &answer);
        let happening = match &answer {
            Answer::Granted(how, _) => {
                self.count(*how);
                Some(Happening::Granted)
            }
            Answer::Wait(_) => {
                self.counts.waits += 1;
                None
            }
            Answer::Refused(refusal) => Some(Happening::Refused(*refusal)),
        };
        if dies {
            self.tell(|| "the node dies after its commit".to_owned());
        } else if self.network.loses(&mut self.rng) {
            self.counts.lost += 1;
            self.tell(|| "the answer is lost".to_owned());
            if self.rng.bool() {
                let after = up_to(&mut self.rng, Duration::from_secs(1));
                self.plan(after, Event::GivesUp(message));
            }
        } else {
            let delay = self.network.delay(&mut self.rng);
            if self.now + delay < message.sent_at + TIME_LIMIT {
                self.plan(delay, Event::Lands(message, answer));
            }
        }
        happening
    }

    pub(super) fn serve_request(&mut self, jar: &Jar) {
        if self.authority.authenticate(jar) && !self.uses_wait {
            self.uses_wait = true;
            let after = up_to(&mut self.rng, HOUSEKEEPING);
            self.plan(after, Event::WritesUses);
        }
    }

    /// Asks the authority without a network between.
    pub(crate) fn probe(&mut self, jar: &Jar) -> Answer {
        self.tell(|| format!("at the end {} is presented once more", name(jar)));
        self.authority.refresh(jar)
    }

    /// Is an access token of the session still believed?
    pub(crate) fn is_believed(&mut self, jar: &Jar) -> bool {
        self.authority.authenticate(jar)
    }

    fn tell_answer(&mut self, message: &Message, answer: &Answer) {
        let row = if self.story.is_heard() {
            self.authority.row()
        } else {
            return;
        };
        let carried = Rc::clone(&message.carried);
        self.tell(|| {
            let answered = match answer {
                Answer::Granted(how, jar) => format!("{how:?}, {} is handed out", name(jar)),
                Answer::Wait(wait) => format!("told to wait {:.1} s", wait.as_secs_f64()),
                Answer::Refused(Refusal::Reuse) => "REFUSED, taken for a copy".to_owned(),
                Answer::Refused(refusal) => format!("REFUSED, {refusal:?}"),
            };
            let (who, tab) = (message.tab.who, message.tab.number);
            format!(
                "the authority answers {} of {who:?}'s tab {tab}: {answered}  [{row}]",
                name(&carried)
            )
        });
    }
}
