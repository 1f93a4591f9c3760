//! Who makes room when all places are taken.

use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// Between the door and those inside: whether somebody stands there, for whom one of them must go.
///
/// Who has waited longest is told first. Since when it waits each notes for itself, with every request: a
/// queue that all of them share would be locked twice for each. Only when somebody has to go are they put
/// in order, all at once, and that order is good for as many as are in it.
#[derive(Debug)]
pub(super) struct Crowd {
    opened_at: Instant,
    /// The word alone would send away who hears it late, though the one it was said for has long
    /// had a place. So the need is kept beside it.
    is_full: AtomicBool,
    /// The word was said when nobody waited: it is for who waits next.
    is_unheard: AtomicBool,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    /// Everybody, and some who have gone.
    seats: Vec<Weak<Seat>>,
    /// Some of those who wait, or did, and since when: who has waited longest is the last. Whoever is not
    /// here began later.
    order: Vec<(u64, Weak<Seat>)>,
}

#[derive(Debug)]
struct Seat {
    /// Nanoseconds after the crowd's beginning, or [`STAYS`].
    waits_since: AtomicU64,
    is_told: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

/// Of whom nobody wants that it goes.
const STAYS: u64 = u64::MAX;

impl Default for Crowd {
    fn default() -> Self {
        Self {
            opened_at: Instant::now(),
            is_full: AtomicBool::new(false),
            is_unheard: AtomicBool::new(false),
            inside: Mutex::default(),
        }
    }
}

impl Crowd {
    /// Somebody waits for a place: one connection has to go.
    pub(super) fn wants_room(&self) {
        self.is_full.store(true, SeqCst);
        self.tell();
    }

    /// Whoever waited is in: nobody has to go any more.
    pub(super) fn has_room(&self) {
        self.is_full.store(false, SeqCst);
    }

    /// Somebody is in since `opened_at`, and waits.
    pub(super) fn enter(self: &Arc<Self>, opened_at: Instant) -> Place {
        let seat = Arc::new(Seat {
            waits_since: AtomicU64::new(STAYS),
            is_told: AtomicBool::new(false),
            waker: Mutex::new(None),
        });
        let mut inside = self.inside();
        if inside.seats.len() == inside.seats.capacity() {
            inside.seats.retain(|seat| seat.strong_count() > 0);
            // As many may come before it is done again as were gone through now.
            let count = inside.seats.len();
            inside.seats.reserve(count.max(64));
        }
        inside.seats.push(Arc::downgrade(&seat));
        drop(inside);
        let place = Place {
            crowd: Arc::clone(self),
            seat,
            opened_at,
            entered_at: opened_at.saturating_duration_since(self.opened_at),
            waker: None,
        };
        place.waits_since(Duration::ZERO);
        place
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says the word to the one that has waited longest.
    fn tell(&self) {
        let mut inside = self.inside();
        // Before anybody is looked at: who begins to wait too late to be seen sees this.
        self.is_unheard.store(true, SeqCst);
        let oldest = match inside.pop() {
            None => {
                inside.put_in_order();
                inside.pop()
            }
            oldest => oldest,
        };
        if let Some(seat) = oldest {
            self.is_unheard.store(false, SeqCst);
            drop(inside);
            seat.tell();
        }
    }
}

impl Inside {
    fn put_in_order(&mut self) {
        self.order.clear();
        for weak in &self.seats {
            if let Some(seat) = weak.upgrade()
                && let Some(since) = seat.waits_untold_since()
            {
                self.order.push((since, Weak::clone(weak)));
            }
        }
        self.order
            .sort_unstable_by_key(|(since, _)| std::cmp::Reverse(*since));
    }

    /// Takes the one that has waited longest out of the order, and those who wait no more.
    fn pop(&mut self) -> Option<Arc<Seat>> {
        while let Some((since, weak)) = self.order.pop() {
            let seat = weak.upgrade();
            if let Some(seat) = seat.filter(|seat| seat.waits_untold_since() == Some(since)) {
                return Some(seat);
            }
        }
        None
    }
}

impl Seat {
    fn waits_untold_since(&self) -> Option<u64> {
        let since = self.waits_since.load(SeqCst);
        (since != STAYS && !self.is_told.load(SeqCst)).then_some(since)
    }

    fn waker(&self) -> MutexGuard<'_, Option<Waker>> {
        self.waker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the word was said to it, which is over with that.
    fn hears(&self) -> bool {
        // Nearly always there is nothing to write.
        self.is_told.load(SeqCst) && self.is_told.swap(false, SeqCst)
    }

    fn tell(&self) {
        self.is_told.store(true, SeqCst);
        let waker = self.waker().clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// The place of one connection.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Arc<Crowd>,
    seat: Arc<Seat>,
    opened_at: Instant,
    /// The same, as the time since the crowd's beginning.
    entered_at: Duration,
    /// As the seat has it. Here it is compared without a lock.
    waker: Option<Waker>,
}

impl Place {
    /// It begins to wait now.
    pub(super) fn waits_anew(&self) {
        self.waits_since(self.opened_at.elapsed());
    }

