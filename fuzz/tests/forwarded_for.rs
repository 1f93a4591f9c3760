//! `X-Forwarded-For`, seen through the whole service: whose address is written down?

use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;

use axum::body::Body;
use hardtack_fuzz::bolero::TypeGenerator;
use hardtack_fuzz::text::{Few, Piece, spell};
use hardtack_fuzz::world::{World, block_on};
use http::{HeaderValue, Request};

const TRUSTED: [&str; 3] = ["10.0.0.0/8", "fd00::/8", "192.0.2.7/32"];
const WORDS: &[&str] = &[
    "10.0.0.1",
    "10.255.255.255",
    "192.0.2.7",
    "192.0.2.8",
    "203.0.113.9",
    "198.51.100.1",
    "fd00::1",
    "2001:db8::7",
    "[2001:db8::7]",
    "[fd00::1]:443",
    "10.0.0.2:80",
    "203.0.113.9:4711",
    "::ffff:10.0.0.1",
    "::ffff:203.0.113.9",
    ",",
    ", ",
    " ",
    "\t",
    "unknown",
    "_x",
    "\"",
    "::1",
    "127.0.0.1",
    "010.0.0.1",
    "0x0a.0.0.1",
    "10.1",
    "fe80::1%eth0",
    "for=",
    ";",
    "]",
    "[",
];

#[derive(Debug, TypeGenerator)]
struct Input {
    peer: Peer,
    lines: Few<Vec<Piece>>,
}

#[derive(Debug, TypeGenerator)]
enum Peer {
    Trusted,
    TrustedSix,
    TrustedMapped,
    Four([u8; 4]),
    Six([u8; 16]),
}

/// docs/threat-model.md AU-6, CVE-2026-45364: nothing that a stranger writes chooses their own bucket.
#[test]
fn the_client_is_the_last_that_a_trusted_hop_has_seen() {
    let trusted: Vec<ipnet::IpNet> = TRUSTED.map(|it| it.parse().unwrap()).into();
    let world = block_on(World::new(|settings| {
        settings.trusted_proxies.clone_from(&trusted);
    }));
    // A refused request changes nothing but the note of its address.
    let world = AssertUnwindSafe(world);
    hardtack_fuzz::target!()
        .with_type::<Input>()
        .for_each(|input| {
            let peer: IpAddr = match input.peer {
                Peer::Trusted => "10.1.2.3".parse().unwrap(),
                Peer::TrustedSix => "fd00::9".parse().unwrap(),
                Peer::TrustedMapped => "::ffff:10.1.2.3".parse().unwrap(),
                Peer::Four(bytes) => bytes.into(),
                Peer::Six(bytes) => bytes.into(),
            };
            let mut request = Request::post("/api/auth/login/").header("origin", "null");
            let mut hops: Vec<String> = Vec::new();
            for line in &input.lines {
                let Ok(value) = HeaderValue::from_str(&spell(line, WORDS)) else {
                    continue;
                };
                hops.extend(value.to_str().unwrap_or("").split(',').map(str::to_owned));
                request = request.header("x-forwarded-for", value);
            }
            let request = request.body(Body::empty()).unwrap();
            let answer = block_on(world.send(request, SocketAddr::new(peer, 40_000)));
            assert_eq!(answer.status, 403);
            let expected = client(peer, &trusted, &hops);
            assert_eq!(world.last_address(), Some(expected.to_string()), "{hops:?}");
        });
}

/// Told from the left: after the peer and all hops, only the part that an unbroken chain of trusted
/// ones vouches for counts, and the client is where it begins.
fn client(peer: IpAddr, trusted: &[ipnet::IpNet], hops: &[String]) -> IpAddr {
    let trusts = |it: IpAddr| trusted.iter().any(|network| network.contains(&it));
    let mut chain: Vec<Option<IpAddr>> = hops.iter().map(|hop| address(hop)).collect();
    chain.push(Some(plain(peer)));
    let vouched = |index: usize| {
        chain[index + 1..].iter().all(|it| it.is_some_and(trusts)) && chain[index].is_some()
    };
    let first = (0..chain.len()).find(|index| vouched(*index)).unwrap();
    chain[first].unwrap()
}

fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim_matches(|character: char| character.is_ascii_whitespace());
    let bare = match hop.strip_prefix('[') {
        Some(rest) => {
            let (inside, port) = rest.split_once(']')?;
            let is_port = port.is_empty() || is_port(port.strip_prefix(':')?);
            let inside: std::net::Ipv6Addr = inside.split('%').next()?.parse().ok()?;
            return is_port.then(|| plain(inside.into()));
        }
        None if hop.matches(':').count() == 1 => {
            let (host, port) = hop.split_once(':')?;
            let host: std::net::Ipv4Addr = host.parse().ok()?;
            return is_port(port).then(|| host.into());
        }
        None => hop,
    };
    bare.parse().ok().map(plain)
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// An IPv4 address in IPv6 clothes is the IPv4 address.
fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(six) => six.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}
