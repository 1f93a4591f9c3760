//! What a guarded `UPDATE` saw in the row that it changed.
//!
//! `RETURNING` would tell as well, but SQLite makes a temporary table for it at every execution; and
//! a `SELECT` before looks the row up a second time. A function in the guard, `witness(…)`, is always
//! true and remembers its arguments: whoever's row was changed, its guard was asked before.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

/// Numbers that `witness` takes.
const ARGUMENTS: usize = 6;

/// Its memory.
#[derive(Debug, Clone)]
pub(super) struct Witness(Arc<Mutex<[i64; ARGUMENTS]>>);

impl Witness {
    /// Gives `connection` the function.
    pub(super) fn call(connection: &Connection) -> rusqlite::Result<Self> {
        let witness = Self(Arc::default());
        let memory = witness.clone();
        connection.create_scalar_function(
            "witness",
            i32::try_from(ARGUMENTS).unwrap_or(i32::MAX),
            // Nothing that lies in the file may name it.
            FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY,
            move |context| {
                let mut values = [0; ARGUMENTS];
                for (index, value) in values.iter_mut().enumerate() {
                    *value = context.get(index)?;
                }
                *memory.values() = values;
                Ok(true)
            },
        )?;
        Ok(witness)
    }

    /// What the row had whose guard was asked last.
    pub(super) fn saw(&self) -> [i64; ARGUMENTS] {
        *self.values()
    }

    fn values(&self) -> MutexGuard<'_, [i64; ARGUMENTS]> {
        // Numbers are never half written: they are put there in one piece.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
