//! The table of docs/rotation.md, row by row.

use proptest::prelude::*;

use super::*;

const G: Duration = Duration::from_secs(60);
const NOW: Timestamp = Timestamp::from_unix_seconds(1_000_000);

fn family(current: (u32, u32), parent: ParentBranch, phase: Phase, age_seconds: u64) -> Family {
    Family {
        session: SessionId::from_bytes([1; 16]),
        user: UserId::new(1),
        lineage: Lineage {
            current: Position::new(current.0, current.1),
            parent_branch: parent,
            phase,
            anchor_at: NOW - Duration::from_secs(age_seconds),
            retries: 0,
        },
        created_at: NOW - Duration::from_secs(86_400),
        last_seen_at: NOW - Duration::from_secs(age_seconds),
        idle_timeout: Duration::from_secs(7 * 86_400),
        ends_at: NOW + Duration::from_secs(30 * 86_400),
        remember_me: RememberMe::Unsaid,
        ended: None,
        owner: Owner::Standing,
    }
}

/// The table of `docs/rotation.md`, row by row.
#[test]
fn the_table_of_the_protocol() {
    use ParentBranch::{Any, Known};
    use Phase::{Fresh, Seen, Settled};
    let rows = [
        // current, parent, phase, age, presented, decision
        ((5, 1), Known(0), Fresh, 60, (5, 1), Rotation::Advance),
        ((5, 1), Known(0), Settled, 900, (5, 1), Rotation::Advance),
        ((5, 1), Known(0), Fresh, 59, (5, 1), Rotation::Repeat),
        ((5, 1), Known(0), Seen, 59, (5, 1), Rotation::Repeat),
        ((5, 1), Known(0), Fresh, 59, (4, 0), Rotation::Retry),
        ((5, 1), Known(0), Seen, 59, (4, 0), Rotation::Retry),
        ((5, 1), Known(0), Fresh, 60, (4, 0), Rotation::Branch),
        ((5, 1), Known(0), Seen, 86_400, (4, 0), Rotation::Branch),
        ((5, 1), Known(0), Settled, 0, (4, 0), Rotation::Reuse),
        ((5, 1), Known(0), Settled, 60, (4, 0), Rotation::Reuse),
        ((5, 1), Known(0), Fresh, 0, (5, 0), Rotation::Reuse),
        ((5, 1), Known(0), Fresh, 0, (4, 1), Rotation::Reuse),
        ((5, 1), Known(0), Fresh, 0, (3, 0), Rotation::Reuse),
        ((5, 1), Any, Seen, 0, (4, 7), Rotation::Retry),
        ((5, 1), Any, Seen, 60, (4, 7), Rotation::Branch),
        ((5, 1), Any, Seen, 0, (5, 0), Rotation::Retry),
        ((5, 1), Any, Seen, 60, (5, 0), Rotation::Branch),
        ((5, 1), Any, Settled, 60, (5, 0), Rotation::Reuse),
        ((5, 1), Any, Seen, 0, (3, 7), Rotation::Reuse),
        ((5, 1), Known(0), Fresh, 0, (5, 2), Rotation::Ahead),
        ((5, 1), Known(0), Settled, 60, (6, 0), Rotation::Ahead),
    ];
    for (current, parent, phase, age, presented, decision) in rows {
        assert_eq!(
            rotate(
                &family(current, parent, phase, age),
                Position::new(presented.0, presented.1),
                G,
                NOW
            ),
            decision,
            "{current:?} {parent:?} {phase:?} aged {age} s, presented {presented:?}"
        );
    }
}

#[test]
fn a_dead_family_answers_nothing_whatever_is_presented() {
    let ended = Ended {
        at: NOW,
        reason: RevokeReason::Logout,
    };
    let alive = family((5, 0), ParentBranch::Known(0), Phase::Fresh, 0);
    for presented in [(5, 0), (4, 0), (6, 0), (0, 0)].map(|(g, b)| Position::new(g, b)) {
        let revoked = Family {
            ended: Some(ended),
            ..alive
        };
        assert_eq!(
            rotate(&revoked, presented, G, NOW),
            Rotation::Revoked(ended)
        );
        let disabled = Family {
            owner: Owner::Disabled,
            ..alive
        };
        assert_eq!(rotate(&disabled, presented, G, NOW), Rotation::UserDisabled);
        let gone = Family {
            owner: Owner::Gone,
            ..alive
        };
        assert_eq!(rotate(&gone, presented, G, NOW), Rotation::UserGone);
        let idle = Family {
            last_seen_at: NOW - alive.idle_timeout,
            ..alive
        };
        assert_eq!(rotate(&idle, presented, G, NOW), Rotation::Expired(NOW));
        let idle_and_gone = Family {
            owner: Owner::Gone,
            ..idle
        };
        assert_eq!(
            rotate(&idle_and_gone, presented, G, NOW),
            Rotation::Expired(NOW)
        );
        let idle_and_disabled = Family {
            owner: Owner::Disabled,
            ..idle
        };
        assert_eq!(
            rotate(&idle_and_disabled, presented, G, NOW),
            Rotation::UserDisabled
        );
        let over = Family {
            ends_at: NOW - Duration::from_secs(1),
            ..alive
        };
        assert_eq!(
            rotate(&over, presented, G, NOW),
            Rotation::Expired(over.ends_at)
        );
    }
}

