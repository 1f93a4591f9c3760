//! The load: requests that were written beforehand, over connections that stay open, so that the
//! client takes as little as possible from the processors that it shares with the server.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// What a fleet of connections sends.
pub(crate) enum Requests {
    /// The same bytes, so many times.
    Same { bytes: Vec<u8>, count: usize },
    /// Each once, in this order.
    Each(Vec<Vec<u8>>),
    /// The same bytes, until told to stop.
    UntilStopped { bytes: Vec<u8>, stop: AtomicBool },
}

impl Requests {
    fn at(&self, index: usize) -> Option<&[u8]> {
        match self {
            Self::Same { bytes, count } => (index < *count).then_some(bytes),
            Self::Each(requests) => requests.get(index).map(Vec::as_slice),
            Self::UntilStopped { bytes, stop } => (!stop.load(Ordering::Relaxed)).then_some(bytes),
        }
    }

    /// Ends [`UntilStopped`](Self::UntilStopped), once what is under way is answered.
    pub(crate) fn stop(&self) {
        if let Self::UntilStopped { stop, .. } = self {
            stop.store(true, Ordering::Relaxed);
        }
    }
}

/// What came back.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) elapsed: Duration,
    pub(crate) by_status: BTreeMap<u16, usize>,
    /// Of each answer, unsorted.
    pub(crate) latencies: Vec<Duration>,
}

impl Outcome {
    pub(crate) fn answers(&self) -> usize {
        self.by_status.values().sum()
    }

    pub(crate) fn with_status(&self, status: u16) -> usize {
        self.by_status.get(&status).copied().unwrap_or_default()
    }

    /// Answers in a second.
    pub(crate) fn rate(&self) -> f64 {
        self.answers() as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that `share` of all answers kept.
    pub(crate) fn percentile(&self, share: f64) -> Duration {
        let mut latencies = self.latencies.clone();
        latencies.sort_unstable();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a length is a length"
        )]
        let index = (latencies.len() as f64 * share) as usize;
        let last = latencies.len().saturating_sub(1);
        latencies.get(index.min(last)).copied().unwrap_or_default()
    }

    /// Fails unless every answer was 200: what is refused quickly is not fast.
    pub(crate) fn all_succeeded(self) -> Result<Self> {
        if self.with_status(200) != self.answers() || self.answers() == 0 {
            bail!("not every answer was 200: {:?}", self.by_status);
        }
        Ok(self)
    }
}

/// Sends `requests` over `connections` connections, one at a time on each, and waits for every
/// answer. Runs on the thread that calls it and on no other.
pub(crate) fn run(
    address: SocketAddr,
    connections: usize,
    requests: impl Into<Arc<Requests>>,
) -> Result<Outcome> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(run_connections(address, connections, requests.into()))
}

async fn run_connections(
    address: SocketAddr,
    connections: usize,
    requests: Arc<Requests>,
) -> Result<Outcome> {
    let mut tasks = JoinSet::new();
    let next = Arc::new(AtomicUsize::new(0));
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(Connection::open(address).await?);
    }
    let started_at = Instant::now();
    for mut connection in open {
        let (requests, next) = (Arc::clone(&requests), Arc::clone(&next));
        tasks.spawn(async move {
            let mut outcome = Outcome::default();
            while let Some(request) = requests.at(next.fetch_add(1, Ordering::Relaxed)) {
                let sent_at = Instant::now();
                let status = connection.exchange(request).await?;
                outcome.latencies.push(sent_at.elapsed());
                *outcome.by_status.entry(status).or_default() += 1;
            }
            anyhow::Ok(outcome)
        });
    }
    let mut all = Outcome::default();
    while let Some(one) = tasks.join_next().await {
        let one = one??;
        all.latencies.extend(one.latencies);
        for (status, count) in one.by_status {
            *all.by_status.entry(status).or_default() += count;
        }
    }
    all.elapsed = started_at.elapsed();
    Ok(all)
}

/// One connection, kept alive.
pub(crate) struct Connection {
    stream: TcpStream,
    /// The answer that was read last, and nothing else.
    answer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            answer: Vec::with_capacity(4096),
        })
    }

    /// Sends one request, reads its whole answer, and gives the status.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<u16> {
        self.stream.write_all(request).await?;
        self.answer.clear();
        loop {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                bail!("the server closed the connection instead of answering");
            }
            if let Some((status, length)) = parse_head(&self.answer)? {
                if self.answer.len() > length {
                    bail!("the server sent more than one answer");
                }
                if self.answer.len() == length {
                    return Ok(status);
                }
            }
        }
    }

    /// The answer that was read last.
    pub(crate) fn answer(&self) -> &[u8] {
        &self.answer
    }
}

/// Status and whole length of an answer, once its head is there.
fn parse_head(answer: &[u8]) -> Result<Option<(u16, usize)>> {
    let Some(head) = find(answer, b"\r\n\r\n") else {
        return Ok(None);
    };
    let (head_bytes, _) = answer.split_at(head + 2);
    // hyper writes it small, gunicorn in the other way.
    let [small, large] = [b"\r\ncontent-length: ", b"\r\nContent-Length: "];
    let after = find(head_bytes, small).or_else(|| find(head_bytes, large));
    let after = after.context("an answer without Content-Length")?;
    let digits = head_bytes.get(after + small.len()..).unwrap_or_default();
    let body = number(digits).context("a broken Content-Length")?;
    let status = head_bytes.get(b"HTTP/1.1 ".len()..).and_then(number);
    let status = status.and_then(|status| u16::try_from(status).ok());
    Ok(Some((
        status.context("an answer without a status")?,
        head + 4 + body,
    )))
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

/// The decimal number that `bytes` begins with.
fn number(bytes: &[u8]) -> Option<usize> {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit());
    let text: String = digits.map(|byte| char::from(*byte)).collect();
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_where_its_length_says() {
        let answer = b"HTTP/1.1 503 Busy\r\ncontent-length: 12\r\ndate: now\r\n\r\nhello";
        let head = answer.len() - 5;
        assert_eq!(parse_head(answer).unwrap(), Some((503, head + 12)));
        let other = b"HTTP/1.1 503 Busy\r\nContent-Length: 12\r\nDate: now\r\n\r\n";
        assert_eq!(parse_head(other).unwrap(), Some((503, head + 12)));
        assert_eq!(parse_head(&answer[..30]).unwrap(), None);
        assert!(parse_head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
