//! What a browser keeps of the answers, and what somebody who saw them all could try.

use hardtack_fuzz::world::Answer;
use http::header::SET_COOKIE;

/// Every token that was handed out, in its order, and what the browser has now.
#[derive(Default)]
pub(crate) struct Jar {
    /// Who they are.
    pub(crate) name: String,
    /// All bodies that were sent.
    sent: Vec<u8>,
    pub(crate) issued: Vec<String>,
    pub(crate) access: String,
    pub(crate) refresh: String,
}

/// A cookie as an answer sets it.
pub(crate) struct Cookie {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) attributes: Vec<String>,
}

pub(crate) fn cookies(answer: &Answer) -> impl Iterator<Item = Cookie> {
    let lines = answer.headers.get_all(SET_COOKIE).iter();
    lines.map(|line| {
        let mut parts = line.to_str().unwrap().split("; ").map(str::to_owned);
        let pair = parts.next().unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        Cookie {
            name: name.to_owned(),
            value: value.to_owned(),
            attributes: parts.collect(),
        }
    })
}

impl Jar {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    pub(crate) fn note(&mut self, body: &[u8]) {
        self.sent.extend(body);
    }

    pub(crate) fn wrote(&self, text: &str) -> bool {
        let mut windows = self.sent.windows(text.len().max(1));
        windows.any(|window| window == text.as_bytes())
    }

    pub(crate) fn take(&mut self, answer: &Answer) {
        for cookie in cookies(answer) {
            match cookie.name.as_str() {
                "access" => self.access.clone_from(&cookie.value),
                "refresh" => self.refresh.clone_from(&cookie.value),
                _ => continue,
            }
            if !cookie.value.is_empty() {
                self.issued.push(cookie.value);
            }
        }
    }
}
