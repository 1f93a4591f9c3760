//! Stories by chance that no honest world would tell: any token at any time. A failure shrinks to
//! the shortest story, in words.

use std::cell::Cell;
use std::fmt;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::rules::Rules;
use crate::step::{Scale, Step, Which, replay};
use crate::store::{Stored, Stores};

/// Steps that print as numbered lines.
#[derive(Clone)]
struct Story(Vec<Step>);

impl fmt::Debug for Story {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in (1..).zip(&self.0) {
            write!(formatter, "\n{number:>3} {step:?}")?;
        }
        Ok(())
    }
}

fn which() -> impl Strategy<Value = Which> {
    prop_oneof![
        6 => Just(Which::Current),
        8 => Just(Which::Parent),
        1 => Just(Which::OlderBranch),
        1 => Just(Which::Grandparent),
        1 => (0..3_u8, 0..3_u8).prop_map(|(by, at)| Which::Ahead(by, at)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => which().prop_map(Step::Present),
        4 => which().prop_map(Step::Use),
        // Around the burst, and around the window.
        6 => (1..4_i16).prop_map(Step::Pass),
        4 => (27..33_i16).prop_map(Step::Pass),
        1 => (-40..40_i16).prop_map(Step::SetClock),
    ]
}

/// Mostly rotation; now and then the user acts at the end.
fn story(length: usize) -> impl Strategy<Value = Story> {
    let last = prop_oneof![
        Just(Step::LogOut),
        Just(Step::ChangePassword),
        Just(Step::Disable),
        Just(Step::Enable),
        which().prop_map(Step::Present),
        which().prop_map(Step::Use),
        Just(Step::Pass(31)),
    ];
    let life = proptest::collection::vec(step(), 0..length);
    let end = proptest::collection::vec(last, 0..4);
    (life, end).prop_map(|(mut steps, end)| {
        steps.extend(end);
        Story(steps)
    })
}

/// The session lives long enough for the story.
fn long() -> Scale {
    let mut scale = Scale::FINE;
    let lifetime = scale.rules.lifetime.as_mut().unwrap();
    (lifetime.idle, lifetime.absolute) = (120, 900);
    scale
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]
    #[test]
    fn the_rules_agree_with_the_model_whatever_is_presented(story in story(60)) {
        replay(&story.0, long(), &mut Rules::new(long())).map_err(TestCaseError::fail)?;
    }
}

#[test]
fn the_memory_store_agrees_with_the_model_whatever_is_presented() {
    let Stores {
        memory,
        clock,
        runtime,
        ..
    } = &Stores::open();
    let number = Cell::new(0);
    proptest!(ProptestConfig::with_cases(300), |(story in story(50))| {
        number.set(number.get() + 1);
        let mut real = Stored::new(memory, clock, runtime, long(), number.get());
        replay(&story.0, long(), &mut real).map_err(TestCaseError::fail)?;
    });
}

#[test]
fn the_sqlite_store_agrees_with_the_model_whatever_is_presented() {
    let Stores {
        sqlite,
        clock,
        runtime,
        ..
    } = &Stores::open();
    let number = Cell::new(0);
    proptest!(ProptestConfig::with_cases(60), |(story in story(40))| {
        number.set(number.get() + 1);
        let mut real = Stored::new(sqlite, clock, runtime, long(), number.get());
        replay(&story.0, long(), &mut real).map_err(TestCaseError::fail)?;
    });
}

/// Eight retries and more, each a tick before the window's end, which chance would seldom tell.
#[test]
fn the_rules_agree_with_the_model_on_a_thief_who_hammers() {
    for pause in 1..30 {
        let mut steps = vec![Step::Present(Which::Current), Step::Pass(29)];
        for _ in 0..12 {
            steps.extend([Step::Present(Which::Parent), Step::Pass(pause)]);
        }
        steps.extend([Step::Present(Which::Current), Step::Present(Which::Parent)]);
        replay(&steps, long(), &mut Rules::new(long())).unwrap();
    }
}
