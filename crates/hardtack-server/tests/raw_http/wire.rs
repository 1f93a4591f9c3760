//! A client that sends exactly the bytes it is given, and reads answers without forgiving anything.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::house::{House, Server};

/// Longer than any bound of [`server`].
const PATIENCE: Duration = Duration::from_secs(30);

/// A request that must never be answered where it follows a refused one; its answer is not like
/// any other.
pub(crate) const SMUGGLED: &str =
    "GET /.well-known/jwks.json HTTP/1.1\r\nhost: app.example.com\r\n\r\n";

/// Ends a conversation: answered, then closed.
pub(crate) const LAST: &str =
    "GET /healthz HTTP/1.1\r\nhost: app.example.com\r\nconnection: close\r\n\r\n";

/// A server that loses patience soon.
pub(crate) fn house() -> House {
    House::public()
        .with("server.head_timeout", "2s")
        .with("server.body_timeout", "2s")
        .with("server.keep_alive_timeout", "4s")
}

/// One answer, parsed strictly.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|header| header.0 == name);
        let value = values.next().map(|header| header.1.as_str());
        assert!(values.next().is_none(), "{name} twice: {self:?}");
        value
    }

    pub(crate) fn is_of_the_smuggled(&self) -> bool {
        self.body.contains("\"keys\"")
    }

    /// Every answer is ours: hardened, JSON if anything, and silent about what we are made of.
    fn must_be_ours(&self) {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            (
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'",
            ),
            ("cross-origin-resource-policy", "same-origin"),
            ("strict-transport-security", "max-age=31536000"),
        ] {
            assert_eq!(self.header(name), Some(value), "{self:?}");
        }
        assert!(self.header("cache-control").is_some(), "{self:?}");
        assert!(self.header("date").is_some(), "{self:?}");
        assert!(self.header("server").is_none(), "{self:?}");
        if !self.body.is_empty() {
            let json: Result<Value, _> = serde_json::from_str(&self.body);
            assert!(json.is_ok(), "{self:?}");
            assert_eq!(self.header("content-type"), Some("application/json"));
        }
        let text = format!("{self:?}").to_lowercase();
        for inside in [
            "hyper",
            "axum",
            "tokio",
            "panick",
            ".rs",
            "sqlite",
            "backtrace",
        ] {
            assert!(!text.contains(inside), "{inside}: {self:?}");
        }
    }
}

pub(crate) fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends `bytes` at once and reads until the server closes, which it must.
pub(crate) fn exchange(server: &Server, bytes: impl AsRef<[u8]>) -> Vec<Answer> {
    let mut stream = connect(server);
    // The server may close before it has read everything.
    let _ = stream.write_all(bytes.as_ref());
    answers(stream)
}

/// Reads until the server closes, which it must.
pub(crate) fn answers(mut stream: TcpStream) -> Vec<Answer> {
    let mut bytes = Vec::new();
    if let Err(error) = stream.read_to_end(&mut bytes) {
        let kind = error.kind();
        assert_eq!(
            kind,
            ErrorKind::ConnectionReset,
            "the connection stays open"
        );
    }
    parse(&String::from_utf8(bytes).unwrap())
}

/// Answers to anything but HEAD; interim ones (100) count.
fn parse(mut text: &str) -> Vec<Answer> {
    let mut answers = Vec::new();
    while !text.is_empty() {
        let (head, rest) = text.split_once("\r\n\r\n").expect("a whole head");
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap();
        let status = status
            .strip_prefix("HTTP/1.1 ")
            .or_else(|| status.strip_prefix("HTTP/1.0 "))
            .unwrap_or_else(|| panic!("no status line: {status:?}"));
        let status = status.split(' ').next().unwrap().parse().unwrap();
        let headers: Vec<(String, String)> = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let mut answer = Answer {
            status,
            headers,
            body: String::new(),
        };
        if status == 100 {
            text = rest;
        } else {
            let length = answer.header("content-length").unwrap().parse().unwrap();
            let (body, next) = rest.split_at(length);
            answer.body.push_str(body);
            answer.must_be_ours();
            text = next;
        }
        answers.push(answer);
    }
    answers
}

/// The one answer to bytes that are refused: the connection ends with it.
pub(crate) fn refused(server: &Server, case: &str, bytes: impl AsRef<[u8]>) -> Answer {
    let mut answers = exchange(server, bytes);
    assert_eq!(answers.len(), 1, "{case}: {answers:?}");
    let answer = answers.remove(0);
    assert!(!answer.is_of_the_smuggled(), "{case}: {answer:?}");
    assert_eq!(
        answer.header("connection"),
        Some("close"),
        "{case}: {answer:?}"
    );
    must_serve(server);
    answer
}

/// Asserts that somebody else is served at once.
pub(crate) fn must_serve(server: &Server) {
    let answers = exchange(server, LAST);
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].status, 200);
}
