//! One connection: HTTP/1.1 with bounds on everything that a stranger chooses.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::sync::watch;
use tower::Service as _;
use tracing::{debug, error};

use super::tls::Stream;
use crate::config::ServerConfig;

/// Fields of one head (SECURITY.md SV-1). Browsers send about twenty.
const MAX_HEADERS: usize = 100;

/// How often it is looked whether a head takes too long.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What one connection may cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    head_bytes: usize,
    pub(super) head_timeout: Duration,
    keep_alive_timeout: Duration,
}

impl Limits {
    pub(super) fn of(config: &ServerConfig) -> Self {
        Self {
            head_bytes: config.max_head_bytes,
            head_timeout: config.head_timeout,
            keep_alive_timeout: config.keep_alive_timeout,
        }
    }
}

/// Serves requests until the client closes, a bound is met, or `draining` is over (then the request
/// under way is the last).
pub(super) async fn serve(
    stream: Stream,
    peer: SocketAddr,
    app: Router,
    limits: Limits,
    mut draining: watch::Receiver<()>,
) {
    let arrival = Arc::new(Arrival::new());
    let watched = Watched {
        stream,
        arrival: Arc::clone(&arrival),
    };
    let requests = Arc::clone(&arrival);
    let service = service_fn(move |request: Request<Incoming>| {
        let (app, requests) = (app.clone(), Arc::clone(&requests));
        async move {
            requests.head_is_complete();
            let response = answer(app, peer, request).await;
            requests.is_answered();
            Ok::<_, Infallible>(response)
        }
    });
    // hyper has one timer for the wait between requests and for the head itself. It gets the longer
    // one; `Arrival` sees to the head.
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.keep_alive_timeout)
        .max_headers(MAX_HEADERS)
        // The buffer may hold some more than a head; the head itself may not be longer.
        .max_header_size(limits.head_bytes)
        .max_buf_size(limits.head_bytes)
        .serve_connection(TokioIo::new(watched), service);
    let mut looks = tokio::time::interval(LOOK_EVERY);
    let mut drains = false;
    loop {
        tokio::select! {
            outcome = &mut connection => {
                if let Err(error) = outcome {
                    debug!(%error, %peer, "connection ended");
                }
                return;
            }
            _ = draining.changed(), if !drains => {
                drains = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
            _ = looks.tick() => if arrival.takes_longer_than(limits.head_timeout) {
                debug!(%peer, "the head of a request took too long");
                return refuse_slow(connection.into_parts().io.into_inner().stream, &arrival).await;
            },
        }
    }
}

/// A panic ends its request with 500 and no other (SECURITY.md SV-3).
async fn answer(mut app: Router, peer: SocketAddr, mut request: Request<Incoming>) -> Response {
    request.extensions_mut().insert(ConnectInfo(peer));
    let mut answering = pin!(app.call(request.map(Body::new)));
    let outcome = std::future::poll_fn(|context: &mut Context<'_>| {
        // Nothing of the request is used after it panicked.
        match std::panic::catch_unwind(AssertUnwindSafe(|| answering.as_mut().poll(context))) {
            Ok(poll) => poll.map(Some),
            Err(_) => Poll::Ready(None),
        }
    });
    match outcome.await {
        Some(Ok(response)) => response,
        Some(Err(never)) => match never {},
        None => {
            error!("a handler panicked");
            let headers = [
                (CONTENT_TYPE, "application/json"),
                (CACHE_CONTROL, "no-store"),
            ];
            let body = r#"{"detail":"Internal server error.","code":"error"}"#;
            (StatusCode::INTERNAL_SERVER_ERROR, headers, body).into_response()
        }
    }
}

/// 408, unless nothing was ever sent: browsers open connections that they do not need after all.
async fn refuse_slow(mut stream: Stream, arrival: &Arrival) {
    const TIMEOUT: &[u8] =
        b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    if arrival.has_begun() {
        // Whoever does not read it, does not need it.
        let _ = tokio::time::timeout(LOOK_EVERY, stream.write_all(TIMEOUT)).await;
    }
}

/// Since when the head of a request has been on its way.
#[derive(Debug)]
struct Arrival {
    opened_at: Instant,
    /// Milliseconds after `opened_at` plus one, or one of the two below.
    since: AtomicU64,
    begun: std::sync::atomic::AtomicBool,
}

/// Nothing is on its way; the next byte begins a head.
const IDLE: u64 = 0;
/// A head is complete and its request not yet answered; bytes belong to a body.
const BUSY: u64 = u64::MAX;

impl Arrival {
    /// A connection just opened owes its first head at once.
    fn new() -> Self {
        Self {
            opened_at: Instant::now(),
            since: AtomicU64::new(1),
            begun: false.into(),
        }
    }

    fn bytes_came(&self) {
        self.begun.store(true, Ordering::Relaxed);
        if self.since.load(Ordering::Relaxed) == IDLE {
            self.since.store(self.elapsed(), Ordering::Relaxed);
        }
    }

    fn head_is_complete(&self) {
        self.since.store(BUSY, Ordering::Relaxed);
    }

    fn is_answered(&self) {
        self.since.store(IDLE, Ordering::Relaxed);
    }

    fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    fn takes_longer_than(&self, timeout: Duration) -> bool {
        match self.since.load(Ordering::Relaxed) {
            IDLE | BUSY => false,
            since => u128::from(self.elapsed() - since) >= timeout.as_millis(),
        }
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.opened_at.elapsed().as_millis()).unwrap_or(BUSY - 2) + 1
    }
}

/// A stream that tells [`Arrival`] when bytes come.
struct Watched {
    stream: Stream,
    arrival: Arc<Arrival>,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let poll = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.arrival.bytes_came();
        }
        poll
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::AsyncReadExt as _;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::serve::tls::Door;

    async fn panics() -> &'static str {
        panic!("a fault of ours, with a secret in its message");
    }

    /// One request that meets a fault must not take others with it (SECURITY.md SV-3).
    #[tokio::test]
    async fn a_panic_is_500_for_its_request_only_and_tells_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new()
            .route("/panics", get(panics))
            .route("/", get(async || "fine"));
        let (_drain, draining) = watch::channel(());
        let limits = Limits {
            head_bytes: 32 * 1024,
            head_timeout: Duration::from_secs(10),
            keep_alive_timeout: Duration::from_secs(10),
        };
        tokio::spawn(async move {
            let (stream, peer) = listener.accept().await.unwrap();
            let stream = Door::Plain.open(stream).await.unwrap();
            serve(stream, peer, app, limits, draining).await;
        });
        let mut client = TcpStream::connect(address).await.unwrap();
        let requests = "GET /panics HTTP/1.1\r\nhost: x\r\n\r\nGET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        client.write_all(requests.as_bytes()).await.unwrap();
        let mut answers = String::new();
        client.read_to_string(&mut answers).await.unwrap();
        assert!(
            answers.starts_with("HTTP/1.1 500 Internal Server Error\r\n"),
            "{answers}"
        );
        assert!(
            answers.contains("\r\nHTTP/1.1 200 OK") || answers.contains("}HTTP/1.1 200 OK"),
            "{answers}"
        );
        assert!(
            answers.ends_with("fine") && !answers.contains("secret"),
            "{answers}"
        );
    }
}
