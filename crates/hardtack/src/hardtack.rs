//! The handle: one authority, put together once and shared by everything that serves.

use std::collections::BTreeSet;
use std::sync::Arc;

use ::http::HeaderName;
use arc_swap::ArcSwap;
use hardtack_core::access_token::Expectations;
use hardtack_core::csrf::TrustedOrigins;
use hardtack_core::event::{Event, Observer, Unobserved};
use hardtack_core::key::KeySet;
use hardtack_core::key::ring::KeyRing;
use hardtack_core::one_time_code::CodeKey;
use hardtack_core::refresh_token::Pepper;
use hardtack_core::{Clock, Entropy, Secret};
use hardtack_guard::{DoubleSubmit, Guard, RevokedSet, SystemClock, Verifier};
use hardtack_store::{Store, StoreError};

use crate::audit::AuditTrail;
use crate::background::Background;
use crate::breached::{BreachCheck, BreachedPasswords};
use crate::client::{Client, text_of};
use crate::entropy::SystemEntropy;
use crate::hash_pool::HashPool;
use crate::http::cookies::CookieWriter;
use crate::last_seen::LastSeen;
use crate::mail::{MailOffice, MailTemplates, Mailer, TemplateError};
use crate::pages::Pages;
use crate::revocations::Revocations;
use crate::settings::{Settings, SettingsError};
use crate::throttles::Throttles;
use crate::uses::Uses;

/// An authority: it logs people in and out, and knows which of its tokens are good.
///
/// A clone is another handle to the same authority.
pub struct Hardtack<S>(Arc<Authority<S>>);

struct Authority<S> {
    store: S,
    settings: Settings,
    issuer: String,
    keys: ArcSwap<KeyRing>,
    pepper: Pepper,
    csrf_key: Secret<[u8; 32]>,
    guard: Guard,
    cookies: CookieWriter,
    hash_pool: HashPool,
    breach_check: Option<BreachCheck>,
    throttles: Throttles,
    code_key: CodeKey,
    background: Background,
    uses: Arc<Uses>,
    last_seen: Arc<LastSeen>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    observer: Arc<dyn Observer>,
    revocations: Revocations,
    audit: AuditTrail,
    pages: Option<Arc<Pages>>,
    mail_office: Option<MailOffice>,
}

impl<S> Clone for Hardtack<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> std::fmt::Debug for Hardtack<S> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Hardtack")
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}

/// Puts an authority together. What must be there was given to [`Hardtack::builder`].
pub struct Builder<S> {
    store: S,
    keys: KeyRing,
    pepper: Pepper,
    settings: Settings,
    breached_passwords: Option<Arc<dyn BreachedPasswords>>,
    mailer: Option<Arc<dyn Mailer>>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    observer: Arc<dyn Observer>,
}

/// Why an authority cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A setting that cannot be, or two that contradict each other.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The revocations could not be read. Without them ended sessions would be believed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The templates or texts of `settings.mail.templates_dir` cannot be used.
    #[error(transparent)]
    Templates(#[from] TemplateError),
}

impl<S: Store> Builder<S> {
    /// Another clock than the system's. The store must have been given the same.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Another source of randomness than the system's. Whoever can predict it owns every session.
    #[must_use]
    pub fn with_entropy(mut self, entropy: Arc<dyn Entropy>) -> Self {
        self.entropy = entropy;
        self
    }

    /// New passwords are compared with this list of leaked ones ([`crate::breached`]).
    #[must_use]
    pub fn with_breached_passwords(mut self, list: Arc<dyn BreachedPasswords>) -> Self {
        self.breached_passwords = Some(list);
        self
    }

    /// Who is told what happens.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    /// How mails leave the house. Without it none is sent, and what was queued is given up.
    #[must_use]
    pub fn with_mailer(mut self, mailer: Arc<dyn Mailer>) -> Self {
        self.mailer = Some(mailer);
        self
    }

