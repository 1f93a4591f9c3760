//! A row that is judged by a faulty variant, in the place of the library.

use std::rc::Rc;
use std::time::Duration;

use hardtack::core::rotation::{Ended, Family, Lineage, Owner, Position, Rotation};
use hardtack::core::session::{RememberMe, RevokeReason};
use hardtack::core::{SessionId, Timestamp, UserId};

use super::{Answer, Cookies, How, Jar, Refusal, START, Terms};
use crate::variant::Variant;

pub(crate) struct Faulty {
    variant: Variant,
    terms: Terms,
    now: Timestamp,
    family: Option<Family>,
    used: Option<Position>,
}

impl Faulty {
    pub(super) fn new(variant: Variant, terms: Terms) -> Self {
        Self {
            variant,
            terms,
            now: START,
            family: None,
            used: None,
        }
    }

    pub(super) fn open_session(&mut self) -> Jar {
        self.now = START;
        self.used = None;
        self.family = Some(Family {
            session: SessionId::from_bytes([0; 16]),
            user: UserId::new(1),
            lineage: Lineage::at_login(self.terms.window, START),
            created_at: START,
            last_seen_at: START,
            idle_timeout: self.terms.lifetime.idle_timeout,
            ends_at: START + self.terms.lifetime.absolute_timeout,
            remember_me: RememberMe::Unsaid,
            ended: None,
            owner: Owner::Standing,
        });
        jar(Position::default(), START)
    }

    pub(super) fn set_clock(&mut self, since_login: Duration) {
        self.now = START + since_login;
    }

    pub(super) fn refresh(&mut self, cookies: &Cookies) -> Answer {
        let Some(family) = &mut self.family else {
            return Answer::Refused(Refusal::Strange);
        };
        let window = self.terms.window;
        let (decision, after) = self
            .variant
            .present(family, cookies.place, window, self.now);
        if after != family.lineage {
            family.lineage = after;
            family.last_seen_at = self.now;
        }
        let how = match decision {
            Rotation::Advance => How::Rotated,
            Rotation::Repeat => How::Repeated,
            Rotation::Retry => How::Retried,
            Rotation::Branch => How::Branched,
            Rotation::Ahead => How::Healed,
            Rotation::Wait(wait) => return Answer::Wait(wait),
            Rotation::Reuse => {
                family.ended = Some(Ended {
                    at: self.now,
                    reason: RevokeReason::Reuse,
                });
                return Answer::Refused(Refusal::Reuse);
            }
            Rotation::Expired(_) => return Answer::Refused(Refusal::Expired),
            Rotation::Revoked(_) => return Answer::Refused(Refusal::Ended),
            Rotation::UserDisabled | Rotation::UserGone => {
                return Answer::Refused(Refusal::Strange);
            }
        };
        Answer::Granted(how, jar(after.current, self.now))
    }

    pub(super) fn authenticate(&mut self, cookies: &Cookies) -> bool {
        let access = cookies.access.as_deref().unwrap_or_default();
        let is_good = access
            .parse()
            .is_ok_and(|micros| self.now < Timestamp::from_unix_micros(micros));
        let lives = is_good && self.family.is_some_and(|family| family.ended.is_none());
        if lives {
            self.used = self.used.max(Some(cookies.place));
        }
        lives
    }

    pub(super) fn write_uses(&mut self) {
        if let (Some(used), Some(family)) = (self.used.take(), &mut self.family)
            && family.ended.is_none()
            && self.now < family.idle_ends_at()
        {
            family.lineage =
                self.variant
                    .note_use(family.lineage, used, self.terms.window, self.now);
        }
    }

    pub(super) fn log_out(&mut self) {
        if let Some(family) = &mut self.family {
            family.ended = family.ended.or(Some(Ended {
                at: self.now,
                reason: RevokeReason::Logout,
            }));
        }
    }

    pub(super) fn family(&self) -> Option<(Family, Timestamp)> {
        self.family.map(|family| (family, self.now))
    }
}

/// The access token says nothing but when it ends.
fn jar(place: Position, now: Timestamp) -> Jar {
    let ends_at = now + Terms::ACCESS_LIFETIME;
    Rc::new(Cookies {
        place,
        refresh: Box::default(),
        access: Some(ends_at.unix_micros().to_string().into()),
    })
}
