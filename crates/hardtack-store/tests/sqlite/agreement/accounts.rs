//! Likewise about accounts: registration, codes, what they buy, and the mails that tell of it.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use hardtack_core::mail::{MailKind, NewMail};
use hardtack_core::one_time_code::{CodeHash, CodeId, CodePurpose, NewCode, PresentedCode};
use hardtack_core::session::RevokeReason;
use hardtack_core::user::{EmailAddress, UserState, Username};
use hardtack_core::{Clock, SettableClock, UserId};
use hardtack_store::{
    MailId, MemoryStore, NewEmailChange, NewInvitation, NewPassword, NewReset, NewUser,
    ProfileChange, Registration, Retry, SqliteStore, Store, WayBack,
};

use super::{Dice, revoke, sorted, words};
use crate::{WINDOW, clock, log_in_anywhere, new_user, room};

const NAMES: [&str; 5] = ["alice", "Alice", "bob", "carol", "a@example.com"];
const ADDRESSES: [&str; 5] = [
    "",
    "a@example.com",
    "A@example.com",
    "b@example.com",
    "c@example.com",
];

const PURPOSES: [CodePurpose; 5] = [
    CodePurpose::VerifyEmail,
    CodePurpose::ResetPassword,
    CodePurpose::ChangeEmail,
    CodePurpose::RevertEmail,
    CodePurpose::Invitation,
];

/// One thing to ask. Few names, so that the same rows are met again and again.
#[derive(Debug, Clone)]
enum Ask {
    Register(NewUser, Option<PresentedCode>, Option<NewCode>),
    Invite(EmailAddress, NewCode),
    Code(UserId, NewCode),
    Find(PresentedCode),
    Verify(PresentedCode),
    Reset(UserId, PresentedCode),
    Move(UserId, EmailAddress, NewCode),
    Confirm(PresentedCode, NewCode),
    Revert(PresentedCode, NewCode),
    Password(UserId),
    Rename(UserId, Username),
    Language(UserId),
    State(UserId, UserState),
    Delete(UserId),
    LogIn(UserId, u32),
    Queue(NewMail),
    Claim(u32),
    Sent(MailId),
    Failed(MailId, u32, Retry),
    Purge,
}

/// What was made so far, to be met again.
#[derive(Default)]
struct Made {
    codes: Vec<NewCode>,
    sessions: u32,
}

impl Made {
    fn new_code(&mut self, purpose: CodePurpose) -> NewCode {
        let number = u8::try_from(self.codes.len() % 256).unwrap();
        let high = u8::try_from(self.codes.len() / 256).unwrap();
        let mut id = [number; 16];
        id[0] = high;
        let mut hash = [number; 32];
        hash[31] = high;
        let code = NewCode {
            id: CodeId::from_bytes(id),
            purpose,
            hash: CodeHash::from_bytes(hash),
            lifetime: purpose.lifetime(),
        };
        self.codes.push(code);
        code
    }

    /// A code that was made for `purpose`, most often one of the last.
    fn shown(&self, purpose: CodePurpose, dice: &mut Dice) -> PresentedCode {
        let of_purpose = self
            .codes
            .iter()
            .rev()
            .filter(|code| code.purpose == purpose);
        let back = usize::try_from(dice.below(3)).unwrap();
        let hash = of_purpose.map(|code| code.hash).nth(back);
        PresentedCode {
            purpose,
            hash: hash.unwrap_or(CodeHash::from_bytes([0; 32])),
            user: (dice.below(4) == 0).then(|| user(dice)),
            created_at_seconds: None,
        }
    }
}

fn user(dice: &mut Dice) -> UserId {
    UserId::new(i64::from(dice.below(6)))
}

fn one_of<T: Copy>(all: &[T], dice: &mut Dice) -> T {
    all[usize::try_from(dice.below(u32::try_from(all.len()).unwrap())).unwrap()]
}

fn address(dice: &mut Dice) -> EmailAddress {
    EmailAddress::parse(one_of(&ADDRESSES, dice)).unwrap()
}

