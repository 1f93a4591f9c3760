//! The accept loop: no more connections than allowed, and an orderly end.
//!
//! Nobody is kept out by strangers who say nothing: when all places are taken, each newcomer sends
//! away the connection that has waited longest without a request (docs/decisions/0006).

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tracing::{debug, warn};

use super::connection::{self, Service};
use super::crowd::Crowd;
use super::open_files;
use crate::config::ServerConfig;

/// After an error such as "too many open files": long enough for connections to end, short enough
/// to go unnoticed.
const PAUSE: Duration = Duration::from_millis(200);

/// Serves until `signalled` resolves, then waits for the requests under way; when it resolves
/// again, somebody at a keyboard has waited long enough.
pub(super) async fn serve(
    listener: TcpListener,
    service: Service,
    config: &ServerConfig,
    mut signalled: impl AsyncFnMut(),
) {
    let most = open_files::connections(config.max_connections);
    let places = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
    let most = places.available_permits();
    let (drain, draining) = watch::channel(());
    let accepting = accept(listener, &places, &service.crowd, |stream, peer, place| {
        let connection = connection::serve(stream, peer, service.clone(), draining.clone());
        tokio::spawn(async move {
            connection.await;
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
    crowd: &Crowd,
    serve: impl Fn(tokio::net::TcpStream, std::net::SocketAddr, tokio::sync::OwnedSemaphorePermit),
) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                if places.available_permits() == 0 {
                    crowd.wants_room();
                }
                match Arc::clone(places).acquire_owned().await {
                    Ok(place) => {
                        crowd.has_room();
                        serve(stream, peer, place);
                    }
                    // Nobody closes the semaphore.
                    Err(_) => return,
                }
            }
            // The client was gone before it was its turn.
            Err(error) if is_the_clients(error.kind()) => {
                debug!(%error, "a connection was not accepted");
            }
            Err(error) => {
                warn!(%error, "connections cannot be accepted");
                crowd.wants_room();
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
