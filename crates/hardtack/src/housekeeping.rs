//! What is done once a second, beside the requests.

use std::future::Future;
use std::time::Duration;

use hardtack_store::{Store, StoreError};
use tokio::sync::watch;

use crate::hardtack::Hardtack;

/// How often other processes' revocations are read: half the bound that is promised (2 s).
const EVERY: Duration = Duration::from_secs(1);

/// What is no hurry is done once in so many rounds, a minute.
const ROUNDS_PER_MINUTE: u64 = 60;

/// How long an operator can see which mails could not be sent.
const GIVEN_UP_MAILS_KEPT_FOR: Duration = Duration::from_secs(7 * 86_400);

/// How long an ended session can still be told from an unknown one, and by how much a clock may have
/// been ahead without a revocation being forgotten.
const ENDED_SESSIONS_KEPT_FOR: Duration = Duration::from_secs(7 * 86_400);

impl<S: Store> Hardtack<S> {
    /// Reads other processes' revocations, writes uses, when sessions were last used and the audit
    /// trail, turns keys, sends mails and deletes what is old enough, until `shutdown` resolves;
    /// then writes for the last time, lets mails under way end for a moment, and returns.
    ///
    /// Exactly one task per process must run it. Without it a logout on another node is noticed
    /// only when the access token expires, and copied tokens are found late. Once it has begun, the
    /// guard relies on it: when the store does not answer it any more, or it has ended, access
    /// tokens are answered 503 after a while (`settings.revocations`).
    pub async fn run_housekeeping(self, shutdown: impl Future<Output = ()> + Send) {
        let (stop, stopping) = watch::channel(());
        let shutdown = async {
            shutdown.await;
            drop(stop);
        };
        tokio::join!(self.keep_house_until(shutdown), self.send_mails(stopping));
    }

    async fn keep_house_until(&self, shutdown: impl Future<Output = ()> + Send) {
        self.vouch_for_revocations();
        let mut shutdown = std::pin::pin!(shutdown);
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        for round in 0_u64.. {
            tokio::select! {
                _ = ticks.tick() => self.keep_house(round).await,
                () = &mut shutdown => break,
            }
        }
        self.release_waiting_verifiers();
        self.background().settle().await;
        self.write_what_was_noted().await;
        if let Err(error) = self.flush_last_seen().await {
            tracing::warn!(%error, "when sessions were last used was not written");
        }
    }

    async fn keep_house(&self, round: u64) {
        match self.read_revocations().await {
            Ok(()) => self.vouch_for_revocations(),
            Err(error) => {
                tracing::warn!(%error, "revocations of other processes could not be read");
            }
        }
        self.write_what_was_noted().await;
        if let Err(error) = self.flush_due_last_seen().await {
            tracing::warn!(%error, "when sessions were last used could not be written yet");
        }
        self.turn_keys();
        self.verifier().revoked().turn(self.clock().now());
        if round.is_multiple_of(ROUNDS_PER_MINUTE) {
            // Said again and again, so that another process with a shorter lifetime knows of us.
            if let Err(error) = self.ask_to_remember_ends().await {
                tracing::warn!(%error, "how long ends of sessions matter could not be said");
            }
            self.purge().await;
        }
    }

    async fn write_what_was_noted(&self) {
        if let Err(error) = self.flush_uses().await {
            tracing::warn!(%error, "uses of access tokens were not written");
        }
        if let Err(error) = self.flush_audit().await {
            tracing::warn!(%error, "the audit trail was not written");
        }
    }

    async fn purge(&self) {
        if let Err(error) = self.purge_audit().await {
            tracing::warn!(%error, "old entries of the audit trail could not be deleted");
        }
        let store = self.store();
        purge_all("ended sessions", || {
            store.purge_ended(ENDED_SESSIONS_KEPT_FOR)
        })
        .await;
        purge_all("ended codes", || store.purge_codes()).await;
        purge_all("mails that were given up", || {
            store.purge_mail(GIVEN_UP_MAILS_KEPT_FOR)
        })
        .await;
    }
}

/// Deletes step by step, so that nobody waits long behind it, until nothing is left to delete.
async fn purge_all<F>(what: &'static str, step: impl Fn() -> F)
where
    F: Future<Output = Result<u64, StoreError>>,
{
    loop {
        match step().await {
            Ok(0) => return,
            Ok(rows) => tracing::debug!(rows, "deleted {what}"),
            Err(error) => return tracing::warn!(%error, "{what} could not be deleted"),
        }
    }
}
