//! Every way of a few steps, through the real rules.

use hardtack_model::table::Row;

use crate::model::Model;
use crate::rules::Rules;
use crate::step::{Party, Scale, Step, Which};

/// Everything that can matter within a few steps. A tick is ten seconds, the window six of them.
const STEPS: [Step; 11] = [
    Step::Present(Which::Current),
    Step::Present(Which::Parent),
    Step::Present(Which::OlderBranch),
    Step::Present(Which::Grandparent),
    Step::Present(Which::Ahead(0, 0)),
    Step::Present(Which::Ahead(1, 1)),
    Step::Use(Which::Current),
    Step::Pass(1),
    Step::Pass(5),
    Step::SetClock(-3),
    Step::LogOut,
];

const DEPTH: usize = 6;

/// Goes on from here in every way, and counts the steps taken.
fn explore(model: &Model, real: &Rules, story: &mut Vec<(Step, Row)>) -> u64 {
    if story.len() == DEPTH {
        return 0;
    }
    let mut taken = 0;
    for step in STEPS {
        let (mut model, mut real) = (model.clone(), real.clone());
        let step = model.name(step);
        let (expected, answer) = (model.take(step), real.take(step));
        story.push((step, model.row()));
        assert_eq!(answer, expected, "{story:#?}");
        assert_eq!(real.row(), model.row(), "{story:#?}");
        taken += 1 + explore(&model, &real, story);
        story.pop();
    }
    taken
}

#[test]
fn the_rules_agree_with_the_model_on_every_way_of_six_steps() {
    let scale = Scale::COARSE;
    let taken = explore(&Model::new(scale), &Rules::new(scale), &mut Vec::new());
    assert_eq!(taken, (1..=6).map(|depth| 11_u64.pow(depth)).sum::<u64>());
}
