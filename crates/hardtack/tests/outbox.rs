//! What becomes of queued mails, whatever the mail server does.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking; clippy knows that only of functions marked #[test]"
)]

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hardtack::core::event::{Event, Observer};
use hardtack::core::key::{Algorithm, SigningKey, ring::KeyRing};
use hardtack::core::mail::{MailKind, NewMail};
use hardtack::core::one_time_code::{CodeId, CodeKey, CodePurpose, NewCode, OneTimeCode};
use hardtack::core::password::{HashCost, Hasher, Password};
use hardtack::core::refresh_token::Pepper;
use hardtack::core::session::RememberMe;
use hardtack::core::user::{CanonicalName, EmailAddress, LoginName, User, Username};
use hardtack::core::{Activity, Clock, SettableClock, Timestamp};
use hardtack::flow::Credentials;
use hardtack::mail::{MailError, Mailer, OutgoingMail};
use hardtack::store::{
    CodeStore, MemoryStore, NewInvitation, NewUser, OutboxStore, QueuedMail, UserStore,
};
use hardtack::{Client, Hardtack, PublicUrl, Settings, SystemEntropy};
use tokio::sync::oneshot;

const PASSWORD: &str = "correct horse battery";
const PEPPER: &[u8] = b"0123456789abcdefghijklmnopqrstuv";

/// Longer than any test should take, however busy the machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the post office does with the next mail.
#[derive(Clone, Copy)]
enum Mood {
    Takes,
    Hangs,
    Busy,
    Refuses,
    /// Refuses for good, and repeats the address and the link as servers and their filters do.
    Repeats,
}

/// A post office that does as it is told, and takes every mail when it was told nothing.
#[derive(Default)]
struct PostOffice {
    moods: Mutex<VecDeque<Mood>>,
    tried: Mutex<Vec<String>>,
    taken: Mutex<Vec<(String, String)>>,
}

impl PostOffice {
    fn in_moods(moods: &[Mood]) -> Arc<Self> {
        let office = Self::default();
        office.moods.lock().unwrap().extend(moods);
        Arc::new(office)
    }

    fn taken(&self) -> Vec<(String, String)> {
        self.taken.lock().unwrap().clone()
    }

    fn tried(&self) -> Vec<String> {
        self.tried.lock().unwrap().clone()
    }
}

impl Mailer for PostOffice {
    fn send<'a>(
        &'a self,
        mail: &'a OutgoingMail,
    ) -> Pin<Box<dyn Future<Output = Result<(), MailError>> + Send + 'a>> {
        let mood = self.moods.lock().unwrap().pop_front();
        self.tried.lock().unwrap().push(mail.message_id.clone());
        Box::pin(async move {
            match mood.unwrap_or(Mood::Takes) {
                Mood::Takes => {
                    let taken = (mail.subject.clone(), mail.text.clone());
                    self.taken.lock().unwrap().push(taken);
                    Ok(())
                }
                Mood::Hangs => std::future::pending().await,
                Mood::Busy => Err(MailError::Later("451 try later".to_owned())),
                Mood::Refuses => Err(MailError::Never("550 no such user".to_owned())),
                Mood::Repeats => {
                    let links = mail.text.split_whitespace();
                    let links: Vec<_> = links.filter(|word| word.contains("://")).collect();
                    Err(MailError::Never(format!(
                        "550 no <{}> wants {}",
                        mail.to.as_str(),
                        links.join(" ")
                    )))
                }
            }
        })
    }
}

#[derive(Default)]
struct Recorder(Mutex<Vec<String>>);

impl Observer for Recorder {
    fn observe(&self, event: &Event, _: Option<&str>) {
        let line = format!("{} {}", event.code(), event.reason().unwrap_or_default());
        self.0.lock().unwrap().push(line);
    }
}

/// One store, its clock, and what was reported.
struct World {
    clock: Arc<SettableClock>,
    store: MemoryStore,
    reported: Arc<Recorder>,
}

/// A process on it; its housekeeping ends when it is dropped.
struct Process {
    hardtack: Hardtack<MemoryStore>,
    stop: Option<oneshot::Sender<()>>,
    housekeeping: tokio::task::JoinHandle<()>,
}

