//! Show that an address is one's own: a mail with a code, and the code.

use hardtack_core::event::Event;
use hardtack_core::one_time_code::{CodePurpose, PresentedCode};
use hardtack_core::user::{EmailAddress, User};
use hardtack_store::Store;

use super::code::{CodeError, MailRequestError};
use super::{Unavailable, see_through};
use crate::client::Client;
use crate::hardtack::Hardtack;

impl<S: Store> Hardtack<S> {
    /// Trades the `key` of a verification mail for a verified address. It is good once, for an
    /// hour, for the address that it was sent to.
    ///
    /// Nobody is logged in by it: the mail may be opened anywhere.
    ///
    /// # Errors
    /// [`CodeError`]; nothing was changed.
    pub async fn verify_email(&self, key: &str, client: &Client) -> Result<User, CodeError> {
        let purpose = CodePurpose::VerifyEmail;
        let showing = self.count_code(client).map_err(CodeError::Throttled)?;
        let verified = match PresentedCode::parse_key(purpose, key) {
            Ok(code) => self.spend_verification(code, client).await?,
            Err(_) => None,
        };
        let Some(user) = verified else {
            self.refuse_code(purpose, showing, client);
            return Err(CodeError::Refused);
        };
        showing.was_good();
        Ok(user)
    }

    async fn spend_verification(
        &self,
        code: PresentedCode,
        client: &Client,
    ) -> Result<Option<User>, Unavailable> {
        let (hardtack, client) = (self.clone(), client.clone());
        see_through(async move {
            let verified = hardtack.store().verify_email(code).await?;
            if let Some(user) = &verified {
                hardtack.report(&Event::EmailVerified { user: user.id }, &client);
            }
            Ok(verified)
        })
        .await
    }

    /// Mails the user of this address another code, if there is one who has not verified it. The
    /// answer and the time that it takes are the same for everybody.
    ///
    /// # Errors
    /// [`MailRequestError`].
    pub async fn resend_verification(
        &self,
        email: &EmailAddress,
        client: &Client,
    ) -> Result<(), MailRequestError> {
        let unverified = |user: &User| user.email_verified_at.is_none();
        self.mail_code(CodePurpose::VerifyEmail, email, unverified, client)
            .await?;
        Ok(())
    }
}
