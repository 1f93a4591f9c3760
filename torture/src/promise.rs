//! What the service has promised one user, and whether an answer keeps it.
//!
//! A promise is made by an answer and not by a request: until a logout is answered, its session may
//! live or be dead. So each session carries *doubts*, the acts under way (or never answered) that
//! may have ended it. Without a doubt it has to live; once its end was answered, or seen, it has to
//! stay dead.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hardtack_core::rotation::RETRY_BURST;

/// Sessions that ended are kept to be tried again later, this many for each user.
const DEAD_KEPT: usize = 40;

/// Which session of a user, in the order in which they were opened.
pub(crate) type SessionNumber = usize;

/// Which password of a user, in the order in which they were tried.
pub(crate) type PasswordNumber = usize;

/// Something under way that may end sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Act(u64);

/// How an answer fits what was promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As it should be, or not known to be wrong.
    Kept,
    /// Refused, and it may be: the session is over from here on.
    Over,
    /// Refused, though nothing that could have ended the session was ever asked for.
    HonestLogout,
    /// Accepted, though the session's end had been answered before the request was sent.
    LivesOn(&'static str),
}

/// A session whose end was answered or seen, with what must no longer be worth anything.
#[derive(Debug, Clone)]
pub(crate) struct Dead {
    pub(crate) number: SessionNumber,
    pub(crate) why: &'static str,
    pub(crate) refresh: Vec<String>,
    pub(crate) access: Vec<String>,
}

#[derive(Debug)]
struct Session {
    password: PasswordNumber,
    doubts: BTreeSet<Act>,
    ended: Option<(Instant, &'static str)>,
    refresh: Vec<String>,
    access: Vec<String>,
}

#[derive(Debug)]
struct Change {
    to: PasswordNumber,
    act: Act,
}

#[derive(Debug, Default)]
struct State {
    password: PasswordNumber,
    tried: PasswordNumber,
    change: Option<Change>,
    /// Replaced since the last inspection: must be refused by now.
    replaced: Option<PasswordNumber>,
    sessions: BTreeMap<SessionNumber, Session>,
    opened: SessionNumber,
    acts: u64,
}

/// The promises to one user.
#[derive(Debug, Default)]
pub(crate) struct Promises(Mutex<State>);

impl Promises {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The password that works, as far as anybody was told.
    pub(crate) fn password(&self) -> PasswordNumber {
        self.state().password
    }

    /// The password of a change that was never answered.
    pub(crate) fn unanswered_password(&self) -> Option<PasswordNumber> {
        self.state().change.as_ref().map(|change| change.to)
    }

    /// The password that an answered change replaced. Asked for once.
    pub(crate) fn take_replaced_password(&self) -> Option<PasswordNumber> {
        self.state().replaced.take()
    }

    /// A login was answered: a session under `password`.
    pub(crate) fn opened(&self, password: PasswordNumber) -> SessionNumber {
        let mut state = self.state();
        if let Some(change) = &state.change
            && change.to == password
        {
            state.change_is_done(password, "a password change, seen at login");
        }
        // Committed before the change that was answered meanwhile, or it would have been refused.
        let ended = (password < state.password)
            .then(|| (Instant::now(), "a password change during its login"));
        let doubts = state
            .change
            .iter()
            .filter(|change| password < change.to)
            .map(|change| change.act)
            .collect();
        let number = state.opened;
        state.opened += 1;
        let session = Session {
            password,
            doubts,
            ended,
            refresh: Vec::new(),
            access: Vec::new(),
        };
        state.sessions.insert(number, session);
        number
    }

    /// Tokens of a session were handed out.
    pub(crate) fn handed_out(&self, number: SessionNumber, access: &str, refresh: &str) {
        let mut state = self.state();
        if let Some(session) = state.sessions.get_mut(&number) {
            for (kept, token) in [
                (&mut session.refresh, refresh),
                (&mut session.access, access),
            ] {
                if kept.iter().all(|known| known != token) {
                    kept.push(token.to_owned());
                }
                if kept.len() > 4 {
                    kept.remove(1);
                }
            }
        }
    }

    /// An act that may end this session is about to be sent.
    pub(crate) fn may_end(&self, number: SessionNumber) -> Act {
        let mut state = self.state();
        let act = state.next_act();
        if let Some(session) = state.sessions.get_mut(&number) {
            session.doubts.insert(act);
        }
        act
    }

    /// A password change is about to be sent. `None` while another is under way: which of two
    /// changes was the last cannot be told from outside.
    pub(crate) fn may_change_password(&self) -> Option<(PasswordNumber, Act)> {
        let mut state = self.state();
        if state.change.is_some() {
            return None;
        }
        let act = state.next_act();
        state.tried += 1;
        let to = state.tried;
        for session in state.sessions.values_mut() {
            session.doubts.insert(act);
        }
        state.change = Some(Change { to, act });
        Some((to, act))
    }

    /// The act was refused, or found not to have happened.
    pub(crate) fn did_not_happen(&self, act: Act) {
        let mut state = self.state();
        if state
            .change
            .as_ref()
            .is_some_and(|change| change.act == act)
        {
            state.change = None;
        }
        for session in state.sessions.values_mut() {
            session.doubts.remove(&act);
        }
    }

    /// The unanswered password change was found not to have happened.
    pub(crate) fn change_did_not_happen(&self) {
        let act = self.state().change.as_ref().map(|change| change.act);
        if let Some(act) = act {
            self.did_not_happen(act);
        }
    }

    /// The session's end was answered.
    pub(crate) fn ended(&self, number: SessionNumber, why: &'static str) {
        if let Some(session) = self.state().sessions.get_mut(&number) {
            session.end(why);
        }
    }

