//! The task that sends what the outbox holds.

use std::fmt::Write as _;
use std::time::Duration;

use hardtack_core::Entropy;
use hardtack_core::event::Event;
use hardtack_core::one_time_code::OneTimeCode;
use hardtack_core::user::User;
use hardtack_store::{QueuedMail, Retry, Store};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{MailError, MailOffice};
use crate::client::Client;
use crate::hardtack::Hardtack;

/// How often the outbox is looked into: who registers waits for the mail.
const EVERY: Duration = Duration::from_secs(1);

/// Mails under way at once. One server that hangs on one of them holds up no other at once, and
/// none asks more of a mail server than a person's mail program does.
const AT_ONCE: usize = 4;

/// What a claim lasts beyond the time that a mail may take: for the reading and writing around it.
const MARGIN: Duration = Duration::from_secs(30);

/// How long a process that is told to stop waits for mails under way. Those that need longer are
/// sent by the next one.
const LAST_CHANCE: Duration = Duration::from_secs(5);

/// RFC 5321 §4.5.4.1 gives up after four or five days; whoever waits for this mail has long asked
/// for another.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(3 * 86_400);

/// The pause after the first failure; it doubles with each one.
const SHORTEST_PAUSE: Duration = Duration::from_secs(10);

/// Greylisting lets go after minutes, outages after hours: more seldom helps nobody.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// How often the store is asked to note what became of a mail. Were it not noted that one was
/// sent, it would be sent twice.
const NOTES: u32 = 5;

impl<S: Store> Hardtack<S> {
    /// Sends mails until `stopping` is over, then lets those under way end for a moment.
    pub(crate) async fn send_mails(&self, mut stopping: watch::Receiver<()>) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut sending = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                // Nothing is ever sent: the other end goes away when it is time.
                _ = stopping.changed() => break,
                // Who is done makes room for the next.
                Some(_) = sending.join_next() => {}
                _ = ticks.tick() => {}
            }
            let room = u32::try_from(AT_ONCE.saturating_sub(sending.len())).unwrap_or(0);
            if room == 0 {
                continue;
            }
            let lease = self.settings().mail.timeout + MARGIN;
            match self.store().claim_mail(room, lease).await {
                Ok(claimed) => {
                    for queued in claimed {
                        let hardtack = self.clone();
                        sending.spawn(async move { hardtack.send_claimed(queued).await });
                    }
                }
                Err(error) => tracing::warn!(%error, "the outbox could not be read"),
            }
        }
        let ended = async { while sending.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_CHANCE, ended).await.is_err() {
            tracing::info!(
                mails = sending.len(),
                "mails were under way; they are sent after the next start"
            );
        }
    }

    async fn send_claimed(&self, queued: QueuedMail) {
        let outcome = match self.try_to_send(&queued).await {
            Ok(()) => Outcome::Sent,
            Err(error) => {
                let age = self.clock().now().since(queued.created_at);
                let may_go_later = matches!(error, MailError::Later(_)) && age < GIVEN_UP_AFTER;
                Outcome::Failed {
                    reason: self.without_secrets(&error.to_string(), &queued),
                    retry: if may_go_later {
                        Retry::After(pause(queued.tries, self.entropy()))
                    } else {
                        Retry::GiveUp
                    },
                }
            }
        };
        outcome.log(&queued);
        let noted = self.note(&queued, &outcome).await;
        if noted && outcome.is_final_failure() {
            let event = Event::MailGivenUp {
                user: queued.mail.user,
                mail: queued.mail.kind.name(),
            };
            self.report(&event, &Client::default());
        }
    }

    /// Writes what became of a mail, again if the store is not there at the moment. `false` when
    /// somebody else has it by now.
    async fn note(&self, queued: &QueuedMail, outcome: &Outcome) -> bool {
        for _ in 0..NOTES {
            let noted = match outcome {
                Outcome::Sent => self.store().mail_sent(queued.id).await,
                Outcome::Failed { reason, retry } => {
                    self.store()
                        .mail_failed(queued.id, queued.tries, reason.clone(), *retry)
                        .await
                }
            };
            match noted {
                Ok(noted) => return noted,
                Err(error) => tracing::warn!(%error, "what became of a mail is not written yet"),
            }
            tokio::time::sleep(EVERY).await;
        }
        false
    }

    async fn try_to_send(&self, queued: &QueuedMail) -> Result<(), MailError> {
        let Some(MailOffice {
            mailer,
            templates,
            codes,
            ids,
        }) = self.mail_office()
        else {
            return Err(MailError::Never("no mail transport is set".to_owned()));
        };
        let greeted = self.greeted(queued).await;
        let outgoing = templates
            .write(
                self.settings(),
                codes,
                (&queued.mail, queued.created_at),
                greeted.as_ref().map(|user| user.username.as_str()),
                ids.of(queued),
            )
            // Every template was tried at the start.
            .map_err(|error| MailError::Later(error.to_string()))?;
        let timeout = self.settings().mail.timeout;
        match tokio::time::timeout(timeout, mailer.send(&outgoing)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(MailError::Later(format!(
                "no answer within {} s",
                timeout.as_secs()
            ))),
        }
    }

    /// What a server said, without the addresses that nearly every refusal repeats, and without a
    /// word that has the mail's code in it, as those of spam filters that name a link. It is kept
    /// and logged.
    fn without_secrets(&self, reason: &str, queued: &QueuedMail) -> String {
        let code = self.mail_office().zip(queued.mail.kind.code());
        let code = code.map(|(office, (purpose, id))| {
            let code = OneTimeCode::derive(&office.codes, purpose, id);
            (code.to_key(), code.to_token(queued.created_at))
        });
        let is_secret = |word: &str| {
            code.as_ref().is_some_and(|(key, token)| {
                [key, token]
                    .iter()
                    .any(|secret| word.contains(secret.expose_secret().as_str()))
            })
        };
        let words = reason.split_whitespace().map(|word| {
            if is_secret(word) {
                "<link>"
            } else if word.contains('@') {
                "<address>"
            } else {
                word
            }
        });
        words.collect::<Vec<_>>().join(" ")
    }

    /// Whom a mail greets by name: its user, if the mailbox is known to be theirs. Names are free
    /// text of strangers, and `cheap.example.com` as the name of an account that somebody opened
    /// with your address would be their advertisement in your mailbox.
    async fn greeted(&self, queued: &QueuedMail) -> Option<User> {
        let user = self.store().find_user(queued.mail.user?).await.ok()??.user;
        (user.email_verified_at.is_some() && user.email == queued.mail.to).then_some(user)
    }
}

