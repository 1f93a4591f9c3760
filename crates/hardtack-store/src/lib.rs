//! Where Hardtack keeps users and sessions: the contract, and its backends.
//!
//! A method is **one atomic act named after its meaning**. No transaction leaves the store, so
//! every backend can keep the promise; a crash leaves an act done or not done. An act that
//! answered `Ok` is durable: it survives the death of the process and of the machine.
//!
//! Verbs: `find_*` reads and gives an `Option`; `insert_*` fails on conflict; `rotate_*` and
//! `commit_*` compare and swap; `claim_*` takes for a while; `revoke_*` may be repeated without
//! harm; `purge_*` deletes what ended long ago and returns a count.
//!
//! **Time is the store's.** Whether a session is idle or past its end is decided by the store's
//! clock at the moment of commit, and every answer that a token is made from carries that time. A
//! session is *alive* when it was not ended and neither of its ends has come; what is not alive
//! cannot be ended.
//!
//! **What must be told is told in the same act.** An act that somebody has to hear of queues its
//! mail in the same commit, and a code and the mail that carries it are one act: no mail without
//! its act, no act without its mail.
//!
//! To add a backend: implement the five traits that [`Store`] is made of, then stamp the suite of
//! `conformance` (feature `conformance`) onto it. The [`memory`] backend is the contract made
//! executable; when words and [`memory`] disagree, the suite decides.

use std::future::Future;

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod memory;
#[cfg(feature = "sqlite")]
pub mod sqlite;

mod audit;
mod code;
mod import;
mod outbox;
mod remembrance;
mod revocation_log;
mod session;
mod user;

pub use audit::{AuditFilter, AuditPlace, AuditStore};
pub use code::{
    CodeStore, EmailChangeAsked, EmailChanged, EmailRefusal, EmailReverted, FoundCode,
    NewEmailChange, NewInvitation, NewReset, PasswordReset, Registration, RegistrationRefusal,
    WayBack,
};
pub use import::{ImportMode, ImportOutcome, ImportStore, ImportedUser};
pub use memory::MemoryStore;
pub use outbox::{MailId, OutboxStore, QueuedMail, Retry};
pub use revocation_log::{LogId, LogPosition, ParseLogPositionError, Revocation, RevocationPage};
pub use session::{FamilyAt, Insertion, Opened, Revoke, SessionStore, Verdict};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
pub use user::{
    HeldCode, HeldSession, Holdings, NameTaken, NewPassword, NewUser, PasswordChange,
    ProfileChange, UserStore, UserWithPassword,
};

/// What went wrong with the system. "Not found" and "refused" are answers, never errors.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store cannot answer now; nothing was changed, and trying again is safe.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// A row fits no state that the code knows. Somebody else wrote it, or the file is damaged.
    #[error("the store holds a row that makes no sense: {0}")]
    Corrupt(String),
}

/// Users, their sessions, codes and mails, and what happened to them, in one place.
pub trait Store:
    UserStore + SessionStore + AuditStore + CodeStore + OutboxStore + ImportStore
{
    /// Can the store answer? Used by `/readyz`.
    fn ping(&self) -> impl Future<Output = Result<(), StoreError>> + Send;
}