impl World {
    fn new() -> Self {
        let start = Timestamp::from_unix_seconds(1_795_338_360);
        let clock = Arc::new(SettableClock::new(start));
        let store = MemoryStore::new(clock.clone());
        Self {
            clock,
            store,
            reported: Arc::default(),
        }
    }

    async fn process(&self, mailer: Option<Arc<PostOffice>>) -> Process {
        let keys = KeyRing::new(
            SigningKey::generate(Algorithm::Es256).unwrap(),
            self.clock.now(),
        );
        let pepper = Pepper::new(PEPPER).unwrap();
        let mut settings = Settings::new(PublicUrl::parse("https://app.example.com").unwrap());
        settings.password.cost = HashCost::danger_cheap_for_tests();
        settings.mail.timeout = Duration::from_secs(2);
        let mut builder = Hardtack::builder(self.store.clone(), keys, pepper, settings)
            .with_clock(self.clock.clone())
            .with_observer(self.reported.clone());
        if let Some(mailer) = mailer {
            builder = builder.with_mailer(mailer);
        }
        let hardtack = builder.build().await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            let _ = stopped.await;
        };
        Process {
            housekeeping: tokio::spawn(hardtack.clone().run_housekeeping(stopped)),
            hardtack,
            stop: Some(stop),
        }
    }

    /// A user as an operator adds them: the address counts as theirs.
    async fn add_user(&self, name: &str) -> User {
        let password = Password::parse(PASSWORD.to_owned()).unwrap();
        let password_hash = Hasher::new(HashCost::danger_cheap_for_tests())
            .hash(&password, &SystemEntropy)
            .unwrap();
        let user = NewUser {
            username: Username::parse(name).unwrap(),
            email: EmailAddress::parse(&format!("{name}@example.com")).unwrap(),
            first_name: String::new(),
            last_name: String::new(),
            password_hash,
        };
        self.store.insert_user(user).await.unwrap().unwrap()
    }

    async fn queue(&self, user: &User, kind: MailKind) {
        let mail = NewMail {
            to: user.email.clone(),
            user: Some(user.id),
            language: None,
            kind,
        };
        self.store.queue_mail(vec![mail]).await.unwrap();
    }

    async fn queued(&self) -> Vec<QueuedMail> {
        self.store.list_mail(None, 100).await.unwrap()
    }

    /// Waits until the outbox is as it should be.
    async fn until(&self, is_so: impl Fn(&[QueuedMail]) -> bool) -> Vec<QueuedMail> {
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                let queued = self.queued().await;
                if is_so(&queued) {
                    return queued;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let Ok(queued) = waited.await else {
            panic!("{:?}", self.queued().await);
        };
        queued
    }

    fn reported(&self, code: &str) -> usize {
        let lines = self.reported.0.lock().unwrap();
        lines.iter().filter(|line| line.starts_with(code)).count()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.housekeeping.abort();
    }
}

#[tokio::test]
async fn a_queued_mail_is_sent_and_leaves_the_outbox() {
    let world = World::new();
    let user = world.add_user("ada").await;
    let office = PostOffice::in_moods(&[]);
    let _process = world.process(Some(office.clone())).await;
    world.queue(&user, MailKind::PasswordChanged).await;
    world.until(<[_]>::is_empty).await;
    let taken = office.taken();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].0, "Your password was changed");
    assert!(taken[0].1.starts_with("Hello ada,"), "{}", taken[0].1);
}

/// A mail server that hangs must delay no answer, and no mail but the one it hangs on.
#[tokio::test]
async fn a_server_that_hangs_or_is_busy_loses_nothing() {
    let world = World::new();
    let user = world.add_user("ada").await;
    let office = PostOffice::in_moods(&[Mood::Hangs, Mood::Busy]);
    let _process = world.process(Some(office.clone())).await;
    world.queue(&user, MailKind::PasswordChanged).await;
    let queued = world.until(|queued| queued[0].last_error.is_some()).await;
    assert_eq!(
        queued[0].last_error.as_deref(),
        Some("no answer within 2 s")
    );
    assert_eq!(queued[0].tries, 1);

    world.clock.advance(Duration::from_secs(10));
    let queued = world
        .until(|queued| {
            queued[0].tries == 2 && queued[0].last_error.as_deref() == Some("451 try later")
        })
        .await;
    let pause = queued[0].next_try_at.since(world.clock.now());
    assert!(pause >= Duration::from_secs(10) && pause <= Duration::from_secs(20));

    world.clock.advance(Duration::from_secs(20));
    world.until(<[_]>::is_empty).await;
    assert_eq!(office.taken().len(), 1);
    let tried = office.tried();
    assert!(
        tried.iter().all(|id| *id == tried[0]),
        "one Message-ID: {tried:?}"
    );
    assert_eq!(world.reported("mail_given_up"), 0);
}

