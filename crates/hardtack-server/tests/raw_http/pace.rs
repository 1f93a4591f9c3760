//! Clients that take their time (docs/threat-model.md SV-1).

use std::io::Write as _;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpSocket;

use crate::wire::{SMUGGLED, answers, connect, house, must_serve};

/// What is bounded by two or four seconds must be over by then, on any machine.
const SOON: Duration = Duration::from_secs(20);

/// Slowloris on a connection that was once honest.
#[test]
fn a_later_head_that_takes_too_long_is_answered_408() {
    let house = house();
    let server = house.serve(&[]);
    let mut stream = connect(&server);
    let since = Instant::now();
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\nGET /healthz HTTP/1.1\r\nhost: x\r\n")
        .unwrap();
    let mut dripping = stream.try_clone().unwrap();
    std::thread::spawn(move || {
        while dripping.write_all(b"a: b\r\n").is_ok() {
            std::thread::sleep(Duration::from_millis(200));
        }
    });
    let answers = answers(stream);
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 408]);
    assert!(since.elapsed() < SOON);
    must_serve(&server);
}

/// R.U.D.Y.: a body that arrives byte by byte.
#[test]
fn a_body_that_takes_too_long_is_answered_408_and_is_no_request() {
    let house = house();
    let server = house.serve(&[]);
    for framing in [
        "content-length: 60000\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\nea60\r\n",
    ] {
        let mut stream = connect(&server);
        let since = Instant::now();
        write!(stream, "POST /api/auth/login/ HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{framing}").unwrap();
        let mut dripping = stream.try_clone().unwrap();
        std::thread::spawn(move || {
            while dripping.write_all(SMUGGLED.as_bytes()).is_ok() {
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        let answers = answers(stream);
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        assert_eq!(statuses, [408], "{framing}");
        assert!(since.elapsed() < SOON);
    }
    must_serve(&server);
}

/// A client that asks and asks, and never reads.
#[tokio::test]
async fn answers_that_nobody_reads_are_not_kept_for_ever() {
    let house = house();
    let server = house.serve(&[]);
    let socket = TcpSocket::new_v4().unwrap();
    // With little room at this end, answers soon wait at the other.
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(server.address()).await.unwrap();
    let requests = SMUGGLED.repeat(100);
    let asking = async {
        // Until the server, whose answers are stuck, takes no more requests in, and then closes.
        while stream.write_all(requests.as_bytes()).await.is_ok() {}
    };
    let closed = tokio::time::timeout(Duration::from_secs(120), asking).await;
    assert!(closed.is_ok(), "the connection stays open");
    must_serve(&server);
}

#[test]
fn a_connection_without_requests_is_closed_without_a_word() {
    let house = house();
    let server = house.serve(&[]);
    let since = Instant::now();
    let mut used = connect(&server);
    used.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    assert!(answers(connect(&server)).is_empty());
    assert_eq!(answers(used).len(), 1);
    assert!(since.elapsed() < SOON);
}
