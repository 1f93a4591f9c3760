//! What a stranger may cost the server (docs/threat-model.md SV-1).

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::house::{House, Server};

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(15)))
        .unwrap();
    stream
}

fn answer(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset after the answer is as good as an end.
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Slowloris: a head that arrives byte by byte and never ends.
#[test]
fn a_head_that_takes_too_long_is_answered_408_and_cut_off() {
    let house = House::public().with("server.head_timeout", "1s");
    let server = house.serve(&[]);
    let started = Instant::now();
    let mut slow = connect(&server);
    slow.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n")
        .unwrap();
    let mut dripping = slow.try_clone().unwrap();
    std::thread::spawn(move || {
        while dripping.write_all(b"a: b\r\n").is_ok() {
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    assert!(answer(slow).starts_with("HTTP/1.1 408 "));
    assert!(started.elapsed() < Duration::from_secs(5));

    let silent = connect(&server);
    assert_eq!(answer(silent), "", "who sent nothing is told nothing");
}

#[test]
fn an_idle_connection_outlives_the_head_timeout_but_not_its_own() {
    let house = House::public()
        .with("server.head_timeout", "1s")
        .with("server.keep_alive_timeout", "4s");
    let server = house.serve(&[]);
    let mut stream = connect(&server);
    for pause in [2, 0] {
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
            .unwrap();
        let mut start = [0; 15];
        stream.read_exact(&mut start).unwrap();
        assert_eq!(&start, b"HTTP/1.1 200 OK");
        stream
            .set_read_timeout(Some(Duration::from_millis(200)))
            .unwrap();
        let mut rest = [0; 4096];
        while stream.read(&mut rest).is_ok_and(|count| count > 0) {}
        stream
            .set_read_timeout(Some(Duration::from_secs(15)))
            .unwrap();
        std::thread::sleep(Duration::from_secs(pause));
    }
    let idle_since = Instant::now();
    assert_eq!(answer(stream), "");
    assert!(idle_since.elapsed() < Duration::from_secs(8));
}

#[test]
fn a_head_that_is_too_long_or_has_too_many_fields_is_answered_431() {
    let house = House::public();
    let server = house.serve(&[]);
    let long = format!(
        "GET /healthz HTTP/1.1\r\nhost: x\r\na: {}\r\n\r\n",
        "x".repeat(40 * 1024)
    );
    let many = format!(
        "GET /healthz HTTP/1.1\r\nhost: x\r\n{}\r\n",
        "a: b\r\n".repeat(101)
    );
    for head in [long, many] {
        let mut stream = connect(&server);
        let _ = stream.write_all(head.as_bytes());
        let answer = answer(stream);
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer:.80}");
    }
}

/// File descriptors run out under a flood: the server neither ends nor burns a processor, and
/// serves again when it is over.
#[test]
fn a_server_out_of_file_descriptors_recovers() {
    let house = House::public();
    let server = house.serve(&[]);
    // From here on it has reckoned with the limit that it found at its start.
    assert!(is_served(&server));
    server.allow_open_files(64);
    let flood: Vec<TcpStream> = (0..100).map(|_| connect(&server)).collect();
    std::thread::sleep(Duration::from_secs(2));
    drop(flood);
    // At once: it comes after the whole flood, and is kept waiting at most, not turned away.
    assert!(is_served(&server), "it does not serve again");
    server.signal("-TERM");
    let (code, log) = server.ended();
    assert_eq!(code, Some(0));
    let complaints = log.matches("connections cannot be accepted").count();
    assert!((1..=15).contains(&complaints), "{complaints} complaints");
}

fn is_served(server: &Server) -> bool {
    let mut stream = connect(server);
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .is_ok()
        && answer(stream).starts_with("HTTP/1.1 200 ")
}
