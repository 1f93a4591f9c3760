//! A world to tell stories in: one authority, its clock, and browsers with cookie jars.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hardtack::core::event::{Event, Observer};
use hardtack::core::key::{Algorithm, SigningKey, ring::KeyRing};
use hardtack::core::password::{HashCost, Hasher, Password};
use hardtack::core::refresh_token::Pepper;
use hardtack::core::session::RevokeReason;
use hardtack::core::user::{EmailAddress, User, UserState, Username};
use hardtack::core::{Clock, Entropy, SettableClock, Timestamp, UserId};
use hardtack::store::{MemoryStore, NewUser, Revoke, UserStore};
use hardtack::{Hardtack, PublicUrl, Settings};
use http::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

pub(crate) const PUBLIC_URL: &str = "https://app.example.com";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// `SplitMix64`: enough to make different tokens, and the same ones every time.
#[derive(Default)]
struct Seeded(AtomicU64);

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut word = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst);
            word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            word ^= word >> 31;
            chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// Remembers every event.
#[derive(Default)]
pub(crate) struct Recorder(Mutex<Vec<Event>>);

impl Recorder {
    pub(crate) fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }
}

impl Observer for Recorder {
    fn observe(&self, event: &Event, _: Option<&str>) {
        self.0.lock().unwrap().push(event.clone());
    }
}

pub(crate) struct World {
    pub(crate) hardtack: Hardtack<MemoryStore>,
    pub(crate) clock: Arc<SettableClock>,
    recorder: Arc<Recorder>,
    router: Router,
    kept: Secrets,
}

/// What outlives a restart besides the store.
#[derive(Clone)]
struct Secrets {
    ring: KeyRing,
    pepper: Vec<u8>,
    entropy: Arc<Seeded>,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let clock = Arc::new(SettableClock::new(Timestamp::from_unix_micros(
            1_795_308_527_652_421,
        )));
        let entropy = Arc::new(Seeded::default());
        let kept = Secrets {
            ring: KeyRing::new(SigningKey::generate(Algorithm::Es256).unwrap(), clock.now()),
            pepper: Pepper::generate(&*entropy).expose_secret().to_vec(),
            entropy,
        };
        let store = MemoryStore::new(clock.clone());
        let world = Self::over(store, clock, kept, change).await;
        world.add_user("alice", "alice@example.com").await;
        world
    }

    /// The same service, stopped and started again with other settings.
    pub(crate) async fn restarted(&self, change: impl FnOnce(&mut Settings)) -> Self {
        let store = self.hardtack.store().clone();
        Self::over(store, self.clock.clone(), self.kept.clone(), change).await
    }

    async fn over(
        store: MemoryStore,
        clock: Arc<SettableClock>,
        kept: Secrets,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let mut settings = Settings::new(PublicUrl::parse(PUBLIC_URL).unwrap());
        settings.password.cost = HashCost::danger_cheap_for_tests();
        settings.password.threads = 2;
        change(&mut settings);
        let pepper = Pepper::new(&kept.pepper).unwrap();
        let recorder = Arc::new(Recorder::default());
        let hardtack = Hardtack::builder(store, kept.ring.clone(), pepper, settings)
            .with_clock(clock.clone())
            .with_entropy(kept.entropy.clone())
            .with_observer(recorder.clone())
            .build()
            .await
            .unwrap();
        let router = hardtack.service_router();
        Self {
            hardtack,
            clock,
            recorder,
            router,
            kept,
        }
    }

    pub(crate) async fn add_user(&self, name: &str, email: &str) -> User {
        let password = Password::parse(PASSWORD.to_owned()).unwrap();
        let hash = Hasher::new(HashCost::danger_cheap_for_tests())
            .hash(&password, &Seeded::default())
            .unwrap();
        self.add_user_with_hash(name, email, hash).await
    }

    pub(crate) async fn add_user_with_hash(
        &self,
        name: &str,
        email: &str,
        password_hash: String,
    ) -> User {
        let user = NewUser {
            username: Username::parse(name).unwrap(),
            email: EmailAddress::parse(email).unwrap(),
            first_name: String::new(),
            last_name: String::new(),
            password_hash,
        };
        self.hardtack
            .store()
            .insert_user(user)
            .await
            .unwrap()
            .unwrap()
    }

    /// As an operator does it.
    pub(crate) async fn switch_off(&self, user: UserId) {
        let revoke = Revoke {
            reason: RevokeReason::UserDisabled,
            remembered_for: Duration::from_secs(960),
        };
        let store = self.hardtack.store();
        let ended = store.set_user_state(user, UserState::Disabled, revoke);
        assert!(ended.await.unwrap().is_some(), "there is no such user");
    }

    pub(crate) fn pepper(&self) -> Pepper {
        Pepper::new(&self.kept.pepper).unwrap()
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.recorder.events()
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser {
            router: self.router.clone(),
            jar: Vec::new(),
            address: IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9)),
            user_agent: "Stories/1.0".to_owned(),
        }
    }

    /// A browser that alice has logged in with.
    pub(crate) async fn logged_in(&self) -> Browser {
        let mut browser = self.browser();
        let answer = browser.log_in("alice", PASSWORD).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        browser
    }
}

