//! The faulty variants are stated twice, here and in the model. They must be the same.

use std::time::Duration;

use fastrand::Rng;
use hardtack::core::rotation::{
    Ended, Family, Lineage, Owner, ParentBranch, Phase, Position, Rotation,
};
use hardtack::core::session::{RememberMe, RevokeReason};
use hardtack::core::{SessionId, Timestamp, UserId};
use hardtack_model::rules::{Fault, Rules};
use hardtack_model::table::{self, How, Reply, Row, Token};
use hardtack_simulate::Variant;

/// A tick is a burst, and the window is thirty of them.
const TICK: Duration = Duration::from_secs(2);
const WINDOW: Duration = Duration::from_secs(60);
const START: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

fn rules(variant: Variant) -> Rules {
    let rules = Rules {
        retry_cap: 8,
        ..Rules::of_window(30)
    };
    match variant {
        Variant::Full => rules,
        Variant::NoMinimumAge => rules.with_fault(Fault::NoMinimumAge),
        Variant::TimeOnly => rules.with_fault(Fault::TimeOnly),
        Variant::NoRestart => rules.with_fault(Fault::NoRestart),
        Variant::SettledAtFirstUse => rules.with_fault(Fault::SettledAtFirstUse),
        Variant::NoBranches => rules.with_fault(Fault::NoBranches),
    }
}

fn family() -> Family {
    Family {
        session: SessionId::from_bytes([1; 16]),
        user: UserId::new(1),
        lineage: Lineage::at_login(WINDOW, START),
        created_at: START,
        last_seen_at: START,
        idle_timeout: 100_000 * TICK,
        ends_at: START + 100_000 * TICK,
        remember_me: RememberMe::Unsaid,
        ended: None,
        owner: Owner::Standing,
    }
}

/// What both answer, in one form.
fn answer(decision: Rotation, after: Lineage) -> Option<(Option<How>, Position)> {
    let how = match decision {
        Rotation::Advance => Some(How::Rotation),
        Rotation::Repeat => Some(How::Repeat),
        Rotation::Retry => Some(How::Retry),
        Rotation::Branch => Some(How::Branch),
        Rotation::Ahead => Some(How::Heal),
        Rotation::Wait(_) => None,
        _ => return None,
    };
    Some((how, after.current))
}

fn answer_of_model(reply: Reply, row: &Row) -> Option<(Option<How>, Position)> {
    match reply {
        Reply::Handed(how, token) => Some((Some(how), position(token))),
        Reply::Wait => Some((None, position(row.current))),
        Reply::Refused(_) => None,
    }
}

fn position(token: Token) -> Position {
    Position::new(token.generation.into(), token.branch.into())
}

fn assert_same(row: &Row, family: &Family, now: Timestamp, story: &[String]) {
    let lineage = family.lineage;
    let phase = match lineage.phase {
        Phase::Fresh => table::Phase::Fresh,
        Phase::Seen => table::Phase::Seen,
        Phase::Settled => table::Phase::Settled,
    };
    let age = now.since(lineage.anchor_at).min(WINDOW).as_secs() / TICK.as_secs();
    let parent = match lineage.parent_branch {
        ParentBranch::Known(branch) => Some(branch),
        ParentBranch::Any => None,
    };
    assert_eq!(
        (
            position(row.current),
            row.parent_branch.map(u32::from),
            row.phase,
            u64::try_from(row.age).unwrap(),
            u32::from(row.retries),
            row.ended.is_some()
        ),
        (
            lineage.current,
            parent,
            phase,
            age,
            lineage.retries,
            family.ended.is_some()
        ),
        "{}",
        story.join("\n")
    );
}

#[test]
fn a_faulty_variant_is_the_one_that_the_model_refutes() {
    let mut rng = Rng::with_seed(1);
    for variant in Variant::ALL {
        let rules = rules(variant);
        for _ in 0..2_000 {
            let (mut row, mut family, mut now) = (Row::at_login(&rules), family(), START);
            let mut story = vec![format!("{variant:?}")];
            for _ in 0..25 {
                let (current, parent) = (row.current, row.parent_branch.unwrap_or(0));
                let token = match rng.u32(0..8) {
                    0..4 => current,
                    4..7 => Token::new(current.generation.saturating_sub(1), parent),
                    _ => Token::new(current.generation, current.branch.saturating_sub(1)),
                };
                match rng.u32(0..3) {
                    0 => {
                        let ticks = rng.i16(1..40);
                        row = row.pass(ticks, &rules);
                        now = now + TICK * u32::try_from(ticks).unwrap();
                        story.push(format!("{ticks} ticks pass"));
                    }
                    1 => {
                        row = row.used(token, &rules);
                        if family.ended.is_none() {
                            let used = position(token);
                            family.lineage = variant.note_use(family.lineage, used, WINDOW, now);
                        }
                        story.push(format!("{token:?} is used"));
                    }
                    _ => {
                        let (after, reply) = row.present(token, &rules);
                        row = after;
                        let presented = position(token);
                        let (decision, lineage) = variant.present(&family, presented, WINDOW, now);
                        family.lineage = lineage;
                        if decision == Rotation::Reuse {
                            family.ended = Some(Ended {
                                at: now,
                                reason: RevokeReason::Reuse,
                            });
                        }
                        story.push(format!("{token:?} is presented: {reply:?}, {decision:?}"));
                        assert_eq!(
                            answer(decision, family.lineage),
                            answer_of_model(reply, &row),
                            "{}",
                            story.join("\n")
                        );
                    }
                }
                assert_same(&row, &family, now, &story);
            }
        }
    }
}
