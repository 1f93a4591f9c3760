//! `Origin`, `Sec-Fetch-Site` and `Referer`, against the URL standard as another library reads it.

use hardtack::PublicUrl;
use hardtack_core::csrf::{HeaderValues, Provenance, TrustedOrigins, decide};
use hardtack_fuzz::bolero::TypeGenerator;
use hardtack_fuzz::text::{Edit, Few, Piece, edited, spell};
use url::{Host, Url};

const TRUSTED: [&str; 3] = [
    "https://app.example.com",
    "http://other.example.com:8080",
    "https://[2001:db8::1]",
];
const WORDS: &[&str] = &[
    "https://app.example.com",
    "http://other.example.com:8080",
    "https://[2001:db8::1]",
    "https://",
    "http://",
    "://",
    "//",
    "/",
    "\\",
    "@",
    ":",
    ":443",
    ":80",
    ":8080",
    "?",
    "#",
    ".",
    "evil.example",
    "localhost",
    "127.0.0.1",
    "127.1",
    "[::1]",
    "0x7f.1",
    "2130706433",
    "null",
    "*",
    "app.example.com",
    "javascript:",
    "data:",
    "file:///",
    "same-origin",
    "same-site",
    "cross-site",
    "none",
    "\t",
    "\n",
    "%2e",
    "%40",
    "xn--",
    "é",
    "APP",
    ", ",
    "[",
    "]",
    "[::ffff:1.2.3.4]",
];

#[derive(Debug, TypeGenerator)]
enum Text {
    Spelt(Vec<Piece>),
    /// A trusted origin with edits.
    Near(u8, Few<Edit>),
    Bytes(Vec<u8>),
}

#[derive(Debug, TypeGenerator)]
enum Header {
    Absent,
    One(Text),
    Several,
}

#[derive(Debug, TypeGenerator)]
struct Input {
    origin: Header,
    fetch_site: Header,
    referer: Header,
    loopback: bool,
    same_site: bool,
    configured: Text,
}

/// docs/threat-model.md CS-1, CVE-2025-27143: nothing passes that another reading of the rules refuses, and
/// nothing can be trusted that no browser would send.
#[test]
fn no_other_origin_passes_for_a_trusted_one() {
    hardtack_fuzz::target!()
        .with_type::<Input>()
        .for_each(|input| {
            let mut trusted = TrustedOrigins::new(TRUSTED).unwrap();
            if input.loopback {
                trusted = trusted.with_loopback();
            }
            if input.same_site {
                trusted = trusted.with_same_site();
            }
            let texts = [&input.origin, &input.fetch_site, &input.referer].map(Header::bytes);
            let [origin, sec_fetch_site, referer] = texts.each_ref().map(|bytes| match bytes {
                Bytes::Absent => HeaderValues::Absent,
                Bytes::One(bytes) => HeaderValues::One(bytes),
                Bytes::Several => HeaderValues::Several,
            });
            let provenance = Provenance {
                origin,
                sec_fetch_site,
                referer,
            };
            let decided = decide(&trusted, &provenance);
            let may = may_pass(&texts, input);
            // The referer of a trusted origin may be refused for its spelling: browsers have one.
            assert!(decided.is_err() || may, "{texts:?} passed");
            if !matches!(texts[2], Bytes::One(_)) {
                assert_eq!(decided.is_ok(), may, "{texts:?}");
            }
            if let Err(refusal) = decided {
                let words = refusal.to_string();
                assert!(words.len() < 200 && !words.contains(char::is_control));
            }
            only_real_origins_can_be_trusted(&String::from_utf8_lossy(&input.configured.bytes()));
        });
}

#[derive(Debug)]
enum Bytes {
    Absent,
    One(Vec<u8>),
    Several,
}

impl Header {
    fn bytes(&self) -> Bytes {
        match self {
            Self::Absent => Bytes::Absent,
            Self::One(text) => Bytes::One(text.bytes()),
            Self::Several => Bytes::Several,
        }
    }
}

impl Text {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Spelt(pieces) => spell(pieces, WORDS).into_bytes(),
            Self::Near(which, edits) => {
                let origin = TRUSTED[usize::from(*which) % TRUSTED.len()];
                edited(origin, edits, WORDS).into_bytes()
            }
            Self::Bytes(bytes) => bytes.clone(),
        }
    }
}

/// The rules once more, with addresses taken apart by the other library.
fn may_pass([origin, fetch_site, referer]: &[Bytes; 3], input: &Input) -> bool {
    let is_trusted = |url: &Url| {
        let serialised = url.origin().ascii_serialization();
        let here = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        let web = matches!(url.scheme(), "http" | "https");
        TRUSTED.contains(&serialised.as_str()) || input.loopback && here && web
    };
    let parse = |bytes: &[u8]| Url::parse(std::str::from_utf8(bytes).ok()?).ok();
    match origin {
        Bytes::Several => return false,
        Bytes::One(bytes) => {
            // An origin has one spelling, that of its serialisation.
            return parse(bytes).is_some_and(|url| {
                url.origin().ascii_serialization().as_bytes() == bytes && is_trusted(&url)
            });
        }
        Bytes::Absent => {}
    }
    match fetch_site {
        Bytes::One(site) if site == b"same-site" && input.same_site => return true,
        Bytes::One(site) if site == b"same-origin" || site == b"none" => {}
        Bytes::Absent => {}
        Bytes::One(_) | Bytes::Several => return false,
    }
    match referer {
        Bytes::Absent => true,
        Bytes::Several => false,
        Bytes::One(bytes) => parse(bytes).is_some_and(|url| is_trusted(&url)),
    }
}

/// What is taken as a trusted origin is what a browser would write. Of names in Punycode only a
/// browser can say whether they are any.
fn only_real_origins_can_be_trusted(text: &str) {
    if let Ok(own) = PublicUrl::parse(text) {
        // Otherwise the service would start and trust nobody, its own pages included.
        assert!(TrustedOrigins::new([own.origin()]).is_ok(), "{text:?}");
    }
    let web = text.starts_with("https://") || text.starts_with("http://");
    if web && !text.contains("xn--") && TrustedOrigins::new([text]).is_ok() {
        let serialised = Url::parse(text).map(|url| url.origin().ascii_serialization());
        assert_eq!(serialised.as_deref(), Ok(text));
    }
}
