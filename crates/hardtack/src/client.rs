//! Who is asking, as far as the network tells.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::translation::Language;

/// The client of one request.
#[derive(Debug, Clone, Default)]
pub struct Client {
    /// Its address, as the trusted proxies tell it; `None` when the embedding application does
    /// not say who is connected.
    pub address: Option<IpAddr>,
    /// Its `User-Agent`, as sent.
    pub user_agent: String,
    /// What it would like to read, as `Accept-Language` says it (RFC 9110 §12.5.4); one tag will
    /// do. Empty: it does not say.
    pub accept_language: String,
}

impl Client {
    /// The address as text; empty when unknown.
    #[must_use]
    pub fn address_text(&self) -> String {
        self.address.map(text_of).unwrap_or_default()
    }

    /// The language of ours that it likes best, as a tag; none when it does not say.
    #[must_use]
    pub fn language(&self) -> Option<String> {
        let accepted = Some(self.accept_language.as_str()).filter(|text| !text.is_empty());
        accepted.map(|_| Language::choose(None, accepted).tag().to_owned())
    }
}

/// The client's address: that of the peer, or, if the peer is a trusted proxy, the rightmost
/// address of `X-Forwarded-For` that is not one.
///
/// Everything further left was written by strangers (CVE-2026-45364). An entry that is no address
/// ends the walk: the last trusted hop is then the best that is known.
pub(crate) fn client_address<'a>(
    peer: IpAddr,
    trusted: &[IpNet],
    forwarded_for: impl DoubleEndedIterator<Item = &'a str>,
) -> IpAddr {
    let trusts = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = peer.to_canonical();
    let hops = forwarded_for.rev().flat_map(|line| line.rsplit(','));
    for hop in hops {
        if !trusts(&client) {
            break;
        }
        match parse_hop(hop.trim()) {
            Some(address) => client = address.to_canonical(),
            None => break,
        }
    }
    client
}

/// The address as text. Every refresh is logged with one, and to write IPv4 by way of `Display` takes a
/// fourth of the whole line's time.
pub(crate) fn text_of(address: IpAddr) -> String {
    let IpAddr::V4(address) = address else {
        return address.to_string();
    };
    let mut text = String::with_capacity("255.255.255.255".len());
    for octet in address.octets() {
        if !text.is_empty() {
            text.push('.');
        }
        for place in [100, 10, 1] {
            if octet >= place || place == 1 {
                text.push(char::from(b'0' + octet / place % 10));
            }
        }
    }
    text
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` or `[2001:db8::1]:80`.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    hop.parse()
        .ok()
        .or_else(|| {
            hop.parse::<std::net::SocketAddr>()
                .ok()
                .map(|address| address.ip())
        })
        .or_else(|| hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address_of(peer: &str, forwarded_for: &[&str]) -> String {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        client_address(
            peer.parse().unwrap(),
            &trusted,
            forwarded_for.iter().copied(),
        )
        .to_string()
    }

    /// docs/threat-model.md AU-6, CVE-2026-45364: a stranger's header must not choose the bucket.
    #[test]
    fn a_stranger_cannot_choose_their_address() {
        assert_eq!(address_of("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(
            address_of("10.0.0.1", &["198.51.100.1, 203.0.113.9"]),
            "203.0.113.9"
        );
        assert_eq!(
            address_of("10.0.0.1", &["198.51.100.1", "203.0.113.9"]),
            "203.0.113.9"
        );
        assert_eq!(
            address_of("10.0.0.1", &["1.1.1.1, 203.0.113.9, 10.0.0.2"]),
            "203.0.113.9"
        );
    }

    #[test]
    fn what_is_no_address_ends_the_walk_at_the_last_trusted_hop() {
        for hop in [
            "unknown",
            "",
            "_hidden",
            "1.2.3",
            "203.0.113.9;x",
            "\u{661}.1.1.1",
        ] {
            assert_eq!(
                address_of("10.0.0.1", &[&format!("198.51.100.1, {hop}")]),
                "10.0.0.1",
                "{hop}"
            );
        }
        assert_eq!(address_of("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn ports_brackets_and_mapped_addresses_are_understood() {
        assert_eq!(address_of("10.0.0.1", &["203.0.113.9:4711"]), "203.0.113.9");
        assert_eq!(address_of("fd00::1", &["[2001:db8::7]:443"]), "2001:db8::7");
        assert_eq!(address_of("fd00::1", &["[2001:db8::7]"]), "2001:db8::7");
        assert_eq!(
            address_of("::ffff:10.0.0.1", &["::ffff:203.0.113.9"]),
            "203.0.113.9"
        );
    }

    #[test]
    fn the_text_of_an_address_is_the_one_that_it_displays() {
        for octet in 0..=u8::MAX {
            let address = IpAddr::from([octet, 10, octet, 0]);
            assert_eq!(text_of(address), address.to_string());
        }
        let address: IpAddr = "2001:db8::1".parse().unwrap();
        assert_eq!(text_of(address), "2001:db8::1");
    }
}
