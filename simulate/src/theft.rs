//! A theft: at some moment somebody copies the cookie jar, and goes on refreshing like the owner.

use std::time::Duration;

use anyhow::Result;
use fastrand::Rng;

use crate::authority::{Authority, Refusal, Terms};
use crate::honest::manner;
use crate::network::{Network, up_to};
use crate::pattern::Pattern;
use crate::world::{Happening, Manner, Story, Who, World};

/// A theft that was not found after so many access lifetimes counts as not found.
pub(crate) const HORIZON: u32 = 100;

/// What becomes of the victim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Victim {
    /// Goes on.
    Stays,
    /// Never comes back, so that nobody is left to give the copy away.
    Leaves,
}

/// How a theft ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Both are out, so long after the theft.
    Found(Duration),
    /// Both live on.
    Unfound,
    /// The thief had the session until its end, so long after the theft.
    Expired(Duration),
    /// Something else that must not be.
    Fault(&'static str),
}

#[derive(Debug)]
enum Cue {
    Steal,
    ThiefBegins,
    Horizon,
}

pub(crate) fn live(
    authority: &mut Authority,
    terms: Terms,
    network: Network,
    (pattern, victim): (Pattern, Victim),
    seed: u64,
    story: Story,
) -> Result<(Ending, Story)> {
    let mut rng = Rng::with_seed(!seed);
    let manner = manner(&mut rng, pattern);
    let mut theft = Theft {
        world: World::new(authority, network, seed, manner, story)?,
        terms,
        pattern,
        victim,
        stolen_at: None,
        rng,
    };
    let ending = theft.run();
    Ok((ending, theft.world.story))
}

struct Theft<'a> {
    world: World<'a, Cue>,
    terms: Terms,
    pattern: Pattern,
    victim: Victim,
    stolen_at: Option<Duration>,
    rng: Rng,
}

impl Theft<'_> {
    fn run(&mut self) -> Ending {
        self.world.wake(Who::Owner);
        let moment = up_to(&mut self.rng, 6 * Terms::ACCESS_LIFETIME);
        self.world.cue(moment, Cue::Steal);
        while let Some(happening) = self.world.live() {
            let ending = match happening {
                Happening::Cue(Cue::Steal) => {
                    self.steal();
                    None
                }
                Happening::Cue(Cue::ThiefBegins) => {
                    self.world.wake(Who::Thief);
                    None
                }
                Happening::Cue(Cue::Horizon) => Some(Ending::Unfound),
                Happening::Granted => (self.world.now >= self.terms.lifetime.absolute_timeout)
                    .then_some(Ending::Fault("a session outlived its absolute end")),
                Happening::Refused(refusal) => Some(self.refused(refusal)),
                Happening::LoggedOut => Some(Ending::Fault("something that has no place here")),
            };
            if let Some(ending) = ending {
                return ending;
            }
        }
        Ending::Fault("nothing happens any more")
    }

    fn steal(&mut self) {
        self.stolen_at = Some(self.world.now);
        let thief = Manner {
            tabs: 1,
            looks_first: false,
            traffic: self.pattern.interval(),
            crashes: None,
        };
        let (from_disk, with_access) = (self.rng.u32(0..4) == 0, self.rng.bool());
        self.world.steal(from_disk, with_access, thief);
        // At once, within a minute, or when the copied access token has ended.
        let patience = match self.rng.u32(0..3) {
            0 => Duration::ZERO,
            1 => Duration::from_secs(60),
            _ => Terms::ACCESS_LIFETIME,
        };
        let begins_after = up_to(&mut self.rng, patience);
        self.world.cue(begins_after, Cue::ThiefBegins);
        match self.victim {
            Victim::Stays => self
                .world
                .cue(HORIZON * Terms::ACCESS_LIFETIME, Cue::Horizon),
            Victim::Leaves => self.world.sleep(),
        }
    }

    fn refused(&self, refusal: Refusal) -> Ending {
        let now = self.world.now;
        match (refusal, self.stolen_at) {
            (Refusal::Reuse, Some(stolen_at)) => Ending::Found(now.saturating_sub(stolen_at)),
            (Refusal::Reuse, None) => Ending::Fault("an honest browser was taken for a thief"),
            (Refusal::Expired, Some(stolen_at)) if now >= self.terms.lifetime.absolute_timeout => {
                Ending::Expired(now.saturating_sub(stolen_at))
            }
            _ => Ending::Fault("a refusal that has no place here"),
        }
    }
}