fn ask(dice: &mut Dice, made: &mut Made) -> Ask {
    let id = user(dice);
    let mail = MailId(i64::from(dice.below(60)));
    match dice.below(44) {
        0..=4 => {
            let new = NewUser {
                email: address(dice),
                ..new_user(one_of(&NAMES, dice))
            };
            let invited = dice.below(3) == 0;
            let invitation = invited.then(|| made.shown(CodePurpose::Invitation, dice));
            let verified = dice.below(4) > 0;
            let verification = verified.then(|| made.new_code(CodePurpose::VerifyEmail));
            Ask::Register(new, invitation, verification)
        }
        5 => Ask::Invite(address(dice), made.new_code(CodePurpose::Invitation)),
        6..=10 => Ask::Code(id, made.new_code(one_of(&PURPOSES[..2], dice))),
        11..=13 => Ask::Find(made.shown(one_of(&PURPOSES, dice), dice)),
        14..=16 => Ask::Verify(made.shown(CodePurpose::VerifyEmail, dice)),
        17..=18 => Ask::Reset(id, made.shown(CodePurpose::ResetPassword, dice)),
        19..=23 => {
            let code = made.new_code(CodePurpose::ChangeEmail);
            Ask::Move(id, address(dice), code)
        }
        24..=28 => {
            let way_back = made.new_code(CodePurpose::RevertEmail);
            Ask::Confirm(made.shown(CodePurpose::ChangeEmail, dice), way_back)
        }
        29..=30 => {
            let reset = made.new_code(CodePurpose::ResetPassword);
            Ask::Revert(made.shown(CodePurpose::RevertEmail, dice), reset)
        }
        31 => Ask::Password(id),
        32 => Ask::Rename(id, Username::parse(one_of(&NAMES, dice)).unwrap()),
        33 => Ask::Language(id),
        34 => Ask::State(id, UserState::Disabled),
        35..=36 => Ask::State(id, UserState::Active),
        37 if dice.below(4) == 0 => Ask::Delete(id),
        37..=38 => {
            made.sessions += 1;
            Ask::LogIn(id, made.sessions)
        }
        39 => Ask::Queue(notice(id)),
        40 => Ask::Claim(dice.below(4)),
        41 => Ask::Sent(mail),
        42 => {
            let retry = if dice.below(2) == 0 {
                Retry::GiveUp
            } else {
                Retry::After(Duration::from_secs(30))
            };
            Ask::Failed(mail, dice.below(3), retry)
        }
        _ => Ask::Purge,
    }
}

fn notice(user: UserId) -> NewMail {
    NewMail {
        to: EmailAddress::parse("somebody@example.com").unwrap(),
        user: Some(user),
        language: None,
        kind: MailKind::PasswordChanged,
    }
}

/// Asks, and puts the answer in words; sets are sorted.
async fn answer<S: Store>(store: &S, ask: Ask) -> String {
    let language = Some("es".to_owned());
    match ask {
        Ask::Register(user, invitation, verification) => {
            let registration = Registration {
                user,
                language: None,
                invitation,
                verification,
            };
            words(store.register_user(registration).await.unwrap())
        }
        Ask::Invite(to, code) => {
            let invitation = NewInvitation { code, to, language };
            words(store.insert_invitation(invitation).await.unwrap())
        }
        Ask::Code(user, code) => words(store.insert_code(user, code, language).await.unwrap()),
        Ask::Find(code) => words(store.find_code(code).await.unwrap()),
        Ask::Verify(code) => words(store.verify_email(code).await.unwrap()),
        Ask::Reset(..) | Ask::Move(..) | Ask::Confirm(..) | Ask::Revert(..) => {
            recover(store, ask).await
        }
        Ask::Queue(_) | Ask::Claim(_) | Ask::Sent(_) | Ask::Failed(..) => send(store, ask).await,
        Ask::Password(user) => {
            let new = NewPassword {
                user,
                version: None,
                hash: "$argon2id$second".to_owned(),
                mails: vec![notice(user)],
            };
            let reason = revoke(RevokeReason::PasswordChanged);
            words(
                store
                    .change_password(new, None, reason, WINDOW)
                    .await
                    .unwrap(),
            )
        }
        Ask::Rename(user, username) => {
            let profile = ProfileChange {
                username: Some(username),
                ..ProfileChange::default()
            };
            words(store.change_profile(user, profile).await.unwrap())
        }
        Ask::Language(user) => words(store.set_language(user, language).await.unwrap()),
        Ask::State(user, state) => {
            let reason = revoke(RevokeReason::UserDisabled);
            let ended = store.set_user_state(user, state, reason).await.unwrap();
            words(ended.map(sorted))
        }
        Ask::Delete(user) => {
            let reason = revoke(RevokeReason::UserDeleted);
            let ended = store.delete_user(user, reason).await.unwrap();
            words(ended.map(sorted))
        }
        Ask::LogIn(user, number) => words(log_in_anywhere(store, user, number).await),
        Ask::Purge => {
            let kept_for = Duration::from_secs(3_600);
            words((
                store.purge_codes().await.unwrap(),
                store.purge_mail(kept_for).await.unwrap(),
            ))
        }
    }
}

