//! What each deed does.

use super::{Deed, Desk, Family, Guards, Hand, InHand, Judgement, Races};
use crate::table::{Ended, Refusal, Reply, Row};

impl Races {
    pub(super) fn play(&self, desk: &Desk, deed: Deed) -> Option<Desk> {
        let mut next = desk.clone();
        match deed {
            Deed::Ask(number, token) => next
                .hands
                .push((Hand::Asked(number, token), InHand::Nothing)),
            Deed::Judge(hand @ Hand::Asked(number, token)) => {
                next.take(hand)?;
                let read = desk.row(number)?;
                let (write, reply) = read.present(token, &self.rules);
                let is_refused = matches!(reply, Reply::Refused(why) if why != Refusal::Reuse);
                if !is_refused && write == read {
                    // Nothing to write: answered from what was read.
                    next.note_answer(&read, &write, reply);
                } else if !is_refused {
                    let judgement = Judgement { read, write, reply };
                    next.hands
                        .push((Hand::Judged(number, token), InHand::Judgement(judgement)));
                }
            }
            Deed::Commit(hand @ Hand::Judged(number, token)) => {
                let InHand::Judgement(judgement) = next.take(hand)? else {
                    return None;
                };
                let row = desk.row(number)?;
                if self.guards.allow(&row, &judgement.read) {
                    next.note_answer(&row, &judgement.write, judgement.reply);
                    next.families.get_mut(number)?.as_mut()?.row = judgement.write;
                } else {
                    next.hands
                        .push((Hand::Asked(number, token), InHand::Nothing));
                }
                next.faults.touched_another |= (0..desk.families.len())
                    .any(|other| other != number && next.row(other) != desk.row(other));
            }
            Deed::Die(hand) => {
                next.take(hand)?;
            }
            Deed::CheckPassword => next
                .hands
                .push((Hand::Checked(desk.password), InHand::Nothing)),
            Deed::Insert(hand @ Hand::Checked(checked)) => {
                next.take(hand)?;
                let is_guarded = self.guards != Guards::LoginsUnguarded;
                // A third session would show nothing new, so there is none.
                let [first, later] = &mut next.families;
                if later.is_none() && desk.active && (!is_guarded || checked == desk.password) {
                    self.end(first);
                    *later = Some(Family {
                        row: Row::at_login(&self.rules),
                        password: desk.password,
                        checked,
                    });
                }
            }
            Deed::LogOut(number) => self.end(next.families.get_mut(number)?),
            Deed::ChangePassword | Deed::Disable => {
                for family in &mut next.families {
                    self.end(family);
                }
                if deed == Deed::Disable {
                    next.active = false;
                } else {
                    next.password += 1;
                }
            }
            Deed::Tick => {
                // Nobody asks how long ago a family ended.
                let alive = |family: &&mut Family| family.row.ended.is_none();
                for family in next.families.iter_mut().flatten().filter(alive) {
                    family.row = family.row.pass(1, &self.rules);
                }
                // What was read and what will be written name moments, not ages.
                for (_, judgement) in &mut next.hands {
                    if let InHand::Judgement(judgement) = judgement {
                        judgement.read = judgement.read.pass(1, &self.rules);
                        judgement.write = judgement.write.pass(1, &self.rules);
                    }
                }
            }
            Deed::Judge(_) | Deed::Commit(_) | Deed::Insert(_) => return None,
        }
        next.hands.sort_unstable_by_key(|(hand, _)| *hand);
        next.compare(desk);
        (next != *desk).then_some(next)
    }

    /// Ends a family. Why is the same to everybody here, and fewer states are searched sooner.
    fn end(&self, family: &mut Option<Family>) {
        if let Some(family) = family {
            family.row = family.row.end(Ended::Logout, &self.rules);
        }
    }
}

impl Guards {
    /// May a verdict about `read` be written over `row`?
    fn allow(self, row: &Row, read: &Row) -> bool {
        match self {
            Self::VerdictsUnguarded => true,
            Self::EndUnguarded => {
                let Row { ended, owner, .. } = *read;
                Row {
                    ended,
                    owner,
                    ..*row
                } == *read
            }
            Self::Whole | Self::LoginsUnguarded => row == read,
        }
    }
}

impl Desk {
    /// What that request had in hand; the request is over.
    fn take(&mut self, hand: Hand) -> Option<InHand> {
        let at = self.hands.iter().position(|(other, _)| *other == hand)?;
        Some(self.hands.remove(at).1)
    }

    fn note_answer(&mut self, was: &Row, is: &Row, reply: Reply) {
        if let Reply::Handed(_, token) = reply {
            self.faults.handed_after_end |= was.ended.is_some();
            self.faults.handed_another |= token != is.current;
        }
    }

    fn compare(&mut self, before: &Self) {
        for (was, is) in before.families.iter().zip(self.families) {
            let (Some(was), Some(is)) = (was, is) else {
                continue;
            };
            self.faults.went_back |= is.row.current < was.row.current;
            self.faults.end_undone |= was.row.ended.is_some() && is.row.ended != was.row.ended;
        }
    }
}
