//! Who hands out tokens: the library on its memory store, or the same rules with one put wrong.

mod faulty;
mod real;

use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;
use hardtack::core::Timestamp;
use hardtack::core::rotation::Position;
use hardtack::core::session::SessionLifetime;

use crate::variant::Variant;
use faulty::Faulty;
use real::Real;

/// The moment of every login. Only differences of times matter.
const START: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

/// What a browser holds for one session.
#[derive(Debug)]
pub(crate) struct Cookies {
    /// The place in the chain of what follows, for stories and for the faulty variants.
    pub(crate) place: Position,
    refresh: Box<str>,
    /// Missing right after a login, and in a jar that was only half copied.
    access: Option<Box<str>>,
}

/// Cookies are copied about, never changed.
pub(crate) type Jar = Rc<Cookies>;

impl Cookies {
    pub(crate) fn has_access(&self) -> bool {
        self.access.is_some()
    }

    /// The same without the access token.
    pub(crate) fn refresh_only(&self) -> Jar {
        Rc::new(Self {
            place: self.place,
            refresh: self.refresh.clone(),
            access: None,
        })
    }
}

/// How a token was handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Rotated,
    Repeated,
    Retried,
    Branched,
    Healed,
}

/// Why none was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Taken for a copy; the session ends at this moment.
    Reuse,
    /// It was ended before.
    Ended,
    /// Idle, or past its end.
    Expired,
    /// Something that has no place here.
    Strange,
}

/// What a presented refresh token is answered.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Granted(How, Jar),
    Wait(Duration),
    Refused(Refusal),
}

/// The numbers that an authority goes by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) window: Duration,
    pub(crate) lifetime: SessionLifetime,
}

impl Terms {
    /// How long an access token lasts: the unit in which thefts are measured.
    pub(crate) const ACCESS_LIFETIME: Duration = Duration::from_secs(900);

    pub(crate) fn with_window(window: Duration) -> Self {
        let day = Duration::from_secs(86_400);
        Self {
            window,
            // Shorter than by default, so that sessions are lived to their ends.
            lifetime: SessionLifetime {
                idle_timeout: 2 * day,
                absolute_timeout: 5 * day,
            },
        }
    }
}

/// Serves one session at a time.
pub(crate) enum Authority {
    Real(Box<Real>),
    Faulty(Faulty),
}

impl Authority {
    pub(crate) fn new(variant: Variant, terms: Terms) -> Result<Self> {
        Ok(match variant {
            Variant::Full => Self::Real(Box::new(Real::new(terms)?)),
            faulty => Self::Faulty(Faulty::new(faulty, terms)),
        })
    }

    /// Opens a session. `seed` decides its name and whatever else is drawn in it.
    pub(crate) fn open_session(&mut self, seed: u64) -> Result<Jar> {
        match self {
            Self::Real(real) => real.open_session(seed),
            Self::Faulty(faulty) => Ok(faulty.open_session()),
        }
    }

    /// Sets the clock to so long after the login.
    pub(crate) fn set_clock(&mut self, since_login: Duration) {
        match self {
            Self::Real(real) => real.set_clock(since_login),
            Self::Faulty(faulty) => faulty.set_clock(since_login),
        }
    }

    pub(crate) fn refresh(&mut self, cookies: &Cookies) -> Answer {
        match self {
            Self::Real(real) => real.refresh(cookies),
            Self::Faulty(faulty) => faulty.refresh(cookies),
        }
    }

    /// A request to the application, with the access token. Is it believed?
    pub(crate) fn authenticate(&mut self, cookies: &Cookies) -> bool {
        match self {
            Self::Real(real) => real.authenticate(cookies),
            Self::Faulty(faulty) => faulty.authenticate(cookies),
        }
    }

    /// The housekeeping that writes uses.
    pub(crate) fn write_uses(&mut self) {
        match self {
            Self::Real(real) => real.write_uses(),
            Self::Faulty(faulty) => faulty.write_uses(),
        }
    }

    pub(crate) fn log_out(&mut self, cookies: &Cookies) {
        match self {
            Self::Real(real) => real.log_out(cookies),
            Self::Faulty(faulty) => faulty.log_out(),
        }
    }

    /// The row, for stories.
    pub(crate) fn row(&self) -> String {
        let family = match self {
            Self::Real(real) => real.family(),
            Self::Faulty(faulty) => faulty.family(),
        };
        family.map_or_else(String::new, |(family, now)| {
            let row = family.lineage;
            let Position { generation, branch } = row.current;
            format!(
                "{generation}.{branch} {:?}, aged {:.1} s, {} retries{}",
                row.phase,
                now.since(row.anchor_at).as_secs_f64(),
                row.retries,
                if family.ended.is_some() {
                    ", ENDED"
                } else {
                    ""
                }
            )
        })
    }
}
