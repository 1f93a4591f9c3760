//! What came out: sums, and the first session of each kind that went wrong.

use std::collections::BTreeMap;

use crate::authority::Terms;
use crate::experiment::Which;
use crate::pattern::Pattern;
use crate::world::Counts;
use crate::{honest, theft};

/// All figures of a run. They do not depend on who counted what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// Honest sessions.
    pub honest: Honest,
    thefts: [Thefts; 3],
    leavers: [Lonely; 3],
}

/// Honest sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Honest {
    /// How many.
    pub sessions: u64,
    /// Ended by their owner.
    pub logged_out: u64,
    /// Ended because their owner stayed away.
    pub idle: u64,
    /// Reached their absolute end.
    pub absolute: u64,
    /// Ended, or went on, as they must not.
    pub faults: Faults,
    pub(crate) counts: Counts,
}

/// Thefts with a victim who goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Thefts {
    /// How many.
    pub thefts: u64,
    /// Found within the horizon.
    pub found: u64,
    /// Not found, or something worse.
    pub faults: Faults,
    /// How many were found after so many hundredths of an access lifetime.
    after: BTreeMap<u64, u64>,
}

/// Thefts whose victim never comes back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lonely {
    /// How many.
    pub thefts: u64,
    /// Found all the same: something of the victim's was still under way.
    pub found: u64,
    /// The thief had the session until its absolute end.
    pub expired: u64,
    /// Something worse.
    pub faults: Faults,
}

/// What must not be: how often, by kind, and in which session first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults(BTreeMap<&'static str, (u64, String, u64)>);

impl Faults {
    fn note(&mut self, what: &'static str, which: Which, number: u64) {
        self.add_one(what, 1, &which.to_string(), number);
    }

    fn add_one(&mut self, what: &'static str, times: u64, which: &str, number: u64) {
        let known = self
            .0
            .entry(what)
            .or_insert_with(|| (0, which.to_owned(), number));
        known.0 += times;
        if number < known.2 {
            (known.1, known.2) = (which.to_owned(), number);
        }
    }

    fn add(&mut self, other: &Self) {
        for (what, (times, which, number)) in &other.0 {
            self.add_one(what, *times, which, *number);
        }
    }

    /// How many sessions went wrong.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.values().map(|(times, _, _)| times).sum()
    }

    /// Each kind of fault: what, how often, and the first session that shows it.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64, &str)> {
        self.0
            .iter()
            .map(|(what, (times, which, _))| (*what, *times, which.as_str()))
    }
}

impl Honest {
    pub(crate) fn note(&mut self, which: Which, ending: honest::Ending, counts: Counts) {
        self.sessions += 1;
        self.counts.add(&counts);
        match ending {
            honest::Ending::LoggedOut => self.logged_out += 1,
            honest::Ending::Idle => self.idle += 1,
            honest::Ending::Absolute => self.absolute += 1,
            honest::Ending::Fault(what) => self.faults.note(what, which, which.number()),
        }
    }

    /// Refreshes that reached the authority, and what else is worth counting.
    #[must_use]
    pub fn counted(&self) -> [(&'static str, u64); 10] {
        let counts = self.counts;
        [
            ("refreshes served", counts.refreshes),
            ("rotations", counts.rotations),
            ("retries answered", counts.retries),
            ("late retries, new branches", counts.branches),
            ("told to wait", counts.waits),
            ("authenticated requests", counts.requests),
            ("messages lost", counts.lost),
            ("nodes died", counts.node_deaths),
            ("browsers crashed", counts.crashes),
            ("machines slept", counts.sleeps),
        ]
    }
}

impl Thefts {
    /// What a theft that was not found is called.
    pub const UNFOUND: &'static str = "a theft was not found";