/// What became of a try.
enum Outcome {
    Sent,
    Failed { reason: String, retry: Retry },
}

impl Outcome {
    fn is_final_failure(&self) -> bool {
        matches!(
            self,
            Self::Failed {
                retry: Retry::GiveUp,
                ..
            }
        )
    }

    /// One line, without address, link or code.
    fn log(&self, queued: &QueuedMail) {
        let (mail, id, tries) = (queued.mail.kind.name(), queued.id.0, queued.tries);
        let user = queued.mail.user.map(|user| user.to_string());
        match self {
            Self::Sent => tracing::info!(event = "mail_sent", mail, id, user, tries, "mail sent"),
            Self::Failed {
                reason,
                retry: Retry::After(pause),
            } => {
                let next_try_in_seconds = pause.as_secs();
                tracing::warn!(
                    event = "mail_not_sent",
                    mail,
                    id,
                    user,
                    tries,
                    reason,
                    next_try_in_seconds,
                    "mail not sent, tried again later"
                );
            }
            Self::Failed {
                reason,
                retry: Retry::GiveUp,
            } => tracing::warn!(
                event = "mail_not_sent",
                mail,
                id,
                user,
                tries,
                reason,
                "mail not sent, and given up"
            ),
        }
    }
}

/// How long to wait after so many failures: twice as long each time, less up to a half by chance,
/// so that the mails that one outage held up do not come back all at once.
fn pause(tries: u32, entropy: &dyn Entropy) -> Duration {
    let doublings = tries.saturating_sub(1).min(16);
    let whole = SHORTEST_PAUSE
        .saturating_mul(1 << doublings)
        .min(LONGEST_PAUSE);
    let mut chance = [0];
    entropy.fill(&mut chance);
    whole.saturating_sub(whole / 2 * u32::from(chance[0]) / 255)
}

/// Makes the `Message-ID` of a mail: the same at every try, and a number to nobody.
pub(crate) struct MessageIds(aws_lc_rs::hmac::Key);

impl MessageIds {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, key))
    }

    fn of(&self, queued: &QueuedMail) -> String {
        let mut context = aws_lc_rs::hmac::Context::with_key(&self.0);
        context.update(&queued.id.0.to_be_bytes());
        // A database that begins anew counts from 1 again.
        context.update(&queued.created_at.unix_micros().to_be_bytes());
        let tag = context.sign();
        let mut text = String::with_capacity(32);
        for byte in tag.as_ref().iter().take(16) {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    #[test]
    fn pauses_double_up_to_an_hour_and_differ() {
        for (tries, at_most) in [
            (0, 10),
            (1, 10),
            (2, 20),
            (5, 160),
            (10, 3_600),
            (999, 3_600),
        ] {
            let pauses: Vec<_> = (0..50).map(|_| pause(tries, &SystemEntropy)).collect();
            let at_most = Duration::from_secs(at_most);
            assert!(pauses.iter().all(|p| *p <= at_most && *p >= at_most / 2));
            assert!(pauses.iter().any(|p| p != &pauses[0]), "{tries}");
        }
    }
}
