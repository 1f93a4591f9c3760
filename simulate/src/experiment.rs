//! Many sessions, on all cores, each following from its number and the seed alone.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use crate::authority::{Authority, Terms};
use crate::figures::{Figures, Lonely, Thefts};
use crate::network::Network;
use crate::pattern::Pattern;
use crate::theft::Victim;
use crate::variant::Variant;
use crate::world::Story;
use crate::{honest, theft};

/// As many sessions as a thread takes at a time.
const PORTION: u64 = 256;

/// For every so many thefts there is one whose victim never comes back. Each of those lasts for
/// days.
const THEFTS_PER_LEAVER: u64 = 100;

/// What is to be lived.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// Whatever happens follows from it.
    pub seed: u64,
    /// Whose rules.
    pub variant: Variant,
    /// Honest sessions.
    pub sessions: u64,
    /// Thefts; each pattern gets its share.
    pub thefts: u64,
    /// What the authority sees. Honest sessions take turns.
    pub patterns: Vec<Pattern>,
    /// How bad the network is.
    pub network: Network,
    /// G of docs/rotation.md.
    pub window: Duration,
    /// Threads. They change nothing but how long it takes.
    pub threads: usize,
}

/// One session, by name: `honest/17`, `theft-30s/4`, `leaver-none/3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Which {
    kind: Kind,
    number: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Honest,
    Theft(Pattern),
    Leaver(Pattern),
}

impl Which {
    /// Its number among its kind.
    pub(crate) fn number(self) -> u64 {
        self.number
    }
}

impl fmt::Display for Which {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.number;
        match self.kind {
            Kind::Honest => write!(formatter, "honest/{number}"),
            Kind::Theft(pattern) => write!(formatter, "theft-{}/{number}", pattern.name()),
            Kind::Leaver(pattern) => write!(formatter, "leaver-{}/{number}", pattern.name()),
        }
    }
}

impl FromStr for Which {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let wanted = || anyhow!("a session is named like honest/17, theft-30s/4 or leaver-none/3");
        let (kind, number) = text.split_once('/').ok_or_else(wanted)?;
        let pattern = |name: &str| {
            let mut patterns = Pattern::ALL.into_iter();
            let found = patterns.find(|pattern| pattern.name() == name);
            found.ok_or_else(wanted)
        };
        let kind = match kind.split_once('-') {
            None if kind == "honest" => Kind::Honest,
            Some(("theft", name)) => Kind::Theft(pattern(name)?),
            Some(("leaver", name)) => Kind::Leaver(pattern(name)?),
            _ => return Err(wanted()),
        };
        let number = number.parse().map_err(|_| wanted())?;
        Ok(Self { kind, number })
    }
}

/// How far a run has come; looked at from another thread.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU64,
}

impl Progress {
    /// Sessions that were lived, of [`Experiment::total`].
    #[must_use]
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }
}

impl Experiment {
    /// Honest sessions and thefts together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.kinds().iter().map(|(_, count)| count).sum()
    }

    fn kinds(&self) -> Vec<(Kind, u64)> {
        let patterns_in_all = u64::try_from(self.patterns.len()).unwrap_or(1).max(1);
        let thefts_of_each = self.thefts.div_ceil(patterns_in_all);
        let leavers = thefts_of_each.div_ceil(THEFTS_PER_LEAVER);
        let patterns = self.patterns.iter().copied();
        let thefts = patterns.flat_map(|pattern| {
            [
                (Kind::Theft(pattern), thefts_of_each),
                (Kind::Leaver(pattern), leavers),
            ]
        });
        std::iter::once((Kind::Honest, self.sessions))
            .chain(thefts)
            .collect()
    }

    /// Lives through all of it.
    ///
    /// # Errors
    /// Where an authority cannot be put together. What goes wrong in a session is in the figures.
    pub fn run(&self, progress: &Progress) -> Result<Figures> {
        let next = AtomicU64::new(0);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads.max(1))
                .map(|_| scope.spawn(|| self.work(&next, progress)))
                .collect();
            let mut figures = Figures::default();
            for thread in threads {
                let part = thread.join().map_err(|_| anyhow!("a thread panicked"))?;
                figures.add(&part?);
            }
            Ok(figures)
        })
    }

    fn work(&self, next: &AtomicU64, progress: &Progress) -> Result<Figures> {
        let terms = Terms::with_window(self.window);
        let mut authority = Authority::new(self.variant, terms)?;
        let mut figures = Figures::default();
        let kinds = self.kinds();
        let total = self.total();
        loop {
            let from = next.fetch_add(PORTION, Ordering::Relaxed);
            if from >= total {
                return Ok(figures);
            }
            for index in from..total.min(from + PORTION) {
                let which = nth(&kinds, index).context("a session that nobody asked for")?;
                self.live(&mut authority, which, Story::unheard(), &mut figures)?;
                progress.done.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Lives one session again and tells what happened, line by line.
    ///
    /// # Errors
    /// Where an authority cannot be put together.
    pub fn tell(&self, which: Which) -> Result<Vec<String>> {
        let mut authority = Authority::new(self.variant, Terms::with_window(self.window))?;
        let mut figures = Figures::default();
        let story = self.live(&mut authority, which, Story::heard(), &mut figures)?;
        Ok(story.lines())
    }

    fn live(
        &self,
        authority: &mut Authority,
        which: Which,
        story: Story,
        figures: &mut Figures,
    ) -> Result<Story> {
        let Which { kind, number } = which;
        let terms = Terms::with_window(self.window);
        let network = self.network;
        let seed = self.seed_of(which);
        Ok(match kind {
            Kind::Honest => {
                let turns = u64::try_from(self.patterns.len())?.max(1);
                let turn = usize::try_from(number % turns)?;
                let pattern = self.patterns.get(turn).copied().unwrap_or(Pattern::None);
                let lived = honest::live(authority, terms, network, pattern, seed, story)?;
                figures.honest.note(which, lived.ending, lived.counts);
                lived.story
            }
            Kind::Theft(pattern) => {
                let scene = (pattern, Victim::Stays);
                let (ending, story) = theft::live(authority, terms, network, scene, seed, story)?;
                figures.of::<Thefts>(pattern).note(which, ending);
                story
            }
            Kind::Leaver(pattern) => {
                let scene = (pattern, Victim::Leaves);
                let (ending, story) = theft::live(authority, terms, network, scene, seed, story)?;
                figures.of::<Lonely>(pattern).note(which, ending);
                story
            }
        })
    }

    /// Sessions have nothing to do with each other, whatever their numbers.
    fn seed_of(&self, which: Which) -> u64 {
        let kind = match which.kind {
            Kind::Honest => 0,
            Kind::Theft(pattern) => 1 + pattern as u64,
            Kind::Leaver(pattern) => 4 + pattern as u64,
        };
        mix(mix(mix(self.seed) ^ kind) ^ which.number)
    }
}

/// The session at `index`, counted through all kinds.
fn nth(kinds: &[(Kind, u64)], index: u64) -> Option<Which> {
    let mut number = index;
    for (kind, count) in kinds {
        if number < *count {
            return Some(Which {
                kind: *kind,
                number,
            });
        }
        number -= count;
    }
    None
}

/// `SplitMix64`: neighbours get seeds that have nothing in common.
fn mix(value: u64) -> u64 {
    let mut mixed = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
