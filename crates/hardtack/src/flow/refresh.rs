//! Refresh: a refresh token for a new pair (RFC 6749 §6, RFC 9700 §4.14.2).

use hardtack_core::event::Event;
use hardtack_core::rotation::{Ended, Family, Owner, Position, Rotation, rotate};
use hardtack_core::session::RevokeReason;
use hardtack_core::throttle::ClientKey;
use hardtack_core::{Activity, SessionId, Timestamp};
use hardtack_store::{FamilyAt, Store, Verdict};

use super::{Grant, Unavailable, see_through};
use crate::client::Client;
use crate::hardtack::Hardtack;

/// How often a lost race is run again before the service calls itself busy. Each round is lost to
/// somebody who made progress, so more than a few mean that something else is wrong.
const ROUNDS: usize = 16;

/// A refusal that arrives late must not wipe the cookies of a newer login.
const COOKIES_KEPT_AFTER_END: std::time::Duration = std::time::Duration::from_secs(120);

/// What a browser does with its cookies after a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadCookies {
    /// Keep them: they may already be those of a newer login.
    Keep,
    /// Clear them: their session ended long ago.
    Clear,
}

/// Why there is no new pair. Only the refresh itself was refused; nothing else is said about the
/// user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// Nothing was presented.
    #[error("no refresh token was presented")]
    Missing,
    /// Not a token of ours.
    #[error("not a refresh token of this service")]
    Invalid,
    /// An access token of ours.
    #[error("an access token is no refresh token")]
    WrongType,
    /// The session is idle or past its end.
    #[error("the session has expired")]
    Expired(DeadCookies),
    /// The session was ended, or the token replaced long ago.
    #[error("the session was ended")]
    Revoked(DeadCookies),
    /// The user is switched off.
    #[error("the user is switched off")]
    UserDisabled(DeadCookies),
    /// Too many refused refreshes from one client. A good token is never throttled.
    #[error("too many refused refreshes; wait {0:?}")]
    Throttled(std::time::Duration),
    /// The token was replaced, and its successor was fetched very often within minutes; nothing was
    /// changed. It is good again when the rotation window is over, after this long.
    #[error("the successor was fetched too often; wait {0:?}")]
    Wait(std::time::Duration),
    /// Try again.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl RefreshError {
    /// What a browser does with its cookies. Only what is known to be dead is cleared.
    #[must_use]
    pub fn dead_cookies(self) -> DeadCookies {
        match self {
            Self::Expired(cookies) | Self::Revoked(cookies) | Self::UserDisabled(cookies) => {
                cookies
            }
            _ => DeadCookies::Keep,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Invalid => "invalid",
            Self::WrongType => "wrong_type",
            Self::Expired(_) => "expired",
            Self::Revoked(_) => "revoked",
            Self::UserDisabled(_) => "user_disabled",
            Self::Throttled(_) => "throttled",
            Self::Wait(_) => "wait",
            Self::Unavailable(_) => "unavailable",
        }
    }
}

impl<S: Store> Hardtack<S> {
    /// Trades a refresh token for a new pair, as docs/rotation.md has it.
    ///
    /// Safe to repeat: who presents the same token again inside the window gets the same
    /// successor, so many tabs, lost answers and retries end in one session.
    ///
    /// Of several presented texts those that are not ours, or of dead sessions, are passed over;
    /// of one session the newest counts; two live sessions are refused and neither is harmed.
    ///
    /// In the background it is the same, but for the idle end, which stays where it was; the
    /// access token then ends there too.
    ///
    /// # Errors
    /// [`RefreshError`]. A settled parent or anything older ends its session in the same commit.
    pub async fn refresh(
        &self,
        presented: &[&str],
        client: &Client,
        activity: Activity,
    ) -> Result<Grant, RefreshError> {
        let refused = match self.try_refresh(presented, client, activity).await {
            Ok(grant) => return Ok(grant),
            Err(later @ (RefreshError::Unavailable(_) | RefreshError::Wait(_))) => {
                return Err(later);
            }
            Err(refused) => refused,
        };
        let session = self
            .recognise(presented.iter().copied())
            .first()
            .map(|(session, _)| *session);
        self.report(
            &Event::RefreshRefused {
                session,
                reason: refused.word(),
            },
            client,
        );
        // Only refusals are counted: a loop ends, a good refresh behind the same address does not.
        if let Some(address) = client.address {
            let tried = self
                .throttles()
                .refused_refreshes
                .try_at(&ClientKey::of(address), self.clock().now());
            tried.map_err(RefreshError::Throttled)?;
        }
        Err(refused)
    }

