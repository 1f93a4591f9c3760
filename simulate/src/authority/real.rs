//! The library itself: [`Hardtack`] on a [`MemoryStore`], with a clock and randomness of ours.
//!
//! Only the login is cut short, since a password hash is slow on purpose: the session is inserted
//! into the store as the login flow does it. Refreshes, authenticated requests, the writing of uses
//! and logouts are the public flows.

use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use fastrand::Rng;
use hardtack::core::activity::Activity;
use hardtack::core::event::{Event, Observer};
use hardtack::core::key::SigningKey;
use hardtack::core::key::ring::KeyRing;
use hardtack::core::refresh_token::{Pepper, RefreshToken};
use hardtack::core::rotation::{Family, Position};
use hardtack::core::session::{Device, NewSession, RememberMe, RevokeReason};
use hardtack::core::user::{EmailAddress, User, Username};
use hardtack::core::{Entropy, SessionId, SettableClock, Timestamp};
use hardtack::flow::RefreshError;
use hardtack::store::{Insertion, MemoryStore, NewUser, Revoke, SessionStore as _, UserStore as _};
use hardtack::{Client, Hardtack, PublicUrl, Settings};

use super::{Answer, Cookies, How, Jar, Refusal, START, Terms};

/// After so many sessions a new house is built: a process does not remember the dead for ever, and
/// its housekeeping, which forgets them, keeps other hours than ours.
const SESSIONS_PER_HOUSE: u32 = 256;

/// Whatever is fixed and good enough: the simulated world has no attacker who guesses keys.
const PEPPER: &[u8; 32] = b"thirty-two bytes, most different";
const SIGNING_SECRET: &[u8] = b"9f2c6bd0e7a14853b1c5de80f63a927d4e8b";

pub(crate) struct Real {
    terms: Terms,
    clock: Arc<SettableClock>,
    draws: Arc<Draws>,
    witness: Arc<Witness>,
    pepper: Pepper,
    client: Client,
    house: House,
    opened: u32,
    session: SessionId,
}

/// An authority with the one user of all its sessions.
struct House {
    hardtack: Hardtack<MemoryStore>,
    user: User,
}

/// Randomness that starts anew with every session, so that each can be lived again by itself.
struct Draws(Mutex<Rng>);

impl Entropy for Draws {
    fn fill(&self, bytes: &mut [u8]) {
        let mut rng = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rng.fill(bytes);
    }
}

/// Remembers the last event that says how a refresh went: the answer alone does not.
#[derive(Default)]
struct Witness(AtomicU8);

impl Witness {
    const ROTATED: u8 = 1;
    const BRANCHED: u8 = 2;
    const HEALED: u8 = 3;
    const REUSED: u8 = 4;

    fn take(&self) -> u8 {
        self.0.swap(0, Ordering::Relaxed)
    }
}

impl Observer for Witness {
    fn observe(&self, event: &Event, _: Option<&str>) {
        let seen = match event {
            Event::SessionRotated { .. } => Self::ROTATED,
            Event::SessionBranched { .. } => Self::BRANCHED,
            Event::StoreFellBehind { .. } => Self::HEALED,
            Event::TokenReused { .. } => Self::REUSED,
            _ => return,
        };
        self.0.store(seen, Ordering::Relaxed);
    }
}

impl Real {
    pub(super) fn new(terms: Terms) -> Result<Self> {
        let clock = Arc::new(SettableClock::new(START));
        let draws = Arc::new(Draws(Mutex::new(Rng::with_seed(0))));
        let witness = Arc::<Witness>::default();
        Ok(Self {
            house: House::build(terms, &clock, &draws, &witness)?,
            terms,
            clock,
            draws,
            witness,
            pepper: Pepper::new(PEPPER)?,
            client: Client::default(),
            opened: 0,
            session: SessionId::from_bytes([0; 16]),
        })
    }

    pub(super) fn open_session(&mut self, seed: u64) -> Result<Jar> {
        self.clock.set(START);
        if self.opened == SESSIONS_PER_HOUSE {
            self.opened = 0;
            self.house = House::build(self.terms, &self.clock, &self.draws, &self.witness)?;
        }
        self.opened += 1;
        self.witness.take();
        let mut rng = self.draws.0.lock().unwrap_or_else(PoisonError::into_inner);
        *rng = Rng::with_seed(seed);
        drop(rng);
        self.session = SessionId::generate(&*self.draws);
        let User {
            id,
            password_version,
            ..
        } = self.house.user;
        let new = NewSession {
            id: self.session,
            user: id,
            password_version,
            lifetime: self.terms.lifetime,
            remember_me: RememberMe::Unsaid,
            device: Device::default(),
        };
        let revoke = Revoke {
            reason: RevokeReason::Replaced,
            remembered_for: Terms::ACCESS_LIFETIME,
        };
        let store = self.house.hardtack.store();
        let inserted =
            at_once(store.insert_session(new, Vec::new(), None, revoke, self.terms.window))?;
        if !matches!(inserted, Insertion::Opened { .. }) {
            bail!("the store would not open a session");
        }
        let place = Position::default();
        let refresh = RefreshToken::derive(&self.pepper, self.session, place);
        Ok(Rc::new(Cookies {
            place,
            refresh: refresh.expose_secret().into(),
            access: None,
        }))
    }

