//! What the properties need to know of the past.

use crate::table::{Reply, Token};

/// Who holds tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Party {
    /// The browser that logged in.
    Browser,
    /// Whoever copied its jar.
    Thief,
}

/// The past, as far as it matters. Everything is false, zero or empty at login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one violation that a property names; they are no state machine"
)]
pub struct Facts {
    /// The position went back although no commit was lost (I4).
    pub went_back: bool,
    /// The absolute end moved (I8).
    pub end_moved: bool,
    /// An ended family came back, or ended again (I3).
    pub end_undone: bool,
    /// Something was handed out after the end (I3).
    pub handed_after_end: bool,
    /// Something else than the current token was handed out (I9).
    pub handed_another: bool,
    /// Ticks for which the current token has been kept too young to rotate.
    pub held: u8,
    /// The last two late refreshes with nothing between them, the last one last: by whom, and what
    /// they got. Late is: after the window, and so not in step with somebody else.
    pub late: [Option<(Party, Token)>; 2],
    /// Browser and thief refreshed in turn, three times, and were both served.
    pub unfound: bool,
}

impl Facts {
    /// A tick passes while the current token may, or may not yet, rotate.
    pub(super) fn hold(&mut self, may_rotate: bool) {
        self.held = if may_rotate {
            0
        } else {
            self.held.saturating_add(1)
        };
    }

    /// Somebody presented a refresh token.
    pub(super) fn refreshed(&mut self, who: Party, token: Token, reply: Reply, is_late: bool) {
        let Reply::Handed(_, successor) = reply else {
            return;
        };
        if !is_late {
            self.late = [None; 2];
            return;
        }
        let [before_last, last] = self.late;
        let other_came_between = last.is_some_and(|(party, _)| party != who);
        self.unfound |= other_came_between && before_last == Some((who, token));
        self.late = [last, Some((who, successor))];
    }
}
