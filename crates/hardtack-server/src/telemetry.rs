//! Log lines: text in a terminal, one JSON object a line elsewhere; on standard error.

use std::io::{self, IsTerminal as _};

use hardtack_core::event::{Event, Observer};
use tracing::level_filters::LevelFilter;
use tracing::{error, info, warn};

use crate::config::{LogConfig, LogFormat};
use json::JsonLines;
use sink::{Flush, Sink};

mod json;
mod sink;

/// Starts to log. Later calls change nothing. What is returned is to be kept until the process ends.
pub(crate) fn start(config: LogConfig) -> io::Result<Option<Flush>> {
    let json = match config.format {
        LogFormat::Auto => !io::stderr().is_terminal(),
        LogFormat::Text => false,
        LogFormat::Json => true,
    };
    let lines = tracing_subscriber::fmt().with_max_level(LevelFilter::from_level(config.level));
    // Only a test starts twice, and then the first one is as good.
    let flush = if json {
        let sink = Sink::start(io::stderr())?;
        let flush = sink.flush_at_end();
        let lines = lines.event_format(JsonLines).with_writer(sink);
        lines.try_init().is_ok().then_some(flush)
    } else {
        // A person reads them, as they come.
        let lines = lines.with_ansi(io::stderr().is_terminal());
        let lines = lines.with_writer(io::stderr).with_target(false);
        let _ = lines.try_init();
        None
    };
    log_panics();
    Ok(flush)
}

/// A panic becomes a log line like any other. Its message only if it was written in the source: one
/// that was formatted may hold what somebody sent.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let message = panic.payload().downcast_ref::<&'static str>();
        error!(
            place,
            panic = message.copied(),
            "a panic: this is a fault of Hardtack"
        );
    }));
}

/// Writes one line for each event (docs/threat-model.md SV-4): who, which session, from where, why. Events
/// carry no token, cookie or password, and every text from outside is a field, whose controls both
/// formats escape.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogObserver;

impl Observer for LogObserver {
    fn observe(&self, event: &Event, address: Option<&str>) {
        let code = event.code();
        match event {
            Event::LoggedIn { user, session } => {
                info!(event = code, %user, %session, address, "logged in");
            }
            Event::NewDevice {
                user,
                session,
                device,
            } => {
                info!(event = code, %user, %session, device, address, "from a device that this user never had before");
            }
            Event::LoginRefused { user, reason } => {
                let user = user.map(|user| user.to_string()).unwrap_or_default();
                let reason = reason.code();
                warn!(event = code, user, reason, address, "login refused");
            }
            Event::SessionRotated {
                user,
                session,
                generation,
            } => {
                info!(event = code, %user, %session, generation, address, "session refreshed");
            }
            Event::SessionBranched {
                user,
                session,
                branch,
            } => {
                info!(event = code, %user, %session, branch, address, "session refreshed after a lost answer");
            }
            Event::StoreFellBehind { user, session } => {
                error!(event = code, %user, %session, address, "the store has lost commits");
            }
            Event::TokenReused { user, session } => {
                warn!(event = code, %user, %session, address, "a refresh token came back: the session is ended");
            }
            Event::RefreshRefused { session, reason } => {
                let session = session.map(|session| session.to_string());
                info!(event = code, session, reason, address, "refresh refused");
            }
            Event::SessionRevoked {
                user,
                session,
                reason,
            } => {
                let reason = reason.code();
                info!(event = code, %user, %session, reason, address, "session ended");
            }
            Event::PasswordChanged {
                user,
                sessions_ended,
            } => {
                info!(event = code, %user, sessions_ended, address, "password changed");
            }
            Event::PasswordChangeRefused { user } => {
                warn!(event = code, %user, address, "password change refused: wrong old password");
            }
            Event::CsrfRefused { reason } => {
                warn!(
                    event = code,
                    reason, address, "request from a place that may not change anything"
                );
            }
            // Operators' acts, which the command line reports; and events are added in the crate below.
            other => info!(event = code, what = ?other, address, "something happened"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use hardtack_core::event::LoginRefusal;

    use super::*;

    #[derive(Clone, Default)]
    pub(super) struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    pub(super) fn written(lines: &Lines) -> String {
        String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
    }

    /// Log injection: line ends and escape codes must not forge a line (ASVS 5.0 §16.4.1). The
    /// address is the one text in an event; an observer does not rely on where it comes from.
    #[test]
    fn a_hostile_text_cannot_forge_a_log_line() {
        let address = "192.0.2.1\r\n{\"event\":\"logged_in\"}\u{1b}[2J";
        let event = Event::LoginRefused {
            user: None,
            reason: LoginRefusal::UnknownUser,
        };
        for json in [true, false] {
            let lines = Lines::default();
            let sink = lines.clone();
            let builder = tracing_subscriber::fmt()
                .with_ansi(false)
                .with_writer(move || sink.clone());
            let observe = || LogObserver.observe(&event, Some(address));
            if json {
                let subscriber = builder.event_format(JsonLines).finish();
                tracing::subscriber::with_default(subscriber, observe);
            } else {
                tracing::subscriber::with_default(builder.finish(), observe);
            }
            let written = written(&lines);
            assert_eq!(written.lines().count(), 1, "{written}");
            assert!(
                written.ends_with('\n') && !written.contains(['\r', '\u{1b}']),
                "{written}"
            );
            assert!(
                written.contains("unknown_user") && written.contains("192.0.2.1"),
                "{written}"
            );
        }
    }
}
