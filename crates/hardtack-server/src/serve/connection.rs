//! One connection: HTTP/1.1 with bounds on everything that a stranger chooses.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use hardtack::AtOnceRoutes;
use hardtack_core::Clock as _;
use hardtack_guard::SystemClock;
use hardtack_store::SqliteStore;
use http::header::CONNECTION;
use http::{HeaderMap, HeaderValue, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep_until, timeout};
use tracing::debug;

use super::answers::Answers;
use super::crowd::{Crowd, Place};
use super::gate::Gate;
use super::progress::{Patience, Progress};
use super::refusal::Refusal;
use super::tls::{Door, Stream};
use crate::config::ServerConfig;

/// How long a refused client may take to read why, and to stop sending.
const FAREWELL: Duration = Duration::from_secs(1);

/// What every connection is served with.
#[derive(Clone)]
pub(super) struct Service {
    door: Door,
    app: Router,
    /// What `app` would answer too. It is asked first.
    at_once: AtOnceRoutes<SqliteStore>,
    /// The headers of answers that `app` does not give.
    hardened: Arc<HeaderMap>,
    longest_head: usize,
    patience: Patience,
    /// Told of every client that finds all places taken.
    pub(super) crowd: Arc<Crowd>,
}

impl Service {
    pub(super) fn new(
        door: Door,
        app: Router,
        at_once: AtOnceRoutes<SqliteStore>,
        hardened: HeaderMap,
        config: &ServerConfig,
    ) -> Self {
        Self {
            door,
            app,
            at_once,
            hardened: hardened.into(),
            longest_head: config.max_head_bytes,
            patience: Patience {
                head: config.head_timeout,
                keep_alive: config.keep_alive_timeout,
            },
            crowd: Arc::default(),
        }
    }
}

/// Serves requests until the client closes, a bound is met, or `draining` is over (then the request
/// under way is the last).
pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    service: Service,
    mut draining: watch::Receiver<()>,
) {
    // Answers are small and complete: waiting for more to send only delays them.
    let _ = stream.set_nodelay(true);
    let opened_at = Instant::now();
    let progress = Arc::new(Progress::new(opened_at));
    let mut place = service.crowd.enter(opened_at);
    let opened = tokio::select! {
        opened = open(stream, &service, &mut place) => opened,
        () = tokio::time::sleep(service.patience.head) => return,
        _ = draining.changed() => return,
    };
    match opened {
        Ok(stream) => {
            Box::pin(serve_requests(
                stream, peer, service, progress, place, draining,
            ))
            .await;
        }
        Err(error) => debug!(%error, %peer, "connection not opened"),
    }
}

/// Waits for the first byte before anything is made: a stranger who says nothing costs little more
/// than a socket.
async fn open(stream: TcpStream, service: &Service, place: &mut Place) -> std::io::Result<Stream> {
    // It may be here and only not be noticed yet: a newcomer is told to go at once when nobody else
    // waits, and closing would reset what it asked for.
    let speaks = || {
        matches!(
            SockRef::from(&stream).peek(&mut [MaybeUninit::uninit()]),
            Ok(1..)
        )
    };
    let mut unread = [0];
    let first_byte = tokio::select! {
        biased;
        // That a socket is readable is no more than a guess before the first try.
        count = stream.peek(&mut unread) => count?,
        () = place.must_go_unless(speaks) => 0,
    };
    if first_byte == 0 {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    place.waits_anew();
    tokio::select! {
        biased;
        opened = Box::pin(service.door.open(stream)) => opened,
        () = place.must_go() => Err(ErrorKind::UnexpectedEof.into()),
    }
}

async fn serve_requests(
    stream: Stream,
    peer: SocketAddr,
    service: Service,
    progress: Arc<Progress>,
    mut place: Place,
    draining: watch::Receiver<()>,
) {
    let gate = Gate::new(stream, Arc::clone(&progress), service.longest_head);
    let answers = Answers::new(
        service.app.clone(),
        service.at_once.clone(),
        Arc::clone(&service.hardened),
        peer,
    );
    let (hardened, told) = (&service.hardened, &progress);
    let answers = service_fn(move |request: Request<Incoming>| {
        let mut answering = answers.ask(request);
        poll_fn(move |context: &mut Context<'_>| {
            let mut response = ready!(answering.poll(hardened, context));
            // hyper does not wait for a body that nobody wants, and the gate cannot tell where chunks end. A
            // client that is not told would send its next request into a closed connection (RFC 9112 §9.6).
            if told.is_body_owed() {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
            }
            told.is_answered(Instant::now());
            Poll::Ready(Ok::<_, Infallible>(response))
        })
    });
    // No timer: `Progress` knows better when to lose patience. Nor a bound on fields, which the gate has
    // counted: hyper allows a hundred as well, and told so once more it would clear a table for them
    // with every request.
    let mut connection = http1::Builder::new()
        .max_header_size(service.longest_head)
        .max_buf_size(service.longest_head)
        .serve_connection(TokioIo::new(gate), answers);
    let end = run(
        &mut connection,
        &progress,
        service.patience,
        &mut place,
        draining,
    )
    .await;
    drop(place);
    let gate = connection.into_parts().io.into_inner();
    let cut_short = gate.is_inside_a_body();
    let stream = gate.into_stream();
    match end {
        End::Served(outcome) => {
            if let Err(error) = outcome {
                debug!(%error, %peer, "connection ended");
            }
            if let Some(refusal) = progress.refusal() {
                debug!(?refusal, %peer, "a request was refused");
                refuse(stream, refusal, &service.hardened).await;
            } else if cut_short {
                part(stream).await;
            } else {
                close(stream).await;
            }
        }
        // Browsers open connections that they do not need after all: no word to who began nothing.
        End::OutOfPatience if progress.is_in_a_head() => {
            debug!(%peer, "the head of a request took too long");
            refuse(stream, Refusal::TooSlow, &service.hardened).await;
        }
        End::OutOfPatience | End::GivesWay => close(stream).await,
    }
}

