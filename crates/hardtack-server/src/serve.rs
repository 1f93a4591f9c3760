//! `hardtack serve`: puts everything together, serves until told to stop, and takes it apart in the
//! order that loses nothing.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::Router;
use hardtack::{AtOnceRoutes, Hardtack, PublicUrl};
use hardtack_core::Clock as _;
use hardtack_guard::SystemClock;
use hardtack_store::SqliteStore;
use http::HeaderMap;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::breached;
use crate::cli;
use crate::commands::open_or_create_store;
use crate::config::contradiction::Mode;
use crate::config::{Config, Loaded, Sources};
use crate::cookie_file;
use crate::data_dir::DataDir;
use crate::dev;
use crate::files;
use crate::mail::{self, DevMailbox};
use crate::service_token_file;
use crate::telemetry::{self, LogObserver};
use crate::terminal::Terminal;
use connection::Service;
use secrets::Secrets;
use tls::{Door, Renewal, TlsFiles};

mod accept;
mod answers;
mod banner;
mod connection;
mod crowd;
mod demo_user;
mod gate;
mod head;
mod key_watch;
mod loopback;
mod open_files;
mod progress;
mod refusal;
mod secrets;
mod tls;

/// The sources of `--dev`: its relaxations are the last word, so that a production file cannot
/// half undo them.
pub(crate) fn relaxed(sources: Sources) -> Sources {
    sources
        .with_flag("--dev", "cookies.secure", Some("false".to_owned()))
        // Prefixed cookies need TLS.
        .with_flag("--dev", "cookies.prefix", Some("none".to_owned()))
}

