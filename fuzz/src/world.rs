//! A whole service in memory, with a clock that stands still.
//!
//! To put one together takes longer than to ask it something, so it serves many stories. They
//! cannot meet: each has its own user and its own address, and begins at the same time.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hardtack::store::{MemoryStore, NewUser, UserStore};
use hardtack::{Hardtack, PublicUrl, Settings};
use hardtack_core::event::{Event, Observer};
use hardtack_core::key::ring::KeyRing;
use hardtack_core::password::{HashCost, Hasher, Password};
use hardtack_core::refresh_token::Pepper;
use hardtack_core::user::{EmailAddress, Username};
use hardtack_core::{Entropy, SettableClock};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::forge::{Forge, ISSUER, NOW, Ones, Signature};

/// The password of every user. It stands in a request as it is in every kind of body.
pub const PASSWORD: &str = "Tr0ub4dor-and-3";
/// The other origin whose pages may call: a sibling, for cookies reach no other site.
pub const LISTED: &str = "https://spa.a.example";

static PASSWORD_HASH: LazyLock<String> = LazyLock::new(|| {
    let password = Password::parse(PASSWORD.to_owned()).unwrap();
    let mut hasher = Hasher::new(HashCost::danger_cheap_for_tests());
    hasher.hash(&password, &Ones).unwrap()
});

/// Counts, so that no two draws are the same and every run draws alike.
#[derive(Debug, Default)]
struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let number = self.0.fetch_add(1, Ordering::Relaxed);
            let word = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// Remembers from which address the last event came.
#[derive(Debug, Default)]
struct LastAddress(Mutex<Option<String>>);

impl Observer for LastAddress {
    fn observe(&self, _: &Event, address: Option<&str>) {
        *self.0.lock().unwrap() = address.map(str::to_owned);
    }
}

/// The service.
#[derive(Debug)]
pub struct World {
    hardtack: Hardtack<MemoryStore>,
    visitors: AtomicU32,
    /// Its clock.
    pub clock: Arc<SettableClock>,
    addresses: Arc<LastAddress>,
    router: Router,
}

/// Somebody who has an account.
#[derive(Debug)]
pub struct Visitor {
    /// The user name; the address is `name@example.com`.
    pub name: String,
    /// Where requests come from.
    pub address: SocketAddr,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl World {
    /// A fresh service. `change` may change its settings.
    pub async fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let clock = Arc::new(SettableClock::new(NOW));
        let mut settings = Settings::new(PublicUrl::parse(ISSUER).unwrap());
        settings.password.cost = HashCost::danger_cheap_for_tests();
        settings.password.threads = 1;
        settings.cors_allowed_origins = vec![LISTED.to_owned()];
        change(&mut settings);
        let keys = KeyRing::new(Forge::new(Signature::EdDsa).key, NOW);
        let pepper: Vec<u8> = (0..32).collect();
        let addresses = Arc::new(LastAddress::default());
        let store = MemoryStore::new(clock.clone());
        let hardtack = Hardtack::builder(store, keys, Pepper::new(&pepper).unwrap(), settings)
            .with_clock(clock.clone())
            .with_entropy(Arc::new(Counting::default()))
            .with_observer(addresses.clone())
            .build()
            .await
            .unwrap();
        Self {
            clock,
            addresses,
            router: hardtack.service_router(),
            hardtack,
            visitors: AtomicU32::new(0),
        }
    }

    /// Begins a story: the clock is set back, and somebody new is there.
    pub async fn visitor(&self) -> Visitor {
        self.clock.set(NOW);
        let number = self.visitors.fetch_add(1, Ordering::Relaxed);
        let name = format!("alice{number}");
        let user = NewUser {
            username: Username::parse(&name).unwrap(),
            email: EmailAddress::parse(&format!("{name}@example.com")).unwrap(),
            first_name: String::new(),
            last_name: String::new(),
            password_hash: PASSWORD_HASH.clone(),
        };
        let inserted = self.hardtack.store().insert_user(user).await;
        inserted.unwrap().unwrap();
        Visitor {
            name,
            address: SocketAddr::from((number.to_be_bytes(), 40_000)),
        }
    }

    /// Sends a request from `peer` and reads the whole answer.
    pub async fn send(&self, mut request: Request<Body>, peer: SocketAddr) -> Answer {
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes().to_vec(),
        }
    }

    /// From which address the last event was reported.
    #[must_use]
    pub fn last_address(&self) -> Option<String> {
        self.addresses.0.lock().unwrap().clone()
    }
}

/// Tells a story to a service that has served others, but not too many: each leaves a little behind.
pub fn with_world<T>(story: impl AsyncFnOnce(&World) -> T) -> T {
    const STORIES: u32 = 2000;
    thread_local! {
        static WORLD: RefCell<Option<Rc<World>>> = const { RefCell::new(None) };
    }
    let worn = |world: &Rc<World>| world.visitors.load(Ordering::Relaxed) >= STORIES;
    let kept = WORLD.take().filter(|world| !worn(world));
    let world = kept.unwrap_or_else(|| Rc::new(block_on(World::new(|_| {}))));
    let told = block_on(story(&world));
    WORLD.set(Some(world));
    told
}

/// Runs one future to its end, with time that tokio can wait for.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
    }
    RUNTIME.with(|runtime| runtime.block_on(future))
}
