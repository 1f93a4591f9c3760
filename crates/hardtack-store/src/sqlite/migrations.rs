//! The schema, step by step. Steps are only ever added, and each works with the release before it
//! as well, because a command line of another version may be at work on the same file.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use hardtack_core::Timestamp;
use rusqlite::{Connection, params};

use super::open::OpenError;

/// In the header of every database of ours: "Hard" (<https://sqlite.org/fileformat2.html> §1.3.14).
const APPLICATION_ID: i32 = 0x4861_7264;

struct Migration {
    name: &'static str,
    sql: &'static str,
}

impl Migration {
    fn checksum(&self) -> String {
        HEXLOWER.encode(digest::digest(&digest::SHA256, self.sql.as_bytes()).as_ref())
    }
}

/// In order. `PRAGMA user_version` counts how many were applied.
const MIGRATIONS: [Migration; 9] = [
    Migration {
        name: "0001_users",
        sql: include_str!("../../migrations/sqlite/0001_users.sql"),
    },
    Migration {
        name: "0002_sessions",
        sql: include_str!("../../migrations/sqlite/0002_sessions.sql"),
    },
    Migration {
        name: "0003_remember_me",
        sql: include_str!("../../migrations/sqlite/0003_remember_me.sql"),
    },
    Migration {
        name: "0004_audit",
        sql: include_str!("../../migrations/sqlite/0004_audit.sql"),
    },
    Migration {
        name: "0005_known_devices",
        sql: include_str!("../../migrations/sqlite/0005_known_devices.sql"),
    },
    Migration {
        name: "0006_codes_and_mails",
        sql: include_str!("../../migrations/sqlite/0006_codes_and_mails.sql"),
    },
    Migration {
        name: "0007_orphaned",
        sql: include_str!("../../migrations/sqlite/0007_orphaned.sql"),
    },
    Migration {
        name: "0008_remembrance",
        sql: include_str!("../../migrations/sqlite/0008_remembrance.sql"),
    },
    Migration {
        name: "0009_revocations_by_expiry",
        sql: include_str!("../../migrations/sqlite/0009_revocations_by_expiry.sql"),
    },
];

#[expect(clippy::cast_possible_truncation, reason = "counted on one screen")]
const KNOWN: u32 = MIGRATIONS.len() as u32;

const CREATE_MIGRATIONS: &str = "
    CREATE TABLE migrations (
        name       TEXT    PRIMARY KEY,
        -- SHA-256 of its text
        checksum   TEXT    NOT NULL,
        applied_at INTEGER NOT NULL
    ) STRICT";

/// How many migrations the database has, if it is one that this binary can work with. Only reads.
pub(super) fn verify(connection: &Connection) -> Result<u32, OpenError> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let application_id = pragma("application_id")?;
    let version = pragma("user_version")?;
    let tables: u32 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if (application_id, version, tables) == (0, 0, 0) {
        return Ok(0);
    }
    if application_id != APPLICATION_ID {
        return Err(OpenError::AnotherApplication);
    }
    let applied = u32::try_from(version)
        .map_err(|_| OpenError::Damaged(format!("its schema version is {version}")))?;
    if applied > KNOWN {
        return Err(OpenError::Newer {
            found: applied,
            known: KNOWN,
        });
    }
    let mut statement =
        connection.prepare("SELECT name, checksum FROM migrations ORDER BY name")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows: Vec<(String, String)> = rows.collect::<Result<_, _>>()?;
    if u32::try_from(rows.len()) != Ok(applied) {
        return Err(OpenError::Damaged(format!(
            "{applied} migrations are said to be applied, {} are listed",
            rows.len()
        )));
    }
    for (migration, (name, checksum)) in MIGRATIONS.iter().zip(rows) {
        if name != migration.name || checksum != migration.checksum() {
            return Err(OpenError::Changed { migration: name });
        }
    }
    verify_schema(connection, applied)?;
    Ok(applied)
}

/// Compares every table and index with what the migrations make: a table that somebody dropped or
/// altered would otherwise show at the first request that needs it.
fn verify_schema(connection: &Connection, applied: u32) -> Result<(), OpenError> {
    let model = Connection::open_in_memory()?;
    model.execute_batch(CREATE_MIGRATIONS)?;
    for (migration, _) in MIGRATIONS.iter().zip(0..applied) {
        model.execute_batch(migration.sql)?;
    }
    let mut found = schema(connection)?;
    // Tables before the indexes and triggers that go with them.
    let (tables, others): (Vec<_>, Vec<_>) = schema(&model)?
        .into_iter()
        .partition(|(name, _)| name.starts_with("table "));
    for (name, sql) in tables.into_iter().chain(others) {
        match found.remove(&name) {
            None => return Err(OpenError::Damaged(format!("{name} is missing"))),
            Some(other) if other != sql => {
                return Err(OpenError::Damaged(format!(
                    "{name} is not as the migrations made it"
                )));
            }
            Some(_) => {}
        }
    }
    // A trigger or a view of somebody else's would take part in every write.
    match found
        .into_keys()
        .find(|name| !name.starts_with("table sqlite_stat"))
    {
        Some(name) => Err(OpenError::Damaged(format!("{name} does not belong there"))),
        None => Ok(()),
    }
}

/// What there is, such as `table users`, and the statement that made it.
fn schema(connection: &Connection) -> Result<BTreeMap<String, Option<String>>, OpenError> {
    let mut statement = connection.prepare("SELECT type || ' ' || name, sql FROM sqlite_schema")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Applies what is missing, each migration in a transaction of its own.
pub(super) fn apply(connection: &mut Connection, now: Timestamp) -> Result<(), OpenError> {
    loop {
        let transaction =
            connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        // Asked again under the lock: another process may be doing the same.
        let applied = verify(&transaction)?;
        let Some((migration, number)) = MIGRATIONS
            .iter()
            .zip(1..)
            .find(|(_, number)| *number > applied)
        else {
            return Ok(());
        };
        if applied == 0 {
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.execute_batch(CREATE_MIGRATIONS)?;
        }
        transaction.execute_batch(migration.sql)?;
        transaction.execute(
            "INSERT INTO migrations (name, checksum, applied_at) VALUES (?1, ?2, ?3)",
            params![migration.name, migration.checksum(), now.unix_micros()],
        )?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
        tracing::info!(migration = migration.name, "schema migrated");
    }
}
