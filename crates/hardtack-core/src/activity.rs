//! Is somebody there, or does the page ask by itself? What defers the idle end of a session.

/// Does a request count as its user's activity (OWASP Session Management, idle timeout)?
///
/// A page that polls would otherwise keep a session alive for as long as its tab is open, and the
/// idle timeout would guard nothing. A page that lies about it gains nothing that it could not have
/// by asking for more; one that marks too much ends its own session sooner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Activity {
    /// Somebody is there: the idle end is counted from here.
    Counts,
    /// The page asked by itself: answered as ever, and the idle end stays where it was.
    Background,
}
