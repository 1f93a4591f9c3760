//! One session with everybody who holds its cookies: browsers, a network between them and the
//! authority, and one clock that jumps from event to event.
//!
//! The world knows how browsers and networks behave. What a session is lived for — an honest life,
//! a theft — is a script that leaves cues in the world's diary and is called when they are due.

mod browser;
mod client;
mod server;
mod story;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use fastrand::Rng;

use crate::authority::{Answer, Authority, How, Jar, Refusal};
use crate::network::Network;

pub(crate) use browser::{Browser, Manner};
pub(crate) use story::Story;

/// Which browser: the owner's is there from the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Owner,
    Thief,
}

/// A tab of one life of a browser: crashes, sleep and restarts begin another, and what belonged to
/// the one before is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tab {
    who: Who,
    number: usize,
    life: u32,
}

/// A refresh that is under way.
#[derive(Debug, Clone)]
struct Message {
    tab: Tab,
    request: u32,
    attempt: u32,
    sent_at: Duration,
    carried: Jar,
}

/// What is going to happen.
#[derive(Debug)]
enum Event<C> {
    /// A tab finds that its access token is about to end, or tries again.
    Due(Tab, u32),
    /// A refresh reaches the authority.
    Arrives(Message),
    /// Its answer reaches the browser.
    Lands(Message, Answer),
    /// The client waits no longer.
    GivesUp(Message),
    /// The browser writes its cookies.
    Flushes(Who, u32),
    /// Something is clicked: a request to the application.
    Clicks(Who, u32),
    /// It reaches the application.
    Clicked(Jar),
    /// The authority's housekeeping writes uses.
    WritesUses,
    /// The browser crashes.
    Crashes(Who, u32),
    /// It is started again.
    Restarts(Who, u32),
    /// A logout reaches the authority.
    LogsOut(Jar),
    /// Something that the script has planned.
    Cue(C),
}

/// What the script wants to hear of.
#[derive(Debug)]
pub(crate) enum Happening<C> {
    /// A cue is due.
    Cue(C),
    /// The authority handed out tokens.
    Granted,
    /// The authority refused a refresh.
    Refused(Refusal),
    /// The session was logged out of.
    LoggedOut,
}

/// How often what happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) refreshes: u64,
    pub(crate) rotations: u64,
    pub(crate) retries: u64,
    pub(crate) branches: u64,
    pub(crate) waits: u64,
    pub(crate) requests: u64,
    pub(crate) lost: u64,
    pub(crate) node_deaths: u64,
    pub(crate) crashes: u64,
    pub(crate) sleeps: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, more: &Self) {
        self.refreshes += more.refreshes;
        self.rotations += more.rotations;
        self.retries += more.retries;
        self.branches += more.branches;
        self.waits += more.waits;
        self.requests += more.requests;
        self.lost += more.lost;
        self.node_deaths += more.node_deaths;
        self.crashes += more.crashes;
        self.sleeps += more.sleeps;
    }
}

pub(crate) struct World<'a, C> {
    authority: &'a mut Authority,
    network: Network,
    pub(crate) rng: Rng,
    /// Since the login.
    pub(crate) now: Duration,
    diary: BTreeMap<(Duration, u64), Event<C>>,
    entries: u64,
    requests: u32,
    owner: Browser,
    thief: Option<Browser>,
    uses_wait: bool,
    pub(crate) counts: Counts,
    pub(crate) story: Story,
}

impl<'a, C: std::fmt::Debug> World<'a, C> {
    /// A world in which the owner has just logged in. Nothing happens until the browser is woken.
    pub(crate) fn new(
        authority: &'a mut Authority,
        network: Network,
        seed: u64,
        manner: Manner,
        story: Story,
    ) -> Result<Self> {
        let jar = authority.open_session(seed)?;
        Ok(Self {
            authority,
            network,
            rng: Rng::with_seed(seed),
            now: Duration::ZERO,
            diary: BTreeMap::new(),
            entries: 0,
            requests: 0,
            owner: Browser::new(manner, jar),
            thief: None,
            uses_wait: false,
            counts: Counts::default(),
            story,
        })
    }

    /// Plans something for the script.
    pub(crate) fn cue(&mut self, after: Duration, cue: C) {
        self.plan(after, Event::Cue(cue));
    }

    fn plan(&mut self, after: Duration, event: Event<C>) {
        self.entries += 1;
        let at = self.now.saturating_add(after);
        self.diary.insert((at, self.entries), event);
    }

    /// Lives on until something happens that the script wants to hear of, or nothing ever will.
    pub(crate) fn live(&mut self) -> Option<Happening<C>> {
        while let Some(((at, _), event)) = self.diary.pop_first() {
            self.now = at;
            self.authority.set_clock(at);
            let happening = match event {
                Event::Due(tab, attempt) => {
                    self.refresh_if_due(tab, attempt);
                    None
                }
                Event::Arrives(message) => self.serve_refresh(message),
                Event::Lands(message, answer) => {
                    self.take_answer(&message, answer);
                    None
                }
                Event::GivesUp(message) => {
                    self.give_up(&message);
                    None
                }
                Event::Flushes(who, life) => {
                    self.flush(who, life);
                    None
                }
                Event::Clicks(who, life) => {
                    self.click(who, life);
                    None
                }
                Event::Clicked(jar) => {
                    self.serve_request(&jar);
                    None
                }
                Event::WritesUses => {
                    self.uses_wait = false;
                    self.authority.write_uses();
                    None
                }
                Event::Crashes(who, life) => {
                    self.crash(who, life);
                    None
                }
                Event::Restarts(who, life) => {
                    self.restart(who, life);
                    None
                }
                Event::LogsOut(jar) => {
                    self.authority.log_out(&jar);
                    self.tell(|| "the authority logs the session out".to_owned());
                    Some(Happening::LoggedOut)
                }
                Event::Cue(cue) => Some(Happening::Cue(cue)),
            };
            if happening.is_some() {
                return happening;
            }
        }
        None
    }

    fn browser(&self, who: Who) -> &Browser {
        match (who, &self.thief) {
            (Who::Thief, Some(thief)) => thief,
            _ => &self.owner,
        }
    }

    fn browser_mut(&mut self, who: Who) -> &mut Browser {
        match (who, &mut self.thief) {
            (Who::Thief, Some(thief)) => thief,
            _ => &mut self.owner,
        }
    }

    fn tell(&mut self, line: impl FnOnce() -> String) {
        self.story.tell(self.now, line);
    }

    fn count(&mut self, how: How) {
        match how {
            How::Rotated => self.counts.rotations += 1,
            How::Retried => self.counts.retries += 1,
            How::Branched => self.counts.branches += 1,
            How::Repeated | How::Healed => {}
        }
    }
}