#[test]
fn a_login_may_rotate_at_once_and_has_no_parent() {
    let mut fresh = family((0, 0), ParentBranch::Known(0), Phase::Settled, 0);
    fresh.lineage = Lineage::at_login(G, NOW);
    assert_eq!(
        rotate(&fresh, Position::new(0, 0), G, NOW),
        Rotation::Advance
    );
}

/// A thief who presents the parent once a minute would otherwise keep the successor young for
/// ever: nobody rotates, and nobody is found.
#[test]
fn retries_restart_the_window_eight_times_and_then_wait_for_its_end() {
    let parent = Position::new(4, 0);
    let mut held = family((5, 0), ParentBranch::Known(0), Phase::Fresh, 59);
    let mut now = NOW;
    for retry in 1..=RETRIES_THAT_MOVE_THE_ANCHOR {
        let rotation = rotate(&held, parent, G, now);
        assert_eq!(rotation, Rotation::Retry, "{retry}");
        held.lineage = held.lineage.after(rotation, parent, now);
        assert_eq!(held.lineage.anchor_at, now);
        now = now + Duration::from_secs(59);
    }
    let rotation = rotate(&held, parent, G, now);
    assert_eq!(rotation, Rotation::Wait(Duration::from_secs(1)));
    assert_eq!(held.lineage.after(rotation, parent, now), held.lineage);
    assert_eq!(
        rotate(&held, held.lineage.current, G, now),
        Rotation::Repeat
    );

    now = now + Duration::from_secs(1);
    assert_eq!(
        rotate(&held, held.lineage.current, G, now),
        Rotation::Advance
    );
    let rotation = rotate(&held, parent, G, now);
    assert_eq!(rotation, Rotation::Branch);
    held.lineage = held.lineage.after(rotation, parent, now);
    assert_eq!(held.lineage.retries, 0);
    now = now + Duration::from_secs(59);
    assert_eq!(rotate(&held, parent, G, now), Rotation::Retry);
}

/// An answer without a restart could be under way when the window ends: the parent, late, would
/// get a new branch, and the old answer would land on top of it and be refused.
#[test]
fn no_successor_is_handed_to_the_parent_without_a_restart_or_a_recent_one() {
    let parent = Position::new(4, 0);
    for age in 0..60 {
        for retries in 0..12 {
            let mut family = family((5, 0), ParentBranch::Known(0), Phase::Fresh, age);
            family.lineage.retries = retries;
            let rotation = rotate(&family, parent, G, NOW);
            let after = family.lineage.after(rotation, parent, NOW);
            let handed_out = !matches!(rotation, Rotation::Wait(_));
            assert!(!handed_out || NOW.since(after.anchor_at) < RETRY_BURST);
        }
    }
}

#[test]
fn fifty_tabs_at_once_move_nothing() {
    let parent = Position::new(4, 0);
    let mut row = family((5, 0), ParentBranch::Known(0), Phase::Fresh, 0);
    row.lineage.retries = RETRIES_THAT_MOVE_THE_ANCHOR;
    for tab in 0..50 {
        let now = NOW + Duration::from_millis(tab * 39);
        assert_eq!(rotate(&row, parent, G, now), Rotation::Retry, "{tab}");
        assert_eq!(row.lineage.after(Rotation::Retry, parent, now), row.lineage);
    }
}

