//! Compare and swap: a verdict is written if the row is the one that was judged.

use std::time::Duration;

use hardtack_core::Activity;
use hardtack_core::rotation::{Ended, Family, Lineage, ParentBranch, Phase, Position};
use hardtack_core::session::RevokeReason;

use super::{ABSOLUTE, FIRST, IDLE, SECOND, START, WINDOW, World, revoke};
use crate::{FamilyAt, Store, Verdict};

const REUSE: Verdict = Verdict::Revoke(revoke(RevokeReason::Reuse));

const SOMEWHERE: Lineage = Lineage {
    current: Position::new(9, 4),
    parent_branch: ParentBranch::Known(2),
    phase: Phase::Seen,
    anchor_at: START,
    retries: 3,
};

impl<S: Store> World<S> {
    async fn commit(&self, judged: &Family, verdict: Verdict) -> Option<FamilyAt> {
        self.store.commit_verdict(judged, verdict).await.unwrap()
    }
}

/// Judgements of rows that look like `family` but for one thing each.
fn misjudged(family: &Family) -> Vec<Family> {
    let lineage = family.lineage;
    let Position { generation, branch } = lineage.current;
    [
        Lineage {
            current: Position::new(generation - 1, branch),
            ..lineage
        },
        Lineage {
            current: Position::new(generation, branch + 1),
            ..lineage
        },
        Lineage {
            parent_branch: ParentBranch::Any,
            ..lineage
        },
        Lineage {
            parent_branch: ParentBranch::Known(1),
            ..lineage
        },
        Lineage {
            phase: Phase::Fresh,
            ..lineage
        },
        Lineage {
            phase: Phase::Settled,
            ..lineage
        },
        Lineage {
            anchor_at: lineage.anchor_at + Duration::from_micros(1),
            ..lineage
        },
        Lineage {
            retries: lineage.retries - 1,
            ..lineage
        },
    ]
    .into_iter()
    .map(|lineage| Family { lineage, ..*family })
    .collect()
}

pub async fn a_chain_goes_on_as_decided_and_the_use_counts<S: Store>(world: World<S>) {
    let (_, session) = world.logged_in().await;
    for (parent_branch, phase) in [
        (ParentBranch::Known(0), Phase::Fresh),
        (ParentBranch::Known(u32::MAX), Phase::Seen),
        (ParentBranch::Any, Phase::Settled),
    ] {
        let judged = world.family(session).await;
        let now = world.pass(SECOND);
        let next = Lineage {
            parent_branch,
            phase,
            anchor_at: now - Duration::from_micros(17),
            ..SOMEWHERE
        };
        let mut expected = judged;
        expected.lineage = next;
        expected.last_seen_at = now;
        let committed = world
            .commit(&judged, Verdict::Continue(next, Activity::Counts))
            .await;
        let family = expected;
        assert_eq!(committed, Some(FamilyAt { family, now }));
        assert_eq!(world.family(session).await, expected);
    }
}

pub async fn a_chain_that_stays_as_it_is_counts_as_used<S: Store>(world: World<S>) {
    let (user, session) = world.logged_in().await;
    let judged = world.family(session).await;
    let now = world.pass(SECOND);
    let verdict = Verdict::Continue(judged.lineage, Activity::Counts);
    let committed = world.commit(&judged, verdict).await.unwrap();
    assert_eq!(committed.family.lineage, judged.lineage);
    assert_eq!(committed.family.last_seen_at, now);
    let listed = world.store.list_sessions(user.id).await.unwrap();
    assert_eq!(listed[0].last_seen_at, now);
    // The same judgement may be committed again: nothing that was judged has moved.
    assert!(world.commit(&judged, verdict).await.is_some());
}

pub async fn a_use_defers_the_idle_end_and_never_the_absolute_one<S: Store>(world: World<S>) {
    let (user, session) = world.logged_in().await;
    for _ in 0..4 {
        world.pass(IDLE - SECOND);
        let judged = world.family(session).await;
        let verdict = Verdict::Continue(judged.lineage, Activity::Counts);
        let committed = world.commit(&judged, verdict).await.unwrap();
        assert_eq!(committed.family.ends_at, START + ABSOLUTE);
    }
    world.clock.set(START + ABSOLUTE);
    let judged = world.family(session).await;
    let verdict = Verdict::Continue(judged.lineage, Activity::Counts);
    assert_eq!(world.commit(&judged, verdict).await, None);
    assert_eq!(world.alive(&user).await, []);
}

pub async fn a_row_that_is_not_the_one_judged_is_left_alone<S: Store>(world: World<S>) {
    let (_, session) = world.logged_in().await;
    world.place(session, SOMEWHERE).await;
    let family = world.family(session).await;
    world.pass(SECOND);
    for judged in misjudged(&family) {
        let next = Lineage {
            phase: Phase::Fresh,
            ..judged.lineage
        };
        for verdict in [Verdict::Continue(next, Activity::Counts), REUSE] {
            assert_eq!(world.commit(&judged, verdict).await, None, "{judged:?}");
        }
    }
    assert_eq!(world.family(session).await, family);
    assert_eq!(world.revoked().await, []);
}

