//! The rules of waiting, as tables and as properties.

use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_000_000);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// Tries at once until it is refused: how many were admitted, the attempts, the wait.
fn exhaust(
    mut attempts: Attempts,
    rule: ThrottleRule,
    now: Timestamp,
) -> (u32, Attempts, Duration) {
    for admitted in 0.. {
        match attempts.try_at(rule, now) {
            Ok(after) => attempts = after,
            Err(wait) => return (admitted, attempts, wait),
        }
    }
    unreachable!("every rule has an end")
}

#[test]
fn after_ten_failures_the_wait_doubles_up_to_an_hour() {
    let rule = ThrottleRule::doubling(10, MINUTE);
    let (admitted, mut attempts, mut wait) = exhaust(Attempts::default(), rule, NOW);
    assert_eq!(admitted, 10);
    let mut now = NOW;
    for minutes in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
        assert_eq!(wait, minutes * MINUTE);
        now = now + wait;
        (_, attempts, wait) = exhaust(attempts, rule, now);
    }
}

/// SP 800-63B-4 §3.2.2: at most a hundred consecutive failures; the wait is the guesser's, who
/// tries at every moment that is allowed.
#[test]
fn a_hundred_failures_without_a_success_are_followed_by_a_day() {
    let rule = ThrottleRule::doubling(10, MINUTE);
    let (mut attempts, mut now, mut failures) = (Attempts::default(), NOW, 0);
    loop {
        let (admitted, after, wait) = exhaust(attempts, rule, now);
        failures += admitted;
        (attempts, now) = (after, now + wait);
        if wait > HOUR {
            assert_eq!((failures, wait), (100, DAY));
            break;
        }
    }
    assert!(now.since(NOW) > 4 * DAY);
}

/// GHSA-cq42-vhv7-xr7p, lockout as denial of service: hammering must not lengthen the wait.
#[test]
fn refused_attempts_do_not_lengthen_the_wait() {
    let rule = ThrottleRule::doubling(10, MINUTE);
    let (_, attempts, _) = exhaust(Attempts::default(), rule, NOW);
    for second in 0..60 {
        let now = NOW + second * SECOND;
        assert_eq!(attempts.try_at(rule, now), Err((60 - second) * SECOND));
    }
    assert!(attempts.try_at(rule, NOW + MINUTE).is_ok());
}

#[test]
fn slow_guesses_are_not_forgotten_after_a_minute() {
    let rule = ThrottleRule::doubling(10, MINUTE);
    let mut attempts = Attempts::default();
    for hour in 0..10 {
        attempts = attempts.try_at(rule, NOW + hour * HOUR).unwrap();
    }
    assert_eq!(attempts.try_at(rule, NOW + 9 * HOUR), Err(MINUTE));
}

#[test]
fn failures_are_forgotten_a_day_after_the_last() {
    let rule = ThrottleRule::doubling(10, MINUTE);
    let (_, attempts, _) = exhaust(Attempts::default(), rule, NOW);
    assert!(!attempts.is_idle(rule, NOW + DAY - SECOND));
    assert!(attempts.is_idle(rule, NOW + DAY));
    assert_eq!(exhaust(attempts, rule, NOW + DAY).0, 10);
}

#[test]
fn a_client_gets_its_attempts_back_one_at_a_time() {
    let rule = ThrottleRule::steady(60, MINUTE);
    let (admitted, attempts, wait) = exhaust(Attempts::default(), rule, NOW);
    assert_eq!((admitted, wait), (60, SECOND));
    assert_eq!(exhaust(attempts, rule, NOW + 7 * SECOND).0, 7);
    assert_eq!(exhaust(attempts, rule, NOW + HOUR).0, 60);
}

/// One's own account must not be a way to reset the limit of one's address.
#[test]
fn a_client_that_succeeds_gets_back_one_attempt_only() {
    let rule = ThrottleRule::steady(60, MINUTE);
    let (_, attempts, _) = exhaust(Attempts::default(), rule, NOW);
    assert_eq!(exhaust(attempts.succeeded(rule), rule, NOW).0, 1);
}

