//! A site as axum-login's own SQLite example builds one: sessions in a database, the user read for
//! each request. Its routes and its cookie are called as Hardtack's are, so that the same requests
//! fit both; of what they answer it has the like.

use std::error::Error;
use std::io::Write as _;

use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use axum_login::{AuthManagerLayerBuilder, AuthUser, AuthnBackend, UserId};
use serde::{Deserialize, Serialize};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{FromRow, SqlitePool};
use tokio::net::TcpListener;
use tower_sessions::cookie::SameSite;
use tower_sessions::{Expiry, SessionManagerLayer};
use tower_sessions_sqlx_store::SqliteStore;

#[derive(Clone, Serialize, FromRow)]
struct User {
    pk: i64,
    username: String,
    email: String,
    first_name: String,
    last_name: String,
    #[serde(skip)]
    password: String,
}

impl std::fmt::Debug for User {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("User")
            .field("pk", &self.pk)
            .finish_non_exhaustive()
    }
}

impl AuthUser for User {
    type Id = i64;

    fn id(&self) -> i64 {
        self.pk
    }

    fn session_auth_hash(&self) -> &[u8] {
        self.password.as_bytes()
    }
}

#[derive(Clone, Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

#[derive(Clone)]
struct Users(SqlitePool);

impl AuthnBackend for Users {
    type User = User;
    type Credentials = Credentials;
    type Error = sqlx::Error;

    async fn authenticate(&self, sent: Credentials) -> Result<Option<User>, sqlx::Error> {
        let user: Option<User> = sqlx::query_as("SELECT * FROM users WHERE username = ?")
            .bind(&sent.username)
            .fetch_optional(&self.0)
            .await?;
        Ok(user
            .filter(|user| password_auth::verify_password(&sent.password, &user.password).is_ok()))
    }

    async fn get_user(&self, id: &UserId<Self>) -> Result<Option<User>, sqlx::Error> {
        sqlx::query_as("SELECT * FROM users WHERE pk = ?")
            .bind(id)
            .fetch_optional(&self.0)
            .await
    }
}

type Session = axum_login::AuthSession<Users>;

async fn log_in(
    mut session: Session,
    Json(sent): Json<Credentials>,
) -> Result<Json<User>, StatusCode> {
    let failed = |_| StatusCode::INTERNAL_SERVER_ERROR;
    let found = session.authenticate(sent).await.map_err(failed)?;
    let user = found.ok_or(StatusCode::BAD_REQUEST)?;
    session.login(&user).await.map_err(failed)?;
    Ok(Json(user))
}

async fn user(session: Session) -> Result<Json<User>, StatusCode> {
    session.user.map(Json).ok_or(StatusCode::UNAUTHORIZED)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let [_, username, password] = std::env::args()
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| "usage: axum-login-peer USERNAME PASSWORD")?;
    let folder = tempfile::tempdir()?;
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("site.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal);
    let pool = SqlitePoolOptions::new().connect_with(options).await?;
    sqlx::query(
        "CREATE TABLE users (pk INTEGER PRIMARY KEY, username TEXT NOT NULL UNIQUE, email TEXT NOT NULL,
         first_name TEXT NOT NULL, last_name TEXT NOT NULL, password TEXT NOT NULL)",
    )
    .execute(&pool)
    .await?;
    sqlx::query("INSERT INTO users VALUES (1, ?, '', '', '', ?)")
        .bind(username)
        .bind(password_auth::generate_hash(password))
        .execute(&pool)
        .await?;
    let store = SqliteStore::new(pool.clone());
    store.migrate().await?;
    let sessions = SessionManagerLayer::new(store)
        .with_name("access")
        .with_same_site(SameSite::Lax)
        .with_expiry(Expiry::OnInactivity(time::Duration::days(7)));
    let auth = AuthManagerLayerBuilder::new(Users(pool), sessions).build();
    let app = Router::new()
        .route("/api/auth/login/", post(log_in))
        .route("/api/auth/user/", get(user))
        .layer(auth);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    // As `hardtack serve --json` says it.
    writeln!(
        std::io::stdout(),
        "{{\"listening\":\"http://{}\"}}",
        listener.local_addr()?
    )?;
    axum::serve(listener, app).await?;
    Ok(())
}
