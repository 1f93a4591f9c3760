//! The writer's connection with the statements of the hot path at hand.

use std::cell::RefCell;
use std::ops::Deref;

use rusqlite::{Connection, Statement};

use super::witness::Witness;

/// What an act writes on.
///
/// rusqlite's cache allocates its key and hashes the text at every use, which is a third of what a
/// rotation costs; the few statements that every rotation needs are found here by their address.
pub(super) struct Desk<'c> {
    connection: &'c Connection,
    /// Of what the guard of the statement that ran last was asked about.
    pub(super) witness: Witness,
    kept: RefCell<Vec<(&'static str, Statement<'c>)>>,
}

impl<'c> Desk<'c> {
    pub(super) const fn new(connection: &'c Connection, witness: Witness) -> Self {
        Self {
            connection,
            witness,
            kept: RefCell::new(Vec::new()),
        }
    }

    /// Runs `run` on the statement of `sql`, which should be a `static`: each address is kept.
    pub(super) fn with_kept<T>(
        &self,
        sql: &'static str,
        run: impl FnOnce(&mut Statement<'c>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let mut kept = self.kept.borrow_mut();
        let known = kept
            .iter_mut()
            .find(|(address, _)| std::ptr::eq(*address, sql));
        if let Some((_, statement)) = known {
            return run(statement);
        }
        let mut statement = self.connection.prepare(sql)?;
        let outcome = run(&mut statement);
        kept.push((sql, statement));
        outcome
    }
}

impl Deref for Desk<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}
