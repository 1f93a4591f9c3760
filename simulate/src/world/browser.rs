//! A browser: one cookie jar, its copy on the disk, and tabs that know nothing of each other.

use std::rc::Rc;
use std::time::Duration;

use super::{Event, Tab, Who, World};
use crate::authority::Jar;
use crate::network::{FLUSH, around, between, up_to};

/// How somebody uses a browser.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    /// Tabs that refresh, each on its own.
    pub(crate) tabs: usize,
    /// Do tabs look whether another has refreshed before they do? They hold no lock.
    pub(crate) looks_first: bool,
    /// How often a request reaches the authority, or an application that tells it.
    pub(crate) traffic: Option<Duration>,
    /// How often the browser crashes, while it is in use.
    pub(crate) crashes: Option<Duration>,
}

#[derive(Debug)]
pub(crate) struct Browser {
    pub(super) manner: Manner,
    pub(super) jar: Jar,
    pub(super) disk: Jar,
    /// When the jar is going to be written, if it differs from the disk.
    flushes_at: Option<Duration>,
    /// The rest of the wait, of a machine that sleeps: its timers stand still.
    flush_left: Option<Duration>,
    /// A machine that wakes, uses the session and loses power before the cookies from before its
    /// sleep are on the disk falls outside the bound (docs/rotation.md, section 4), so it does not
    /// lose power here.
    no_crash_until: Duration,
    slept_at: Duration,
    /// Counts crashes, naps and restarts.
    pub(super) life: u32,
    is_awake: bool,
    /// When the newest access token is about to end, as far as the browser knows.
    pub(super) fresh_until: Duration,
    /// The request that each tab waits for.
    pub(super) waits_for: Vec<Option<u32>>,
}

impl Browser {
    /// Its first cookies are on the disk already: a browser that lost those has no session.
    pub(super) fn new(manner: Manner, jar: Jar) -> Self {
        Self {
            manner,
            disk: Rc::clone(&jar),
            jar,
            flushes_at: None,
            flush_left: None,
            no_crash_until: Duration::ZERO,
            slept_at: Duration::ZERO,
            life: 0,
            is_awake: false,
            fresh_until: Duration::ZERO,
            waits_for: vec![None; manner.tabs],
        }
    }

    /// Does this belong to what the browser is doing now?
    pub(super) fn lives(&self, life: u32) -> bool {
        self.is_awake && self.life == life
    }

    fn stop(&mut self) {
        self.life += 1;
        self.is_awake = false;
        self.waits_for.fill(None);
    }
}