async fn recover<S: Store>(store: &S, ask: Ask) -> String {
    let language = Some("fa".to_owned());
    let reason = revoke(RevokeReason::PasswordChanged);
    match ask {
        Ask::Reset(user, code) => {
            let reset = NewReset {
                code,
                hash: "$argon2id$reset".to_owned(),
                mails: vec![notice(user)],
            };
            let done = store.reset_password(reset, reason).await.unwrap();
            words(done.map(|done| (done.user, sorted(done.ended))))
        }
        Ask::Move(user, to, code) => {
            let Some(found) = store.find_user(user).await.unwrap() else {
                return String::new();
            };
            let change = NewEmailChange {
                user,
                version: found.user.password_version,
                to,
                code,
                language,
            };
            words(store.insert_email_change(change).await.unwrap())
        }
        Ask::Confirm(code, way_back) => {
            words(store.change_email(code, way_back, language).await.unwrap())
        }
        Ask::Revert(code, reset) => {
            let way_back = WayBack {
                code,
                reset,
                language,
            };
            let done = store.revert_email(way_back, reason).await.unwrap();
            words(done.map(|done| (done.user, done.before, sorted(done.ended))))
        }
        _ => String::new(),
    }
}

async fn send<S: Store>(store: &S, ask: Ask) -> String {
    match ask {
        Ask::Queue(mail) => words(store.queue_mail(vec![mail]).await.is_ok()),
        Ask::Claim(limit) => {
            let lease = Duration::from_secs(60);
            words(store.claim_mail(limit, lease).await.unwrap())
        }
        Ask::Sent(id) => words(store.mail_sent(id).await.unwrap()),
        Ask::Failed(id, tries, retry) => {
            let failed = store.mail_failed(id, tries, "refused".to_owned(), retry);
            words(failed.await.unwrap())
        }
        _ => String::new(),
    }
}

/// Everything that a store can be seen to hold.
async fn everything<S: Store>(store: &S, made: &Made) -> String {
    let mut seen = String::new();
    for user in store.list_users(None, 100).await.unwrap() {
        let found = store.find_user(user.id).await.unwrap().unwrap();
        let held = store.find_holdings(user.id).await.unwrap();
        write!(seen, "{} {held:#?}", found.password_hash).unwrap();
    }
    for code in &made.codes {
        let presented = PresentedCode {
            purpose: code.purpose,
            hash: code.hash,
            user: None,
            created_at_seconds: None,
        };
        let found = store.find_code(presented).await.unwrap();
        write!(seen, "{found:#?}").unwrap();
    }
    seen + &format!("{:#?}", store.list_mail(None, u32::MAX).await.unwrap())
}

/// What was asked and how it ended, for every step.
async fn agree(seed: u64) -> BTreeSet<String> {
    let (_directory, path) = room();
    let clock: Arc<SettableClock> = clock();
    let memory = MemoryStore::new(Arc::<SettableClock>::clone(&clock) as Arc<dyn Clock>);
    let sqlite = SqliteStore::open(&path, Arc::<SettableClock>::clone(&clock)).unwrap();
    let mut dice = Dice(seed);
    let mut made = Made::default();
    let mut met = BTreeSet::new();
    for step in 0..500 {
        match dice.below(40) {
            0 => clock.advance(Duration::from_secs(4 * 86_400)),
            1 => clock.advance(Duration::from_secs(1_900)),
            2 => clock.set(clock.now() - Duration::from_secs(30)),
            3..=12 => clock.advance(Duration::from_secs(20)),
            _ => {}
        }
        let ask = ask(&mut dice, &mut made);
        let said = answer(&memory, ask.clone()).await;
        assert_eq!(
            answer(&sqlite, ask.clone()).await,
            said,
            "seed {seed}, step {step}: {ask:?}"
        );
        let first_word = |text: &str| text.split(['(', ' ', '{']).next().map(ToOwned::to_owned);
        let asked = first_word(&format!("{ask:?}")).unwrap_or_default();
        let refused = [
            "Taken",
            "Refused",
            "NotInvited",
            "Superseded",
            "None",
            "false",
        ];
        let refused = refused
            .into_iter()
            .find(|word| said.contains(word) && !said.contains("User"));
        met.insert(format!("{asked} {}", refused.unwrap_or("done")));
        if step % 20 == 0 {
            let held = everything(&memory, &made).await;
            assert_eq!(
                everything(&sqlite, &made).await,
                held,
                "seed {seed}, step {step}: after {ask:?}"
            );
        }
    }
    met
}

#[tokio::test]
async fn both_backends_answer_alike_about_accounts() {
    let mut met = BTreeSet::new();
    for seed in 1..=8 {
        met.extend(agree(seed).await);
    }
    // A walk in which nobody ever got anywhere would prove nothing.
    for act in [
        "Register", "Verify", "Reset", "Move", "Confirm", "Revert", "Claim", "Sent", "Delete",
    ] {
        assert!(met.contains(&format!("{act} done")), "{act}: {met:?}");
    }
}
