//! Who may become a user, and whether their address must be shown to work.

use super::SettingsError;

/// Who may become a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RegistrationMode {
    /// Everybody.
    #[default]
    Open,
    /// Nobody; an operator adds users.
    Closed,
    /// Whoever got an invitation, by the address that it was sent to.
    Invite,
}

/// Must a user's address be shown to work?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EmailVerification {
    /// Nobody is asked.
    None,
    /// A mail asks for it, and everything works without.
    #[default]
    Optional,
    /// Before it is, there is no session.
    Mandatory,
}

/// Registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RegistrationSettings {
    /// Who may become a user.
    pub mode: RegistrationMode,
    /// Whether an address must be verified.
    pub email_verification: EmailVerification,
    /// Answer a registration with an address that somebody has like one with a free address, and
    /// send its owner a mail instead, so that nobody learns who is a user. Needs mandatory
    /// verification: everywhere else the answer is a session.
    pub quiet: bool,
}

impl RegistrationSettings {
    pub(super) fn verify(self) -> Result<(), SettingsError> {
        if self.quiet && self.email_verification != EmailVerification::Mandatory {
            return Err(SettingsError {
                key: "registration.quiet",
                problem: "needs registration.email_verification = \"mandatory\": a session as the answer tells that the address was free".to_owned(),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_registration_needs_an_answer_that_tells_nothing() {
        for (email_verification, fits) in [
            (EmailVerification::None, false),
            (EmailVerification::Optional, false),
            (EmailVerification::Mandatory, true),
        ] {
            let settings = RegistrationSettings {
                email_verification,
                quiet: true,
                ..RegistrationSettings::default()
            };
            assert_eq!(settings.verify().is_ok(), fits, "{email_verification:?}");
        }
    }
}