    async fn try_refresh(
        &self,
        presented: &[&str],
        client: &Client,
        activity: Activity,
    ) -> Result<Grant, RefreshError> {
        if presented.is_empty() {
            return Err(RefreshError::Missing);
        }
        let candidates = self.recognise(presented.iter().copied());
        let (session, position) = match candidates.as_slice() {
            [] if presented
                .iter()
                .any(|text| self.verifier().verify(text).is_ok()) =>
            {
                return Err(RefreshError::WrongType);
            }
            [] => return Err(RefreshError::Invalid),
            [only] => *only,
            // In a box of its own, as all that is rare: what waits for the store is kept small.
            several => Box::pin(self.only_live_one(several)).await?,
        };
        self.rotate(session, position, client, activity).await
    }

    /// The one candidate whose session lives (docs/threat-model.md CK-3).
    async fn only_live_one(
        &self,
        several: &[(SessionId, Position)],
    ) -> Result<(SessionId, Position), RefreshError> {
        let mut live = Vec::new();
        for candidate in several {
            let found = self
                .store()
                .find_family(candidate.0)
                .await
                .map_err(Unavailable::from)?;
            let lives = |at: FamilyAt| {
                at.family.ended.is_none()
                    && at.family.owner == Owner::Standing
                    && at.now < at.family.idle_ends_at()
            };
            if found.is_some_and(lives) {
                live.push(*candidate);
            }
        }
        match live.as_slice() {
            [only] => Ok(*only),
            [] => Err(RefreshError::Revoked(DeadCookies::Keep)),
            _ => Err(RefreshError::Invalid),
        }
    }

    async fn rotate(
        &self,
        session: SessionId,
        presented: Position,
        client: &Client,
        activity: Activity,
    ) -> Result<Grant, RefreshError> {
        let window = self.settings().session.rotation_window;
        // The common case is one guarded statement.
        let rotated = self
            .store()
            .rotate_family(session, presented, window, activity)
            .await
            .map_err(Unavailable::from)?;
        if let Some(FamilyAt { family, now }) = rotated {
            let generation = family.lineage.current.generation;
            self.report(
                &Event::SessionRotated {
                    user: family.user,
                    session,
                    generation,
                },
                client,
            );
            return Ok(self.grant(&family, now)?);
        }
        Box::pin(self.judge(session, presented, client, activity)).await
    }

