//! Where lines go on their way to standard error: routine ones in company.
//!
//! A write for each line costs more than to make the line, and two threads that write to one file wait
//! for each other (budget B3 of the design). So lines up to INFO wait for [`DELAY`] at most and are
//! written together; a warning or an error is written at once, with all that waits before it. The
//! order is that of the events. Who kills the process (SIGKILL) takes along what has waited less than
//! that long.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// Too short to be missed by who follows the log, and long enough for a hundred lines under load.
const DELAY: Duration = Duration::from_millis(5);

/// Bytes that wait at most. Whoever comes later writes them out: a log that cannot be written fast
/// enough slows the server down, it does not fill its memory.
const MOST: usize = 256 * 1024;

/// Bytes that one write takes at most, unless a single line is longer. A pipe takes so many whole or
/// not at all (`PIPE_BUF` of Linux, pipe(7)): a line is neither cut by whoever kills the process nor
/// mixed with those of another process that writes there as well.
const AT_ONCE: usize = 4096;

/// Bytes that are kept room for at least.
const KEPT: usize = 16 * 1024;

/// Gathers lines and writes them to `W`.
pub(super) struct Sink<W>(Arc<Shared<W>>);

struct Shared<W> {
    pending: Mutex<Pending>,
    some: Condvar,
    out: Mutex<Out<W>>,
}

#[derive(Default)]
struct Pending {
    lines: Vec<u8>,
    closed: bool,
}

struct Out<W> {
    writer: W,
    /// What is being written. Its room is used in turns with that of the pending lines.
    lines: Vec<u8>,
}

/// Writes what waits when it is dropped, as the process ends in order.
pub(crate) struct Flush(Box<dyn Fn() + Send>);

impl Drop for Flush {
    fn drop(&mut self) {
        (self.0)();
    }
}

impl<W: Write + Send + 'static> Sink<W> {
    /// Starts the thread that writes what has waited.
    pub(super) fn start(writer: W) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            pending: Mutex::default(),
            some: Condvar::new(),
            out: Mutex::new(Out {
                writer,
                lines: Vec::new(),
            }),
        });
        let waiting = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("hardtack-log".to_owned())
            .spawn(move || {
                while waiting.wait() {
                    std::thread::sleep(DELAY);
                    waiting.flush();
                }
            })?;
        Ok(Self(shared))
    }

    /// What is to be dropped last. Lines that come after it are written at once.
    pub(super) fn flush_at_end(&self) -> Flush {
        let shared = Arc::clone(&self.0);
        Flush(Box::new(move || {
            shared.lock().closed = true;
            shared.some.notify_one();
            shared.flush();
        }))
    }
}

impl<W: Write> Shared<W> {
    /// Waits until there is a line; false when there will be none.
    fn wait(&self) -> bool {
        let is_idle = |pending: &mut Pending| pending.lines.is_empty() && !pending.closed;
        let pending = self.some.wait_while(self.lock(), is_idle);
        !pending.unwrap_or_else(PoisonError::into_inner).closed
    }

    fn push(&self, line: &[u8], is_urgent: bool) {
        let mut pending = self.lock();
        let is_first = pending.lines.is_empty();
        pending.lines.extend_from_slice(line);
        let is_due = is_urgent || pending.closed || pending.lines.len() > MOST;
        drop(pending);
        if is_due {
            self.flush();
        } else if is_first {
            self.some.notify_one();
        }
    }

    fn flush(&self) {
        // Taken before the lines are, so that nobody's later lines are written before them.
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let Out { writer, lines } = &mut *out;
        std::mem::swap(&mut self.lock().lines, lines);
        // There is nobody left to tell.
        let _ = write_whole_lines(writer, lines).and_then(|()| writer.flush());
        // What was needed just now is needed again in an instant: under load the room would be given
        // back and asked for two hundred times a second, page by page.
        let kept = KEPT.max(2 * lines.len());
        lines.clear();
        lines.shrink_to(kept);
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes as many lines at once as go there whole.
fn write_whole_lines(writer: &mut impl Write, mut lines: &[u8]) -> io::Result<()> {
    while !lines.is_empty() {
        let newline = |byte: &u8| *byte == b'\n';
        let fitting = lines.get(..AT_ONCE).unwrap_or(lines);
        let end = fitting
            .iter()
            .rposition(newline)
            .or_else(|| lines.iter().position(newline))
            .map_or(lines.len(), |last| last + 1);
        let (now, later) = lines.split_at(end);
        writer.write_all(now)?;
        lines = later;
    }
    Ok(())
}

/// One line.
pub(super) struct Line<'s, W> {
    shared: &'s Shared<W>,
    is_urgent: bool,
}

impl<W: Write> Write for Line<'_, W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.shared.push(line, self.is_urgent);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'s, W: Write + 'static> MakeWriter<'s> for Sink<W> {
    type Writer = Line<'s, W>;

