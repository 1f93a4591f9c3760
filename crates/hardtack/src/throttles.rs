//! How often whom may try what, in this process.

use std::time::Duration;

use hardtack_core::one_time_code::CodePurpose;
use hardtack_core::throttle::{ClientKey, Throttle, ThrottleRule};
use hardtack_core::user::{CanonicalName, User};
use hardtack_core::{Entropy, SessionId, UserId};

use crate::settings::Settings;

/// How often whom may try what.
#[derive(Debug)]
pub(crate) struct Throttles {
    /// The name as it was given.
    pub(crate) login_name: Throttle<CanonicalName>,
    /// The user behind it, under whatever name.
    pub(crate) login_account: Throttle<UserId>,
    pub(crate) login_address: Throttle<ClientKey>,
    /// Whoever tries, at whatever name.
    pub(crate) login_total: Throttle<()>,
    pub(crate) refused_refreshes: Throttle<ClientKey>,
    /// Old passwords, by session: a stranger who guesses at the login must not keep the owner of a
    /// live session from changing the password.
    pub(crate) old_password: Throttle<(UserId, Option<SessionId>)>,
    pub(crate) registrations: Throttle<ClientKey>,
    /// Mails, by who asks for them.
    pub(crate) mails_from: Throttle<ClientKey>,
    /// Mails, by what they are for and where they go. Apart by purpose: whoever asks for mails to
    /// verify an address must not keep its owner from resetting the password.
    pub(crate) mails_to: Throttle<(CodePurpose, CanonicalName)>,
    /// Mails to other addresses that a user can cause.
    pub(crate) email_changes: Throttle<UserId>,
    /// What was shown for a code and is none.
    pub(crate) codes: Throttle<ClientKey>,
}

impl Throttles {
    /// Keys that each table remembers: a few megabytes at most, whatever strangers send.
    const CAPACITY: usize = 50_000;

    pub(crate) fn new(settings: &Settings, entropy: &dyn Entropy) -> Self {
        let minute = Duration::from_secs(60);
        let limits = settings.rate_limit;
        let account = ThrottleRule::doubling(limits.login_per_user, minute);
        let address = ThrottleRule::steady(limits.login_per_address, minute);
        let total = ThrottleRule::steady(limits.login_total, minute);
        let refused = ThrottleRule::steady(limits.refused_refreshes, minute);
        let hour = 60 * minute;
        let registrations = ThrottleRule::steady(limits.registration, hour);
        let mails = ThrottleRule::steady(limits.reset, hour);
        Self {
            login_name: Throttle::new(account, Self::CAPACITY, entropy),
            login_account: Throttle::new(account, Self::CAPACITY, entropy),
            old_password: Throttle::new(account, Self::CAPACITY, entropy),
            login_address: Throttle::new(address, Self::CAPACITY, entropy),
            login_total: Throttle::new(total, 1, entropy),
            refused_refreshes: Throttle::new(refused, Self::CAPACITY, entropy),
            registrations: Throttle::new(registrations, Self::CAPACITY, entropy),
            mails_from: Throttle::new(mails, Self::CAPACITY, entropy),
            mails_to: Throttle::new(mails, Self::CAPACITY, entropy),
            email_changes: Throttle::new(mails, Self::CAPACITY, entropy),
            codes: Throttle::new(address, Self::CAPACITY, entropy),
        }
    }

    /// Lets a user try again who has proven who they are by other means than a password.
    pub(crate) fn forget_failed_logins(&self, user: &User) {
        self.login_account.succeeded(&user.id);
        self.login_name.succeeded(&user.username.canonical());
        if let Some(email) = user.email.canonical() {
            self.login_name.succeeded(&email);
        }
    }
}
