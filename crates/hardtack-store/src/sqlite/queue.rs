//! What waits for a thread: bounded, and closed once.

use std::sync::{PoisonError, RwLock};

use crossbeam_channel::{Receiver, Sender};

use crate::StoreError;

/// A queue of at most `length`, and its end at the thread, which comes to an end when everything
/// that was put into the queue before it was closed has been taken out. `full` is what those are
/// told who find no place.
pub(super) fn bounded<T>(length: usize, full: &'static str) -> (Queue<T>, Receiver<T>) {
    let (sender, receiver) = crossbeam_channel::bounded(length);
    let queue = Queue {
        sender: RwLock::new(Some(sender)),
        full,
    };
    (queue, receiver)
}

/// The end of those who ask.
pub(super) struct Queue<T> {
    /// Gone when it is closed. Not a last word in the queue: what somebody puts in behind it would
    /// stay there unanswered, for a channel keeps what nobody has received.
    sender: RwLock<Option<Sender<T>>>,
    full: &'static str,
}

impl<T> Queue<T> {
    /// Puts `item` into the queue, and does not wait for a place in it.
    pub(super) fn put(&self, item: T) -> Result<(), StoreError> {
        let sender = self.sender.read().unwrap_or_else(PoisonError::into_inner);
        let why = match sender.as_ref().map(|sender| sender.try_send(item)) {
            Some(Ok(())) => return Ok(()),
            Some(Err(refused)) if refused.is_full() => self.full,
            Some(Err(_)) | None => "the store is closed",
        };
        Err(StoreError::Unavailable(why.to_owned()))
    }

    /// Refuses whatever comes from now on. May be repeated.
    pub(super) fn close(&self) {
        let mut sender = self.sender.write().unwrap_or_else(PoisonError::into_inner);
        *sender = None;
    }
}