    fn make_writer(&'s self) -> Self::Writer {
        Line {
            shared: &self.0,
            is_urgent: true,
        }
    }

    fn make_writer_for(&'s self, event: &Metadata<'_>) -> Self::Writer {
        Line {
            shared: &self.0,
            is_urgent: *event.level() <= Level::WARN,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::super::tests::{Lines, written};
    use super::*;

    fn log(sink: &Sink<Lines>, line: &str, is_urgent: bool) {
        let shared = &sink.0;
        let mut writer = Line { shared, is_urgent };
        writer.write_all(line.as_bytes()).unwrap();
    }

    #[test]
    fn a_warning_is_written_at_once_and_after_what_waited() {
        let lines = Lines::default();
        let sink = Sink::start(lines.clone()).unwrap();
        log(&sink, "a\n", false);
        log(&sink, "b\n", false);
        log(&sink, "c\n", true);
        assert_eq!(written(&lines), "a\nb\nc\n");
    }

    #[test]
    fn a_routine_line_is_written_without_another_after_it() {
        let lines = Lines::default();
        let sink = Sink::start(lines.clone()).unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        for expected in ["a\n", "a\na\n"] {
            log(&sink, "a\n", false);
            while written(&lines) != expected {
                assert!(Instant::now() < deadline, "the line is still not there");
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    #[test]
    fn what_waits_at_the_end_is_written_and_so_is_what_comes_later() {
        let lines = Lines::default();
        let sink = Sink::start(lines.clone()).unwrap();
        let flush = sink.flush_at_end();
        log(&sink, "a\n", false);
        drop(flush);
        assert_eq!(written(&lines), "a\n");
        log(&sink, "b\n", false);
        assert_eq!(written(&lines), "a\nb\n");
    }

    /// Whoever kills the process, or writes to the same pipe, would tear a line that is longer.
    #[test]
    fn a_write_has_whole_lines_and_no_more_than_a_pipe_takes_at_once() {
        #[derive(Default)]
        struct Writes(Vec<Vec<u8>>);

        impl Write for Writes {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.push(bytes.to_vec());
                Ok(bytes.len())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        let line = |length: usize| format!("{}\n", "a".repeat(length - 1));
        let lines = [300; 50].map(line).concat() + &line(9000) + &line(4096) + &line(1);
        let mut writes = Writes::default();
        write_whole_lines(&mut writes, lines.as_bytes()).unwrap();
        assert_eq!(writes.0.concat(), lines.as_bytes());
        let lengths: Vec<_> = writes.0.iter().map(Vec::len).collect();
        assert_eq!(lengths, [3900, 3900, 3900, 3300, 9000, 4096, 1]);
        assert!(writes.0.iter().all(|write| write.ends_with(b"\n")));
    }

    #[test]
    fn lines_of_many_threads_are_all_there_and_whole() {
        let lines = Lines::default();
        let sink = Sink::start(lines.clone()).unwrap();
        let flush = sink.flush_at_end();
        let line = |thread: usize| format!("{}\n", thread.to_string().repeat(300));
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let sink = &sink;
                scope.spawn(move || {
                    for count in 0..1000 {
                        log(sink, &line(thread), count % 100 == 0);
                    }
                });
            }
        });
        drop(flush);
        let written = written(&lines);
        for thread in 0..4 {
            let line = line(thread);
            let count = written.lines().filter(|text| *text == line.trim_end());
            assert_eq!(count.count(), 1000);
        }
        assert_eq!(written.lines().count(), 4000);
    }
}