    /// What is not simply the next rotation. Who loses a race reads and decides again: never sleeps,
    /// never trusts what was read before.
    async fn judge(
        &self,
        session: SessionId,
        presented: Position,
        client: &Client,
        activity: Activity,
    ) -> Result<Grant, RefreshError> {
        let window = self.settings().session.rotation_window;
        for _ in 0..ROUNDS {
            let found = self
                .store()
                .find_family(session)
                .await
                .map_err(Unavailable::from)?;
            let Some(FamilyAt { family, now }) = found else {
                // Ours, and older than any row that is kept.
                return Err(RefreshError::Revoked(DeadCookies::Clear));
            };
            let decision = rotate(&family, presented, window, now);
            let after = family.lineage.after(decision, presented, now);
            let verdict = match decision {
                Rotation::Expired(since) => {
                    return Err(RefreshError::Expired(dead_cookies(since, now)));
                }
                Rotation::Revoked(Ended {
                    reason: RevokeReason::UserDisabled,
                    at,
                }) => return Err(RefreshError::UserDisabled(dead_cookies(at, now))),
                // It had run out when the user was switched off, or its row is a moment behind.
                Rotation::UserDisabled => {
                    let cookies = dead_cookies(family.idle_ends_at(), now);
                    return Err(RefreshError::UserDisabled(cookies));
                }
                Rotation::Revoked(Ended { at, .. }) => {
                    return Err(RefreshError::Revoked(dead_cookies(at, now)));
                }
                Rotation::UserGone => return Err(RefreshError::Revoked(DeadCookies::Keep)),
                Rotation::Wait(wait) => return Err(RefreshError::Wait(wait)),
                Rotation::Reuse => Verdict::Revoke(self.revoke(RevokeReason::Reuse)),
                Rotation::Repeat | Rotation::Retry
                    if after == family.lineage && !self.must_be_seen(&family, activity, now) =>
                {
                    // Nothing to write, so nothing to wait for.
                    if activity == Activity::Counts {
                        self.last_seen()
                            .note(session, now, Some(family.idle_ends_at()));
                    }
                    return Ok(self.grant(&family, now)?);
                }
                Rotation::Advance
                | Rotation::Repeat
                | Rotation::Retry
                | Rotation::Branch
                | Rotation::Ahead => Verdict::Continue(after, activity),
            };
            let (hardtack, client) = (self.clone(), client.clone());
            let committed = see_through(async move {
                let device = match decision {
                    // Once ended, it is not listed any more.
                    Rotation::Reuse => hardtack.device_of(family.user, session).await,
                    _ => None,
                };
                let committed = hardtack.store().commit_verdict(&family, verdict).await?;
                if let Some(FamilyAt { family, .. }) = &committed {
                    hardtack.note_rotation(decision, family, &client);
                    if decision == Rotation::Reuse {
                        hardtack.tell_of_copy(family.user, device).await;
                    }
                }
                Ok(committed)
            });
            if let Some(FamilyAt { family, now }) = committed.await? {
                return match decision {
                    Rotation::Reuse => Err(RefreshError::Revoked(DeadCookies::Keep)),
                    _ => Ok(self.grant(&family, now)?),
                };
            }
        }
        tracing::error!(%session, "a refresh lost every race");
        Err(RefreshError::Unavailable(Unavailable::Store))
    }

    /// Must the use be written, though nothing else of the row changes? Where it would be too late
    /// to do it with the next batch: the session's end would cut off the token that is handed out.
    fn must_be_seen(&self, family: &Family, activity: Activity, now: Timestamp) -> bool {
        let needed_until = (now + self.settings().tokens.access_lifetime).min(family.ends_at);
        activity == Activity::Counts && family.idle_ends_at() < needed_until
    }

    /// Reports what was committed.
    fn note_rotation(&self, decision: Rotation, family: &Family, client: &Client) {
        let (user, session) = (family.user, family.session);
        let Position { generation, branch } = family.lineage.current;
        match decision {
            Rotation::Reuse => {
                self.report(&Event::TokenReused { user, session }, client);
                self.note_revoked(user, &[session], RevokeReason::Reuse, client);
            }
            Rotation::Advance => self.report(
                &Event::SessionRotated {
                    user,
                    session,
                    generation,
                },
                client,
            ),
            Rotation::Branch => self.report(
                &Event::SessionBranched {
                    user,
                    session,
                    branch,
                },
                client,
            ),
            Rotation::Ahead => self.report(&Event::StoreFellBehind { user, session }, client),
            _ => {}
        }
    }
}

fn dead_cookies(ended_at: Timestamp, now: Timestamp) -> DeadCookies {
    if now.since(ended_at) > COOKIES_KEPT_AFTER_END {
        DeadCookies::Clear
    } else {
        DeadCookies::Keep
    }
}
