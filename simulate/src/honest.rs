//! An honest session, from the login to its end.

use std::time::Duration;

use anyhow::Result;
use fastrand::Rng;

use crate::authority::{Answer, Authority, Refusal, Terms};
use crate::network::{Network, around, between};
use crate::pattern::Pattern;
use crate::world::{Counts, Happening, Manner, Story, Who, World};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The owner logged out.
    LoggedOut,
    /// The owner stayed away for longer than the idle timeout.
    Idle,
    /// It reached its absolute end.
    Absolute,
    /// It should not have ended like this, or not have gone on.
    Fault(&'static str),
}

/// A session that was lived.
#[derive(Debug)]
pub(crate) struct Lived {
    pub(crate) ending: Ending,
    pub(crate) counts: Counts,
    pub(crate) story: Story,
}

/// What the owner has in mind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Intent {
    LogOut,
    StayAway,
    Stay,
}

#[derive(Debug)]
enum Cue {
    Sleep,
    BatteryRunsOut,
    Wake,
    LogOut,
    Over,
}

/// How somebody uses browsers: most with one or two tabs, at most four.
pub(crate) fn manner(rng: &mut Rng, pattern: Pattern) -> Manner {
    let tabs = match rng.u32(0..10) {
        0..4 => 1,
        4..7 => 2,
        7..9 => 3,
        _ => 4,
    };
    Manner {
        tabs,
        looks_first: rng.u32(0..3) > 0,
        traffic: pattern.interval(),
        crashes: Some(3 * HOUR),
    }
}

pub(crate) fn live(
    authority: &mut Authority,
    terms: Terms,
    network: Network,
    pattern: Pattern,
    seed: u64,
    story: Story,
) -> Result<Lived> {
    let mut rng = Rng::with_seed(!seed);
    let manner = manner(&mut rng, pattern);
    let mut life = Life {
        world: World::new(authority, network, seed, manner, story)?,
        terms,
        intent: match rng.u32(0..20) {
            0..8 => Intent::LogOut,
            8..14 => Intent::StayAway,
            _ => Intent::Stay,
        },
        spells: 1 + rng.u32(0..8),
        last_granted_at: Duration::ZERO,
        has_logged_out: false,
        rng,
    };
    let ending = life.run();
    let World { counts, story, .. } = life.world;
    Ok(Lived {
        ending,
        counts,
        story,
    })
}

struct Life<'a> {
    world: World<'a, Cue>,
    terms: Terms,
    intent: Intent,
    /// How often the owner sits down before doing what is intended.
    spells: u32,
    last_granted_at: Duration,
    has_logged_out: bool,
    rng: Rng,
}

impl Life<'_> {
    fn run(&mut self) -> Ending {
        self.wake();
        while let Some(happening) = self.world.live() {
            let ending = match happening {
                Happening::Cue(cue) => self.follow(&cue),
                Happening::Granted => self.granted(),
                Happening::Refused(refusal) => self.refused(refusal),
                Happening::LoggedOut => {
                    self.has_logged_out = true;
                    // Whatever is under way arrives, and is refused.
                    self.world.cue(MINUTE, Cue::Over);
                    None
                }
            };
            if let Some(ending) = ending {
                return ending;
            }
        }
        Ending::Fault("nothing happens any more")
    }

    fn wake(&mut self) {
        self.world.wake(Who::Owner);
        let spell = around(&mut self.rng, 45 * MINUTE);
        self.world.cue(spell, Cue::Sleep);
    }

    fn follow(&mut self, cue: &Cue) -> Option<Ending> {
        match cue {
            Cue::Wake => self.wake(),
            Cue::BatteryRunsOut => self.world.lose_power(),
            Cue::Sleep => self.end_spell(),
            Cue::LogOut => {
                if !self.world.send_logout() {
                    self.world.cue(Duration::from_secs(10), Cue::LogOut);
                }
            }
            Cue::Over => return Some(self.look_again()),
        }
        None
    }

    fn end_spell(&mut self) {
        self.spells = self.spells.saturating_sub(1);
        if self.spells == 0 && self.intent == Intent::LogOut {
            // In mid-work: refreshes of other tabs may be under way.
            self.world.cue(Duration::ZERO, Cue::LogOut);
            return;
        }
        self.world.sleep();
        let pause = if self.spells == 0 && self.intent == Intent::StayAway {
            self.terms.lifetime.idle_timeout + between(&mut self.rng, MINUTE, DAY)
        } else {
            match self.rng.u32(0..20) {
                0..10 => between(&mut self.rng, MINUTE, 2 * HOUR),
                10..17 => between(&mut self.rng, 8 * HOUR, 16 * HOUR),
                _ => between(&mut self.rng, DAY, DAY + 21 * HOUR),
            }
        };
        if self.rng.u32(0..20) == 0 {
            self.world.cue(pause / 2, Cue::BatteryRunsOut);
        }
        self.world.cue(pause, Cue::Wake);
    }

    fn granted(&mut self) -> Option<Ending> {
        let now = self.world.now;
        let lifetime = self.terms.lifetime;
        // A request may have counted as a use until the access token ended.
        let idle_at_most = lifetime.idle_timeout + Terms::ACCESS_LIFETIME + MINUTE;
        if self.has_logged_out {
            return Some(Ending::Fault(
                "a session that was logged out of was refreshed",
            ));
        }
        if now >= lifetime.absolute_timeout {
            return Some(Ending::Fault("a session outlived its absolute end"));
        }
        if now >= self.last_granted_at + idle_at_most {
            return Some(Ending::Fault("a session outlived its idle timeout"));
        }
        self.last_granted_at = now;
        None
    }

    fn refused(&mut self, refusal: Refusal) -> Option<Ending> {
        let now = self.world.now;
        let lifetime = self.terms.lifetime;
        match refusal {
            Refusal::Ended if self.has_logged_out => None,
            Refusal::Expired if now >= lifetime.absolute_timeout => Some(Ending::Absolute),
            // The row need not note a token that is handed out again within a window of its first
            // use, and that use was within the lifetime of its access token.
            Refusal::Expired
                if now + self.terms.window + Terms::ACCESS_LIFETIME
                    >= self.last_granted_at + lifetime.idle_timeout =>
            {
                Some(Ending::Idle)
            }
            Refusal::Expired => Some(Ending::Fault("a session expired before its time")),
            Refusal::Reuse => Some(Ending::Fault("an honest browser was taken for a thief")),
            Refusal::Ended => Some(Ending::Fault("a session had ended that nobody ended")),
            Refusal::Strange => Some(Ending::Fault("a refusal that has no place here")),
        }
    }

    /// The session was logged out of a minute ago.
    fn look_again(&mut self) -> Ending {
        let cookies = self.world.owners_cookies();
        if matches!(self.world.probe(&cookies), Answer::Granted(..)) {
            Ending::Fault("a session that was logged out of was refreshed")
        } else if cookies.has_access() && self.world.is_believed(&cookies) {
            Ending::Fault("an access token outlived the logout")
        } else {
            Ending::LoggedOut
        }
    }
}