    pub(super) fn set_clock(&self, since_login: Duration) {
        self.clock.set(START + since_login);
    }

    pub(super) fn refresh(&self, cookies: &Cookies) -> Answer {
        let presented = [&*cookies.refresh];
        let refreshed = at_once(self.house.hardtack.refresh(
            &presented,
            &self.client,
            Activity::Counts,
        ));
        let seen = self.witness.take();
        let grant = match refreshed {
            Ok(grant) => grant,
            Err(RefreshError::Wait(wait)) => return Answer::Wait(wait),
            Err(RefreshError::Expired(_)) => return Answer::Refused(Refusal::Expired),
            Err(RefreshError::Revoked(_)) if seen == Witness::REUSED => {
                return Answer::Refused(Refusal::Reuse);
            }
            Err(RefreshError::Revoked(_)) => return Answer::Refused(Refusal::Ended),
            Err(_) => return Answer::Refused(Refusal::Strange),
        };
        let refresh = grant.refresh.expose_secret();
        let Some(place) = place(refresh) else {
            return Answer::Refused(Refusal::Strange);
        };
        let how = match seen {
            Witness::ROTATED => How::Rotated,
            Witness::BRANCHED => How::Branched,
            Witness::HEALED => How::Healed,
            _ if place == cookies.place => How::Repeated,
            _ => How::Retried,
        };
        let jar = Rc::new(Cookies {
            place,
            refresh: refresh.into(),
            access: Some(grant.access.expose_secret().into()),
        });
        Answer::Granted(how, jar)
    }

    pub(super) fn authenticate(&self, cookies: &Cookies) -> bool {
        let verifier = self.house.hardtack.guard().verifier();
        cookies
            .access
            .as_deref()
            .is_some_and(|access| verifier.verify(access).is_ok())
    }

    pub(super) fn write_uses(&self) {
        // What is lost here delays detection, which would be seen.
        let _ = at_once(self.house.hardtack.flush_uses());
    }

    pub(super) fn log_out(&self, cookies: &Cookies) {
        let tokens = std::iter::once(&*cookies.refresh);
        // Whoever is not logged out is granted something later, which is checked.
        let _ = at_once(self.house.hardtack.log_out(tokens, None, &self.client));
    }

    pub(super) fn family(&self) -> Option<(Family, Timestamp)> {
        let found = at_once(self.house.hardtack.store().find_family(self.session));
        found.ok().flatten().map(|at| (at.family, at.now))
    }
}

impl House {
    fn build(
        terms: Terms,
        clock: &Arc<SettableClock>,
        draws: &Arc<Draws>,
        witness: &Arc<Witness>,
    ) -> Result<Self> {
        let store = MemoryStore::new(clock.clone());
        let user = NewUser {
            username: Username::parse("everybody")?,
            email: EmailAddress::parse("everybody@example.com")?,
            first_name: String::new(),
            last_name: String::new(),
            password_hash: String::new(),
        };
        let user = at_once(store.insert_user(user))??;
        let mut settings = Settings::new(PublicUrl::parse("https://app.example.com")?);
        settings.session.lifetime = terms.lifetime;
        settings.session.rotation_window = terms.window;
        settings.tokens.access_lifetime = Terms::ACCESS_LIFETIME;
        // The cheapest signature: what is watched does not depend on it.
        let keys = KeyRing::new(SigningKey::hs256(SIGNING_SECRET)?, START);
        let building = Hardtack::builder(store, keys, Pepper::new(PEPPER)?, settings)
            .with_clock(clock.clone())
            .with_entropy(draws.clone())
            .with_observer(witness.clone())
            .build();
        Ok(Self {
            hardtack: at_once(building).context("the authority could not be put together")?,
            user,
        })
    }
}

/// Runs a flow to its end. On a store in memory none of them has anything to wait for, so there is
/// no runtime here that could wake it.
fn at_once<T>(flow: impl Future<Output = T>) -> T {
    let mut flow = pin!(flow);
    let mut context = TaskContext::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(done) = flow.as_mut().poll(&mut context) {
            return done;
        }
        std::thread::yield_now();
    }
}

/// The place in the chain that a refresh token names: `v1.session.generation.branch.tag`.
fn place(refresh: &str) -> Option<Position> {
    let mut parts = refresh.split('.').skip(2).map(str::parse);
    match (parts.next()?, parts.next()?) {
        (Ok(generation), Ok(branch)) => Some(Position::new(generation, branch)),
        _ => None,
    }
}
