//! Reads the head of a request more strictly than hyper does, before hyper sees it.
//!
//! RFC 9112 lets a server forgive much. What one server forgives another reads differently, and
//! between the two a second request hides in the first (request smuggling). So everything that can
//! be read in two ways is refused here (docs/threat-model.md SV-2).

use http::Method;
use http::uri::{Authority, Scheme, Uri};

use super::refusal::Refusal;
use bytes::{is_plain, line_length, split, token_length, trim};

mod bytes;

/// Fields of one head (docs/threat-model.md SV-1). Browsers send about twenty.
const MAX_FIELDS: usize = 100;

/// What follows a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// So many bytes, then the next head.
    Bytes(u64),
    /// Chunks. Where they end is for hyper to find out.
    Chunked,
}

/// How far a head has come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// More bytes are needed.
    Partial,
    /// The head is complete and good.
    Complete {
        /// Its length in bytes.
        length: usize,
        body: Body,
    },
}

/// A head as far as it has come. Every line is judged when it ends, so that nonsense is refused at
/// once and no byte is looked at twice.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// Up to here there are whole lines.
    read: usize,
    /// Up to here no line ends.
    searched: usize,
    request_line: Option<RequestLine>,
    leading_lines: u8,
    fields: usize,
    host: Option<Host>,
    length: Option<u64>,
    chunked: bool,
}

#[derive(Debug)]
struct RequestLine {
    minor_version: u8,
    /// Of a target in absolute-form.
    authority: Option<Authority>,
}

/// A path or host that is longer is read by a parser, whatever it is made of.
const LONGEST_PLAIN: usize = 255;

#[derive(Debug)]
enum Host {
    /// `Host:` without a value, of a client that has no name for us.
    Empty,
    /// A name, and nothing that it would have to be compared with.
    Plain,
    Named(Authority),
}

impl Head {
    /// Reads on; `bytes` is all that has come of the head and perhaps of what follows it.
    pub(super) fn read(&mut self, bytes: &[u8], limit: usize) -> Result<Step, Refusal> {
        let mut rest = bytes.get(self.read..).unwrap_or_default();
        let searched = self.searched - self.read;
        let mut end = searched + line_length(rest.get(searched..).unwrap_or_default());
        loop {
            let (line, behind) = rest.split_at_checked(end).unwrap_or_default();
            let next = match behind {
                [b'\r', b'\n', next @ ..] => next,
                [] | [b'\r'] => {
                    self.read = bytes.len() - rest.len();
                    self.searched = self.read + end;
                    return self.partial(bytes.len(), limit);
                }
                // A bare CR or LF ends a line for some, and is text to others.
                _ => return Err(Refusal::Malformed),
            };
            let length = bytes.len() - next.len();
            if length > limit {
                return Err(self.too_large());
            }
            if self.line(line)? {
                let body = self.body()?;
                return Ok(Step::Complete { length, body });
            }
            rest = next;
            end = line_length(rest);
        }
    }

    /// Nothing of it has come yet.
    pub(super) fn is_untouched(&self) -> bool {
        self.searched == 0
    }

    fn partial(&self, length: usize, limit: usize) -> Result<Step, Refusal> {
        if length < limit {
            Ok(Step::Partial)
        } else {
            Err(self.too_large())
        }
    }

    fn too_large(&self) -> Refusal {
        if self.request_line.is_some() {
            Refusal::HeadTooLarge
        } else {
            Refusal::TargetTooLong
        }
    }

    /// Whether the head ends with this line.
    fn line(&mut self, line: &[u8]) -> Result<bool, Refusal> {
        match (&self.request_line, line) {
            // RFC 9112 §2.2: an empty line that a client sent after its last body is forgiven.
            (None, []) if self.leading_lines == 0 => {
                self.leading_lines = 1;
                Ok(false)
            }
            (None, line) => {
                self.request_line = Some(RequestLine::parse(line)?);
                Ok(false)
            }
            (Some(_), []) => Ok(true),
            (Some(_), line) => self.field(line).map(|()| false),
        }
    }

