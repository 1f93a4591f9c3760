//! The numbers of the protocol, in ticks, and the faults that the checker must find.

/// The protocol's parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// G, in ticks.
    pub window: i16,
    /// Retries closer to the anchor than this neither move it nor count.
    pub burst: i16,
    /// Retries that move the anchor, for each token handed out.
    pub retry_cap: u8,
    /// Idle and absolute timeout, in ticks, where they matter.
    pub lifetime: Option<Lifetime>,
    /// How far the clock may be set back in all: ages are told apart up to here.
    pub set_back: i16,
    /// What is wrong with the protocol, if anything.
    pub fault: Option<Fault>,
}

/// Idle and absolute timeout, in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// Since the last use.
    pub idle: i16,
    /// Since the login.
    pub absolute: i16,
}

impl Rules {
    /// The protocol with a window of `window` ticks.
    #[must_use]
    pub const fn of_window(window: i16) -> Self {
        Self {
            window,
            burst: 1,
            retry_cap: 2,
            lifetime: None,
            set_back: 0,
            fault: None,
        }
    }

    /// The same with one rule broken.
    #[must_use]
    pub const fn with_fault(self, fault: Fault) -> Self {
        Self {
            fault: Some(fault),
            ..self
        }
    }

    /// The age beyond which every age is the same.
    #[must_use]
    pub fn horizon(&self) -> i16 {
        self.window.saturating_add(self.set_back)
    }

    /// For how many ticks a token can be kept too young to rotate: a window from its minting, one
    /// from each retry that moves the anchor, and one from each first use after those.
    #[must_use]
    pub fn young_at_most(&self) -> u8 {
        let windows = self.retry_cap.saturating_mul(2).saturating_add(2);
        windows.saturating_mul(u8::try_from(self.window).unwrap_or(u8::MAX))
    }
}

/// A rule taken away, or put wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The current token rotates at once.
    NoMinimumAge,
    /// The parent is good for a window and no longer: the leeway of the large providers.
    TimeOnly,
    /// A retry does not restart the window.
    NoRestart,
    /// The first use of the successor ends its parent.
    SettledAtFirstUse,
    /// Who comes late with a parent gets the same successor.
    NoBranches,
    /// Every retry restarts the window.
    NoRetryCap,
    /// Retries beyond the cap are answered, and do not restart the window.
    CappedRetriesAreAnswered,
    /// A row that was healed takes older branches of its generation for copies.
    HealedRowsForgiveNoBranch,
}
