//! What was done just now, told on the page that comes after it.
//!
//! The redirect names it in the address, and only these words are told. Anybody can write such an
//! address; what they can make our page say is one of these sentences, to somebody who then looks
//! at the facts below it.

const NOTICES: [&str; 14] = [
    "profile-saved",
    "password-changed",
    "password-reset",
    "session-ended",
    "other-sessions-ended",
    "logged-out",
    "email-verified",
    "email-change-sent",
    "email-changed",
    "email-reverted",
    "verification-sent",
    "deleted",
    "registered",
    "session-not-found",
];

/// The notice that an address names.
pub(super) fn of(named: Option<&str>) -> Option<&'static str> {
    let named = named?;
    NOTICES.into_iter().find(|notice| *notice == named)
}