    fn field(&mut self, line: &[u8]) -> Result<(), Refusal> {
        self.fields += 1;
        if self.fields > MAX_FIELDS {
            return Err(Refusal::HeadTooLarge);
        }
        // A line that goes on where the last one ended (obs-fold) and a space before the colon
        // have a "name" with a space in it, which is none.
        let Some((name @ [_, ..], [b':', value @ ..])) = line.split_at_checked(token_length(line))
        else {
            return Err(Refusal::Malformed);
        };
        if name.eq_ignore_ascii_case(b"host") {
            let line = self.request_line.as_ref();
            let is_compared = line.is_some_and(|line| line.authority.is_some());
            put(&mut self.host, Host::parse(trim(value), is_compared)?)
        } else if name.eq_ignore_ascii_case(b"content-length") {
            put(&mut self.length, content_length(trim(value))?)
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            // Once, and nothing else: no list, no second line, no coding that we do not undo.
            let known = trim(value).eq_ignore_ascii_case(b"chunked") && !self.chunked;
            self.chunked = true;
            known.then_some(()).ok_or(Refusal::Malformed)
        } else {
            Ok(())
        }
    }

    /// What the fields say together.
    fn body(&self) -> Result<Body, Refusal> {
        let line = self.request_line.as_ref().ok_or(Refusal::Malformed)?;
        match (&line.authority, &self.host) {
            // RFC 9112 §3.2: whose request is it?
            (_, None) if line.minor_version > 0 => return Err(Refusal::Malformed),
            (Some(_), Some(Host::Empty | Host::Plain)) => return Err(Refusal::Malformed),
            (Some(target), Some(Host::Named(host))) if target != host => {
                return Err(Refusal::Malformed);
            }
            _ => {}
        }
        match (self.chunked, self.length) {
            (false, length) => Ok(Body::Bytes(length.unwrap_or(0))),
            // RFC 9112 §6.1: HTTP/1.0 has no chunks, and a length beside them is an attack.
            (true, None) if line.minor_version > 0 => Ok(Body::Chunked),
            (true, _) => Err(Refusal::Malformed),
        }
    }
}

impl RequestLine {
    fn parse(line: &[u8]) -> Result<Self, Refusal> {
        let (method, rest) = split(line, b' ').ok_or(Refusal::Malformed)?;
        let (target, version) = split(rest, b' ').ok_or(Refusal::Malformed)?;
        let minor_version = match version {
            b"HTTP/1.1" => 1,
            b"HTTP/1.0" => 0,
            [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
                if major.is_ascii_digit() && minor.is_ascii_digit() =>
            {
                return Err(Refusal::VersionNotSupported);
            }
            _ => return Err(Refusal::Malformed),
        };
        let method = Method::from_bytes(method).map_err(|_| Refusal::Malformed)?;
        Ok(Self {
            minor_version,
            authority: authority(&method, target)?,
        })
    }
}

/// Of a target in one of the forms that a service answers (RFC 9112 §3.2). The authority-form
/// belongs to proxies.
fn authority(method: &Method, target: &[u8]) -> Result<Option<Authority>, Refusal> {
    if let [b'/', path @ ..] = target
        && path.len() < LONGEST_PLAIN
        && path.iter().all(|byte| *byte == b'/' || is_plain(*byte))
    {
        return Ok(None);
    }
    if !target.iter().all(u8::is_ascii_graphic) || target.contains(&b'#') {
        return Err(Refusal::Malformed);
    }
    let uri = Uri::try_from(target).map_err(|_| Refusal::Malformed)?;
    match target {
        [b'/', ..] => Ok(None),
        b"*" if method == Method::OPTIONS => Ok(None),
        _ if method == Method::CONNECT => Err(Refusal::Malformed),
        _ if [Some(&Scheme::HTTP), Some(&Scheme::HTTPS)].contains(&uri.scheme()) => {
            let authority = uri.into_parts().authority;
            authority
                .filter(names_a_host)
                .map(Some)
                .ok_or(Refusal::Malformed)
        }
        _ => Err(Refusal::Malformed),
    }
}

impl Host {
    /// `is_compared`: the target names a host too.
    fn parse(value: &[u8], is_compared: bool) -> Result<Self, Refusal> {
        if value.is_empty() {
            return Ok(Self::Empty);
        }
        if !is_compared && value.len() <= LONGEST_PLAIN && value.iter().all(|byte| is_plain(*byte))
        {
            return Ok(Self::Plain);
        }
        let authority = Authority::try_from(value).ok();
        let host = authority.filter(names_a_host);
        host.map(Self::Named).ok_or(Refusal::Malformed)
    }
}

/// And a port at most: not a user, as in `localhost@evil.example`.
fn names_a_host(authority: &Authority) -> bool {
    let host = authority.host();
    let port = authority.as_str().strip_prefix(host);
    let digits = port.map(|port| port.strip_prefix(':').unwrap_or(port));
    let is_number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok();
    !host.is_empty() && digits.is_some_and(|digits| digits.is_empty() || is_number(digits))
}

/// Digits and nothing else; what is too large to be a number is no length either.
fn content_length(value: &[u8]) -> Result<u64, Refusal> {
    let digits = Some(value).filter(|value| value.iter().all(u8::is_ascii_digit));
    let length = digits.and_then(|digits| str::from_utf8(digits).ok()?.parse::<u64>().ok());
    // The two largest numbers have a meaning of their own in hyper.
    length
        .filter(|length| *length < u64::MAX / 2)
        .ok_or(Refusal::Malformed)
}

/// A field that decides something stands there once, even when both say the same.
fn put<T>(place: &mut Option<T>, value: T) -> Result<(), Refusal> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Refusal::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 200;

