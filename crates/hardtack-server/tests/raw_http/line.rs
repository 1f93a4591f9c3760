//! What is a line, and what may stand in it.

use crate::wire::{LAST, SMUGGLED, exchange, house, refused};

/// A line that ends for one reader and goes on for the next (docs/threat-model.md SV-2: obs-fold, NUL).
#[test]
fn a_line_that_is_not_one_is_refused() {
    let house = house();
    let server = house.serve(&[]);
    let cases: &[&[u8]] = &[
        b"GET /healthz HTTP/1.1\nhost: x\n\n",
        b"GET /healthz HTTP/1.1\nhost: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\n\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\n\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\na: b\rc: d\r\n\r\n",
        b"GET /healthz HTTP/1.1\rhost: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\na: b\r\n c\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\na: b\r\n\tc\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n host: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\n \r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\na : b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\na\t: b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost : x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\n: b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\nab\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\na\0b: c\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\na: b\0c\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\na: \x01\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\na: \x0b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\na: \x7f\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\na\x7f: b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\na(b): c\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\n\xc3\xa4: b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\n\"a\": b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\na/b: c\r\n\r\n",
        b"\r\n\r\nGET /healthz HTTP/1.1\r\nhost: x\r\n\r\n",
        b"\nGET /healthz HTTP/1.1\r\nhost: x\r\n\r\n",
        b" GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n",
        b"\0",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\xff\xfe\r\n\r\n",
        b"{\"username\": \"ada\"}\r\n\r\n",
    ];
    for bytes in cases {
        let case = String::from_utf8_lossy(bytes);
        let request = [*bytes, SMUGGLED.as_bytes()].concat();
        assert_eq!(refused(&server, &case, request).status, 400, "{case:?}");
    }
}

#[test]
fn what_browsers_and_proxies_really_send_is_served() {
    let house = house();
    let server = house.serve(&[]);
    let cases: &[&[u8]] = &[
        // RFC 9112 §2.2: some send an empty line after a body.
        b"\r\nGET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost:x\r\nconnection:close\r\nempty:\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost:\tx \t\r\nconnection: \t close\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\nuser-agent: \xc3\xa4\xff\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\na!#$%&'*+-.^_`|~9: b:c\r\n\r\n",
        b"GET /healthz?a=b&c=%00&d='{}|^` HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    ];
    for bytes in cases {
        let answers = exchange(&server, bytes);
        assert_eq!(answers.len(), 1, "{}", String::from_utf8_lossy(bytes));
        assert_eq!(answers[0].status, 200);
    }
}

/// The bounds are the same however the bytes are cut.
#[test]
fn heads_are_bounded_in_size_and_fields() {
    let house = house();
    let server = house.serve(&[]);
    let head = |target: &str, fields: &str| {
        format!("GET {target} HTTP/1.1\r\nhost: x\r\n{fields}connection: close\r\n\r\n")
    };
    let long = |count| format!("/{}", "a".repeat(count));
    for (case, request, status) in [
        ("100 fields", head("/healthz", &"a: b\r\n".repeat(98)), 200),
        ("101 fields", head("/healthz", &"a: b\r\n".repeat(99)), 431),
        ("many", head("/healthz", &"a: b\r\n".repeat(20_000)), 431),
        (
            "long",
            head("/healthz", &format!("a: {}\r\n", "b".repeat(32 * 1024))),
            431,
        ),
        (
            "name",
            head("/healthz", &format!("{}: a\r\n", "b".repeat(70_000))),
            431,
        ),
        ("a long target", head(&long(8_000), ""), 404),
        ("64 KiB of target", head(&long(64 * 1024), ""), 414),
        (
            "a method",
            format!("{} / HTTP/1.1\r\n\r\n", "A".repeat(40_000)),
            414,
        ),
        ("a megabyte", "A".repeat(1024 * 1024), 414),
    ] {
        let mut answers = exchange(&server, &request);
        assert_eq!(answers.len(), 1, "{case}: {answers:?}");
        assert_eq!(answers.remove(0).status, status, "{case}");
    }
    assert_eq!(exchange(&server, LAST).len(), 1);
}
