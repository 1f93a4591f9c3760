//! How those who wait for a thread are told: all of a group by one task of the runtime that they
//! wait in.
//!
//! A thread from outside wakes a task through a lock of the runtime, often by a call of the system,
//! and what it frees was allocated by another thread. Once for a group is enough: a task that wakes
//! its neighbours puts them into its worker's own queue.

use tokio::runtime::Handle;

/// Somebody who waits, and what they will be told.
pub(super) trait Waiter: Send {
    /// The runtime that polls them, if there is one.
    fn runtime(&self) -> Option<&Handle>;

    /// Tells them.
    fn tell(self: Box<Self>);
}

/// So many are told by the thread itself: a lone request shall not wait for one more task.
const FEW: usize = 2;

/// Tells `waiters`, at once or in an instant, whatever becomes of their runtime.
pub(super) fn tell<W: Waiter + ?Sized + 'static>(waiters: Vec<Box<W>>) {
    let runtime = match waiters.as_slice() {
        [first, others @ ..] if others.len() >= FEW => {
            let is_theirs = |runtime: &&Handle| {
                let is_same = |other: &Handle| other.id() == runtime.id();
                others
                    .iter()
                    .all(|waiter| waiter.runtime().is_some_and(is_same))
            };
            first.runtime().filter(is_theirs).cloned()
        }
        _ => None,
    };
    let told_when_dropped = Untold(waiters);
    if let Some(runtime) = runtime {
        runtime.spawn(async move { drop(told_when_dropped) });
    }
}

/// Tells when it is dropped: by the task, or by whoever throws it away, for a runtime that is being
/// shut down runs nothing more.
struct Untold<W: Waiter + ?Sized>(Vec<Box<W>>);

impl<W: Waiter + ?Sized> Drop for Untold<W> {
    fn drop(&mut self) {
        for waiter in self.0.drain(..) {
            waiter.tell();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use tokio::runtime::{Builder, Runtime};

    use super::*;

    struct Somebody(Option<Handle>, Sender<()>);

    impl Waiter for Somebody {
        fn runtime(&self) -> Option<&Handle> {
            self.0.as_ref()
        }

        fn tell(self: Box<Self>) {
            self.1.send(()).unwrap();
        }
    }

    /// A runtime that runs only when it is told to.
    fn runtime() -> Runtime {
        Builder::new_current_thread().build().unwrap()
    }

    /// How many were told before `after`, and in the end, of those who wait in these runtimes.
    fn told(runtimes: &[Option<&Runtime>], after: impl FnOnce()) -> (usize, usize) {
        let (told, heard) = channel();
        let somebody = |runtime: Option<&Runtime>| {
            let handle = runtime.map(|runtime| runtime.handle().clone());
            Box::new(Somebody(handle, told.clone()))
        };
        tell(runtimes.iter().copied().map(somebody).collect());
        let before = heard.try_iter().count();
        after();
        (before, before + heard.try_iter().count())
    }

    #[test]
    fn a_group_is_told_by_its_runtime_and_a_few_at_once() {
        let ours = runtime();
        let run = || ours.block_on(tokio::task::yield_now());
        assert_eq!(told(&[Some(&ours); 5], run), (0, 5));
        assert_eq!(told(&[Some(&ours); FEW], || {}), (FEW, FEW));
    }

    #[test]
    fn whoever_has_no_runtime_or_another_one_waits_for_none() {
        let (ours, theirs) = (runtime(), runtime());
        assert_eq!(told(&[None; 5], || {}), (5, 5));
        let mixed = [Some(&ours), Some(&ours), Some(&theirs)];
        assert_eq!(told(&mixed, || {}), (3, 3));
        assert_eq!(told(&[Some(&ours), Some(&ours), None], || {}), (3, 3));
    }

    #[test]
    fn a_runtime_that_is_shut_down_leaves_nobody_untold() {
        let ours = runtime();
        let handle = ours.handle().clone();
        let (told, heard) = channel();
        let group = || {
            let somebody = || Box::new(Somebody(Some(handle.clone()), told.clone()));
            (0..5).map(|_| somebody()).collect::<Vec<_>>()
        };
        tell(group());
        assert_eq!(heard.try_iter().count(), 0);
        drop(ours);
        assert_eq!(heard.try_iter().count(), 5);
        tell(group());
        assert_eq!(heard.try_iter().count(), 5);
    }
}
