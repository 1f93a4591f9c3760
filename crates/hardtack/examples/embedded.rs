//! An application that carries its own authority.
//!
//! `cargo run -p hardtack --example embedded`, then log in as `demo` with the printed password:
//!
//! ```sh
//! curl -c jar -H 'content-type: application/json' -d '{"username":"demo","password":"…"}' \
//!     http://127.0.0.1:8001/api/auth/login/
//! curl -b jar http://127.0.0.1:8001/api/data
//! ```
//!
//! The application writes not a line for CSRF: a page of another origin cannot POST to `/api/data`.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use hardtack::core::key::ring::KeyRing;
use hardtack::core::key::{Algorithm, SigningKey};
use hardtack::core::password::{Hasher, Password};
use hardtack::core::refresh_token::Pepper;
use hardtack::core::user::{EmailAddress, Username};
use hardtack::core::{Clock, Entropy};
use hardtack::guard::{Authenticated, SystemClock};
use hardtack::store::{MemoryStore, NewUser, UserStore};
use hardtack::{Hardtack, PublicUrl, Settings, SystemEntropy};

/// Only who is logged in gets here; the extractor answers everybody else.
async fn read(caller: Authenticated) -> String {
    format!("data of user {}\n", caller.user)
}

async fn write(caller: Authenticated) -> String {
    format!("changed by user {}\n", caller.user)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let clock = Arc::new(SystemClock);
    let store = MemoryStore::new(clock.clone());
    let password = add_demo_user(&store).await?;

    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port())).await?;
    let url = format!("http://{}", listener.local_addr()?);

    // A real application keeps the key and the pepper: sessions end with them.
    let keys = KeyRing::new(SigningKey::generate(Algorithm::Es256)?, clock.now());
    let pepper = Pepper::new(Pepper::generate(&SystemEntropy).expose_secret())?;
    let mut settings = Settings::new(PublicUrl::parse(&url)?);
    settings.cookies.secure = false; // plain HTTP on loopback
    let hardtack = Hardtack::builder(store, keys, pepper, settings)
        .build()
        .await?;

    let app = Router::new()
        .route("/api/data", get(read).post(write))
        .layer(hardtack.guard().layer())
        .nest("/api/auth", hardtack.router())
        .merge(hardtack.root_router());
    tokio::spawn(hardtack.run_housekeeping(std::future::pending()));

    eprintln!("{url} · user demo · password {password}");
    axum::serve(
        listener,
        app.into_make_service_with_connect_info::<SocketAddr>(),
    )
    .await?;
    Ok(())
}

async fn add_demo_user(store: &MemoryStore) -> Result<String, Box<dyn std::error::Error>> {
    let mut random = [0; 12];
    SystemEntropy.fill(&mut random);
    let text = data_encoding::HEXLOWER.encode(&random);
    let password = Password::parse(text.clone())?;
    let user = NewUser {
        username: Username::parse("demo")?,
        email: EmailAddress::none(),
        first_name: String::new(),
        last_name: String::new(),
        password_hash: Hasher::new(hardtack::core::password::HashCost::default())
            .hash(&password, &SystemEntropy)?,
    };
    store.insert_user(user).await??;
    Ok(text)
}

/// The first argument, or 8001.
fn port() -> u16 {
    std::env::args()
        .nth(1)
        .and_then(|port| port.parse().ok())
        .unwrap_or(8001)
}