/// Serves until SIGTERM or SIGINT.
pub(crate) fn run(sources: Sources, options: &cli::Serve, terminal: Terminal) -> Result<ExitCode> {
    let listen = options.listen.map(|address| address.to_string());
    let sources = sources.with_flag("--listen", "server.listen", listen);
    let (sources, mode) = if options.dev {
        (relaxed(sources), Mode::Dev)
    } else {
        (sources, Mode::Production)
    };
    let loaded = sources.load()?;
    loaded.refuse_contradictions(mode)?;
    files::verify(&loaded.config, mode)?;
    let _last_lines = telemetry::start(loaded.config.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(loaded, mode, terminal))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(mut loaded: Loaded, mode: Mode, terminal: Terminal) -> Result<()> {
    let data_dir = DataDir::open_or_create(&loaded.config.server.data_dir)?;
    let _only_server = data_dir.lock_for_serving()?;
    if matches!(mode, Mode::Dev) {
        data_dir.claim_for_dev()?;
    }
    let wanted = loaded.config.server.listen;
    let listener = TcpListener::bind(wanted)
        .await
        .with_context(|| format!("server.listen: cannot listen on {wanted}"))?;
    let address = listener.local_addr()?;
    let store = open_or_create_store(&loaded)?;
    let Secrets {
        key_file,
        stamp,
        keys,
        pepper,
        warnings,
    } = Secrets::open_or_create(&data_dir, &loaded.config.keys, &store).await?;

    let named = loaded.config.revocations.service_token_file.as_deref();
    loaded.config.settings.revocations.service_tokens = service_token_file::load(&data_dir, named)?;

    let demo_password = match mode {
        Mode::Production => {
            cookie_file::remember(&data_dir, &mut loaded.config.settings, SystemClock.now())?;
            None
        }
        Mode::Dev => {
            relax(&mut loaded.config, address)?;
            Some(demo_user::prepare(&store, &loaded.config).await?)
        }
    };
    let settings = loaded.config.settings.clone();
    let mut hardtack =
        Hardtack::builder(store, keys, pepper, settings).with_observer(Arc::new(LogObserver));
    if let Some(list) = breached::list(&loaded.config)? {
        hardtack = hardtack.with_breached_passwords(list);
    }
    if let Some(mailer) = mail::mailer(&data_dir, &loaded.config, mode)? {
        hardtack = hardtack.with_mailer(mailer);
    }
    let hardtack = hardtack.build().await?;

    let (door, renewal) = match loaded
        .config
        .server
        .tls()
        .filter(|_| mode == Mode::Production)
    {
        Some(tls) => {
            let (renewal, door) = Renewal::new(TlsFiles::new(&data_dir, &tls))?;
            (door, Some(renewal))
        }
        None => (Door::Plain, None),
    };
    let url = match door {
        Door::Plain => format!("http://{address}"),
        Door::Tls(_) => format!("https://{address}"),
    };
    let (stop, stopping) = watch::channel(());
    let renewing = tokio::spawn({
        let stopping = stopped(stopping.clone());
        async {
            if let Some(renewal) = renewal {
                renewal.run(stopping).await;
            }
        }
    });
    let housekeeping = tokio::spawn(hardtack.clone().run_housekeeping(stopped(stopping.clone())));
    let watching = tokio::spawn(key_watch::run(
        hardtack.clone(),
        key_file,
        stamp,
        stopped(stopping),
    ));
    info!(%address, data_dir = %data_dir.path().display(), public_url = loaded.config.settings.public_url.origin(), "listening");
    for warning in &warnings {
        warn!("{warning}");
    }
    let demo_password = demo_password.as_ref();
    banner::print(terminal, &loaded.config, &url, demo_password, &warnings)?;

    let app = router(&hardtack, mode, mail::dev_mailbox(&data_dir));
    let mut hardened = HeaderMap::new();
    hardtack.harden(&mut hardened);
    let at_once = at_once(&hardtack, mode);
    let service = Service::new(door, app, at_once, hardened, &loaded.config.server);
    let mut signalled = signals()?;
    let stopping = async || {
        signalled().await;
        // Who waits for news would be a request under way for as long as it wants to wait.
        hardtack.release_waiting_verifiers();
    };
    accept::serve(listener, service, &loaded.config.server, stopping).await;

    // The requests are done, so nothing more is noted: write what they noted, then let go of the
    // store, whose writer commits what it was given before it ends.
    drop(stop);
    for task in [housekeeping, watching, renewing] {
        if let Err(error) = task.await {
            warn!(%error, "a task did not end in order");
        }
    }
    drop(hardtack);
    info!("stopped");
    Ok(())
}

/// Refuses a certificate or a key that a start would refuse. `--dev` speaks plain HTTP, whatever
/// the file says.
pub(crate) fn verify_tls(data_dir: &DataDir, config: &Config, mode: Mode) -> Result<()> {
    match config.server.tls().filter(|_| mode == Mode::Production) {
        Some(tls) => TlsFiles::new(data_dir, &tls).verify(),
        None => Ok(()),
    }
}

/// What `--dev` changes besides keys: the service is where it listens, and every loopback origin
/// may use it, such as a front-end's development server.
fn relax(config: &mut Config, address: SocketAddr) -> Result<()> {
    config.settings.public_url = PublicUrl::parse(&format!("http://{address}"))?;
    config.settings.csrf.allow_loopback = true;
    config.settings.cookies.domain = None;
    Ok(())
}

fn router(hardtack: &Hardtack<SqliteStore>, mode: Mode, mailbox: DevMailbox) -> Router {
    let service = hardtack.service_router();
    match mode {
        Mode::Production => service,
        Mode::Dev => {
            let log = dev::RequestLog::new(Arc::new(SystemClock));
            dev::router(log.clone(), hardtack.settings(), mailbox)
                .fallback_service(service)
                .layer(log)
                .layer(axum::middleware::from_fn(loopback::refuse_other_hosts))
        }
    }
}

fn at_once(hardtack: &Hardtack<SqliteStore>, mode: Mode) -> AtOnceRoutes<SqliteStore> {
    match mode {
        Mode::Production => hardtack.at_once(),
        // Nothing passes by what `--dev` puts in front of the routes.
        Mode::Dev => AtOnceRoutes::default(),
    }
}

async fn stopped(mut stopping: watch::Receiver<()>) {
    // Nothing is ever sent: the sender goes away when it is time.
    while stopping.changed().await.is_ok() {}
}

/// Gives a function that resolves at the next SIGTERM or SIGINT. The handlers stand before anything
/// is accepted.
fn signals() -> Result<impl AsyncFnMut()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move || {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        info!("stopping");
    })
}
