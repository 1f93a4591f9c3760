//! What happens to messages, and to the machines at their ends.

use std::time::Duration;

use fastrand::Rng;

/// A client gives up after this long, and no message lives longer. It is more patient than
/// docs/rotation.md asks for (section 4): in the farthest corner a window of 60 s falls two seconds
/// short of it.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(10);

/// How long a browser takes to write its cookies to the disk.
pub(crate) const FLUSH: Duration = Duration::from_secs(30);

/// How often things go wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Network {
    /// The share of messages that are lost, in each direction.
    pub loss: f64,
    /// The share of requests that their client sends twice at once.
    pub doubled: f64,
    /// The share of requests during which a node dies, half of them before the commit and half
    /// after it.
    pub node_deaths: f64,
    /// The share of messages that are slow: under way for anything up to ten seconds. The others
    /// take two hundred milliseconds in the mean.
    pub slow: f64,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            loss: 0.3,
            doubled: 0.02,
            node_deaths: 0.01,
            slow: 0.1,
        }
    }
}

impl Network {
    pub(crate) fn loses(&self, rng: &mut Rng) -> bool {
        rng.f64() < self.loss
    }

    pub(crate) fn doubles(&self, rng: &mut Rng) -> bool {
        rng.f64() < self.doubled
    }

    pub(crate) fn delay(&self, rng: &mut Rng) -> Duration {
        if rng.f64() < self.slow {
            return up_to(rng, TIME_LIMIT);
        }
        let usual = Duration::from_millis(20) + around(rng, Duration::from_millis(180));
        usual.min(TIME_LIMIT)
    }
}

/// Any time up to `limit`, all equally likely.
pub(crate) fn up_to(rng: &mut Rng, limit: Duration) -> Duration {
    limit.mul_f64(rng.f64())
}

/// Any time from `least` to `most`.
pub(crate) fn between(rng: &mut Rng, least: Duration, most: Duration) -> Duration {
    least + up_to(rng, most.saturating_sub(least))
}

/// The time until something that happens at random, once in `mean`.
pub(crate) fn around(rng: &mut Rng, mean: Duration) -> Duration {
    mean.mul_f64(-(1.0 - rng.f64()).ln())
}