#[test]
fn a_successor_settles_at_its_second_use_a_window_after_the_first() {
    let fresh = family((5, 0), ParentBranch::Known(0), Phase::Fresh, 10).lineage;
    let seen = fresh.after_use(fresh.current, G, NOW);
    assert_eq!((seen.phase, seen.anchor_at), (Phase::Seen, NOW));
    assert_eq!(
        seen.after_use(seen.current, G, NOW + G - Duration::from_micros(1)),
        seen
    );
    let settled = seen.after_use(seen.current, G, NOW + G);
    assert_eq!((settled.phase, settled.anchor_at), (Phase::Settled, NOW));
    for other in [
        Position::new(4, 0),
        Position::new(5, 1),
        Position::new(6, 0),
    ] {
        assert_eq!(fresh.after_use(other, G, NOW), fresh);
    }
}

#[test]
fn a_clock_that_stepped_back_keeps_the_window_open() {
    let mut ahead = family((5, 0), ParentBranch::Known(0), Phase::Fresh, 0);
    ahead.lineage.anchor_at = NOW + Duration::from_secs(3600);
    assert_eq!(
        rotate(&ahead, Position::new(5, 0), G, NOW),
        Rotation::Repeat
    );
    assert_eq!(rotate(&ahead, Position::new(4, 0), G, NOW), Rotation::Retry);
}

#[test]
fn the_ends_of_the_counters_neither_wrap_nor_rotate() {
    let last = family(
        (u32::MAX, u32::MAX),
        ParentBranch::Known(0),
        Phase::Fresh,
        900,
    );
    assert_eq!(
        rotate(&last, last.lineage.current, G, NOW),
        Rotation::Repeat
    );
    assert_eq!(
        rotate(&last, Position::new(u32::MAX - 1, 0), G, NOW),
        Rotation::Reuse
    );
}

fn any_family() -> impl Strategy<Value = Family> {
    let parent = prop_oneof![
        (0..4u32).prop_map(ParentBranch::Known),
        Just(ParentBranch::Any)
    ];
    let phase = prop_oneof![Just(Phase::Fresh), Just(Phase::Seen), Just(Phase::Settled)];
    ((0..6u32, 0..4u32), parent, phase, 0..200u64, 0..12u32).prop_map(
        |(at, parent, phase, age, retries)| {
            let mut family = family(at, parent, phase, age);
            family.lineage.retries = retries;
            family
        },
    )
}

fn any_position() -> impl Strategy<Value = Position> {
    (0..8u32, 0..5u32).prop_map(|(generation, branch)| Position::new(generation, branch))
}

proptest! {
    /// I4 of `docs/rotation.md`.
    #[test]
    fn the_position_never_decreases(family in any_family(), presented in any_position()) {
        let rotation = rotate(&family, presented, G, NOW);
        let after = family.lineage.after(rotation, presented, NOW);
        prop_assert!(after.current >= family.lineage.current);
        prop_assert!(family.lineage.after_use(presented, G, NOW).current == family.lineage.current);
    }

    /// I2: besides what is ahead of the row, at most the current token and its parent are good.
    #[test]
    fn at_most_two_tokens_are_acceptable(family in any_family()) {
        let mut family = family;
        if family.lineage.parent_branch == ParentBranch::Any {
            family.lineage.parent_branch = ParentBranch::Known(0);
        }
        let good = (0..8u32).flat_map(|g| (0..5u32).map(move |b| Position::new(g, b)))
            .filter(|position| *position <= family.lineage.current)
            .filter(|position| rotate(&family, *position, G, NOW) != Rotation::Reuse)
            .count();
        prop_assert!(good <= 2, "{good}");
    }

    /// A token is never traded for two generations: who presents it again inside the window
    /// gets the successor that the first got.
    #[test]
    fn presenting_twice_hands_out_one_successor(family in any_family(), presented in any_position()) {
        let rotation = rotate(&family, presented, G, NOW);
        prop_assume!(!matches!(rotation, Rotation::Reuse));
        let after = Family { lineage: family.lineage.after(rotation, presented, NOW), ..family };
        let again = rotate(&after, presented, G, NOW);
        prop_assume!(!matches!(again, Rotation::Reuse));
        let twice = after.lineage.after(again, presented, NOW);
        prop_assert_eq!(twice.current, after.lineage.current);
    }

    /// An old token is never forgiven, however long one waits.
    #[test]
    fn reuse_stays_reuse(family in any_family(), presented in any_position(), wait in 0..10_000u64) {
        prop_assume!(rotate(&family, presented, G, NOW) == Rotation::Reuse);
        let later = NOW + Duration::from_secs(wait);
        prop_assert_eq!(rotate(&family, presented, G, later), Rotation::Reuse);
    }
}