#[tokio::test]
async fn a_mail_is_given_up_when_it_is_refused_for_good_or_three_days_old() {
    let world = World::new();
    let user = world.add_user("ada").await;
    let office = PostOffice::in_moods(&[Mood::Refuses, Mood::Busy, Mood::Busy]);
    let _process = world.process(Some(office.clone())).await;
    world.queue(&user, MailKind::PasswordChanged).await;
    let queued = world.until(|queued| queued[0].given_up_at.is_some()).await;
    assert_eq!(queued[0].last_error.as_deref(), Some("550 no such user"));

    world.queue(&user, MailKind::AlreadyRegistered).await;
    world.until(|queued| queued[1].last_error.is_some()).await;
    world.clock.advance(Duration::from_secs(3 * 86_400));
    world.until(|queued| queued[1].given_up_at.is_some()).await;
    assert_eq!(office.taken(), []);
    assert_eq!(world.reported("mail_given_up password_changed"), 1);
    assert_eq!(world.reported("mail_given_up already_registered"), 1);
}

/// Codes and addresses in logs (CWE-532): most servers repeat the address that they refuse, and
/// filters repeat the link that they do not like.
#[tokio::test]
async fn what_a_server_repeats_of_address_and_link_is_neither_kept_nor_logged() {
    let world = World::new();
    let user = world.add_user("ada").await;
    let office = PostOffice::in_moods(&[Mood::Repeats, Mood::Repeats]);
    let _process = world.process(Some(office.clone())).await;
    for purpose in [CodePurpose::ResetPassword, CodePurpose::Invitation] {
        let key = CodeKey::new(&Pepper::new(PEPPER).unwrap());
        let code = NewCode::draw(&key, purpose, &SystemEntropy);
        let secret = OneTimeCode::derive(&key, purpose, code.id);
        if purpose == CodePurpose::Invitation {
            let invitation = NewInvitation {
                code,
                to: user.email.clone(),
                language: None,
            };
            world.store.insert_invitation(invitation).await.unwrap();
        } else {
            assert!(world.store.insert_code(user.id, code, None).await.unwrap());
        }
        let queued = world
            .until(|queued| queued.last().is_some_and(|mail| mail.given_up_at.is_some()))
            .await;
        let queued = queued.last().unwrap();
        let reason = queued.last_error.as_deref().unwrap();
        assert!(reason.starts_with("550 no <address> wants "), "{reason}");
        assert!(reason.contains("<link>"), "{reason}");
        let token = secret.to_token(queued.created_at);
        for secret in [&secret.to_key(), &token] {
            assert!(
                !reason.contains(secret.expose_secret().as_str()),
                "{reason}"
            );
        }
    }
}

/// A process that dies while the server has the mail and has not said so: the next one sends it
/// once the claim is over. Twice at most, never not at all.
#[tokio::test]
async fn a_mail_whose_sender_died_is_sent_by_the_next_one_when_the_claim_is_over() {
    let world = World::new();
    let user = world.add_user("ada").await;
    let office = PostOffice::in_moods(&[Mood::Hangs]);
    let process = world.process(Some(office.clone())).await;
    world.queue(&user, MailKind::PasswordChanged).await;
    world.until(|queued| queued[0].tries == 1).await;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while office.tried().is_empty() && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(process);

    let _next = world.process(Some(office.clone())).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(office.tried().len(), 1, "it may still be on its way");
    world.clock.advance(Duration::from_secs(32));
    world.until(<[_]>::is_empty).await;
    assert_eq!(office.tried().len(), 2);
    assert_eq!(office.taken().len(), 1);
}

