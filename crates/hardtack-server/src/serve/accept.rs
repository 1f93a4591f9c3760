//! The accept loop: no more connections than allowed, and an orderly end.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tracing::{debug, warn};

use super::connection::{self, Limits};
use super::tls::Door;
use crate::config::ServerConfig;

/// After an error such as "too many open files": long enough for connections to end, short enough
/// to go unnoticed.
const PAUSE: Duration = Duration::from_millis(200);

/// Serves `app` until `signalled` resolves, then waits for the requests under way; when it resolves
/// again, somebody at a keyboard has waited long enough.
pub(super) async fn serve(
    listener: TcpListener,
    door: Door,
    app: Router,
    config: &ServerConfig,
    mut signalled: impl AsyncFnMut(),
) {
    let most = config.max_connections.min(Semaphore::MAX_PERMITS);
    let places = Arc::new(Semaphore::new(most));
    let limits = Limits::of(config);
    let (drain, draining) = watch::channel(());
    let accepting = accept(listener, &places, |stream, peer, place| {
        let (door, app, mut draining) = (door.clone(), app.clone(), draining.clone());
        tokio::spawn(async move {
            // Answers are small and complete: waiting for more to send only delays them.
            let _ = stream.set_nodelay(true);
            let opened = tokio::select! {
                opened = tokio::time::timeout(limits.head_timeout, door.open(stream)) => opened,
                _ = draining.changed() => return,
            };
            match opened {
                Ok(Ok(stream)) => connection::serve(stream, peer, app, limits, draining).await,
                Ok(Err(error)) => debug!(%error, %peer, "no handshake"),
                Err(_) => debug!(%peer, "the handshake took too long"),
            }
            drop(place);
        });
    });
    tokio::select! {
        () = accepting => {}
        // The listener is dropped with the loop: from here on connections are refused.
        () = signalled() => {}
    }
    drop(drain);
    let everybody = u32::try_from(most).unwrap_or(u32::MAX);
    tokio::select! {
        _ = places.acquire_many(everybody) => return,
        () = tokio::time::sleep(config.shutdown_timeout) => {}
        () = signalled() => {}
    }
    let connections = most - places.available_permits();
    warn!(connections, "requests were still under way and are cut off");
}

async fn accept(
    listener: TcpListener,
    places: &Arc<Semaphore>,
    serve: impl Fn(tokio::net::TcpStream, std::net::SocketAddr, tokio::sync::OwnedSemaphorePermit),
) {
    // The semaphore is never closed.
    while let Ok(place) = Arc::clone(places).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, peer)) => serve(stream, peer, place),
            // The client was gone before it was its turn.
            Err(error) if is_the_clients(error.kind()) => {
                debug!(%error, "a connection was not accepted");
            }
            Err(error) => {
                warn!(%error, "connections cannot be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn is_the_clients(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused
    )
}