    /// The password change was answered, or a login shows that it happened.
    pub(crate) fn password_changed(&self, to: PasswordNumber, why: &'static str) {
        self.state().change_is_done(to, why);
    }

    /// After a restart nothing is under way any more: the session was found alive, so whatever was
    /// never answered did not happen to it.
    pub(crate) fn found_alive(&self, number: SessionNumber) {
        if let Some(session) = self.state().sessions.get_mut(&number) {
            session.doubts.clear();
        }
    }

    /// Is there nothing that may have ended the session?
    pub(crate) fn is_certain(&self, number: SessionNumber) -> bool {
        let state = self.state();
        let session = state.sessions.get(&number);
        session.is_none_or(|session| session.doubts.is_empty() && session.ended.is_none())
    }

    /// Judges the answer to a request that was sent at `sent` with a good token of the session.
    pub(crate) fn judge(&self, number: SessionNumber, sent: Instant, accepted: bool) -> Verdict {
        let mut state = self.state();
        let Some(session) = state.sessions.get_mut(&number) else {
            return Verdict::Kept;
        };
        match (session.ended, accepted) {
            (Some((at, why)), true) if at < sent => Verdict::LivesOn(why),
            (_, true) => Verdict::Kept,
            (Some(_), false) => Verdict::Over,
            (None, false) if session.doubts.is_empty() => {
                // Told once; from here on it has to stay dead.
                session.end("a refusal without a reason");
                Verdict::HonestLogout
            }
            (None, false) => {
                session.end("an act that was never answered, seen at refresh");
                Verdict::Over
            }
        }
    }

    /// The sessions that have to be dead, the last ones first, and forgets the oldest.
    pub(crate) fn dead(&self) -> Vec<Dead> {
        let mut state = self.state();
        let mut dead: Vec<_> = state
            .sessions
            .iter()
            .filter_map(|(number, session)| {
                let (at, why) = session.ended?;
                let dead = Dead {
                    number: *number,
                    why,
                    refresh: session.refresh.clone(),
                    access: session.access.clone(),
                };
                Some((at, dead))
            })
            .collect();
        dead.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        let kept: Vec<_> = dead.into_iter().map(|(_, dead)| dead).collect();
        for forgotten in kept.iter().skip(DEAD_KEPT) {
            state.sessions.remove(&forgotten.number);
        }
        kept.into_iter().take(DEAD_KEPT).collect()
    }
}

impl State {
    fn next_act(&mut self) -> Act {
        self.acts += 1;
        Act(self.acts)
    }

    fn change_is_done(&mut self, to: PasswordNumber, why: &'static str) {
        if to <= self.password {
            return;
        }
        self.replaced = Some(self.password);
        self.password = to;
        self.change = None;
        for session in self.sessions.values_mut() {
            if session.password < to {
                session.end(why);
            }
        }
    }
}

impl Session {
    fn end(&mut self, why: &'static str) {
        if self.ended.is_none() {
            self.ended = Some((Instant::now(), why));
        }
    }
}

/// How slow messages may be. It is G of the rotation protocol: an honest browser is only promised to
/// stay logged in if its messages are faster (docs/rotation.md), so whoever was slower is counted and
/// not judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DelayBound(Duration);

impl DelayBound {
    /// A burst of retries shortens the window by as much as it may last.
    pub(crate) fn within(window: Duration) -> Self {
        Self(window.saturating_sub(RETRY_BURST))
    }

    /// A request's and an answer's delay together have to stay below the window.
    pub(crate) fn holds(self, slowest: Duration) -> bool {
        slowest * 2 < self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn later() -> Instant {
        Instant::now() + Duration::from_millis(1)
    }

    #[test]
    fn a_session_nobody_tried_to_end_has_to_live() {
        let promises = Promises::default();
        let session = promises.opened(0);
        assert_eq!(promises.judge(session, later(), true), Verdict::Kept);
        assert_eq!(
            promises.judge(session, later(), false),
            Verdict::HonestLogout
        );
    }

    #[test]
    fn an_unanswered_logout_may_have_happened_and_is_final_once_seen() {
        let promises = Promises::default();
        let session = promises.opened(0);
        promises.may_end(session);
        assert_eq!(promises.judge(session, later(), true), Verdict::Kept);
        assert_eq!(promises.judge(session, later(), false), Verdict::Over);
        assert!(matches!(
            promises.judge(session, later(), true),
            Verdict::LivesOn(_)
        ));
    }

    #[test]
    fn an_answered_logout_binds_only_what_is_sent_after_it() {
        let promises = Promises::default();
        let session = promises.opened(0);
        let before = Instant::now();
        promises.may_end(session);
        promises.ended(session, "logout");
        assert_eq!(promises.judge(session, before, true), Verdict::Kept);
        assert_eq!(
            promises.judge(session, later(), true),
            Verdict::LivesOn("logout")
        );
    }

    #[test]
    fn a_password_change_ends_what_was_opened_under_older_passwords() {
        let promises = Promises::default();
        let old = promises.opened(0);
        let (to, _) = promises.may_change_password().unwrap();
        let meanwhile = promises.opened(0);
        promises.password_changed(to, "change");
        let new = promises.opened(to);
        for (session, verdict) in [
            (old, Verdict::LivesOn("change")),
            (meanwhile, Verdict::LivesOn("change")),
            (new, Verdict::Kept),
        ] {
            assert_eq!(promises.judge(session, later(), true), verdict);
        }
        assert_eq!(promises.take_replaced_password(), Some(0));
    }

    #[test]
    fn a_change_that_did_not_happen_excuses_nothing() {
        let promises = Promises::default();
        let session = promises.opened(0);
        promises.may_change_password().unwrap();
        promises.change_did_not_happen();
        assert_eq!(
            promises.judge(session, later(), false),
            Verdict::HonestLogout
        );
    }
}
