//! Who makes room when all places are taken.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Between the door and those inside: whether somebody stands there, for whom one of them must go.
///
/// The word alone would be kept until somebody hears it, and send away who comes later, though the
/// one it was said for has long had a place. So the need is kept beside it.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    is_full: AtomicBool,
    word: Notify,
}

impl Crowd {
    /// Somebody waits for a place: one connection has to go.
    pub(super) fn wants_room(&self) {
        self.is_full.store(true, Ordering::SeqCst);
        self.word.notify_one();
    }

    /// Whoever waited is in: nobody has to go any more.
    pub(super) fn has_room(&self) {
        self.is_full.store(false, Ordering::SeqCst);
    }

    /// Resolves when the caller has to go. Who has waited longest is told first.
    pub(super) async fn must_go(&self) {
        self.must_go_unless(|| false).await;
    }

    /// The same for a caller who may stay: who `has_a_request` is passed over, once for all.
    pub(super) async fn must_go_unless(&self, has_a_request: impl Fn() -> bool) {
        loop {
            self.word.notified().await;
            if has_a_request() {
                self.word.notify_one();
                return pending().await;
            }
            if self.is_full.swap(false, Ordering::SeqCst) {
                return;
            }
        }
    }
}
