//! The person at the terminal.

use std::io::{IsTerminal as _, Write as _};

/// One line that stays.
pub(crate) fn say(line: &str) {
    clear();
    // Nobody is left to tell when standard output is closed.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// What is going on, over what was going on before. Only in a terminal.
pub(crate) fn progress(line: &str) {
    clear();
    if std::io::stderr().is_terminal() {
        let _ = write!(std::io::stderr(), "{line}");
    }
}

fn clear() {
    if std::io::stderr().is_terminal() {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
}
