//! How a tab refreshes: by itself, again when there is no answer, and by no lock.

use std::rc::Rc;
use std::time::Duration;

use super::browser::name;
use super::{Event, Message, Tab, Who, World};
use crate::authority::{Answer, Jar, Terms};
use crate::network::{TIME_LIMIT, between, up_to};

/// Tries one after the other; then somebody has to click.
const ATTEMPTS: u32 = 4;

impl<C: std::fmt::Debug> World<'_, C> {
    pub(super) fn refresh_if_due(&mut self, tab: Tab, attempt: u32) {
        let now = self.now;
        let browser = self.browser(tab.who);
        if !browser.lives(tab.life) {
            return;
        }
        if attempt == 0 && browser.manner.looks_first && now < browser.fresh_until {
            // Another tab was faster. All of them will look again at about the same time.
            let wait = browser.fresh_until.saturating_sub(now);
            let after = wait + up_to(&mut self.rng, Duration::from_millis(500));
            self.plan(after, Event::Due(tab, 0));
            return;
        }
        self.send(tab, attempt);
    }

    fn send(&mut self, tab: Tab, attempt: u32) {
        self.requests += 1;
        let (request, sent_at) = (self.requests, self.now);
        let browser = self.browser_mut(tab.who);
        if let Some(waits_for) = browser.waits_for.get_mut(tab.number) {
            *waits_for = Some(request);
        }
        let message = Message {
            tab,
            request,
            attempt,
            sent_at,
            carried: Rc::clone(&browser.jar),
        };
        let copies = if self.network.doubles(&mut self.rng) {
            2
        } else {
            1
        };
        let mut gives_up_after = TIME_LIMIT;
        for _ in 0..copies {
            let is_lost = self.network.loses(&mut self.rng);
            self.tell(|| {
                let Tab { who, number, .. } = tab;
                let carried = name(&message.carried);
                let fate = if is_lost { ", which is lost" } else { "" };
                format!("{who:?}: tab {number} sends {carried}{fate}")
            });
            if is_lost {
                self.counts.lost += 1;
                // A connection that breaks says so; a packet that vanishes does not.
                if copies == 1 && self.rng.bool() {
                    gives_up_after = up_to(&mut self.rng, Duration::from_secs(3));
                }
            } else {
                let delay = self.network.delay(&mut self.rng);
                self.plan(delay, Event::Arrives(message.clone()));
            }
        }
        self.plan(gives_up_after, Event::GivesUp(message));
    }

    /// Whoever still waits for this request tries again, soon at first and then later.
    pub(super) fn give_up(&mut self, message: &Message) {
        let Message {
            tab,
            request,
            attempt,
            ..
        } = *message;
        let browser = self.browser_mut(tab.who);
        let waits_for = browser.waits_for.get_mut(tab.number);
        let Some(waiting) = waits_for.filter(|waiting| **waiting == Some(request)) else {
            return;
        };
        *waiting = None;
        if attempt + 1 < ATTEMPTS {
            let most = Duration::from_secs(1) * 2_u32.saturating_pow(attempt);
            let after = up_to(&mut self.rng, most);
            self.plan(after, Event::Due(tab, attempt + 1));
        } else {
            let (least, most) = (Duration::from_secs(10), Duration::from_secs(600));
            let after = between(&mut self.rng, least, most);
            self.plan(after, Event::Due(tab, 0));
        }
    }

    pub(super) fn take_answer(&mut self, message: &Message, answer: Answer) {
        let Message { tab, request, .. } = *message;
        if !self.browser(tab.who).lives(tab.life) {
            return;
        }
        let after = match answer {
            Answer::Granted(_, jar) => {
                self.tell(|| format!("{:?}: {} lands in tab {}", tab.who, name(&jar), tab.number));
                self.store_cookies(tab.who, jar);
                // A little before the access token ends.
                let after = Terms::ACCESS_LIFETIME.mul_f64(0.9 + 0.1 * self.rng.f64());
                let fresh_until = self.now + after;
                self.browser_mut(tab.who).fresh_until = fresh_until;
                after
            }
            Answer::Wait(wait) => wait + up_to(&mut self.rng, Duration::from_secs(1)),
            // The script has heard of it from the authority.
            Answer::Refused(_) => return,
        };
        let browser = self.browser_mut(tab.who);
        let waits_for = browser.waits_for.get_mut(tab.number);
        // The second answer to a request that was sent twice plans nothing.
        if let Some(waiting) = waits_for.filter(|waiting| **waiting == Some(request)) {
            *waiting = None;
            self.plan(after, Event::Due(tab, 0));
        }
    }

    /// A request to the application with whatever access token is in the jar.
    pub(super) fn click(&mut self, who: Who, life: u32) {
        let browser = self.browser(who);
        if !browser.lives(life) {
            return;
        }
        let jar: Jar = Rc::clone(&browser.jar);
        self.counts.requests += 1;
        if jar.has_access() && !self.network.loses(&mut self.rng) {
            let delay = self.network.delay(&mut self.rng);
            self.plan(delay, Event::Clicked(jar));
        }
        self.plan_click(who);
    }

    /// The owner logs out. Returns whether the request is on its way.
    pub(crate) fn send_logout(&mut self) -> bool {
        if self.network.loses(&mut self.rng) {
            self.tell(|| "Owner: logs out, which is lost".to_owned());
            return false;
        }
        let jar = self.owners_cookies();
        self.tell(|| format!("Owner: logs out with {}", name(&jar)));
        let delay = self.network.delay(&mut self.rng);
        self.plan(delay, Event::LogsOut(jar));
        true
    }
}