    /// Checks the settings and reads every unexpired revocation, so that no traffic is taken
    /// before it is known who was logged out.
    ///
    /// # Errors
    /// [`BuildError`].
    pub async fn build(self) -> Result<Hardtack<S>, BuildError> {
        let Self {
            store,
            keys,
            pepper,
            settings,
            breached_passwords,
            mailer,
            clock,
            entropy,
            observer,
        } = self;
        settings.verify()?;
        let issuer = settings
            .tokens
            .issuer
            .clone()
            .unwrap_or_else(|| settings.public_url.origin().to_owned());
        let now = clock.now();
        let expected = Expectations {
            issuer: issuer.clone(),
            audience: settings.tokens.audience.clone(),
            accept_simplejwt: settings.tokens.accept_simplejwt,
        };
        let revoked = RevokedSet::new(settings.tokens.ends_remembered_for(), now)
            .with_staleness(settings.revocations.staleness());
        let uses = Arc::new(Uses::default());
        let last_seen = Arc::new(LastSeen::new(now));
        let seen = Arc::clone(&last_seen);
        let (noted, used_by) = (Arc::clone(&uses), Arc::clone(&clock));
        let verifier = Verifier::new(
            keys.verifying_keys(now),
            expected,
            Arc::clone(&clock),
            Arc::new(revoked),
        )
        .with_use_reporter(
            Arc::new(move |session, position| noted.note(session, position, used_by.now())),
            settings.session.rotation_window,
        )
        .with_activity_reporter(Arc::new(move |active| {
            seen.note(active.session, active.seen_at, active.idle_expires_at);
        }));
        let csrf_key = pepper.derive_key("csrf/v1");
        let origins = trusted_origins(&settings)?;
        let cookies = CookieWriter::new(&settings);
        let mut guard = Guard::new(verifier, cookies.access_name(), origins);
        if settings.csrf.double_submit {
            guard = guard.with_double_submit(DoubleSubmit {
                key: Secret::new(*csrf_key.expose_secret()),
                cookie_name: cookies.csrf_name().to_owned(),
                header_name: HeaderName::from_static("x-csrftoken"),
            });
        }
        let mail_office = match mailer {
            Some(mailer) => {
                let templates = MailTemplates::load(&settings)?;
                Some(MailOffice::new(mailer, templates, &pepper))
            }
            None => None,
        };
        let authority = Authority {
            pages: Pages::build(&settings, &*entropy)?,
            mail_office,
            audit: AuditTrail::new(settings.audit),
            hash_pool: HashPool::new(&settings.password),
            breach_check: breached_passwords
                .map(|list| BreachCheck::new(list, settings.password.breached_timeout)),
            throttles: Throttles::new(&settings, &*entropy),
            code_key: CodeKey::new(&pepper),
            background: Background::default(),
            cookies,
            store,
            settings,
            issuer,
            keys: ArcSwap::from_pointee(keys),
            pepper,
            csrf_key,
            guard,
            uses,
            last_seen,
            clock,
            entropy,
            observer,
            revocations: Revocations::default(),
        };
        let hardtack = Hardtack(Arc::new(authority));
        hardtack.ask_to_remember_ends().await?;
        hardtack.read_revocations().await?;
        Ok(hardtack)
    }
}

fn trusted_origins(settings: &Settings) -> Result<TrustedOrigins, SettingsError> {
    let listed = settings.cors_allowed_origins.iter().map(String::as_str);
    let mut origins = TrustedOrigins::new(
        std::iter::once(settings.public_url.origin()).chain(listed),
    )
    .map_err(|error| SettingsError {
        key: "cors.allowed_origins",
        problem: error.to_string(),
    })?;
    if settings.csrf.allow_loopback {
        origins = origins.with_loopback();
    }
    if settings.csrf.allow_same_site {
        origins = origins.with_same_site();
    }
    Ok(origins)
}

impl<S: Store> Hardtack<S> {
    /// Starts to put an authority together over `store`, signing with `keys`, deriving refresh
    /// tokens under `pepper`.
    pub fn builder(store: S, keys: KeyRing, pepper: Pepper, settings: Settings) -> Builder<S> {
        Builder {
            store,
            keys,
            pepper,
            settings,
            breached_passwords: None,
            mailer: None,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            observer: Arc::new(Unobserved),
        }
    }