    fn whole(bytes: &[u8]) -> Result<Step, Refusal> {
        Head::default().read(bytes, LIMIT)
    }

    /// What is refused over a socket is in `tests/raw_http`; here is what one read makes of it.
    #[test]
    fn a_head_ends_where_its_empty_line_does() {
        let sized = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\nGET / HT";
        let complete = |length, body| Ok(Step::Complete { length, body });
        assert_eq!(whole(sized), complete(47, Body::Bytes(7)));
        let chunked = b"\r\nPOST / HTTP/1.1\r\nhost:a\r\ntransfer-encoding:\tChunked \r\n\r\n";
        assert_eq!(whole(chunked), complete(chunked.len(), Body::Chunked));
        assert_eq!(
            whole(b"GET / HTTP/1.0\r\n\r\n"),
            complete(18, Body::Bytes(0))
        );
        assert_eq!(whole(b"GET / HTTP/1.1\r\n\r\n"), Err(Refusal::Malformed));
    }

    /// What is let pass without a parser, every parser would let pass.
    #[test]
    fn a_plain_path_or_host_is_a_good_one() {
        for byte in (0..=u8::MAX).filter(|byte| is_plain(*byte)) {
            for text in [[byte; 1].as_slice(), &[byte; LONGEST_PLAIN], &[byte, b'a']] {
                let host = Authority::try_from(text).unwrap();
                assert!(names_a_host(&host), "{host}");
                assert!(Uri::try_from([b"/", text].concat()).is_ok(), "{byte}");
                assert!(
                    Uri::try_from([b"//", text, b"//"].concat()).is_ok(),
                    "{byte}"
                );
            }
        }
        for byte in (0..=u8::MAX).filter(|byte| !is_plain(*byte)) {
            assert!(
                !byte.is_ascii_alphanumeric() && !b"-._~".contains(&byte),
                "{byte}"
            );
        }
    }

    #[test]
    fn the_network_may_cut_a_head_anywhere() {
        let long = format!(
            "GET / HTTP/1.1\r\nhost: a\r\na: {}\r\n\r\n",
            "b".repeat(LIMIT)
        );
        let target = "A".repeat(LIMIT);
        for (bytes, is_good) in [
            (
                "GET /?a HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc",
                true,
            ),
            ("\r\nGET / HTTP/1.1\r\nhost: a\r\nb:\r\n\r\n", true),
            ("GET / HTTP/1.1\r\nhost: a\nb: c\r\n\r\n", false),
            ("GET / HTTP/1.1\r\nhost: a\rb: c\r\n\r\n", false),
            ("GET / HTTP/1.1\r\nhost: a\r\n b: c\r\n\r\n", false),
            (long.as_str(), false),
            (target.as_str(), false),
        ] {
            let bytes = bytes.as_bytes();
            let at_once = whole(bytes);
            assert_eq!(at_once.is_ok(), is_good);
            for first in 0..bytes.len() {
                let mut head = Head::default();
                let mut step = head.read(&bytes[..first], LIMIT);
                if step == Ok(Step::Partial) {
                    step = head.read(bytes, LIMIT);
                }
                assert_eq!(step, at_once, "{first}");
            }
            let mut head = Head::default();
            let mut steps = (1..=bytes.len()).map(|length| head.read(&bytes[..length], LIMIT));
            let one_by_one = steps.find(|step| *step != Ok(Step::Partial));
            assert_eq!(one_by_one, Some(at_once));
        }
    }
}
