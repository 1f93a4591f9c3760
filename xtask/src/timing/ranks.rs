//! Two samples of times, compared by rank: a few slow answers move neither median nor rank sum.

use std::time::Duration;

/// How the times with a user compare to those without.
pub(super) struct Comparison {
    with_user: Quartiles,
    without: Quartiles,
    /// The share of pairs in which the login of the user took longer; half is no difference.
    with_user_longer: f64,
    /// Mann-Whitney's U, as standard deviations from its expectation.
    deviations: f64,
}

struct Quartiles([Duration; 3]);

impl Comparison {
    /// Neither sample may be empty for the figures to mean anything.
    pub(super) fn of(with_user: &[Duration], without: &[Duration]) -> Self {
        let (n, m) = (count(with_user.len()), count(without.len()));
        let u = rank_sum(with_user, without) - n * (n + 1.0) / 2.0;
        let expected = n * m / 2.0;
        // The normal approximation; nanoseconds hardly ever tie, so no correction for ties.
        let deviation = (n * m * (n + m + 1.0) / 12.0).sqrt();
        Self {
            with_user: Quartiles::of(with_user),
            without: Quartiles::of(without),
            with_user_longer: u / (n * m),
            deviations: (u - expected) / deviation,
        }
    }

    /// The distance of the medians.
    pub(super) fn apart(&self) -> Duration {
        self.with_user.median().abs_diff(self.without.median())
    }

    /// Would two samples of one and the same thing often differ as much?
    pub(super) fn is_chance(&self) -> bool {
        self.deviations.abs() < 2.0
    }

    /// Chance does it once in sixteen thousand comparisons of one thing with itself.
    pub(super) fn is_beyond_doubt(&self) -> bool {
        self.deviations.abs() >= 4.0
    }

    pub(super) fn table(&self) -> String {
        let line = |name: &str, Quartiles([low, median, high]): &Quartiles| {
            format!("{name:<16} {low:>9.3?} {median:>9.3?} {high:>9.3?}\n")
        };
        format!(
            "{:<16} {:>9} {:>9} {:>9}\n{}{}the user's login took longer in {:.1} % of pairs \
             (Mann-Whitney: {:+.1} standard deviations; beyond 2 it is hardly chance)",
            "",
            "quarter",
            "median",
            "3 quarter",
            line("user", &self.with_user),
            line("nobody", &self.without),
            self.with_user_longer * 100.0,
            self.deviations,
        )
    }
}

impl Quartiles {
    fn of(sample: &[Duration]) -> Self {
        let mut sorted = sample.to_vec();
        sorted.sort_unstable();
        let at = |quarter: usize| {
            let index = sorted.len().saturating_sub(1) * quarter / 4;
            sorted.get(index).copied().unwrap_or_default()
        };
        Self([at(1), at(2), at(3)])
    }

    fn median(&self) -> Duration {
        let Self([_, median, _]) = self;
        *median
    }
}

fn count(of: usize) -> f64 {
    f64::from(u32::try_from(of).unwrap_or(u32::MAX))
}

/// The sum of the ranks that `ones` have among both, equal times sharing their mean rank.
fn rank_sum(ones: &[Duration], others: &[Duration]) -> f64 {
    let mut all: Vec<(Duration, bool)> = ones.iter().map(|time| (*time, true)).collect();
    all.extend(others.iter().map(|time| (*time, false)));
    all.sort_unstable_by_key(|(time, _)| *time);
    let (mut sum, mut before) = (0.0, 0.0);
    for equal in all.chunk_by(|(one, _), (other, _)| one == other) {
        let size = count(equal.len());
        let mean_rank = before + f64::midpoint(size, 1.0);
        let ours = equal.iter().filter(|(_, is_one)| *is_one).count();
        sum += mean_rank * count(ours);
        before += size;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(times: &[u64]) -> Vec<Duration> {
        times
            .iter()
            .map(|time| Duration::from_micros(*time))
            .collect()
    }

    #[test]
    fn equal_samples_differ_in_nothing() {
        let times = micros(&[5, 1, 4, 2, 3]);
        let same = Comparison::of(&times, &times);
        assert_eq!(same.apart(), Duration::ZERO);
        assert!((same.with_user_longer - 0.5).abs() < 1e-9);
        assert!(same.deviations.abs() < 1e-9);
        assert!(same.is_chance());
    }

    /// Worked by hand: ranks 2, 4 and 6 of six, U = 6 of 9, one and a half over its mean.
    #[test]
    fn the_rank_sum_is_mann_and_whitneys() {
        let one = Comparison::of(&micros(&[20, 40, 60]), &micros(&[10, 30, 50]));
        assert_eq!(one.apart(), Duration::from_micros(10));
        assert!((one.with_user_longer - 6.0 / 9.0).abs() < 1e-9);
        let deviation = (9.0_f64 * 7.0 / 12.0).sqrt();
        assert!((one.deviations - 1.5 / deviation).abs() < 1e-9);
    }

    #[test]
    fn who_is_always_slower_is_slower_in_every_pair() {
        let slow = Comparison::of(&micros(&[100, 110, 120]), &micros(&[10, 11, 12]));
        assert!((slow.with_user_longer - 1.0).abs() < 1e-9);
        assert_eq!(slow.apart(), Duration::from_micros(99));
        assert!(!slow.is_beyond_doubt(), "three of each are few");
        let (slow, fast): (Vec<_>, Vec<_>) = (0..20).map(|time| (time + 100, time)).unzip();
        assert!(Comparison::of(&micros(&slow), &micros(&fast)).is_beyond_doubt());
    }
}
