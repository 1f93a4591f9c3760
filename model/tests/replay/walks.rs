//! Walks through the model's world, by chance from a seed, replayed against the real code.

use std::collections::HashSet;

use hardtack_model::browser::{Action, Touch};
use hardtack_model::scenario::{FailOver, Scenario};
use hardtack_model::table::{Ended, How, Refusal, Reply, Token};
use stateright::Model as _;

use crate::rules::Rules;
use crate::step::{Scale, Step, Which, replay};
use crate::store::{Stored, Stores};

/// Numbers by chance, the same for the same seed (Steele, Lea and Flood's split mix).
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((word ^ (word >> 31)) % sides as u64).unwrap()
    }
}

/// What a walk of so many steps asked of the server.
fn walk(scenario: &Scenario, seed: u64, steps: usize) -> Vec<Step> {
    let mut dice = Dice(seed);
    let mut world = scenario.init_states().remove(0);
    let mut asked = Vec::new();
    let mut actions: Vec<Action> = Vec::new();
    for _ in 0..steps {
        actions.clear();
        scenario.actions(&world, &mut actions);
        // An end is the end of the walk's news, so it is seldom chosen.
        if dice.below(40) > 0 {
            actions.retain(|action| !matches!(action, Action::LogOut | Action::ChangePassword));
        }
        if actions.is_empty() {
            break;
        }
        let action = actions[dice.below(actions.len())];
        let Some((next, touch)) = scenario.play(&world, action) else {
            continue;
        };
        world = next;
        asked.extend(match (touch, action) {
            (Touch::Presented(token, _), _) => Some(Step::Present(Which::This(token))),
            (Touch::Used(token), _) => Some(Step::Use(Which::This(token))),
            (Touch::Passed(ticks), Action::SetClock(_)) => Some(Step::SetClock(ticks)),
            (Touch::Passed(ticks), _) => Some(Step::Pass(ticks)),
            (Touch::Ended(Ended::PasswordChanged), _) => Some(Step::ChangePassword),
            (Touch::Ended(_), _) => Some(Step::LogOut),
            (Touch::FellBack, _) => Some(Step::FailOver),
            (Touch::Nothing, Action::ReplicaFallsBehind) => Some(Step::ReplicaFallsBehind),
            (Touch::Nothing, _) => None,
        });
    }
    asked
}

/// Everything at once: two tabs, a thief, a clock that is set, the user's own acts.
fn world() -> Scenario {
    Scenario {
        reports_last: 1,
        clock_steps: &[-4, -1, 2],
        clock_changes: 3,
        endings: true,
        ..Scenario::theft(Scale::COARSE.rules, 2, u8::MAX)
    }
}

/// The same without the thief, so that walks grow old.
fn honest_world() -> Scenario {
    Scenario {
        thief: false,
        ..world()
    }
}

fn kind(reply: Reply) -> String {
    match reply {
        Reply::Handed(how, _) => format!("{how:?}"),
        Reply::Wait => "Wait".to_owned(),
        Reply::Refused(refusal) => format!("{refusal:?}"),
    }
}

#[test]
fn the_rules_agree_with_the_model_on_three_thousand_walks() {
    let mut seen = HashSet::new();
    for seed in 0..3_000 {
        let losses = Scenario {
            fail_overs: 2,
            fail_over: FailOver::AtAnyTime,
            ..[world(), honest_world()][usize::from(seed % 2 == 0)]
        };
        let steps = walk(&losses, seed, 250);
        let replies = replay(&steps, Scale::COARSE, &mut Rules::new(Scale::COARSE))
            .unwrap_or_else(|difference| panic!("seed {seed}:\n{difference}"));
        seen.extend(replies.into_iter().map(kind));
    }
    // A walk that meets nothing shows nothing.
    let handed = [
        How::Rotation,
        How::Repeat,
        How::Retry,
        How::Branch,
        How::Heal,
    ]
    .map(|how| Reply::Handed(how, Token::FIRST));
    let refused = [
        Refusal::Reuse,
        Refusal::Expired,
        Refusal::Ended(Ended::Logout),
    ]
    .map(Reply::Refused);
    for reply in handed.into_iter().chain(refused).chain([Reply::Wait]) {
        assert!(seen.contains(&kind(reply)), "no walk met {reply}: {seen:?}");
    }
}

/// So many walks through a store; each write to a disk costs time.
fn replay_stores(
    walks: u64,
    through: impl Fn(&Stores, u32, &[Step]) -> Result<Vec<Reply>, String>,
) {
    let stores = Stores::open();
    for seed in 0..walks {
        let scenario = [world(), honest_world()][usize::from(seed % 2 == 0)];
        let steps = walk(&scenario, seed, 120);
        let number = u32::try_from(seed).unwrap();
        through(&stores, number, &steps)
            .unwrap_or_else(|difference| panic!("seed {seed}:\n{difference}"));
    }
}

#[test]
fn the_memory_store_agrees_with_the_model_step_by_step() {
    replay_stores(600, |stores, number, steps| {
        let Stores {
            memory,
            clock,
            runtime,
            ..
        } = stores;
        let mut real = Stored::new(memory, clock, runtime, Scale::COARSE, number);
        replay(steps, Scale::COARSE, &mut real)
    });
}

#[test]
fn the_sqlite_store_agrees_with_the_model_step_by_step() {
    replay_stores(60, |stores, number, steps| {
        let Stores {
            sqlite,
            clock,
            runtime,
            ..
        } = stores;
        let mut real = Stored::new(sqlite, clock, runtime, Scale::COARSE, number);
        replay(steps, Scale::COARSE, &mut real)
    });
}
