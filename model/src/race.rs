//! Refreshes that are judged before they are written, on one user with two sessions, while the user
//! logs out, logs in, changes the password or is switched off.
//!
//! [`crate::browser`] lets the server act in one step. Here a request reads a row, decides, and
//! writes later, and anything may come between: the guard of that write is what is checked.

mod moves;

use stateright::{Model, Property};

use crate::rules::Rules;
use crate::table::{Owner, Reply, Row, Token};

/// What is wrong with the guards, if anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guards {
    /// Nothing.
    Whole,
    /// A verdict is written whatever became of the row it was about.
    VerdictsUnguarded,
    /// A verdict is written if the position is still the same, ended or not.
    EndUnguarded,
    /// A login takes the password that is in force when the session is inserted for the one it
    /// has checked.
    LoginsUnguarded,
}

/// What a search of races lets happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Races {
    /// The protocol.
    pub rules: Rules,
    /// Its guards.
    pub guards: Guards,
    /// Requests at once.
    pub hands: usize,
    /// The last generation that is explored.
    pub generations: u8,
    /// The last branch that is explored.
    pub branches: u8,
    /// Password changes that are explored.
    pub passwords: u8,
}

/// A family with the password it was opened under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Family {
    /// Its row.
    pub row: Row,
    /// As the row has it.
    pub password: u8,
    /// As the login really checked it.
    pub checked: u8,
}

/// A request that is being served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hand {
    /// A refresh that has not read its row.
    Asked(usize, Token),
    /// A refresh that has, and was judged.
    Judged(usize, Token),
    /// A login whose password was found right, when it was this one.
    Checked(u8),
}

/// Everything there is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Desk {
    /// The password in force.
    pub password: u8,
    /// Is the user switched on?
    pub active: bool,
    /// The session there was first, and the one of a later login.
    pub families: [Option<Family>; 2],
    /// What is being served, each with what it read and what it decided to write.
    pub hands: Vec<(Hand, InHand)>,
    /// What went wrong.
    pub faults: Faults,
}

/// What a request has in hand between reading and writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InHand {
    /// Nothing of the store's.
    Nothing,
    /// What was decided about a row.
    Judgement(Judgement),
}

/// What a refresh read, what it will write, and what it will answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Judgement {
    read: Row,
    write: Row,
    reply: Reply,
}

/// Violations that a single state does not show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one violation that a property names; they are no state machine"
)]
pub struct Faults {
    /// I3: an ended family came back, or was ended again.
    pub end_undone: bool,
    /// I3: something was handed out by a family that had ended.
    pub handed_after_end: bool,
    /// I4.
    pub went_back: bool,
    /// I6: a refresh changed another family.
    pub touched_another: bool,
    /// I9.
    pub handed_another: bool,
}

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Deed {
    /// A refresh arrives.
    Ask(usize, Token),
    /// It reads its row and is judged.
    Judge(Hand),
    /// Its verdict is written and it is answered, or it lost a race and reads again.
    Commit(Hand),
    /// The node that serves it dies.
    Die(Hand),
    /// A login's password is found right.
    CheckPassword,
    /// Its session is inserted, in the place of the first one.
    Insert(Hand),
    /// The user logs out of a session.
    LogOut(usize),
    /// The user changes the password.
    ChangePassword,
    /// The user is switched off.
    Disable,
    /// A tick passes.
    Tick,
}

/// I3.
pub const FINAL: &str = "an ended family answers nothing and stays ended";
/// I4.
pub const ONWARD: &str = "the position never goes back";
/// I6.
pub const ONE_FAMILY: &str = "a refresh touches one family";
/// I9.
pub const CURRENT: &str = "what is handed out is current";
/// A login that raced a password change does not survive it.
pub const NEW_PASSWORD: &str = "no session lives under an old password";

impl Desk {
    fn owner(&self, family: &Family) -> Owner {
        match (self.active, family.password == self.password) {
            (false, _) => Owner::Disabled,
            (true, false) => Owner::Gone,
            (true, true) => Owner::Standing,
        }
    }

    /// The row of a family with its owner's standing as it is now.
    fn row(&self, number: usize) -> Option<Row> {
        let family = self.families.get(number)?.as_ref()?;
        Some(Row {
            owner: self.owner(family),
            ..family.row
        })
    }

    fn lives(&self, number: usize) -> bool {
        self.row(number)
            .is_some_and(|row| row.ended.is_none() && row.owner == Owner::Standing)
    }
}

impl Model for Races {
    type State = Desk;
    type Action = Deed;

    fn init_states(&self) -> Vec<Desk> {
        let family = Family {
            row: Row::at_login(&self.rules),
            password: 0,
            checked: 0,
        };
        vec![Desk {
            password: 0,
            active: true,
            families: [Some(family), None],
            hands: Vec::new(),
            faults: Faults::default(),
        }]
    }

    fn actions(&self, desk: &Desk, deeds: &mut Vec<Deed>) {
        for number in 0..desk.families.len() {
            let Some(row) = desk.row(number) else {
                continue;
            };
            // Whoever asks an ended family is refused where it is read; that needs no race.
            if desk.hands.len() < self.hands && desk.lives(number) {
                let parent = row.current.generation.checked_sub(1).zip(row.parent_branch);
                let parent = parent.map(|(generation, branch)| Token::new(generation, branch));
                let mut tokens: Vec<_> = [Some(row.current), parent, Some(Token::FIRST)]
                    .into_iter()
                    .flatten()
                    .collect();
                tokens.sort_unstable();
                tokens.dedup();
                deeds.extend(tokens.into_iter().map(|token| Deed::Ask(number, token)));
            }
            if desk.lives(number) {
                deeds.push(Deed::LogOut(number));
            }
        }
        let mut hands: Vec<_> = desk.hands.iter().map(|(hand, _)| *hand).collect();
        hands.dedup();
        for hand in hands {
            deeds.push(match hand {
                Hand::Asked(..) => Deed::Judge(hand),
                Hand::Judged(..) => Deed::Commit(hand),
                Hand::Checked(_) => Deed::Insert(hand),
            });
            deeds.push(Deed::Die(hand));
        }
        let [_, later] = desk.families;
        if desk.hands.len() < self.hands && desk.active && later.is_none() {
            deeds.push(Deed::CheckPassword);
        }
        if desk.password < self.passwords {
            deeds.push(Deed::ChangePassword);
        }
        if desk.active {
            deeds.push(Deed::Disable);
        }
        deeds.push(Deed::Tick);
    }

    fn next_state(&self, desk: &Desk, deed: Deed) -> Option<Desk> {
        self.play(desk, deed)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(FINAL, |_, desk: &Desk| {
                !desk.faults.end_undone && !desk.faults.handed_after_end
            }),
            Property::always(ONWARD, |_, desk: &Desk| !desk.faults.went_back),
            Property::always(ONE_FAMILY, |_, desk: &Desk| !desk.faults.touched_another),
            Property::always(CURRENT, |_, desk: &Desk| !desk.faults.handed_another),
            Property::always(NEW_PASSWORD, |_, desk: &Desk| {
                desk.families.iter().enumerate().all(|(number, family)| {
                    !desk.lives(number)
                        || family.is_none_or(|family| family.checked == desk.password)
                })
            }),
        ]
    }

    fn within_boundary(&self, desk: &Desk) -> bool {
        desk.families
            .iter()
            .flatten()
            .map(|family| family.row.current)
            .all(|newest| newest.generation <= self.generations && newest.branch <= self.branches)
    }
}