#[test]
fn absurd_rules_neither_panic_nor_shut_everybody_out() {
    for rule in [
        ThrottleRule::steady(0, Duration::ZERO),
        ThrottleRule::steady(u32::MAX, Duration::from_nanos(1)),
        ThrottleRule::steady(1, Duration::MAX),
        ThrottleRule::doubling(0, Duration::ZERO),
        ThrottleRule::doubling(u32::MAX, Duration::MAX),
    ] {
        let mut attempts = Attempts::default();
        for _ in 0..200 {
            attempts = attempts.try_at(rule, NOW).unwrap_or(attempts);
        }
        assert!(Attempts::default().try_at(rule, NOW).is_ok());
    }
}

#[test]
fn a_client_is_an_ipv4_address_or_an_ipv6_network() {
    let key = |text: &str| ClientKey::of(text.parse().unwrap());
    assert_eq!(
        key("2001:db8:1:2::1"),
        key("2001:db8:1:2:ffff:ffff:ffff:ffff")
    );
    assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
    assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
    assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    assert_ne!(key("::ffff:192.0.2.1"), key("::ffff:192.0.2.2"));
}

fn any_rule() -> impl Strategy<Value = ThrottleRule> {
    (1..20_u32, 1..200_000_000_u64, any::<bool>()).prop_map(|(burst, micros, doubles)| {
        let per = Duration::from_micros(micros);
        if doubles {
            ThrottleRule::doubling(burst, per)
        } else {
            ThrottleRule::steady(burst, per)
        }
    })
}

/// Waits in microseconds and what is done after each.
fn any_history() -> impl Strategy<Value = Vec<(u64, u8)>> {
    prop::collection::vec(
        (prop_oneof![0..10_u64, 0..300_000_000_u64], 0..20_u8),
        0..60,
    )
}

fn replay(rule: ThrottleRule, history: &[(u64, u8)]) -> (Attempts, Timestamp) {
    let (mut attempts, mut now) = (Attempts::default(), NOW);
    for (wait, act) in history {
        now = now + Duration::from_micros(*wait);
        attempts = match act {
            0 => attempts.succeeded(rule),
            1 => attempts.withdrawn(),
            _ => attempts.try_at(rule, now).unwrap_or(attempts),
        };
    }
    (attempts, now)
}

proptest! {
    /// Whatever happened before, no more than the burst is admitted at one moment.
    #[test]
    fn no_moment_admits_more_than_the_burst(rule in any_rule(), history in any_history()) {
        let (attempts, now) = replay(rule, &history);
        prop_assert!(exhaust(attempts, rule, now).0 <= rule.burst);
    }

    /// The wait told is true: not a microsecond less, and enough.
    #[test]
    fn waiting_the_told_time_always_admits(rule in any_rule(), history in any_history()) {
        let (attempts, now) = replay(rule, &history);
        let (_, attempts, wait) = exhaust(attempts, rule, now);
        prop_assert!(attempts.try_at(rule, now + wait).is_ok());
        let early = wait.saturating_sub(Duration::from_micros(1));
        prop_assert!(attempts.try_at(rule, now + early).is_err());
    }

    /// Everything is forgotten in the end, and idle attempts answer like none.
    #[test]
    fn what_is_idle_may_be_forgotten(
        rule in any_rule(),
        history in any_history(),
        quiet in prop_oneof![Just(DAY + HOUR), (0..200_000_000_u64).prop_map(Duration::from_micros)],
    ) {
        let (attempts, end) = replay(rule, &history);
        let now = end + quiet;
        let idle = attempts.is_idle(rule, now);
        prop_assert!(idle || quiet < DAY);
        if idle {
            prop_assert_eq!(attempts.try_at(rule, now), Attempts::default().try_at(rule, now));
        }
    }

    /// Without a success, an account admits no more than the burst in any stretch of `per`, and a
    /// client no more than twice that.
    #[test]
    fn no_stretch_admits_more_than_the_rule_says(
        rule in any_rule(),
        waits in prop::collection::vec(0..60_000_000_u64, 0..80),
    ) {
        let (mut attempts, mut now, mut admitted) = (Attempts::default(), NOW, Vec::new());
        for wait in waits {
            now = now + Duration::from_micros(wait);
            if let Ok(after) = attempts.try_at(rule, now) {
                attempts = after;
                admitted.push(now);
            }
        }
        let most = match rule.then {
            Then::Refill => 2 * rule.burst as usize,
            Then::Double => rule.burst as usize,
        };
        for start in &admitted {
            let in_stretch = admitted
                .iter()
                .filter(|time| *time >= start && time.since(*start) < rule.per)
                .count();
            prop_assert!(in_stretch <= most, "{in_stretch} of {most}");
        }
    }
}