/// One cookie as a jar keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) path: String,
    pub(crate) domain: Option<String>,
}

impl Kept {
    /// Whether a browser keeps a cookie of this name at all (RFC 6265bis §4.1.3, §5.7).
    fn may_be_kept(&self, attributes: &[&str]) -> bool {
        let secure = attributes.contains(&"Secure");
        let of_us = |domain: &String| PUBLIC_URL.ends_with(domain.as_str());
        match &self.name {
            name if name.starts_with("__Host-") => {
                secure && self.domain.is_none() && self.path == "/"
            }
            name if name.starts_with("__Secure-") => secure,
            _ => self.domain.as_ref().is_none_or(of_us),
        }
    }
}

/// A browser: it keeps cookies by name, path and domain, and sends those whose path fits, the
/// longest path first.
#[derive(Clone)]
pub(crate) struct Browser {
    router: Router,
    pub(crate) jar: Vec<Kept>,
    pub(crate) address: IpAddr,
    pub(crate) user_agent: String,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {:?}", self.text))
    }

    pub(crate) fn set_cookies(&self) -> Vec<String> {
        self.headers
            .get_all(SET_COOKIE)
            .iter()
            .map(|value| value.to_str().unwrap().to_owned())
            .collect()
    }
}

impl Browser {
    pub(crate) async fn log_in(&mut self, username: &str, password: &str) -> Answer {
        self.post(
            "/api/auth/login/",
            &serde_json::json!({ "username": username, "password": password }),
        )
        .await
    }

    pub(crate) async fn refresh(&mut self) -> Answer {
        self.post_nothing("/api/auth/token/refresh/").await
    }

    /// What a page's timer sends.
    pub(crate) async fn in_background(&mut self, method: &Method, path: &str) -> Answer {
        let request = self
            .request(method, path)
            .header("x-hardtack-background", "1");
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn log_out(&mut self) -> Answer {
        self.post_nothing("/api/auth/logout/").await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(
            self.request(&Method::GET, path)
                .body(Body::empty())
                .unwrap(),
        )
        .await
    }

    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.send_json(Method::POST, path, body).await
    }