    pub(crate) fn note(&mut self, which: Which, ending: theft::Ending) {
        self.thefts += 1;
        let what = match ending {
            theft::Ending::Found(after) => {
                self.found += 1;
                let hundredth = Terms::ACCESS_LIFETIME.as_micros() / 100;
                // Rounded up: nothing is found sooner than is said.
                let hundredths = after.as_micros().div_ceil(hundredth);
                let hundredths = u64::try_from(hundredths).unwrap_or(u64::MAX);
                *self.after.entry(hundredths).or_default() += 1;
                return;
            }
            theft::Ending::Unfound => Self::UNFOUND,
            theft::Ending::Expired(_) => "a session expired before its time",
            theft::Ending::Fault(what) => what,
        };
        self.faults.note(what, which, which.number());
    }

    /// How soon the given share of those that were found was, in access lifetimes.
    #[must_use]
    pub fn found_within(&self, share: f64) -> f64 {
        let mut left = share * as_float(self.found);
        for (hundredths, times) in &self.after {
            left -= as_float(*times);
            if left <= 0.0 {
                return as_float(*hundredths) / 100.0;
            }
        }
        self.after
            .last_key_value()
            .map_or(0.0, |(hundredths, _)| as_float(*hundredths) / 100.0)
    }
}

impl Lonely {
    pub(crate) fn note(&mut self, which: Which, ending: theft::Ending) {
        self.thefts += 1;
        match ending {
            theft::Ending::Found(_) => self.found += 1,
            theft::Ending::Expired(_) => self.expired += 1,
            theft::Ending::Unfound => {
                self.faults
                    .note("a theft had no end", which, which.number());
            }
            theft::Ending::Fault(what) => self.faults.note(what, which, which.number()),
        }
    }
}

/// Figures that are kept for each pattern.
pub(crate) trait PerPattern: Sized {
    fn among(figures: &mut Figures) -> &mut [Self; 3];
}

impl PerPattern for Thefts {
    fn among(figures: &mut Figures) -> &mut [Self; 3] {
        &mut figures.thefts
    }
}

impl PerPattern for Lonely {
    fn among(figures: &mut Figures) -> &mut [Self; 3] {
        &mut figures.leavers
    }
}

impl Figures {
    pub(crate) fn of<T: PerPattern>(&mut self, pattern: Pattern) -> &mut T {
        let [none, calm, busy] = T::among(self);
        match pattern {
            Pattern::None => none,
            Pattern::Calm => calm,
            Pattern::Busy => busy,
        }
    }

    /// The thefts under each pattern, with those whose victim never came back.
    pub fn thefts(&self) -> impl Iterator<Item = (Pattern, &Thefts, &Lonely)> {
        let both = self.thefts.iter().zip(&self.leavers);
        let all = Pattern::ALL.into_iter().zip(both);
        all.map(|(pattern, (thefts, leavers))| (pattern, thefts, leavers))
            .filter(|(_, thefts, _)| thefts.thefts > 0)
    }

    /// Everything that must not be.
    pub fn faults(&self) -> impl Iterator<Item = (&'static str, u64, &str)> {
        let of_thefts = self
            .thefts()
            .flat_map(|(_, thefts, leavers)| thefts.faults.iter().chain(leavers.faults.iter()));
        self.honest.faults.iter().chain(of_thefts)
    }

    pub(crate) fn add(&mut self, other: &Self) {
        let (honest, more) = (&mut self.honest, &other.honest);
        honest.sessions += more.sessions;
        honest.logged_out += more.logged_out;
        honest.idle += more.idle;
        honest.absolute += more.absolute;
        honest.faults.add(&more.faults);
        honest.counts.add(&more.counts);
        for (thefts, more) in self.thefts.iter_mut().zip(&other.thefts) {
            thefts.thefts += more.thefts;
            thefts.found += more.found;
            thefts.faults.add(&more.faults);
            for (hundredths, times) in &more.after {
                *thefts.after.entry(*hundredths).or_default() += times;
            }
        }
        for (leavers, more) in self.leavers.iter_mut().zip(&other.leavers) {
            leavers.thefts += more.thefts;
            leavers.found += more.found;
            leavers.expired += more.expired;
            leavers.faults.add(&more.faults);
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of millions, for shares that are rounded before anybody reads them"
)]
fn as_float(count: u64) -> f64 {
    count as f64
}
