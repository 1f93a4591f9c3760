//! Where does the body end? Two answers to that are two requests out of one.

use crate::wire::{LAST, SMUGGLED, exchange, house, refused};

/// Request smuggling by Content-Length and Transfer-Encoding: CL.TE, TE.CL, TE.TE and CL.CL
/// (docs/threat-model.md SV-2; hyper CVE-2021-21299, CVE-2021-32714, CVE-2021-32715).
#[test]
fn a_length_that_can_be_read_in_two_ways_is_refused() {
    let house = house();
    let server = house.serve(&[]);
    let cases = [
        "content-length: 5\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 5",
        "transfer-encoding: chunked\r\ncontent-length: abc",
        "content-length: 0\r\ncontent-length: 0",
        "content-length: 0\r\ncontent-length: 63",
        "content-length: 63\r\ncontent-length: 0",
        "content-length: 0, 0",
        "content-length: +0",
        "content-length: -0",
        "content-length: -1",
        "content-length: 0 0",
        "content-length: 0x0",
        "content-length: 0e0",
        "content-length: 0.0",
        "content-length: 0;",
        "content-length: \"0\"",
        "content-length: \u{0b}0",
        "content-length: \u{a0}0",
        "content-length: \u{0660}",
        "content-length:",
        "content-length: zero",
        "content-length: 18446744073709551615",
        "content-length: 18446744073709551616",
        "content-length: 99999999999999999999999999999999999999",
        "content-length : 0",
        "content-length:\r\n 0",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity",
        "transfer-encoding: identity\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked, chunked",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: identity, chunked",
        "transfer-encoding: gzip, chunked",
        "transfer-encoding: ,chunked",
        "transfer-encoding: chunked,",
        "transfer-encoding: identity",
        "transfer-encoding: xchunked",
        "transfer-encoding: chunkedx",
        "transfer-encoding: chunked;q=1",
        "transfer-encoding: \"chunked\"",
        "transfer-encoding: 'chunked'",
        "transfer-encoding: \u{0b}chunked",
        "transfer-encoding: chunked\u{0b}",
        "transfer-encoding: \u{0c}chunked",
        "transfer-encoding: \u{a0}chunked",
        "transfer-encoding: chun\u{212a}ed",
        "transfer-encoding: chunked\0",
        "transfer-encoding:",
        "transfer-encoding : chunked",
        "transfer-encoding\t: chunked",
        " transfer-encoding: chunked",
        "transfer-encoding:\r\n chunked",
        "transfer-encoding:\r\n\tchunked",
        "transfer-encoding:\rchunked",
        "x: y\rtransfer-encoding: chunked",
        "x: y\ntransfer-encoding: chunked",
        "\u{feff}transfer-encoding: chunked",
    ];
    for case in cases {
        let request = format!(
            "POST /api/auth/login/ HTTP/1.1\r\nhost: app.example.com\r\ncontent-type: application/json\r\n{case}\r\n\r\n0\r\n\r\n{SMUGGLED}"
        );
        assert_eq!(refused(&server, case, request).status, 400, "{case:?}");
    }
}

/// RFC 9112 §6.1: an intermediary of that age does not know chunks and would pass them on as the
/// next request.
#[test]
fn http_1_0_has_no_chunks() {
    let house = house();
    let server = house.serve(&[]);
    let request = format!(
        "POST /api/auth/login/ HTTP/1.0\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{SMUGGLED}"
    );
    assert_eq!(refused(&server, "1.0", request).status, 400);
}

/// Spelling that RFC 9110 allows everybody is allowed here.
#[test]
fn a_plain_length_or_chunks_are_understood_however_they_are_spelled() {
    let house = house();
    let server = house.serve(&[]);
    let body = "{\"username\":1}";
    for field in [
        "content-length: 14",
        "Content-Length:14",
        "CONTENT-LENGTH: \t 14 \t ",
        "content-length: 00014",
    ] {
        let request = format!(
            "POST /api/auth/login/ HTTP/1.1\r\nhost: app.example.com\r\ncontent-type: application/json\r\n{field}\r\n\r\n{body}{LAST}"
        );
        let answers = exchange(&server, request);
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        assert_eq!(statuses, [400, 200], "{field}");
        assert!(answers[0].body.contains("\"password\""), "{answers:?}");
    }
    for field in [
        "transfer-encoding: chunked",
        "Transfer-Encoding:Chunked",
        "TRANSFER-ENCODING:\tCHUNKED ",
    ] {
        let request = format!(
            "POST /api/auth/login/ HTTP/1.1\r\nhost: app.example.com\r\ncontent-type: application/json\r\n{field}\r\n\r\n7\r\n{}\r\n07;a=b\r\n{}\r\n0\r\nx: y\r\n\r\n{SMUGGLED}",
            &body[..7],
            &body[7..]
        );
        // A body whose end only hyper knows is the last on its connection.
        let answer = refused(&server, field, request);
        assert_eq!(answer.status, 400);
        assert!(answer.body.contains("\"password\""), "{answer:?}");
    }
}

/// A chunk that two parsers end at different places (Kestrel CVE-2025-55315: a line feed in a
/// chunk extension).
#[test]
fn broken_chunks_end_the_request_and_the_connection() {
    let house = house();
    let server = house.serve(&[]);
    let bomb = format!("2;{}\r\n{{}}\r\n0\r\n\r\n", "x".repeat(20_000));
    let bombs = "1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n \r\n".repeat(1_000);
    let trailers = format!("2\r\n{{}}\r\n0\r\n{}\r\n", "a: b\r\n".repeat(10_000));
    let trailer = format!("2\r\n{{}}\r\n0\r\na: {}\r\n\r\n", "x".repeat(60_000));
    let cases = [
        "+2\r\n{}\r\n0\r\n\r\n",
        "-2\r\n{}\r\n0\r\n\r\n",
        "0x2\r\n{}\r\n0\r\n\r\n",
        " 2\r\n{}\r\n0\r\n\r\n",
        "2 2\r\n{}\r\n0\r\n\r\n",
        "2_\r\n{}\r\n0\r\n\r\n",
        "\r\n2\r\n{}\r\n0\r\n\r\n",
        ";a=b\r\n{}\r\n0\r\n\r\n",
        "g\r\n{}\r\n0\r\n\r\n",
        "2\n{}\r\n0\r\n\r\n",
        "2\r{}\r\n0\r\n\r\n",
        "2\r\n{}\n0\r\n\r\n",
        "2\r\n{}0\r\n\r\n",
        "2\r\n{}xx0\r\n\r\n",
        "2;\n{}\r\n0\r\n\r\n",
        "2;a\nb\r\n{}\r\n0\r\n\r\n",
        "2;a\rb\r\n{}\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        "10000000000000002\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}\r\n0\n\n",
        "2\r\n{}\r\n0\r\nx\r\n\r\n",
        "2\r\n{}\r\n0\r\nx : y\r\n\r\n",
        &bomb,
        &bombs,
        &trailers,
        &trailer,
    ];
    for case in cases {
        let request = format!(
            "POST /api/auth/login/ HTTP/1.1\r\nhost: app.example.com\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{case}{SMUGGLED}"
        );
        let case = &case[..case.len().min(40)];
        let answer = refused(&server, case, request);
        assert_eq!(answer.status, 400, "{case:?}: {answer:?}");
    }
}