#[tokio::test]
async fn a_process_that_is_told_to_stop_does_not_wait_for_a_server_that_hangs() {
    let world = World::new();
    let user = world.add_user("ada").await;
    let office = PostOffice::in_moods(&[Mood::Hangs]);
    let mut process = world.process(Some(office.clone())).await;
    world.queue(&user, MailKind::PasswordChanged).await;
    world.until(|queued| queued[0].tries == 1).await;
    process.stop.take().unwrap().send(()).unwrap();
    tokio::time::timeout(PATIENCE, &mut process.housekeeping)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(world.queued().await.len(), 1, "it is still there");
}

#[tokio::test]
async fn without_a_way_out_mails_are_given_up_and_say_why() {
    let world = World::new();
    let user = world.add_user("ada").await;
    let _process = world.process(None).await;
    world.queue(&user, MailKind::PasswordChanged).await;
    let queued = world.until(|queued| queued[0].given_up_at.is_some()).await;
    assert_eq!(
        queued[0].last_error.as_deref(),
        Some("no mail transport is set")
    );
}

/// docs/threat-model.md §2: whose password was guessed learns of it, and whose token was copied.
#[tokio::test]
async fn a_new_device_and_a_copied_token_are_told_to_the_user() {
    let world = World::new();
    let user = world.add_user("ada").await;
    let process = world.process(None).await;
    let hardtack = &process.hardtack;
    let log_in = async |user_agent: &str| {
        let credentials = Credentials {
            name: LoginName::NameOrEmail(CanonicalName::of("ada")),
            password: Password::parse(PASSWORD.to_owned()).unwrap(),
        };
        let client = Client {
            address: Some("2001:db8::7".parse().unwrap()),
            user_agent: user_agent.to_owned(),
            ..Client::default()
        };
        let nothing = std::iter::empty();
        hardtack
            .log_in(credentials, RememberMe::Unsaid, nothing, &client)
            .await
            .unwrap()
            .1
    };
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
    let first = log_in(firefox).await;
    assert!(
        world.queued().await.is_empty(),
        "there is none to tell it from"
    );
    log_in(chrome).await;
    let told = world.queued().await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].mail.to, user.email);
    let MailKind::NewDevice {
        device, address, ..
    } = &told[0].mail.kind
    else {
        panic!("{told:?}");
    };
    assert!(device.contains("Chrome"), "{device}");
    assert_eq!(address, "2001:db8::7");

    let stolen = first.refresh.expose_secret().to_owned();
    let mut token = stolen.clone();
    for _ in 0..3 {
        world.clock.advance(Duration::from_secs(120));
        let grant = hardtack
            .refresh(&[&token], &Client::default(), Activity::Counts)
            .await
            .unwrap();
        token = grant.refresh.expose_secret().to_owned();
    }
    world.clock.advance(Duration::from_secs(120));
    hardtack
        .refresh(&[&stolen], &Client::default(), Activity::Counts)
        .await
        .unwrap_err();
    let kinds: Vec<_> = world
        .queued()
        .await
        .into_iter()
        .map(|queued| queued.mail.kind)
        .collect();
    let copies: Vec<_> = kinds
        .iter()
        .filter_map(|kind| match kind {
            MailKind::SessionEndedCopied { device, .. } => device.as_deref(),
            _ => None,
        })
        .collect();
    assert_eq!(copies.len(), 1, "{kinds:?}");
    assert!(copies[0].contains("Firefox"), "{copies:?}");
}

/// An invitation is for nobody yet, and names nobody.
#[tokio::test]
async fn an_invitation_that_leads_nowhere_is_not_sent() {
    let world = World::new();
    let office = PostOffice::in_moods(&[]);
    let _process = world.process(Some(office.clone())).await;
    let mail = NewMail {
        to: EmailAddress::parse("eve@example.com").unwrap(),
        user: None,
        language: Some("fa".to_owned()),
        kind: MailKind::Invitation {
            code: CodeId::from_bytes([9; 16]),
        },
    };
    world.store.queue_mail(vec![mail]).await.unwrap();
    world.until(|queued| queued[0].given_up_at.is_some()).await;
    assert_eq!(office.tried().len(), 0);
}
