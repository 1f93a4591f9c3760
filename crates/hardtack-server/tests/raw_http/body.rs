//! A body is never a request, whoever reads it or does not.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;

use crate::wire::{Answer, LAST, SMUGGLED, answers, connect, exchange, house, must_serve};

const JSON: &str = "content-type: application/json\r\n";

/// CL.0 and 0.CL desynchronisation: an endpoint that does not read its body leaves it to be the
/// next request.
#[test]
fn a_request_inside_a_body_is_not_answered() {
    let house = house();
    let server = house.serve(&[]);
    let length = SMUGGLED.len();
    for (request_line, fields) in [
        ("GET /healthz", ""),
        ("GET /nothing", ""),
        ("GET /api/auth/session/", ""),
        ("POST /healthz", ""),
        ("POST /nothing", JSON),
        ("OPTIONS /api/auth/login/", ""),
        ("PUT /api/auth/login/", JSON),
        ("POST /api/auth/login/", ""),
        ("POST /api/auth/login/", "content-type: text/plain\r\n"),
        ("POST /api/auth/login/", JSON),
        ("POST /api/auth/login/", "origin: https://evil.example\r\n"),
        ("POST /api/auth/logout/", ""),
        ("POST /api/auth/token/refresh/", JSON),
        ("PATCH /api/auth/user/", JSON),
        ("POST /api/auth/password/change/", JSON),
    ] {
        for expect in [
            "",
            "expect: 100-continue\r\n",
            "Expect: 100-Continue, x\r\n",
        ] {
            let case = format!("{request_line} {fields}{expect}");
            let request = format!(
                "{request_line} HTTP/1.1\r\nhost: app.example.com\r\n{fields}{expect}content-length: {length}\r\n\r\n{SMUGGLED}{LAST}"
            );
            let answers = exchange(&server, request);
            let finals = answers.iter().filter(|answer| answer.status != 100).count();
            assert!((1..=2).contains(&finals), "{case}: {answers:?}");
            for answer in &answers {
                assert!(!answer.is_of_the_smuggled(), "{case}: {answer:?}");
            }
            let chunked = format!(
                "{request_line} HTTP/1.1\r\nhost: app.example.com\r\n{fields}{expect}transfer-encoding: chunked\r\n\r\n{length:x}\r\n{SMUGGLED}\r\n0\r\n\r\n{LAST}"
            );
            let answers = exchange(&server, chunked);
            let finals = answers.iter().filter(|answer| answer.status != 100).count();
            assert_eq!(finals, 1, "{case}, chunked: {answers:?}");
            assert!(!answers.iter().any(Answer::is_of_the_smuggled), "{case}");
        }
    }
    must_serve(&server);
}

/// The answer to a body that is too large comes before its end, and arrives though the client is
/// still sending.
#[test]
fn a_body_that_is_too_large_is_answered_413_and_not_read_as_requests() {
    let house = house();
    let server = house.serve(&[]);
    let body = SMUGGLED.repeat(2_000);
    let sized = format!("content-length: {}\r\n\r\n{body}", body.len());
    let chunked = format!(
        "transfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    let claimed = "content-length: 9000000000000000000\r\n\r\nx".to_owned();
    for rest in [sized, chunked, claimed] {
        let request = format!(
            "POST /api/auth/login/ HTTP/1.1\r\nhost: app.example.com\r\n{JSON}{rest}{LAST}"
        );
        let answers = exchange(&server, request);
        assert_eq!(answers[0].status, 413);
        // A body that was read to its end may be followed by a request.
        assert!(answers.len() <= 2, "{answers:?}");
        assert!(!answers.iter().any(Answer::is_of_the_smuggled));
        must_serve(&server);
    }
}

#[test]
fn a_client_that_asks_first_is_told_to_go_on() {
    let house = house();
    let server = house.serve(&[]);
    let mut stream = connect(&server);
    let head = format!(
        "POST /api/auth/login/ HTTP/1.1\r\nhost: app.example.com\r\n{JSON}connection: close\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"{}").unwrap();
    let answers = answers(stream);
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].status, 400);
}

/// Whoever leaves early, or stops listening or speaking, disturbs nobody.
#[test]
fn clients_that_leave_half_way_are_forgotten() {
    let house = house();
    let server = house.serve(&[]);
    let body = format!(
        "POST /api/auth/login/ HTTP/1.1\r\nhost: app.example.com\r\n{JSON}content-length: 60\r\n\r\n{{\"user"
    );
    let whole = LAST.to_owned();
    for part in ["", "G", "GET /healthz HTTP/1.1\r\nho", &body, &whole] {
        for how in [None, Some(Shutdown::Write), Some(Shutdown::Both)] {
            let mut stream = connect(&server);
            stream.write_all(part.as_bytes()).unwrap();
            if let Some(how) = how {
                stream.shutdown(how).unwrap();
                let answers = answers(stream);
                assert!(answers.len() <= 1, "{part:?}: {answers:?}");
            }
        }
        must_serve(&server);
    }
}

/// Who answers before the body has come will not read it. A client that is not told sends its next
/// request into a connection that is being closed, and loses it.
#[test]
fn an_answer_that_did_not_wait_for_the_body_says_that_it_is_the_last() {
    let house = house();
    let server = house.serve(&[]);
    for (request_line, fields, length) in [
        ("GET /healthz", "", 10),
        ("POST /nothing", JSON, 10),
        ("POST /api/auth/login/", "content-type: text/plain\r\n", 10),
        (
            "POST /api/auth/login/",
            "origin: https://evil.example\r\n",
            10,
        ),
        ("POST /api/auth/login/", JSON, 1_000_000),
    ] {
        let head = format!(
            "{request_line} HTTP/1.1\r\nhost: app.example.com\r\n{fields}content-length: {length}\r\n\r\n"
        );
        for part_of_the_body in ["", "x"] {
            let mut stream = connect(&server);
            write!(stream, "{head}{part_of_the_body}").unwrap();
            let [answer] = &answers(stream)[..] else {
                panic!("{head}: one answer is wanted");
            };
            assert_eq!(answer.header("connection"), Some("close"), "{answer:?}");
        }
        if length < 100 {
            let body = "x".repeat(length);
            let both = exchange(&server, format!("{head}{body}{LAST}"));
            assert_eq!(both.len(), 2, "{both:?}");
            assert_eq!(both[0].header("connection"), None, "{both:?}");
        }
    }
}
