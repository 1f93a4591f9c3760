//! The stream that hyper reads from: it hands on a head only when it is complete and good.

use std::io::Result;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::head::{Body, Head, Step};
use super::progress::Progress;
use super::tls::Stream;

/// Passes on one request at a time. What follows a request waits here until it is answered, and a
/// head that is refused never gets past.
pub(super) struct Gate {
    stream: Stream,
    progress: Arc<Progress>,
    longest_head: usize,
    /// What came and was not passed on yet.
    held: Vec<u8>,
    /// So many of the held bytes may pass.
    open_for: usize,
    inside: Inside,
}

/// Where in the stream of requests the bytes after `open_for` are.
#[derive(Debug)]
enum Inside {
    Head(Head),
    /// With so many bytes to come.
    Body(u64),
    /// Chunks are hyper's to read, so where the next head would begin is not known here: the
    /// connection ends with this request.
    Last,
}

impl Gate {
    pub(super) fn new(stream: Stream, progress: Arc<Progress>, longest_head: usize) -> Self {
        Self {
            stream,
            progress,
            longest_head,
            held: Vec::new(),
            open_for: 0,
            inside: Inside::Head(Head::default()),
        }
    }

    pub(super) fn into_stream(self) -> Stream {
        self.stream
    }

    /// Whether more of a request may still be on its way.
    pub(super) fn is_inside_a_body(&self) -> bool {
        matches!(self.inside, Inside::Body(1..) | Inside::Last)
    }

    fn note<T>(&self, written: &Poll<Result<T>>) {
        if written.is_ready() {
            self.progress.is_read();
        } else {
            self.progress.is_unread(Instant::now());
        }
    }

    fn pass(&mut self, buffer: &mut ReadBuf<'_>) {
        let count = self.open_for.min(buffer.remaining());
        buffer.put_slice(self.held.get(..count).unwrap_or_default());
        self.held.drain(..count);
        self.open_for -= count;
        if self.held.is_empty() {
            // Idle connections are many.
            self.held = Vec::new();
        }
    }

    /// Is this one whole head, good, and of its body no more than belongs to it? That is what nearly
    /// always comes, and may stay where it is. Whatever else it is will be found out by
    /// [`judge`](Self::judge), which sees it whole.
    fn is_one_request(&mut self, came: &[u8]) -> bool {
        let is_beginning = match self.inside {
            Inside::Head(ref head) => head.is_untouched(),
            Inside::Body(left) => left == 0 && !self.progress.is_busy(),
            Inside::Last => false,
        };
        if !is_beginning {
            return false;
        }
        let Ok(Step::Complete { length, body }) = Head::default().read(came, self.longest_head)
        else {
            return false;
        };
        let behind = (came.len() - length) as u64;
        self.inside = match body {
            Body::Bytes(count) if behind <= count => Inside::Body(count - behind),
            Body::Chunked => Inside::Last,
            Body::Bytes(_) => return false,
        };
        self.progress.head_is_complete();
        self.progress.owe_body(self.is_inside_a_body());
        true
    }

    /// Judges what is held.
    fn judge(&mut self) -> Outcome {
        match &mut self.inside {
            Inside::Last => self.open_for = self.held.len(),
            Inside::Body(left @ 1..) => {
                let left_here = usize::try_from(*left).unwrap_or(usize::MAX);
                self.open_for = self.held.len().min(left_here);
                *left -= self.open_for as u64;
                self.progress.owe_body(*left > 0);
            }
            // The next request is not looked at before this one is answered.
            Inside::Body(0) if self.progress.is_busy() => return Outcome::Waits,
            Inside::Body(0) => {
                self.inside = Inside::Head(Head::default());
                return self.judge();
            }
            Inside::Head(_) if self.held.is_empty() => {}
            Inside::Head(head) => match head.read(&self.held, self.longest_head) {
                Ok(Step::Partial) => self.progress.head_begins(Instant::now()),
                Ok(Step::Complete { length, body }) => {
                    self.progress.head_is_complete();
                    self.open_for = length;
                    self.inside = match body {
                        Body::Bytes(count) => Inside::Body(count),
                        Body::Chunked => Inside::Last,
                    };
                    let behind = (self.held.len() - length) as u64;
                    let is_owed = match body {
                        Body::Bytes(count) => count > behind,
                        Body::Chunked => true,
                    };
                    self.progress.owe_body(is_owed);
                }
                Err(refusal) => {
                    self.progress.refuse(refusal);
                    return Outcome::Waits;
                }
            },
        }
        if self.open_for > 0 {
            Outcome::Passes
        } else {
            Outcome::WantsMore
        }
    }
}

enum Outcome {
    Passes,
    WantsMore,
    /// For an answer of ours: nothing more is taken in.
    Waits,
}

impl AsyncRead for Gate {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        loop {
            if self.progress.refusal().is_some() {
                return Poll::Pending;
            }
            if self.open_for == 0 {
                match self.judge() {
                    Outcome::Passes | Outcome::WantsMore => {}
                    // Only whether the client has gone is still of interest.
                    Outcome::Waits if self.held.is_empty() => {}
                    Outcome::Waits => {
                        self.progress.wake_when_answered(context.waker());
                        return Poll::Pending;
                    }
                }
            }
            if self.open_for > 0 {
                self.pass(buffer);
                return Poll::Ready(Ok(()));
            }
            let before = buffer.filled().len();
            ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
            let came = buffer.filled().get(before..).unwrap_or_default();
            if came.is_empty() {
                return Poll::Ready(Ok(()));
            }
            if self.held.is_empty() && self.is_one_request(came) {
                return Poll::Ready(Ok(()));
            }
            self.held.extend_from_slice(came);
            buffer.set_filled(before);
        }
    }
}

impl AsyncWrite for Gate {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.note(&poll);
        poll
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[std::io::IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.note(&poll);
        poll
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_flush(context);
        self.note(&poll);
        poll
    }

    /// Does nothing: after hyper is done there may be a refusal to write, and bytes to read.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }
}