    /// It waits for a request, or for another one, since so long `after` it came in. A word that was said
    /// before that is for somebody else.
    pub(super) fn waits_since(&self, after: Duration) {
        let since = u64::try_from((self.entered_at + after).as_nanos()).unwrap_or(STAYS);
        self.seat.waits_since.store(since, SeqCst);
        self.pass_on();
        let is_unheard = &self.crowd.is_unheard;
        if is_unheard.load(SeqCst) && is_unheard.swap(false, SeqCst) {
            self.seat.tell();
        }
    }

    /// It has a request, and is not sent away.
    pub(super) fn stays(&self) {
        self.seat.waits_since.store(STAYS, SeqCst);
        self.pass_on();
    }

    fn pass_on(&self) {
        if self.seat.hears() && self.crowd.is_full.load(SeqCst) {
            self.crowd.tell();
        }
    }

    /// Whether it has to go. While nobody says so, this is two comparisons.
    pub(super) fn poll_must_go(&mut self, context: &Context<'_>) -> Poll<()> {
        let waker = context.waker();
        if !self
            .waker
            .as_ref()
            .is_some_and(|known| known.will_wake(waker))
        {
            self.waker = Some(waker.clone());
            *self.seat.waker() = Some(waker.clone());
        }
        if self.seat.hears() && self.crowd.is_full.swap(false, SeqCst) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Resolves when it has to go.
    pub(super) async fn must_go(&mut self) {
        self.must_go_unless(|| false).await;
    }

    /// The same for one that may stay: who `has_a_request` is passed over, once for all.
    pub(super) async fn must_go_unless(&mut self, has_a_request: impl Fn() -> bool) {
        std::future::poll_fn(|context| {
            if self.seat.is_told.load(SeqCst) && has_a_request() {
                self.stays();
            }
            self.poll_must_go(context)
        })
        .await;
    }
}

/// A word that is not heard any more is for somebody else.
impl Drop for Place {
    fn drop(&mut self) {
        self.stays();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Whoever of them has to go now.
    fn who_goes(places: &mut [Place]) -> Vec<usize> {
        let context = Context::from_waker(Waker::noop());
        let mut who = Vec::new();
        for (number, place) in places.iter_mut().enumerate() {
            if place.poll_must_go(&context).is_ready() {
                who.push(number);
            }
        }
        who
    }

    fn crowd_of(count: usize) -> (Arc<Crowd>, Vec<Place>) {
        let crowd = Arc::new(Crowd::default());
        let places = (0..count).map(|_| crowd.enter(crowd.opened_at)).collect();
        (crowd, places)
    }

    #[test]
    fn who_has_waited_longest_goes_first() {
        let (crowd, mut places) = crowd_of(5);
        for (place, seconds) in places.iter().zip([30, 10, 50, 20, 40]) {
            place.waits_since(after(seconds));
        }
        for (oldest, answered) in [(1, 0), (3, 4), (2, 2)] {
            crowd.wants_room();
            assert_eq!(who_goes(&mut places), [oldest]);
            crowd.has_room();
            places[oldest].stays();
            // Who is answered waits anew, behind all others.
            places[answered].waits_since(after(60 + oldest as u64));
        }
        assert_eq!(who_goes(&mut places), [0; 0], "nobody stands at the door");
    }

    #[test]
    fn a_word_is_for_somebody_else_when_its_hearer_has_a_request() {
        let (crowd, mut places) = crowd_of(3);
        for (place, seconds) in places.iter().zip([1, 2, 3]) {
            place.waits_since(after(seconds));
        }
        crowd.wants_room();
        places[0].stays();
        places[1].waits_since(after(4));
        assert_eq!(who_goes(&mut places), [2]);
        places.truncate(2);
        crowd.wants_room();
        assert_eq!(who_goes(&mut places), [1], "the other one is busy");
    }

    #[test]
    fn a_word_is_for_somebody_else_when_its_hearer_ends() {
        let (crowd, mut places) = crowd_of(2);
        places[0].waits_since(after(1));
        places[1].waits_since(after(2));
        crowd.wants_room();
        drop(places.remove(0));
        assert_eq!(who_goes(&mut places), [0]);
    }

    #[test]
    fn a_word_that_nobody_could_hear_is_for_the_first_who_waits() {
        let (crowd, mut places) = crowd_of(2);
        for place in &places {
            place.stays();
        }
        crowd.wants_room();
        assert_eq!(who_goes(&mut places), [0; 0]);
        places[1].waits_since(after(1));
        places[0].waits_since(after(2));
        assert_eq!(who_goes(&mut places), [1]);
    }

    #[test]
    fn nobody_goes_for_who_is_in() {
        let (crowd, mut places) = crowd_of(2);
        crowd.wants_room();
        crowd.has_room();
        assert_eq!(who_goes(&mut places), [0; 0]);
        drop(places);
        crowd.wants_room();
        let mut places = [crowd.enter(crowd.opened_at)];
        crowd.has_room();
        assert_eq!(who_goes(&mut places), [0; 0]);
    }

    /// A flood of connections that come and go is not remembered.
    #[test]
    fn who_has_gone_is_forgotten() {
        let (crowd, places) = crowd_of(100);
        for _ in 0..10_000 {
            drop(crowd.enter(crowd.opened_at));
        }
        assert!(crowd.inside().seats.capacity() < 1_000);
        drop(places);
    }
}