    pub(crate) async fn send_json(&mut self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self
            .request(&method, path)
            .header(CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body.to_string())).unwrap())
            .await
    }

    pub(crate) async fn post_nothing(&mut self, path: &str) -> Answer {
        self.send(
            self.request(&Method::POST, path)
                .body(Body::empty())
                .unwrap(),
        )
        .await
    }

    /// A request as this browser's page would make it.
    pub(crate) fn request(&self, method: &Method, path: &str) -> http::request::Builder {
        let mut cookies: Vec<&Kept> = self
            .jar
            .iter()
            .filter(|cookie| {
                let prefix = cookie.path.trim_end_matches('/');
                path == cookie.path || path.starts_with(&format!("{prefix}/"))
            })
            .collect();
        // RFC 6265 §5.4.
        cookies.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let cookies: Vec<String> = cookies
            .into_iter()
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("user-agent", &self.user_agent)
            .extension(ConnectInfo(SocketAddr::new(self.address, 40_000)));
        if method != Method::GET {
            request = request
                .header("origin", PUBLIC_URL)
                .header("sec-fetch-site", "same-origin");
        }
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        request
    }

    pub(crate) async fn send(&mut self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        };
        for cookie in answer.set_cookies() {
            self.keep(&cookie);
        }
        answer
    }

    fn keep(&mut self, cookie: &str) {
        let mut parts = cookie.split("; ");
        let (name, value) = parts.next().unwrap().split_once('=').unwrap();
        let attributes: Vec<&str> = parts.collect();
        let of = |name: &str| {
            attributes
                .iter()
                .find_map(|attribute| attribute.strip_prefix(name))
        };
        let new = Kept {
            name: name.to_owned(),
            value: value.to_owned(),
            path: of("Path=").unwrap().to_owned(),
            domain: of("Domain=").map(str::to_owned),
        };
        if !new.may_be_kept(&attributes) {
            return;
        }
        let place = |kept: &Kept| (kept.name.clone(), kept.path.clone(), kept.domain.clone());
        self.jar.retain(|kept| place(kept) != place(&new));
        if of("Max-Age=") != Some("0") {
            self.jar.push(new);
        }
    }

    /// From now on it reaches an application that embeds the service.
    pub(crate) fn reaches(&mut self, app: Router) {
        self.router = app;
    }

    /// From now on it reaches another service at the same address.
    pub(crate) fn meets(&mut self, world: &World) {
        self.router = world.router.clone();
    }

    /// Names and places of what it keeps, sorted.
    pub(crate) fn places(&self) -> Vec<String> {
        let place = |kept: &Kept| {
            let domain = kept.domain.as_deref().unwrap_or("this host");
            format!("{} {} {domain}", kept.name, kept.path)
        };
        let mut places: Vec<String> = self.jar.iter().map(place).collect();
        places.sort();
        places
    }

    /// The value of a cookie.
    pub(crate) fn cookie(&self, name: &str) -> String {
        self.jar
            .iter()
            .find(|cookie| cookie.name == name)
            .map(|cookie| cookie.value.clone())
            .unwrap_or_default()
    }

    pub(crate) fn set_cookie(&mut self, name: &str, value: &str) {
        let kept = self.jar.iter_mut().find(|cookie| cookie.name == name);
        value.clone_into(&mut kept.unwrap().value);
    }

    /// A cookie for the whole domain, as a sibling host can set it.
    pub(crate) fn plant(&mut self, name: &str, value: &str) {
        self.keep(&format!(
            "{name}={value}; Path=/; Secure; Domain=example.com"
        ));
        let planted = self
            .jar
            .iter()
            .any(|kept| kept.name == name && kept.value == value);
        if !planted {
            // What a browser refuses to keep for a domain came before it knew of prefixes.
            self.keep(&format!("{name}={value}; Path=/; Secure"));
        }
    }

    pub(crate) fn drop_cookie(&mut self, name: &str) {
        self.jar.retain(|cookie| cookie.name != name);
    }

    /// The generation and branch that the refresh cookie names.
    pub(crate) fn position(&self) -> (u32, u32) {
        let cookie = self.cookie("refresh");
        let parts: Vec<&str> = cookie.split('.').collect();
        (parts[2].parse().unwrap(), parts[3].parse().unwrap())
    }

    pub(crate) async fn is_logged_in(&mut self) -> bool {
        self.get("/api/auth/user/").await.status == StatusCode::OK
    }
}

/// Cookies with what changes from run to run replaced.
pub(crate) fn shapes(cookies: &[String]) -> Vec<String> {
    cookies
        .iter()
        .map(|cookie| {
            let (name, rest) = cookie.split_once('=').unwrap();
            let (value, attributes) = rest.split_once(';').unwrap();
            let shape = if value.is_empty() { "" } else { "[token]" };
            format!("{name}={shape};{attributes}")
        })
        .collect()
}
