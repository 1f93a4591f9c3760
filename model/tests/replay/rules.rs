//! The rules of the real code, on a family that is in nobody's store.

use hardtack_core::Timestamp;
use hardtack_core::refresh_token::{Pepper, RefreshToken};
use hardtack_core::rotation::{Ended, Family, Lineage, Owner, Rotation, rotate};
use hardtack_core::session::{RememberMe, RevokeReason};
use hardtack_model::table::{Reply, Row};

use crate::step::{Party, SESSION, START, Scale, Step, USER, Which, position};

#[derive(Clone)]
pub(crate) struct Rules {
    scale: Scale,
    family: Family,
    replica: Option<Family>,
    now: Timestamp,
    has_other_password: bool,
    is_disabled: bool,
}

impl Rules {
    pub(crate) fn new(scale: Scale) -> Self {
        let lifetime = scale.rules.lifetime.unwrap();
        Self {
            scale,
            family: Family {
                session: SESSION,
                user: USER,
                lineage: Lineage::at_login(Scale::WINDOW, START),
                created_at: START,
                last_seen_at: START,
                idle_timeout: scale.time(lifetime.idle),
                ends_at: START + scale.time(lifetime.absolute),
                remember_me: RememberMe::Unsaid,
                ended: None,
                owner: Owner::Standing,
            },
            replica: None,
            now: START,
            has_other_password: false,
            is_disabled: false,
        }
    }

    fn is_over(&self) -> bool {
        self.family.ended.is_some() || self.now >= self.family.idle_ends_at()
    }

    fn end(&mut self, reason: RevokeReason) {
        if !self.is_over() {
            let at = self.now;
            self.family.ended = Some(Ended { at, reason });
        }
    }

    fn present(&mut self, which: Which) -> Reply {
        let Which::This(token) = which else {
            panic!("tokens are named by now");
        };
        let presented = position(token);
        let rotation = rotate(&self.family, presented, Scale::WINDOW, self.now);
        let lineage = self.family.lineage.after(rotation, presented, self.now);
        if lineage != self.family.lineage {
            self.family.lineage = lineage;
            self.family.last_seen_at = self.family.last_seen_at.max(self.now);
        }
        if rotation == Rotation::Reuse {
            self.end(RevokeReason::Reuse);
        }
        self.scale.reply(rotation, &self.family, self.now)
    }
}

impl Party for Rules {
    fn take(&mut self, step: Step) -> Option<Reply> {
        let mut reply = None;
        match step {
            Step::Present(which) => reply = Some(self.present(which)),
            Step::Use(Which::This(token)) => {
                if !self.is_over() && self.family.owner == Owner::Standing {
                    let used = position(token);
                    self.family.lineage =
                        self.family.lineage.after_use(used, Scale::WINDOW, self.now);
                }
            }
            Step::Use(_) => panic!("tokens are named by now"),
            Step::Pass(ticks) | Step::SetClock(ticks) => {
                let time = self.scale.time(ticks);
                self.now = if ticks < 0 {
                    self.now - time
                } else {
                    self.now + time
                };
            }
            Step::LogOut => self.end(RevokeReason::Logout),
            Step::ChangePassword => {
                self.end(RevokeReason::PasswordChanged);
                self.has_other_password = true;
            }
            Step::Disable => {
                self.end(RevokeReason::UserDisabled);
                self.is_disabled = true;
            }
            Step::Enable => self.is_disabled = false,
            Step::ReplicaFallsBehind => self.replica = Some(self.family),
            Step::FailOver => {
                if let Some(mut family) = self.replica.take() {
                    family.lineage.anchor_at = self.now;
                    self.family = family;
                }
            }
        }
        self.family.owner = match (self.is_disabled, self.has_other_password) {
            (true, _) => Owner::Disabled,
            (false, true) => Owner::Gone,
            (false, false) => Owner::Standing,
        };
        reply
    }

    fn row(&mut self) -> Row {
        self.scale.row(&self.family, self.now)
    }
}

/// I1: the place in the chain is all that a token's bytes depend on, and no two places share them.
#[test]
fn one_place_in_the_chain_has_one_value_and_no_other_has_it() {
    let pepper = Pepper::new(b"thirty-two bytes, most different").unwrap();
    let mut values = std::collections::HashMap::new();
    for round in 0..2 {
        for generation in 0..40 {
            for branch in 0..10 {
                let place = hardtack_core::rotation::Position::new(generation, branch);
                let token = RefreshToken::derive(&pepper, SESSION, place);
                let known = values.insert(token.expose_secret().to_owned(), place);
                assert_eq!(known, (round == 1).then_some(place));
                let verified = RefreshToken::verify(&pepper, token.expose_secret());
                assert_eq!(verified, Ok((SESSION, place)));
            }
        }
    }
}
