//! What a search lets happen, and how far it looks.

use crate::rules::Rules;

/// When commits may be lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailOver {
    /// Only after every message has arrived or died: taking over lasts longer than a message lives.
    WhenQuiet,
    /// At any moment.
    AtAnyTime,
}

/// What a search lets happen, and how far it looks. Times are in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each switches one kind of mishap; all combinations are meant"
)]
pub struct Scenario {
    /// The protocol.
    pub rules: Rules,
    /// Refreshes that may be under way at once.
    pub tabs: usize,
    /// The last generation that is explored.
    pub generations: u8,
    /// The last branch that is explored.
    pub branches: u8,
    /// Ticks that a request may see on its way.
    pub requests_last: u8,
    /// Ticks that an answer may see.
    pub answers_last: u8,
    /// A client waits so long for both together: an answer goes on counting where its request
    /// stopped. A request may still take all of it, and arrive when nobody waits any more.
    pub limit_is_shared: bool,
    /// Ticks that the report of a use may see; at 0 uses are written at once.
    pub reports_last: u8,
    /// Ticks until a cookie is on the disk.
    pub flush: u8,
    /// Access tokens are used where the authority sees it.
    pub traffic: bool,
    /// The browser may crash.
    pub crashes: bool,
    /// Somebody may copy the jar, once.
    pub thief: bool,
    /// How many fail-overs there may be.
    pub fail_overs: u8,
    /// When.
    pub fail_over: FailOver,
    /// Every window starts again at a fail-over.
    pub fail_over_restarts_windows: bool,
    /// By how much the clock may be set.
    pub clock_steps: &'static [i16],
    /// How often.
    pub clock_changes: u8,
    /// The user may log out, or change the password elsewhere.
    pub endings: bool,
    /// Is a token that is kept young looked for?
    pub watches_age: bool,
    /// Are two who refresh in turn looked for?
    pub watches_parting: bool,
}

impl Scenario {
    /// `tabs` tabs of an honest browser, a network that loses, delays and reorders, crashes, and
    /// traffic that the authority sees; up to `generations` rotations.
    #[must_use]
    pub const fn honest(rules: Rules, tabs: usize, generations: u8) -> Self {
        Self {
            rules,
            tabs,
            generations,
            branches: 2,
            requests_last: 1,
            answers_last: 1,
            limit_is_shared: false,
            reports_last: 0,
            flush: 2,
            traffic: true,
            crashes: true,
            thief: false,
            fail_overs: 0,
            fail_over: FailOver::WhenQuiet,
            fail_over_restarts_windows: true,
            clock_steps: &[],
            clock_changes: 0,
            endings: false,
            watches_age: false,
            watches_parting: false,
        }
    }

    /// The same with somebody who copies the jar at any moment.
    #[must_use]
    pub const fn theft(rules: Rules, tabs: usize, generations: u8) -> Self {
        Self {
            thief: true,
            ..Self::honest(rules, tabs, generations)
        }
    }
}
