//! What must hold in every state that can be reached.
//!
//! I1 (one value for each place in the chain) is a matter of bytes and I6 (one family only) of two
//! families: the replay against the real code and [`crate::race`] look after them.

use stateright::{Model, Property};

use super::World;
use crate::scenario::Scenario;
use crate::table::{Ended, Refusal, Reply, Row, Token};

/// I2.
pub const TWO_GOOD: &str = "at most two tokens are good";
/// I3.
pub const FINAL: &str = "an ended family answers nothing and stays ended";
/// I4.
pub const ONWARD: &str = "the position never goes back";
/// I5.
pub const OLD_REVOKES: &str = "a settled parent, a superseded branch or anything older revokes";
/// I7.
pub const HONEST: &str = "nobody honest is refused";
/// I8.
pub const FIXED_END: &str = "the absolute end never moves";
/// I9.
pub const CURRENT: &str = "what is handed out is current";
/// Nobody keeps a token young for ever.
pub const AGES: &str = "a token that is presented over and over still comes of age";
/// Two who refresh in turn are found at the third refresh.
pub const FOUND: &str = "two who refresh in turn are found at the third refresh";

pub(super) fn of(scenario: &Scenario) -> Vec<Property<Scenario>> {
    let mut properties = vec![
        Property::always(FINAL, |scenario: &Scenario, world: &World| {
            let facts = &world.facts;
            !facts.end_undone
                && !facts.handed_after_end
                && (world.row.ended.is_none() || nothing_leaves(&world.row, scenario))
        }),
        Property::always(ONWARD, |_, world: &World| !world.facts.went_back),
        Property::always(OLD_REVOKES, |scenario: &Scenario, world: &World| {
            scenario.all_tokens().all(|token| {
                !must_revoke(&world.row, token)
                    || world.row.ended.is_some()
                    || matches!(
                        world.row.present(token, &scenario.rules),
                        (
                            Row {
                                ended: Some(Ended::Reuse),
                                ..
                            },
                            Reply::Refused(Refusal::Reuse)
                        ) | (_, Reply::Refused(Refusal::Expired))
                    )
            })
        }),
        Property::always(FIXED_END, |_, world: &World| !world.facts.end_moved),
        Property::always(CURRENT, |_, world: &World| !world.facts.handed_another),
    ];
    // After a fail-over any branch of the parent's generation is taken for the parent, until the
    // next rotation; and a thief's token may be ahead of the row just as the browser's may.
    if scenario.fail_overs == 0 {
        properties.push(Property::always(
            TWO_GOOD,
            |scenario: &Scenario, world: &World| scenario.good_tokens(&world.row) <= 2,
        ));
    }
    if !scenario.thief {
        properties.push(Property::always(HONEST, |_, world: &World| {
            world.row.ended != Some(Ended::Reuse)
        }));
    }
    if scenario.watches_age {
        properties.push(Property::always(
            AGES,
            |scenario: &Scenario, world: &World| world.facts.held < scenario.rules.young_at_most(),
        ));
    }
    if scenario.watches_parting {
        properties.push(Property::always(FOUND, |_, world: &World| {
            !world.facts.unfound
        }));
    }
    properties
}

/// The rule of I5, said without the table.
fn must_revoke(row: &Row, token: Token) -> bool {
    let is_parent = match row.parent_branch {
        Some(branch) => token == Token::new(row.current.generation.wrapping_sub(1), branch),
        None => token.generation + 1 >= row.current.generation,
    };
    token < row.current && (!is_parent || row.phase == crate::table::Phase::Settled)
}

fn nothing_leaves(row: &Row, scenario: &Scenario) -> bool {
    scenario.all_tokens().all(|token| {
        let (after, reply) = row.present(token, &scenario.rules);
        after == *row
            && row.used(token, &scenario.rules) == *row
            && matches!(reply, Reply::Refused(Refusal::Ended(why)) if Some(why) == row.ended)
    })
}

impl Scenario {
    /// Every token up to one generation and one branch beyond what is explored.
    fn all_tokens(&self) -> impl Iterator<Item = Token> + use<> {
        let branches = self.branches + 1;
        (0..=self.generations + 1).flat_map(move |generation| {
            (0..=branches).map(move |branch| Token::new(generation, branch))
        })
    }

    /// How many of the tokens handed out so far would be answered with a token.
    fn good_tokens(&self, row: &Row) -> usize {
        self.all_tokens()
            .filter(|token| *token <= row.current)
            .filter(|token| matches!(row.present(*token, &self.rules).1, Reply::Handed(..)))
            .count()
    }

    /// The properties that a search looks after, by name.
    #[must_use]
    pub fn promises(&self) -> Vec<&'static str> {
        self.properties()
            .iter()
            .map(|property| property.name)
            .collect()
    }
}
