//! Users of one file who want the same number or name.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use hardtack_core::UserId;
use hardtack_core::user::CanonicalName;

use super::report::Refusal;
use super::row::Row;

/// Who had what first.
#[derive(Default)]
pub(super) struct Duplicates {
    numbers: HashMap<UserId, Claim>,
    /// User names and addresses share one space.
    names: HashMap<CanonicalName, Claim>,
}

#[derive(Clone, Copy)]
struct Claim {
    line: u64,
    id: Option<UserId>,
}

impl Claim {
    fn words(self) -> String {
        match self.id {
            Some(id) => format!("id:{id} (line {})", self.line),
            None => format!("line {}", self.line),
        }
    }
}

impl Duplicates {
    /// Gives the user back, unless somebody above has their number, name or address.
    pub(super) fn admit(&mut self, row: Row) -> Result<Row, Refusal> {
        let claim = Claim {
            line: row.line,
            id: row.user.id,
        };
        let username = row.user.username.canonical();
        let email = row.user.email.canonical();
        let taken = |what: &str, by: &Claim| {
            Err(Refusal::of(&row, format!("{what} {} already", by.words())))
        };
        if let Some(by) = row.user.id.and_then(|id| self.numbers.get(&id)) {
            return taken("id: the number is that of", by);
        }
        if let Some(by) = self.names.get(&username) {
            return taken("username: it is the name or address of", by);
        }
        if let Some(by) = email.as_ref().and_then(|email| self.names.get(email)) {
            return taken("email: it is the address or name of", by);
        }
        if let Some(id) = row.user.id {
            self.numbers.insert(id, claim);
        }
        for name in [Some(username), email].into_iter().flatten() {
            // One may be called like one's own address.
            if let Entry::Vacant(vacant) = self.names.entry(name) {
                vacant.insert(claim);
            }
        }
        Ok(row)
    }
}
