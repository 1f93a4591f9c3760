//! Judge a new password: the four rules, then whether it leaked elsewhere.

use hardtack_core::password::{Password, PasswordFault, PersonalTexts, judge_new_password};
use hardtack_store::Store;

use crate::hardtack::Hardtack;

impl<S: Store> Hardtack<S> {
    /// Everything that is wrong with `password` as a new one, in the contract's order; nothing if
    /// it is good. Every flow that sets a password asks here.
    ///
    /// A list of leaked passwords, if there is one, is asked only about what keeps the rules. It
    /// may take [`breached_timeout`](crate::settings::PasswordSettings::breached_timeout), and
    /// without an answer the password is taken: judge before taking a place in a queue.
    pub async fn judge_new_password(
        &self,
        password: &Password,
        about: &PersonalTexts<'_>,
    ) -> Vec<PasswordFault> {
        let faults = judge_new_password(password, about, self.settings().password.min_length);
        let Some(check) = self.breach_check().filter(|_| faults.is_empty()) else {
            return faults;
        };
        if check.knows(password, self.clock().now()).await {
            vec![PasswordFault::Breached]
        } else {
            faults
        }
    }
}