/// What ends a connection, or the reading from it.
enum End {
    /// hyper is done with it; whether in order.
    Served(hyper::Result<()>),
    OutOfPatience,
    /// It asks for nothing, and somebody else may want to.
    GivesWay,
}

async fn run<S>(
    connection: &mut http1::Connection<TokioIo<Gate>, S>,
    progress: &Progress,
    patience: Patience,
    place: &mut Place,
    mut draining: watch::Receiver<()>,
) -> End
where
    S: HttpService<Incoming, ResBody = Body, Error = Infallible> + Unpin,
{
    place.waits_anew();
    let drained = draining.clone();
    let mut look = pin!(sleep_until(next_look(progress, patience).into()));
    let mut drain = pin!(draining.changed());
    let mut known: Option<Waker> = None;
    let mut waited_after = Some(0);
    let mut is_last = false;
    poll_fn(|context: &mut Context<'_>| {
        // What has been polled wakes this task when it is over. Until then it is only asked whether it is:
        // polled with every request, it would take a lock that all connections share.
        let is_new = !known
            .as_ref()
            .is_some_and(|known| known.will_wake(context.waker()));
        if is_new {
            known = Some(context.waker().clone());
        }
        let drains = !is_last
            && (is_new || drained.has_changed().is_err())
            && drain.as_mut().poll(context).is_ready();
        loop {
            if let Poll::Ready(outcome) = Pin::new(&mut *connection).poll(context) {
                return Poll::Ready(End::Served(outcome));
            }
            if is_last || !(drains || progress.refusal().is_some()) {
                break;
            }
            // What is being answered is answered, and then hyper is done.
            is_last = true;
            Pin::new(&mut *connection).graceful_shutdown();
        }
        // The one that has waited longest is told first, so every request begins a new wait.
        let waits_after = progress.waits_after();
        if waits_after != waited_after {
            waited_after = waits_after;
            if waits_after.is_some() {
                place.waits_since(progress.since());
            } else {
                place.stays();
            }
        }
        if waits_after.is_some() && place.poll_must_go(context).is_ready() {
            return Poll::Ready(End::GivesWay);
        }
        if is_new || look.is_elapsed() {
            while look.as_mut().poll(context).is_ready() {
                let deadline = progress.deadline(patience);
                if deadline.is_some_and(|at| at <= Instant::now()) {
                    return Poll::Ready(End::OutOfPatience);
                }
                look.as_mut().reset(next_look(progress, patience).into());
            }
        }
        Poll::Pending
    })
    .await
}

/// When it must be looked whether patience has ended: what begins after now cannot have outlasted
/// it before. One wake-up in several seconds, however many bytes come.
fn next_look(progress: &Progress, patience: Patience) -> Instant {
    let later = Instant::now() + patience.head.min(patience.keep_alive);
    progress
        .deadline(patience)
        .map_or(later, |at| at.min(later))
}

async fn refuse(mut stream: Stream, refusal: Refusal, hardened: &HeaderMap) {
    let answer = refusal.answer(hardened, SystemClock.now());
    // Whoever does not read it, does not need it.
    if let Ok(Ok(())) = timeout(FAREWELL, stream.write_all(&answer)).await {
        part(stream).await;
    }
}

async fn close(mut stream: Stream) {
    let _ = timeout(FAREWELL, stream.shutdown()).await;
}

/// Closes a connection on which the client may still be sending (RFC 9112 §9.6). Closing at once
/// would reset it, and the client's system would throw the answer away unread.
async fn part(mut stream: Stream) {
    let _ = timeout(FAREWELL, async {
        stream.shutdown().await?;
        let mut unread = [0; 1024];
        while stream.read(&mut unread).await? > 0 {}
        Ok::<_, std::io::Error>(())
    })
    .await;
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use http::header::CACHE_CONTROL;
    use tokio::net::TcpListener;

    use super::*;

    async fn panics() -> &'static str {
        panic!("a fault of ours, with a secret in its message");
    }

    /// One request that meets a fault must not take others with it (docs/threat-model.md SV-3).
    #[tokio::test]
    async fn a_panic_is_500_for_its_request_only_and_tells_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new()
            .route("/panics", get(panics))
            .route("/", get(async || "fine"));
        let (_drain, draining) = watch::channel(());
        let service = Service {
            door: Door::Plain,
            app,
            at_once: AtOnceRoutes::default(),
            hardened: HeaderMap::from_iter([(CACHE_CONTROL, HeaderValue::from_static("no-store"))])
                .into(),
            longest_head: 32 * 1024,
            patience: Patience {
                head: Duration::from_secs(10),
                keep_alive: Duration::from_secs(10),
            },
            crowd: Arc::default(),
        };
        tokio::spawn(async move {
            let (stream, peer) = listener.accept().await.unwrap();
            serve(stream, peer, service, draining).await;
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