impl<C: std::fmt::Debug> World<'_, C> {
    /// The browser comes to life, and all its tabs find at once that they need a token.
    pub(crate) fn wake(&mut self, who: Who) {
        let now = self.now;
        let browser = self.browser_mut(who);
        browser.is_awake = true;
        browser.life += 1;
        let (life, manner) = (browser.life, browser.manner);
        if let Some(wait) = browser.flush_left.take() {
            browser.flushes_at = Some(now + wait);
            browser.no_crash_until = now + wait;
            self.plan(wait, Event::Flushes(who, life));
        }
        for number in 0..manner.tabs {
            let tab = Tab { who, number, life };
            let after = up_to(&mut self.rng, Duration::from_secs(2));
            self.plan(after, Event::Due(tab, 0));
        }
        self.plan_click(who);
        if let Some(mean) = manner.crashes {
            let after = around(&mut self.rng, mean);
            self.plan(after, Event::Crashes(who, life));
        }
    }

    pub(super) fn plan_click(&mut self, who: Who) {
        let Browser { life, manner, .. } = *self.browser(who);
        if let Some(mean) = manner.traffic {
            let after = around(&mut self.rng, mean);
            self.plan(after, Event::Clicks(who, life));
        }
    }

    /// The lid is closed: whatever was under way is lost, and no timer runs.
    pub(crate) fn sleep(&mut self) {
        self.counts.sleeps += 1;
        let now = self.now;
        let owner = &mut self.owner;
        owner.flush_left = owner.flushes_at.take().map(|at| at.saturating_sub(now));
        owner.slept_at = now;
        owner.stop();
        self.tell(|| "Owner: falls asleep".to_owned());
    }

    /// The battery runs out while asleep. What was not on the disk is gone.
    pub(crate) fn lose_power(&mut self) {
        let owner = &mut self.owner;
        if owner.flush_left.is_some() && owner.slept_at < owner.no_crash_until {
            return;
        }
        owner.flush_left = None;
        self.tell(|| "Owner: the battery runs out".to_owned());
        self.roll_back(Who::Owner);
    }

    pub(super) fn crash(&mut self, who: Who, life: u32) {
        let now = self.now;
        let browser = self.browser_mut(who);
        if !browser.lives(life) {
            return;
        }
        if now < browser.no_crash_until {
            let after = browser.no_crash_until.saturating_sub(now) + Duration::from_secs(1);
            self.plan(after, Event::Crashes(who, life));
            return;
        }
        browser.stop();
        browser.flushes_at = None;
        let life = browser.life;
        self.counts.crashes += 1;
        self.tell(|| format!("{who:?}: the browser crashes"));
        // Most people start it again at once.
        let most = Duration::from_secs(if self.rng.bool() { 5 } else { 600 });
        let after = between(&mut self.rng, Duration::from_secs(1), most);
        self.plan(after, Event::Restarts(who, life));
        self.roll_back(who);
    }

    /// The jar is as it was when it was last written.
    fn roll_back(&mut self, who: Who) {
        let browser = self.browser_mut(who);
        browser.fresh_until = Duration::ZERO;
        if !Rc::ptr_eq(&browser.disk, &browser.jar) {
            browser.jar = Rc::clone(&browser.disk);
            let jar = Rc::clone(&browser.jar);
            self.tell(|| {
                format!(
                    "{who:?}: what was not on the disk is lost; it has {}",
                    name(&jar)
                )
            });
        }
    }

    pub(super) fn restart(&mut self, who: Who, life: u32) {
        if self.browser(who).life == life {
            self.tell(|| format!("{who:?}: the browser is started again"));
            self.wake(who);
        }
    }

    /// New cookies are put into the jar, on top of whatever is there.
    pub(super) fn store_cookies(&mut self, who: Who, jar: Jar) {
        let (now, life) = (self.now, self.browser(who).life);
        // Written at the latest after the whole wait, often sooner.
        let whole = self.rng.bool();
        let wait = if whole {
            FLUSH
        } else {
            up_to(&mut self.rng, FLUSH)
        };
        let browser = self.browser_mut(who);
        browser.jar = jar;
        if browser.flushes_at.is_none() {
            browser.flushes_at = Some(now + wait);
            self.plan(wait, Event::Flushes(who, life));
        }
    }

    pub(super) fn flush(&mut self, who: Who, life: u32) {
        let browser = self.browser_mut(who);
        if browser.lives(life) {
            browser.flushes_at = None;
            browser.disk = Rc::clone(&browser.jar);
            let jar = Rc::clone(&browser.jar);
            self.tell(|| format!("{who:?}: {} is on the disk", name(&jar)));
        }
    }

    /// Somebody copies the jar, or what of it is on the disk, and starts to use it.
    pub(crate) fn steal(&mut self, from_disk: bool, with_access: bool, manner: Manner) {
        let Browser { jar, disk, .. } = &self.owner;
        let mut jar = Rc::clone(if from_disk { disk } else { jar });
        if !with_access {
            jar = jar.refresh_only();
        }
        self.tell(|| format!("the thief copies {}", name(&jar)));
        self.thief = Some(Browser::new(manner, jar));
    }

    /// What the owner would present now.
    pub(crate) fn owners_cookies(&self) -> Jar {
        Rc::clone(&self.owner.jar)
    }
}

/// As docs/rotation.md writes tokens.
pub(super) fn name(jar: &Jar) -> String {
    format!("{}.{}", jar.place.generation, jar.place.branch)
}