pub async fn a_verdict_on_an_unknown_session_is_none<S: Store>(world: World<S>) {
    let (user, session) = world.logged_in().await;
    let mut judged = world.family(session).await;
    judged.session = world.new_session(&user).id;
    for verdict in [Verdict::Continue(SOMEWHERE, Activity::Counts), REUSE] {
        assert_eq!(world.commit(&judged, verdict).await, None);
    }
}

pub async fn of_many_verdicts_on_one_row_at_once_one_is_written<S: Store>(world: World<S>) {
    let (_, session) = world.logged_in().await;
    let judged = world.family(session).await;
    let outcomes = world
        .at_once(20, |store, index| async move {
            let next = Lineage {
                current: Position::new(1, u32::try_from(index).unwrap()),
                ..SOMEWHERE
            };
            store
                .commit_verdict(&judged, Verdict::Continue(next, Activity::Counts))
                .await
                .unwrap()
        })
        .await;
    let written: Vec<_> = outcomes.into_iter().flatten().collect();
    assert_eq!(written.len(), 1);
    assert_eq!(world.family(session).await, written[0].family);
}

/// The parent and the current token at once: a reuse and a rotation are judged on the same row.
pub async fn a_rotation_that_was_faster_voids_the_verdict<S: Store>(world: World<S>) {
    let (_, session) = world.logged_in().await;
    let judged = world.family(session).await;
    world.rotate(session, FIRST).await.unwrap();
    assert_eq!(world.commit(&judged, REUSE).await, None);
    assert_eq!(world.family(session).await.ended, None);
}

/// docs/rotation.md, I5: what proves a theft ends the family in the same act.
pub async fn a_reuse_ends_the_family_and_is_remembered<S: Store>(world: World<S>) {
    let (user, session) = world.logged_in().await;
    let other = world.log_in(&user).await.family.session;
    world.rotate(session, FIRST).await.unwrap();
    let judged = world.family(session).await;
    let now = world.pass(SECOND);
    let committed = world.commit(&judged, REUSE).await.unwrap();

    let reason = RevokeReason::Reuse;
    let mut expected = judged;
    expected.ended = Some(Ended { at: now, reason });
    let family = expected;
    assert_eq!(committed, FamilyAt { family, now });
    assert_eq!(world.family(session).await, expected);
    assert_eq!(world.revoked().await, [session]);
    // I6: exactly one family.
    assert_eq!(world.alive(&user).await, [other]);
}

/// docs/rotation.md, I3: nothing leaves the revoked state, and nothing moves in it.
pub async fn revoked_is_final<S: Store>(world: World<S>) {
    let (_, session) = world.logged_in().await;
    let alive = world.family(session).await;
    world.log_out(session).await;
    let revoked = world.family(session).await;
    world.pass(WINDOW);
    for judged in [alive, revoked] {
        for verdict in [
            Verdict::Continue(judged.lineage, Activity::Counts),
            Verdict::Continue(SOMEWHERE, Activity::Counts),
            REUSE,
        ] {
            assert_eq!(world.commit(&judged, verdict).await, None);
        }
    }
    assert_eq!(world.rotate(session, FIRST).await, None);
    let uses = vec![(session, FIRST)];
    world.store.note_uses(uses, WINDOW).await.unwrap();
    assert!(!world.log_out(session).await);
    assert_eq!(world.family(session).await, revoked);
    assert_eq!(world.revoked().await, [session]);
}

pub async fn a_session_that_ran_out_takes_no_verdict<S: Store>(world: World<S>) {
    let (_, session) = world.logged_in().await;
    let judged = world.family(session).await;
    for end in [START + IDLE, START + ABSOLUTE] {
        world.clock.set(end);
        for verdict in [Verdict::Continue(SOMEWHERE, Activity::Counts), REUSE] {
            assert_eq!(world.commit(&judged, verdict).await, None);
        }
    }
    assert_eq!(world.family(session).await, judged);
    assert_eq!(world.revoked().await, []);
}

pub async fn a_racing_logout_beats_or_follows_a_verdict<S: Store>(world: World<S>) {
    let user = world.register("alice").await;
    for _ in 0..30 {
        let judged = world.log_in(&user).await.family;
        let session = judged.session;
        let outcomes = world
            .at_once(2, |store, index| async move {
                if index == 0 {
                    let revoke = revoke(RevokeReason::Logout);
                    store
                        .revoke_session(session, revoke)
                        .await
                        .unwrap()
                        .is_some()
                } else {
                    let verdict = Verdict::Continue(SOMEWHERE, Activity::Counts);
                    let committed = store.commit_verdict(&judged, verdict).await.unwrap();
                    committed.is_some()
                }
            })
            .await;
        assert!(outcomes[0]);
        let family = world.family(session).await;
        assert!(family.ended.is_some());
        assert_eq!(family.lineage == SOMEWHERE, outcomes[1]);
    }
}