    /// Protects routes of the embedding application with this authority's tokens, revocations and
    /// CSRF rule: `app.layer(hardtack.guard().layer())`.
    #[must_use]
    pub fn guard(&self) -> &Guard {
        &self.0.guard
    }

    /// What it was told.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Signs with other keys from now on, and believes only theirs. Requests under way finish with
    /// the old ones.
    pub fn replace_keys(&self, keys: KeyRing) {
        let verifying = keys.verifying_keys(self.clock().now());
        self.0.keys.store(Arc::new(keys));
        self.believe(verifying);
    }

    /// Writes the uses of access tokens that were gathered since the last call, but for those that
    /// have waited too long. Called by [`run_housekeeping`](Self::run_housekeeping); losing some
    /// harms nobody honest.
    ///
    /// # Errors
    /// [`StoreError`]; the uses are dropped.
    pub async fn flush_uses(&self) -> Result<(), StoreError> {
        let uses = self.0.uses.take(self.clock().now());
        if uses.is_empty() {
            return Ok(());
        }
        self.store()
            .note_uses(uses, self.settings().session.rotation_window)
            .await
    }

    /// Believes a key no longer once its time is over, and one that was added since.
    pub(crate) fn turn_keys(&self) {
        let now = self.clock().now();
        let due = self.keys().verifying_keys(now);
        let kids = |keys: &KeySet| {
            keys.iter()
                .map(|key| key.kid().to_owned())
                .collect::<BTreeSet<_>>()
        };
        if kids(&due) != kids(&self.verifier().keys()) {
            self.believe(due);
        }
    }

    /// Believes these keys, publishes them, and tells the verifiers that wait at the feed.
    fn believe(&self, keys: KeySet) {
        self.verifier().replace_keys(keys);
        self.revocations().wake_waiting();
    }

    pub(crate) fn report(&self, event: &Event, client: &Client) {
        let address = client.address.map(text_of);
        let address = address.as_deref();
        self.0.observer.observe(event, address);
        self.0.audit.note(event, address, self.clock().now());
    }

    /// The store it was built over.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.0.store
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.0.issuer
    }

    pub(crate) fn keys(&self) -> Arc<KeyRing> {
        self.0.keys.load_full()
    }

    pub(crate) fn pepper(&self) -> &Pepper {
        &self.0.pepper
    }

    pub(crate) fn csrf_key(&self) -> &[u8; 32] {
        self.0.csrf_key.expose_secret()
    }

    pub(crate) fn verifier(&self) -> &Verifier {
        self.0.guard.verifier()
    }

    pub(crate) fn mail_office(&self) -> Option<&MailOffice> {
        self.0.mail_office.as_ref()
    }

    pub(crate) fn audit(&self) -> &AuditTrail {
        &self.0.audit
    }

    pub(crate) fn pages(&self) -> Option<Arc<Pages>> {
        self.0.pages.clone()
    }

    pub(crate) fn uses(&self) -> &Uses {
        &self.0.uses
    }

    pub(crate) fn revocations(&self) -> &Revocations {
        &self.0.revocations
    }

    pub(crate) fn last_seen(&self) -> &LastSeen {
        &self.0.last_seen
    }

    pub(crate) fn cookies(&self) -> &CookieWriter {
        &self.0.cookies
    }

    pub(crate) fn hash_pool(&self) -> &HashPool {
        &self.0.hash_pool
    }

    pub(crate) fn breach_check(&self) -> Option<&BreachCheck> {
        self.0.breach_check.as_ref()
    }

    pub(crate) fn throttles(&self) -> &Throttles {
        &self.0.throttles
    }

    /// What the codes in mails are derived under.
    pub(crate) fn code_key(&self) -> &CodeKey {
        &self.0.code_key
    }

    pub(crate) fn background(&self) -> &Background {
        &self.0.background
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        &*self.0.entropy
    }

    pub(crate) fn shared_entropy(&self) -> Arc<dyn Entropy> {
        Arc::clone(&self.0.entropy)
    }
}
