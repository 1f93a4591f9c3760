//! Several requests on one connection.

use std::io::Write as _;
use std::time::Duration;

use crate::wire::{Answer, LAST, SMUGGLED, answers, connect, exchange, house, must_serve};

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
const NOTHING: &str = "GET /nothing HTTP/1.1\r\nhost: x\r\n\r\n";
const LOGIN: &str = "POST /api/auth/login/ HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
const BROKEN: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\na : b\r\n\r\n";

fn statuses(answers: &[Answer]) -> Vec<u16> {
    answers.iter().map(|answer| answer.status).collect()
}

#[test]
fn requests_sent_at_once_are_answered_in_order_one_each() {
    let house = house();
    let server = house.serve(&[]);
    let round = [HEALTH, NOTHING, LOGIN, SMUGGLED].concat();
    let answers = exchange(&server, format!("{}{LAST}", round.repeat(50)));
    let mut expected = [200, 404, 400, 200].repeat(50);
    expected.push(200);
    assert_eq!(statuses(&answers), expected);
    for (index, answer) in answers.iter().enumerate() {
        assert_eq!(answer.is_of_the_smuggled(), index % 4 == 3, "{index}");
    }
}

/// However the network cuts them.
#[test]
fn requests_that_come_byte_by_byte_are_the_same_requests() {
    let house = house();
    let server = house.serve(&[]);
    let requests = [HEALTH, LOGIN, "\r\n", NOTHING, LAST].concat();
    for size in [1, 2, 7, 100] {
        let mut stream = connect(&server);
        stream.set_nodelay(true).unwrap();
        for piece in requests.as_bytes().chunks(size) {
            stream.write_all(piece).unwrap();
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(statuses(&answers(stream)), [200, 400, 404, 200], "{size}");
    }
}

/// Where a refused request ends is not known, so nothing after it is a request.
#[test]
fn nothing_after_a_refused_request_is_answered() {
    let house = house();
    let server = house.serve(&[]);
    let last = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let old = "GET /healthz HTTP/1.0\r\n\r\n";
    for (case, requests, expected) in [
        ("first", [BROKEN, SMUGGLED].concat(), vec![400]),
        (
            "second",
            [HEALTH, BROKEN, SMUGGLED].concat(),
            vec![200, 400],
        ),
        (
            "third",
            [LOGIN, NOTHING, BROKEN, SMUGGLED].concat(),
            vec![400, 404, 400],
        ),
        ("after a close", [last, SMUGGLED].concat(), vec![200]),
        ("after HTTP/1.0", [old, SMUGGLED].concat(), vec![200]),
        ("broken after a close", [last, BROKEN].concat(), vec![200]),
    ] {
        let answers = exchange(&server, requests);
        assert_eq!(statuses(&answers), expected, "{case}");
        assert!(!answers.iter().any(Answer::is_of_the_smuggled), "{case}");
        must_serve(&server);
    }
}

/// An error that is an answer like any other does not end the connection.
#[test]
fn a_client_may_go_on_after_an_error_that_was_understood() {
    let house = house();
    let server = house.serve(&[]);
    let answers = exchange(&server, [NOTHING, LOGIN, HEALTH, NOTHING, LAST].concat());
    assert_eq!(statuses(&answers), [404, 400, 200, 404, 200]);
}

#[test]
fn an_old_client_that_asks_for_it_keeps_its_connection() {
    let house = house();
    let server = house.serve(&[]);
    let old = "GET /healthz HTTP/1.0\r\nconnection: keep-alive\r\n\r\n";
    let answers = exchange(&server, [old, old, LAST].concat());
    assert_eq!(statuses(&answers), [200, 200, 200]);
}
